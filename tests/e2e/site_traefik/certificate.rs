//! Client certificates at the Traefik site: the handshake refuses a bad one, and the application is told of a good one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{HOST, Site};
use crate::support::certs::Authority;
use crate::support::{Tls, get};

const SUBJECT: [(&str, &str); 5] = [
    ("DC", "org"),
    ("DC", "dataone"),
    ("C", "US"),
    ("O", "Data One"),
    ("CN", "urn:node:mnTest"),
];

#[tokio::test]
async fn a_trusted_certificate_is_told_in_traefiks_headers() {
    let site = Site::start().await;
    let client = site.clients.client(&SUBJECT);
    let tls = Tls::to(HOST).certificate(&client);
    let received = site
        .ferrik
        .with(&tls, get(HOST, "/"))
        .await
        .expect("it is trusted")
        .received();
    assert_eq!(
        received.all("x-forwarded-tls-client-cert"),
        [STANDARD.encode(client.der())]
    );
    assert_eq!(
        received.all("x-forwarded-tls-client-cert-info"),
        ["Subject%3D%22DC%3Dorg%2CDC%3Ddataone%2CC%3DUS%2CO%3DData+One%2CCN%3Durn%3Anode%3AmnTest%22"]
    );
}

#[tokio::test]
async fn without_a_certificate_the_headers_are_absent_whatever_the_client_says() {
    let site = Site::start().await;
    let forged = get(HOST, "/")
        .header("x-forwarded-tls-client-cert", "forged")
        .header("x-forwarded-tls-client-cert-info", "forged")
        .header("x_forwarded_tls_client_cert", "forged");
    let received = site.ferrik.secure(forged).await.received();
    assert_eq!(
        received.names_like("x-forwarded-tls-client-cert"),
        Vec::<&str>::new()
    );
}

#[tokio::test]
async fn a_certificate_of_another_authority_fails_the_handshake() {
    let site = Site::start().await;
    let strangers = Authority::new("strangers");
    for client in [strangers.client(&SUBJECT), site.clients.expired_client(&SUBJECT)] {
        let tls = Tls::to(HOST).certificate(&client);
        let answer = site.ferrik.with(&tls, get(HOST, "/")).await;
        assert!(answer.is_err(), "{answer:?}");
    }
    assert_eq!(site.backend.count(), 0);
}
