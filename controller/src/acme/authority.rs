//! The protocol (RFC 8555, RFC 9773), by a library: an account at one authority, and what orders ask of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ferrik_config::table::Digest;
use instant_acme::{
    AccountCredentials, AuthorizationStatus, CertificateIdentifier, ChallengeType, Error, ExternalAccountKey,
    Identifier, NewAccount, NewOrder, OrderStatus, Problem,
};
use rcgen::{CertificateParams, DistinguishedName, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use rustls::pki_types::CertificateDer;
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};

use super::clock::now;
use super::due::Window;
use super::http::{Http, take_retry_after};
use super::order::{Authority, Failure, Kind, Stage};
use super::pace::Pace;
use super::preflight::Refused;
use super::store::Account;
use super::{Challenge, KeyKind, Options, preflight};

/// Attempts to reach ourselves: a replica may have its newest table a moment later.
const ATTEMPTS: u32 = 10;
const AGAIN: Duration = Duration::from_millis(500);

/// An account at an authority.
pub(super) struct Acme {
    account: instant_acme::Account,
    options: Arc<Options>,
    /// The authority does not answer orders that replace something as it should.
    replaces_nothing: AtomicBool,
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
            let account = account.map_err(failure)?;
            return Ok((Self::new(account, options), None));
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
            ..failure(error)
        })?;
        let kept = Account {
            server: options.server.clone(),
            credentials: serde_json::to_string(&credentials)
                .map_err(|error| Failure::new(Kind::Store, error.to_string()))?,
            thumbprint: account.key_thumbprint().to_owned(),
        };
        Ok((Self::new(account, options), Some(kept)))
    }

    fn new(account: instant_acme::Account, options: Arc<Options>) -> Self {
        Self {
            account,
            options,
            replaces_nothing: AtomicBool::new(false),
        }
    }

    /// Address of the account.
    pub(super) fn account(&self) -> &str {
        self.account.id()
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

    /// The account as one order uses it. `replaces` is the leaf of the certificate that is renewed; the order waits for one of
    /// the `seats` once it has something to ask of the authority.
    pub(super) fn for_order(
        self: Arc<Self>,
        replaces: Option<Vec<u8>>,
        seats: Arc<Semaphore>,
        pace: Arc<Mutex<Pace>>,
    ) -> Ordering {
        Ordering {
            acme: self,
            replaces,
            seats,
            seat: OnceCell::new(),
            pace,
        }
    }

    async fn order(&self, url: &str) -> Result<instant_acme::Order, Failure> {
        let order = self.account.order(url.to_owned()).await;
        order.map_err(failure)
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
    seats: Arc<Semaphore>,
    seat: OnceCell<Option<OwnedSemaphorePermit>>,
    pace: Arc<Mutex<Pace>>,
}

impl Ordering {
    /// Waits for a seat, once. Checks that wait for somebody else's machines take none.
    async fn sit_down(&self) {
        let take = || async { self.seats.clone().acquire_owned().await.ok() };
        self.seat.get_or_init(take).await;
    }

    /// Counts the order, if it is within the budget.
    fn count(&self) -> Result<(), Failure> {
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = pace.order_from(now()) - now();
        if wait > 0 {
            return Err(Failure {
                retry_after: Some(wait),
                ..Failure::new(
                    Kind::Budget,
                    "no order is made for now: the authority is away or has asked for peace, or ferrik's own budget is used up",
                )
            });
        }
        pace.ordered(now());
        Ok(())
    }
}

impl Authority for Ordering {
    fn account(&self) -> &str {
        self.acme.account()
    }

    async fn preflight(&self, hosts: &BTreeSet<String>) -> Result<(), Failure> {
        // A handshake can be tried when its answer is known, and no sooner.
        if !self.acme.options.preflight || self.acme.options.challenge != Challenge::Http01 {
            return Ok(());
        }
        let mut bytes = [0; 16];
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let filled = provider.secure_random.fill(&mut bytes);
        filled.map_err(|_| Failure::new(Kind::Store, "the system has no randomness"))?;
        let token = format!("preflight-{:032x}", u128::from_be_bytes(bytes));
        repeated(|| preflight::check(hosts, &token, self.acme.account.key_thumbprint())).await
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
        let (acme, account) = (&self.acme, &self.acme.account);
        self.sit_down().await;
        self.count()?;
        let replaces = replaces.filter(|_| !acme.replaces_nothing.load(Relaxed));
        let made = match replaces {
            Some(replaces) => match account.new_order(&new().replaces(replaces)).await {
                Err(error) if goes_without_replacing(&error) => {
                    if !matches!(error, Error::Api(_)) {
                        acme.replaces_nothing.store(true, Relaxed);
                    }
                    tracing::debug!(%error, "the order cannot name what it replaces");
                    account.new_order(&new()).await
                }
                other => other,
            },
            None => account.new_order(&new()).await,
        };
        let order = made.map_err(|error| match error {
            Error::Api(problem) if is_about_account(&problem) => {
                Failure::new(Kind::Account, format!("the authority says: {problem}"))
            }
            other => failure(other),
        })?;
        Ok(order.url().to_owned())
    }

    async fn stage(&self, url: &str) -> Result<Stage, Failure> {
        self.sit_down().await;
        let order = match self.acme.account.order(url.to_owned()).await {
            Err(Error::Api(problem)) if is_gone(&problem) => return Ok(Stage::Gone),
            other => other,
        };
        let mut order = order.map_err(failure)?;
        Ok(match order.state().status {
            OrderStatus::Pending => Stage::Pending,
            OrderStatus::Ready => Stage::Ready,
            OrderStatus::Processing => Stage::Processing,
            OrderStatus::Valid => Stage::Valid,
            OrderStatus::Invalid => Stage::Invalid(reason(&mut order).await),
        })
    }

    async fn answers(&self, url: &str) -> Result<BTreeMap<String, Digest>, Failure> {
        let mut answers = BTreeMap::new();
        if self.acme.options.challenge != Challenge::TlsAlpn01 {
            return Ok(answers);
        }
        let mut order = self.acme.order(url).await?;
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization.map_err(failure)?;
            if authorization.status != AuthorizationStatus::Pending {
                continue;
            }
            let host = authorization.identifier().to_string();
            let unfit = unfit(&host, Challenge::TlsAlpn01, &authorization.challenges);
            let challenge = authorization.challenge(ChallengeType::TlsAlpn01).ok_or(unfit)?;
            let digest = challenge.key_authorization().digest().as_ref().try_into();
            let digest = digest.map_err(|_| Failure::new(Kind::Store, "SHA-256 has 32 bytes"))?;
            answers.insert(host, Digest(digest));
        }
        Ok(answers)
    }

    async fn probe(&self, answers: &BTreeMap<String, Digest>) -> Result<(), Failure> {
        if !self.acme.options.preflight {
            return Ok(());
        }
        repeated(|| preflight::handshake::check(answers)).await
    }

    async fn verify(&self, url: &str) -> Result<(), Failure> {
        let kind = self.acme.options.challenge;
        let mut order = self.acme.order(url).await?;
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization.map_err(failure)?;
            if authorization.status != AuthorizationStatus::Pending {
                continue;
            }
            let host = authorization.identifier().to_string();
            let unfit = unfit(&host, kind, &authorization.challenges);
            let mut challenge = authorization.challenge(kind.into()).ok_or(unfit)?;
            let ready = challenge.set_ready().await;
            ready.map_err(failure)?;
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
        done.map_err(failure)
    }

    async fn certificate(&self, url: &str) -> Result<String, Failure> {
        let mut order = self.acme.order(url).await?;
        let chain = order.certificate().await;
        let chain = chain.map_err(failure)?;
        chain.ok_or_else(|| Failure::new(Kind::Unreachable, "the authority has no certificate yet"))
    }

    async fn pause(&self, polls: u32) {
        tokio::time::sleep((Duration::from_millis(200) * polls).min(Duration::from_secs(3))).await;
    }
}

/// Asks again what may soon be different.
async fn repeated<C: Future<Output = Result<(), Refused>>>(check: impl Fn() -> C) -> Result<(), Failure> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        match check().await {
            Err(refused) if refused.may_change && attempts < ATTEMPTS => tokio::time::sleep(AGAIN).await,
            other => return other.map_err(|refused| refused.failure),
        }
    }
}

impl From<Challenge> for ChallengeType {
    fn from(challenge: Challenge) -> Self {
        match challenge {
            Challenge::Http01 => Self::Http01,
            Challenge::TlsAlpn01 => Self::TlsAlpn01,
        }
    }
}

/// The authority does not offer the challenge that is answered here.
fn unfit(host: &str, wanted: Challenge, offered: &[instant_acme::Challenge]) -> Failure {
    let name = |kind: &ChallengeType| match kind {
        ChallengeType::Http01 => "http-01".to_owned(),
        ChallengeType::Dns01 => "dns-01".to_owned(),
        ChallengeType::TlsAlpn01 => "tls-alpn-01".to_owned(),
        ChallengeType::Unknown(other) => other.clone(),
        other => format!("{other:?}"),
    };
    let offered: Vec<String> = offered.iter().map(|challenge| name(&challenge.r#type)).collect();
    let message = format!(
        "the authority does not verify {host} by {}; it offers {}: choose another with --acme-challenge, or another authority",
        name(&wanted.into()),
        offered.join(", ")
    );
    Failure::new(Kind::Refused, message)
}

/// True if the order is worth a try that names nothing to replace: whatever is wrong with that must not keep a certificate
/// from being renewed (RFC 9773 §5).
fn goes_without_replacing(error: &Error) -> bool {
    match error {
        Error::Api(problem) => !matches!(
            kind_of(problem),
            "rateLimited" | "accountDoesNotExist" | "badNonce"
        ),
        Error::Unsupported(_) => true,
        // The library's word for an authority that does not repeat the field.
        Error::Other(error) => error.to_string().contains("replaces field mismatch"),
        _ => false,
    }
}

/// True if the order belongs to an account that is not ours, or to nobody any more.
fn is_gone(problem: &Problem) -> bool {
    matches!(problem.status, Some(401 | 403 | 404)) && kind_of(problem) != "accountDoesNotExist"
}

/// True if the account can no longer be used.
fn is_about_account(problem: &Problem) -> bool {
    let detail = problem.detail.as_deref().unwrap_or_default();
    kind_of(problem) == "unauthorized" && detail.to_ascii_lowercase().contains("account")
}

/// The last part of the problem's type (RFC 8555 §6.7).
fn kind_of(problem: &Problem) -> &str {
    let kind = problem.r#type.as_deref().unwrap_or_default();
    kind.rsplit(':').next().unwrap_or_default()
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

fn failure(error: Error) -> Failure {
    let retry_after = take_retry_after();
    let (kind, message) = match error {
        Error::Api(problem) => {
            let kind = match kind_of(&problem) {
                "rateLimited" => Kind::RateLimited,
                "accountDoesNotExist" => Kind::Account,
                "badNonce" | "serverInternal" | "" => Kind::Unreachable,
                _ if problem.status.is_some_and(|status| status >= 500) => Kind::Unreachable,
                _ => Kind::Refused,
            };
            (kind, format!("the authority says: {problem}"))
        }
        Error::Timeout(_) => (Kind::Slow, "the authority takes too long".to_owned()),
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
