//! Answers http-01 challenges on loopback, on one or two addresses with the same port.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, body::Incoming};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// A running responder; it ends with the value.
pub(crate) struct Responder {
    port: u16,
    state: Arc<Mutex<State>>,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct State {
    /// The key authorization of each token.
    answers: BTreeMap<String, String>,
    /// How many requests came to each address.
    asked: BTreeMap<IpAddr, usize>,
}

impl Responder {
    pub(crate) async fn start(addresses: &[Ipv4Addr]) -> Self {
        let state = Arc::<Mutex<State>>::default();
        let listeners = listen(addresses).await;
        let port = listeners[0].local_addr().expect("it is bound").port();
        let tasks = listeners
            .into_iter()
            .map(|listener| serve(listener, state.clone()));
        let tasks = tasks.collect();
        Self {
            port,
            state,
            _tasks: tasks,
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// From now on the challenge of this key authorization is answered.
    pub(crate) fn put(&self, key_authorization: &str) {
        let (token, _) = key_authorization.split_once('.').expect("token and thumbprint");
        let mut state = self.state.lock().expect("nobody panicked");
        state
            .answers
            .insert(token.to_owned(), key_authorization.to_owned());
    }

    pub(crate) fn asked(&self) -> BTreeMap<IpAddr, usize> {
        self.state.lock().expect("nobody panicked").asked.clone()
    }
}

/// A port that is free on all addresses.
async fn listen(addresses: &[Ipv4Addr]) -> Vec<TcpListener> {
    let (first, others) = addresses.split_first().expect("at least one address");
    for _ in 0..100 {
        let listener = TcpListener::bind((*first, 0)).await.expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let mut all = vec![listener];
        for address in others {
            all.extend(TcpListener::bind((*address, port)).await);
        }
        if all.len() == addresses.len() {
            return all;
        }
    }
    panic!("no port is free on all of {addresses:?}")
}

async fn serve(listener: TcpListener, state: Arc<Mutex<State>>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (state, address) = (state.clone(), stream.local_addr().expect("it is connected"));
        let service = service_fn(move |request| {
            let response = answer(&state, address, &request);
            async move { Ok::<_, hyper::Error>(response) }
        });
        connections.spawn(async move {
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

fn answer(state: &Mutex<State>, address: SocketAddr, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let mut state = state.lock().expect("nobody panicked");
    *state.asked.entry(address.ip()).or_default() += 1;
    let token = request.uri().path().rsplit('/').next().unwrap_or_default();
    let mut response = Response::default();
    match state.answers.get(token) {
        Some(answer) => *response.body_mut() = Full::from(answer.clone()),
        None => *response.status_mut() = StatusCode::NOT_FOUND,
    }
    response
}
