//! TLS of one host: certificates by age, and one answer to "must clients have a certificate?".

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Share;
use crate::name::{HostKey, ObjectRef};
use crate::policy::{ClientCertificate, ClientCertificateMode, Policy};
use crate::report::{Diagnostic, Reason};
use crate::table::{Certificate, TlsHost, TlsVersions};
use crate::translate::certificate::covers;
use crate::translate::{ClientShare, LimitsShare};

/// The certificates of the oldest Ingress of each key kind, and the client policy. `None` leaves the server name to the
/// wildcard above it, or to the default.
///
/// `covering` are the shares of that wildcard, for a host that has routes.
pub(super) fn host(
    key: &HostKey,
    shares: &[Share<'_>],
    client: Option<Arc<ClientCertificate>>,
    covering: Option<&Vec<Share<'_>>>,
) -> Option<TlsHost> {
    let limits = winner(shares)
        .map(|(_, limits)| limits.clone())
        .unwrap_or_default();
    let host = TlsHost {
        certificates: certificates(key, shares),
        client,
        versions: limits.versions,
        algorithms: limits.algorithms,
    };
    if !host.certificates.is_empty() {
        return Some(host);
    }
    // A handshake without an entry of its own would be the wildcard's, with the wildcard's policy.
    let covering = covering.map(Vec::as_slice).unwrap_or_default();
    let has_policy = |(_, _, share): &Share<'_>| {
        !share.clients.is_empty() || share.limits.as_ref().is_some_and(LimitsShare::limits)
    };
    if host == TlsHost::default() && !covering.iter().any(has_policy) {
        return None;
    }
    Some(TlsHost {
        certificates: certificates(key, covering),
        ..host
    })
}

/// The limits that hold for the host, and who sets them: the oldest Ingress that says something itself.
fn winner<'a>(shares: &[Share<'a>]) -> Option<(&'a ObjectRef, &'a LimitsShare)> {
    let said = |by_default| {
        let mut limits = shares
            .iter()
            .filter_map(|(object, _, share)| Some((*object, share.limits.as_ref()?)));
        limits.find(|(_, limits)| limits.by_default == by_default)
    };
    said(false).or_else(|| said(true))
}

/// Tells the Ingresses whose limits on the handshake are not the ones that hold.
pub(super) fn limits_refused(key: &HostKey, shares: &[Share<'_>]) -> Vec<Diagnostic> {
    let Some((winner, used)) = winner(shares) else {
        return Vec::new();
    };
    let is_other = |limits: &LimitsShare| !limits.by_default && limits != used;
    let losers = shares
        .iter()
        .filter(|(_, _, share)| share.limits.as_ref().is_some_and(is_other));
    let told = losers.map(|(object, _, _)| {
        let message = format!(
            "host `{key}`: {winner} limits TLS versions, cipher suites or key exchange groups otherwise, and is older or comes \
             first by name; its limits are used"
        );
        Diagnostic::new(object, "metadata.annotations", Reason::HostWideMode, message)
            .fix("use the same limits in all Ingresses of the host")
    });
    told.collect()
}

/// Tells the Ingress whose cipher suites hold that none of them is for the key of a certificate of the host.
pub(super) fn unfit(key: &HostKey, shares: &[Share<'_>], host: Option<&TlsHost>) -> Option<Diagnostic> {
    let host = host?;
    let suites = &host.algorithms.as_ref()?.suites;
    let (object, _) = winner(shares)?;
    let mut keys = host.certificates.iter().map(|certificate| certificate.kind);
    let is_unfit = |kind| !suites.iter().any(|suite| suite.is_for(kind));
    if suites.is_empty()
        || host.versions == TlsVersions::Tls13
        || host.certificates.is_empty()
        || !keys.all(is_unfit)
    {
        return None;
    }
    let message = format!(
        "host `{key}`: none of the cipher suites is for the kind of key that its certificates have; handshakes of TLS 1.2 fail"
    );
    let fix = "name suites with ECDSA for an ECDSA key, and with RSA for an RSA key";
    Some(Diagnostic::new(object, "metadata.annotations", Reason::TlsListUnusable, message).fix(fix))
}

/// One certificate of each key kind that covers the name, best kind first.
fn certificates(key: &HostKey, shares: &[Share<'_>]) -> Vec<Arc<Certificate>> {
    let mut kinds = BTreeSet::new();
    let all = shares.iter().flat_map(|(_, _, share)| &share.certificates);
    let of_each_kind = all.filter(|certificate| covers(certificate, key) && kinds.insert(certificate.kind));
    let mut certificates: Vec<_> = of_each_kind.cloned().collect();
    certificates.sort_by_key(|certificate| certificate.kind);
    certificates
}

/// One host has one client policy, because the handshake comes before the path. If the Ingresses of a host disagree, or the
/// dialects of one Ingress, the strictest is used: an open one beside it must not open the host.
pub(super) fn client(
    key: &HostKey,
    shares: &[Share<'_>],
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<ClientShare> {
    let asked: Vec<_> = shares
        .iter()
        .flat_map(|(object, _, share)| share.clients.iter().map(move |client| (*object, client)))
        .collect();
    // `max_by_key` takes the last of equals, and the oldest should win.
    let (winner, share) = asked.iter().rev().max_by_key(|(_, share)| strictness(share))?;
    let differs = |other: &ClientShare| other.client != share.client || policy(other) != policy(share);
    // Once for each Ingress, also if it asks in the words of both dialects.
    let losers = shares
        .iter()
        .filter(|(_, _, other)| other.clients.iter().any(differs));
    diagnostics.extend(losers.map(|(object, _, _)| disagree(key, object, winner)));
    let mut share = (*share).clone();
    // A handshake policy of Traefik tells the nginx routes of the host nothing, so their own verdict stays; the connections
    // that it sees are made under the policy of the host.
    share.verdict = share
        .verdict
        .or_else(|| asked.iter().find_map(|(_, other)| other.verdict.clone()));
    if let Some(Policy::ClientCertificate(verdict)) = share.verdict.as_mut().map(|step| &mut step.policy) {
        verdict.client = share.client.clone();
    }
    Some(share)
}

fn disagree(key: &HostKey, object: &ObjectRef, winner: &ObjectRef) -> Diagnostic {
    let (message, fix) = if object == winner {
        (
            format!(
                "host `{key}`: `auth-tls-secret` and `router.tls.options` disagree on client authentication; the stricter is used"
            ),
            "ask for client authentication by one of the two",
        )
    } else {
        (
            format!("host `{key}`: {winner} asks for stricter or older client authentication, which is used"),
            "use the same client authentication in all Ingresses of the host",
        )
    };
    Diagnostic::new(object, "metadata.annotations", Reason::HostWideMode, message).fix(fix)
}

fn policy(share: &ClientShare) -> Option<&Policy> {
    share.verdict.as_ref().map(|step| &step.policy)
}

/// Nobody passes, then the mode, then whether a name is asked for besides.
fn strictness(share: &ClientShare) -> (bool, u8, bool) {
    let asks_for_name = matches!(policy(share), Some(Policy::ClientCertificate(it)) if it.match_cn.is_some());
    let mode = match share.client.mode {
        ClientCertificateMode::HandshakeRequest => 0,
        ClientCertificateMode::OptionalNoCa => 1,
        ClientCertificateMode::Optional => 2,
        ClientCertificateMode::HandshakeVerifyIfGiven => 3,
        ClientCertificateMode::HandshakeRequireAny => 4,
        ClientCertificateMode::Require => 5,
        ClientCertificateMode::HandshakeRequire => 6,
    };
    (share.client.authorities.is_none(), mode, asks_for_name)
}
