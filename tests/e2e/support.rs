//! What the tests stand on: the binary under test, backends, clients, certificates and the text of objects.
//!
//! Nothing here asserts anything about the product; a failure here is a failure to set the stage.

pub(crate) mod backend;
pub(crate) mod body;
pub(crate) mod certs;
pub(crate) mod client;
pub(crate) mod condition;
pub(crate) mod curl;
pub(crate) mod ferrik;
pub(crate) mod grpc;
pub(crate) mod raw;
pub(crate) mod tls;
pub(crate) mod websocket;
pub(crate) mod yaml;

pub(crate) use backend::{Backend, Exchange, Received};
pub(crate) use body::Body;
pub(crate) use client::{Answer, Ask, Connection, ask, get};
pub(crate) use condition::{eventually, within};
pub(crate) use ferrik::Ferrik;
pub(crate) use tls::Tls;
pub(crate) use yaml::Ingress;
