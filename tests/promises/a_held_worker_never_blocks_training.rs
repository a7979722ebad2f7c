//! A worker that is held never blocks `observe`; what does not fit is dropped and counted:
//! submitted = analysed + dropped, exactly. `finish` waits no longer than it was told.

use crate::support::{Gate, alone_with_device, test, train};
use burn_rmt::MonitorConfig;
use libtest_mimic::Trial;
use std::time::Duration;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test(module_path!(), "drops_are_counted_exactly", drops_are_counted),
        test(module_path!(), "a_hung_sink_costs_at_most_the_timeout", hung_sink),
        test(module_path!(), "the_last_step_is_never_dropped", last_step),
    ]
}

/// Bytes of one snapshot of the two layers.
const SNAPSHOT: u64 = 4 * (24 * 40 + 40 * 20);
const STEPS: u64 = 50;

fn config(path: &std::path::Path, gate: Gate) -> MonitorConfig {
    // Room for two snapshots.
    MonitorConfig::new(path.join("x")).with_every(1).with_budget_bytes(2 * SNAPSHOT).with_sink(gate)
}

fn drops_are_counted() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let (gate, arrivals, open) = Gate::new();
    let monitor = config(base.path(), gate).init().unwrap();
    // The whole run passes while the worker is held at its first tick.
    train(&device, 1, STEPS, &monitor, |step, _| {
        if step == 1 {
            arrivals.recv().unwrap();
        }
    });
    let held = monitor.counts();
    assert_eq!(held.submitted, 2 * (STEPS + 1));
    // The first tick's matrices were analysed; two more snapshots fit.
    let waiting = held.submitted - held.analysed - held.dropped.total();
    assert_eq!((held.analysed, waiting), (2, 4), "{held:?}");
    assert_eq!(held.dropped.total(), held.dropped.queue_full);
    drop(open);
    let summary = monitor.finish();
    assert!(summary.complete);
    assert_eq!(summary.counts.submitted, summary.counts.analysed + summary.counts.dropped.total());
    assert_eq!(summary.counts.analysed, 2 + waiting);
    // A full queue makes no holes in the loss curve.
    assert_eq!((summary.scalars, summary.scalars_dropped), (STEPS, 0));
    assert!(summary.warnings.iter().any(|w| w.message.contains("queue is full")));
    assert_eq!(monitor.finish(), summary);
    // Later calls count as dropped.
    let (_, model) = train(&device, 1, 1, &burn_rmt::Monitor::disabled(), |_, _| {});
    monitor.observe(60, &model);
    assert_eq!(monitor.counts().dropped.finished, 2);
}

fn hung_sink() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let (gate, arrivals, open) = Gate::new();
    let timeout = Duration::from_millis(50);
    let monitor = config(base.path(), gate).with_finish_timeout(timeout).init().unwrap();
    train(&device, 1, STEPS, &monitor, |_, _| {});
    arrivals.recv().unwrap();
    // The gate stays shut: finish comes back all the same.
    let summary = monitor.finish();
    assert!(!summary.complete);
    let counts = &summary.counts;
    assert_eq!(counts.submitted, counts.analysed + counts.dropped.total());
    assert!(counts.dropped.finish_timeout > 0, "{counts:?}");
    assert!(summary.warnings.iter().any(|w| w.message.contains("did not finish")));
    drop(open);
    assert_eq!(monitor.counts(), *counts);
}

fn last_step() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let (gate, arrivals, open) = Gate::new();
    let monitor = config(base.path(), gate).init().unwrap();
    let (_, model) = train(&device, 1, STEPS, &monitor, |_, _| {});
    arrivals.recv().unwrap();
    let watcher = monitor.clone();
    let last = std::thread::spawn(move || watcher.observe_last(STEPS, &model));
    drop(open);
    last.join().unwrap();
    let summary = monitor.finish();
    assert!(summary.layers.iter().all(|layer| layer.last.step == STEPS), "{summary:?}");
    assert!(summary.counts.dropped.queue_full > 0);
}
