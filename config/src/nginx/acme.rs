//! Certificates that ferrik gets itself. The row only: who asks is the same in every dialect (`translate/ingress/acme.rs`).

use super::Options as All;
use crate::annotation::{Annotation, At, Feature, OnInvalid, Scope, Support};

pub(super) const FEATURE: Feature<All> = Feature {
    title: "Certificates from an authority",
    doc: "With `--acme` the certificates of Ingresses that ask for them come from an ACME authority such as Let's Encrypt \
          (HTTP-01 or TLS-ALPN-01, so no wildcards) and are renewed in time. An Ingress asks with `ferrik.dev/acme`, which is read under \
          this prefix only and on objects of every class, with `kubernetes.io/tls-acme: \"true\"`, with Traefik's \
          `router.tls.certresolver`, or because its IngressClass carries `ferrik.dev/acme: \"true\"` or ferrik was started \
          with `--acme-by-default` or `--acme-default-namespace`. Each entry of `spec.tls` is one certificate, in the Secret that it names; a Secret that \
          somebody else made is never written.",
    annotations: &[Annotation {
        name: "acme",
        aliases: &[],
        field: &At::<All, bool>(|o| &mut o.acme.asks),
        default: None,
        on_invalid: OnInvalid::Ignore,
        scope: Scope::Route,
        support: Support::Full,
        doc: "`true` asks for the certificates of `spec.tls`; `false` does not, whatever else says so.",
        accepts: &["true", "false"],
        rejects: &["", "letsencrypt"],
    }],
};

/// What the annotations say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    asks: Option<bool>,
}
