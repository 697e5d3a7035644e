//! What a step does to a request and to its response, as data.

use ferrik_config::policy::Expires;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::text;
use crate::filters::Step;
use crate::head::{Fields, ResponseHead};
use crate::request::{Changes, FieldChange, ResponseChange};

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The escaped path that the backend receives.
    Path(String),
    /// The query that the backend receives, if any.
    Query(Option<String>),
    /// The `Host` that the backend receives.
    Host(String),
    /// The largest body that is accepted, in bytes.
    BodyLimit(u64),
    /// Answers with these statuses are replaced by what this service port says.
    ErrorPage(Vec<u16>, String),
    /// A header field of the request.
    Request(FieldOp),
    /// A header field of the response.
    Response(FieldOp),
}

/// What is done to header fields of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldOp {
    /// All are replaced by one.
    Set(String, String),
    /// One is added.
    Append(String, String),
    /// All are removed.
    Remove(String),
    /// All are removed whose names start so.
    RemovePrefix(String),
    /// `Expires` and `Cache-Control` are set.
    Expires(Expires),
}

/// What is different in the request's head.
pub(super) fn of_head(before: &HeaderMap, after: &HeaderMap) -> Vec<Change> {
    let all = |head: &HeaderMap, name: &HeaderName| -> Vec<String> {
        head.get_all(name)
            .iter()
            .map(|value| text(value.as_bytes()))
            .collect()
    };
    let mut names: Vec<&HeaderName> = before.keys().chain(after.keys()).collect();
    names.sort_by_key(|name| name.as_str());
    names.dedup();
    let differs = names
        .into_iter()
        .filter(|name| all(before, name) != all(after, name));
    let op = |name: &HeaderName| match all(after, name) {
        values if values.is_empty() => FieldOp::Remove(name.to_string()),
        values => FieldOp::Set(name.to_string(), values.join(", ")),
    };
    differs.map(|name| Change::Request(op(name))).collect()
}

/// What is different in what will be done later, the response aside.
pub(super) fn of_changes(before: &Noted, after: &Changes) -> Vec<Change> {
    let now = Noted::of(after);
    let mut list = Vec::new();
    if now.path != before.path {
        list.extend(now.path.as_deref().map(|path| Change::Path(text(path))));
    }
    if now.query != before.query {
        list.extend(
            now.query
                .map(|query| Change::Query((!query.is_empty()).then(|| text(&query)))),
        );
    }
    if now.host != before.host {
        list.extend(now.host.map(|host| Change::Host(text(host.as_bytes()))));
    }
    if now.body_limit != before.body_limit {
        list.extend(now.body_limit.map(Change::BodyLimit));
    }
    if now.error_page != before.error_page {
        list.extend(
            now.error_page
                .map(|(statuses, service)| Change::ErrorPage(statuses, service)),
        );
    }
    list
}

/// The part of [`Changes`] that is compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Noted {
    path: Option<Vec<u8>>,
    query: Option<Vec<u8>>,
    host: Option<HeaderValue>,
    body_limit: Option<u64>,
    error_page: Option<(Vec<u16>, String)>,
}

impl Noted {
    pub(super) fn of(changes: &Changes) -> Self {
        Self {
            path: changes.path.clone(),
            query: changes.query.clone(),
            host: changes.host.clone(),
            body_limit: changes.body_limit,
            error_page: changes
                .error_page
                .as_ref()
                .map(|pages| (pages.statuses().to_vec(), pages.backend.service.to_string())),
        }
    }
}

/// What a step does to a response with this status.
pub(super) fn of_response(at: usize, step: &Step, changes: &[ResponseChange], status: u16) -> Vec<Change> {
    let mut recorder = Recorder {
        status,
        ops: Vec::new(),
    };
    step.response(&mut recorder);
    let own = changes.iter().filter(|change| change.step == at);
    // Of types nothing is known: the response has not been written.
    let meant =
        own.filter(|change| change.only.statuses.is_empty() || change.only.statuses.contains(&status));
    let dynamic = meant.map(|change| op(&change.change));
    recorder
        .ops
        .into_iter()
        .chain(dynamic)
        .map(Change::Response)
        .collect()
}

fn op(change: &FieldChange) -> FieldOp {
    match change {
        FieldChange::Set(name, value) => FieldOp::Set(name.to_string(), text(value.as_bytes())),
        FieldChange::Append(name, value) => FieldOp::Append(name.to_string(), text(value.as_bytes())),
        FieldChange::Remove(name) => FieldOp::Remove(name.to_string()),
        FieldChange::RemovePrefix(prefix) => FieldOp::RemovePrefix(prefix.clone()),
        FieldChange::Expires(expires) => FieldOp::Expires(*expires),
    }
}

/// A response head that has no fields and writes down what is done to it.
struct Recorder {
    status: u16,
    ops: Vec<FieldOp>,
}

impl Fields for Recorder {
    fn get(&self, _: &HeaderName) -> Option<&[u8]> {
        None
    }

    fn values(&self, _: &HeaderName) -> impl Iterator<Item = &[u8]> {
        std::iter::empty()
    }

    fn set(&mut self, name: &HeaderName, value: HeaderValue) {
        self.ops
            .push(FieldOp::Set(name.to_string(), text(value.as_bytes())));
    }

    fn append(&mut self, name: &HeaderName, value: HeaderValue) {
        self.ops
            .push(FieldOp::Append(name.to_string(), text(value.as_bytes())));
    }

    fn remove(&mut self, name: &HeaderName) {
        self.ops.push(FieldOp::Remove(name.to_string()));
    }

    fn remove_if(&mut self, _: impl Fn(&[u8]) -> bool) {}
}

impl ResponseHead for Recorder {
    fn status(&self) -> u16 {
        self.status
    }
}
