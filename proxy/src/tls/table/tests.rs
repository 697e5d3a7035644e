//! Which name has which policy, and which policies are kept.

use ferrik_config::policy::ClientCertificateMode;
use ferrik_config::table::CipherSuite;

use super::super::testing::{authority, client_policy, host, tls_host};
use super::*;

fn exact(name: &str) -> HostKey {
    HostKey::Exact(host(name))
}

fn wildcard(domain: &str) -> HostKey {
    HostKey::Wildcard(host(domain))
}

fn compile(
    previous: Option<&TlsTable>,
    hosts: &[(HostKey, Arc<TlsHost>)],
    default: &Arc<TlsHost>,
) -> TlsTable {
    let hosts = hosts.iter().map(|(key, host)| (key, host));
    TlsTable::compile(previous, hosts, default, TlsOptions::default())
}

fn found<'a>(table: &'a TlsTable, name: &str) -> &'a Arc<TlsPolicy> {
    table.lookup(Some(&host(name)))
}

#[test]
fn the_exact_name_wins_then_one_label_of_wildcard_then_the_default() {
    let (a, any, default) = (tls_host("a.test"), tls_host("any.test"), tls_host("default.test"));
    let table = compile(
        None,
        &[(exact("a.test"), a.clone()), (wildcard("test"), any.clone())],
        &default,
    );
    for (name, expected) in [
        ("a.test", &a),
        ("b.test", &any),
        ("c.b.test", &default),
        ("test", &default),
        ("other", &default),
    ] {
        assert!(Arc::ptr_eq(found(&table, name).host(), expected), "{name}");
    }
    assert!(Arc::ptr_eq(table.lookup(None).host(), &default));
}

#[test]
fn a_policy_for_any_host_stands_in_for_the_default() {
    let (any, default) = (tls_host("any.test"), tls_host("default.test"));
    let table = compile(None, &[(HostKey::Any, any.clone())], &default);
    assert!(Arc::ptr_eq(table.lookup(None).host(), &any));
}

#[test]
fn unchanged_hosts_keep_their_policy() {
    let (a, b, default) = (tls_host("a.test"), tls_host("b.test"), tls_host("default.test"));
    let first = compile(
        None,
        &[(exact("a.test"), a.clone()), (exact("b.test"), b)],
        &default,
    );
    let equal = Arc::new((*a).clone());
    let hosts = [
        (exact("a.test"), equal),
        (exact("b.test"), tls_host("b.test")),
        (exact("c.test"), a),
    ];
    let second = compile(Some(&first), &hosts, &default);
    assert!(
        Arc::ptr_eq(found(&first, "a.test"), found(&second, "a.test")),
        "equal by value"
    );
    assert!(
        Arc::ptr_eq(found(&first, "a.test"), found(&second, "c.test")),
        "one TlsHost, one policy"
    );
    assert!(
        !Arc::ptr_eq(found(&first, "b.test"), found(&second, "b.test")),
        "another certificate"
    );
    assert!(Arc::ptr_eq(first.lookup(None), second.lookup(None)));
    let other = TlsTable::compile(Some(&second), [], &default, TlsOptions { http2: false });
    assert!(
        !Arc::ptr_eq(second.lookup(None), other.lookup(None)),
        "another setting"
    );
}

#[test]
fn a_new_default_certificate_reaches_the_hosts_without_one() {
    let (own, bare) = (tls_host("own.test"), Arc::new(TlsHost::default()));
    let hosts = [(exact("own.test"), own), (exact("bare.test"), bare)];
    let first = compile(None, &hosts, &tls_host("old.test"));
    let second = compile(Some(&first), &hosts, &tls_host("new.test"));
    assert!(Arc::ptr_eq(found(&first, "own.test"), found(&second, "own.test")));
    assert!(!Arc::ptr_eq(
        found(&first, "bare.test"),
        found(&second, "bare.test")
    ));
    let third = compile(
        Some(&second),
        &hosts,
        &Arc::new((*second.lookup(None).host().as_ref()).clone()),
    );
    assert!(Arc::ptr_eq(
        found(&second, "bare.test"),
        found(&third, "bare.test")
    ));
}

#[test]
fn a_host_is_admitted_if_its_own_name_would_have_asked_the_same() {
    let authority = authority("root");
    let guarded = TlsHost {
        client: Some(Arc::new(client_policy(
            ClientCertificateMode::Require,
            &[&authority],
        ))),
        ..TlsHost::default()
    };
    let hosts = [
        (exact("a.test"), tls_host("a.test")),
        (exact("b.test"), tls_host("b.test")),
        (exact("guarded.test"), Arc::new(guarded)),
    ];
    let table = compile(None, &hosts, &tls_host("default.test"));
    let open = found(&table, "a.test");
    assert!(table.admits(open, "a.test") && table.admits(open, "b.test") && table.admits(open, "other.test"));
    assert!(!table.admits(open, "guarded.test"));
    let asked = found(&table, "guarded.test");
    assert!(table.admits(asked, "guarded.test") && table.admits(asked, "a.test"));
}

#[test]
fn equal_limits_share_one_provider() {
    let limited = |name: &str, suites| {
        let algorithms = TlsAlgorithms {
            suites,
            ..TlsAlgorithms::default()
        };
        Arc::new(TlsHost {
            algorithms: Some(Arc::new(algorithms)),
            ..(*tls_host(name)).clone()
        })
    };
    let [a, b, ..] = CipherSuite::ALL;
    let hosts = [
        (exact("a.test"), limited("a.test", vec![a])),
        (exact("b.test"), limited("b.test", vec![a])),
        (exact("c.test"), limited("c.test", vec![b])),
        (exact("d.test"), tls_host("d.test")),
    ];
    let table = compile(None, &hosts, &tls_host("default.test"));
    let provider = |name| found(&table, name).config.crypto_provider();
    assert!(Arc::ptr_eq(provider("a.test"), provider("b.test")));
    assert!(!Arc::ptr_eq(provider("a.test"), provider("c.test")));
    assert!(Arc::ptr_eq(provider("d.test"), crypto::provider()));
}
