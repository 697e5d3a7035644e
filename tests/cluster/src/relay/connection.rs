//! The relay's sockets: accepted, decrypted, frozen, cut.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch::Receiver;
use tokio::task::JoinSet;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::State;
use super::exchange::Upstream;
use crate::cluster::Cluster;
use crate::network::HOST;

/// How much may be under way in one direction.
const BUFFER: usize = 64 * 1024;

/// What happens to bytes.
#[derive(Clone, Default)]
pub(super) struct Wire {
    pub(super) open: bool,
    pub(super) frozen: bool,
    /// How often everything was cut: a connection ends with the next time, also if the wire is open again by then.
    pub(super) cuts: usize,
}

/// Chooses a port. The future accepts on it, whenever the wire is open.
pub(super) async fn listen(
    cluster: &Cluster,
    state: Arc<State>,
) -> (SocketAddr, impl Future<Output = ()> + use<>) {
    let first = bind((HOST, 0).into()).await;
    let address = first.local_addr().expect("it is bound");
    let (acceptor, connector) = tls(cluster);
    let accepting = async move {
        let mut wire = state.wire.subscribe();
        let mut first = Some(first);
        // The sender lives as long as we do.
        while let Ok(Wire { cuts, .. }) = wire.wait_for(|wire| wire.open).await.map(|wire| wire.clone()) {
            let listener = match first.take() {
                Some(listener) => listener,
                None => bind(address).await,
            };
            let _socket = Socket::new(&state);
            let mut connections = JoinSet::new();
            let accept = async {
                while let Ok((stream, _)) = listener.accept().await {
                    let upstream = Upstream::new(state.clone(), connector.clone());
                    connections.spawn(serve(stream, acceptor.clone(), upstream, Socket::new(&state)));
                }
            };
            tokio::select! {
                () = accept => {}
                _ = wire.wait_for(|wire| wire.cuts != cuts) => {}
            }
        }
    };
    (address, accepting)
}

/// One connection. It is dropped when the wire is cut.
async fn serve(stream: TcpStream, acceptor: TlsAcceptor, upstream: Upstream, socket: Socket) {
    let wire = socket.0.wire.subscribe();
    let (near, far) = tokio::io::duplex(BUFFER);
    let (from_client, to_client) = stream.into_split();
    let (from_us, to_us) = tokio::io::split(far);
    let upstream = Arc::new(upstream);
    let exchange = async {
        // A client that gives up is no fault of ours.
        if let Ok(stream) = acceptor.accept(near).await {
            let service = service_fn(move |request| upstream.clone().answer(request));
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        }
    };
    let outward = async {
        tokio::join!(exchange, pump(from_us, to_client, wire.clone()));
    };
    tokio::select! {
        () = outward => {}
        () = pump(from_client, to_us, wire.clone()) => {}
    }
}

/// Copies bytes while they are not frozen. What was read when the frost came waits.
async fn pump(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut wire: Receiver<Wire>) {
    let mut bytes = vec![0; BUFFER];
    while let Ok(length) = from.read(&mut bytes).await {
        if wire.wait_for(|wire| !wire.frozen).await.is_err() {
            return;
        }
        if length == 0 || to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}

async fn bind(address: SocketAddr) -> TcpListener {
    let listener = TcpListener::bind(address).await;
    listener.expect("the port is the relay's in this network")
}

/// Both sides of TLS, with the API server's certificate and the cluster's authority.
fn tls(cluster: &Cluster) -> (TlsAcceptor, TlsConnector) {
    let certificate = |name: &str| {
        CertificateDer::from_pem_file(cluster.file(name)).expect("the cluster has written certificates")
    };
    let key = PrivateKeyDer::from_pem_file(cluster.file("api.key")).expect("the cluster has written a key");
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut server = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .with_no_client_auth()
        .with_single_cert(vec![certificate("api.crt")], key)
        .expect("the certificate fits its key");
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    let mut roots = RootCertStore::empty();
    roots
        .add(certificate("ca.crt"))
        .expect("the authority's certificate is one");
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    (
        TlsAcceptor::from(Arc::new(server)),
        TlsConnector::from(Arc::new(client)),
    )
}

/// Counts a socket for as long as it lives.
struct Socket(Arc<State>);

impl Socket {
    fn new(state: &Arc<State>) -> Self {
        state.sockets.fetch_add(1, Relaxed);
        Self(state.clone())
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.0.sockets.fetch_sub(1, Relaxed);
    }
}
