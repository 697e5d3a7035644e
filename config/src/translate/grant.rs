//! Whether an object may use one of another namespace: only if a `ReferenceGrant` over there says so.
//!
//! Asked wherever a reference can name a namespace, before the target is looked at. A reference inside one namespace needs
//! no grant, and what is asked for is always the object that holds the reference: a Middleware's own references are its own.

use super::reader::Reader;
use crate::name::ObjectRef;

/// Why a reference is not followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// What is wrong.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) fix: String,
}

/// True if `from` may use `to`, whether or not it is there.
pub(crate) fn is_allowed(reader: &mut Reader<'_>, from: &ObjectRef, to: &ObjectRef) -> bool {
    from.namespace == to.namespace
        || reader
            .reference_grants(&to.namespace)
            .any(|grant| grant.allows(from, to))
}

/// Refuses what is not allowed, in words for who owns `from`.
pub(crate) fn check(reader: &mut Reader<'_>, from: &ObjectRef, to: &ObjectRef) -> Result<(), Refused> {
    if is_allowed(reader, from, to) {
        return Ok(());
    }
    let (who, own) = (from.kind, &from.namespace);
    Err(Refused {
        message: format!(
            "{to} is in another namespace, and no ReferenceGrant there lets {who} of namespace {own} use it"
        ),
        fix: format!(
            "create a ReferenceGrant in namespace {} that lets {who} of namespace {own} use {} {}, or copy it into \
             namespace {own}",
            to.namespace, to.kind, to.name
        ),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::Snapshot;
    use crate::name::Kind;
    use crate::snapshot::Object;

    const API: &str = "gateway.networking.k8s.io/v1beta1";

    fn grant(version: &str, namespace: &str, from: &Value, to: &Value) -> Value {
        json!({
            "apiVersion": version, "kind": "ReferenceGrant", "metadata": {"name": "g", "namespace": namespace},
            "spec": {"from": from, "to": to},
        })
    }

    fn lets(grant: &Value) -> bool {
        let mut snapshot = Snapshot::default();
        snapshot.insert(Object::read(grant).expect("a grant"));
        let from = ObjectRef::new(Kind::Ingress, "shop", "web");
        let to = ObjectRef::new(Kind::Secret, "vault", "users");
        is_allowed(&mut Reader::new(&snapshot), &from, &to)
    }

    #[test]
    fn every_field_counts() {
        let from = json!([{"group": "networking.k8s.io", "kind": "Ingress", "namespace": "shop"}]);
        let to = json!([{"group": "", "kind": "Secret", "name": "users"}]);
        assert!(lets(&grant(API, "vault", &from, &to)));
        assert!(lets(&grant("gateway.networking.k8s.io/v1", "vault", &from, &to)));
        let all = json!([{"group": "", "kind": "Service"}, {"group": "", "kind": "Secret"}]);
        assert!(lets(&grant(API, "vault", &from, &all)));
        assert!(
            !lets(&grant(API, "shop", &from, &to)),
            "a grant speaks for its own namespace"
        );
        for (key, other) in [
            ("group", "extensions"),
            ("kind", "Gateway"),
            ("namespace", "shop2"),
        ] {
            let mut from = from.clone();
            from[0][key] = other.into();
            assert!(!lets(&grant(API, "vault", &from, &to)), "from {key}");
        }
        for (key, other) in [
            ("group", "v1"),
            ("kind", "ConfigMap"),
            ("name", "user"),
            ("name", ""),
        ] {
            let mut to = to.clone();
            to[0][key] = other.into();
            assert!(!lets(&grant(API, "vault", &from, &to)), "to {key}");
        }
        assert!(!lets(&grant(API, "vault", &json!([]), &to)));
        assert!(!lets(&grant(API, "vault", &from, &json!([]))));
    }

    #[test]
    fn an_entry_without_its_fields_is_no_grant() {
        let from = json!([{"kind": "Ingress", "namespace": "shop"}]);
        let to = json!([{"group": "", "kind": "Secret"}]);
        assert!(Object::read(&grant(API, "vault", &from, &to)).is_err());
    }

    #[test]
    fn inside_a_namespace_no_grant_is_looked_for() {
        let snapshot = Snapshot::default();
        let mut reader = Reader::new(&snapshot);
        let from = ObjectRef::new(Kind::Ingress, "shop", "web");
        let own = ObjectRef::new(Kind::Secret, "shop", "users");
        assert_eq!(check(&mut reader, &from, &own), Ok(()));
        assert!(reader.into_reads().is_empty());
    }
}
