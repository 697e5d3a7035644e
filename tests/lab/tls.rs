//! Clients that speak TLS and may show a certificate, and the authority that all certificates of a test are from.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::ferrik::{Answer, Client};
use crate::yaml::secret;

/// A certificate authority, made anew.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: rcgen::Certificate,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().expect("a key can be made");
        let certificate = params.self_signed(&key).expect("it can be signed");
        Self {
            issuer: Issuer::new(params, key),
            certificate,
        }
    }

    /// A Secret with the root, as `auth-tls-secret` reads it.
    pub(crate) fn secret(&self, namespace: &str, name: &str) -> String {
        let entries = serde_json::json!({"ca.crt": self.certificate.pem()});
        secret(namespace, name, "Opaque", &entries.to_string())
    }

    /// A Secret with a server certificate.
    pub(crate) fn server_secret(&self, namespace: &str, name: &str, hosts: &[&str]) -> String {
        let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        let (certificate, key) = self.issue(hosts, ExtendedKeyUsagePurpose::ServerAuth);
        let entries = serde_json::json!({"tls.crt": certificate.pem(), "tls.key": key.serialize_pem()});
        secret(namespace, name, "kubernetes.io/tls", &entries.to_string())
    }

    /// Clients that trust this authority's servers, with a certificate of their own or none. They resume sessions, as
    /// browsers do.
    pub(crate) fn clients(&self, shows: Option<&Self>, address: SocketAddr, host: &'static str) -> Clients {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.der().clone()).expect("it is a root");
        let builder =
            ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .expect("the versions are known")
                .with_root_certificates(roots);
        let config = match shows {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let (certificate, key) = authority.issue(Vec::new(), ExtendedKeyUsagePurpose::ClientAuth);
                let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
                let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
                builder.with_client_auth_cert(chain, key).expect("they fit")
            }
        };
        Clients {
            config: Arc::new(config),
            address,
            host,
        }
    }

    fn issue(&self, names: Vec<String>, purpose: ExtendedKeyUsagePurpose) -> (rcgen::Certificate, KeyPair) {
        let mut params = CertificateParams::new(names).expect("host names");
        params.extended_key_usages = vec![purpose];
        let key = KeyPair::generate().expect("a key can be made");
        let certificate = params.signed_by(&key, &self.issuer).expect("it can be signed");
        (certificate, key)
    }
}

/// Clients of one host that know of each other's sessions.
#[derive(Clone)]
pub(crate) struct Clients {
    config: Arc<ClientConfig>,
    address: SocketAddr,
    host: &'static str,
}

impl Clients {
    /// The host that they ask.
    pub(crate) fn host(&self) -> &'static str {
        self.host
    }

    /// A stream for what no client would send.
    pub(crate) async fn stream(&self) -> anyhow::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.address).await?;
        let connector = TlsConnector::from(self.config.clone());
        let name = ServerName::try_from(self.host)?;
        Ok(connector.connect(name, stream).await?)
    }

    /// A connection that stays.
    pub(crate) async fn connect(&self) -> anyhow::Result<Client> {
        Client::over(self.stream().await?).await
    }

    /// One request on a connection of its own.
    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.connect().await?.get(self.host, path).await
    }
}
