//! A site's whole chain: CORS, redirects, the client's certificate, a shared key, and a `TLSOption`, on two hosts.

use serde_json::{Value, json};

use super::{AUTHORITY, host, middleware, object, problems, secret, translate};
use crate::policy::{ClientCertificateMode, Policy, RedirectStatus};
use crate::report::Reason;
use crate::table::Entry;

fn site() -> Vec<Value> {
    let path = json!([{
        "path": "/", "pathType": "Prefix",
        "backend": {"service": {"name": "web", "port": {"number": 80}}},
    }]);
    let redirect = |regex: &str, replacement: &str, permanent: bool| json!({"redirectRegex": {"regex": regex, "replacement": replacement, "permanent": permanent}});
    vec![
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": {"name": "data", "namespace": "lab", "annotations": {
                "traefik.ingress.kubernetes.io/router.middlewares": "lab-data-all@kubernetescrd",
                "traefik.ingress.kubernetes.io/router.tls.options": "lab-data-mutual-tls@kubernetescrd",
            }},
            "spec": {"ingressClassName": "traefik", "rules": [
                {"host": "data.example.org", "http": {"paths": path}},
                {"host": "old.example.org", "http": {"paths": path}},
            ]},
        }),
        middleware(
            "data-all",
            super::chain_of(&[
                "data-cors",
                "data-robots",
                "data-maps",
                "data-moved",
                "data-cert",
                "data-key",
            ]),
        ),
        middleware(
            "data-cors",
            json!({"headers": {
                "accessControlAllowOriginListRegex": [".*"], "accessControlAllowCredentials": true,
                "accessControlAllowMethods": ["POST", "GET"], "accessControlAllowHeaders": ["Range"],
                "accessControlMaxAge": 600,
            }}),
        ),
        middleware(
            "data-robots",
            redirect(
                "^https?://([^/]+)/robots.txt",
                "https://${1}/data/robots.txt",
                false,
            ),
        ),
        middleware(
            "data-maps",
            redirect(
                "^https?://([^/]+)/(sitemap.+)",
                "https://${1}/data/maps/${2}",
                false,
            ),
        ),
        middleware(
            "data-moved",
            redirect(
                "^https://old.example.org/(.*)",
                "https://data.example.org/${1}",
                true,
            ),
        ),
        middleware(
            "data-cert",
            json!({"passTLSClientCert": {"pem": true, "info": {"subject": {"commonName": true}}}}),
        ),
        middleware(
            "data-key",
            json!({"headers": {"customRequestHeaders": {
                "X-Proxy-Key": "not-a-real-key", "Server": "traefik", "Ssl-Client-Verify": "",
            }}}),
        ),
        object(
            "TLSOption",
            "lab",
            "data-mutual-tls",
            json!({"clientAuth": {
                "clientAuthType": "VerifyClientCertIfGiven", "secretNames": ["authorities"],
            }}),
        ),
        secret("authorities", json!({"ca.crt": AUTHORITY})),
    ]
}

#[test]
fn the_steps_stand_in_the_order_of_the_chain() {
    let output = translate(&site());
    for name in ["data.example.org", "old.example.org"] {
        let host = host(&output, name);
        let steps: Vec<(&str, &str, &str)> = host.routes[0]
            .steps
            .iter()
            .map(|step| {
                (
                    step.policy.word(),
                    &*step.source.object.name,
                    step.source.field.as_str(),
                )
            })
            .collect();
        assert_eq!(
            steps,
            [
                ("cors", "data-cors", "spec.headers"),
                ("redirect", "data-robots", "spec.redirectRegex"),
                ("redirect", "data-maps", "spec.redirectRegex"),
                ("redirect", "data-moved", "spec.redirectRegex"),
                ("forward_certificate", "data-cert", "spec.passTLSClientCert"),
                ("header", "data-key", "spec.headers"),
            ]
        );
        let statuses: Vec<RedirectStatus> = host.routes[0]
            .steps
            .iter()
            .filter_map(|step| match &step.policy {
                Policy::Redirect(redirect) => Some(redirect.status),
                _ => None,
            })
            .collect();
        assert_eq!(
            statuses,
            [
                RedirectStatus::Temporary,
                RedirectStatus::Temporary,
                RedirectStatus::Permanent
            ]
        );
        assert_eq!(host.routes[0].entry, Entry::Any);
    }
}

#[test]
fn the_hosts_ask_for_certificates_and_only_the_open_door_is_reported() {
    let output = translate(&site());
    for tls in output.table.tls.values() {
        let client = tls.client.as_ref().expect("the TLSOption asks for certificates");
        assert_eq!(client.mode, ClientCertificateMode::HandshakeVerifyIfGiven);
        assert_eq!(client.authorities.as_ref().map(|list| list.len()), Some(1));
    }
    assert_eq!(output.table.tls.len(), 2);
    let field = "spec.headers.accessControlAllowOriginListRegex".to_owned();
    assert_eq!(
        problems(&output),
        [("Middleware lab/data-cors".to_owned(), field, Reason::CorsWideOpen)]
    );
}
