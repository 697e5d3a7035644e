//! Writes one kind of X.509 certificate (RFC 5280): version 3, an ECDSA P-256 key, for TLS clients.
//!
//! rcgen keeps each field of a subject once; this keeps the list as it is given.

use rcgen::{KeyPair, PublicKeyData, SigningKey};

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTF8_STRING: u8 = 0x0c;
const IA5_STRING: u8 = 0x16;
const GENERALIZED_TIME: u8 = 0x18;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;

/// ecdsa-with-SHA256, as an `AlgorithmIdentifier`.
const ECDSA_SHA256: &[u8] = &[
    0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02,
];
/// id-ce-extKeyUsage.
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
/// id-kp-clientAuth.
const CLIENT_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];

/// A certificate, DER. Times are `GeneralizedTime` texts.
pub(super) fn client(
    issuer: &[(&str, &str)],
    issuer_key: &KeyPair,
    subject: &[(&str, &str)],
    key: &KeyPair,
    (not_before, not_after): (&str, &str),
) -> Vec<u8> {
    let validity = [
        node(GENERALIZED_TIME, not_before.as_bytes()),
        node(GENERALIZED_TIME, not_after.as_bytes()),
    ]
    .concat();
    let usage = node(
        OCTET_STRING,
        &node(SEQUENCE, &node(OBJECT_IDENTIFIER, CLIENT_AUTH)),
    );
    let extension = [node(OBJECT_IDENTIFIER, EXTENDED_KEY_USAGE), usage].concat();
    let body = [
        node(VERSION, &node(INTEGER, &[2])),
        node(INTEGER, &[0x11]),
        ECDSA_SHA256.to_vec(),
        name(issuer),
        node(SEQUENCE, &validity),
        name(subject),
        key.subject_public_key_info(),
        node(EXTENSIONS, &node(SEQUENCE, &node(SEQUENCE, &extension))),
    ]
    .concat();
    let signed = node(SEQUENCE, &body);
    let signature = issuer_key.sign(&signed).expect("the key signs");
    let signature = node(BIT_STRING, &[&[0], signature.as_slice()].concat());
    node(SEQUENCE, &[signed, ECDSA_SHA256.to_vec(), signature].concat())
}

fn name(fields: &[(&str, &str)]) -> Vec<u8> {
    let fields: Vec<Vec<u8>> = fields
        .iter()
        .map(|(field, value)| {
            let (identifier, tag) = attribute(field);
            let pair = [node(OBJECT_IDENTIFIER, identifier), node(tag, value.as_bytes())].concat();
            node(SET, &node(SEQUENCE, &pair))
        })
        .collect();
    node(SEQUENCE, &fields.concat())
}

fn attribute(field: &str) -> (&'static [u8], u8) {
    match field {
        "CN" => (&[0x55, 0x04, 0x03], UTF8_STRING),
        "C" => (&[0x55, 0x04, 0x06], UTF8_STRING),
        "O" => (&[0x55, 0x04, 0x0a], UTF8_STRING),
        "OU" => (&[0x55, 0x04, 0x0b], UTF8_STRING),
        "DC" => (
            &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19],
            IA5_STRING,
        ),
        other => panic!("{other} is not a field that is known here"),
    }
}

fn node(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = vec![tag];
    if let Ok(short @ 0..128) = u8::try_from(length) {
        out.push(short);
    } else {
        let bytes: Vec<u8> = length
            .to_be_bytes()
            .into_iter()
            .skip_while(|byte| *byte == 0)
            .collect();
        out.push(0x80 | u8::try_from(bytes.len()).expect("eight bytes at most"));
        out.extend(bytes);
    }
    out.extend(content);
    out
}
