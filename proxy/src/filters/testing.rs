//! A request without sockets: one policy, one request, and what became of it.

use std::net::SocketAddr;

use ferrik_config::name::{Kind, ObjectRef, PortRef, ServicePort};
use ferrik_config::policy::{self, Policy, Source};
use ferrik_config::table::{self, Dialect, PathKind, PathRule};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version};

use super::Flow;
use crate::compile::Context;
use crate::exchange::Exchange;
use crate::head::PlainResponse;
use crate::lasting::Lasting;
use crate::listen::{Connection, Scheme};
use crate::observe::StatsRegistry;
use crate::reply::Reply;
use crate::request::{Changes, Facts, Request};
use crate::request_id::RequestId;
use crate::route::Route;
use crate::sanitize::{Path, canonical_host, split_target};
use crate::upstream::Cells;

/// A policy and a request: `GET http://a.example.org/` from 192.0.2.1 unless said otherwise.
#[derive(Clone)]
pub(crate) struct Case {
    policy: Policy,
    method: String,
    target: String,
    scheme: Scheme,
    client: String,
    head: HeaderMap,
}

/// What became of the request.
pub(crate) struct Run {
    pub(crate) reply: Option<Reply>,
    pub(crate) changes: Changes,
    pub(crate) rerouted: bool,
    head: HeaderMap,
    route: Route,
}

impl Case {
    pub(crate) fn policy(policy: Policy) -> Self {
        Self {
            policy,
            method: "GET".into(),
            target: "/".into(),
            scheme: Scheme::Http,
            client: "192.0.2.1".into(),
            head: HeaderMap::new(),
        }
    }

    pub(crate) fn method(mut self, method: &str) -> Self {
        method.clone_into(&mut self.method);
        self
    }

    pub(crate) fn target(mut self, target: &str) -> Self {
        target.clone_into(&mut self.target);
        self
    }

    pub(crate) fn https(mut self) -> Self {
        self.scheme = Scheme::Https;
        self
    }

    pub(crate) fn client(mut self, address: &str) -> Self {
        address.clone_into(&mut self.client);
        self
    }

    pub(crate) fn field(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
        self.head
            .append(name, HeaderValue::from_str(value).expect("a header value"));
        self
    }

    /// The status of the answer, if the step answers.
    pub(crate) fn status(self) -> Option<u16> {
        self.run().status()
    }

    /// Runs the one step, without lasting state from elsewhere.
    pub(crate) fn run(self) -> Run {
        self.run_with(&Lasting::default())
    }

    /// Runs the one step, compiled against this lasting state. A step that waits is waited for.
    pub(crate) fn run_with(mut self, lasting: &Lasting) -> Run {
        let (cells, stats) = (Cells::default(), StatsRegistry::default());
        let mut context = Context {
            cells: &cells,
            lasting,
            stats: &stats,
        };
        let route = Route::compile(&route(self.policy).into(), &mut context);
        let client = SocketAddr::new(self.client.parse().expect("an address"), 40_000);
        let local = SocketAddr::from((
            [192, 0, 2, 2],
            if self.scheme == Scheme::Https { 443 } else { 80 },
        ));
        let connection = Connection::synthetic(client, local, self.scheme);
        let (path, query) = split_target(self.target.as_bytes()).expect("a target");
        let path = Path::parse(path).expect("a path");
        let authority = b"a.example.org";
        let id = RequestId::told(b"r1").expect("an identifier");
        let facts = Facts {
            connection: &connection,
            method: &Method::from_bytes(self.method.as_bytes()).expect("a method"),
            version: Version::HTTP_11,
            host: &canonical_host(authority).expect("a host"),
            authority,
            target: self.target.as_bytes(),
            query,
            path: &path,
            client: client.ip(),
            scheme: self.scheme,
            is_forwarded: false,
            best_host: authority,
            request_id: &id,
            own_id: &id,
            route: &route,
        };
        let mut changes = Changes::default();
        let mut request = Request {
            facts: &facts,
            head: &mut self.head,
            changes: &mut changes,
            step: 0,
        };
        let flow = route.steps.first().expect("one step").request(&mut request);
        let (reply, rerouted) = match flow {
            Flow::Next => (None, false),
            Flow::Reply(reply) => (Some(reply), false),
            Flow::Reroute => (None, true),
            Flow::Wait(check) => {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .expect("a runtime");
                (runtime.block_on(check).err(), false)
            }
        };
        Run {
            reply,
            changes,
            rerouted,
            head: self.head,
            route,
        }
    }
}

impl Run {
    pub(crate) fn status(&self) -> Option<u16> {
        self.reply.as_ref().map(|reply| reply.status)
    }

    /// The `Location` of the answer.
    pub(crate) fn location(&self) -> Option<String> {
        self.reply_fields()
            .into_iter()
            .find(|(name, _)| name == "location")
            .map(|(_, value)| value)
    }

    /// The answer's own fields and those that the step's response phase adds.
    pub(crate) fn reply_fields(&self) -> Vec<(String, String)> {
        let Some(reply) = &self.reply else {
            return Vec::new();
        };
        let fields: Vec<(&str, &str)> = reply
            .fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().expect("ASCII")))
            .collect();
        let text = |value: &HeaderValue| value.to_str().expect("ASCII").to_owned();
        let head = self.respond(reply.status, &fields);
        head.iter()
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect()
    }

    /// Values of a field as the backend receives them.
    pub(crate) fn request_field(&self, name: &str) -> Vec<String> {
        self.head
            .get_all(name)
            .iter()
            .map(|value| value.to_str().expect("ASCII").to_owned())
            .collect()
    }

    /// The fields of a response with this status and these fields, after the step's response phase.
    pub(crate) fn respond(&self, status: u16, fields: &[(&str, &str)]) -> HeaderMap {
        let mut response = PlainResponse {
            status,
            fields: HeaderMap::new(),
        };
        for (name, value) in fields {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
            response
                .fields
                .append(name, HeaderValue::from_str(value).expect("a header value"));
        }
        Exchange::respond_with(&self.route, 1, &self.changes.response, &mut response);
        response.fields
    }
}

/// A backend of which nothing is said but its service port.
pub(crate) fn backend(namespace: &str, service: &str, port: u16) -> table::Backend {
    table::Backend {
        service: ServicePort {
            namespace: namespace.into(),
            service: service.into(),
            port: PortRef::Number(port),
        },
        protocol: table::Protocol::Http,
        timeouts: policy::Timeouts::default(),
        host: table::HostHeader::Client,
        balance: table::Balance::default(),
        sticky: None,
        fallback: None,
    }
}

fn route(policy: Policy) -> table::Route {
    let object = ObjectRef::new(Kind::Ingress, "ns", "app");
    let source = Source {
        object,
        field: "metadata.annotations".into(),
    };
    table::Route {
        path: PathRule {
            kind: PathKind::Prefix,
            text: "/".into(),
            pattern: None,
        },
        dialect: Dialect::Nginx,
        source: source.clone(),
        steps: vec![policy::Step { policy, source }],
        backend: None,
        priority: None,
        entry: table::Entry::Any,
    }
}
