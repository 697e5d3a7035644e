//! Server certificates that are kept although their Secret is gone or broken, until they expire.
//!
//! A Secret that disappears for a moment, or a half-written one, must not take a host's certificate away. What guards
//! access is never kept: translation uses it only as it is now.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ferrik_config::Snapshot;
use ferrik_config::name::ObjectRef;
use ferrik_config::snapshot::{GONE, Secret};
use ferrik_config::translate::usable_until;

/// What is kept, and until when, in seconds since 1970.
#[derive(Debug, Default)]
pub(super) struct Kept {
    until: BTreeMap<ObjectRef, i64>,
}

impl Kept {
    /// What to put into the snapshot in place of a Secret that is now `new`, or gone. `None` if nothing is worth keeping.
    pub(super) fn instead_of(
        &mut self,
        reference: &ObjectRef,
        new: Option<&Secret>,
        snapshot: &Snapshot,
        now: SystemTime,
    ) -> Option<Secret> {
        let why = match new.map(usable_until) {
            None => GONE.to_owned(),
            Some(Err(why)) => why,
            Some(Ok(_)) => {
                self.until.remove(reference);
                return None;
            }
        };
        let key = (reference.namespace.clone(), reference.name.clone());
        let old = snapshot.secrets.get(&key)?;
        let until = usable_until(old).ok().filter(|until| *until > seconds(now))?;
        self.until.insert(reference.clone(), until);
        let mut kept = Secret::clone(old);
        kept.stale = Some(Arc::from(why));
        Some(kept)
    }

    /// The Secrets whose certificates have expired by now. They are no longer kept.
    pub(super) fn expired(&mut self, now: SystemTime) -> Vec<ObjectRef> {
        let now = seconds(now);
        let expired = self.until.iter().filter(|(_, until)| **until <= now);
        let expired: Vec<ObjectRef> = expired.map(|(reference, _)| reference.clone()).collect();
        for reference in &expired {
            self.until.remove(reference);
        }
        expired
    }

    /// How long until the next one expires.
    pub(super) fn next(&self, now: SystemTime) -> Option<Duration> {
        let first = self.until.values().min()?;
        let left = first.saturating_sub(seconds(now)).max(0);
        Some(Duration::from_secs(u64::try_from(left).unwrap_or_default()))
    }
}

fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use ferrik_config::snapshot::Object;

    use super::*;

    fn reference() -> ObjectRef {
        ObjectRef::new(ferrik_config::name::Kind::Secret, "ns", "tls")
    }

    fn secret(certificate: &str, key: &str) -> Secret {
        let document = serde_json::json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": "ns", "name": "tls"},
            "stringData": {"tls.crt": certificate, "tls.key": key},
        });
        match Object::read(&document) {
            Ok(Object::Secret(secret)) => secret,
            other => panic!("no Secret: {other:?}"),
        }
    }

    fn usable() -> Secret {
        let made =
            rcgen::generate_simple_self_signed(vec!["a.example.org".to_owned()]).expect("it can be made");
        secret(&made.cert.pem(), &made.signing_key.serialize_pem())
    }

    fn snapshot(secret: Secret) -> Snapshot {
        let mut snapshot = Snapshot::default();
        snapshot.insert(Object::Secret(secret));
        snapshot
    }

    #[test]
    fn the_last_usable_certificate_is_kept_until_it_expires() {
        let (mut kept, now) = (Kept::default(), SystemTime::now());
        let before = snapshot(usable());
        let gone = kept
            .instead_of(&reference(), None, &before, now)
            .expect("it is kept");
        assert_eq!(gone.stale.as_deref(), Some("it is gone"));
        let broken = secret("no certificate", "no key");
        let instead = kept.instead_of(&reference(), Some(&broken), &snapshot(gone), now);
        assert_eq!(
            instead.expect("it is kept").stale.as_deref(),
            Some("`tls.crt` holds no certificate in PEM")
        );
        assert!(kept.expired(now).is_empty());
        let later = now + kept.next(now).expect("it expires") + Duration::from_secs(1);
        assert_eq!(kept.expired(later), [reference()]);
        assert_eq!(kept.next(later), None);
        assert!(
            kept.instead_of(&reference(), None, &before, later).is_none(),
            "expired"
        );
    }

    #[test]
    fn a_usable_one_takes_its_place_and_what_never_was_one_is_not_kept() {
        let (mut kept, now) = (Kept::default(), SystemTime::now());
        let before = snapshot(usable());
        assert!(kept.instead_of(&reference(), None, &before, now).is_some());
        assert!(
            kept.instead_of(&reference(), Some(&usable()), &before, now)
                .is_none()
        );
        assert_eq!(kept.next(now), None);
        let password = snapshot(secret("", ""));
        assert!(kept.instead_of(&reference(), None, &password, now).is_none());
    }
}
