//! From server name to policy: the exact name, then the wildcard one label up, then the default.
//!
//! Compiled with each routing table, read once per handshake. A policy whose host did not change is the same
//! `Arc` as before, so that its tickets stay good and open connections keep agreeing with it.

use std::collections::HashMap;
use std::sync::Arc;

use ferrik_config::name::{Host, HostKey};
use ferrik_config::table::{Certificate, TlsAlgorithms, TlsHost, TlsVersions};
use foldhash::fast::RandomState;
use rustls::crypto::CryptoProvider;
use rustls::server::ProducesTickets;

use super::crypto;
use super::policy::{Shared, TlsPolicy};
use super::resolver::Certificates;

/// Process-wide settings of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TlsOptions {
    /// Offer HTTP/2.
    pub(crate) http2: bool,
}

impl Default for TlsOptions {
    fn default() -> Self {
        Self { http2: true }
    }
}

impl TlsOptions {
    /// ALPN names, best first.
    pub(super) fn protocols(self) -> Vec<Vec<u8>> {
        let http2 = self.http2.then_some(b"h2".as_slice());
        http2
            .into_iter()
            .chain([b"http/1.1".as_slice()])
            .map(<[u8]>::to_vec)
            .collect()
    }
}

/// The policies of one routing table.
pub(crate) struct TlsTable {
    exact: HashMap<Host, Arc<TlsPolicy>, RandomState>,
    wildcard: HashMap<Host, Arc<TlsPolicy>, RandomState>,
    default: Arc<TlsPolicy>,
    /// For hosts without certificates, made from `listed`.
    certificates: Arc<Certificates>,
    listed: Vec<Arc<Certificate>>,
    tickets: Option<Arc<dyn ProducesTickets>>,
    options: TlsOptions,
}

impl TlsTable {
    /// Compiles a table, reusing what it can of the previous one. Hosts with one and the same `TlsHost` share
    /// a policy. `default` is for names that are not listed, unless [`HostKey::Any`] is, and has the
    /// certificates for hosts without.
    pub(crate) fn compile<'a>(
        previous: Option<&Self>,
        hosts: impl IntoIterator<Item = (&'a HostKey, &'a Arc<TlsHost>)>,
        default: &Arc<TlsHost>,
        options: TlsOptions,
    ) -> Self {
        let previous = previous.filter(|table| table.options == options);
        let same_default = previous.filter(|table| table.listed == default.certificates);
        let certificates = same_default.map_or_else(
            || Arc::new(Certificates::load(&default.certificates).unwrap_or_else(Certificates::self_signed)),
            |table| table.certificates.clone(),
        );
        let tickets = previous.map_or_else(crypto::tickets, |table| table.tickets.clone());
        let shared = Shared {
            options,
            tickets: tickets.as_ref(),
            default: &certificates,
        };
        let mut compiler = Compiler {
            shared,
            previous,
            same_default: same_default.is_some(),
            known: HashMap::default(),
            providers: HashMap::default(),
        };
        compiler.remember();
        let (mut exact, mut wildcard, mut any) = (HashMap::default(), HashMap::default(), None);
        for (key, host) in hosts {
            match key {
                HostKey::Exact(name) => {
                    exact.insert(name.clone(), compiler.policy(host, |table| table.exact.get(name)));
                }
                HostKey::Wildcard(domain) => {
                    wildcard.insert(
                        domain.clone(),
                        compiler.policy(host, |table| table.wildcard.get(domain)),
                    );
                }
                HostKey::Any => any = Some(host),
            }
        }
        let listed = default.certificates.clone();
        let default = compiler.policy(any.unwrap_or(default), |table| Some(&table.default));
        Self {
            exact,
            wildcard,
            default,
            certificates,
            listed,
            tickets,
            options,
        }
    }

    /// The policy for a server name, or for clients that name none.
    pub(crate) fn lookup(&self, name: Option<&Host>) -> &Arc<TlsPolicy> {
        name.map_or(&self.default, |name| self.find(name.as_str()))
    }

    /// True if a request for `host`, in canonical form, may come over a connection made under `policy`. If
    /// not, the answer is 421 (RFC 9110 §15.5.20): the handshake was for another name and has not asked what
    /// this host asks.
    pub(crate) fn admits(&self, policy: &Arc<TlsPolicy>, host: &str) -> bool {
        let wanted = self.find(host);
        Arc::ptr_eq(wanted, policy) || policy.admits(wanted.host())
    }

    fn find(&self, name: &str) -> &Arc<TlsPolicy> {
        if let Some(policy) = self.exact.get(name) {
            return policy;
        }
        let domain = name.split_once('.').map(|(_, domain)| domain);
        domain
            .and_then(|domain| self.wildcard.get(domain))
            .unwrap_or(&self.default)
    }
}

impl std::fmt::Debug for TlsTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TlsTable({} hosts)", self.exact.len() + self.wildcard.len())
    }
}

/// One compilation.
struct Compiler<'a> {
    shared: Shared<'a>,
    previous: Option<&'a TlsTable>,
    same_default: bool,
    /// By the address of the `TlsHost`: the policies and the caller keep them alive meanwhile.
    known: HashMap<*const TlsHost, Arc<TlsPolicy>, RandomState>,
    /// For hosts with limits: many have the same.
    providers: HashMap<(Arc<TlsAlgorithms>, TlsVersions), Arc<CryptoProvider>, RandomState>,
}

impl Compiler<'_> {
    fn remember(&mut self) {
        let Some(table) = self.previous else { return };
        let policies = table
            .exact
            .values()
            .chain(table.wildcard.values())
            .chain([&table.default]);
        let kept = policies.filter(|policy| self.same_default || !policy.uses_default());
        self.known
            .extend(kept.map(|policy| (Arc::as_ptr(policy.host()), policy.clone())));
    }

    fn policy(
        &mut self,
        host: &Arc<TlsHost>,
        before: impl Fn(&TlsTable) -> Option<&Arc<TlsPolicy>>,
    ) -> Arc<TlsPolicy> {
        if let Some(policy) = self.known.get(&Arc::as_ptr(host)) {
            return policy.clone();
        }
        let equal = self
            .previous
            .and_then(before)
            .filter(|policy| **policy.host() == **host && (self.same_default || !policy.uses_default()));
        let policy = match equal {
            Some(policy) => policy.clone(),
            None => Arc::new(TlsPolicy::new(host, &self.provider(host), &self.shared)),
        };
        self.known.insert(Arc::as_ptr(host), policy.clone());
        policy
    }

    fn provider(&mut self, host: &TlsHost) -> Arc<CryptoProvider> {
        let Some(algorithms) = &host.algorithms else {
            return crypto::provider().clone();
        };
        let limited = || Arc::new(crypto::limited(algorithms, host.versions));
        let key = (algorithms.clone(), host.versions);
        self.providers.entry(key).or_insert_with(limited).clone()
    }
}

#[cfg(test)]
mod tests;
