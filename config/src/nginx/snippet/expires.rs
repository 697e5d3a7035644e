//! `expires` (`ngx_http_parse_expires` in `ngx_http_headers_filter_module.c`) and nginx's notation for time spans.

use crate::policy::{Action, Expires};

use super::builder::{Builder, Built, Trouble};
use super::excerpt;
use super::parser::Directive;

/// Units in the order in which a span must name them, with their seconds.
const UNITS: &[(char, u32)] = &[
    ('y', 31_536_000),
    ('M', 2_592_000),
    ('w', 604_800),
    ('d', 86_400),
    ('h', 3600),
    ('m', 60),
    ('s', 1),
];

/// `expires [modified] time | epoch | max | off;`
pub(super) fn build(_: &mut Builder, directive: &Directive) -> Built {
    let (modified, time) = match directive.arguments.as_slice() {
        [time] => (false, time),
        [word, time] if word == "modified" => (true, time),
        words => return Err(trouble(&words.join(" "))),
    };
    expires(modified, time)
        .map(|expires| Some(Action::Expires(expires)))
        .ok_or_else(|| trouble(time))
}

fn trouble(text: &str) -> Trouble {
    let message = format!(
        "expected a time span, `epoch`, `max` or `off`, got `{}`",
        excerpt(text)
    );
    Trouble::new(
        message,
        "write `expires 1h;`, `expires -1;`, `expires @3h;` or `expires modified +1d;`, no variables",
    )
}

fn expires(modified: bool, time: &str) -> Option<Expires> {
    let span = if modified {
        Expires::Modified
    } else {
        Expires::Access
    };
    match (time, time.chars().next()?) {
        ("off", _) if !modified => Some(Expires::Off),
        ("epoch", _) if !modified => Some(Expires::Epoch),
        ("max", _) if !modified => Some(Expires::Max),
        (_, '@') if !modified => seconds(&time[1..])
            .filter(|&age| age <= 86_400)
            .map(Expires::Daily),
        (_, '-') => seconds(&time[1..]).map(|age| span(-i64::from(age))),
        (_, '+') => seconds(&time[1..]).map(|age| span(i64::from(age))),
        _ => seconds(time).map(|age| span(i64::from(age))),
    }
}

/// A time span in seconds, below 68 years: `90`, `1h30m`, `1y 2d` (`ngx_parse_time`). A number without unit is seconds.
fn seconds(text: &str) -> Option<u32> {
    let mut units = UNITS.iter();
    let mut rest = text;
    let mut total: u32 = 0;
    loop {
        let (digits, tail) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
        let number: u32 = digits.parse().ok()?;
        let unit = tail.chars().next();
        let scale = match unit {
            Some(unit) => units.find(|(name, _)| *name == unit)?.1,
            None => 1,
        };
        total = total
            .checked_add(number.checked_mul(scale)?)
            .filter(|&total| i32::try_from(total).is_ok())?;
        rest = tail.get(1..).unwrap_or_default().trim_start_matches(' ');
        if rest.is_empty() {
            return Some(total);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_nginx_writes_them() {
        for (text, expected) in [
            ("0", Some(0)),
            ("90", Some(90)),
            ("1h30m", Some(5400)),
            ("1h30", Some(3630)),
            ("1d 1s", Some(86_401)),
            ("2147483647", Some(2_147_483_647)),
            ("2147483648", None),
            ("69y", None),
            ("1m1h", None),
            ("1h 1h", None),
            ("5ms", None),
            ("h", None),
            ("1x", None),
            ("", None),
            ("1é", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }

    #[test]
    fn all_forms_of_the_directive_are_told_apart() {
        for (modified, time, expected) in [
            (false, "off", Some(Expires::Off)),
            (false, "epoch", Some(Expires::Epoch)),
            (false, "max", Some(Expires::Max)),
            (false, "-1", Some(Expires::Access(-1))),
            (false, "+1h", Some(Expires::Access(3600))),
            (true, "24h", Some(Expires::Modified(86_400))),
            (false, "@15h30m", Some(Expires::Daily(55_800))),
            (false, "@25h", None),
            (true, "@1h", None),
            (true, "max", None),
            (false, "$x", None),
        ] {
            assert_eq!(expires(modified, time), expected, "{modified} {time}");
        }
    }
}
