//! The protocol (RFC 8555, RFC 9773), by a library: an account at one authority, and what orders ask of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use instant_acme::{
    AccountCredentials, AuthorizationStatus, CertificateIdentifier, ChallengeType, Error, ExternalAccountKey,
    Identifier, NewAccount, NewOrder, OrderStatus,
};
use rcgen::{CertificateParams, DistinguishedName, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use rustls::pki_types::CertificateDer;

use super::due::Window;
use super::http::Http;
use super::order::{Authority, Failure, Kind, Stage};
use super::store::Account;
use super::{KeyKind, Options, preflight};

/// Attempts to reach ourselves: a replica may have its newest table a moment later.
const ATTEMPTS: u32 = 10;
const AGAIN: Duration = Duration::from_millis(500);
/// For replicas to learn of a new account, where nobody asks them.
const SPREAD: Duration = Duration::from_secs(3);

/// An account at an authority.
pub(super) struct Acme {
    account: instant_acme::Account,
    http: Http,
    options: Arc<Options>,
}

impl Acme {
    /// Opens the account that is kept, or makes one, which is then returned as well, to be kept before it is used.
    pub(super) async fn open(
        options: Arc<Options>,
        http: Http,
        kept: Option<&Account>,
    ) -> Result<(Self, Option<Account>), Failure> {
        let known = kept.filter(|kept| kept.server == options.server);
        let known = known.and_then(|kept| serde_json::from_str::<AccountCredentials>(&kept.credentials).ok());
        let builder = instant_acme::Account::builder_with_http(Box::new(http.clone()));
        if let Some(credentials) = known {
            let account = builder.from_credentials(credentials).await;
            let account = account.map_err(|error| failure(&http, error))?;
            return Ok((
                Self {
                    account,
                    http,
                    options,
                },
                None,
            ));
        }
        let contacts: Vec<&str> = options.contacts.iter().map(String::as_str).collect();
        let new = NewAccount {
            contact: &contacts,
            terms_of_service_agreed: true,
            only_return_existing: false,
        };
        let external = options
            .external_account
            .as_ref()
            .map(|(id, key)| ExternalAccountKey::new(id.clone(), key));
        let made = builder
            .create(&new, options.server.clone(), external.as_ref())
            .await;
        let (account, credentials) = made.map_err(|error| Failure {
            // What is wrong with the account is wrong for every host.
            kind: Kind::Unreachable,
            ..failure(&http, error)
        })?;
        let kept = Account {
            server: options.server.clone(),
            credentials: serde_json::to_string(&credentials)
                .map_err(|error| Failure::new(Kind::Store, error.to_string()))?,
            thumbprint: account.key_thumbprint().to_owned(),
        };
        if !options.preflight {
            tokio::time::sleep(SPREAD).await;
        }
        Ok((
            Self {
                account,
                http,
                options,
            },
            Some(kept),
        ))
    }

    /// When the authority wants the certificate renewed, and for how long that holds; `None` if it does not say.
    pub(super) async fn window(&self, leaf: &[u8]) -> Option<(Window, Duration)> {
        let leaf = CertificateDer::from(leaf);
        let id = CertificateIdentifier::try_from(&leaf).ok()?;
        match self.account.renewal_info(&id).await {
            Ok((info, again)) => {
                let window = Window {
                    start: info.suggested_window.start.unix_timestamp(),
                    end: info.suggested_window.end.unix_timestamp(),
                };
                Some((window, again))
            }
            Err(error) => {
                tracing::debug!(%error, "no renewal information");
                None
            }
        }
    }

    /// The account as one order uses it. `replaces` is the leaf of the certificate that is renewed.
    pub(super) fn for_order(self: Arc<Self>, replaces: Option<Vec<u8>>) -> Ordering {
        Ordering { acme: self, replaces }
    }

    async fn order(&self, url: &str) -> Result<instant_acme::Order, Failure> {
        let order = self.account.order(url.to_owned()).await;
        order.map_err(|error| failure(&self.http, error))
    }
}

/// A new private key, PKCS#8 in PEM.
pub(super) fn new_key(kind: KeyKind) -> Result<String, Failure> {
    let key = match kind {
        KeyKind::P256 => KeyPair::generate(),
        KeyKind::Rsa => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048),
    };
    let key = key.map_err(|error| Failure::new(Kind::Store, format!("no key could be made: {error}")))?;
    Ok(key.serialize_pem())
}

/// An account at work on one order.
pub(super) struct Ordering {
    acme: Arc<Acme>,
    replaces: Option<Vec<u8>>,
}

impl Authority for Ordering {
    async fn preflight(&self, hosts: &BTreeSet<String>) -> Result<(), Failure> {
        if !self.acme.options.preflight {
            return Ok(());
        }
        let mut bytes = [0; 16];
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let filled = provider.secure_random.fill(&mut bytes);
        filled.map_err(|_| Failure::new(Kind::Store, "the system has no randomness"))?;
        let token = format!("preflight-{:032x}", u128::from_be_bytes(bytes));
        let mut attempts = 0;
        loop {
            let result = preflight::check(hosts, &token, self.acme.account.key_thumbprint()).await;
            attempts += 1;
            if result.is_ok() || attempts == ATTEMPTS {
                return result;
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn order(&self, hosts: &BTreeSet<String>) -> Result<String, Failure> {
        let identifiers: Vec<Identifier> = hosts.iter().cloned().map(Identifier::Dns).collect();
        let leaf = self
            .replaces
            .as_ref()
            .map(|leaf| CertificateDer::from(leaf.as_slice()));
        let replaces = leaf
            .as_ref()
            .and_then(|leaf| CertificateIdentifier::try_from(leaf).ok());
        let new = || {
            let order = NewOrder::new(&identifiers);
            match &self.acme.options.profile {
                Some(profile) => order.profile(profile),
                None => order,
            }
        };
        let account = &self.acme.account;
        let made = match replaces {
            Some(replaces) => match account.new_order(&new().replaces(replaces)).await {
                // The authority has no such thing, or holds another order to be the replacement (RFC 9773 §5).
                Err(Error::Unsupported(_)) => account.new_order(&new()).await,
                Err(Error::Api(problem)) if is_about_replacing(&problem) => account.new_order(&new()).await,
                other => other,
            },
            None => account.new_order(&new()).await,
        };
        let order = made.map_err(|error| failure(&self.acme.http, error))?;
        Ok(order.url().to_owned())
    }

    async fn stage(&self, url: &str) -> Result<Stage, Failure> {
        let order = match self.acme.account.order(url.to_owned()).await {
            Err(Error::Api(problem)) if problem.status == Some(404) => return Ok(Stage::Gone),
            other => other,
        };
        let mut order = order.map_err(|error| failure(&self.acme.http, error))?;
        Ok(match order.state().status {
            OrderStatus::Pending => Stage::Pending,
            OrderStatus::Ready => Stage::Ready,
            OrderStatus::Processing => Stage::Processing,
            OrderStatus::Valid => Stage::Valid,
            OrderStatus::Invalid => Stage::Invalid(reason(&mut order).await),
        })
    }

    async fn verify(&self, url: &str) -> Result<(), Failure> {
        let mut order = self.acme.order(url).await?;
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization.map_err(|error| failure(&self.acme.http, error))?;
            if authorization.status != AuthorizationStatus::Pending {
                continue;
            }
            let host = authorization.identifier().to_string();
            let Some(mut challenge) = authorization.challenge(ChallengeType::Http01) else {
                let message = format!("the authority does not verify {host} by HTTP-01");
                return Err(Failure::new(Kind::Refused, message));
            };
            let ready = challenge.set_ready().await;
            ready.map_err(|error| failure(&self.acme.http, error))?;
        }
        Ok(())
    }

    async fn finalize(&self, url: &str, hosts: &BTreeSet<String>, key: &str) -> Result<(), Failure> {
        let csr = || {
            let key = KeyPair::from_pem(key)?;
            let mut params = CertificateParams::new(hosts.iter().cloned().collect::<Vec<_>>())?;
            params.distinguished_name = DistinguishedName::new();
            params.serialize_request(&key)
        };
        let csr = csr().map_err(|error| Failure::new(Kind::Refused, error.to_string()))?;
        let mut order = self.acme.order(url).await?;
        let done = order.finalize_csr(csr.der()).await;
        done.map_err(|error| failure(&self.acme.http, error))
    }

    async fn certificate(&self, url: &str) -> Result<String, Failure> {
        let mut order = self.acme.order(url).await?;
        let chain = order.certificate().await;
        let chain = chain.map_err(|error| failure(&self.acme.http, error))?;
        chain.ok_or_else(|| Failure::new(Kind::Unreachable, "the authority has no certificate yet"))
    }

    async fn pause(&self, polls: u32) {
        tokio::time::sleep((Duration::from_millis(200) * polls).min(Duration::from_secs(3))).await;
    }
}

fn is_about_replacing(problem: &instant_acme::Problem) -> bool {
    let kind = problem.r#type.as_deref().unwrap_or_default();
    let detail = problem.detail.as_deref().unwrap_or_default();
    kind.ends_with(":alreadyReplaced") || (kind.ends_with(":malformed") && detail.contains("replace"))
}

/// Why an order came to nothing: what the authority found at each host.
async fn reason(order: &mut instant_acme::Order) -> String {
    let mut reasons = Vec::new();
    if let Some(error) = &order.state().error {
        reasons.push(error.to_string());
    }
    let mut authorizations = order.authorizations();
    while let Some(Ok(authorization)) = authorizations.next().await {
        let host = authorization.identifier().to_string();
        let errors = authorization
            .challenges
            .iter()
            .filter_map(|challenge| challenge.error.as_ref());
        reasons.extend(errors.map(|error| format!("{host}: {error}")));
    }
    if reasons.is_empty() {
        return "the authority ended the order and gave no reason".to_owned();
    }
    format!("the authority refused: {}", reasons.join("; "))
}

fn failure(http: &Http, error: Error) -> Failure {
    let retry_after = http.take_retry_after();
    let (kind, message) = match error {
        Error::Api(problem) => {
            let kind = problem.r#type.as_deref().unwrap_or_default();
            let kind = match kind.rsplit(':').next().unwrap_or_default() {
                "rateLimited" => Kind::RateLimited,
                "accountDoesNotExist" => Kind::Account,
                "badNonce" | "serverInternal" | "" => Kind::Unreachable,
                _ if problem.status.is_some_and(|status| status >= 500) => Kind::Unreachable,
                _ => Kind::Refused,
            };
            (kind, format!("the authority says: {problem}"))
        }
        Error::Timeout(_) => (Kind::Unreachable, "the authority takes too long".to_owned()),
        other => (
            Kind::Unreachable,
            format!(
                "the authority cannot be used: {}",
                crate::source::kube::chain(&other)
            ),
        ),
    };
    Failure {
        kind,
        message,
        retry_after,
    }
}
