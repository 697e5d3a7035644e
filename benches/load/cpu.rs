//! Which CPU is whose.

use std::fmt;
use std::fs;
use std::str::FromStr;

use anyhow::{Context as _, Result, anyhow};

/// Two CPUs: one for the proxy that is measured, one for load and backend.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cpus {
    pub(crate) proxy: usize,
    pub(crate) load: usize,
}

impl Cpus {
    /// The first two that this process may use.
    pub(crate) fn allowed() -> Result<Self> {
        let status =
            fs::read_to_string("/proc/self/status").context("there is no /proc: this needs Linux")?;
        let list = status
            .lines()
            .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        let mut cpus = list
            .into_iter()
            .flat_map(|list| list.trim().split(','))
            .flat_map(range);
        match (cpus.next(), cpus.next()) {
            (Some(proxy), Some(load)) => Ok(Self { proxy, load }),
            _ => Err(anyhow!(
                "two CPUs are needed: one for the proxy, one for load and backend"
            )),
        }
    }
}

/// `3`, or `0-7`.
fn range(text: &str) -> std::ops::Range<usize> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.parse(), last.parse::<usize>()) {
        (Ok(first), Ok(last)) => first..last + 1,
        _ => 0..0,
    }
}

impl fmt::Display for Cpus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.proxy, self.load)
    }
}

impl FromStr for Cpus {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (proxy, load) = text
            .split_once(',')
            .context("two CPUs, with a comma between them")?;
        Ok(Self {
            proxy: proxy.parse()?,
            load: load.parse()?,
        })
    }
}
