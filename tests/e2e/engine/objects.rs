//! The objects that both engines serve: a path for each thing that a route can do, in every dialect.
//!
//! Hosts: `n` reads as ingress-nginx does, `t` as Traefik does, `f` reads all; others have what holds for a whole host.

use std::net::SocketAddr;

use super::origin::Origin;
use crate::support::certs::Authority;
use crate::support::{Ingress, yaml};

/// `ann` with the password `test`.
const USERS: &str = "ann:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=";

/// Names and values.
type Annotations = &'static [(&'static str, &'static str)];

/// The paths of host `n`: name of the Ingress, which is also its path, its Service, and its annotations.
const NGINX: &[(&str, &str, Annotations)] = &[
    ("plain", "origin", &[]),
    (
        "permanent",
        "origin",
        &[("permanent-redirect", "https://other.example.org/")],
    ),
    (
        "temporal",
        "origin",
        &[("temporal-redirect", "https://other.example.org/")],
    ),
    (
        "auth",
        "origin",
        &[
            ("auth-type", "basic"),
            ("auth-secret", "users"),
            ("auth-realm", "Members"),
        ],
    ),
    (
        "closed",
        "origin",
        &[("auth-type", "basic"), ("auth-secret", "missing")],
    ),
    (
        "cors",
        "origin",
        &[
            ("enable-cors", "true"),
            ("cors-allow-origin", "https://a.example.org"),
        ],
    ),
    (
        "denied",
        "origin",
        &[("allowlist-source-range", "203.0.113.0/24")],
    ),
    ("small", "origin", &[("proxy-body-size", "1k")]),
    (
        "limited",
        "origin",
        &[("limit-rpm", "1"), ("limit-burst-multiplier", "1")],
    ),
    ("crowd", "origin", &[("limit-connections", "1")]),
    ("vhost", "origin", &[("upstream-vhost", "inner.example.org")]),
    ("none", "empty", &[]),
    ("gone", "missing", &[]),
    ("refused", "refused", &[]),
    (
        "pages",
        "origin",
        &[("custom-http-errors", "404,503"), ("default-backend", "origin")],
    ),
    ("hint", "origin", &[("x-forwarded-prefix", "/hint")]),
    (
        "snippet",
        "origin",
        &[(
            "configuration-snippet",
            "more_set_headers 'X-Set: $request_method $http_x_in';\nmore_clear_headers 'X-Two';\n\
             more_set_input_headers 'X-Put: $host';\nmore_clear_input_headers 'X-Gone';\n\
             if ($http_x_refuse) { return 403; }\nif ($http_x_text) { return 200 'some text'; }\n\
             if ($http_x_go) { return 302 https://other.example.org$request_uri; }\nif ($http_x_drop) { return 444; }",
        )],
    ),
    (
        "leave",
        "origin",
        &[("configuration-snippet", "rewrite ^/leave/(.*) /left/$1 redirect;")],
    ),
    (
        "again",
        "origin",
        &[("configuration-snippet", "rewrite ^/again/(.*) /plain/$1 last;")],
    ),
    (
        "change",
        "origin",
        &[(
            "configuration-snippet",
            "rewrite ^/change/(.*) /changed/$1 break;",
        )],
    ),
];

/// The paths of host `t`: name, Service, and the spec of its middleware.
const TRAEFIK: &[(&str, &str, &str)] = &[
    ("plain", "origin", ""),
    ("strip", "origin", "stripPrefix: {prefixes: [/strip]}"),
    ("add", "origin", "addPrefix: {prefix: /more}"),
    (
        "replace",
        "origin",
        "replacePathRegex: {regex: '^/replace/(.*)', replacement: '/new/$1'}",
    ),
    (
        "moved",
        "origin",
        "redirectRegex: {regex: '^http://t.example.org[^/]*/moved/(.*)', replacement: 'https://other.example.org/$1'}",
    ),
    (
        "secure",
        "origin",
        "redirectScheme: {scheme: https, permanent: true}",
    ),
    (
        "auth",
        "origin",
        "basicAuth: {secret: users, headerField: X-User}",
    ),
    ("denied", "origin", "ipAllowList: {sourceRange: [203.0.113.0/24]}"),
    (
        "limited",
        "origin",
        "rateLimit: {average: 1, period: 1h, burst: 1}",
    ),
    (
        "headers",
        "origin",
        "headers: {customRequestHeaders: {X-Put: here, X-Gone: ''}, customResponseHeaders: {X-Set: there, X-Two: ''}, \
         frameDeny: true}",
    ),
    (
        "cors",
        "origin",
        "headers: {accessControlAllowOriginList: ['https://a.example.org'], accessControlAllowMethods: [GET, PUT], \
         accessControlMaxAge: 100}",
    ),
    ("sticky", "sticky", ""),
    ("own", "own", ""),
    ("none", "empty", ""),
    ("refused", "refused", ""),
    ("broken", "origin", "digestAuth: {secret: users}"),
];

/// All of them.
pub(super) fn all(origin: &Origin) -> String {
    let mut documents = vec![yaml::classes()];
    for (name, service, annotations) in NGINX {
        let ingress = Ingress::new("team", &format!("n-{name}"), "nginx");
        let ingress = ingress.prefix("n.example.org", &format!("/{name}"), service);
        let ingress = annotations
            .iter()
            .fold(ingress, |ingress, (name, value)| ingress.nginx(name, value));
        documents.push(ingress.to_string());
    }
    for (name, service, middleware) in TRAEFIK {
        let mut ingress = Ingress::new("team", &format!("t-{name}"), "traefik");
        if !middleware.is_empty() {
            documents.push(format!(
                "apiVersion: traefik.io/v1alpha1\nkind: Middleware\nmetadata: {{name: {name}, namespace: team}}\n\
                 spec:\n  {middleware}\n"
            ));
            let key = "traefik.ingress.kubernetes.io/router.middlewares";
            ingress = ingress.annotation(key, &format!("team-{name}@kubernetescrd"));
        }
        let ingress = ingress.prefix("t.example.org", &format!("/{name}"), service);
        documents.push(ingress.to_string());
    }
    let others = [
        Ingress::new("team", "f", "ferrik")
            .prefix("f.example.org", "/prefix", "origin")
            .path("f.example.org", "/exact", "Exact", "origin")
            .prefix("*.f.example.org", "/", "origin"),
        Ingress::new("team", "probe", "ferrik").prefix("probe.example.org", "/", "origin"),
        Ingress::new("team", "rewrite", "nginx")
            .nginx("use-regex", "true")
            .nginx("rewrite-target", "/$2")
            .path(
                "rewrite.example.org",
                "/app(/|$)(.*)",
                "ImplementationSpecific",
                "origin",
            ),
        Ingress::new("team", "root", "nginx")
            .nginx("app-root", "/start")
            .prefix("root.example.org", "/", "origin"),
        Ingress::new("team", "secure", "nginx")
            .prefix("secure.example.org", "/", "origin")
            .tls(&["secure.example.org"], "certificate"),
    ];
    documents.extend(others.iter().map(ToString::to_string));
    let identity = Authority::new("servers").server(&["secure.example.org"]);
    documents.push(yaml::tls_secret("team", "certificate", &identity));
    let users = [("auth", USERS.to_owned()), ("users", USERS.to_owned())];
    documents.push(yaml::secret("team", "users", "Opaque", &users));
    let service = |name: &str, addresses: &[SocketAddr]| yaml::service_and_slice("team", name, 80, addresses);
    let annotated = |name: &str, annotations: &str| {
        let text = service(name, &[origin.address]);
        text.replacen(
            "metadata:\n",
            &format!("metadata:\n  annotations: {{{annotations}}}\n"),
            1,
        )
    };
    documents.extend([
        service("origin", &[origin.address]),
        service("empty", &[]),
        service("refused", &[refusing()]),
        annotated(
            "sticky",
            "traefik.ingress.kubernetes.io/service.sticky.cookie: 'true', \
             traefik.ingress.kubernetes.io/service.sticky.cookie.name: place",
        ),
        annotated(
            "own",
            "traefik.ingress.kubernetes.io/service.passhostheader: 'false'",
        ),
    ]);
    documents.join("---\n")
}

/// An address that takes no connection.
fn refusing() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it is bound")
}
