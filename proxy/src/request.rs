//! What filters see of a request: its facts, its head, and what will be changed on the way to the backend and back.
//!
//! No engine's type appears here. Facts do not change while the steps run; changes are data that the engine applies.

use std::net::IpAddr;
use std::sync::Arc;

use ferrik_config::policy::Expires;
use http::{HeaderName, HeaderValue, Method, Version};

use crate::filters::{ConnectionSlot, Pages};
use crate::head::Fields;
use crate::listen::{Connection, Scheme};
use crate::request_id::RequestId;
use crate::route::Route;
use crate::sanitize::{CanonicalHost, Path};

/// What is known of a request before the first step, and stays so.
pub(crate) struct Facts<'a> {
    /// The connection that it came on.
    pub(crate) connection: &'a Connection,
    /// The method.
    pub(crate) method: &'a Method,
    /// The protocol version that the client speaks.
    pub(crate) version: Version,
    /// The host in canonical form.
    pub(crate) host: &'a CanonicalHost,
    /// The host as the client wrote it, with its port.
    pub(crate) authority: &'a [u8],
    /// Path and query as the client wrote them.
    pub(crate) target: &'a [u8],
    /// The query without `?`.
    pub(crate) query: Option<&'a [u8]>,
    /// The forms of the path.
    pub(crate) path: &'a Path<'a>,
    /// The client's address: the connection's, or what a trusted proxy says.
    pub(crate) client: IpAddr,
    /// The scheme that the client used: the connection's, or what a trusted proxy says.
    pub(crate) scheme: Scheme,
    /// True if a trusted proxy stands between: then what the forwarded headers say is believed.
    pub(crate) is_forwarded: bool,
    /// The host that the client asked for: the request's, or what a trusted proxy says.
    pub(crate) best_host: &'a [u8],
    /// Identifies the request in logs and towards the backend.
    pub(crate) request_id: &'a RequestId,
    /// The identifier that was made for it, whatever the client sent.
    pub(crate) own_id: &'a RequestId,
    /// The route that serves it.
    pub(crate) route: &'a Route,
}

/// A request while the steps of its route run.
pub(crate) struct Request<'a, H> {
    /// What stays.
    pub(crate) facts: &'a Facts<'a>,
    /// The header fields, which steps may change.
    pub(crate) head: &'a mut H,
    /// What will be done later.
    pub(crate) changes: &'a mut Changes,
    /// Which step runs.
    pub(crate) step: usize,
}

/// What the steps of a request decided about the way to the backend and back.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// The escaped path that the backend receives instead of the client's.
    pub(crate) path: Option<Vec<u8>>,
    /// The query that the backend receives instead of the client's; empty sends none.
    pub(crate) query: Option<Vec<u8>>,
    /// The `Host` that the backend receives.
    pub(crate) host: Option<HeaderValue>,
    /// The largest body that is accepted, in bytes.
    pub(crate) body_limit: Option<u64>,
    /// The user who proved a password, for the access log.
    pub(crate) user: Option<String>,
    /// Which answers are replaced by pages of another backend.
    pub(crate) error_page: Option<Arc<Pages>>,
    /// Changes of the response, each belonging to a step.
    pub(crate) response: Vec<ResponseChange>,
    /// What the request occupies until it ends.
    pub(crate) slots: Vec<ConnectionSlot>,
}

/// One change of the response.
#[derive(Clone, Debug)]
pub(crate) struct ResponseChange {
    /// The step that asks for it.
    pub(crate) step: usize,
    /// For which responses.
    pub(crate) only: Only,
    /// What is done.
    pub(crate) change: FieldChange,
}

/// Which responses a change is for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Only {
    /// Only these statuses; empty: all.
    pub(crate) statuses: Vec<u16>,
    /// Only these media types, without parameters; empty: all.
    pub(crate) types: Vec<String>,
}

/// What is done to a response's fields.
#[derive(Clone, Debug)]
pub(crate) enum FieldChange {
    /// Replaces all fields of the name.
    Set(HeaderName, HeaderValue),
    /// Adds a field.
    Append(HeaderName, HeaderValue),
    /// Removes all fields of the name.
    Remove(HeaderName),
    /// Removes all fields whose names start so.
    RemovePrefix(String),
    /// Sets `Expires` and `Cache-Control`.
    Expires(Expires),
}

impl Changes {
    /// Appends the target that the backend receives in place of the client's path and query.
    pub(crate) fn write_target(&self, path: &[u8], query: Option<&[u8]>, target: &mut Vec<u8>) {
        target.extend_from_slice(self.path.as_deref().unwrap_or(path));
        let query = match &self.query {
            Some(query) => Some(&**query).filter(|query| !query.is_empty()),
            None => query,
        };
        if let Some(query) = query {
            target.push(b'?');
            target.extend_from_slice(query);
        }
    }
}

impl<H> Request<'_, H> {
    /// The escaped path as the steps so far have left it.
    pub(crate) fn path(&self) -> &[u8] {
        self.changes.path.as_deref().unwrap_or(&self.facts.path.forward)
    }

    /// The query as the steps so far have left it.
    pub(crate) fn query(&self) -> Option<&[u8]> {
        match &self.changes.query {
            Some(query) => Some(&**query).filter(|query| !query.is_empty()),
            None => self.facts.query,
        }
    }

    /// Changes the response if it is not answered by somebody before this step.
    pub(crate) fn change_response(&mut self, change: FieldChange) {
        self.changes.response.push(ResponseChange {
            step: self.step,
            only: Only::default(),
            change,
        });
    }
}

impl<H: Fields> Request<'_, H> {
    /// `http://host[:port]` or `https://…` as the client sees it.
    pub(crate) fn origin(&self) -> Vec<u8> {
        let mut origin = Vec::with_capacity(64);
        origin.extend_from_slice(self.facts.scheme.as_str().as_bytes());
        origin.extend_from_slice(b"://");
        origin.extend_from_slice(self.facts.best_host);
        origin
    }
}

impl Only {
    /// True if a response with this status and type is meant.
    pub(crate) fn matches(&self, status: u16, content_type: Option<&[u8]>) -> bool {
        let of_status = self.statuses.is_empty() || self.statuses.contains(&status);
        let of_type = self.types.is_empty() || {
            let media = content_type
                .and_then(|value| std::str::from_utf8(value).ok())
                .unwrap_or_default();
            let media = media.split(';').next().unwrap_or_default().trim();
            self.types.iter().any(|kind| kind.eq_ignore_ascii_case(media))
        };
        of_status && of_type
    }
}
