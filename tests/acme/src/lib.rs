//! A real ACME certificate authority for tests: pebble, a name server that tells it where hosts are, and a front that counts
//! requests and breaks them on demand.
//!
//! Tests of the binary use it, with or without a Kubernetes API. It asserts nothing about the product; a panic here is a
//! stage that could not be set. It is no client: the certificate authority finds whoever answers challenges by the names'
//! addresses.
//!
//! ```no_run
//! # async fn test() {
//! use ferrik_test_acme::{Acme, AcmeOptions, Endpoint, Fault};
//!
//! let acme = Acme::start(AcmeOptions { http_port: 8080, ..AcmeOptions::default() }).await;
//! acme.set_addresses("shop.test", ["127.0.0.2", "127.0.0.3"]);
//! acme.fail(Endpoint::NewOrder, Fault::rate_limited(std::time::Duration::from_secs(60)));
//! // A client with this directory and this authority meets a rate limit.
//! let (directory, authority) = (acme.directory_url(), acme.listener_ca_file());
//! assert_eq!(acme.orders(), 0);
//! # }
//! ```

mod acme;
mod authority;
mod front;
mod name_server;
mod options;
mod pebble;
mod renewal;
mod upstream;

pub use acme::Acme;
pub use front::{Endpoint, Fault, Request};
pub use options::{AcmeOptions, ExternalAccount};
