//! `TLSOption`s: versions, client certificates, and what happens when one cannot be used.

use serde_json::{Value, json};

use super::{
    AUTHORITY, field, ingress, ingress_of, object, problems, reasons, route, secret, translate, words,
};
use crate::policy::{ClientCertificate, ClientCertificateMode};
use crate::report::Reason;
use crate::table::{CipherSuite, Entry, KeyExchangeGroup, SuiteOrder, TlsVersions};
use crate::translate::Output;

fn with_option(spec: Value) -> Output {
    translate(&[
        ingress(json!({"router.tls.options": "lab-opt@kubernetescrd"})),
        object("TLSOption", "lab", "opt", spec),
        secret("new", json!({"tls.ca": AUTHORITY, "ca.crt": "no certificate"})),
        secret("old", json!({"ca.crt": AUTHORITY})),
        secret("bad", json!({"ca.crt": "no certificate"})),
    ])
}

fn client(output: &Output) -> Option<ClientCertificate> {
    let tls = output.table.tls.values().next();
    tls.and_then(|tls| tls.client.as_ref())
        .map(|client| (**client).clone())
}

#[test]
fn versions_are_limited_to_what_is_offered() {
    for (spec, versions, expected) in [
        (json!({}), TlsVersions::Tls12And13, vec![]),
        (
            json!({"minVersion": "VersionTLS12"}),
            TlsVersions::Tls12And13,
            vec![],
        ),
        (json!({"minVersion": "VersionTLS13"}), TlsVersions::Tls13, vec![]),
        (json!({"maxVersion": "VersionTLS12"}), TlsVersions::Tls12, vec![]),
        (
            json!({"minVersion": "VersionTLS10"}),
            TlsVersions::Tls12And13,
            vec![Reason::FieldUnsupported],
        ),
        (
            json!({"minVersion": "1.3"}),
            TlsVersions::Tls12And13,
            vec![Reason::FieldInvalid],
        ),
    ] {
        let output = with_option(spec.clone());
        let found = output
            .table
            .tls
            .values()
            .next()
            .map(|tls| tls.versions)
            .unwrap_or_default();
        assert_eq!((found, client(&output)), (versions, None), "{spec}");
        assert_eq!(reasons(&output), expected, "{spec}");
    }
}

#[test]
fn client_authentication_follows_the_type() {
    use ClientCertificateMode as Mode;
    for (spec, mode, authorities, entry) in [
        (
            json!({"clientAuthType": "RequestClientCert"}),
            Mode::HandshakeRequest,
            0,
            Entry::Any,
        ),
        (
            json!({"clientAuthType": "RequireAnyClientCert"}),
            Mode::HandshakeRequireAny,
            0,
            Entry::Https,
        ),
        (
            json!({"clientAuthType": "VerifyClientCertIfGiven", "secretNames": ["old"]}),
            Mode::HandshakeVerifyIfGiven,
            1,
            Entry::Any,
        ),
        (
            json!({"clientAuthType": "RequireAndVerifyClientCert", "secretNames": ["old", "new"]}),
            Mode::HandshakeRequire,
            2,
            Entry::Https,
        ),
        (
            json!({"secretNames": ["new"]}),
            Mode::HandshakeRequire,
            1,
            Entry::Https,
        ),
    ] {
        let output = with_option(json!({"clientAuth": spec}));
        let client = client(&output).expect("a certificate is asked for");
        let count = client.authorities.map(|list| list.len());
        assert_eq!(
            (client.mode, count, route(&output).entry),
            (mode, Some(authorities), entry),
            "{spec}"
        );
        assert_eq!(reasons(&output), [], "{spec}");
    }
    for spec in [
        json!({"clientAuthType": "NoClientCert"}),
        json!({}),
        json!({"secretNames": []}),
    ] {
        assert_eq!(client(&with_option(json!({"clientAuth": spec}))), None, "{spec}");
    }
}

/// No handshake succeeds, and nothing leads past it.
fn assert_nobody(output: &Output) {
    let client = client(output).expect("the host is guarded");
    assert_eq!(
        (client.authorities, client.mode),
        (None, ClientCertificateMode::HandshakeRequire)
    );
    assert_eq!(route(output).entry, Entry::Https);
}

#[test]
fn an_option_that_cannot_be_used_lets_nobody_in() {
    for (spec, at, reason) in [
        (
            json!({"clientAuth": {"secretNames": ["gone"]}}),
            "spec.clientAuth.secretNames[0]",
            Reason::SecretMissing,
        ),
        (
            json!({"clientAuth": {"clientAuthType": "RequestClientCert", "secretNames": ["old", "bad"]}}),
            "spec.clientAuth.secretNames[1]",
            Reason::SecretMissing,
        ),
        (
            json!({"clientAuth": {"clientAuthType": "VerifyClientCertIfGiven"}}),
            "spec.clientAuth.secretNames",
            Reason::FieldInvalid,
        ),
        (
            json!({"clientAuth": {"clientAuthType": "Always"}}),
            "spec.clientAuth.clientAuthType",
            Reason::FieldInvalid,
        ),
        (
            json!({"clientAuth": "x"}),
            "spec.clientAuth",
            Reason::FieldInvalid,
        ),
        (
            json!({"minVersion": "VersionTLS13", "maxVersion": "VersionTLS12"}),
            "spec.maxVersion",
            Reason::FieldInvalid,
        ),
    ] {
        let output = with_option(spec.clone());
        assert_nobody(&output);
        let found = problems(&output);
        assert!(
            found.contains(&("TLSOption lab/opt".to_owned(), at.to_owned(), reason)),
            "{spec}: {found:?}"
        );
        let on_ingress = (
            "Ingress lab/app".to_owned(),
            field("router.tls.options"),
            Reason::TlsOptionUnusable,
        );
        assert!(found.contains(&on_ingress), "{spec}: {found:?}");
    }
}

#[test]
fn a_reference_that_leads_nowhere_lets_nobody_in() {
    for (text, expected) in [
        ("lab-gone@kubernetescrd", Reason::TlsOptionUnusable),
        ("mtls@file", Reason::TlsOptionUnusable),
        ("other-opt@kubernetescrd", Reason::ReferenceRefused),
    ] {
        let objects = [
            ingress(json!({"router.tls.options": text})),
            object("TLSOption", "other", "opt", json!({})),
        ];
        let output = translate(&objects);
        assert_nobody(&output);
        assert_eq!(reasons(&output), [expected], "{text}");
    }
    let output = translate(&[ingress(json!({"router.tls.options": "default"}))]);
    assert_eq!((client(&output), reasons(&output)), (None, vec![]));
}

#[test]
fn a_rule_without_host_cannot_demand_certificates() {
    let objects = |mode: &str| {
        let spec = json!({"clientAuth": {"clientAuthType": mode, "secretNames": ["old"]}});
        [
            ingress_of("", json!({"router.tls.options": "lab-opt@kubernetescrd"})),
            object("TLSOption", "lab", "opt", spec),
            secret("old", json!({"ca.crt": AUTHORITY})),
        ]
    };
    let output = translate(&objects("RequireAndVerifyClientCert"));
    assert_eq!(
        (words(&output), reasons(&output)),
        (vec!["closed"], vec![Reason::RouteClosed])
    );
    assert_eq!(
        words(&translate(&objects("VerifyClientCertIfGiven"))),
        Vec::<&str>::new()
    );
}

#[test]
fn fields_that_are_not_applied_are_reported_unless_they_say_nothing() {
    let output = translate(&[object(
        "TLSOption",
        "lab",
        "default",
        json!({
            "preferServerCipherSuites": true, "sniStrict": false, "alpnProtocols": ["h2"],
            "minimumVersion": "VersionTLS12",
        }),
    )]);
    let found: Vec<(String, Reason)> = problems(&output)
        .into_iter()
        .map(|(_, field, reason)| (field, reason))
        .collect();
    assert_eq!(
        found,
        [
            ("metadata.name".to_owned(), Reason::FieldUnsupported),
            ("spec.alpnProtocols".to_owned(), Reason::FieldUnsupported),
            ("spec.minimumVersion".to_owned(), Reason::FieldUnknown),
            (
                "spec.preferServerCipherSuites".to_owned(),
                Reason::FieldUnsupported
            ),
        ]
    );
}

/// Versions, suites and groups of the only host.
fn limits(output: &Output) -> (TlsVersions, Vec<CipherSuite>, Vec<KeyExchangeGroup>) {
    let tls = output.table.tls.values().next();
    let algorithms = tls.and_then(|tls| tls.algorithms.as_deref().cloned());
    let algorithms = algorithms.unwrap_or_default();
    assert_eq!(algorithms.order, SuiteOrder::Client, "Go has no order");
    let versions = tls.map(|tls| tls.versions).unwrap_or_default();
    (versions, algorithms.suites, algorithms.groups)
}

#[test]
fn cipher_suites_are_those_of_go_that_are_spoken() {
    const R128: &str = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
    const OLD: &str = "TLS_RSA_WITH_AES_128_CBC_SHA";
    const TLS13: &str = "TLS_AES_128_GCM_SHA256";
    let both = TlsVersions::Tls12And13;
    for (suites, newest, versions, expected, problems) in [
        (json!([]), 3, both, vec![], vec![]),
        (
            json!([R128, R128]),
            3,
            both,
            vec![CipherSuite::EcdheRsaAes128Gcm],
            vec![],
        ),
        (
            json!([TLS13, R128]),
            3,
            both,
            vec![CipherSuite::EcdheRsaAes128Gcm],
            vec![],
        ),
        (
            json!([
                R128,
                "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
                "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
            ]),
            3,
            both,
            vec![
                CipherSuite::EcdheEcdsaAes256Gcm,
                CipherSuite::EcdheRsaChacha20,
                CipherSuite::EcdheRsaAes128Gcm,
            ],
            vec![],
        ),
        (
            json!([OLD, R128]),
            3,
            both,
            vec![CipherSuite::EcdheRsaAes128Gcm],
            vec![Reason::FieldUnsupported],
        ),
        (
            json!([OLD]),
            3,
            both,
            vec![],
            vec![Reason::TlsListUnusable, Reason::FieldUnsupported],
        ),
        (
            json!([TLS13]),
            3,
            TlsVersions::Tls13,
            vec![],
            vec![Reason::TlsListUnusable],
        ),
        (
            json!([TLS13]),
            2,
            TlsVersions::Tls12,
            vec![],
            vec![Reason::TlsListUnusable],
        ),
    ] {
        let spec = json!({"cipherSuites": suites, "maxVersion": format!("VersionTLS1{newest}")});
        let output = with_option(spec.clone());
        assert_eq!(limits(&output), (versions, expected, vec![]), "{spec}");
        assert_eq!(client(&output), None, "{spec}");
        assert_eq!(reasons(&output), problems, "{spec}");
    }
}

#[test]
fn curve_preferences_are_a_set_of_groups_that_are_spoken() {
    use KeyExchangeGroup as Group;
    for (curves, newest, expected, problems) in [
        (
            json!(["CurveP256", "X25519"]),
            3,
            vec![Group::X25519, Group::Secp256r1],
            vec![],
        ),
        (json!(["secp384r1"]), 3, vec![Group::Secp384r1], vec![]),
        (json!(["X25519MLKEM768"]), 3, vec![Group::X25519Mlkem768], vec![]),
        (
            json!(["CurveP521", "CurveP384"]),
            3,
            vec![Group::Secp384r1],
            vec![Reason::FieldUnsupported],
        ),
        (
            json!(["CurveP521"]),
            3,
            vec![],
            vec![Reason::TlsListUnusable, Reason::FieldUnsupported],
        ),
        (
            json!(["X25519MLKEM768"]),
            2,
            vec![],
            vec![Reason::TlsListUnusable],
        ),
    ] {
        let spec = json!({"curvePreferences": curves, "maxVersion": format!("VersionTLS1{newest}")});
        let output = with_option(spec.clone());
        assert_eq!(limits(&output).2, expected, "{spec}");
        assert_eq!(reasons(&output), problems, "{spec}");
    }
}

#[test]
fn names_that_go_does_not_know_make_the_option_unusable() {
    for spec in [
        json!({"cipherSuites": ["ECDHE-RSA-AES128-GCM-SHA256"]}),
        json!({"curvePreferences": ["P256"]}),
        json!({"cipherSuites": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"}),
    ] {
        let output = with_option(spec.clone());
        assert_nobody(&output);
        assert!(reasons(&output).contains(&Reason::TlsOptionUnusable), "{spec}");
    }
}
