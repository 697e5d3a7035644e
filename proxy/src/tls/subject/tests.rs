//! Names and fields of certificates, against what nginx prints.

use rcgen::SanType;
use x509_parser::prelude::FromDer;

use super::super::testing::{self, Client, authority};
use super::*;

const UTF8: u8 = 12;
const PRINTABLE: u8 = 19;
const T61: u8 = 20;
const IA5: u8 = 22;
const UNIVERSAL: u8 = 28;
const BMP: u8 = 30;

const CN: &[u8] = &[0x55, 4, 3];
const C: &[u8] = &[0x55, 4, 6];
const L: &[u8] = &[0x55, 4, 7];
const ST: &[u8] = &[0x55, 4, 8];
const O: &[u8] = &[0x55, 4, 10];
const DC: &[u8] = &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25];
const CUSTOM: &[u8] = &[0x2a, 3, 4, 5];

/// Tag, length of one byte, content.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).expect("short");
    assert!(length < 0x80);
    [&[tag, length], content].concat()
}

fn attribute(kind: &[u8], tag: u8, value: &[u8]) -> Vec<u8> {
    tlv(0x30, &[tlv(6, kind), tlv(tag, value)].concat())
}

/// A name of single-valued parts.
fn name(attributes: &[(&[u8], u8, &[u8])]) -> Vec<u8> {
    let parts: Vec<u8> = attributes
        .iter()
        .flat_map(|(kind, tag, value)| tlv(0x31, &attribute(kind, *tag, value)))
        .collect();
    tlv(0x30, &parts)
}

fn text(der: &[u8]) -> String {
    distinguished_name(&X509Name::from_der(der).expect("a name").1)
}

// The expected texts are what nginx 1.22 with OpenSSL 3.0 prints for the same names.

#[test]
fn the_last_attribute_comes_first() {
    let der = name(&[
        (DC, IA5, b"org"),
        (DC, IA5, b"cilogon"),
        (C, PRINTABLE, b"US"),
        (O, UTF8, b"Google"),
        (CN, UTF8, b"Jane Doe A123"),
    ]);
    assert_eq!(text(&der), "CN=Jane Doe A123,O=Google,C=US,DC=cilogon,DC=org");
}

#[test]
fn attributes_of_one_part_are_joined_by_plus() {
    let both = [attribute(ST, UTF8, b"ST"), attribute(L, UTF8, b"Loc")].concat();
    let der = tlv(
        0x30,
        &[tlv(0x31, &both), tlv(0x31, &attribute(CN, UTF8, b"x"))].concat(),
    );
    assert_eq!(text(&der), "CN=x,L=Loc+ST=ST");
}

#[test]
fn values_are_escaped_as_openssl_does() {
    for (value, expected) in [
        (" #lead trail ", "\\ #lead trail\\ "),
        (
            "Müller, \"K+G\" <x>; y\\z",
            "M\\C3\\BCller\\, \\\"K\\+G\\\" \\<x\\>\\; y\\\\z",
        ),
        ("ctl\u{1}\u{7f} tab\t", "ctl\\01\\7F tab\\09"),
        ("a=b/c", "a=b/c"),
        ("#x", "\\#x"),
        (" ", "\\ "),
        ("", ""),
    ] {
        assert_eq!(
            text(&name(&[(CN, UTF8, value.as_bytes())])),
            format!("CN={expected}")
        );
    }
}

#[test]
fn every_string_type_is_read() {
    assert_eq!(text(&name(&[(CN, BMP, b"\0b\0\xe9")])), "CN=b\\C3\\A9");
    assert_eq!(
        text(&name(&[(CN, UNIVERSAL, b"\0\0\x26\x03")])),
        "CN=\\E2\\98\\83"
    );
    assert_eq!(text(&name(&[(CN, T61, b"t\xe9")])), "CN=t\\C3\\A9");
}

#[test]
fn what_has_no_name_or_no_text_is_dumped() {
    assert_eq!(
        text(&name(&[(CUSTOM, UTF8, b"custom")])),
        "1.2.3.4.5=#0C06637573746F6D"
    );
    assert_eq!(text(&name(&[(CN, 4, b"\x01")])), "CN=#040101");
}

#[test]
fn parts_are_listed_in_the_certificates_order() {
    let der = name(&[(DC, IA5, b"org"), (C, PRINTABLE, b"US"), (CN, UTF8, b"a,b")]);
    let (_, name) = X509Name::from_der(&der).expect("a name");
    let parts: Vec<String> = attributes(&name)
        .into_iter()
        .map(|(kind, value)| format!("{kind}={value}"))
        .collect();
    assert_eq!(parts, ["DC=org", "C=US", "CN=a,b"]);
}

#[test]
fn a_certificate_tells_all_that_is_forwarded() {
    let mut params = testing::params("client");
    params.serial_number = Some(vec![1, 0, 0, 0, 0, 0, 0, 0, 0].into());
    params.subject_alt_names = vec![
        SanType::URI("spiffe://a/b".try_into().expect("ASCII")),
        SanType::IpAddress([10, 0, 0, 1].into()),
        SanType::DnsName("c.test".try_into().expect("ASCII")),
    ];
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    let client = Client::issued(&params, &authority("root"));
    let identity = Identity::parse(&client.chain[0]).expect("a certificate");
    assert_eq!(
        (identity.subject_dn(), identity.issuer_dn()),
        ("CN=client".into(), "CN=root".into())
    );
    assert_eq!(identity.subject(), [("CN".into(), "client".to_owned())]);
    assert_eq!(identity.issuer(), [("CN".into(), "root".to_owned())]);
    assert_eq!(identity.serial_number(), "18446744073709551616");
    assert_eq!(identity.validity().0, 1_577_836_800);
    assert_eq!(
        identity.alternative_names(),
        ["c.test", "10.0.0.1", "spiffe://a/b"]
    );
}
