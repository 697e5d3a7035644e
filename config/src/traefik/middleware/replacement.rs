//! Replacements in the syntax of Go's `regexp.Expand`: `$1`, `$name`, `${1}`, `${name}`; `$$` is a dollar sign.

use crate::policy::Pattern;
use crate::report::Reason;
use crate::traefik::field::Fields;

/// Reports groups that the pattern does not have. Go fills in nothing for them; `$1x` is a group with the name `1x`.
pub(super) fn check_groups(fields: &mut Fields<'_, '_>, pattern: &Pattern, replacement: &str) {
    let regex = pattern.compile();
    let is_group = |name: &str| match name.parse::<usize>() {
        Ok(number) => number <= pattern.captures(),
        Err(_) => regex.capture_names().flatten().any(|known| known == name),
    };
    for name in groups(replacement).filter(|name| !is_group(name)) {
        let message = format!("the regular expression has no group `{name}`, so nothing is filled in for it");
        let fix = "write ${1} with braces where letters or digits follow, or mend the number";
        fields.warn("replacement", Reason::RedirectSuspicious, message, fix);
    }
}

/// The groups that a replacement names.
pub(super) fn groups(replacement: &str) -> impl Iterator<Item = &str> {
    let mut rest = replacement;
    std::iter::from_fn(move || {
        loop {
            let (_, tail) = rest.split_once('$')?;
            if let Some(tail) = tail.strip_prefix('$') {
                rest = tail;
                continue;
            }
            let braced = tail.strip_prefix('{').and_then(|tail| tail.split_once('}'));
            let end = tail
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(tail.len());
            let (name, behind) = braced.unwrap_or_else(|| tail.split_at(end));
            rest = behind;
            if !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_') {
                return Some(name);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_named_as_go_reads_them() {
        for (replacement, names) in [
            ("https://${1}/a/$2", vec!["1", "2"]),
            ("$1x/$name-${other}", vec!["1x", "name", "other"]),
            ("$$1 ${} $ ${a-b} $", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(groups(replacement).collect::<Vec<_>>(), names, "{replacement}");
        }
    }
}
