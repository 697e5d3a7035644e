//! The Service that answers in place of one without endpoints.

use std::sync::Arc;

use super::Options as All;
use crate::annotation::{Annotation, At, Feature, OnInvalid, Scope, Support, Written};
use crate::report::Reason;
use crate::translate::{self, ServiceOptions, Stage};
use crate::value::{Invalid, Value};

pub(super) const FEATURE: Feature<All> = Feature {
    title: "Default backend",
    doc: "A Service that answers while the rule's own has no endpoints. It receives the request as the application would, with \
          `X-Code: 503`, `X-Format` (what the client accepts), `X-Namespace`, `X-Ingress-Name`, `X-Service-Name`, \
          `X-Service-Port` and `X-Request-ID`.",
    annotations: &[Annotation {
        name: ROW,
        aliases: &[],
        field: &At::<All, Name>(|o| &mut o.default_backend.service),
        default: None,
        on_invalid: OnInvalid::Ignore,
        scope: Scope::Route,
        support: Support::Full,
        doc: "A Service of the same namespace; its first port is used.",
        accepts: &["error-pages"],
        rejects: &["", "other/error-pages", "Error Pages"],
    }],
};

const ROW: &str = "default-backend";

/// What the annotations say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    service: Option<Name>,
}

/// The name of a Service.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Name(String);

impl Value for Name {
    const KIND: &'static str = "the name of a Service";

    fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=63).contains(&text.len()) && text.bytes().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new(Self::KIND, text))
        }
    }
}

/// The Service that the annotation names.
pub(super) fn named(written: &Written<All>) -> Option<Arc<str>> {
    let Name(name) = written.options.default_backend.service.as_ref()?;
    Some(name.as_str().into())
}

/// Fills in what was written, if the Service is there.
pub(super) fn resolve(written: &Written<All>, stage: &mut Stage<'_, '_>, service: &mut ServiceOptions) {
    let Some(name) = named(written) else {
        return;
    };
    let namespace = stage.object.namespace.clone();
    service.fallback = translate::first_port(&mut stage.reader, &namespace, &name);
    if service.fallback.is_none() {
        let message = format!(
            "there is no Service {namespace}/{name} with a port; nothing stands in for the rules' Services"
        );
        let fix = "create the Service, or name one that exists";
        stage.push(written.source(ROW).field, Reason::ServiceMissing, message, fix);
    }
}
