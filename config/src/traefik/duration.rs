//! Spans of time as Go writes them: `1m30s`, `500ms`; a bare number means seconds.

use std::time::Duration;

use serde_json::Value;

use crate::value::Invalid;

const KIND: &str = "a span of time such as 1s, 500ms or 1m30s, or a number of seconds";

/// Reads a field that may be a number or a text.
pub(super) fn read(value: &Value) -> Result<Duration, Invalid> {
    match value {
        Value::Number(number) => number
            .as_u64()
            .map(Duration::from_secs)
            .ok_or_else(|| Invalid::new(KIND, number.to_string())),
        Value::String(text) => parse(text),
        _ => Err(Invalid::new(KIND, "something else")),
    }
}

/// Go's `time.ParseDuration` without signs, and whole seconds without a unit as Traefik takes them.
fn parse(text: &str) -> Result<Duration, Invalid> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Ok(Duration::from_secs(seconds));
    }
    let mut rest = text;
    let mut total: u128 = 0;
    while !rest.is_empty() {
        let (nanoseconds, behind) = term(rest).ok_or_else(|| Invalid::new(KIND, text))?;
        total = total.saturating_add(nanoseconds);
        rest = behind;
    }
    match u64::try_from(total) {
        Ok(nanoseconds) if !text.is_empty() => Ok(Duration::from_nanos(nanoseconds)),
        _ => Err(Invalid::new(KIND, text)),
    }
}

/// One number with its unit, in nanoseconds, and what follows it.
fn term(text: &str) -> Option<(u128, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, rest) = text.split_at(end);
    let length = rest
        .find(|c: char| c.is_ascii_digit() || c == '.')
        .unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(length);
    let unit: u128 = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    // Nine digits behind the point are nanoseconds of the largest unit below an hour; more say nothing.
    let fraction = fraction.get(..fraction.len().min(9))?;
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let digits = |text: &str| {
        if text.is_empty() {
            Some(0)
        } else {
            text.parse::<u64>().ok().map(u128::from)
        }
    };
    let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    Some((
        digits(whole)?.checked_mul(unit)? + digits(fraction)? * unit / scale,
        rest,
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn spans_are_read_as_go_writes_them() {
        for (value, milliseconds) in [
            (json!("1s"), 1000),
            (json!("500ms"), 500),
            (json!("1m30s"), 90_000),
            (json!("1.5h"), 5_400_000),
            (json!(".5s"), 500),
            (json!("10"), 10_000),
            (json!(3), 3000),
            (json!("0"), 0),
            (json!("2us"), 0),
        ] {
            assert_eq!(read(&value).expect("valid").as_millis(), milliseconds, "{value}");
        }
        for value in [
            json!(""),
            json!("s"),
            json!("1x"),
            json!("-1s"),
            json!(-1),
            json!("1s2"),
            json!("."),
            json!([]),
            json!("99999999999999h"),
        ] {
            assert!(read(&value).is_err(), "{value}");
        }
    }
}
