//! Tests against a real Kubernetes API: `make lab` builds its servers once, and the tests need root, because each has a
//! network namespace of its own.

mod chart;
mod ferrik;
mod history;
mod tls;
mod traefik;
mod yaml;

mod acme;
mod address;
mod api_server;
mod certificate;
mod cluster;
mod conflict;
mod deploy;
mod endpoint;
mod guard;
mod hostile;
mod instances;
mod leader;
mod query;
mod readiness;
mod reference_grant;
mod replica;
mod role;
mod runbook;
mod serve;
mod site;
mod upgrade;
