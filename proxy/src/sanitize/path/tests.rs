//! Tests of the forms of a path.

use super::*;

fn forms(raw: &str) -> (String, String, String) {
    let path = Path::parse(raw.as_bytes()).expect(raw);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&path.forward), text(&path.plain), text(&path.decoded))
}

#[test]
fn each_form_is_what_its_reader_sees() {
    for (raw, forward, plain, decoded) in [
        ("/", "/", "/", "/"),
        ("/a/b", "/a/b", "/a/b", "/a/b"),
        (
            "/o/doi%3A10.5063%2FF1",
            "/o/doi%3A10.5063%2FF1",
            "/o/doi%3A10.5063%2FF1",
            "/o/doi:10.5063/F1",
        ),
        ("/a//b", "/a//b", "/a/b", "/a/b"),
        ("/a/./b", "/a/b", "/a/b", "/a/b"),
        ("/a/../b/", "/b/", "/b/", "/b/"),
        ("/x/%2e%2E/admin", "/admin", "/admin", "/admin"),
        ("/%61dmin", "/%61dmin", "/admin", "/admin"),
        ("/a/..", "/", "/", "/"),
        ("/a%20b", "/a%20b", "/a%20b", "/a b"),
        ("/a;x=1/b", "/a;x=1/b", "/a;x=1/b", "/a;x=1/b"),
        (
            "/.well-known/x",
            "/.well-known/x",
            "/.well-known/x",
            "/.well-known/x",
        ),
    ] {
        assert_eq!(
            forms(raw),
            (forward.into(), plain.into(), decoded.into()),
            "{raw}"
        );
    }
}

#[test]
fn what_is_no_path_is_refused() {
    for raw in [
        "",
        "a",
        "/%",
        "/%2",
        "/%zz",
        "/..",
        "/a/../..",
        "/%2e%2e/x",
        "/a%00b",
    ] {
        assert_eq!(Path::parse(raw.as_bytes()), Err(Reason::BadTarget), "{raw}");
    }
}

#[test]
fn a_plain_path_is_not_copied() {
    let path = Path::parse(b"/a/b.c/d").expect("valid");
    assert!(matches!(path.forward, Cow::Borrowed(_)) && matches!(path.decoded, Cow::Borrowed(_)));
    assert!(path.readings().is_empty());
}

#[test]
fn readings_find_what_a_backend_might_see() {
    for (raw, seen) in [
        ("/x/..;/admin", "/admin"),
        ("/admin%2Fx", "/admin/x"),
        ("/admin;a=b/x", "/admin/x"),
        ("/x%5c..%5cadmin", "/admin"),
        ("/x/%252e%252e/admin", "/admin"),
        ("//admin", "/admin"),
    ] {
        let readings = Path::parse(raw.as_bytes()).expect(raw).readings();
        assert!(
            readings.iter().any(|reading| reading == seen.as_bytes()),
            "{raw}: {readings:?}"
        );
    }
}

#[test]
fn the_forwarded_path_has_the_same_forms_again() {
    for raw in [
        "/a//b",
        "/x/%2e%2e/admin",
        "/o/doi%3A10.5063%2FF1",
        "/a;x/./b",
        "/%61%2f/..",
        "/a/b/../c%2F",
    ] {
        let first = Path::parse(raw.as_bytes()).expect(raw);
        let again = Path::parse(&first.forward).expect(raw);
        assert_eq!(
            (&again.plain, &again.decoded, &again.forward),
            (&first.plain, &first.decoded, &first.forward),
            "{raw}"
        );
    }
}

#[test]
fn encoding_is_undone_by_decoding() {
    let odd = b"/a b%\"\xc3\xa4?#";
    assert_eq!(decode(&encode(odd)), odd);
    assert_eq!(encode(b"/a:b/c@d!$&'()*+,;=~"), b"/a:b/c@d!$&'()*+,;=~");
}
