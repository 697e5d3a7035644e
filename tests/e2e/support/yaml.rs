//! The text of Kubernetes objects, as a user would write them.

use std::fmt::Write as _;
use std::fmt::{self, Display};
use std::net::SocketAddr;

use super::certs::{Authority, Identity};

/// Documents of one file.
pub(crate) fn file(documents: &[&dyn Display]) -> String {
    let documents: Vec<String> = documents.iter().map(ToString::to_string).collect();
    documents.join("---\n")
}

/// The three classes, under the names that Ingresses here use: `nginx`, `traefik` and `ferrik`.
pub(crate) fn classes() -> String {
    let controllers = [
        ("nginx", "k8s.io/ingress-nginx"),
        ("traefik", "traefik.io/ingress-controller"),
        ("ferrik", "ferrik.dev/ingress-controller"),
    ];
    let class = |(name, controller): (&str, &str)| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata:\n  name: {name}\nspec:\n  controller: {controller}\n"
        )
    };
    controllers.map(class).join("---\n")
}

/// A Service with one port, and a slice for each address, because each has a port of its own.
pub(crate) fn service_and_slice(namespace: &str, name: &str, port: u16, addresses: &[SocketAddr]) -> String {
    let mut text = format!(
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\n  namespace: {namespace}\nspec:\n  ports:\n    \
         - name: web\n      port: {port}\n"
    );
    for (at, address) in addresses.iter().enumerate() {
        let _ = write!(
            text,
            "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata:\n  name: {name}-{at}\n  \
             namespace: {namespace}\n  labels:\n    kubernetes.io/service-name: {name}\naddressType: IPv4\n\
             ports:\n  - name: web\n    port: {}\nendpoints:\n  - addresses: [{}]\n    conditions:\n      ready: true\n",
            address.port(),
            address.ip()
        );
    }
    text
}

/// A Secret with a server certificate.
pub(crate) fn tls_secret(namespace: &str, name: &str, identity: &Identity) -> String {
    let entries = [("tls.crt", identity.pem()), ("tls.key", identity.key_pem())];
    secret(namespace, name, "kubernetes.io/tls", &entries)
}

/// A Secret with the authorities whose clients are trusted.
pub(crate) fn ca_secret(namespace: &str, name: &str, authorities: &[&Authority]) -> String {
    let bundle: String = authorities.iter().map(|authority| authority.pem()).collect();
    secret(namespace, name, "Opaque", &[("ca.crt", bundle)])
}

/// Any Secret.
pub(crate) fn secret(namespace: &str, name: &str, kind: &str, entries: &[(&str, String)]) -> String {
    use base64::Engine as _;
    let mut text = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n  namespace: {namespace}\ntype: {kind}\ndata:\n"
    );
    for (key, value) in entries {
        let _ = writeln!(
            text,
            "  {key}: {}",
            base64::engine::general_purpose::STANDARD.encode(value)
        );
    }
    text
}

/// An Ingress, built piece by piece; its text is what `Display` writes.
pub(crate) struct Ingress {
    namespace: String,
    name: String,
    class: String,
    annotations: Vec<(String, String)>,
    rules: Vec<String>,
    tls: Vec<String>,
}

impl Ingress {
    pub(crate) fn new(namespace: &str, name: &str, class: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            class: class.to_owned(),
            annotations: Vec::new(),
            rules: Vec::new(),
            tls: Vec::new(),
        }
    }

    /// An annotation with its whole name.
    pub(crate) fn annotation(mut self, name: &str, value: &str) -> Self {
        self.annotations.push((name.to_owned(), value.to_owned()));
        self
    }

    /// An annotation of ingress-nginx.
    pub(crate) fn nginx(self, name: &str, value: &str) -> Self {
        self.annotation(&format!("nginx.ingress.kubernetes.io/{name}"), value)
    }

    /// A prefix of a host, served by port 80 of a service.
    pub(crate) fn prefix(self, host: &str, path: &str, service: &str) -> Self {
        self.path(host, path, "Prefix", service)
    }

    /// A path of a host, served by port 80 of a service.
    pub(crate) fn path(mut self, host: &str, path: &str, kind: &str, service: &str) -> Self {
        self.rules.push(format!(
            "    - host: \"{host}\"\n      http:\n        paths:\n          - path: {path}\n            pathType: {kind}\n            \
             backend:\n              service:\n                name: {service}\n                port:\n                  number: 80\n"
        ));
        self
    }

    /// A TLS section.
    pub(crate) fn tls(mut self, hosts: &[&str], secret: &str) -> Self {
        let hosts: Vec<String> = hosts.iter().map(|host| format!("\"{host}\"")).collect();
        self.tls.push(format!(
            "    - hosts: [{}]\n      secretName: {secret}\n",
            hosts.join(", ")
        ));
        self
    }
}

impl Display for Ingress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:")?;
        writeln!(f, "  name: {}\n  namespace: {}", self.name, self.namespace)?;
        if !self.annotations.is_empty() {
            writeln!(f, "  annotations:")?;
        }
        for (name, value) in &self.annotations {
            // A JSON string is a YAML one, however many lines it has.
            writeln!(f, "    {name}: {}", serde_json::Value::from(value.as_str()))?;
        }
        writeln!(f, "spec:\n  ingressClassName: {}", self.class)?;
        if !self.tls.is_empty() {
            write!(f, "  tls:\n{}", self.tls.concat())?;
        }
        write!(f, "  rules:\n{}", self.rules.concat())
    }
}
