//! Chains and their verdicts, against what nginx prints.

use std::time::Duration;

use ferrik_config::policy::ClientCertificateMode;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyUsagePurpose, date_time_ymd};

use super::super::testing::{
    Authority, Client, authority, authority_params, client_policy, intermediate, params,
};
use super::*;

fn now() -> UnixTime {
    at(2026, 6)
}

fn judge(client: &ClientCertificate, chain: &[CertificateDer<'_>], now: UnixTime) -> Verdict {
    TrustStore::new(client).judgement(chain, now).verdict
}

/// The month's first day, more or less.
fn at(year: u64, month: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(
        (year - 1970) * 31_556_952 + (month - 1) * 2_629_746,
    ))
}

fn check(client: &Client, authorities: &[&Authority], expected: &str) {
    let policy = client_policy(ClientCertificateMode::Require, authorities);
    assert_eq!(judge(&policy, &client.chain, now()).as_str(), expected);
}

fn between(mut params: CertificateParams, from: i32, to: i32) -> CertificateParams {
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(to, 1, 1);
    params
}

// The expected words are what nginx 1.22 with OpenSSL 3.0 prints for the same chains.

#[test]
fn trusted_chains_succeed() {
    let root = authority("root");
    let issuing = intermediate("issuing", &root);
    check(&Client::issued(&params("leaf"), &root), &[&root], "SUCCESS");
    check(
        &Client::issued(&params("leaf"), &root).with(&[&root]),
        &[&root],
        "SUCCESS",
    );
    check(
        &Client::issued(&params("leaf"), &issuing).with(&[&issuing]),
        &[&root],
        "SUCCESS",
    );
    check(
        &Client::issued(&params("leaf"), &issuing).with(&[&root, &issuing]),
        &[&root],
        "SUCCESS",
    );
    check(
        &Client::issued(&params("leaf"), &issuing),
        &[&root, &issuing],
        "SUCCESS",
    );
}

#[test]
fn no_certificate_is_none() {
    let policy = client_policy(ClientCertificateMode::Optional, &[&authority("root")]);
    assert_eq!(judge(&policy, &[], now()), Verdict::None);
}

#[test]
fn without_trust_the_end_of_the_chain_is_named() {
    let (root, other) = (authority("root"), authority("other"));
    let issuing = intermediate("issuing", &other);
    let lone = Client::issued(&params("leaf"), &other);
    check(&lone, &[&root], "FAILED:unable to verify the first certificate");
    check(
        &lone.with(&[&other]),
        &[&root],
        "FAILED:self-signed certificate in certificate chain",
    );
    let longer = || Client::issued(&params("leaf"), &issuing).with(&[&issuing]);
    check(
        &longer(),
        &[&root],
        "FAILED:unable to get local issuer certificate",
    );
    check(
        &longer().with(&[&other]),
        &[&root],
        "FAILED:self-signed certificate in certificate chain",
    );
}

#[test]
fn a_self_signed_certificate_must_be_listed_itself() {
    for params in [params("self"), authority_params("self")] {
        let client = Client::self_signed(&params);
        check(&client, &[&authority("root")], "FAILED:self-signed certificate");
        let listed = ClientCertificate {
            authorities: Some(vec![client.chain[0].to_vec()].into()),
            mode: ClientCertificateMode::Require,
            depth: 1,
        };
        assert_eq!(judge(&listed, &client.chain, now()), Verdict::Success);
    }
}

#[test]
fn an_authority_without_its_root_is_not_enough() {
    let root = authority("root");
    let issuing = intermediate("issuing", &root);
    let client = Client::issued(&params("leaf"), &issuing).with(&[&issuing, &root]);
    check(&client, &[&issuing], "FAILED:unable to get issuer certificate");
}

#[test]
fn too_deep_a_chain_ends_where_the_depth_ends() {
    let root = authority("root");
    let upper = intermediate("upper", &root);
    let lower = intermediate("lower", &upper);
    let client = Client::issued(&params("leaf"), &lower).with(&[&lower, &upper]);
    let deep = |depth| ClientCertificate {
        depth,
        ..client_policy(ClientCertificateMode::Require, &[&root])
    };
    let local = Verdict::Failed(Failure::NoLocalIssuer);
    assert_eq!(judge(&deep(0), &client.chain, now()), local);
    assert_eq!(judge(&deep(1), &client.chain, now()), local);
    assert_eq!(judge(&deep(2), &client.chain, now()), Verdict::Success);
    assert_eq!(judge(&deep(u32::MAX), &client.chain, now()), Verdict::Success);
}

#[test]
fn time_goes_before_every_other_failure() {
    let (root, other) = (authority("root"), authority("other"));
    let expired = || between(params("leaf"), 2020, 2021);
    check(
        &Client::issued(&expired(), &root),
        &[&root],
        "FAILED:certificate has expired",
    );
    check(
        &Client::issued(&expired(), &other),
        &[&root],
        "FAILED:certificate has expired",
    );
    check(
        &Client::self_signed(&expired()),
        &[&root],
        "FAILED:certificate has expired",
    );
    let early = Client::issued(&between(params("leaf"), 2030, 2040), &root);
    check(&early, &[&root], "FAILED:certificate is not yet valid");
    let old = CertifiedRoot::expired();
    check(
        &Client::issued(&params("leaf"), &old),
        &[&old],
        "FAILED:certificate has expired",
    );
}

#[test]
fn a_renewed_root_of_the_same_name_is_found() {
    let (old, new) = (CertifiedRoot::expired(), authority("root"));
    check(&Client::issued(&params("leaf"), &new), &[&old, &new], "SUCCESS");
}

#[test]
fn purposes_are_respected() {
    let root = authority("root");
    let mut server = params("server");
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    check(
        &Client::issued(&server, &root),
        &[&root],
        "FAILED:unsuitable certificate purpose",
    );
    let mut signer = params("signer");
    signer.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    check(
        &Client::issued(&signer, &root),
        &[&root],
        "FAILED:unsuitable certificate purpose",
    );
    let no_authority =
        Authority::signed_by(params("none"), rcgen::KeyPair::generate().expect("a key"), &root).expect("one");
    let client = Client::issued(&params("leaf"), &no_authority).with(&[&no_authority]);
    check(&client, &[&root], "FAILED:unsuitable certificate purpose");
    let mut both = params("both");
    both.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    check(&Client::issued(&both, &root), &[&root], "SUCCESS");
}

#[test]
fn a_forged_signature_is_found() {
    let (root, impostor) = (authority("root"), authority("root"));
    let client = Client::issued(&params("leaf"), &impostor);
    check(&client, &[&root], "FAILED:certificate signature failure");
    // With key identifiers the impostor is not taken for the root in the first place.
    let mut named = params("leaf");
    named.use_authority_key_identifier_extension = true;
    check(
        &Client::issued(&named, &impostor),
        &[&root],
        "FAILED:unable to verify the first certificate",
    );
}

#[test]
fn without_authorities_nothing_passes_and_nothing_is_forgiven() {
    let closed = ClientCertificate {
        authorities: None,
        mode: ClientCertificateMode::OptionalNoCa,
        depth: 1,
    };
    for chain in [Client::self_signed(&params("self")).chain, Vec::new()] {
        let Verdict::Failed(failure) = judge(&closed, &chain, now()) else {
            panic!("it passed");
        };
        assert!(!failure.is_forgiven_without_ca());
    }
}

#[test]
fn a_judgement_holds_until_a_certificate_changes() {
    let root = authority("root");
    let trust = TrustStore::new(&client_policy(ClientCertificateMode::Require, &[&root]));
    let client = Client::issued(&between(params("leaf"), 2025, 2030), &root);
    let judgement = trust.judgement(&client.chain, now());
    assert_eq!(judgement.verdict, Verdict::Success);
    assert!(judgement.holds_at(at(2029, 6)));
    assert!(!judgement.holds_at(at(2030, 6)));
    assert_eq!(
        trust.judgement(&client.chain, at(2030, 6)).verdict,
        Verdict::Failed(Failure::Expired)
    );
}

struct CertifiedRoot;

impl CertifiedRoot {
    fn expired() -> Authority {
        let key = rcgen::KeyPair::generate().expect("a key");
        Authority::self_signed(between(authority_params("root"), 2020, 2021), key).expect("an authority")
    }
}
