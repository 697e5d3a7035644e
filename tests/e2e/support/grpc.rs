//! What gRPC asks of a proxy, without protobuf: HTTP/2 on both sides, `te: trailers`, messages that flow while the call
//! is open, and a status in the trailers.

use std::net::SocketAddr;

use bytes::Bytes;
use h2::{RecvStream, SendStream};
use hyper::{HeaderMap, Request, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};

use super::within;

/// A backend on HTTP/2 without TLS that sends every message back, then `grpc-status: 0`.
pub(crate) struct EchoBackend {
    pub(crate) address: SocketAddr,
    accept: AbortHandle,
}

impl EchoBackend {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let accept = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream));
            }
        });
        Self {
            address,
            accept: accept.abort_handle(),
        }
    }
}

impl Drop for EchoBackend {
    fn drop(&mut self) {
        self.accept.abort();
    }
}

async fn serve(stream: tokio::net::TcpStream) {
    let Ok(mut connection) = h2::server::handshake(stream).await else {
        return;
    };
    let mut calls = JoinSet::new();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let te = request.headers().get("te").cloned();
        let mut head = Response::builder().header("content-type", "application/grpc");
        if let Some(te) = te {
            head = head.header("received-te", te);
        }
        let response = head.body(()).expect("a response");
        if let Ok(send) = respond.send_response(response, false) {
            calls.spawn(echo(request.into_body(), send));
        }
    }
}

/// Errors end the call: the client side of the test sees it.
async fn echo(mut receive: RecvStream, mut send: SendStream<Bytes>) -> Result<(), h2::Error> {
    while let Some(data) = receive.data().await {
        let data = data?;
        receive.flow_control().release_capacity(data.len())?;
        send.send_data(data, false)?;
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", "0".parse().expect("a value"));
    trailers.insert("grpc-message", "done".parse().expect("a value"));
    send.send_trailers(trailers)
}

/// An open call.
pub(crate) struct Call {
    pub(crate) head: Response<()>,
    send: SendStream<Bytes>,
    receive: RecvStream,
}

impl Call {
    /// Opens a call over a stream that speaks HTTP/2.
    pub(crate) async fn open<S>(stream: S, url: &str) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (client, connection) = h2::client::handshake(stream)
            .await
            .expect("the preface is accepted");
        tokio::spawn(connection);
        let mut client = client.ready().await.expect("the connection takes streams");
        let request = Request::post(url)
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        let (response, send) = client
            .send_request(request.body(()).expect("a request"), false)
            .expect("the stream opens");
        let response = within("the call is answered", response)
            .await
            .expect("the call is accepted");
        let (parts, receive) = response.into_parts();
        Self {
            head: Response::from_parts(parts, ()),
            send,
            receive,
        }
    }

    pub(crate) fn send(&mut self, message: &str) {
        self.send
            .send_data(Bytes::copy_from_slice(message.as_bytes()), false)
            .expect("the call is open");
    }

    pub(crate) fn finish(&mut self) {
        self.send.send_data(Bytes::new(), true).expect("the call is open");
    }

    /// The next message; `None` after the last.
    pub(crate) async fn receive(&mut self) -> Option<String> {
        let data = within("a message arrives", self.receive.data())
            .await?
            .expect("the call is sound");
        self.receive
            .flow_control()
            .release_capacity(data.len())
            .expect("it was counted");
        Some(String::from_utf8_lossy(&data).into_owned())
    }

    pub(crate) async fn trailers(&mut self) -> HeaderMap {
        let trailers = within("the call ends", self.receive.trailers()).await;
        trailers
            .expect("the call is sound")
            .expect("the call ends with trailers")
    }
}
