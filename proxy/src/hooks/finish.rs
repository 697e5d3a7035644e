//! The end of a request: what a failure means, and the record that is left behind.

use pingora::ErrorType;
use pingora::prelude::{Error, ErrorSource};
use pingora::proxy::{FailToProxy, Session};

use super::{Hooks, respond};
use crate::engine::ServedBy;
use crate::exchange::{Exchange, Seen};
use crate::listen::Connection;
use crate::reason::Reason;
use crate::reply::Reply;

/// Answers for the engine when it gives up.
pub(super) async fn fail(
    hooks: &Hooks,
    session: &mut Session,
    error: &Error,
    exchange: &mut Exchange,
) -> FailToProxy {
    let reply = exchange.refusal.take().or_else(|| meaning(error, exchange));
    let error_code = reply.as_ref().map_or(0, |reply| reply.status);
    let is_replaced = reply
        .as_ref()
        .is_some_and(|reply| reply.reason == Reason::ErrorPage);
    if !is_replaced {
        exchange.record.error = Some(error.to_string());
    }
    match reply {
        Some(reply) if session.response_written().is_none() => {
            // What the client still has to send has no reader any more.
            session.set_keepalive(None);
            if let Err(error) = respond::write(hooks, session, exchange, reply).await {
                tracing::debug!(%error, "the client went away before it was answered");
            }
        }
        Some(reply) => exchange.record.reason = Some(reply.reason),
        None => exchange.record.reason = Some(Reason::ClientGone),
    }
    FailToProxy {
        error_code,
        can_reuse_downstream: false,
    }
}

/// What we answer to this error; `None` if nobody is left to be answered.
fn meaning(error: &Error, exchange: &Exchange) -> Option<Reply> {
    let page = |status, reason| Some(Reply::page(status, reason));
    match (error.esource(), error.etype()) {
        (_, ErrorType::HTTPStatus(status)) => page(*status, Reason::Internal),
        (ErrorSource::Upstream, ErrorType::ConnectTimedout | ErrorType::TLSHandshakeTimedout) => {
            page(504, Reason::ConnectTimeout)
        }
        (ErrorSource::Upstream, ErrorType::ReadTimedout | ErrorType::WriteTimedout) => {
            page(504, Reason::ReadTimeout)
        }
        (ErrorSource::Upstream, _)
            if !exchange.tried.is_empty()
                && exchange.record.response_after.is_none()
                && is_connect(error) =>
        {
            page(502, Reason::ConnectFailed)
        }
        (ErrorSource::Upstream, _) => page(502, Reason::UpstreamFailed),
        (ErrorSource::Downstream, ErrorType::ReadTimedout) => page(408, Reason::ClientGone),
        (
            ErrorSource::Downstream,
            ErrorType::WriteError
            | ErrorType::ReadError
            | ErrorType::ConnectionClosed
            | ErrorType::WriteTimedout
            | ErrorType::H2Error,
        ) => None,
        (ErrorSource::Downstream, _) => page(400, Reason::BadFraming),
        (ErrorSource::Internal | ErrorSource::Unset, _) => page(500, Reason::Internal),
    }
}

/// True if the backend broke off or kept silent, which another may not.
pub(super) fn is_broken(error: &Error) -> bool {
    let kind = matches!(
        error.etype(),
        ErrorType::ConnectionClosed | ErrorType::ReadError | ErrorType::WriteError | ErrorType::ReadTimedout
    );
    kind && *error.esource() == ErrorSource::Upstream
}

fn is_connect(error: &Error) -> bool {
    matches!(
        error.etype(),
        ErrorType::ConnectRefused
            | ErrorType::ConnectNoRoute
            | ErrorType::ConnectError
            | ErrorType::ConnectProxyFailure
            | ErrorType::BindError
            | ErrorType::SocketError
            | ErrorType::TLSHandshakeFailure
            | ErrorType::InvalidCert
            | ErrorType::HandshakeError
    )
}

/// Closes the record: counters, access log, and the connection's state.
pub(super) fn record(hooks: &Hooks, session: &mut Session, error: Option<&Error>, exchange: &mut Exchange) {
    let record = &mut exchange.record;
    if let Some(response) = session.response_written() {
        record.status = response.status.as_u16();
    }
    record.sent = u64::try_from(session.body_bytes_sent()).unwrap_or(u64::MAX);
    if let Some(error) = error
        && record.error.is_none()
    {
        record.error = Some(error.to_string());
    }
    let is_gone = record.reason == Some(Reason::ClientGone) && session.response_written().is_none();
    if is_gone || (record.status == 0 && error.is_some()) {
        record.status = 499;
        record.reason = Some(Reason::ClientGone);
    }
    exchange.close(&hooks.tables.stats, ServedBy::General);
    if hooks.log.is_on() {
        log(hooks, session, exchange);
    }
    if let Some(connection) = Connection::of(session) {
        connection.request_ended();
    }
}

fn log(hooks: &Hooks, session: &Session, exchange: &Exchange) {
    let header = session.req_header();
    let text = |name: http::HeaderName| {
        header
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("")
    };
    let host = header
        .uri
        .authority()
        .map_or_else(|| text(http::header::HOST), |authority| authority.as_str());
    let seen = Seen {
        method: header.method.as_str(),
        target: &String::from_utf8_lossy(header.raw_path()),
        protocol: match header.version {
            http::Version::HTTP_2 => "HTTP/2.0",
            http::Version::HTTP_10 => "HTTP/1.0",
            _ => "HTTP/1.1",
        },
        host,
        referer: text(http::header::REFERER),
        agent: text(http::header::USER_AGENT),
    };
    let connection = Connection::of(session).map(|connection| &**connection);
    exchange.log(&hooks.log, connection, &seen);
}
