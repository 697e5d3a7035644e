//! From when on a certificate is to be ordered: a function of what is there and of what the authority suggests.

use super::request::Request;

/// Shorter lifetimes are renewed at their half, in seconds: there is little time left to fail.
const SHORT: i64 = 10 * 24 * 3600;

/// The span in which the authority wants the renewal (RFC 9773 §4.2), in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) start: i64,
    pub(super) end: i64,
}

/// The moment, in seconds since 1970; 0 is at once.
pub(super) fn due(request: &Request, server: &str, window: Option<Window>) -> i64 {
    let Some(current) = &request.current else {
        return 0;
    };
    let is_complete = request
        .hosts
        .iter()
        .all(|host| current.names.iter().any(|name| name.eq_ignore_ascii_case(host)));
    let is_of_server = request.server.as_deref() == Some(server);
    if !is_complete || !is_of_server {
        return 0;
    }
    let spread = spread(&current.fingerprint);
    let lifetime = (current.not_after - current.not_before).max(0);
    if let Some(Window { start, end }) = window {
        let moment = start + part((end - start).max(0), spread);
        return moment.min(current.not_after - lifetime / 10);
    }
    let age = if lifetime < SHORT {
        lifetime / 2
    } else {
        lifetime * 2 / 3
    };
    // Certificates that were issued together are not renewed together.
    current.not_before + age - part(lifetime / 50, spread)
}

/// Thousandths, the same for the same certificate, so that every replica and every restart finds the same moment.
pub(super) fn spread(fingerprint: &str) -> i64 {
    let digits = fingerprint.get(..8).unwrap_or_default();
    i64::from(u32::from_str_radix(digits, 16).unwrap_or_default()) % 1000
}

fn part(span: i64, spread: i64) -> i64 {
    span / 1000 * spread + span % 1000 * spread / 1000
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ferrik_config::name::{Kind, ObjectRef};
    use ferrik_config::table::{Certificate, KeyKind, PrivateKey};

    use super::*;

    const DAY: i64 = 24 * 3600;
    const SERVER: &str = "https://ca.example/dir";

    fn request(lifetime: i64, names: &[&str]) -> Request {
        let secret = ObjectRef::new(Kind::Secret, "shop", "tls");
        Request {
            hosts: ["a.example.org".to_owned()].into(),
            ingresses: Vec::new(),
            current: Some(Arc::new(Certificate {
                source: secret.clone(),
                kind: KeyKind::Ecdsa,
                names: names.iter().map(|name| (*name).to_owned()).collect(),
                not_before: 0,
                not_after: lifetime,
                // 500 of 1000.
                fingerprint: "000001f4".to_owned(),
                chain: Vec::new(),
                key: PrivateKey::Pkcs8(Arc::from([])),
            })),
            secret,
            server: Some(SERVER.into()),
        }
    }

    #[test]
    fn what_is_missing_is_due_at_once() {
        let mut none = request(90 * DAY, &["a.example.org"]);
        none.current = None;
        let other_names = request(90 * DAY, &["b.example.org"]);
        let mut other_server = request(90 * DAY, &["A.example.org"]);
        other_server.server = Some("https://staging.example/dir".into());
        for request in [none, other_names, other_server] {
            assert_eq!(due(&request, SERVER, None), 0);
        }
    }

    #[test]
    fn a_certificate_is_renewed_at_two_thirds_or_half_of_its_life_or_when_the_authority_says() {
        let names = ["x.example.org", "A.example.org"];
        let due = |lifetime, window| due(&request(lifetime, &names), SERVER, window);
        assert_eq!(due(90 * DAY, None), 60 * DAY - 90 * DAY / 100);
        assert_eq!(due(6 * DAY, None), 3 * DAY - 6 * DAY / 100);
        let window = Window {
            start: 10 * DAY,
            end: 12 * DAY,
        };
        assert_eq!(due(90 * DAY, Some(window)), 11 * DAY);
        let too_late = Window {
            start: 95 * DAY,
            end: 96 * DAY,
        };
        assert_eq!(due(90 * DAY, Some(too_late)), 81 * DAY);
    }
}
