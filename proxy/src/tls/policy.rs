//! The TLS policy of a host: one rustls configuration with everything that a handshake under it needs.
//!
//! Made by `table`, used by `listen` in handshakes, kept by each connection and compared by the router's
//! guard against a server name that differs from the host (421).

use std::sync::Arc;

use ferrik_config::policy::ClientCertificate;
use ferrik_config::table::{SuiteOrder, TlsAlgorithms, TlsHost, TlsVersions};
use rustls::compress::CompressionCache;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::{NoServerSessionStorage, ProducesTickets, WebPkiClientVerifier};
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SupportedProtocolVersion};

use super::client::ClientVerifier;
use super::resolver::Certificates;
use super::{TlsOptions, TrustStore, crypto};

/// How handshakes for a server name are made. Two policies are the same if they are the same `Arc`.
pub(crate) struct TlsPolicy {
    /// For rustls.
    pub(crate) config: Arc<ServerConfig>,
    /// How clients authenticate, if they do.
    pub(crate) client: Option<Arc<ClientCertificate>>,
    host: Arc<TlsHost>,
    verifier: Option<Arc<ClientVerifier>>,
    /// True if the certificate is the default one, for lack of an own that can be used.
    uses_default: bool,
}

/// What policies have in common.
pub(super) struct Shared<'a> {
    pub(super) options: TlsOptions,
    /// For policies without client certificates.
    pub(super) tickets: Option<&'a Arc<dyn ProducesTickets>>,
    /// For hosts without certificates.
    pub(super) default: &'a Arc<Certificates>,
}

impl TlsPolicy {
    /// Builds the policy of one host with a provider of its algorithms.
    pub(super) fn new(host: &Arc<TlsHost>, provider: &Arc<CryptoProvider>, shared: &Shared<'_>) -> Self {
        let own = Certificates::load(&host.certificates).map(Arc::new);
        let verifier = host.client.as_deref().map(|client| {
            let trust = Arc::new(TrustStore::new(client));
            Arc::new(ClientVerifier::new(client, trust))
        });
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(versions(host.versions))
            .expect("the provider has cipher suites for the versions");
        let builder = match &verifier {
            Some(verifier) => builder.with_client_cert_verifier(verifier.clone()),
            None => builder.with_client_cert_verifier(WebPkiClientVerifier::no_client_auth()),
        };
        let uses_default = own.is_none();
        let mut config = builder.with_cert_resolver(own.unwrap_or_else(|| shared.default.clone()));
        config.alpn_protocols = shared.options.protocols();
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.cert_compression_cache = Arc::new(CompressionCache::Disabled);
        let order = host.algorithms.as_ref().map(|algorithms| algorithms.order);
        config.ignore_client_order = order == Some(SuiteOrder::Server);
        // A session remembers the client's certificate, and rests on the keys that were agreed on. With tickets of its own,
        // a policy never resumes a session that was made under other authorities or algorithms, or under none.
        let tickets = if verifier.is_some() || host.algorithms.is_some() {
            crypto::tickets()
        } else {
            shared.tickets.cloned()
        };
        match tickets {
            Some(tickets) => config.ticketer = tickets,
            None => config.send_tls13_tickets = 0,
        }
        Self {
            config: Arc::new(config),
            client: host.client.clone(),
            host: host.clone(),
            verifier,
            uses_default,
        }
    }

    /// True if requests for a host with this TLS may come over a connection made under this policy: its
    /// clients have been asked the same, and its versions and algorithms are allowed.
    ///
    /// Where a filter judges, having been asked is enough, because it judges by the host's own authorities.
    pub(super) fn admits(&self, host: &TlsHost) -> bool {
        let versions = host.versions == TlsVersions::default() || host.versions == self.host.versions;
        let clients = match (&host.client, &self.client) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(wanted), Some(asked)) => {
                wanted == asked || (wanted.mode.is_judged_by_filter() && asked.mode.is_judged_by_filter())
            }
        };
        versions && clients && self.is_within(host)
    }

    /// True if its handshakes agree on nothing that the host does not allow.
    fn is_within(&self, host: &TlsHost) -> bool {
        host.algorithms.as_ref().is_none_or(|wanted| {
            let all = TlsAlgorithms::default();
            self.host.algorithms.as_deref().unwrap_or(&all).is_within(wanted)
        })
    }

    /// Holds a resumed session's certificates to what is true now; a full handshake has done so already.
    pub(crate) fn check(&self, chain: &[CertificateDer<'_>], now: UnixTime) -> Result<(), rustls::Error> {
        self.verifier
            .as_ref()
            .map_or(Ok(()), |verifier| verifier.check(chain, now))
    }

    /// What it was made from.
    pub(crate) fn host(&self) -> &Arc<TlsHost> {
        &self.host
    }

    /// True if it depends on the default certificate.
    pub(super) fn uses_default(&self) -> bool {
        self.uses_default
    }
}

fn versions(versions: TlsVersions) -> &'static [&'static SupportedProtocolVersion] {
    const BOTH: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
    match versions {
        TlsVersions::Tls12And13 => &BOTH,
        TlsVersions::Tls13 => &BOTH[..1],
        TlsVersions::Tls12 => &BOTH[1..],
    }
}

#[cfg(test)]
mod tests;
