//! Ferrik's command line and its objects.

use std::fs;

use anyhow::Result;

use super::{Peer, Place};
use crate::load::site::{self, Class};
use crate::load::stage;

pub(super) fn command_line(peer: Peer, place: &Place<'_>) -> Result<Vec<String>> {
    let class = if peer == Peer::FerrikNginxDialect {
        Class::Nginx
    } else {
        Class::Ferrik
    };
    let objects = super::objects(place.folder);
    fs::create_dir(&objects)?;
    let text = site::objects(class, place.stage.backend);
    fs::write(objects.join("site.yaml"), text)?;
    let log = if peer == Peer::FerrikWithLog {
        super::access_log(place.folder)
    } else {
        "off".into()
    };
    let engine = if peer == Peer::FerrikByPingora {
        "pingora"
    } else {
        "lane"
    };
    let threads = if peer == Peer::FerrikTwoThreads { "2" } else { "1" };
    let words = [
        env!("CARGO_BIN_EXE_ferrik"),
        "run",
        "--files",
        stage::text(&objects)?,
        "--http",
        &place.plain.to_string(),
        "--https",
        &place.tls.to_string(),
        "--admin",
        &place.admin.to_string(),
        "--access-log",
        stage::text(&log)?,
        "--http1-engine",
        engine,
        "--threads",
        threads,
    ];
    Ok(words.map(str::to_owned).to_vec())
}
