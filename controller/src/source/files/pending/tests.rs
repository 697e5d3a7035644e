//! What becomes of the events of the notify crate.

use notify::event::{CreateKind, DataChange, Flag, ModifyKind};

use super::*;

const WRITTEN: EventKind = EventKind::Modify(ModifyKind::Data(DataChange::Any));

fn pending() -> Pending {
    let root = |given: &str, absolute: &str| Root {
        given: given.into(),
        absolute: absolute.into(),
    };
    Pending::new(vec![
        root("objects", "/srv/objects"),
        root("./one.yaml", "/srv/single/one.yaml"),
    ])
}

fn event(kind: EventKind, path: &str) -> Event {
    Event::new(kind).add_path(path.into())
}

/// What one event leaves behind.
fn noted(event: &Event) -> Option<Change> {
    let pending = pending();
    pending.note(event);
    pending.take()
}

#[test]
fn paths_are_noted_as_they_were_given() {
    let cases = [
        ("/srv/objects/a.yaml", Some("objects/a.yaml")),
        ("/srv/objects/sub/new", Some("objects/sub/new")),
        ("/srv/objects", Some("objects")),
        ("/srv/single/one.yaml", Some("./one.yaml")),
        ("/srv/single/two.yaml", None),
        ("/srv/objects/.a.yaml.swp", None),
        ("/srv/objects/.git/index", None),
        ("/elsewhere/a.yaml", None),
    ];
    for (path, given) in cases {
        let expected = given.map(|given| Change::Paths(BTreeSet::from([PathBuf::from(given)])));
        assert_eq!(noted(&event(WRITTEN, path)), expected, "{path}");
    }
}

#[test]
fn a_swapped_mount_may_change_anything() {
    for path in [
        "/srv/objects/..data",
        "/srv/objects/..2024/a.yaml",
        "/srv/single/..data",
    ] {
        assert_eq!(
            noted(&event(EventKind::Create(CreateKind::Any), path)),
            Some(Change::All),
            "{path}"
        );
    }
    let overflow = Event::new(EventKind::Other).set_flag(Flag::Rescan);
    assert_eq!(noted(&overflow), Some(Change::All));
}

#[test]
fn reading_a_file_is_no_change() {
    let path = "/srv/objects/a.yaml";
    let open = EventKind::Access(AccessKind::Open(AccessMode::Any));
    assert_eq!(noted(&event(open, path)), None);
    let read = EventKind::Access(AccessKind::Close(AccessMode::Read));
    assert_eq!(noted(&event(read, path)), None);
    let write = EventKind::Access(AccessKind::Close(AccessMode::Write));
    assert!(noted(&event(write, path)).is_some());
}

#[test]
fn a_storm_becomes_a_look_at_everything() {
    let pending = pending();
    for n in 0..=MANY {
        pending.note(&event(WRITTEN, &format!("/srv/objects/{n}.yaml")));
    }
    assert_eq!(pending.take(), Some(Change::All));
    assert_eq!(pending.take(), None);
}

#[tokio::test]
async fn a_change_settles_though_events_never_end() {
    let pending = std::sync::Arc::new(pending());
    let storm = std::sync::Arc::clone(&pending);
    let storm = tokio::spawn(async move {
        loop {
            storm.note(&event(WRITTEN, "/srv/objects/a.yaml"));
            tokio::task::yield_now().await;
        }
    });
    pending.settle().await;
    assert!(pending.take().is_some());
    storm.abort();
}
