//! References to objects in Traefik's spelling: `namespace-name@kubernetescrd`.
//!
//! Both halves may hold a `-`, so the text alone does not say where one ends. Every cut is tried against the objects that
//! are there; the namespace of the Ingress comes first, and no other one may be used.

/// A namespace has at most 63 characters and a name 253; a longer text means nothing, and every cut of it would cost.
const LONGEST: usize = 63 + 1 + 253 + "@kubernetescrd".len();

/// Why a reference leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// No object of that name is there.
    Missing {
        /// What is wrong.
        message: String,
        /// What to do about it.
        fix: String,
    },
    /// The object is in another namespace.
    Foreign {
        /// Which one.
        namespace: String,
        /// Its name.
        name: String,
    },
}

/// Finds the name of the object in `own` that the text means. `exists` is asked for every cut that is tried.
pub(super) fn resolve(
    text: &str,
    kind: &str,
    own: &str,
    mut exists: impl FnMut(&str, &str) -> bool,
) -> Result<String, Failure> {
    let text = text.trim();
    if text.len() > LONGEST {
        let message = format!("a reference of {} characters is longer than any name", text.len());
        return Err(Failure::Missing {
            message,
            fix: format!("write {own}-name@kubernetescrd"),
        });
    }
    let name = match text.split_once('@') {
        Some((name, "kubernetescrd")) => name,
        Some((_, provider)) => {
            let message = format!("`{text}`: nothing is read from the provider `{provider}`");
            let fix = format!("write the {kind} as an object, and name it as {own}-name@kubernetescrd");
            return Err(Failure::Missing { message, fix });
        }
        None => {
            let message = format!("`{text}` does not end in @kubernetescrd");
            return Err(Failure::Missing {
                message,
                fix: format!("write {own}-name@kubernetescrd"),
            });
        }
    };
    let in_own = name
        .strip_prefix(own)
        .and_then(|rest| rest.strip_prefix('-'))
        .filter(|name| !name.is_empty());
    if let Some(found) = in_own.filter(|found| exists(own, found)) {
        return Ok(found.to_owned());
    }
    let cuts = name
        .match_indices('-')
        .map(|(at, _)| (&name[..at], &name[at + 1..]));
    for (namespace, name) in cuts.filter(|(namespace, name)| !namespace.is_empty() && !name.is_empty()) {
        if namespace != own && exists(namespace, name) {
            return Err(Failure::Foreign {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            });
        }
    }
    let message = format!("there is no {kind} that `{text}` could mean");
    let fix = if exists(own, name) {
        format!("write {own}-{name}@kubernetescrd: the namespace belongs in front of the name")
    } else {
        format!(
            "create {kind} {own}/{}, or mend the reference",
            in_own.unwrap_or(name)
        )
    };
    Err(Failure::Missing { message, fix })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECTS: &[(&str, &str)] = &[
        ("goa", "chain"),
        ("goa", "x-y"),
        ("goa-x", "y"),
        ("a-b", "c"),
        ("a", "b-c"),
        ("a-b", "d"),
        ("a", "plain"),
    ];

    fn find(text: &str, own: &str) -> Result<String, Failure> {
        resolve(text, "Middleware", own, |namespace, name| {
            OBJECTS.contains(&(namespace, name))
        })
    }

    #[test]
    fn the_own_namespace_comes_first_and_every_cut_is_tried() {
        for (text, own, name) in [
            ("goa-chain@kubernetescrd", "goa", "chain"),
            (" goa-x-y@kubernetescrd ", "goa", "x-y"),
            ("goa-x-y@kubernetescrd", "goa-x", "y"),
            ("a-b-c@kubernetescrd", "a", "b-c"),
            ("a-b-c@kubernetescrd", "a-b", "c"),
        ] {
            assert_eq!(find(text, own), Ok(name.to_owned()), "{text} from {own}");
        }
    }

    #[test]
    fn another_namespace_is_refused_by_name() {
        let foreign = |namespace: &str, name: &str| {
            Err(Failure::Foreign {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            })
        };
        assert_eq!(find("goa-chain@kubernetescrd", "knb"), foreign("goa", "chain"));
        assert_eq!(find("a-b-d@kubernetescrd", "a"), foreign("a-b", "d"));
    }

    #[test]
    fn a_text_longer_than_any_name_is_not_looked_up() {
        let text = format!("{}@kubernetescrd", "-".repeat(400));
        let result = resolve(&text, "Middleware", "a", |_, _| panic!("it is looked up"));
        assert!(matches!(result, Err(Failure::Missing { .. })));
    }

    #[test]
    fn what_is_not_there_is_explained() {
        for (text, expected) in [
            ("a-none@kubernetescrd", "create Middleware a/none"),
            ("none@kubernetescrd", "create Middleware a/none"),
            ("plain@kubernetescrd", "write a-plain@kubernetescrd"),
            ("a-b-c@file", "as an object"),
            ("a-b-c", "write a-name@kubernetescrd"),
            ("-@kubernetescrd", "create Middleware"),
            ("@kubernetescrd", "create Middleware"),
        ] {
            match find(text, "a") {
                Err(Failure::Missing { fix, .. }) => assert!(fix.contains(expected), "{text}: {fix}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
