//! The text of objects.

/// An Ingress of class `nginx` with one host, whose `/` goes to port 80 of a Service.
pub(crate) fn ingress(namespace: &str, name: &str, host: &str, service: &str) -> String {
    annotated(namespace, name, host, service, "{}")
}

/// The same with annotations, as YAML.
pub(crate) fn annotated(namespace: &str, name: &str, host: &str, service: &str, annotations: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: {name}, namespace: {namespace}, annotations: {annotations}}}
spec:
  ingressClassName: nginx
  rules:
    - host: {host}
      http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: {service}, port: {{number: 80}}}}}}}}]}}
"
    )
}

/// A Secret with text entries, as a YAML map.
pub(crate) fn secret(namespace: &str, name: &str, kind: &str, entries: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Secret, metadata: {{name: {name}, namespace: {namespace}}}, type: {kind}, stringData: {entries}}}"
    )
}
