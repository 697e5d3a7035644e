//! tls-alpn-01 (RFC 8737) is validated at the port that the options name.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use ferrik_test_acme::{Acme, AcmeOptions, Endpoint};
use ferrik_test_process::within;
use instant_acme::ChallengeType;
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::client::{account, issue_by, parse, read};

#[tokio::test]
async fn a_challenge_is_answered_in_the_handshake() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a port is free");
    let acme = Acme::start(AcmeOptions {
        tls_port: listener.local_addr().expect("it is bound").port(),
        ..AcmeOptions::default()
    })
    .await;
    let answer = Arc::<Mutex<Option<TlsAcceptor>>>::default();
    let answering = tokio::spawn(serve(listener, answer.clone()));
    let account = account(&acme, None).await.expect("accounts are free");
    let put = |key: &instant_acme::KeyAuthorization| {
        *answer.lock().expect("nobody panicked") = Some(acceptor("shop.test", key.digest().as_ref()));
    };
    let issued = issue_by(&account, "shop.test", ChallengeType::TlsAlpn01, put);
    let chain = within("a certificate is issued", issued)
        .await
        .expect("it is answered");
    let leaf = &parse(&chain)[0];
    assert!(read(leaf).validity().is_valid());
    assert_eq!((acme.orders(), acme.count(Endpoint::Challenge)), (1, 1));
    answering.abort();
}

/// Shakes hands with the newest answer, and says nothing more.
async fn serve(listener: TcpListener, answer: Arc<Mutex<Option<TlsAcceptor>>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = answer.lock().expect("nobody panicked").clone();
        if let Some(acceptor) = acceptor {
            tokio::spawn(async move { acceptor.accept(stream).await });
        }
    }
}

/// The listener that RFC 8737 asks for.
fn acceptor(host: &str, digest: &[u8]) -> TlsAcceptor {
    let key = KeyPair::generate().expect("keys can be made");
    let mut params = CertificateParams::new([host.to_owned()]).expect("a host");
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let certificate = params.self_signed(&key).expect("the parameters are good");
    let provider = aws_lc_rs::default_provider();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let key = provider.key_provider.load_private_key(key.into());
    let key = key.expect("a key that has just been made");
    // rustls compares certificate and key where it is given both, and then refuses the extension, which is critical.
    let answer = CertifiedKey::new(vec![certificate.der().clone()], key);
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(answer)));
    config.alpn_protocols = vec![b"acme-tls/1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}
