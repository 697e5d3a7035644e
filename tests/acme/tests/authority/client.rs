//! A client of the certificate authority.

use ferrik_test_acme::Acme;
use instant_acme::{
    Account, AccountBuilder, AuthorizationStatus, ChallengeType, Error, ExternalAccountKey, Identifier,
    KeyAuthorization, NewAccount, NewOrder, OrderStatus, RetryPolicy,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

use crate::responder::Responder;

pub(crate) fn builder(acme: &Acme) -> AccountBuilder {
    // The library takes the process's default, which is undecided where other crates bring a second provider. Whoever is
    // first decides.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Account::builder_with_root(acme.listener_ca_file()).expect("the authority is written")
}

/// A new account.
pub(crate) async fn account(acme: &Acme, key: Option<&ExternalAccountKey>) -> Result<Account, Error> {
    let new = NewAccount {
        contact: &[],
        terms_of_service_agreed: true,
        only_return_existing: false,
    };
    let (account, _) = builder(acme).create(&new, acme.directory_url(), key).await?;
    Ok(account)
}

/// Makes an order for one name.
pub(crate) async fn order(account: &Account, host: &str) -> Result<instant_acme::Order, Error> {
    let names = [Identifier::Dns(host.to_owned())];
    account.new_order(&NewOrder::new(&names)).await
}

/// The chain for one name, PEM, by http-01.
pub(crate) async fn issue(account: &Account, host: &str, responder: &Responder) -> Result<String, Error> {
    issue_by(account, host, ChallengeType::Http01, |key| {
        responder.put(key.as_str());
    })
    .await
}

/// The same by any kind of challenge: `put` has it answered.
pub(crate) async fn issue_by(
    account: &Account,
    host: &str,
    kind: ChallengeType,
    put: impl Fn(&KeyAuthorization),
) -> Result<String, Error> {
    let mut order = order(account, host).await?;
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if authorization.status == AuthorizationStatus::Pending {
            let challenge = authorization.challenge(kind.clone());
            let mut challenge = challenge.expect("pebble offers it");
            put(&challenge.key_authorization());
            challenge.set_ready().await?;
        }
    }
    let status = order.poll_ready(&RetryPolicy::default()).await?;
    assert_eq!(status, OrderStatus::Ready);
    order.finalize().await?;
    order.poll_certificate(&RetryPolicy::default()).await
}

/// The certificates of a chain.
pub(crate) fn parse(chain: &str) -> Vec<CertificateDer<'static>> {
    let chain = CertificateDer::pem_slice_iter(chain.as_bytes());
    chain.collect::<Result<_, _>>().expect("PEM of certificates")
}

/// One certificate, to be looked into.
pub(crate) fn read<'a>(certificate: &'a CertificateDer<'_>) -> X509Certificate<'a> {
    X509Certificate::from_der(certificate).expect("a certificate").1
}

/// The type of the problem that the server answered with.
pub(crate) fn problem<T>(result: Result<T, Error>) -> String {
    match result.err().expect("it fails") {
        Error::Api(problem) => {
            let kind = problem.r#type.expect("ACME's problems have a type");
            kind.trim_start_matches("urn:ietf:params:acme:error:").to_owned()
        }
        other => panic!("no problem document: {other}"),
    }
}
