//! One request through the front: written down, met by a fault, or asked of pebble.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER, TRANSFER_ENCODING,
};
use hyper::{Request, Response, StatusCode};
use serde_json::json;

use super::State;
use super::fault::Fault;
use super::request::{self, Endpoint};
use crate::upstream::{Error, Upstream};

/// The answer; an error closes the client's connection.
pub(super) async fn answer(
    request: Request<Incoming>,
    upstream: Upstream,
    state: Arc<State>,
) -> Result<Response<Full<Bytes>>, Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let endpoint = Endpoint::of(head.uri.path());
    let number = note(&state, endpoint, head.uri.path());
    let mut clears = state.rules.subscribe();
    let (fault, cleared) = meet(&state, endpoint);
    let ask = async || {
        let mut request = Request::from_parts(head.clone(), Full::from(body.clone()));
        remove_framing(request.headers_mut());
        upstream.ask(request).await
    };
    let response = match fault {
        Some(Fault::Problem {
            status,
            kind,
            retry_after,
        }) => problem(status, kind, retry_after),
        Some(Fault::Cut) => return Err("cut by the test".into()),
        Some(Fault::LoseAnswer) => {
            ask().await?;
            return Err("lost by the test".into());
        }
        Some(Fault::Hold) => {
            clears.wait_for(|rules| rules.clears != cleared).await?;
            ask().await?
        }
        None => ask().await?,
    };
    state.requests()[number].status = Some(response.status().as_u16());
    Ok(finish(&state, endpoint, response))
}

/// Writes a request down; its number.
fn note(state: &State, endpoint: Endpoint, path: &str) -> usize {
    let mut requests = state.requests();
    requests.push(request::Request {
        endpoint,
        path: path.to_owned(),
        at: Instant::now(),
        status: None,
    });
    requests.len() - 1
}

/// The fault of a request, and how often faults had been cleared then.
fn meet(state: &State, endpoint: Endpoint) -> (Option<Fault>, usize) {
    let mut met = (None, 0);
    state.rules.send_if_modified(|rules| {
        met = (rules.meet(endpoint), rules.clears);
        // Who waits, waits for a clear.
        false
    });
    met
}

fn problem(status: u16, kind: &str, retry_after: Option<Duration>) -> Response<Bytes> {
    let document = json!({
        "type": format!("urn:ietf:params:acme:error:{kind}"),
        "detail": "a fault that the test has set",
        "status": status,
    });
    let mut response = Response::new(Bytes::from(document.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).expect("a status of HTTP");
    let fields = response.headers_mut();
    fields.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if let Some(after) = retry_after {
        fields.insert(RETRY_AFTER, after.as_secs().into());
    }
    response
}

fn finish(state: &State, endpoint: Endpoint, mut response: Response<Bytes>) -> Response<Full<Bytes>> {
    let after = state.settings().renewal_retry_after;
    if let (Endpoint::RenewalInfo, Some(after)) = (endpoint, after) {
        response.headers_mut().insert(RETRY_AFTER, after.as_secs().into());
    }
    remove_framing(response.headers_mut());
    response.map(Full::from)
}

/// What belongs to one connection; hyper writes it anew.
fn remove_framing(fields: &mut HeaderMap) {
    for name in [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
        fields.remove(name);
    }
}
