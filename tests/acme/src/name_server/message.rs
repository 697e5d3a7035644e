//! Messages of DNS (RFC 1035, section 4), as far as questions for addresses need them.

use std::net::IpAddr;

const HEADER: usize = 12;
/// Of a response that was asked for recursively and has it.
const FLAGS: u16 = 0x8180;
const SERVFAIL: u16 = 2;
const INTERNET: u16 = 1;
/// A pointer to the name in the question, which stands behind the header's twelve bytes.
const SAME_NAME: u16 = 0xc00c;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    A,
    Aaaa,
    Other,
}

/// The first question of a query.
pub(super) struct Question {
    id: [u8; 2],
    name: String,
    kind: Kind,
    /// As it came, to be repeated.
    bytes: Vec<u8>,
}

impl Question {
    /// Nothing if the message is cut short or has no question.
    pub(super) fn read(query: &[u8]) -> Option<Self> {
        let id = *query.first_chunk()?;
        let [high, low] = *query.get(4..6)?.first_chunk()?;
        if u16::from_be_bytes([high, low]) == 0 {
            return None;
        }
        let mut labels = Vec::new();
        let mut at = HEADER;
        loop {
            let length = usize::from(*query.get(at)?);
            at += 1;
            if length == 0 {
                break;
            }
            let label = query.get(at..at + length)?;
            labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
            at += length;
        }
        let kind = match u16::from_be_bytes(*query.get(at..at + 2)?.first_chunk()?) {
            1 => Kind::A,
            28 => Kind::Aaaa,
            _ => Kind::Other,
        };
        Some(Self {
            id,
            name: labels.join("."),
            kind,
            bytes: query.get(HEADER..at + 4)?.to_vec(),
        })
    }

    /// The name in lower case, without the root's dot.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// The whole response: these addresses, or SERVFAIL.
    pub(super) fn reply(&self, addresses: Option<&[IpAddr]>) -> Vec<u8> {
        let code = if addresses.is_some() { 0 } else { SERVFAIL };
        let addresses = addresses.unwrap_or_default();
        let count = u16::try_from(addresses.len()).expect("a test has few addresses");
        let mut reply = self.id.to_vec();
        for number in [FLAGS | code, 1, count, 0, 0] {
            reply.extend(number.to_be_bytes());
        }
        reply.extend(&self.bytes);
        for address in addresses {
            let (kind, data) = match address {
                IpAddr::V4(address) => (1_u16, address.octets().to_vec()),
                IpAddr::V6(address) => (28, address.octets().to_vec()),
            };
            let length = u16::try_from(data.len()).expect("addresses are short");
            // The time to live is zero, in two halves.
            for number in [SAME_NAME, kind, INTERNET, 0, 0, length] {
                reply.extend(number.to_be_bytes());
            }
            reply.extend(data);
        }
        reply
    }
}

/// A query as a resolver writes it.
#[cfg(test)]
pub(super) fn query(name: &str, kind: u16) -> Vec<u8> {
    let mut query = vec![7, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        query.push(u8::try_from(label.len()).expect("short"));
        query.extend(label.bytes());
    }
    query.push(0);
    query.extend(kind.to_be_bytes());
    query.extend(INTERNET.to_be_bytes());
    query
}

#[test]
fn a_message_that_is_cut_short_is_no_question() {
    let whole = query("a.test", 1);
    let question = Question::read(&whole).expect("it is whole");
    assert_eq!((question.name(), question.kind()), ("a.test", Kind::A));
    for length in 0..whole.len() {
        assert!(Question::read(&whole[..length]).is_none(), "{length} bytes");
    }
}
