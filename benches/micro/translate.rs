//! How long a change takes from objects to a table in service, and what it rebuilds.

use std::time::{Duration, Instant};

use ferrik_config::Snapshot;
use ferrik_config::name::ObjectRef;
use ferrik_config::settings::Settings;
use ferrik_config::translate::{Rebuilt, Translator};
use ferrik_proxy::Tables;

use super::{allocation, objects};
use crate::page;
use crate::spread::Spread;

/// The mark for one change among 5 000 Ingresses, all steps together.
const MARK_MILLIS: f64 = 2.0;

/// The table of results: so many samples of full translations, and of single changes.
pub(crate) fn rows(full: usize, changes: usize) -> Vec<Vec<String>> {
    let head = [
        "Ingresses",
        "what",
        "translate",
        "output",
        "publish",
        "together",
        "allocations",
        "mark",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.push(all(5_000, full));
    rows.push(change(5_000, changes));
    rows.push(addition(20_000, changes));
    rows
}

/// The steps of one change.
struct Steps {
    translate: Duration,
    output: Duration,
    publish: Duration,
}

/// A translator and its proxy tables, up to date with a snapshot.
struct Plant {
    snapshot: Snapshot,
    translator: Translator,
    tables: Tables,
}

impl Plant {
    fn new(count: usize) -> Self {
        let mut plant = Self {
            snapshot: objects::cluster(count),
            translator: Translator::new(Settings::default()),
            tables: Tables::default(),
        };
        let all = plant.snapshot.references();
        plant.bring(all);
        plant
    }

    /// Translates and publishes what changed.
    fn bring(&mut self, changed: impl IntoIterator<Item = ObjectRef>) -> (Steps, Rebuilt) {
        let start = Instant::now();
        let rebuilt = self.translator.update(&self.snapshot, changed);
        let translated = Instant::now();
        let output = self.translator.output();
        let put_out = Instant::now();
        self.tables.publish(output.table, output.endpoints);
        let steps = Steps {
            translate: translated - start,
            output: put_out - translated,
            publish: put_out.elapsed(),
        };
        (steps, rebuilt)
    }
}

fn all(count: usize, samples: usize) -> Vec<String> {
    let mut plant = None;
    let mut steps = Vec::new();
    for _ in 0..samples {
        let mut fresh = Plant {
            snapshot: plant
                .take()
                .map_or_else(|| objects::cluster(count), |plant: Plant| plant.snapshot),
            translator: Translator::new(Settings::default()),
            tables: Tables::default(),
        };
        let references = fresh.snapshot.references();
        steps.push(fresh.bring(references).0);
        plant = Some(fresh);
    }
    row(count, "everything, from nothing", &steps, None, String::new())
}

fn change(count: usize, samples: usize) -> Vec<String> {
    let mut plant = Plant::new(count);
    let turn = |plant: &mut Plant, at: usize| {
        let size = if at.is_multiple_of(2) { "9m" } else { "8m" };
        let changed = plant.snapshot.insert(objects::ingress(count / 2, size));
        let (steps, rebuilt) = plant.bring(changed);
        assert_eq!(
            (rebuilt.fragments, rebuilt.hosts),
            (1, 1),
            "one Ingress and its host are rebuilt"
        );
        steps
    };
    let steps: Vec<Steps> = (0..samples).map(|at| turn(&mut plant, at)).collect();
    let (calls, _) = allocation::count(|| {
        turn(&mut plant, samples);
    });
    let mark = page::against(together(&steps).median, MARK_MILLIS, " ms");
    row(count, "one Ingress changed", &steps, Some(calls), mark)
}

fn addition(count: usize, samples: usize) -> Vec<String> {
    // Its Service stays there all the time, as is usual.
    let mut plant = Plant::new(count + 1);
    let new = objects::reference(count);
    let turn = |plant: &mut Plant| {
        plant.snapshot.remove(&new);
        plant.bring([new.clone()]);
        let added = plant.snapshot.insert(objects::ingress(count, "8m"));
        let (steps, rebuilt) = plant.bring(added);
        assert_eq!(
            (rebuilt.fragments, rebuilt.hosts),
            (1, 1),
            "one Ingress and its host are built"
        );
        steps
    };
    let steps: Vec<Steps> = (0..samples).map(|_| turn(&mut plant)).collect();
    row(count, "one Ingress added", &steps, None, String::new())
}

fn together(steps: &[Steps]) -> Spread {
    millis(steps, |it| it.translate + it.output + it.publish)
}

fn millis(steps: &[Steps], of: impl Fn(&Steps) -> Duration) -> Spread {
    Spread::of(steps.iter().map(|it| of(it).as_secs_f64() * 1e3))
}

fn row(count: usize, what: &str, steps: &[Steps], allocations: Option<u64>, mark: String) -> Vec<String> {
    vec![
        count.to_string(),
        what.to_owned(),
        format!("{:.3}", millis(steps, |it| it.translate).median),
        format!("{:.3}", millis(steps, |it| it.output).median),
        format!("{:.3}", millis(steps, |it| it.publish).median),
        format!("{:.3}", together(steps)),
        allocations.map_or_else(String::new, |calls| calls.to_string()),
        mark,
    ]
}
