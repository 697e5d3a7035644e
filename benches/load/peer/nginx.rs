//! nginx's configuration: the forwarded headers and the request id for every host, no routing.

use std::net::SocketAddr;
use std::path::Path;

use crate::load::{site, stage};

pub(super) fn config(folder: &Path, listen: SocketAddr, backend: u16) -> String {
    let servers = site::BACKENDS
        .map(|host| format!("    server {host}:{backend};\n"))
        .concat();
    let head = stage::nginx_head(folder, "nginx");
    format!(
        "{head}  upstream site {{\n{servers}    keepalive 64;\n    keepalive_requests 1000000000;\n  }}\n\
         server {{\n    listen {listen};\n    server_name *.{domain};\n    location / {{\n      proxy_pass http://site;\n\
         proxy_http_version 1.1;\n      proxy_set_header Connection \"\";\n      proxy_set_header Host $http_host;\n\
         proxy_set_header X-Request-ID $request_id;\n      proxy_set_header X-Real-IP $remote_addr;\n\
         proxy_set_header X-Forwarded-For $remote_addr;\n      proxy_set_header X-Forwarded-Host $http_host;\n\
         proxy_set_header X-Forwarded-Port $server_port;\n      proxy_set_header X-Forwarded-Proto $scheme;\n    }}\n  }}\n}}\n",
        domain = site::DOMAIN,
    )
}
