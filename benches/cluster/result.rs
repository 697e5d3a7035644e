//! What was measured in each run, and the table of all of them.

use std::time::Duration;

use crate::page;
use crate::spread::Spread;

/// One measured thing of one run.
pub(crate) struct Measure {
    what: &'static str,
    size: usize,
    pub(crate) middle: f64,
    /// The 99th percentile, where there were many samples.
    late: Option<f64>,
    mark: Mark,
}

/// What is aimed at.
#[derive(Clone, Copy)]
pub(crate) enum Mark {
    None,
    /// For the only value.
    Most(f64),
    /// For the 99th percentile.
    Late(f64),
    /// For the median and the 99th percentile.
    Both(f64, f64),
}

impl Measure {
    pub(crate) fn one(what: &'static str, size: usize, value: f64, mark: Mark) -> Self {
        Self {
            what,
            size,
            middle: value,
            late: None,
            mark,
        }
    }

    /// Of samples of time, in milliseconds.
    pub(crate) fn many(what: &'static str, size: usize, samples: &[Duration], mark: Mark) -> Self {
        let mut sorted: Vec<f64> = samples.iter().map(|sample| sample.as_secs_f64() * 1e3).collect();
        sorted.sort_by(f64::total_cmp);
        Self {
            what,
            size,
            late: Some(sorted[(sorted.len() * 99).div_ceil(100) - 1]),
            middle: Spread::of(sorted).median,
            mark,
        }
    }
}

/// One row for each thing, in the order of the first run.
pub(crate) fn table(runs: &[Vec<Measure>]) -> Vec<Vec<String>> {
    let head = ["what", "Ingresses", "median or p50", "p99", "mark"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for (at, first) in runs.first().into_iter().flatten().enumerate() {
        let all = || runs.iter().filter_map(|run| run.get(at));
        let middle = Spread::of(all().map(|measure| measure.middle));
        let late = first
            .late
            .map(|_| Spread::of(all().filter_map(|measure| measure.late)));
        let high = late.map_or(middle.median, |late| late.median);
        let mark = match first.mark {
            Mark::None => String::new(),
            Mark::Most(most) => page::against(middle.median, most, ""),
            Mark::Late(most) => format!("p99 {}", page::against(high, most, "")),
            Mark::Both(half, most) => format!(
                "p50 {}; p99 {}",
                page::against(middle.median, half, ""),
                page::against(high, most, "")
            ),
        };
        let show = |spread: &Spread| {
            if spread.median < 10.0 {
                format!("{spread:.2}")
            } else {
                format!("{spread:.0}")
            }
        };
        rows.push(vec![
            first.what.to_owned(),
            first.size.to_string(),
            show(&middle),
            late.as_ref().map(show).unwrap_or_default(),
            mark,
        ]);
    }
    rows
}
