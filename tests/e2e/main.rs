//! Black-box tests of the binary: it is started over a folder of YAML, with real backends behind and real clients in
//! front of it. One module for each feature; nothing here knows the code.

mod support;

mod abuse;
mod access_log;
mod admin;
mod both_dialects;
mod connection_limit;
mod default_backend;
mod desync;
mod drain;
mod engine;
mod error_page;
mod external_name;
mod forwarded;
mod path;
mod rate_limit;
mod reload;
mod site_cors;
mod site_nginx;
mod site_traefik;
mod stream;
mod tls;
mod transfer;
mod upgrade;
mod upstream;
