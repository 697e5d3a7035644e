//! What the rows become, together and alone, and what is reported of them.

use super::*;
use crate::annotation::Base;
use crate::name::{Kind, ObjectRef};
use crate::nginx::FEATURES;
use crate::table::KeyExchangeGroup;

fn source() -> Source {
    Source {
        object: ObjectRef::new(Kind::Ingress, "a", "b"),
        field: "x".to_owned(),
    }
}

fn options(rows: &[(&str, &str)]) -> All {
    let mut base = Base::<All>::rows(FEATURES);
    for (row, text) in rows {
        base.set(FEATURES, row, text, &source()).expect(text);
    }
    base.options
}

fn reasons(rows: &[(&str, &str)], row: &str) -> Vec<Reason> {
    let problems = problems(&options(rows), row, &source());
    problems.iter().map(|problem| problem.reason).collect()
}

#[test]
fn the_order_is_the_servers_where_it_lists_one() {
    let [e256, r256, _, _, e128, r128] = CipherSuite::ALL;
    let list = "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384";
    for (rows, expected) in [
        (&[(CIPHERS, list)][..], Some((vec![r128, e256], SuiteOrder::Server))),
        (
            &[(CIPHERS, list), ("ssl-prefer-server-ciphers", "true")],
            Some((vec![r128, e256], SuiteOrder::Server)),
        ),
        (
            &[(CIPHERS, list), ("ssl-prefer-server-ciphers", "false")],
            Some((vec![e256, r128], SuiteOrder::Client)),
        ),
        (&[("ssl-prefer-server-ciphers", "true")], Some((vec![], SuiteOrder::Server))),
        (&[("ssl-prefer-server-ciphers", "false")], None),
        (&[(CURVES, "auto")], None),
        (
            &[(CIPHERS, "AESGCM:!ECDHE-RSA-AES256-GCM-SHA384:AES256")],
            Some((vec![e256, e128, r128], SuiteOrder::Server)),
        ),
        (&[(CIPHERS, "ECDHE-RSA-AES256-GCM-SHA384")], Some((vec![r256], SuiteOrder::Server))),
    ] {
        let limits = limits(&options(rows)).expect("something is said");
        let found = limits.algorithms.map(|it| (it.suites.clone(), it.order));
        assert_eq!(found, expected, "{rows:?}");
        assert_eq!(limits.versions, TlsVersions::default(), "{rows:?}");
    }
    assert_eq!(limits(&options(&[])), None);
}

#[test]
fn a_list_that_leaves_nothing_excludes_no_less() {
    let [_, r256, _, rcha, ..] = CipherSuite::ALL;
    let both = TlsVersions::default();
    for (text, suites, versions) in [
        ("AES256-SHA", CipherSuite::ALL.to_vec(), both),
        ("!aNULL:!MD5", CipherSuite::ALL.to_vec(), both),
        ("DHE-RSA-AES256-GCM-SHA384:!ECDSA:!AES128", vec![r256, rcha], both),
        ("AES256-SHA:!ECDHE", vec![], TlsVersions::Tls13),
        ("TLS_AES_256_GCM_SHA384", vec![], TlsVersions::Tls13),
    ] {
        let limits = limits(&options(&[(CIPHERS, text)])).expect("something is said");
        let found = limits.algorithms.map(|it| it.suites.clone()).unwrap_or_default();
        assert_eq!((found, limits.versions), (suites, versions), "{text}");
        let told = reasons(&[(CIPHERS, text)], CIPHERS);
        assert!(told.contains(&Reason::TlsListUnusable), "{text}: {told:?}");
    }
}

#[test]
fn problems_are_told_once_for_each_kind() {
    let good = "ECDHE-RSA-AES128-GCM-SHA256";
    for (row, text, expected) in [
        (CIPHERS, good.to_owned(), vec![]),
        (CIPHERS, format!("{good}:RC4-MD5:AES128-SHA"), vec![Reason::AnnotationDiffers]),
        (CIPHERS, format!("{good}:HIHG:LWO"), vec![Reason::AnnotationInvalid]),
        (
            CIPHERS,
            "HIHG:AES128-SHA".to_owned(),
            vec![Reason::AnnotationInvalid, Reason::TlsListUnusable, Reason::AnnotationDiffers],
        ),
        (CURVES, "X25519:secp521r1".to_owned(), vec![Reason::AnnotationDiffers]),
        (CURVES, "secp521r1".to_owned(), vec![Reason::TlsListUnusable, Reason::AnnotationDiffers]),
        (CURVES, "auto".to_owned(), vec![]),
    ] {
        assert_eq!(reasons(&[(row, &text)], row), expected, "{text}");
    }
}

#[test]
fn groups_are_limited_beside_suites() {
    let limits = limits(&options(&[(CURVES, "P-256:X25519")])).expect("something is said");
    let algorithms = limits.algorithms.expect("groups are listed");
    assert_eq!(algorithms.groups, [KeyExchangeGroup::X25519, KeyExchangeGroup::Secp256r1]);
    assert_eq!((algorithms.suites.len(), algorithms.order), (0, SuiteOrder::Client));
}
