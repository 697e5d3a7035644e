//! What one Ingress contributes: its share of every host that it names.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::reader::Read;
use crate::acme::Wanted;
use crate::name::{HostKey, ServicePort};
use crate::policy::{ClientCertificate, Step};
use crate::report::Diagnostic;
use crate::table::{Certificate, Route, TlsAlgorithms, TlsVersions};

/// The result of stage one for one Ingress. Empty for an Ingress of a class that is not ours.
#[derive(Debug, Default)]
pub(crate) struct Fragment {
    /// Sort key of "the oldest wins"; see [`crate::snapshot::Meta::age`].
    pub(crate) age: (bool, String, String, String),
    /// Its class is one of ours.
    pub(crate) is_ours: bool,
    /// Shares by host.
    pub(crate) hosts: Shares,
    /// What is wrong with the object itself.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// What it was made from, besides the Ingress.
    pub(crate) reads: Box<[Read]>,
    /// The service ports that its routes use.
    pub(crate) ports: Box<[ServicePort]>,
    /// The certificates that it asks for.
    pub(crate) wanted: Arc<[Wanted]>,
}

/// Shares by host. Most Ingresses have one host, for which the first node of a tree would keep room for eleven; there are as
/// many of these as there are Ingresses.
#[derive(Debug, Default)]
pub(crate) struct Shares(Box<[(HostKey, HostShare)]>);

impl From<BTreeMap<HostKey, HostShare>> for Shares {
    fn from(shares: BTreeMap<HostKey, HostShare>) -> Self {
        Self(shares.into_iter().collect())
    }
}

impl Shares {
    /// The share of one host.
    pub(crate) fn get(&self, host: &HostKey) -> Option<&HostShare> {
        let at = self.0.binary_search_by(|(key, _)| key.cmp(host)).ok()?;
        self.0.get(at).map(|(_, share)| share)
    }

    /// The hosts, in order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &HostKey> {
        self.0.iter().map(|(host, _)| host)
    }
}

/// One Ingress's share of one host.
#[derive(Debug, Default)]
pub(crate) struct HostShare {
    /// A rule names the host, and the dialect knows hosts that miss: its requests fall to no other host, even if none of
    /// the rules can be served.
    pub(crate) named: bool,
    /// Routes in the order of the rules.
    pub(crate) routes: Vec<Draft>,
    /// Serves what no route of the host matches.
    pub(crate) default: Option<Draft>,
    /// A `tls` section stands in the Ingress for this host (nginx: for any host of the rules).
    pub(crate) tls: bool,
    /// The field by which the Ingress asks for a certificate for this host.
    pub(crate) asks: Option<String>,
    /// Certificates that cover the host.
    pub(crate) certificates: Vec<Arc<Certificate>>,
    /// Client authentication of the host, as each dialect of the Ingress asks for it.
    pub(crate) clients: Vec<ClientShare>,
    /// Limits on what is agreed on in a handshake.
    pub(crate) limits: Option<LimitsShare>,
    /// What nginx applies to the whole host.
    pub(crate) nginx: NginxShare,
    /// This name is an alias of that host, which the same Ingress has rules for.
    pub(crate) alias_of: Option<HostKey>,
    /// The names that are aliases of this host.
    pub(crate) aliases: Vec<HostKey>,
    /// This name is the `www` twin of that host, and only redirects there.
    pub(crate) twin_redirect: Option<Arc<Route>>,
}

/// A route before the host is known as a whole.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    /// The route, complete but for what the host decides.
    pub(crate) route: Arc<Route>,
    /// Index of the step that only counts if the host has TLS (ingress-nginx `ssl-redirect`).
    pub(crate) only_with_tls: Option<usize>,
    /// The path in the words of the rule: for messages, and because a pattern keeps the slash that a prefix loses.
    pub(crate) written: String,
}

impl HostShare {
    /// True if the Ingress has something to say about requests to the host, not only about its names or its TLS.
    pub(crate) fn is_served(&self) -> bool {
        self.named || !self.routes.is_empty() || self.default.is_some()
    }
}

/// Modes that ingress-nginx applies to a host as a whole, whichever Ingress asks for them.
#[derive(Debug, Default)]
pub(crate) struct NginxShare {
    /// `use-regex`, or a `rewrite-target`.
    pub(crate) regex: bool,
    /// `app-root`.
    pub(crate) app_root: Option<Step>,
}

/// Client authentication as one Ingress asks for it.
#[derive(Clone, Debug)]
pub(crate) struct ClientShare {
    /// What the handshake does.
    pub(crate) client: Arc<ClientCertificate>,
    /// The judging step, in the nginx dialect.
    pub(crate) verdict: Option<Step>,
}

/// Limits on handshakes as one Ingress asks for them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LimitsShare {
    /// Protocol versions.
    pub(crate) versions: TlsVersions,
    /// Cipher suites and key exchange groups.
    pub(crate) algorithms: Option<Arc<TlsAlgorithms>>,
    /// Only the default of all Ingresses, which gives way to what any Ingress of the host says itself.
    pub(crate) by_default: bool,
}

impl LimitsShare {
    /// False if everything that is spoken may be agreed on.
    pub(crate) fn limits(&self) -> bool {
        self.versions != TlsVersions::default() || self.algorithms.is_some()
    }
}
