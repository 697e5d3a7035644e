//! nginx's configuration: the forwarded headers and the request id for every host, no routing.

use super::{Peer, Place};
use crate::load::{site, stage, tls};

pub(super) fn config(peer: Peer, place: &Place<'_>) -> String {
    let log = if peer == Peer::NginxWithLog {
        format!(
            "{} combined buffer=64k",
            super::access_log(place.folder).display()
        )
    } else {
        "off".to_owned()
    };
    let port = place.stage.backend;
    let servers = site::BACKENDS
        .map(|host| format!("    server {host}:{port};\n"))
        .concat();
    format!(
        "{head}  upstream site {{\n{servers}    keepalive 64;\n    keepalive_requests 1000000000;\n  }}\n\
         server {{\n    listen {plain};\n    listen {secure} ssl;\n    ssl_certificate {pem};\n    ssl_certificate_key {pem};\n    \
         ssl_protocols TLSv1.3;\n    ssl_conf_command Ciphersuites {suite};\n\
         server_name *.{domain};\n    location / {{\n      proxy_pass http://site;\n\
         proxy_http_version 1.1;\n      proxy_set_header Connection \"\";\n      proxy_set_header Host $http_host;\n\
         proxy_set_header X-Request-ID $request_id;\n      proxy_set_header X-Real-IP $remote_addr;\n\
         proxy_set_header X-Forwarded-For $remote_addr;\n      proxy_set_header X-Forwarded-Host $http_host;\n\
         proxy_set_header X-Forwarded-Port $server_port;\n      proxy_set_header X-Forwarded-Proto $scheme;\n    }}\n  }}\n}}\n",
        head = stage::nginx_head(place.folder, "nginx", &log),
        plain = place.plain,
        secure = place.tls,
        pem = place.stage.certificate().display(),
        suite = tls::SUITE,
        domain = site::DOMAIN,
    )
}
