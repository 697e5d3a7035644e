//! What is served: a thousand hosts with five paths each, and answers of three sizes.

use std::fmt::Write as _;

/// Hosts that are routed.
pub(crate) const HOSTS: usize = 1_000;
/// The paths of every host.
pub(crate) const PATHS: [&str; 5] = ["/", "/api", "/api/v2", "/static", "/login"];
/// What all hosts end with.
pub(crate) const DOMAIN: &str = "bench.test";
/// Addresses of the backend, which has one port on both.
pub(crate) const BACKENDS: [&str; 2] = ["127.0.0.1", "127.0.0.2"];

/// The class of the objects, which decides the dialect.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Class {
    /// The Kubernetes text.
    Ferrik,
    /// ingress-nginx.
    Nginx,
}

impl Class {
    fn name_and_controller(self) -> (&'static str, &'static str) {
        match self {
            Self::Ferrik => ("ferrik", "ferrik.dev/ingress-controller"),
            Self::Nginx => ("nginx", "k8s.io/ingress-nginx"),
        }
    }
}

/// What is asked of every host.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ask {
    /// An answer of 1 KiB.
    Small,
    /// An answer of 64 KiB.
    Medium,
    /// An answer of 1 MiB.
    Large,
    /// 1 KiB is sent, and 1 KiB comes back.
    Post,
}

impl Ask {
    /// What its targets end with. The backend decides by it, proxies route by what comes before.
    pub(crate) fn ending(self) -> &'static str {
        match self {
            Self::Small => "",
            Self::Medium => "/64k",
            Self::Large => "/1m",
            Self::Post => "/form",
        }
    }

    /// The answer.
    pub(crate) fn body(self) -> String {
        match self {
            Self::Small | Self::Post => body(),
            Self::Medium => body().repeat(64),
            Self::Large => body().repeat(1024),
        }
    }
}

/// 1 KiB.
pub(crate) fn body() -> String {
    "0123456789abcdef".repeat(64)
}

/// A host by number.
pub(crate) fn host(number: usize) -> String {
    format!("app-{number:04}.{DOMAIN}")
}

/// One request for each host, in an order that is no order, the paths in turn.
pub(crate) fn requests(ask: Ask) -> Vec<(String, String)> {
    let ending = ask.ending();
    let request = |at: usize| {
        // 617 and 1 000 have no common divisor, so every host comes once.
        let number = at * 617 % HOSTS;
        (
            host(number),
            format!(
                "{}/items/{at}{ending}?page=2",
                PATHS[at % PATHS.len()].trim_end_matches('/')
            ),
        )
    };
    (0..HOSTS).map(request).collect()
}

/// Host and path of every route, one per line, as `HAProxy` compares them.
pub(crate) fn route_map() -> String {
    let mut text = String::new();
    for number in 0..HOSTS {
        for path in PATHS {
            let _ = writeln!(text, "{}{path} site", host(number));
        }
    }
    text
}

/// The objects, as the text of a file.
pub(crate) fn objects(class: Class, backend_port: u16) -> String {
    let (name, controller) = class.name_and_controller();
    let mut text = format!(
        "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata:\n  name: {name}\nspec:\n  controller: {controller}\n\
         ---\napiVersion: v1\nkind: Service\nmetadata:\n  name: site\n  namespace: bench\nspec:\n  ports:\n    - name: http\n      \
         port: 80\n\
         ---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata:\n  name: site\n  namespace: bench\n  labels:\n    \
         kubernetes.io/service-name: site\naddressType: IPv4\nports:\n  - name: http\n    port: {backend_port}\nendpoints:\n"
    );
    for address in BACKENDS {
        let _ = write!(
            text,
            "  - addresses: [{address}]\n    conditions:\n      ready: true\n"
        );
    }
    for number in 0..HOSTS {
        let host = host(number);
        let rules: Vec<(&str, &str)> = PATHS.map(|path| (host.as_str(), path)).to_vec();
        text.push_str("---\n");
        text.push_str(&ingress(class, &format!("app-{number:04}"), &rules));
    }
    text
}

/// An Ingress with rules of host and path.
pub(crate) fn ingress(class: Class, name: &str, rules: &[(&str, &str)]) -> String {
    let class = class.name_and_controller().0;
    let mut text = format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: {name}\n  namespace: bench\nspec:\n  \
         ingressClassName: {class}\n  rules:\n"
    );
    for (host, path) in rules {
        let _ = write!(
            text,
            "    - host: {host}\n      http:\n        paths:\n          - path: {path}\n            pathType: Prefix\n            \
             backend:\n              service:\n                name: site\n                port:\n                  number: 80\n"
        );
    }
    text
}
