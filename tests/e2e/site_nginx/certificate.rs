//! Client certificates at the nginx site: asked for, judged, and told to the application, which decides.

use super::{HOST, Site};
use crate::support::certs::{Authority, Identity, self_signed_client};
use crate::support::{Received, Tls, get};

/// A node of the network, in the order of its certificate.
const SUBJECT: [(&str, &str); 3] = [("DC", "org"), ("DC", "dataone"), ("CN", "urn:node:mnTest")];

async fn present(site: &Site, identity: &Identity) -> Received {
    let tls = Tls::to(HOST).certificate(identity);
    let answer = site
        .ferrik
        .with(&tls, get(HOST, "/archive/d1/mn/v2/object"))
        .await;
    answer.expect("the handshake takes any certificate").received()
}

#[tokio::test]
async fn a_trusted_certificate_reaches_the_application_as_escaped_pem() {
    let site = Site::start().await;
    let client = site.clients.client(&SUBJECT);
    let received = present(&site, &client).await;
    assert_eq!(received.all("ssl-client-verify"), ["SUCCESS"]);
    assert_eq!(
        received.all("ssl-client-subject-dn"),
        ["CN=urn:node:mnTest,DC=dataone,DC=org"]
    );
    assert_eq!(received.all("ssl-client-issuer-dn"), ["CN=clients"]);
    let escaped = received
        .header("ssl-client-cert")
        .expect("the certificate is passed");
    assert_eq!(unescape(escaped), client.pem());
    assert!(!escaped.contains([' ', '+', '\n']), "{escaped}");
}

#[tokio::test]
async fn an_unknown_issuer_passes_and_is_called_failed() {
    let site = Site::start().await;
    let stranger = Authority::new("strangers").client(&SUBJECT);
    let received = present(&site, &stranger).await;
    let verdict = received.header("ssl-client-verify").expect("a verdict");
    assert_eq!(verdict, "FAILED:unable to verify the first certificate");
    assert_eq!(
        received.header("ssl-client-subject-dn"),
        Some("CN=urn:node:mnTest,DC=dataone,DC=org")
    );
    assert_eq!(
        unescape(received.header("ssl-client-cert").expect("it is passed")),
        stranger.pem()
    );

    let received = present(&site, &self_signed_client(&SUBJECT)).await;
    assert_eq!(
        received.header("ssl-client-verify"),
        Some("FAILED:self-signed certificate")
    );
}

#[tokio::test]
async fn without_a_certificate_the_verdict_is_none() {
    let site = Site::start().await;
    let received = site.ferrik.secure(get(HOST, "/")).await.received();
    assert_eq!(received.all("ssl-client-verify"), ["NONE"]);
    assert_eq!(received.header("ssl-client-subject-dn").unwrap_or_default(), "");
    assert_eq!(received.header("ssl-client-cert").unwrap_or_default(), "");
}

#[tokio::test]
async fn an_expired_certificate_is_refused_with_400() {
    let site = Site::start().await;
    let tls = Tls::to(HOST).certificate(&site.clients.expired_client(&SUBJECT));
    let answer = site
        .ferrik
        .with(&tls, get(HOST, "/"))
        .await
        .expect("the handshake takes any certificate");
    assert_eq!(answer.status, 400);
    assert_eq!(site.backend.count(), 0);
}

#[tokio::test]
async fn what_a_client_claims_about_its_certificate_is_removed() {
    let site = Site::start().await;
    let forged = get(HOST, "/")
        .header("ssl-client-verify", "SUCCESS")
        .header("ssl-client-subject-dn", "CN=admin,DC=forged")
        .header("ssl-client-issuer-dn", "CN=forged")
        .header("ssl-client-cert", "forged")
        .header("ssl_client_verify", "SUCCESS")
        .header("ssl_client_subject_dn", "CN=admin,DC=forged")
        .header("ssl-client_verify", "SUCCESS");
    let received = site.ferrik.secure(forged).await.received();
    assert_eq!(received.names_like("ssl-client-verify"), ["ssl-client-verify"]);
    assert_eq!(received.header("ssl-client-verify"), Some("NONE"));
    let forged = received
        .headers
        .iter()
        .filter(|(_, value)| value.contains("forged"));
    assert_eq!(forged.count(), 0, "{:?}", received.headers);
}

#[tokio::test]
async fn a_client_cannot_have_what_we_say_of_it_removed() {
    let site = Site::start().await;
    let names = [
        "ssl-client-verify",
        "ssl-client-subject-dn",
        "ssl-client-cert",
        "x-proxy-key",
        "x-request-id",
    ];
    let tls = Tls::to(HOST).certificate(&Authority::new("strangers").client(&SUBJECT));
    for name in names {
        let ask = get(HOST, "/").header("connection", &format!("close, {name}"));
        let answer = site
            .ferrik
            .with(&tls, ask)
            .await
            .expect("the handshake takes any certificate");
        if answer.status != 400 {
            assert!(answer.received().header(name).is_some(), "{name} is gone");
        }
    }
}

#[tokio::test]
async fn the_verdict_holds_for_every_request_of_a_connection() {
    let site = Site::start().await;
    let tls = Tls::to(HOST)
        .certificate(&site.clients.client(&SUBJECT))
        .alpn(&["h2"]);
    let mut connection = crate::support::Connection::tls(site.ferrik.https(), &tls)
        .await
        .expect("the handshake takes it");
    for target in ["/a", "/b", "/c"] {
        let received = connection
            .send(get(HOST, target))
            .await
            .expect("an answer")
            .received();
        assert_eq!(received.header("ssl-client-verify"), Some("SUCCESS"), "{target}");
    }
}

/// Undoes percent-encoding.
fn unescape(text: &str) -> String {
    let mut pieces = text.split('%');
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (hex, rest) = piece.split_at(2);
        out.push(char::from(
            u8::from_str_radix(hex, 16).expect("two hexadecimal digits"),
        ));
        out.push_str(rest);
    }
    out
}
