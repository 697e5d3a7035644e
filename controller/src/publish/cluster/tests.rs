//! Tests of what is known of the watches, without an API.

use super::*;

fn seen(work: &Work) -> Vec<(&str, u64)> {
    work.seen
        .iter()
        .map(|(watched, seen)| (&**watched, *seen))
        .collect()
}

fn ingress(namespace: &str, name: &str) -> ObjectRef {
    ObjectRef::new(Kind::Ingress, namespace, name)
}

/// An Ingress at this version of the cluster, or that it is gone.
fn fold(work: &mut Work, namespace: &str, name: &str, version: Option<u64>) {
    let observed = version.map(|version| {
        let object = serde_json::json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"namespace": namespace, "name": name},
        });
        Parsed {
            facts: Facts {
                version: version.to_string().into(),
                ..Facts::default()
            },
            object: Object::read(&object),
        }
    });
    work.fold([(ingress(namespace, name), observed)].into());
}

#[test]
fn each_watched_namespace_is_seen_for_itself() {
    let namespaces = ["blog".to_owned(), "shop".to_owned()];
    let mut work = Work::new(Settings::default(), &namespaces);
    assert_eq!(seen(&work), [("blog", 0), ("shop", 0)]);
    fold(&mut work, "shop", "a", Some(7));
    fold(&mut work, "shop", "b", Some(9));
    fold(&mut work, "blog", "c", Some(20));
    assert_eq!(seen(&work), [("blog", 20), ("shop", 9)]);
    fold(&mut work, "shop", "b", None);
    assert_eq!(seen(&work), [("blog", 20), ("shop", 7)]);
    // The cluster was put back in time.
    fold(&mut work, "blog", "c", Some(5));
    assert_eq!(seen(&work), [("blog", 5), ("shop", 7)]);
}

#[test]
fn all_namespaces_are_one_watch() {
    let mut work = Work::new(Settings::default(), &[]);
    fold(&mut work, "shop", "a", Some(7));
    fold(&mut work, "blog", "c", Some(20));
    assert_eq!(seen(&work), [("", 20)]);
    fold(&mut work, "blog", "c", None);
    assert_eq!(seen(&work), [("", 7)]);
}
