//! One request through the relay: counted, refused, or asked of the API server and answered late.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_rustls::TlsConnector;

use super::{Refusal, State, watch};
use crate::cluster::servers::PORT;
use crate::network::HOST;

type Body = UnsyncBoxBody<Bytes, hyper::Error>;

/// The API server, as one client of the relay sees it: one connection there for each here.
pub(super) struct Upstream {
    state: Arc<State>,
    connector: TlsConnector,
    sender: Mutex<Option<SendRequest<Incoming>>>,
}

impl Upstream {
    pub(super) fn new(state: Arc<State>, connector: TlsConnector) -> Self {
        Self {
            state,
            connector,
            sender: Mutex::new(None),
        }
    }

    /// The answer; an error closes the client's connection, as the API server's would be.
    pub(super) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Box<dyn std::error::Error + Send + Sync>> {
        let is_watch = is_watch(request.uri());
        self.count(&request, is_watch);
        let (delay, refusal) = self.faults();
        let response = match refusal {
            Some(refusal) => refuse(&refusal),
            None => self.ask(request).await?.map(|body| {
                if is_watch {
                    watch::rewrite(body, self.state.clone()).boxed_unsync()
                } else {
                    body.boxed_unsync()
                }
            }),
        };
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        Ok(response)
    }

    fn count(&self, request: &Request<Incoming>, is_watch: bool) {
        let method = if is_watch {
            "WATCH"
        } else {
            request.method().as_str()
        };
        let key = (method.to_owned(), request.uri().path().to_owned());
        *self.state.requests().entry(key).or_default() += 1;
    }

    /// How late this request is answered, and whether it is refused.
    fn faults(&self) -> (std::time::Duration, Option<Refusal>) {
        let mut faults = self.state.faults();
        let refusal = faults.refusal.as_mut().and_then(|refusal| {
            refusal.seen += 1;
            // Of every hundred requests that many, and never all of them at the beginning.
            let hit = refusal.seen * refusal.percent % 100 < refusal.percent;
            hit.then(|| refusal.clone())
        });
        (faults.delay, refusal)
    }

    async fn ask(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Incoming>, Box<dyn std::error::Error + Send + Sync>> {
        let mut sender = self.sender.lock().await;
        let is_open = match sender.as_mut() {
            Some(sender) => sender.ready().await.is_ok(),
            None => false,
        };
        if !is_open {
            *sender = Some(self.connect().await?);
        }
        let sender = sender.as_mut().expect("it has just been made");
        Ok(sender.send_request(request).await?)
    }

    async fn connect(&self) -> Result<SendRequest<Incoming>, Box<dyn std::error::Error + Send + Sync>> {
        let stream = TcpStream::connect((HOST, PORT)).await?;
        let name = ServerName::from(std::net::IpAddr::from(HOST));
        let stream = self.connector.connect(name, stream).await?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // It ends when the sender and the answer's body are dropped.
        tokio::spawn(connection);
        Ok(sender)
    }
}

fn is_watch(uri: &Uri) -> bool {
    let pairs = uri.query().unwrap_or_default().split('&');
    pairs
        .into_iter()
        .any(|pair| matches!(pair, "watch=true" | "watch=1"))
}

/// The answer of an API server that has too much to do or a fault of its own.
fn refuse(refusal: &Refusal) -> Response<Body> {
    let status = json!({
        "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure",
        "message": "refused by the relay of the lab",
        "reason": refusal.status.canonical_reason().unwrap_or_default().replace(' ', ""),
        "code": refusal.status.as_u16(),
    });
    let body = Full::from(status.to_string()).map_err(|never: Infallible| match never {});
    let mut response = Response::new(body.boxed_unsync());
    *response.status_mut() = refusal.status;
    let fields = response.headers_mut();
    fields.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(after) = refusal.retry_after {
        fields.insert(RETRY_AFTER, after.as_secs().into());
    }
    response
}
