//! Writes our own answers, and the target that the backend receives.

use std::time::SystemTime;

use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, DATE};
use http::{HeaderValue, Method};
use pingora::http::ResponseHeader;
use pingora::prelude::Result;
use pingora::proxy::Session;

use super::Hooks;
use super::error_page::{self, Answer};
use super::head::ResponseFields;
use crate::exchange::Exchange;
use crate::head::Fields;
use crate::reason::Reason;
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
    if ends_connection(reply.reason) || !session.as_downstream_mut().is_body_done() {
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
    let accept = session.get_header(ACCEPT).map(|value| value.as_bytes().to_vec());
    let (content_type, body) = reply.render(accept.as_deref(), exchange.request_id());
    let mut header = ResponseHeader::build(reply.status, Some(8))?;
    {
        let mut head = ResponseFields(&mut header);
        for (name, value) in &reply.fields {
            head.append(name, value.clone());
        }
        if let Some(value) = content_type {
            head.set(&CONTENT_TYPE, value);
        }
        let date = httpdate::fmt_http_date(SystemTime::now());
        head.set(
            &DATE,
            HeaderValue::from_str(&date).expect("a date is visible ASCII"),
        );
        exchange.respond(&mut head);
        // RFC 9110 §8.6: none with 204, and with 304 only what a 200 would have.
        if !matches!(reply.status, 204 | 304) {
            head.set(&CONTENT_LENGTH, HeaderValue::from(body.len()));
        }
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

/// After a request that could not be read for certain, nothing on its connection can be.
fn ends_connection(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::BadFraming
            | Reason::BadHost
            | Reason::BadTarget
            | Reason::HeaderTooLarge
            | Reason::MethodRefused
    )
}

/// Path and query for the backend.
pub(super) fn target(session: &Session, changes: &Changes) -> Vec<u8> {
    let uri = &session.req_header().uri;
    let mut target = match &changes.path {
        Some(path) => path.clone(),
        None => uri.path().as_bytes().to_vec(),
    };
    let query = match &changes.query {
        Some(query) => Some(&**query).filter(|query| !query.is_empty()),
        None => uri.query().map(str::as_bytes),
    };
    if let Some(query) = query {
        target.push(b'?');
        target.extend_from_slice(query);
    }
    target
}
