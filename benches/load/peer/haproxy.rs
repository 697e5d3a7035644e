//! `HAProxy`'s configuration: the forwarded headers alone, or everything that Ferrik does as well.

use std::fs;

use anyhow::Result;

use super::{Peer, Place};
use crate::load::{site, stage, tls};

/// With the same work it routes by host and path, sets request id and port, and uses all backends. A log goes to standard
/// output.
pub(super) fn config(peer: Peer, place: &Place<'_>) -> Result<String> {
    let mut more = String::from("    default_backend site\n");
    let mut backends = &site::BACKENDS[..1];
    if peer == Peer::HaproxySameWork {
        let map = place.folder.join("routes.map");
        fs::write(&map, site::route_map())?;
        more = format!(
            "    http-request set-header X-Forwarded-Port %[dst_port]\n    http-request set-header X-Request-ID %[uuid()]\n    \
             use_backend %[base,lower,map_beg({})]\n",
            map.display()
        );
        backends = &site::BACKENDS;
    }
    let (target, each) = if peer == Peer::HaproxyWithLog {
        (
            "    log stdout format raw local0\n",
            "    log global\n    option httplog\n",
        )
    } else {
        ("", "")
    };
    let port = place.stage.backend;
    let server = |(at, host)| format!("    server s{at} {host}:{port}\n");
    let servers = backends
        .iter()
        .enumerate()
        .map(server)
        .collect::<Vec<_>>()
        .concat();
    let pem = place.stage.certificate();
    let secure = format!("{} ssl crt {}", place.tls, stage::text(&pem)?);
    let frontend = |scheme: &str, bind: &str| {
        format!(
            "frontend {scheme}\n    bind {bind}\n    option forwardfor\n    http-request set-header X-Forwarded-Proto {scheme}\n    \
             http-request set-header X-Forwarded-Host %[req.hdr(host)]\n    http-request set-header X-Real-IP %[src]\n{more}"
        )
    };
    Ok(format!(
        "global\n    nbthread 1\n    maxconn 4000\n{target}    ssl-default-bind-options ssl-min-ver TLSv1.3\n    \
         ssl-default-bind-ciphersuites {suite}\n\
         defaults\n    mode http\n{each}    timeout connect 5s\n    timeout client 75s\n    timeout server 60s\n    \
         http-reuse always\n{plain}{secure}backend site\n    balance roundrobin\n{servers}",
        suite = tls::SUITE,
        plain = frontend("http", &place.plain.to_string()),
        secure = frontend("https", &secure),
    ))
}
