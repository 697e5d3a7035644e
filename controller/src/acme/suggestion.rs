//! Renewal information (RFC 9773) of the certificates that are there: when the authority wants each of them renewed.
//!
//! One question at a time: there is no hurry. Whom to ask about is looked up when the last list of them is used up and
//! somebody's turn has come, so thousands of certificates cost nothing in between.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use ferrik_config::name::ObjectRef;
use ferrik_config::table::Certificate;
use tokio::task::JoinSet;

use super::clock::seconds;
use super::due::Window;
use super::ledger::Ledger;
use super::order::Kind;
use super::request::Request;

/// Between questions about one certificate, in seconds, whatever the authority says.
const LEAST: i64 = 10;
const MOST: i64 = 24 * 3600;

/// Renewal information of one certificate.
#[derive(Debug)]
struct Suggested {
    fingerprint: String,
    window: Option<Window>,
    ask_at: i64,
}

/// What is known of all certificates.
#[derive(Debug, Default)]
pub(super) struct Suggestions {
    known: BTreeMap<ObjectRef, Suggested>,
    /// About whom it is asked next,
    queue: VecDeque<ObjectRef>,
    /// and from when on it is looked who else there is, in seconds since 1970.
    look_at: i64,
    question: JoinSet<(ObjectRef, Suggested)>,
}

impl Suggestions {
    /// What the authority suggests for the certificate that is there, if it has said so.
    pub(super) fn window(&self, request: &Request) -> Option<Window> {
        let current = request.current.as_ref()?;
        let known = self.known.get(&request.secret)?;
        known.window.filter(|_| known.fingerprint == current.fingerprint)
    }

    /// Forgets what is not wanted any more, and looks for what is new.
    pub(super) fn follow(&mut self, requests: &BTreeMap<ObjectRef, Request>) {
        self.known.retain(|secret, _| requests.contains_key(secret));
        self.look_at = 0;
    }

    /// Asks about the next certificate, if it is time for one and the authority may be asked. `now` is in seconds since 1970.
    pub(super) fn ask(&mut self, requests: &BTreeMap<ObjectRef, Request>, ledger: &Arc<Ledger>, now: i64) {
        if !self.question.is_empty() || ledger.lasting.pace().open_from(now) > now {
            return;
        }
        let Some((secret, current)) = self.next(requests, &ledger.lasting.options.server, now) else {
            return;
        };
        let ledger = ledger.clone();
        self.question.spawn(async move {
            let answer = match ledger.open().await {
                Ok(acme) => {
                    let leaf = current.chain.first().map(Vec::as_slice).unwrap_or_default();
                    acme.window(leaf).await
                }
                Err(failure) => {
                    tracing::debug!("renewal information: {}", failure.message);
                    if failure.kind == Kind::Unreachable {
                        ledger.lasting.pace().close(None, now);
                    }
                    None
                }
            };
            // A certificate that lives shorter than the authority's pause is asked for more often.
            let share = (current.not_after - current.not_before) / 20;
            let pause = answer.as_ref().map_or(MOST, |(_, again)| seconds(*again));
            let suggested = Suggested {
                fingerprint: current.fingerprint.clone(),
                window: answer.map(|(window, _)| window),
                ask_at: now + pause.min(share).clamp(LEAST, MOST),
            };
            (secret, suggested)
        });
    }

    /// Waits for the answer to what was asked, and says about which certificate it is; for ever if nothing was asked.
    pub(super) async fn answered(&mut self) -> ObjectRef {
        loop {
            match self.question.join_next().await {
                Some(Ok((secret, suggested))) => {
                    self.look_at = self.look_at.min(suggested.ask_at);
                    self.known.insert(secret.clone(), suggested);
                    return secret;
                }
                Some(Err(error)) => tracing::error!(%error, "a question failed by a fault of ours"),
                None => std::future::pending().await,
            }
        }
    }

    /// The next certificate of this authority of which nothing is known, or not any more.
    fn next(
        &mut self,
        requests: &BTreeMap<ObjectRef, Request>,
        server: &str,
        now: i64,
    ) -> Option<(ObjectRef, Arc<Certificate>)> {
        if self.queue.is_empty() && self.look_at <= now {
            self.look_at = now + MOST;
            for request in requests.values() {
                let Some(ask_at) = self.ask_at(request, server) else {
                    continue;
                };
                if ask_at <= now {
                    self.queue.push_back(request.secret.clone());
                } else {
                    self.look_at = self.look_at.min(ask_at);
                }
            }
        }
        while let Some(secret) = self.queue.pop_front() {
            let request = requests.get(&secret);
            let is_due = |request: &&Request| self.ask_at(request, server).is_some_and(|at| at <= now);
            if let Some(current) = request.filter(is_due).and_then(|request| request.current.clone()) {
                return Some((secret, current));
            }
        }
        None
    }

    /// When it is to be asked about a certificate; `None` if there is none of this authority.
    fn ask_at(&self, request: &Request, server: &str) -> Option<i64> {
        let current = request.current.as_ref()?;
        if request.server.as_deref() != Some(server) {
            return None;
        }
        let known = self.known.get(&request.secret);
        let known = known.filter(|known| known.fingerprint == current.fingerprint);
        Some(known.map_or(0, |known| known.ask_at))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeSet;

    use ferrik_config::name::Kind as ObjectKind;
    use ferrik_config::table::{KeyKind, PrivateKey};

    use super::*;

    impl Suggestions {
        /// As if the authority had answered.
        pub(in crate::acme) fn suggest(&mut self, request: &Request, window: Window, ask_at: i64) {
            let fingerprint = request
                .current
                .as_ref()
                .expect("a certificate")
                .fingerprint
                .clone();
            let suggested = Suggested {
                fingerprint,
                window: Some(window),
                ask_at,
            };
            self.known.insert(request.secret.clone(), suggested);
            self.look_at = self.look_at.min(ask_at);
        }
    }

    /// A request whose certificate is there, valid for so many seconds from this moment on.
    pub(in crate::acme) fn issued(name: &str, server: &str, not_before: i64, lifetime: i64) -> Request {
        let secret = ObjectRef::new(ObjectKind::Secret, "shop", name);
        let host = format!("{name}.example.org");
        Request {
            hosts: BTreeSet::from([host.clone()]),
            ingresses: Vec::new(),
            current: Some(Arc::new(Certificate {
                source: secret.clone(),
                kind: KeyKind::Ecdsa,
                names: vec![host],
                not_before,
                not_after: not_before + lifetime,
                fingerprint: name.to_owned(),
                chain: Vec::new(),
                key: PrivateKey::Pkcs8(Arc::from([])),
            })),
            secret,
            server: Some(server.into()),
        }
    }

    #[test]
    fn each_certificate_is_asked_about_in_turn_and_again_when_its_time_has_come() {
        let window = Window {
            start: 900,
            end: 1000,
        };
        let all = ["a", "b"].map(|name| issued(name, "ca", 0, 1000));
        let other = issued("other", "staging", 0, 1000);
        let mut requests: BTreeMap<ObjectRef, Request> = BTreeMap::new();
        for request in all.iter().chain([&other]) {
            requests.insert(request.secret.clone(), request.clone());
        }
        let mut suggestions = Suggestions::default();
        let asked = |suggestions: &mut Suggestions, now: i64| {
            let (secret, _) = suggestions.next(&requests, "ca", now)?;
            suggestions.suggest(&requests[&secret], window, now + 50);
            Some(secret.name.to_string())
        };
        assert_eq!(asked(&mut suggestions, 0).as_deref(), Some("a"));
        assert_eq!(asked(&mut suggestions, 7).as_deref(), Some("b"));
        assert_eq!(asked(&mut suggestions, 49), None);
        assert_eq!(asked(&mut suggestions, 50).as_deref(), Some("a"));
        assert_eq!(asked(&mut suggestions, 50), None);
        assert_eq!(asked(&mut suggestions, 57).as_deref(), Some("b"));
        assert_eq!(suggestions.window(&all[0]), Some(window));
        // Another certificate is another question.
        let renewed = issued("a2", "ca", 500, 1000);
        let renewed = Request {
            secret: all[0].secret.clone(),
            ..renewed
        };
        assert_eq!(suggestions.window(&renewed), None);
        let requests = BTreeMap::from([(renewed.secret.clone(), renewed)]);
        suggestions.follow(&requests);
        let next = suggestions.next(&requests, "ca", 60);
        assert_eq!(next.map(|(_, current)| current.not_before), Some(500));
    }
}
