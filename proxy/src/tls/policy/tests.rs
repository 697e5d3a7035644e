//! Handshakes in memory: who gets through in which mode, and what is resumed.

use ferrik_config::policy::ClientCertificateMode as Mode;
use ferrik_config::table::{CipherSuite, KeyExchangeGroup};
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, Error, NamedGroup};

use super::super::testing::{
    Authority, Client, authority, certificate, client_config, client_policy, client_speaking, handshake,
    params, rsa_certificate, tls_host,
};
use super::super::{TlsFacts, TlsOptions, TlsTable, Verdict};
use super::*;

fn policy(host: TlsHost) -> Arc<TlsPolicy> {
    let table = TlsTable::compile(None, [], &Arc::new(host), TlsOptions::default());
    table.lookup(None).clone()
}

fn with_clients(mode: Mode, authorities: &[&Authority]) -> Arc<TlsPolicy> {
    asking(client_policy(mode, authorities))
}

fn asking(client: ClientCertificate) -> Arc<TlsPolicy> {
    policy(TlsHost {
        client: Some(Arc::new(client)),
        ..(*tls_host("a.test")).clone()
    })
}

fn meet(policy: &Arc<TlsPolicy>, client: Option<&Client>) -> Result<TlsFacts, Error> {
    handshake(Arc::new(client_config(client)), policy, "a.test")
}

#[test]
fn each_mode_lets_through_whom_it_should() {
    let (root, other) = (authority("root"), authority("other"));
    let (good, unknown) = (
        Client::issued(&params("c"), &root),
        Client::issued(&params("c"), &other),
    );
    // Mode, then whether nobody, a trusted and an unknown client get through.
    for (mode, nobody, trusted, stranger) in [
        (Mode::Require, true, true, true),
        (Mode::Optional, true, true, true),
        (Mode::OptionalNoCa, true, true, true),
        (Mode::HandshakeRequest, true, true, true),
        (Mode::HandshakeRequireAny, false, true, true),
        (Mode::HandshakeVerifyIfGiven, true, true, false),
        (Mode::HandshakeRequire, false, true, false),
    ] {
        let policy = with_clients(mode, &[&root]);
        assert_eq!(meet(&policy, None).is_ok(), nobody, "{mode:?}");
        assert_eq!(meet(&policy, Some(&good)).is_ok(), trusted, "{mode:?}");
        // Accepted or not, a client that does not hold the key never gets in.
        let thief = Client::issued(&params("c"), &root).with_wrong_key();
        assert!(meet(&policy, Some(&thief)).is_err(), "{mode:?}");
        assert_eq!(meet(&policy, Some(&unknown)).is_ok(), stranger, "{mode:?}");
    }
}

#[test]
fn missing_authorities_close_the_handshake_or_leave_it_to_the_filter() {
    let client = Client::issued(&params("c"), &authority("root"));
    let modes = [
        (Mode::HandshakeRequest, false),
        (Mode::HandshakeRequireAny, false),
        (Mode::HandshakeVerifyIfGiven, false),
        (Mode::HandshakeRequire, false),
        (Mode::Require, true),
        (Mode::OptionalNoCa, true),
    ];
    for (mode, is_open) in modes {
        let policy = asking(ClientCertificate {
            authorities: None,
            mode,
            depth: 1,
        });
        assert_eq!(meet(&policy, Some(&client)).is_ok(), is_open, "{mode:?}");
        assert_eq!(meet(&policy, None).is_ok(), is_open, "{mode:?}");
    }
}

#[test]
fn a_listed_client_certificate_needs_no_authority() {
    let client = Client::self_signed(&params("c"));
    let listed = Some(vec![client.chain[0].to_vec()].into());
    let policy = asking(ClientCertificate {
        authorities: listed,
        mode: Mode::HandshakeRequire,
        depth: 1,
    });
    assert!(meet(&policy, Some(&client)).is_ok());
}

#[test]
fn the_chain_survives_resumption_and_is_judged_again() {
    let (root, other) = (authority("root"), authority("other"));
    let client = Client::issued(&params("c"), &root);
    let policy = with_clients(Mode::Require, &[&root]);
    let config = Arc::new(client_config(Some(&client)));
    let first = handshake(config.clone(), &policy, "a.test").expect("a handshake");
    let second = handshake(config, &policy, "a.test").expect("a handshake");
    assert!(!first.resumed && second.resumed);
    assert_eq!(second.client_chain, client.chain);
    let verdict = |facts: &TlsFacts, root| {
        let trust = Arc::new(TrustStore::new(&client_policy(Mode::Require, &[root])));
        facts.verdict(&trust, UnixTime::now())
    };
    assert_eq!(verdict(&second, &root), Verdict::Success);
    assert!(matches!(verdict(&second, &other), Verdict::Failed(_)));
}

#[test]
fn sessions_are_never_resumed_under_another_client_policy() {
    let (root, other) = (authority("root"), authority("other"));
    let client = Client::issued(&params("c"), &root);
    let config = Arc::new(client_config(Some(&client)));
    let open = tls_host("a.test");
    let asking = |authority| TlsHost {
        client: Some(Arc::new(client_policy(Mode::Require, &[authority]))),
        ..(*open).clone()
    };
    let mut table = TlsTable::compile(None, [], &open, TlsOptions::default());
    let mut resumed = Vec::new();
    for host in [
        (*open).clone(),
        (*open).clone(),
        asking(&root),
        asking(&other),
        (*open).clone(),
    ] {
        table = TlsTable::compile(Some(&table), [], &Arc::new(host), TlsOptions::default());
        let facts = handshake(config.clone(), table.lookup(None), "a.test").expect("a handshake");
        resumed.push(facts.resumed);
    }
    assert_eq!(resumed, [false, true, false, false, false]);
}

#[test]
fn a_resumed_session_is_held_to_what_is_true_now() {
    let (root, other) = (authority("root"), authority("other"));
    let chain = Client::issued(&params("c"), &root).chain;
    let policy = with_clients(Mode::HandshakeRequire, &[&root]);
    assert!(policy.check(&chain, UnixTime::now()).is_ok());
    assert!(policy.check(&[], UnixTime::now()).is_err());
    let moved = with_clients(Mode::HandshakeRequire, &[&other]);
    assert!(moved.check(&chain, UnixTime::now()).is_err());
    assert!(
        with_clients(Mode::Require, &[&other])
            .check(&chain, UnixTime::now())
            .is_ok()
    );
    assert!(policy_without_clients().check(&[], UnixTime::now()).is_ok());
}

#[test]
fn versions_and_protocols_follow_the_host() {
    let config = || {
        let mut config = client_config(None);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Arc::new(config)
    };
    for (versions, expected) in [
        (TlsVersions::Tls12And13, "TLSv1.3"),
        (TlsVersions::Tls13, "TLSv1.3"),
        (TlsVersions::Tls12, "TLSv1.2"),
    ] {
        let host = TlsHost {
            versions,
            ..(*tls_host("a.test")).clone()
        };
        let facts = handshake(config(), &policy(host.clone()), "a.test").expect("a handshake");
        assert_eq!(facts.version, expected);
        assert!(facts.h2);
        let http1 = TlsTable::compile(None, [], &Arc::new(host), TlsOptions { http2: false });
        assert!(
            !handshake(config(), http1.lookup(None), "a.test")
                .expect("a handshake")
                .h2
        );
    }
    let old = TlsHost {
        versions: TlsVersions::Tls13,
        ..(*tls_host("a.test")).clone()
    };
    assert!(handshake(Arc::new(only_tls12()), &policy(old), "a.test").is_err());
}

#[test]
fn a_connection_admits_hosts_that_ask_no_more_than_it_was_asked() {
    let (root, other) = (authority("root"), authority("other"));
    let host = |client: Option<ClientCertificate>, versions| TlsHost {
        client: client.map(Arc::new),
        versions,
        ..TlsHost::default()
    };
    let any = TlsVersions::default();
    let open = policy_without_clients();
    assert!(open.admits(&host(None, any)));
    assert!(!open.admits(&host(None, TlsVersions::Tls13)));
    assert!(!open.admits(&host(Some(client_policy(Mode::Optional, &[&root])), any)));
    let judged = with_clients(Mode::Optional, &[&root]);
    assert!(judged.admits(&host(None, any)));
    assert!(judged.admits(&host(Some(client_policy(Mode::Require, &[&other])), any)));
    assert!(!judged.admits(&host(Some(client_policy(Mode::HandshakeRequire, &[&root])), any)));
    let verified = with_clients(Mode::HandshakeRequire, &[&root]);
    assert!(verified.admits(&host(Some(client_policy(Mode::HandshakeRequire, &[&root])), any)));
    assert!(!verified.admits(&host(Some(client_policy(Mode::HandshakeRequire, &[&other])), any)));
}

fn limited(algorithms: TlsAlgorithms) -> Arc<TlsPolicy> {
    policy(TlsHost {
        algorithms: Some(Arc::new(algorithms)),
        ..(*tls_host("a.test")).clone()
    })
}

#[test]
fn suites_and_their_order_follow_the_host() {
    // The certificate's key is of ECDSA.
    let [e256, _, echa, _, e128, r128] = CipherSuite::ALL;
    let limited = |suites: &[CipherSuite], order| {
        let suites = suites.to_vec();
        limited(TlsAlgorithms {
            suites,
            order,
            ..TlsAlgorithms::default()
        })
    };
    let tls12 = Arc::new(client_speaking(&[&TLS12], (**crypto::provider()).clone()));
    // The client's own order is AES-256, AES-128, ChaCha20.
    for (suites, order, expected) in [
        (&[e128][..], SuiteOrder::Server, e128),
        (&[echa, e128], SuiteOrder::Server, echa),
        (&[echa, e128], SuiteOrder::Client, e128),
        (&[], SuiteOrder::Server, e256),
    ] {
        let policy = limited(suites, order);
        let facts = handshake(tls12.clone(), &policy, "a.test").expect("a suite in common");
        assert_eq!(facts.cipher, expected.openssl(), "{suites:?} {order:?}");
        let facts = meet(&policy, None).expect("TLS 1.3 is not limited");
        assert_eq!(facts.version, "TLSv1.3");
    }
    let unfit = limited(&[r128], SuiteOrder::Server);
    assert!(
        handshake(tls12, &unfit, "a.test").is_err(),
        "no suite is for the key"
    );
}

#[test]
fn groups_follow_the_host() {
    let policy = limited(TlsAlgorithms {
        groups: vec![KeyExchangeGroup::Secp384r1],
        ..TlsAlgorithms::default()
    });
    let offering = |names: &[NamedGroup]| {
        let mut provider = (**crypto::provider()).clone();
        provider.kx_groups.retain(|group| names.contains(&group.name()));
        Arc::new(client_speaking(&[&TLS13, &TLS12], provider))
    };
    let both = offering(&[NamedGroup::X25519, NamedGroup::secp384r1]);
    assert!(handshake(both, &policy, "a.test").is_ok());
    let other = offering(&[NamedGroup::X25519]);
    assert!(handshake(other, &policy, "a.test").is_err());
}

#[test]
fn the_certificate_fits_the_suites_where_only_tls_1_2_is_spoken() {
    let host = |suite| TlsHost {
        certificates: vec![certificate("a.test"), rsa_certificate("a.test")],
        versions: TlsVersions::Tls12,
        algorithms: Some(Arc::new(TlsAlgorithms {
            suites: vec![suite],
            ..TlsAlgorithms::default()
        })),
        ..TlsHost::default()
    };
    for suite in [CipherSuite::EcdheRsaAes128Gcm, CipherSuite::EcdheEcdsaAes128Gcm] {
        let facts = meet(&policy(host(suite)), None).expect("a suite and a certificate for it");
        assert_eq!(facts.cipher, suite.openssl());
    }
}

#[test]
fn sessions_are_never_resumed_under_other_algorithms() {
    let config = Arc::new(client_config(None));
    let open = tls_host("a.test");
    let limited = |group| TlsHost {
        algorithms: Some(Arc::new(TlsAlgorithms {
            groups: vec![group],
            ..TlsAlgorithms::default()
        })),
        ..(*open).clone()
    };
    let mut table = TlsTable::compile(None, [], &open, TlsOptions::default());
    let mut resumed = Vec::new();
    for host in [
        (*open).clone(),
        limited(KeyExchangeGroup::X25519),
        limited(KeyExchangeGroup::X25519),
        limited(KeyExchangeGroup::Secp256r1),
        (*open).clone(),
    ] {
        table = TlsTable::compile(Some(&table), [], &Arc::new(host), TlsOptions::default());
        let facts = handshake(config.clone(), table.lookup(None), "a.test").expect("a handshake");
        resumed.push(facts.resumed);
    }
    assert_eq!(resumed, [false, false, true, false, false]);
}

#[test]
fn a_connection_admits_hosts_that_allow_what_it_could_agree_on() {
    let [a, b, ..] = CipherSuite::ALL;
    let limits = |suites: &[CipherSuite]| TlsAlgorithms {
        suites: suites.to_vec(),
        ..TlsAlgorithms::default()
    };
    let host = |suites: &[CipherSuite]| TlsHost {
        algorithms: Some(Arc::new(limits(suites))),
        ..TlsHost::default()
    };
    assert!(!policy_without_clients().admits(&host(&[a])));
    assert!(limited(limits(&[a])).admits(&TlsHost::default()));
    assert!(limited(limits(&[a])).admits(&host(&[b, a])));
    assert!(!limited(limits(&[a, b])).admits(&host(&[a])));
}

fn policy_without_clients() -> Arc<TlsPolicy> {
    policy((*tls_host("a.test")).clone())
}

fn only_tls12() -> ClientConfig {
    let provider = CryptoProvider {
        cipher_suites: crypto::provider()
            .cipher_suites
            .iter()
            .copied()
            .filter(|suite| suite.version().version == rustls::ProtocolVersion::TLSv1_2)
            .collect(),
        ..(**crypto::provider()).clone()
    };
    ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&TLS12])
        .expect("TLS 1.2 suites")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}
