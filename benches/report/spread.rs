//! Median and quartiles of repeated measurements: single values on a busy machine say little.

use std::fmt;

/// The middle of a set of measurements, and how far it scatters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
}

impl Spread {
    /// Of at least one sample.
    pub(crate) fn of(samples: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = samples.into_iter().collect();
        assert!(!sorted.is_empty(), "a spread needs samples");
        sorted.sort_by(f64::total_cmp);
        Self {
            low: quartile(&sorted, 1),
            median: quartile(&sorted, 2),
            high: quartile(&sorted, 3),
        }
    }
}

/// Linear between neighbours.
fn quartile(sorted: &[f64], quarter: usize) -> f64 {
    let at = (sorted.len() - 1) * quarter;
    let (index, rest) = (at / 4, at % 4);
    let next = sorted[(index + 1).min(sorted.len() - 1)];
    let part = [0.0, 0.25, 0.5, 0.75][rest];
    sorted[index] + (next - sorted[index]) * part
}

/// `median [low–high]`, with the precision of the formatter.
impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(2);
        write!(
            f,
            "{:.digits$} [{:.digits$}–{:.digits$}]",
            self.median, self.low, self.high
        )
    }
}
