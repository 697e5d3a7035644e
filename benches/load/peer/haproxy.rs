//! `HAProxy`'s configuration: the forwarded headers alone, or everything that Ferrik does as well.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;

use crate::load::site;

/// With a map: routes by host and path, sets request id and port, uses all backends.
pub(super) fn config(listen: SocketAddr, backend: u16, map: Option<&Path>) -> Result<String> {
    let mut more = String::from("    default_backend site\n");
    let mut backends = &site::BACKENDS[..1];
    if let Some(map) = map {
        fs::write(map, site::route_map())?;
        more = format!(
            "    http-request set-header X-Forwarded-Port %[dst_port]\n    http-request set-header X-Request-ID %[uuid()]\n    \
             use_backend %[base,lower,map_beg({})]\n",
            map.display()
        );
        backends = &site::BACKENDS;
    }
    let server = |(at, host)| format!("    server s{at} {host}:{backend}\n");
    let servers = backends
        .iter()
        .enumerate()
        .map(server)
        .collect::<Vec<_>>()
        .concat();
    Ok(format!(
        "global\n    nbthread 1\n    maxconn 4000\n\
         defaults\n    mode http\n    timeout connect 5s\n    timeout client 75s\n    timeout server 60s\n    http-reuse always\n\
         frontend http\n    bind {listen}\n    option forwardfor\n    http-request set-header X-Forwarded-Proto http\n    \
         http-request set-header X-Forwarded-Host %[req.hdr(host)]\n    http-request set-header X-Real-IP %[src]\n{more}\
         backend site\n    balance roundrobin\n{servers}"
    ))
}
