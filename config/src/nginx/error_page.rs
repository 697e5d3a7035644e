//! Pages of the default backend in place of error answers.

use super::{Options as All, default_backend};
use crate::annotation::{Annotation, At, Feature, OnInvalid, Scope, Support, Written};
use crate::policy::ErrorPage;
use crate::report::Reason;
use crate::translate::{self, Stage};
use crate::value::{Invalid, List, Value};

pub(super) const FEATURE: Feature<All> = Feature {
    title: "Error pages",
    doc: "Answers with the named statuses, of the application and of the proxy itself, are replaced by what the `default-backend` \
          of the object says to them, or else the default backend of the process. That backend is asked for `/` with the \
          client's method and headers, and with `X-Code`, `X-Format` (what the client accepts), `X-Original-URI`, `X-Namespace`, \
          `X-Ingress-Name`, `X-Service-Name`, `X-Service-Port` and `X-Request-ID`, but without the request's body; the client receives its status, headers and \
          body. If it cannot be reached, the answer stays as it was. What a password or a limit adds to the proxy's own answer \
          (`WWW-Authenticate`, `Retry-After`) stays. A client's HTTP/1.1 connection ends with a page that replaces the \
          application's answer.",
    annotations: &[
        Annotation {
            name: ROW,
            aliases: &[],
            field: &At::<All, List<Status>>(|o| &mut o.error_page.statuses),
            default: None,
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Route,
            support: Support::Full,
            doc: "Statuses, separated by commas.",
            accepts: &["404,503", "502, 503, ", "404"],
            rejects: &["", "200", "4xx", "404;503", "600"],
        },
        Annotation {
            name: "disable-proxy-intercept-errors",
            aliases: &[],
            field: &At::<All, bool>(|o| &mut o.error_page.only_own),
            default: Some("false"),
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Route,
            support: Support::Full,
            doc: "The application's own answers stay as they are; only those of the proxy are replaced.",
            accepts: &["true", "false"],
            rejects: &["", "maybe"],
        },
    ],
};

const ROW: &str = "custom-http-errors";

/// What the annotations say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    statuses: Option<List<Status>>,
    only_own: Option<bool>,
}

/// The status of an answer that may be replaced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Status(u16);

impl Value for Status {
    const KIND: &'static str = "a status from 300 to 599";

    fn parse(text: &str) -> Result<Self, Invalid> {
        let status = text.parse().ok().filter(|status| (300..=599).contains(status));
        status.map(Self).ok_or_else(|| Invalid::new(Self::KIND, text))
    }
}

/// The pages, if there is a backend that has them.
pub(super) fn resolve(written: &Written<All>, stage: &mut Stage<'_, '_>) -> Option<ErrorPage> {
    let options = &written.options.error_page;
    let List(statuses) = options.statuses.as_ref()?;
    let own = default_backend::named(written).map(|name| (stage.object.namespace.clone(), name));
    let whole = stage.settings.default_backend.clone();
    let mut places = own.into_iter().chain(whole);
    let found = places.find_map(|(namespace, name)| translate::first_port(&mut stage.reader, &namespace, &name));
    let Some((service, protocol)) = found else {
        let message = "there is no Service to take error pages from; errors are passed on as they are";
        let fix = "name a Service of this namespace in the annotation default-backend, or run with --default-backend-service";
        stage.push(written.source(ROW).field, Reason::ServiceMissing, message, fix);
        return None;
    };
    let mut statuses: Vec<u16> = statuses.iter().map(|Status(status)| *status).collect();
    statuses.sort_unstable();
    statuses.dedup();
    Some(ErrorPage {
        statuses,
        only_own: options.only_own.unwrap_or_default(),
        backend: translate::plain_backend(service, protocol),
    })
}
