//! Paths of Ingress rules.

use crate::policy::Pattern;
use crate::table::{Dialect, PathKind, PathRule};
use crate::value::Invalid;

/// Why a path is refused: the field beside the backend that is to blame, and the value.
pub(super) type Refused = (&'static str, Invalid);

/// The path as the rule writes it; an absent or empty one is the root.
pub(super) fn written(path: Option<&str>) -> &str {
    path.filter(|text| !text.is_empty()).unwrap_or("/")
}

/// Reads a path and its type. Prefixes lose their trailing `/`, because Kubernetes compares path elements.
pub(super) fn rule(text: &str, path_type: Option<&str>, dialect: Dialect) -> Result<PathRule, Refused> {
    if !text.starts_with('/') {
        return Err(("path", Invalid::new("a path that starts with /", text)));
    }
    let kind = match path_type {
        Some("Exact") => PathKind::Exact,
        // Traefik's default matcher compares characters; the others take path elements as for Prefix.
        Some("ImplementationSpecific") | None if dialect == Dialect::Traefik => PathKind::StartsWith,
        Some("Prefix" | "ImplementationSpecific") | None => PathKind::Prefix,
        Some(other) => {
            return Err((
                "pathType",
                Invalid::new("Exact, Prefix or ImplementationSpecific", other),
            ));
        }
    };
    let text = match kind {
        PathKind::Prefix => text.trim_end_matches('/'),
        _ => text,
    };
    let text = if text.is_empty() { "/" } else { text };
    Ok(PathRule {
        kind,
        text: text.to_owned(),
        pattern: None,
    })
}

/// What ingress-nginx makes of a path on a host in regex mode: `location ~* "^<path>"`.
pub(super) fn nginx_pattern(written: &str) -> Result<PathRule, Invalid> {
    let pattern = Pattern::parse(&format!("^{written}"), true)?;
    Ok(PathRule {
        kind: PathKind::Pattern,
        text: written.to_owned(),
        pattern: Some(pattern),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_the_dialect_says() {
        use Dialect::{Kubernetes, Nginx, Traefik};
        for (text, path_type, dialect, kind, kept) in [
            ("/a/", Some("Prefix"), Nginx, PathKind::Prefix, "/a"),
            ("/a//", Some("Prefix"), Traefik, PathKind::Prefix, "/a"),
            ("/", Some("Prefix"), Kubernetes, PathKind::Prefix, "/"),
            ("/a/", Some("Exact"), Nginx, PathKind::Exact, "/a/"),
            ("/a/", None, Kubernetes, PathKind::Prefix, "/a"),
            ("/a/", None, Traefik, PathKind::StartsWith, "/a/"),
            (
                "/a/",
                Some("ImplementationSpecific"),
                Nginx,
                PathKind::Prefix,
                "/a",
            ),
            (
                "/a/",
                Some("ImplementationSpecific"),
                Traefik,
                PathKind::StartsWith,
                "/a/",
            ),
        ] {
            let rule = rule(text, path_type, dialect).expect("valid");
            assert_eq!(
                (rule.kind, rule.text.as_str()),
                (kind, kept),
                "{text} {path_type:?} {dialect:?}"
            );
        }
        assert_eq!(rule("a", None, Nginx).expect_err("no slash").0, "path");
        assert_eq!(
            rule("/a", Some("exact"), Nginx).expect_err("no such type").0,
            "pathType"
        );
        assert_eq!(
            (written(None), written(Some("")), written(Some("/a"))),
            ("/", "/", "/a")
        );
    }

    #[test]
    fn a_pattern_starts_at_the_start_and_ends_nowhere() {
        let path = nginx_pattern("/a/").expect("a pattern");
        let regex = path.pattern.expect("made of one").compile();
        assert!(regex.is_match(b"/A/b") && !regex.is_match(b"/a") && !regex.is_match(b"/b/a/"));
        assert!(nginx_pattern("/(").is_err());
    }
}
