//! Servers of TLS that are us, somebody else, or nobody.

use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

const HOST: &str = "a.example.org";

/// What is made of a server with this answer and these protocols.
async fn asked(answer: Option<u8>, protocols: &[&[u8]]) -> Result<(), Wrong> {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(vec![HOST.to_owned()]).expect("a host");
    params.custom_extensions = answer
        .iter()
        .map(|byte| CustomExtension::new_acme_identifier(&[*byte; 32]))
        .collect();
    let certificate = params.self_signed(&key).expect("a certificate");
    let provider = aws_lc_rs::default_provider();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let key = provider.key_provider.load_private_key(key.into()).expect("a key");
    let certified = CertifiedKey::new(vec![certificate.der().clone()], key);
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .expect("the provider's own versions")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a client");
        let _ = acceptor.accept(stream).await;
    });
    ask(HOST, address, &Digest([7; 32])).await
}

#[tokio::test]
async fn what_comes_back_is_named() {
    let wrong = |text: &str| Err(Wrong::Other(text.to_owned()));
    assert_eq!(asked(Some(7), &[PROTOCOL]).await, Ok(()));
    assert_eq!(
        asked(Some(8), &[PROTOCOL]).await,
        wrong("answered with the answer to another challenge")
    );
    let any = "answered with a certificate as any client gets it (`CN=rcgen self signed cert`)";
    assert_eq!(asked(None, &[]).await, wrong(any));
    assert_eq!(
        asked(Some(7), &[]).await,
        wrong(any),
        "the protocol is part of the answer"
    );
    assert_eq!(
        asked(Some(7), &[b"h2"]).await,
        wrong("refused the handshake (NoApplicationProtocol)")
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("it is bound");
    drop(listener);
    let nobody = ask(HOST, address, &Digest([7; 32])).await;
    let Err(Wrong::Silent(what)) = nobody else {
        panic!("{nobody:?}")
    };
    assert!(what.starts_with("cannot be reached on port "), "{what}");
}
