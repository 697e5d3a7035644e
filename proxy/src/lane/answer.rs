//! Answers of our own, written to an HTTP/1.1 client.

use std::future::poll_fn;
use std::task::ready;

use http::Method;
use http::header::ACCEPT;

use super::client::{Client, Http1};
use super::message::Request;
use super::{After, CLIENT_IDLE, buffer, render};
use crate::exchange::Exchange;
use crate::head::Fields;
use crate::reason::Reason;
use crate::reply::{Body, Reply};

/// Writes the answer. A client whose body has not been read ends with it.
pub(super) async fn write(
    reply: &Reply,
    request: &Request,
    client: &mut Http1<'_>,
    exchange: &mut Exchange,
) -> After {
    exchange.record.reason = Some(reply.reason);
    exchange.record.status = reply.status;
    if reply.body == Body::Close {
        return After::Close;
    }
    client.closes |= reply.ends_connection();
    client.decide();
    let (head, body) = reply.compose(request.head.get(&ACCEPT), exchange);
    let has_body = request.method != Method::HEAD && !matches!(reply.status, 204 | 304);
    let mut out = buffer::take();
    render::own(&head, client.closes, &mut out);
    if has_body {
        out.extend_from_slice(&body);
    }
    client.connection().expect_within(CLIENT_IDLE);
    let mut written = 0;
    let result = poll_fn(|context| {
        while written < out.len() {
            written += ready!(client.poll_write(context, &out[written..], &[]))?;
        }
        client.poll_flush(context)
    })
    .await;
    buffer::give(out);
    match result {
        Ok(()) => {
            exchange.record.sent = if has_body { body.len() as u64 } else { 0 };
            if client.closes { After::Close } else { After::Keep }
        }
        Err(error) => {
            exchange.record.error = Some(error.to_string());
            exchange.record.reason = Some(Reason::ClientGone);
            After::Abort
        }
    }
}
