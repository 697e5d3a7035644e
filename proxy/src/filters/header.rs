//! Sets and removes fixed header fields.

use ferrik_config::policy::{self, HeaderChange, is_framing};
use http::header::HOST;
use http::{HeaderName, HeaderValue};

use super::{Filter, Flow};
use crate::arena::header_value;
use crate::compile::Context;
use crate::head::{Fields, RequestHead, ResponseHead};
use crate::listen::Scheme;
use crate::request::{FieldChange, Request};
use crate::template::header_name;

/// The compiled changes; `None` removes.
#[derive(Debug)]
pub(crate) struct Header {
    request: Box<[(HeaderName, Option<HeaderValue>)]>,
    response: Box<[(HeaderName, Option<HeaderValue>)]>,
    response_over_tls: Box<[(HeaderName, Option<HeaderValue>)]>,
}

impl Filter for Header {
    type Policy = policy::Headers;

    fn compile(policy: &Self::Policy, _: &Context<'_>) -> Self {
        let compile = |changes: &[HeaderChange]| {
            let change = |change: &HeaderChange| match change {
                HeaderChange::Set(name, value) => (header_name(name), Some(header_value(value.as_bytes()))),
                HeaderChange::Remove(name) => (header_name(name), None),
            };
            let is_allowed = |(name, _): &(HeaderName, _)| !is_framing(name.as_str().as_bytes());
            changes.iter().map(change).filter(is_allowed).collect()
        };
        Self {
            request: compile(&policy.request),
            response: compile(&policy.response),
            response_over_tls: compile(&policy.response_over_tls),
        }
    }

    fn request<H: RequestHead>(&self, request: &mut Request<'_, H>) -> Flow {
        for (name, value) in &self.request {
            match value {
                // `Host` selects the backend's virtual host; it is not a field that could be missing.
                Some(value) if *name == HOST => request.changes.host = Some(value.clone()),
                _ => apply(request.head, name, value.as_ref()),
            }
        }
        if request.facts.scheme == Scheme::Https {
            for (name, value) in &self.response_over_tls {
                request.change_response(match value {
                    Some(value) => FieldChange::Set(name.clone(), value.clone()),
                    None => FieldChange::Remove(name.clone()),
                });
            }
        }
        Flow::Next
    }

    fn response<H: ResponseHead>(&self, head: &mut H) {
        for (name, value) in &self.response {
            apply(head, name, value.as_ref());
        }
    }
}

fn apply(head: &mut impl Fields, name: &HeaderName, value: Option<&HeaderValue>) {
    match value {
        Some(value) => head.set(name, value.clone()),
        None => head.remove(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filters::testing::Case;
    use ferrik_config::policy::{Headers, HeaderName as Name, Policy};

    #[test]
    fn fields_are_set_and_removed_both_ways() {
        let name = |text| Name::parse(text).expect("a name");
        let case = Case::policy(Policy::Header(Headers {
            request: vec![
                HeaderChange::Set(name("X-Key"), "secret".into()),
                HeaderChange::Remove(name("Ssl-Client-Verify")),
                HeaderChange::Set(name("Host"), "inner".into()),
            ],
            response: vec![HeaderChange::Remove(name("Server")), HeaderChange::Set(name("X-A"), "b".into())],
            response_over_tls: vec![HeaderChange::Set(name("X-Tls"), "yes".into())],
        }));
        assert!(case.clone().https().run().respond(200, &[]).contains_key("x-tls"));
        assert!(!case.clone().run().respond(200, &[]).contains_key("x-tls"));
        let run = case.field("ssl-client-verify", "SUCCESS").field("x-key", "forged").run();
        assert_eq!(run.request_field("x-key"), vec!["secret"]);
        assert!(run.request_field("ssl-client-verify").is_empty());
        assert_eq!(run.changes.host.as_ref().expect("set"), "inner");
        let response = run.respond(200, &[("server", "x")]);
        assert_eq!((response.get("server"), response.get("x-a").map(HeaderValue::as_bytes)), (None, Some(&b"b"[..])));
    }

    #[test]
    fn nobody_changes_where_a_message_ends() {
        let change = |name: &str| HeaderChange::Remove(Name::parse(name).expect("a name"));
        let case = Case::policy(Policy::Header(Headers {
            request: vec![change("Content-Length"), change("X-A")],
            response: vec![change("transfer-encoding"), change("X-A")],
            ..Headers::default()
        }));
        let run = case.field("content-length", "5").field("x-a", "1").run();
        assert_eq!((run.request_field("content-length").len(), run.request_field("x-a").len()), (1, 0));
        let response = run.respond(200, &[("transfer-encoding", "chunked"), ("x-a", "1")]);
        assert!(response.contains_key("transfer-encoding") && !response.contains_key("x-a"));
    }
}
