//! Writes our own answers, and the target that the backend receives.

use http::header::ACCEPT;
use http::{HeaderValue, Method};
use pingora::http::ResponseHeader;
use pingora::prelude::Result;
use pingora::proxy::Session;

use super::Hooks;
use super::error_page::{self, Answer};
use crate::exchange::Exchange;
use crate::reply::{Body, Reply};
use crate::request::Changes;

/// Answers the request. The response phases of the steps that it reached run on our answers as on a backend's.
pub(super) async fn write(
    hooks: &Hooks,
    session: &mut Session,
    exchange: &mut Exchange,
    reply: Reply,
) -> Result<()> {
    exchange.record.reason = Some(reply.reason);
    exchange.record.status = reply.status;
    // The engine would look for the next request behind a body that nobody reads.
    if reply.ends_connection() || !session.as_downstream_mut().is_body_done() {
        session.set_keepalive(None);
    }
    if reply.body == Body::Close {
        session.shutdown().await;
        return Ok(());
    }
    let answer = Answer {
        status: reply.status,
        is_own: true,
        fields: &reply.fields,
    };
    if error_page::replace(hooks, session, exchange, &answer).await? {
        return Ok(());
    }
    let accept = session.get_header(ACCEPT).map(HeaderValue::as_bytes);
    let (composed, body) = reply.compose(accept, exchange);
    let mut header = ResponseHeader::build(composed.status, Some(composed.fields.len()))?;
    for (name, value) in &composed.fields {
        header.append_header(name, value.clone())?;
    }
    if session.is_process_shutting_down() {
        session.set_keepalive(None);
    }
    let has_body =
        !body.is_empty() && session.req_header().method != Method::HEAD && !matches!(reply.status, 204 | 304);
    session.write_response_header(Box::new(header), !has_body).await?;
    if has_body {
        session.write_response_body(Some(body), true).await?;
    } else {
        session.as_downstream_mut().finish_body().await?;
    }
    Ok(())
}

/// Path and query for the backend.
pub(super) fn target(session: &Session, changes: &Changes) -> Vec<u8> {
    let uri = &session.req_header().uri;
    let mut target = Vec::new();
    changes.write_target(uri.path().as_bytes(), uri.query().map(str::as_bytes), &mut target);
    target
}
