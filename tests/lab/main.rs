//! Tests against a real Kubernetes API: `make lab` builds its servers once, and the tests need root, because each has a
//! network namespace of its own.

mod ferrik;
mod yaml;

mod acme;
mod address;
mod api_server;
mod certificate;
mod cluster;
mod leader;
mod readiness;
mod replica;
mod role;
mod serve;
mod upgrade;
