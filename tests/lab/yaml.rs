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
    any_kind("traefik.io", "v1alpha1", plural, kind)
}

/// `ReferenceGrant` of the Gateway API, with any fields.
pub(crate) fn grant_kind() -> String {
    any_kind(
        "gateway.networking.k8s.io",
        "v1beta1",
        "referencegrants",
        "ReferenceGrant",
    )
}

fn any_kind(group: &str, version: &str, plural: &str, kind: &str) -> String {
    // The API server takes kinds of *.k8s.io only if they say whether they were approved.
    format!(
        "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: {plural}.{group}
  annotations: {{api-approved.kubernetes.io: \"unapproved, for a test\"}}
spec:
  group: {group}
  scope: Namespaced
  names: {{kind: {kind}, plural: {plural}}}
  versions:
    - name: {version}
      served: true
      storage: true
      schema: {{openAPIV3Schema: {{type: object, x-kubernetes-preserve-unknown-fields: true}}}}
"
    )
}
