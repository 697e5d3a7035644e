//! What single words mean.

use std::path::Path;

use serde_json::json;

use super::*;
use crate::source::yaml::parse;

/// The only object of a text without faults.
fn value(text: &str) -> Value {
    let (documents, errors) = parse(Path::new("a.yaml"), text);
    assert_eq!(errors, [], "{text}");
    assert_eq!(documents.len(), 1, "{text}");
    documents[0].value.clone()
}

#[test]
fn words_are_read_as_kubectl_reads_them() {
    let words = [
        ("yes", json!(true)),
        ("On", json!(true)),
        ("y", json!(true)),
        ("TRUE", json!(true)),
        ("no", json!(false)),
        ("OFF", json!(false)),
        ("n", json!(false)),
        ("\"on\"", json!("on")),
        ("'no'", json!("no")),
        ("oN", json!("oN")),
        ("!!str on", json!("on")),
        ("~", json!(null)),
        ("Null", json!(null)),
        ("\"\"", json!("")),
        ("8m", json!("8m")),
        ("10", json!(10)),
        ("-10", json!(-10)),
        ("+10", json!(10)),
        ("-0", json!(0)),
        ("0644", json!(420)),
        ("0o644", json!(420)),
        ("0x1F", json!(31)),
        ("-0b11", json!(-3)),
        ("08", json!(8)),
        ("1_000", json!(1000)),
        ("18446744073709551615", json!(u64::MAX)),
        ("-9223372036854775808", json!(i64::MIN)),
        ("1.5", json!(1.5)),
        (".5", json!(0.5)),
        ("80.0", json!(80)),
        ("1e3", json!(1000)),
        ("-2.5E-1", json!(-0.25)),
        ("1.10.0", json!("1.10.0")),
        ("10.0.0.0/8", json!("10.0.0.0/8")),
        ("2024-01-31", json!("2024-01-31")),
        ("1:30", json!("1:30")),
        ("-", json!([null])),
        ("+inf", json!("+inf")),
        ("--1", json!("--1")),
        ("0x+1", json!("0x+1")),
        ("infinity", json!("infinity")),
        ("!!int 5", json!(5)),
        ("!!float 5", json!(5)),
        ("!own 5", json!("5")),
        ("! 5", json!("5")),
        ("/*", json!("/*")),
    ];
    for (word, expected) in words {
        let text = if word == "-" {
            "a:\n-\n".to_owned()
        } else {
            format!("a: {word}\n")
        };
        assert_eq!(value(&text), json!({ "a": expected }), "{word}");
    }
}

#[test]
fn keys_are_text() {
    assert_eq!(
        value("on: 1\n8080: 2\n'no': 3\n1.5: 4\n"),
        json!({"true": 1, "8080": 2, "no": 3, "1.5": 4})
    );
}
