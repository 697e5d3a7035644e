//! How long it takes to find the route of a request, and that nothing is allocated for it.

use std::hint::black_box;
use std::time::Instant;

use ferrik_config::settings::Settings;
use ferrik_config::translate::Translator;
use ferrik_proxy::{Scheme, Tables};

use super::allocation;
use super::objects::{self, PATHS};
use crate::page;
use crate::spread::Spread;

/// Look-ups in one sample: enough to make the clock's own cost vanish.
const BATCH: u32 = 4096;
/// The mark, at the largest number of hosts.
const MARK_NANOS: f64 = 500.0;

/// The table of results, from so many samples each.
pub(crate) fn rows(samples: usize) -> Vec<Vec<String>> {
    let head = ["hosts", "ns per look-up", "allocations per look-up", "mark"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for hosts in [1, 1_000, 20_000] {
        let (nanos, allocations) = measure(hosts, samples);
        let mark = if hosts == 20_000 {
            format!(
                "{}; {}",
                page::against(nanos.median, MARK_NANOS, " ns"),
                page::against(allocations, 0.0, " allocations")
            )
        } else {
            String::new()
        };
        rows.push(vec![
            hosts.to_string(),
            format!("{nanos:.0}"),
            format!("{allocations}"),
            mark,
        ]);
    }
    rows
}

fn measure(hosts: usize, samples: usize) -> (Spread, f64) {
    let tables = Tables::default();
    let output = Translator::full(Settings::default(), &objects::cluster(hosts));
    tables.publish(output.table, output.endpoints);
    let requests = requests(hosts);
    for (number, host, target) in &requests {
        let name = tables.look_up(host, target.as_bytes(), Scheme::Https, |found| {
            found.map(|source| source.object.name.clone()).ok()
        });
        assert_eq!(
            name,
            Some(objects::reference(*number).name),
            "{host}{target} finds its own Ingress"
        );
    }
    let pass = || {
        for (_, host, target) in &requests {
            black_box(tables.look_up(host, target.as_bytes(), Scheme::Https, |found| found.is_ok()));
        }
    };
    let times = (0..samples).map(|_| {
        let start = Instant::now();
        pass();
        start.elapsed().as_secs_f64() * 1e9 / f64::from(BATCH)
    });
    let nanos = Spread::of(times);
    let (calls, _) = allocation::count(pass);
    let calls = u32::try_from(calls).expect("so many allocations would show in the time");
    (nanos, f64::from(calls) / f64::from(BATCH))
}

/// Number of the application, host and target, as good as random but the same in every run.
fn requests(hosts: usize) -> Vec<(usize, String, String)> {
    let mut state = 1_usize;
    let mut next = |below: usize| {
        // Knuth's multiplier for linear congruential sequences of 64 bits; the upper bits are the random ones.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut request = |_| {
        let (number, path) = (next(hosts), PATHS[next(PATHS.len())]);
        (
            number,
            objects::host(number),
            format!("{}/items/17?page=2", path.trim_end_matches('/')),
        )
    };
    (0..BATCH).map(&mut request).collect()
}
