//! The stage itself is tested: a client that is not ours gets certificates from it, and sees the faults that are set.

mod client;
mod fault;
mod issue;
mod responder;
mod tls_alpn;
