//! One attribute of a distinguished name: OpenSSL's short name for its type, and its value escaped as OpenSSL
//! does.

use std::borrow::Cow;
use std::fmt::Write as _;

use x509_parser::asn1_rs::{Any, Oid, Tag, ToDer};
use x509_parser::x509::AttributeTypeAndValue;

/// An attribute to be written.
pub(super) struct Attribute<'a> {
    kind: &'a Oid<'a>,
    value: &'a Any<'a>,
}

impl<'a> From<&'a AttributeTypeAndValue<'a>> for Attribute<'a> {
    fn from(attribute: &'a AttributeTypeAndValue<'a>) -> Self {
        Self {
            kind: attribute.attr_type(),
            value: attribute.attr_value(),
        }
    }
}

impl Attribute<'_> {
    /// OpenSSL's short name, or the dotted OID of a type that it does not know.
    pub(super) fn name(&self) -> Cow<'static, str> {
        self.known()
            .map_or_else(|| Cow::Owned(self.kind.to_id_string()), Cow::Borrowed)
    }

    /// The value as text, unescaped; what is no string is dumped as in [`Self::write`].
    pub(super) fn text(&self) -> String {
        decode(self.value).unwrap_or_else(|| dump(self.value))
    }

    /// Appends `type=value`. Values of unknown types or without text are dumped as `#` and their DER in
    /// hexadecimal (RFC 2253 §2.4, `ASN1_STRFLGS_DUMP_ALL`'s form).
    pub(super) fn write(&self, out: &mut String) {
        out.push_str(&self.name());
        out.push('=');
        match self.known().and_then(|_| decode(self.value)) {
            Some(text) => escape(&text, out),
            None => out.push_str(&dump(self.value)),
        }
    }

    fn known(&self) -> Option<&'static str> {
        let id = self.kind.to_id_string();
        SHORT_NAMES
            .iter()
            .find(|(known, _)| *known == id)
            .map(|(_, name)| *name)
    }
}

/// RFC 2253 §2.4, and what OpenSSL escapes beyond it: control characters, and every byte outside ASCII.
fn escape(text: &str, out: &mut String) {
    let last = text.chars().count().saturating_sub(1);
    for (position, character) in text.chars().enumerate() {
        match character {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => out.extend(['\\', character]),
            '#' if position == 0 => out.push_str("\\#"),
            ' ' if position == 0 || position == last => out.push_str("\\ "),
            ' '..='~' => out.push(character),
            _ => {
                let mut bytes = [0; 4];
                for byte in character.encode_utf8(&mut bytes).bytes() {
                    write!(out, "\\{byte:02X}").expect("writing to a string does not fail");
                }
            }
        }
    }
}

/// The text of a string type; `None` for any other.
fn decode(value: &Any<'_>) -> Option<String> {
    let bytes = value.data;
    let text = match value.tag() {
        Tag::Utf8String => String::from_utf8_lossy(bytes).into_owned(),
        // OpenSSL reads T61 as Latin-1, as everybody writes it.
        Tag::NumericString
        | Tag::PrintableString
        | Tag::T61String
        | Tag::Ia5String
        | Tag::VisibleString
        | Tag::UtcTime
        | Tag::GeneralizedTime => bytes.iter().copied().map(char::from).collect(),
        Tag::BmpString => {
            let units = bytes
                .chunks_exact(2)
                .map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            char::decode_utf16(units)
                .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect()
        }
        Tag::UniversalString => bytes
            .chunks_exact(4)
            .map(|four| u32::from_be_bytes([four[0], four[1], four[2], four[3]]))
            .map(|code| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect(),
        _ => return None,
    };
    Some(text)
}

fn dump(value: &Any<'_>) -> String {
    let der = value.to_der_vec().unwrap_or_default();
    let mut text = String::from("#");
    for byte in der {
        write!(text, "{byte:02X}").expect("writing to a string does not fail");
    }
    text
}

/// Types that occur in names of people and services, with OpenSSL's short names.
const SHORT_NAMES: [(&str, &str); 33] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.4", "SN"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "street"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.12", "title"),
    ("2.5.4.13", "description"),
    ("2.5.4.15", "businessCategory"),
    ("2.5.4.16", "postalAddress"),
    ("2.5.4.17", "postalCode"),
    ("2.5.4.18", "postOfficeBox"),
    ("2.5.4.20", "telephoneNumber"),
    ("2.5.4.41", "name"),
    ("2.5.4.42", "GN"),
    ("2.5.4.43", "initials"),
    ("2.5.4.44", "generationQualifier"),
    ("2.5.4.45", "x500UniqueIdentifier"),
    ("2.5.4.46", "dnQualifier"),
    ("2.5.4.65", "pseudonym"),
    ("2.5.4.72", "role"),
    ("2.5.4.97", "organizationIdentifier"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("0.9.2342.19200300.100.1.3", "mail"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
    ("1.2.840.113549.1.9.2", "unstructuredName"),
    ("1.3.6.1.4.1.311.60.2.1.1", "jurisdictionL"),
    ("1.3.6.1.4.1.311.60.2.1.2", "jurisdictionST"),
    ("1.3.6.1.4.1.311.60.2.1.3", "jurisdictionC"),
];
