//! References to objects in Traefik's spelling: `namespace-name@kubernetescrd`.
//!
//! Both halves may hold a `-`, so the text alone does not say where one ends. A text that could mean the namespace of the
//! object that holds it means that one. Any other cut counts only if a `ReferenceGrant` of its namespace allows it, and only if
//! it is the one cut that does: otherwise who owns `a` could put an object of theirs in the place of one of `a-b`.

use crate::name::{Kind, ObjectRef};
use crate::translate::{Reader, grant};

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
    /// The object is in another namespace, and may not be used from here.
    Refused {
        /// What is wrong.
        message: String,
        /// What to do about it.
        fix: String,
    },
}

/// Finds the object of this kind that the text means in `from`, the object that it is written in.
pub(super) fn resolve(
    text: &str,
    kind: Kind,
    from: &ObjectRef,
    reader: &mut Reader<'_>,
) -> Result<ObjectRef, Failure> {
    let own = &*from.namespace;
    let text = text.trim();
    let missing = |message: String, fix: String| Failure::Missing { message, fix };
    if text.len() > LONGEST {
        let message = format!("a reference of {} characters is longer than any name", text.len());
        return Err(missing(message, format!("write {own}-name@kubernetescrd")));
    }
    let name = match text.split_once('@') {
        Some((name, "kubernetescrd")) => name,
        Some((_, provider)) => {
            let message = format!("`{text}`: nothing is read from the provider `{provider}`");
            let fix = format!("write the {kind} as an object, and name it as {own}-name@kubernetescrd");
            return Err(missing(message, fix));
        }
        None => {
            let message = format!("`{text}` does not end in @kubernetescrd");
            return Err(missing(message, format!("write {own}-name@kubernetescrd")));
        }
    };
    let in_own = name
        .strip_prefix(own)
        .and_then(|rest| rest.strip_prefix('-'))
        .filter(|name| !name.is_empty());
    if let Some(found) = in_own {
        let object = ObjectRef::new(kind, own, found);
        if reader.is_there(&object) {
            return Ok(object);
        }
    }
    let cuts = name
        .match_indices('-')
        .map(|(at, _)| (&name[..at], &name[at + 1..]));
    let foreign: Vec<ObjectRef> = cuts
        .filter(|(namespace, name)| !namespace.is_empty() && !name.is_empty() && *namespace != own)
        .map(|(namespace, name)| ObjectRef::new(kind, namespace, name))
        .collect();
    match in_own {
        Some(meant) => {
            if let Some(found) = foreign.iter().find(|object| reader.guess(object)) {
                let meant = ObjectRef::new(kind, own, meant);
                let message = format!(
                    "`{text}` means {meant}, which is not there, and not {found} of another namespace"
                );
                return Err(Failure::Refused {
                    message,
                    fix: unmistakable(kind, own),
                });
            }
        }
        None => {
            if let Some(result) = granted(text, &foreign, from, reader) {
                return result;
            }
        }
    }
    let message = format!("there is no {kind} that `{text}` could mean");
    let fix = if reader.guess(&ObjectRef::new(kind, own, name)) {
        format!("write {own}-{name}@kubernetescrd: the namespace belongs in front of the name")
    } else {
        format!(
            "create {kind} {own}/{}, or mend the reference",
            in_own.unwrap_or(name)
        )
    };
    Err(missing(message, fix))
}

/// What a text means that can only mean another namespace; nothing if nothing of that name is there and allowed.
fn granted(
    text: &str,
    foreign: &[ObjectRef],
    from: &ObjectRef,
    reader: &mut Reader<'_>,
) -> Option<Result<ObjectRef, Failure>> {
    let mut allowed = foreign
        .iter()
        .filter(|object| grant::is_allowed(reader, from, object));
    let (first, second) = (allowed.next(), allowed.next());
    match (first, second) {
        (Some(object), None) => Some(if reader.is_there(object) {
            Ok(object.clone())
        } else {
            Err(Failure::Missing {
                message: format!("there is no {object}, which `{text}` means"),
                fix: format!("create {object}, or mend the reference"),
            })
        }),
        (Some(one), Some(other)) => Some(Err(Failure::Refused {
            message: format!("`{text}` could mean {one} or {other}, and ReferenceGrants allow both"),
            fix: unmistakable(one.kind, &from.namespace),
        })),
        (None, _) => {
            let found = foreign.iter().find(|object| reader.guess(object))?;
            let grant::Refused { message, fix } = grant::check(reader, from, found).err()?;
            Some(Err(Failure::Refused { message, fix }))
        }
    }
}

/// How to name an object so that its namespace cannot be mistaken.
fn unmistakable(kind: Kind, own: &str) -> String {
    if kind == Kind::Middleware {
        format!("name it in a chain of namespace {own}, which has a field for the namespace")
    } else {
        format!("copy the {kind} that is meant into namespace {own}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Snapshot;
    use crate::snapshot::Object;

    const OBJECTS: &[(&str, &str)] = &[
        ("goa", "chain"),
        ("goa", "x-y"),
        ("goa-x", "y"),
        ("a-b", "c"),
        ("a", "b-c"),
        ("a-b", "d"),
        ("a", "plain"),
    ];

    /// What a text means in an Ingress of `own` while these namespaces grant their middlewares to it.
    fn find_granted(text: &str, own: &str, granting: &[&str]) -> Result<String, Failure> {
        let mut snapshot = Snapshot::default();
        let mut insert = |object| snapshot.insert(Object::read(&object).expect("an object"));
        for (namespace, name) in OBJECTS {
            insert(json!({
                "apiVersion": "traefik.io/v1alpha1", "kind": "Middleware",
                "metadata": {"name": name, "namespace": namespace},
            }));
        }
        for namespace in granting {
            insert(json!({
                "apiVersion": "gateway.networking.k8s.io/v1", "kind": "ReferenceGrant",
                "metadata": {"name": "g", "namespace": namespace},
                "spec": {
                    "from": [{"group": "networking.k8s.io", "kind": "Ingress", "namespace": own}],
                    "to": [{"group": "traefik.io", "kind": "Middleware"}],
                },
            }));
        }
        let from = ObjectRef::new(Kind::Ingress, own, "web");
        let found = resolve(text, Kind::Middleware, &from, &mut Reader::new(&snapshot));
        found.map(|object| format!("{}/{}", object.namespace, object.name))
    }

    fn find(text: &str, own: &str) -> Result<String, Failure> {
        find_granted(text, own, &[])
    }

    fn refusal(result: Result<String, Failure>) -> String {
        match result {
            Err(Failure::Refused { message, fix }) => format!("{message}; {fix}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_own_namespace_comes_first_and_every_cut_is_tried() {
        for (text, own, name) in [
            ("goa-chain@kubernetescrd", "goa", "goa/chain"),
            (" goa-x-y@kubernetescrd ", "goa", "goa/x-y"),
            ("goa-x-y@kubernetescrd", "goa-x", "goa-x/y"),
            ("a-b-c@kubernetescrd", "a", "a/b-c"),
            ("a-b-c@kubernetescrd", "a-b", "a-b/c"),
        ] {
            assert_eq!(find(text, own), Ok(name.to_owned()), "{text} from {own}");
            let everyone = ["a", "a-b", "goa", "goa-x"];
            assert_eq!(
                find_granted(text, own, &everyone),
                Ok(name.to_owned()),
                "{text} from {own}"
            );
        }
    }

    #[test]
    fn another_namespace_is_refused_by_name_unless_it_grants() {
        let text = "goa-chain@kubernetescrd";
        let refused = refusal(find(text, "knb"));
        assert!(refused.contains("Middleware goa/chain"), "{refused}");
        assert!(
            refused.contains("create a ReferenceGrant in namespace goa"),
            "{refused}"
        );
        assert_eq!(find_granted(text, "knb", &["goa"]), Ok("goa/chain".to_owned()));
        assert_eq!(refusal(find_granted(text, "knb", &["a"])), refused);
        match find_granted("goa-gone@kubernetescrd", "knb", &["goa"]) {
            Err(Failure::Missing { fix, .. }) => assert!(fix.contains("create Middleware goa/gone"), "{fix}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_grant_takes_no_name_from_another_namespace() {
        // `goa-x` owns what is meant; `goa` may neither stand in for it nor hide it.
        let text = "goa-x-y@kubernetescrd";
        assert_eq!(find_granted(text, "knb", &["goa-x"]), Ok("goa-x/y".to_owned()));
        let refused = refusal(find_granted(text, "knb", &["goa-x", "goa"]));
        assert!(refused.contains("could mean"), "{refused}");
        let refused = refusal(find_granted("goa-x-z@kubernetescrd", "knb", &["goa-x", "goa"]));
        assert!(refused.contains("a chain of namespace knb"), "{refused}");
        // The own object is gone: another one of the same spelling does not take its place.
        let refused = refusal(find_granted("a-b-d@kubernetescrd", "a", &["a-b"]));
        assert!(refused.contains("means Middleware a/b-d"), "{refused}");
        assert!(refused.contains("a chain of namespace a"), "{refused}");
    }

    #[test]
    fn a_text_longer_than_any_name_is_not_looked_up() {
        let text = format!("{}@kubernetescrd", "-".repeat(400));
        let snapshot = Snapshot::default();
        let mut reader = Reader::new(&snapshot);
        let from = ObjectRef::new(Kind::Ingress, "a", "web");
        let result = resolve(&text, Kind::Middleware, &from, &mut reader);
        assert!(matches!(result, Err(Failure::Missing { .. })));
        assert!(reader.into_reads().is_empty());
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
