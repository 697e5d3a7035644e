//! What needs no sockets: how long a lookup and a translation take, and how often they allocate.
//!
//! `benches/run.sh` runs it. With `QUICK` set it takes fewer samples. It judges nothing but the marks that it prints.

use std::error::Error;

use alloc_tracker::Allocator;
use mimalloc::MiMalloc;

#[path = "report/page.rs"]
mod page;
#[path = "report/spread.rs"]
mod spread;
mod micro {
    pub(crate) mod allocation;
    pub(crate) mod lookup;
    pub(crate) mod objects;
    pub(crate) mod translate;
}

use micro::{lookup, translate};

/// The allocator of the product, with its calls counted.
#[global_allocator]
static ALLOCATOR: Allocator<MiMalloc> = Allocator::new(MiMalloc);

fn main() -> Result<(), Box<dyn Error>> {
    let is_quick = std::env::var_os("QUICK").is_some_and(|value| !value.is_empty());
    page::line("## Lookup")?;
    page::line(
        "One look-up of host and path as requests do it, in random order over all hosts, five paths each. \
         Median [quartiles].",
    )?;
    page::table(&lookup::rows(if is_quick { 51 } else { 501 }))?;
    page::line("## Translation")?;
    page::line(
        "Ingresses with a host and five paths of their own, each with a Service and a slice of two endpoints. \
         Median [quartiles], ms.",
    )?;
    page::table(&translate::rows(
        if is_quick { 5 } else { 21 },
        if is_quick { 31 } else { 301 },
    ))?;
    Ok(())
}
