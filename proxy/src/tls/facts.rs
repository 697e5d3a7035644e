//! What a connection remembers of its handshake.
//!
//! Made by `listen` after the handshake; read by filters, router, access log. What is derived from a client's
//! certificate is worked out on first use and kept, because one connection carries many requests.

use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwapOption;
use ferrik_config::name::Host;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::{CipherSuite, ProtocolVersion, ServerConnection};

use super::judge::Judgement;
use super::{Identity, TlsPolicy, TrustStore, Verdict, encoding};

/// The handshake of one connection.
pub(crate) struct TlsFacts {
    /// The server name that the client asked for.
    pub(crate) sni: Option<Host>,
    /// `TLSv1.2` or `TLSv1.3`, as nginx's `$ssl_protocol`.
    pub(crate) version: &'static str,
    /// OpenSSL's name, as nginx's `$ssl_cipher`.
    pub(crate) cipher: &'static str,
    /// True if HTTP/2 was agreed on.
    pub(crate) h2: bool,
    /// True if the client resumed a session.
    pub(crate) resumed: bool,
    /// The policy that the handshake was made under.
    pub(crate) policy: Arc<TlsPolicy>,
    /// What the client presented, its own certificate first; it has proven that it holds the key.
    pub(crate) client_chain: Vec<CertificateDer<'static>>,
    judged: ArcSwapOption<Judged>,
    names: OnceLock<Names>,
    pem: OnceLock<String>,
}

/// Subject and issuer of the client's certificate as nginx prints them; empty without one.
#[derive(Default)]
pub(crate) struct Names {
    /// `$ssl_client_s_dn`.
    pub(crate) subject: String,
    /// `$ssl_client_i_dn`.
    pub(crate) issuer: String,
}

struct Judged {
    by: Arc<TrustStore>,
    judgement: Judgement,
}

impl TlsFacts {
    /// Takes the facts from a finished handshake.
    pub(crate) fn new(session: &ServerConnection, sni: Option<Host>, policy: Arc<TlsPolicy>) -> Self {
        Self {
            sni,
            version: session.protocol_version().map_or("", version),
            cipher: session
                .negotiated_cipher_suite()
                .map_or("", |suite| cipher(suite.suite())),
            h2: session.alpn_protocol() == Some(b"h2"),
            resumed: session.handshake_kind() == Some(rustls::HandshakeKind::Resumed),
            policy,
            client_chain: session.peer_certificates().unwrap_or_default().to_vec(),
            judged: ArcSwapOption::empty(),
            names: OnceLock::new(),
            pem: OnceLock::new(),
        }
    }

    /// A handshake that nobody made, of a client that presents no certificate; for `explain`.
    pub(crate) fn without_certificate(sni: Option<Host>, policy: Arc<TlsPolicy>) -> Self {
        Self {
            sni,
            version: "TLSv1.3",
            cipher: "TLS_AES_128_GCM_SHA256",
            h2: false,
            resumed: false,
            policy,
            client_chain: Vec::new(),
            judged: ArcSwapOption::empty(),
            names: OnceLock::new(),
            pem: OnceLock::new(),
        }
    }

    /// The verdict of `trust` at `now`, worked out again only for another trust store or when a certificate
    /// of the chain has become or ceased to be valid.
    pub(crate) fn verdict(&self, trust: &Arc<TrustStore>, now: UnixTime) -> Verdict {
        let known = self.judged.load();
        if let Some(known) = known.as_ref()
            && Arc::ptr_eq(&known.by, trust)
            && known.judgement.holds_at(now)
        {
            return known.judgement.verdict;
        }
        let judgement = trust.judgement(&self.client_chain, now);
        self.judged.store(Some(Arc::new(Judged {
            by: trust.clone(),
            judgement,
        })));
        judgement.verdict
    }

    /// The names in the client's certificate.
    pub(crate) fn client_names(&self) -> &Names {
        self.names.get_or_init(|| {
            let identity = self.client_chain.first().and_then(Identity::parse);
            identity.map_or_else(Names::default, |identity| Names {
                subject: identity.subject_dn(),
                issuer: identity.issuer_dn(),
            })
        })
    }

    /// nginx's `$ssl_client_escaped_cert`; empty without a certificate.
    pub(crate) fn client_pem(&self) -> &str {
        self.pem.get_or_init(|| {
            self.client_chain
                .first()
                .map(encoding::escaped_pem)
                .unwrap_or_default()
        })
    }
}

fn version(version: ProtocolVersion) -> &'static str {
    match version {
        ProtocolVersion::TLSv1_2 => "TLSv1.2",
        ProtocolVersion::TLSv1_3 => "TLSv1.3",
        other => other.as_str().unwrap_or(""),
    }
}

/// The suites that the provider has, in OpenSSL's names.
fn cipher(suite: CipherSuite) -> &'static str {
    match suite {
        CipherSuite::TLS13_AES_128_GCM_SHA256 => "TLS_AES_128_GCM_SHA256",
        CipherSuite::TLS13_AES_256_GCM_SHA384 => "TLS_AES_256_GCM_SHA384",
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => "TLS_CHACHA20_POLY1305_SHA256",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 => "ECDHE-ECDSA-AES128-GCM-SHA256",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 => "ECDHE-ECDSA-AES256-GCM-SHA384",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 => "ECDHE-ECDSA-CHACHA20-POLY1305",
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 => "ECDHE-RSA-AES128-GCM-SHA256",
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 => "ECDHE-RSA-AES256-GCM-SHA384",
        CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => "ECDHE-RSA-CHACHA20-POLY1305",
        other => other.as_str().unwrap_or(""),
    }
}

#[cfg(test)]
mod tests {
    use super::super::crypto;
    use super::*;

    #[test]
    fn every_suite_has_openssls_name() {
        for suite in &crypto::provider().cipher_suites {
            let name = cipher(suite.suite());
            assert!(
                !name.is_empty() && !name.contains("WITH") && !name.contains("TLS13"),
                "{name}"
            );
        }
    }
}
