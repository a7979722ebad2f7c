//! Weights are taken at the steps that the schedule says, of the layers that it says, and dropped or
//! waited for as asked.

use crate::support::{Capture, Gate, alone_with_device, rows, test, train};
use burn::nn::LinearConfig;
use burn_rmt::{Monitor, MonitorConfig, Overflow, Schedule};
use libtest_mimic::Trial;
use std::collections::BTreeMap;
use std::path::Path;
use std::thread;
use std::time::Duration;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test(module_path!(), "log_spaced", log_spaced),
        test(module_path!(), "staggered", staggered),
        test(module_path!(), "a_step_is_any_integer", integers),
        test(module_path!(), "blocking_drops_nothing", blocking),
        test(module_path!(), "blocking_gives_up_at_the_timeout", giving_up),
    ]
}

/// Steps at which each layer was analysed, and the run's directory.
fn taken(base: &Path, schedule: Schedule, steps: u64) -> BTreeMap<String, Vec<u64>> {
    let (_guard, device) = alone_with_device();
    let (capture, reports) = Capture::new();
    let config = MonitorConfig::new(base.join("run")).with_schedule(schedule).with_sink(capture);
    let monitor = config.with_profiles_every(2).init().unwrap();
    train(&device, 1, steps, &monitor, |_, _| {});
    let summary = monitor.finish();
    assert_eq!((summary.counts.dropped.total(), summary.warnings_total), (0, 0));
    let mut taken: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for report in reports.try_iter() {
        taken.entry(report.layer.name).or_default().push(report.step);
    }
    assert_eq!(taken.keys().collect::<Vec<_>>(), ["first.weight", "second.weight"]);
    taken
}

fn log_spaced() {
    let base = tempfile::tempdir().unwrap();
    let steps = vec![0, 1, 2, 5, 10, 22, 46, 100];
    for (name, found) in taken(base.path(), Schedule::LogSpaced(3), 120) {
        assert_eq!(found, steps, "{name}");
    }
}

fn staggered() {
    let base = tempfile::tempdir().unwrap();
    let found = taken(base.path(), Schedule::Staggered(10), 40);
    assert_eq!(found["second.weight"], [0, 10, 20, 30, 40]);
    assert_eq!(found["first.weight"], [0, 5, 15, 25, 35]);
    // Every other report of each layer comes with its spectrum, and no layer is left out.
    let profiles: Vec<_> = rows(&base.path().join("run"), "profiles.jsonl")
        .iter()
        .map(|row| (row["name"].as_str().unwrap().to_owned(), row["step"].as_u64().unwrap()))
        .collect();
    let expected = [
        ("second.weight", 0),
        ("first.weight", 0),
        ("first.weight", 15),
        ("second.weight", 20),
        ("first.weight", 35),
        ("second.weight", 40),
    ];
    assert_eq!(profiles, expected.map(|(name, step)| (name.to_owned(), step)));
}

/// A loop counts in whatever integer it likes: in `usize`, as burn does, or in what a literal is.
fn integers() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let (capture, reports) = Capture::new();
    let batches: usize = 2;
    let config = MonitorConfig::new(base.path().join("x")).with_every(batches).with_sink(capture);
    let monitor = config.init().unwrap();
    let model = LinearConfig::new(20, 30).init(&device);
    let _ = model.weight.val(); // initialized
    monitor.observe(0, &model);
    for step in 1..=batches {
        monitor.observe(step, &model);
        monitor.scalar(step, "loss", 0.5);
    }
    monitor.observe(3_i64, &model);
    let summary = monitor.finish_at(5_u32, &model);
    assert_eq!((summary.scalars, summary.warnings_total), (1 + 1, 0));
    assert_eq!(reports.try_iter().map(|report| report.step).collect::<Vec<_>>(), [0, 2, 5]);
}

/// A run in which each step is due and one snapshot, of 40 × 20 and 24 × 40 weights, has room.
fn one_at_a_time(base: &Path, gate: Gate) -> MonitorConfig {
    MonitorConfig::new(base.join("run"))
        .with_every(1)
        .with_budget_bytes(4 * (40 * 20 + 24 * 40))
        .with_overflow(Overflow::Block)
        .with_sink(gate)
}

const STEPS: u64 = 12;

fn giving_up() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let (gate, _arrivals, opener) = Gate::new();
    let config = one_at_a_time(base.path(), gate).with_finish_timeout(Duration::from_millis(10));
    let monitor = config.init().unwrap();
    // The worker is held for good at its first tick: two snapshots get in, training goes on.
    train(&device, 1, STEPS, &monitor, |_, _| {});
    let counts = monitor.counts();
    assert_eq!(counts.submitted, 2 * (STEPS + 1));
    assert!(counts.dropped.queue_full >= 2 * (STEPS - 1), "{counts:?}");
    let summary = monitor.finish();
    assert!(!summary.complete);
    assert_eq!(summary.counts.submitted, summary.counts.analysed + summary.counts.dropped.total());
    drop(opener);
}

fn blocking() {
    let base = tempfile::tempdir().unwrap();
    let (gate, arrivals, opener) = Gate::new();
    let monitor = one_at_a_time(base.path(), gate).init().unwrap();
    // The worker is held at each tick.
    let training = thread::spawn({
        let monitor: Monitor = monitor.clone();
        move || {
            let (_guard, device) = alone_with_device();
            train(&device, 1, STEPS, &monitor, |_, _| {});
            monitor.finish()
        }
    });
    for _ in 0..=STEPS {
        arrivals.recv().unwrap();
        opener.send(()).unwrap();
    }
    let summary = training.join().unwrap();
    assert_eq!((summary.counts.analysed, summary.counts.dropped.total()), (2 * (STEPS + 1), 0));
}
