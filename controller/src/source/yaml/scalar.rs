//! What an unquoted YAML word means: boolean, number, null or text.
//!
//! [`load`](super::load) calls it. The reading is that of the Kubernetes tools (`sigs.k8s.io/yaml` over go-yaml v2), not of
//! YAML 1.2: `yes`, `on`, `y` and their opposites are booleans, `0644` and `0o644` are octal, `1_000` is a number, dates
//! stay text. An annotation that the API server would refuse as a boolean must not pass as text here.

use std::borrow::Cow;

use saphyr_parser::{ScalarStyle, Tag};
use serde_json::{Number, Value};

/// The value of a scalar, or what is wrong with it. Only unquoted scalars and those with a `!!tag` are anything but text.
pub(super) fn resolve(text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, String> {
    let Some(tag) = tag else {
        return match style {
            ScalarStyle::Plain => plain(text),
            _ => Ok(Value::String(text.into_owned())),
        };
    };
    if !tag.is_yaml_core_schema() {
        return Ok(Value::String(text.into_owned()));
    }
    let value = match tag.suffix.as_str() {
        "str" | "timestamp" => return Ok(Value::String(text.into_owned())),
        "bool" | "int" | "float" | "null" => plain(Cow::Borrowed(&text))?,
        other => return Err(format!("the tag !!{other} is not supported")),
    };
    let fits = match tag.suffix.as_str() {
        "bool" => value.is_boolean(),
        "null" => value.is_null(),
        "int" => value.is_i64() || value.is_u64(),
        _ => value.is_number(),
    };
    if fits {
        Ok(value)
    } else {
        Err(format!("`{text}` is not a !!{}", tag.suffix))
    }
}

fn plain(text: Cow<'_, str>) -> Result<Value, String> {
    Ok(match &*text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Value::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Value::Bool(false)
        }
        ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf"
        | "-.Inf" | "-.INF" => return Err(format!("`{text}` is not a number that JSON can hold")),
        word => match number(word) {
            Some(number) => Value::Number(number),
            None => Value::String(text.into_owned()),
        },
    })
}

fn number(word: &str) -> Option<Number> {
    if !word.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.')) {
        return None;
    }
    // go-yaml drops the underscores of anything that starts with a digit or a sign.
    let digits = if word.contains('_') && !word.starts_with('.') {
        Cow::Owned(word.replace('_', ""))
    } else {
        Cow::Borrowed(word)
    };
    integer(&digits).or_else(|| float(&digits))
}

/// Go's `strconv.ParseInt(digits, 0, 64)`, then `ParseUint`: the prefix gives the base.
fn integer(digits: &str) -> Option<Number> {
    let (negative, magnitude) = match digits.split_at_checked(1)? {
        ("-", rest) => (true, rest),
        ("+", rest) => (false, rest),
        _ => (false, digits),
    };
    let (radix, magnitude) = match magnitude.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &magnitude[2..]),
        [b'0', b'o' | b'O', ..] => (8, &magnitude[2..]),
        [b'0', b'b' | b'B', ..] => (2, &magnitude[2..]),
        [b'0', _, ..] => (8, &magnitude[1..]),
        _ => (10, magnitude),
    };
    // `from_str_radix` accepts a sign of its own.
    if magnitude.starts_with(['+', '-']) {
        return None;
    }
    let magnitude = u64::from_str_radix(magnitude, radix).ok()?;
    if negative {
        0_i64.checked_sub_unsigned(magnitude).map(Number::from)
    } else {
        Some(Number::from(magnitude))
    }
}

/// go-yaml's `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`.
fn float(digits: &str) -> Option<Number> {
    let shaped = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    let value = digits.parse::<f64>().ok().filter(|_| shaped)?;
    // Go writes a whole number without a fraction, so `80.0` arrives as 80 at the API server.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a whole number below 2^53 converts exactly"
    )]
    if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
        return Some(Number::from(value as i64));
    }
    Number::from_f64(value)
}

#[cfg(test)]
mod tests;
