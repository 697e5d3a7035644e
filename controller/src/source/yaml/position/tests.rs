//! Where the fields of an object stand.

use std::path::Path;

use super::*;
use crate::source::yaml::{Document, parse};

/// The objects of a text without faults.
fn read(text: &str) -> Vec<Document> {
    let (documents, errors) = parse(Path::new("a.yaml"), text);
    assert_eq!(errors, [], "{text}");
    documents
}

const INGRESS: &str = "\
# the shop
kind: Ingress
metadata:
  name: shop
  annotations:
    nginx.ingress.kubernetes.io/proxy-body-size: 8m
    nginx.ingress.kubernetes.io/server-snippet: |
      location /a {
        return 404;
      }
    'quoted.io/key':
      \"text\"
spec:
  rules:
    - host: a.example.com
      http:
        paths:
          - path: /
          - {path: /b,
             pathType: Prefix}
    -
      host: b.example.com
  tls: [{secretName: one}, {secretName: two}]
data:
  tls.crt: >-
    folded
";

#[test]
fn every_field_knows_its_line() {
    let document = &read(INGRESS)[0];
    let lines = [
        ("", 2),
        ("kind", 2),
        ("metadata", 3),
        ("metadata.name", 4),
        (
            "metadata.annotations[nginx.ingress.kubernetes.io/proxy-body-size]",
            6,
        ),
        (
            "metadata.annotations[nginx.ingress.kubernetes.io/server-snippet]",
            7,
        ),
        ("metadata.annotations[quoted.io/key]", 11),
        ("spec.rules[0]", 15),
        ("spec.rules[0].host", 15),
        ("spec.rules[0].http.paths[0].path", 18),
        ("spec.rules[0].http.paths[1].pathType", 20),
        ("spec.rules[1]", 22),
        ("spec.tls[1].secretName", 23),
        ("data[tls.crt]", 25),
    ];
    for (path, line) in lines {
        assert_eq!(document.positions.line_of(path), line, "{path}");
    }
}

#[test]
fn a_missing_field_has_the_line_of_what_would_hold_it() {
    let positions = &read(INGRESS)[0].positions;
    let lines = [
        ("status.loadBalancer", 2),
        ("metadata.annotations[not.there/at-all]", 5),
        ("metadata.labels.app", 3),
        ("spec.rules[0].http.paths[7].path", 17),
        ("spec.rules[1].http.paths[0]", 22),
        ("spec.rules.host", 14),
        ("metadata.name.more", 4),
        ("metadata.annotations[open", 5),
    ];
    for (path, line) in lines {
        assert_eq!(positions.line_of(path), line, "{path}");
    }
    assert_eq!(
        Positions::default().line_of("metadata.name"),
        0,
        "an object that no file holds"
    );
}

#[test]
fn a_text_knows_where_its_content_begins() {
    let positions = &read(INGRESS)[0].positions;
    let lines = [
        (
            "metadata.annotations[nginx.ingress.kubernetes.io/server-snippet]",
            Some(8),
        ),
        ("data[tls.crt]", Some(26)),
        ("metadata.annotations[quoted.io/key]", Some(12)),
        ("metadata.name", Some(4)),
        ("metadata", None),
        ("metadata.labels.app", None),
    ];
    for (path, line) in lines {
        assert_eq!(positions.text_line(path), line, "{path}");
    }
}

#[test]
fn block_content_begins_below_its_indicator() {
    let cases = [
        ("a: |\n  x\n", 1, 2),
        ("a:\n  |\n  x\n", 1, 3),
        ("a: | # why\n\n\n  x\n", 1, 2),
        ("a: >-\n\n  x\n", 1, 2),
        ("a: &x |\n\n  x\n", 1, 2),
        ("a: !!str |\n  x\n", 1, 2),
        ("b: 1\na: |2\n   x\n", 2, 3),
    ];
    for (text, line, content) in cases {
        let positions = &read(text)[0].positions;
        assert_eq!(
            (positions.line_of("a"), positions.text_line("a")),
            (line, Some(content)),
            "{text:?}"
        );
    }
    let items = &read("a:\n- |\n\n  x\n- - >\n    y\n")[0].positions;
    assert_eq!((items.line_of("a[0]"), items.text_line("a[0]")), (2, Some(3)));
    assert_eq!(
        (items.line_of("a[1][0]"), items.text_line("a[1][0]")),
        (5, Some(6))
    );
    assert_eq!(read("a: |\n")[0].positions.line_of("a"), 1, "without content");
}

#[test]
fn brackets_and_dots_name_the_same_field() {
    let positions = &read("a:\n  b:\n    '0': x\n")[0].positions;
    for path in ["a.b", "a[b]", "[a][b]"] {
        assert_eq!(positions.line_of(path), 2, "{path}");
    }
    assert_eq!(positions.line_of("a.b[0]"), 3, "a key that looks like an index");
}
