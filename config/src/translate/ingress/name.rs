//! Names that a cluster would refuse: seen in files whose placeholders were not filled in.

use crate::name::ObjectRef;
use crate::report::{Diagnostic, Reason};

/// Reports a name or namespace that is no DNS subdomain (RFC 1123), as the API server demands.
pub(crate) fn check(object: &ObjectRef, report: &mut Vec<Diagnostic>) {
    let fields = [
        ("metadata.name", &object.name, false),
        ("metadata.namespace", &object.namespace, true),
    ];
    for (field, text, may_be_empty) in fields {
        if is_subdomain(text) || (may_be_empty && text.is_empty()) {
            continue;
        }
        let (message, fix) = if text.contains(['<', '>', '{', '}']) {
            (
                format!("`{text}` still holds a placeholder"),
                "put the real name in its place",
            )
        } else {
            (
                format!("`{text}` is not a name that Kubernetes accepts"),
                "use lower-case letters, digits, - and .",
            )
        };
        report.push(Diagnostic::new(object, field, Reason::NameInvalid, message).fix(fix));
    }
}

fn is_subdomain(text: &str) -> bool {
    let is_edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let fits = |label: &str| {
        is_edge(label.bytes().next())
            && is_edge(label.bytes().next_back())
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    text.len() <= 253 && text.split('.').all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Kind;

    #[test]
    fn names_are_judged_as_the_api_server_does() {
        let problems = |namespace: &str, name: &str| {
            let mut report = Vec::new();
            check(&ObjectRef::new(Kind::Middleware, namespace, name), &mut report);
            report
                .into_iter()
                .map(|diagnostic| diagnostic.field)
                .collect::<Vec<_>>()
        };
        for name in ["a", "a-b.c", "0", &"a".repeat(253)] {
            assert_eq!(problems("a", name), Vec::<String>::new(), "{name}");
        }
        for name in [
            "",
            "A",
            "a_b",
            "-a",
            "a-",
            "a..b",
            "<name>",
            "{{ name }}",
            &"a".repeat(254),
        ] {
            assert_eq!(problems("a", name), ["metadata.name"], "{name}");
        }
        assert_eq!(
            problems("", "a"),
            Vec::<String>::new(),
            "a kind without namespaces"
        );
        assert_eq!(problems("A", "a"), ["metadata.namespace"]);
    }
}
