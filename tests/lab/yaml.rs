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

/// One of Traefik's kinds, with any fields.
pub(crate) fn traefik_kind(plural: &str, kind: &str) -> String {
    format!(
        "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: {plural}.traefik.io}}
spec:
  group: traefik.io
  scope: Namespaced
  names: {{kind: {kind}, plural: {plural}}}
  versions:
    - name: v1alpha1
      served: true
      storage: true
      schema: {{openAPIV3Schema: {{type: object, x-kubernetes-preserve-unknown-fields: true}}}}
"
    )
}
