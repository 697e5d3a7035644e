//! Fetches the page of another backend in place of an error answer, and streams it to the client.

use bytes::Bytes;
use ferrik_config::table::Dialect;
use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderName, SERVER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderValue, Method, Version};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::prelude::{Error, HttpPeer, Result};
use pingora::protocols::http::client::HttpSession;
use pingora::proxy::Session;

use super::Hooks;
use super::head::RequestFields;
use crate::arena::header_value;
use crate::exchange::Exchange;
use crate::filters::Pages;
use crate::upstream;

static ORIGINAL_URI: HeaderName = HeaderName::from_static("x-original-uri");
static KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
/// Interim answers of the backend of the pages are skipped, up to so many.
const INTERIM: usize = 8;

/// An answer that may be replaced.
pub(super) struct Answer<'a> {
    pub(super) status: u16,
    /// It is the proxy's own, not the application's.
    pub(super) is_own: bool,
    /// Fields of it that the client needs whatever the page is.
    pub(super) fields: &'a [(HeaderName, HeaderValue)],
}

/// Writes the page, if the route has one for this answer and its backend speaks. False leaves everything as it was.
pub(super) async fn replace(
    hooks: &Hooks,
    session: &mut Session,
    exchange: &Exchange,
    answer: &Answer<'_>,
) -> Result<bool> {
    let pages = exchange.changes.error_page.as_deref();
    let Some(pages) = pages.filter(|pages| pages.replace(answer.status, answer.is_own)) else {
        return Ok(false);
    };
    // Boxed apart: every answer would carry the memory for those few that are replaced.
    match Box::pin(fetch(hooks, session, exchange, pages, answer.status)).await {
        Ok((page, peer)) => {
            Box::pin(write(hooks, session, exchange, answer, page, &peer)).await?;
            Ok(true)
        }
        Err(error) => {
            tracing::warn!(service = %pages.backend.service, status = answer.status, %error, "no error page");
            Ok(false)
        }
    }
}

/// Asks for the page; the head of the answer has been read.
async fn fetch(
    hooks: &Hooks,
    session: &Session,
    exchange: &Exchange,
    pages: &Pages,
    status: u16,
) -> Result<(HttpSession, HttpPeer)> {
    let backend = &pages.backend;
    let Some(endpoint) = backend.cell.choose(backend.balance, &[]) else {
        return Error::e_explain(pingora::ErrorType::ConnectNoRoute, "the Service has no endpoint");
    };
    let _in_flight = endpoint.begin();
    let peer = *backend.peer.peer(endpoint.address, exchange.scheme, false);
    let (mut page, _) = hooks.pages.get_http_session(&peer).await?;
    page.set_read_timeout(peer.options.read_timeout);
    page.set_write_timeout(peer.options.write_timeout);
    page.write_request_header(Box::new(head(session, exchange, status)?))
        .await?;
    page.finish_request_body().await?;
    for _ in 0..INTERIM {
        page.read_response_header().await?;
        if page
            .response_header()
            .is_some_and(|head| !head.status.is_informational())
        {
            return Ok((page, peer));
        }
    }
    Error::e_explain(pingora::ErrorType::InvalidHTTPHeader, "interim answers only")
}

/// The client's head, for `/` and without a body.
fn head(session: &Session, exchange: &Exchange, status: u16) -> Result<RequestHeader> {
    let received = session.req_header();
    let mut head = RequestHeader::build(received.method.clone(), b"/", Some(received.headers.len() + 10))?;
    let left_out = [
        &CONNECTION,
        &CONTENT_LENGTH,
        &EXPECT,
        &TRANSFER_ENCODING,
        &UPGRADE,
        &KEEP_ALIVE,
    ];
    for (name, value) in &received.headers {
        if !left_out.contains(&name) {
            head.append_header(name, value.clone())?;
        }
    }
    if let Some(authority) = received.uri.authority() {
        head.insert_header(HOST, header_value(authority.as_str().as_bytes()))?;
    }
    if !matches!(received.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        head.insert_header(CONTENT_LENGTH, "0")?;
    }
    head.insert_header(&ORIGINAL_URI, header_value(received.raw_path()))?;
    upstream::describe(&mut RequestFields(&mut head), status, exchange);
    Ok(head)
}

async fn write(
    hooks: &Hooks,
    session: &mut Session,
    exchange: &Exchange,
    answer: &Answer<'_>,
    mut page: HttpSession,
    peer: &HttpPeer,
) -> Result<()> {
    let received = page.response_header().expect("the head has been read").clone();
    // What the client still has to send has no reader any more; and the engine, which has to give the application's answer up,
    // keeps no connection on which something was given up.
    if !answer.is_own || !session.as_downstream_mut().is_body_done() || session.is_process_shutting_down() {
        session.set_keepalive(None);
    }
    let has_body = session.req_header().method != Method::HEAD
        && !page.response_done()
        && !matches!(received.status.as_u16(), 204 | 304);
    let header = response(session, exchange, answer, received, has_body)?;
    session.write_response_header(Box::new(header), !has_body).await?;
    if has_body {
        while let Some(part) = page.read_response_body().await? {
            session.write_response_body(Some(part), false).await?;
        }
        session.write_response_body(Some(Bytes::new()), true).await?;
    } else {
        session.as_downstream_mut().finish_body().await?;
    }
    if page.response_done() {
        hooks
            .pages
            .release_http_session(page, peer, peer.options.idle_timeout)
            .await;
    }
    Ok(())
}

fn response(
    session: &mut Session,
    exchange: &Exchange,
    answer: &Answer<'_>,
    mut header: ResponseHeader,
    has_body: bool,
) -> Result<ResponseHeader> {
    for name in [&CONNECTION, &TRANSFER_ENCODING, &UPGRADE, &KEEP_ALIVE] {
        header.remove_header(name);
    }
    if exchange
        .route
        .as_ref()
        .is_some_and(|route| route.dialect == Dialect::Nginx)
    {
        header.remove_header(&SERVER);
    }
    for (name, value) in answer.fields {
        header.insert_header(name, value.clone())?;
    }
    let version = session.req_header().version;
    header.set_version(Version::HTTP_11);
    if has_body && !header.headers.contains_key(CONTENT_LENGTH) {
        match version {
            Version::HTTP_2 => {}
            // HTTP/1.0 knows no chunks: the end of the connection is the end of the body.
            Version::HTTP_10 => session.set_keepalive(None),
            _ => header.insert_header(TRANSFER_ENCODING, "chunked")?,
        }
    }
    Ok(header)
}
