//! `headers`: CORS first, then fixed changes, as Traefik runs them.

use super::kind::Effect;
use super::{cors, security};
use crate::policy::{HeaderChange, HeaderName, Headers, Policy, framing_problem, is_header_value};
use crate::report::Reason;
use crate::traefik::field::{Fields, below};

pub(super) fn read(fields: &mut Fields<'_, '_>) -> Effect {
    let cors = cors::read(fields);
    let security = security::read(fields);
    let Written {
        changes: request,
        frames: request_frames,
    } = changes(fields, "customRequestHeaders");
    let mut response = security.response;
    // A header of the user's own comes after the security header of the same name, and so wins.
    let Written { changes: own, frames } = changes(fields, "customResponseHeaders");
    let response_over_tls = security
        .over_tls
        .into_iter()
        .filter(|tls| !own.iter().any(|change| name(change) == name(tls)))
        .collect();
    response.extend(own);
    let headers = Headers {
        request,
        response,
        response_over_tls,
    };
    let headers = (headers != Headers::default()).then_some(Policy::Header(headers));
    let steps: Vec<Policy> = cors.map(Policy::Cors).into_iter().chain(headers).collect();
    // What frames messages guards nothing: a middleware that says nothing else closes no route.
    if steps.is_empty() && !frames && !request_frames {
        let names: Vec<&str> = fields.names().collect();
        let message = if names.is_empty() {
            "it says nothing"
        } else {
            "nothing of what it says is served"
        };
        fields.refuse_whole(message, "say which headers to change, or remove the middleware");
    }
    Effect::Steps(steps)
}

/// What a map of header names and values says.
struct Written {
    changes: Vec<HeaderChange>,
    /// Headers are left out that are not changed because they frame messages.
    frames: bool,
}

/// A map of header names and values; an empty value removes the header.
fn changes(fields: &mut Fields<'_, '_>, field: &'static str) -> Written {
    let (mut changes, mut frames) = (Vec::new(), false);
    for (name, value) in fields.pairs(field) {
        let at = below(field, name);
        let Some(header) = fields.accept(&at, HeaderName::parse(name), "write the name of a header") else {
            continue;
        };
        if header.is_framing() {
            frames = true;
            let (message, fix) = framing_problem(name, value);
            fields.warn(&at, Reason::FieldUnsupported, message, fix);
        } else if value.is_empty() && header.as_str() == "host" {
            let message = "the host of a request cannot be removed";
            fields.warn(
                &at,
                Reason::FieldUnsupported,
                message,
                "write the host that the backend should see",
            );
        } else if value.is_empty() {
            changes.push(HeaderChange::Remove(header));
        } else if is_header_value(value) {
            changes.push(HeaderChange::Set(header, value.to_owned()));
        } else {
            fields.refuse(&at, "the value holds control characters", "write it on one line");
        }
    }
    Written { changes, frames }
}

fn name(change: &HeaderChange) -> &HeaderName {
    match change {
        HeaderChange::Set(name, _) | HeaderChange::Remove(name) => name,
    }
}
