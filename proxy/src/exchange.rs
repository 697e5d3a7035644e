//! One request from its head to the end of its answer: what every engine keeps for it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ferrik_config::policy::is_framing;
use ferrik_config::table::Dialect;
use http::HeaderValue;

use crate::compile::Compiled;
use crate::head::{ResponseHead, has_prefix};
use crate::listen::Scheme;
use crate::observe::{LoggedHeaders, Record};
use crate::reply::Reply;
use crate::request::{Changes, FieldChange, ResponseChange};
use crate::request_id::RequestId;
use crate::route::Route;
use crate::upstream::{Backend, Endpoint, InFlight};

mod close;
mod expires;

pub(crate) use close::Seen;

/// What is kept of a request while it is served.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) record: Record,
    /// What the access log will show of the head.
    pub(crate) logged: LoggedHeaders,
    /// The table that serves the request, from first byte to last.
    pub(crate) table: Option<Arc<Compiled>>,
    pub(crate) route: Option<Arc<Route>>,
    /// How many steps the request reached: their response phases run, backwards.
    pub(crate) reached: usize,
    pub(crate) changes: Changes,
    /// Addresses that could not be connected to.
    pub(crate) tried: Vec<SocketAddr>,
    pub(crate) in_flight: Option<InFlight>,
    /// The backend that the endpoint in flight belongs to.
    pub(crate) serving: Option<Arc<Backend>>,
    pub(crate) client: Option<IpAddr>,
    pub(crate) scheme: Scheme,
    pub(crate) request_id: RequestId,
    /// The answer to give when the engine gives up.
    pub(crate) refusal: Option<Reply>,
    /// The cookie that keeps the client on its endpoint.
    pub(crate) sticky: Stickiness,
}

/// What a client's cookie says of its endpoint, and what the next one will.
#[derive(Debug, Default)]
pub(crate) struct Stickiness {
    /// The endpoint that the client's cookie names.
    pub(crate) wanted: Option<String>,
    /// `Set-Cookie`, if another endpoint serves.
    pub(crate) set: Option<HeaderValue>,
}

impl Exchange {
    pub(crate) fn new() -> Self {
        Self {
            record: Record::new(),
            logged: LoggedHeaders::default(),
            table: None,
            route: None,
            reached: 0,
            changes: Changes::default(),
            tried: Vec::new(),
            in_flight: None,
            serving: None,
            client: None,
            scheme: Scheme::Http,
            request_id: RequestId::NONE,
            refusal: None,
            sticky: Stickiness::default(),
        }
    }

    pub(crate) fn endpoint(&self) -> Option<&Arc<Endpoint>> {
        self.in_flight.as_ref().map(|guard| &guard.0)
    }

    pub(crate) fn request_id(&self) -> &str {
        self.request_id.as_str()
    }

    /// Notes that the backend's answer begins.
    pub(crate) fn answered(&mut self) {
        self.record.response_after = Some(self.record.started.elapsed());
    }

    /// What happens to a backend's answer on its way to the client.
    pub(crate) fn pass<H: ResponseHead>(&self, head: &mut H) {
        let dialect = self.route.as_ref().map(|route| route.dialect);
        if dialect == Some(Dialect::Nginx) {
            // ingress-nginx shows no backend's `Server` (`allow-backend-server-header` is off) and no own.
            head.remove(&http::header::SERVER);
        }
        self.respond(head);
    }

    /// Runs the response phases of the steps that the request reached, the last first.
    pub(crate) fn respond<H: ResponseHead>(&self, head: &mut H) {
        if let Some(value) = &self.sticky.set {
            head.append(&http::header::SET_COOKIE, value.clone());
        }
        if let Some(route) = &self.route {
            Self::respond_with(route, self.reached, &self.changes.response, head);
        }
    }

    /// The same for a route and changes that belong to no exchange.
    pub(crate) fn respond_with<H: ResponseHead>(
        route: &Route,
        reached: usize,
        changes: &[ResponseChange],
        head: &mut H,
    ) {
        for (at, step) in route.steps.iter().enumerate().take(reached).rev() {
            step.response(head);
            for change in changes.iter().filter(|change| change.step == at) {
                let content_type = head.get(&http::header::CONTENT_TYPE);
                if change.only.matches(head.status(), content_type) {
                    apply(&change.change, head);
                }
            }
        }
    }

    /// The bytes of the request's body so far; false if they are more than the route accepts.
    pub(crate) fn received(&mut self, bytes: usize) -> bool {
        self.record.received += u64::try_from(bytes).unwrap_or(u64::MAX);
        self.changes
            .body_limit
            .is_none_or(|limit| self.record.received <= limit)
    }
}

fn apply<H: ResponseHead>(change: &FieldChange, head: &mut H) {
    match change {
        FieldChange::Set(name, value) => head.set(name, value.clone()),
        FieldChange::Append(name, value) => head.append(name, value.clone()),
        FieldChange::Remove(name) => head.remove(name),
        FieldChange::RemovePrefix(prefix) => {
            head.remove_if(|name| has_prefix(name, prefix) && !is_framing(name));
        }
        FieldChange::Expires(expires) => expires::apply(*expires, head),
    }
}
