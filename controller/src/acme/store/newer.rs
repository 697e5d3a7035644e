//! Which of two certificates for one Secret stays: a process that was stopped for a while between an order's end and its
//! storing must not put an old certificate in the place of a new one.

use ferrik_config::acme::SERVER;
use ferrik_config::snapshot::Secret;
use ferrik_config::table::Certificate;
use ferrik_config::translate::usable;
use serde_json::Value;

/// True if `there` holds a usable certificate of the same authority that covers every name of the one in `ours` and is valid
/// from a later moment on. `now` is in seconds since 1970.
pub(super) fn stays(there: &Value, ours: &Value, now: i64) -> bool {
    let (Some(there), Some(ours)) = (read(there), read(ours)) else {
        return false;
    };
    // Moments of different authorities say nothing of which was issued first.
    let is_same_server = there.0.metadata.annotation(SERVER) == ours.0.metadata.annotation(SERVER);
    let (there, ours) = (there.1, ours.1);
    let covers = |name: &String| {
        let mut names = there.names.iter();
        names.any(|other| other.eq_ignore_ascii_case(name))
    };
    let is_valid = there.not_before <= now && now < there.not_after;
    is_same_server && is_valid && there.not_before > ours.not_before && ours.names.iter().all(covers)
}

fn read(object: &Value) -> Option<(Secret, Certificate)> {
    let secret: Secret = serde::Deserialize::deserialize(object).ok()?;
    let certificate = usable(&secret).ok()?;
    Some((secret, certificate))
}

#[cfg(test)]
mod tests {
    use ferrik_config::name::{Kind, ObjectRef};
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::super::object;
    use super::*;

    /// A Secret with a certificate that begins and ends at these days of January 2030.
    fn secret(server: &str, names: &[&str], days: (u8, u8)) -> Value {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("names");
        params.not_before = date_time_ymd(2030, 1, days.0);
        params.not_after = date_time_ymd(2030, 1, days.1);
        let key = KeyPair::generate().expect("a key");
        let chain = params.self_signed(&key).expect("a certificate").pem();
        let name = ObjectRef::new(Kind::Secret, "shop", "tls");
        object(&name, server, &chain, &key.serialize_pem())
    }

    #[test]
    fn a_newer_certificate_for_the_same_names_stays_and_no_other() {
        let now = date_time_ymd(2030, 1, 10).unix_timestamp();
        let ours = secret("ca", &["a.example.org", "b.example.org"], (3, 20));
        let stays = |there: &Value| stays(there, &ours, now);
        let names = ["c.example.org", "A.example.org", "b.example.org"];
        let newer = secret("ca", &names, (4, 20));
        assert!(stays(&newer));
        assert!(!stays(&secret("ca", &names, (3, 21))), "not newer");
        assert!(!stays(&secret("ca", &names[..2], (4, 20))), "lacks a name");
        assert!(
            !stays(&secret("staging", &names, (4, 20))),
            "of another authority"
        );
        assert!(!stays(&secret("ca", &names, (4, 9))), "expired");
        assert!(!stays(&secret("ca", &names, (11, 20))), "not valid yet");
        let mut broken = newer.clone();
        broken["stringData"]["tls.key"] = ours["stringData"]["tls.key"].clone();
        assert!(!stays(&broken), "the key is not its own");
        let mut empty = newer;
        empty["stringData"] = serde_json::json!({});
        assert!(!stays(&empty));
    }
}
