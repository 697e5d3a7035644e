//! TLS and plain connections from connect to the first echo.

use ferrik_config::policy::ClientCertificateMode as Mode;
use ferrik_config::table::{Digest, TlsAlpn, TlsHost};
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, ClientConfig, Error};
use tokio::io::AsyncReadExt;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream as ClientStream;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use super::super::Scheme;
use super::super::testing::{Site, exchange, patient, unlimited, until};
use super::*;
use crate::tls::testing::{
    Client, authority, client_config, client_config_of, client_policy, params, tls_host,
};

fn site(host: TlsHost) -> Site {
    Site::new(&patient(), unlimited(), host)
}

fn asking(mode: Mode, authority: &crate::tls::testing::Authority) -> TlsHost {
    let client = client_policy(mode, &[authority]);
    TlsHost {
        client: Some(Arc::new(client)),
        ..(*tls_host("a.test")).clone()
    }
}

async fn connect(site: &Site, config: ClientConfig) -> io::Result<ClientStream<TcpStream>> {
    let address = site.listen(true).await;
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("A.test").expect("a server name");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

#[tokio::test]
async fn a_tls_connection_is_served_and_knows_its_facts() {
    let authority = authority("root");
    let client = Client::issued(&params("client"), &authority);
    let mut site = site(asking(Mode::Optional, &authority));
    let mut config = client_config(Some(&client));
    config.alpn_protocols = vec![b"h2".to_vec()];
    let mut stream = connect(&site, config).await.expect("a handshake");
    stream.write_all(b"hello\n").await.expect("open");
    let mut echo = [0; 6];
    stream.read_exact(&mut echo).await.expect("an echo");
    assert_eq!(&echo, b"hello\n");

    let connection = site.served().await;
    let facts = connection.tls.as_ref().expect("TLS");
    assert_eq!(
        (connection.scheme, connection.h2, facts.h2),
        (Scheme::Https, true, true)
    );
    assert_eq!(facts.sni.as_ref().map(Host::as_str), Some("a.test"));
    assert_eq!(
        (facts.version, facts.cipher),
        ("TLSv1.3", "TLS_AES_256_GCM_SHA384")
    );
    assert_eq!(facts.client_chain, client.chain);
    assert_eq!(facts.client_names().subject, "CN=client");
    assert_eq!(connection.client_text, "127.0.0.1");
    assert_eq!(connection.requests(), 1);
    let (received, sent) = connection.traffic();
    assert!(received > 500 && sent > 500, "handshakes are counted");
}

#[tokio::test]
async fn a_refused_client_gets_the_alert_and_is_counted() {
    let site = site(asking(Mode::HandshakeRequire, &authority("root")));
    let unknown = Client::issued(&params("client"), &authority("other"));
    for (client, alert, failure) in [
        (
            None,
            AlertDescription::CertificateRequired,
            HandshakeFailure::NoClientCertificate,
        ),
        (
            Some(&unknown),
            AlertDescription::UnknownCA,
            HandshakeFailure::BadClientCertificate,
        ),
    ] {
        // In TLS 1.3 a client is done before the server has looked at its certificate, and may send at once.
        let mut stream = connect(&site, client_config(client))
            .await
            .expect("the client's half");
        let _ = stream.write_all(b"hello\n").await;
        let error = stream.read_to_end(&mut Vec::new()).await.expect_err("an alert");
        let error = error
            .get_ref()
            .and_then(|error| error.downcast_ref::<Error>())
            .cloned();
        assert_eq!(error, Some(Error::AlertReceived(alert)));
        drop(stream);
        until(|| site.registry.counters().failed_handshakes(failure) == 1).await;
    }
}

#[tokio::test]
async fn plain_text_on_a_tls_port_is_told_so() {
    let site = site((*tls_host("a.test")).clone());
    let mut stream = TcpStream::connect(site.listen(true).await)
        .await
        .expect("a connection");
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        .await
        .expect("open");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("a proper end");
    assert_eq!(answer.first(), Some(&21), "an alert");
    drop(stream);
    until(|| {
        site.registry
            .counters()
            .failed_handshakes(HandshakeFailure::NotTls)
            == 1
    })
    .await;
}

#[tokio::test]
async fn a_plain_connection_is_told_apart_by_its_first_bytes() {
    let mut site = site(TlsHost::default());
    let address = site.listen(false).await;
    let mut http1 = TcpStream::connect(address).await.expect("a connection");
    exchange(&mut http1, "GET / HTTP/1.1\n").await;
    let connection = site.served().await;
    assert_eq!((connection.scheme, connection.h2), (Scheme::Http, false));
    assert_eq!(Some(connection.peer), http1.local_addr().ok());
    assert_eq!(connection.local, address);
    assert_eq!(&*connection.listener, "test");
    let mut http2 = TcpStream::connect(address).await.expect("a connection");
    exchange(&mut http2, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert!(site.served().await.h2);
}

/// A site with one open challenge, whose host asks for what no authority has.
fn challenged() -> Site {
    let host = TlsHost {
        versions: ferrik_config::table::TlsVersions::Tls12,
        ..asking(Mode::HandshakeRequire, &authority("root"))
    };
    let challenges = TlsAlpn {
        version: 1,
        digests: [(crate::tls::testing::host("a.test"), Digest([7; 32]))]
            .into_iter()
            .collect(),
    };
    Site::with_challenges(&patient(), unlimited(), host, &challenges)
}

fn offering(protocols: &[&str]) -> ClientConfig {
    let mut config = client_config(None);
    config.alpn_protocols = protocols
        .iter()
        .map(|protocol| protocol.as_bytes().to_vec())
        .collect();
    config
}

/// The alert that a client was sent.
fn alert(error: &io::Error) -> Option<Error> {
    let inner = error.get_ref().and_then(|error| error.downcast_ref::<Error>());
    inner.cloned()
}

#[tokio::test]
async fn an_authority_gets_its_answer_in_the_handshake_and_nothing_after_it() {
    let mut site = challenged();
    let address = site.listen(true).await;
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let mut config = client_config_of(None, &[version]);
        config.alpn_protocols = vec![b"acme-tls/1".to_vec()];
        let stream = TcpStream::connect(address).await.expect("a connection");
        let name = ServerName::try_from("A.test").expect("a server name");
        let mut stream = TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
            .expect("a handshake");
        let server = stream.get_ref().1;
        assert_eq!(server.alpn_protocol(), Some(b"acme-tls/1".as_slice()));
        assert_eq!(server.protocol_version(), Some(version.version));
        let chain = server.peer_certificates().expect("a certificate");
        let (_, leaf) = X509Certificate::from_der(&chain[0]).expect("it can be read");
        let names = leaf.subject_alternative_name().expect("one").expect("one").value;
        assert_eq!(names.general_names, [GeneralName::DNSName("a.test")]);
        let proof = leaf
            .extensions()
            .iter()
            .find(|extension| extension.oid.to_id_string() == "1.3.6.1.5.5.7.1.31")
            .expect("the extension");
        assert!(proof.critical);
        assert_eq!(proof.value, [&[4, 32], [7; 32].as_slice()].concat());
        // The server may have closed before it is read.
        let _ = stream.write_all(b"hello\n").await;
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.expect("a proper end");
        assert!(rest.is_empty());
    }
    until(|| site.registry.active() == 0).await;
    assert!(site.connections.try_recv().is_err(), "nothing was served");
}

#[tokio::test]
async fn who_offers_other_protocols_beside_is_a_client_as_any_other() {
    let challenges = TlsAlpn {
        version: 1,
        digests: [(crate::tls::testing::host("a.test"), Digest([7; 32]))]
            .into_iter()
            .collect(),
    };
    let host = (*tls_host("a.test")).clone();
    let certificate = host.certificates[0].chain[0].clone();
    let mut site = Site::with_challenges(&patient(), unlimited(), host, &challenges);
    let mut stream = connect(&site, offering(&["acme-tls/1", "h2"]))
        .await
        .expect("a handshake");
    let server = stream.get_ref().1;
    assert_eq!(server.alpn_protocol(), Some(b"h2".as_slice()));
    let chain = server.peer_certificates().expect("a certificate");
    assert_eq!(*chain[0], *certificate);
    stream.write_all(b"hello\n").await.expect("open");
    assert!(site.served().await.h2);
}

#[tokio::test]
async fn a_challenge_of_which_nothing_is_known_is_refused_before_any_certificate() {
    let mut site = challenged();
    let address = site.listen(true).await;
    for name in ["b.test", "192.0.2.1"] {
        let stream = TcpStream::connect(address).await.expect("a connection");
        let name = ServerName::try_from(name).expect("a server name");
        let connected = TlsConnector::from(Arc::new(offering(&["acme-tls/1"])))
            .connect(name, stream)
            .await;
        let error = connected.expect_err("it is refused");
        assert_eq!(
            alert(&error),
            Some(Error::AlertReceived(AlertDescription::NoApplicationProtocol))
        );
    }
    let counters = site.registry.counters();
    until(|| counters.failed_handshakes(HandshakeFailure::Protocol) == 2).await;
    assert!(site.connections.try_recv().is_err(), "nothing was served");
}
