//! The general engine: pingora's `HttpProxy` behind its hooks.
//!
//! With `hooks/` the only place that knows the engine's session. Each hook hands its data to the pipeline, the exchange
//! or the upstream, and applies what they say. No decision is made here.

mod error_page;
mod finish;
mod head;
mod respond;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use pingora::connectors::http::Connector;
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::modules::http::HttpModules;
use pingora::prelude::{Error, HttpPeer, Result};
use pingora::proxy::{FailToProxy, ProxyHttp, ProxyWarnLogContext, Session};

use crate::exchange::Exchange;
use crate::listen::Connection;
use crate::observe::AccessLog;
use crate::pipeline::{self, HttpSettings, Incoming, Stop};
use crate::reason::Reason;
use crate::reply::Reply;
use crate::sanitize::{self, RawHead};
use crate::tables::Tables;
use crate::upstream;
use head::{RequestFields, ResponseFields};

/// Idle limits towards clients, seconds and spans; per read and per write, never for a whole transfer.
const KEEPALIVE: u64 = 75;
const CLIENT_IDLE: Duration = Duration::from_secs(60);

/// What the hooks share.
pub(crate) struct Hooks {
    pub(crate) tables: Arc<Tables>,
    pub(crate) settings: Arc<HttpSettings>,
    pub(crate) log: AccessLog,
    /// Fetches error pages.
    pub(crate) pages: Connector,
}

impl Hooks {
    /// The request's head, checked and run through its route's steps.
    async fn begin(&self, session: &mut Session, exchange: &mut Exchange) -> Result<(), Reply> {
        let connection = Connection::of(session)
            .ok_or_else(|| Reply::page(500, Reason::Internal))?
            .clone();
        if connection.has_odd_request_line() {
            return Err(Reply::page(400, Reason::BadTarget));
        }
        check_framing(session)?;
        let header = session.req_header();
        let authority = match header.uri.authority() {
            Some(authority) => http::HeaderValue::from_str(authority.as_str()).ok(),
            None => header.headers.get(HOST).cloned(),
        };
        let (method, uri, target) = (header.method.clone(), header.uri.clone(), header.raw_path());
        // The URI shares its bytes; only targets that are no plain path and query have to be copied.
        let copied = uri
            .path_and_query()
            .is_none_or(|it| it.as_str().as_bytes() != target)
            .then(|| target.to_vec());
        let target = copied
            .as_deref()
            .or_else(|| uri.path_and_query().map(|it| it.as_str().as_bytes()));
        let incoming = Incoming {
            connection: &connection,
            method: &method,
            version: header.version,
            authority: authority.as_ref().map(http::HeaderValue::as_bytes),
            target: target.unwrap_or_default(),
        };
        let table = self.tables.peek().clone();
        let mut head = RequestFields(session.req_header_mut());
        pipeline::run(&incoming, &mut head, exchange, table, &self.settings, &mut ())
            .await
            .map_err(|stop| match stop {
                Stop::Answer(reply) => reply,
                Stop::Decline => Reply::page(500, Reason::Internal),
            })
    }
}

#[async_trait]
impl ProxyHttp for Hooks {
    type CTX = Exchange;

    fn new_ctx(&self) -> Exchange {
        Exchange::new()
    }

    /// Registers nothing: a compression module alone costs every request (measured, `docs/adr`).
    fn init_downstream_modules(&self, _: &mut HttpModules) {}

    async fn early_request_filter(&self, session: &mut Session, _: &mut Exchange) -> Result<()> {
        if let Some(connection) = Connection::of(session) {
            connection.request_started();
        }
        // The engine keeps idle connections for ever unless told otherwise.
        if session.get_keepalive() == Some(0) {
            session.set_keepalive(Some(KEEPALIVE));
        }
        session.set_read_timeout(Some(CLIENT_IDLE));
        session.set_write_timeout(Some(CLIENT_IDLE));
        Ok(())
    }

    async fn request_filter(&self, session: &mut Session, exchange: &mut Exchange) -> Result<bool> {
        exchange.logged = self.log.take(&session.req_header().headers);
        match self.begin(session, exchange).await {
            Ok(()) => {
                if session.is_upgrade_req() {
                    // Neither side of a WebSocket need ever speak; the route's limit on the backend's silence rules.
                    session.set_read_timeout(None);
                }
                Ok(false)
            }
            Err(reply) => {
                respond::write(self, session, exchange, reply).await?;
                Ok(true)
            }
        }
    }

    async fn request_body_filter(
        &self,
        _: &mut Session,
        body: &mut Option<Bytes>,
        _: bool,
        exchange: &mut Exchange,
    ) -> Result<()> {
        if exchange.received(body.as_ref().map_or(0, Bytes::len)) {
            return Ok(());
        }
        exchange.refusal = Some(Reply::page(413, Reason::BodyTooLarge));
        Error::e_explain(
            pingora::ErrorType::HTTPStatus(413),
            "the body is larger than the route accepts",
        )
    }

    async fn upstream_peer(&self, session: &mut Session, exchange: &mut Exchange) -> Result<Box<HttpPeer>> {
        match upstream::choose(exchange) {
            Ok((backend, address)) => {
                Ok(backend
                    .peer
                    .peer(address, exchange.scheme, session.is_upgrade_req()))
            }
            Err(reply) => {
                exchange.refusal = Some(reply);
                Error::e_explain(pingora::ErrorType::HTTPStatus(503), "no endpoint")
            }
        }
    }

    async fn upstream_request_filter(
        &self,
        session: &mut Session,
        head: &mut RequestHeader,
        exchange: &mut Exchange,
    ) -> Result<()> {
        let changes = &exchange.changes;
        if !head.headers.contains_key(HOST)
            && let Some(authority) = head.uri.authority()
        {
            // HTTP/2 names the host in the target, which a new path replaces.
            let host = http::HeaderValue::from_str(authority.as_str());
            head.insert_header(HOST, host.expect("an authority is visible ASCII"))?;
        }
        if changes.path.is_some() || changes.query.is_some() || head.raw_path().first() != Some(&b'/') {
            head.set_raw_path(&respond::target(session, changes))?;
        }
        let backend = exchange.serving.as_ref();
        if let Some(backend) = backend {
            upstream::tell(&mut RequestFields(head), backend, exchange);
        }
        if let Some(host) = upstream::host(exchange) {
            head.insert_header(HOST, host)?;
        }
        Ok(())
    }

    async fn connected_to_upstream(
        &self,
        _: &mut Session,
        _: bool,
        _: &HttpPeer,
        _: std::os::unix::io::RawFd,
        _: Option<&pingora::protocols::Digest>,
        exchange: &mut Exchange,
    ) -> Result<()> {
        if let Some(endpoint) = exchange.endpoint() {
            endpoint.succeeded();
        }
        Ok(())
    }

    fn fail_to_connect(
        &self,
        _: &mut Session,
        _: &HttpPeer,
        exchange: &mut Exchange,
        mut error: Box<Error>,
    ) -> Box<Error> {
        // Nothing was sent, so any request may be tried on another endpoint.
        error.set_retry(upstream::may_try_another(exchange));
        error
    }

    fn error_while_proxy(
        &self,
        _: &HttpPeer,
        session: &mut Session,
        mut error: Box<Error>,
        exchange: &mut Exchange,
        client_reused: bool,
    ) -> Box<Error> {
        let may_repeat =
            session.req_header().method.is_idempotent() && !session.as_ref().retry_buffer_truncated();
        // A connection out of the pool may have been closed while the request was on its way.
        error.retry.decide_reuse(client_reused);
        if !may_repeat {
            error.set_retry(false);
        } else if !error.retry() {
            error.set_retry(finish::is_broken(&error) && upstream::may_repeat_elsewhere(exchange));
        }
        error
    }

    async fn response_filter(
        &self,
        session: &mut Session,
        head: &mut ResponseHeader,
        exchange: &mut Exchange,
    ) -> Result<()> {
        exchange.answered();
        check_answer(session, head)?;
        let answer = error_page::Answer {
            status: head.status.as_u16(),
            is_own: false,
            fields: &[],
        };
        if error_page::replace(self, session, exchange, &answer).await? {
            exchange.refusal = Some(Reply::page(answer.status, Reason::ErrorPage));
            return Error::e_explain(pingora::ErrorType::Custom("ErrorPage"), "the answer was replaced");
        }
        exchange.pass(&mut ResponseFields(head));
        if session.req_header().version == http::Version::HTTP_10
            && !head.headers.contains_key(CONTENT_LENGTH)
        {
            // HTTP/1.0 knows no chunks: the end of the connection is the end of the body.
            head.remove_header(&TRANSFER_ENCODING);
            session.set_keepalive(None);
        }
        if session.is_process_shutting_down() {
            session.set_keepalive(None);
        }
        Ok(())
    }

    async fn fail_to_proxy(
        &self,
        session: &mut Session,
        error: &Error,
        exchange: &mut Exchange,
    ) -> FailToProxy {
        finish::fail(self, session, error, exchange).await
    }

    async fn logging(&self, session: &mut Session, error: Option<&Error>, exchange: &mut Exchange) {
        finish::record(self, session, error, exchange);
    }

    fn suppress_error_log(&self, _: &Session, _: &Exchange, _: &Error) -> bool {
        true
    }

    fn suppress_proxy_warn_log(&self, _: &Session, _: &Exchange, _: &Error, _: ProxyWarnLogContext) -> bool {
        true
    }
}

/// The client, or a proxy before us, has to see where the answer ends as the engine does.
fn check_answer(session: &Session, head: &mut ResponseHeader) -> Result<()> {
    let unclear = |why| Err(Error::explain(pingora::ErrorType::InvalidHTTPHeader, why).into_up());
    let mut codings = head.headers.get_all(TRANSFER_ENCODING).iter();
    if let Some(coding) = codings.next() {
        let is_chunked = coding.as_bytes().eq_ignore_ascii_case(b"chunked");
        if !is_chunked || codings.next().is_some() || head.version == http::Version::HTTP_10 {
            return unclear("it does not say clearly where it ends");
        }
    }
    let mut lengths = head.headers.get_all(CONTENT_LENGTH).iter();
    if let (Some(first), Some(_)) = (lengths.next().cloned(), lengths.next()) {
        // The engine has refused those that differ.
        head.insert_header(CONTENT_LENGTH, first)?;
    }
    // Behind it everything would pass unread, in both directions.
    if head.status == http::StatusCode::SWITCHING_PROTOCOLS && !session.is_upgrade_req() {
        return unclear("it changes the protocol, and nobody asked for that");
    }
    Ok(())
}

/// HTTP/1 only: the engine's parser is more lenient than what may be forwarded.
fn check_framing(session: &Session) -> Result<(), Reply> {
    let Some(http1) = session.as_downstream().as_http1() else {
        return Ok(());
    };
    let bytes = http1.get_headers_raw_bytes();
    let headers = &session.req_header().headers;
    sanitize::check_raw_head(RawHead {
        bytes: &bytes,
        has_transfer_encoding: headers.contains_key(TRANSFER_ENCODING),
        content_lengths: headers.get_all(CONTENT_LENGTH).iter().count(),
    })
    .map_err(|reason| match reason {
        Reason::HeaderTooLarge => Reply::page(431, reason),
        reason => Reply::page(400, reason),
    })
}
