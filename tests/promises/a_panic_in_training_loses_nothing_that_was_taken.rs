//! A panic in the training loop unwinds through the monitor's handle, which finishes the run: all
//! that was taken is analysed and written.

use crate::support::{alone_with_device, rows, test, train};
use burn_rmt::MonitorConfig;
use libtest_mimic::Trial;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub(crate) fn tests() -> Vec<Trial> {
    vec![test(module_path!(), "the_handle_finishes_the_run", unwinds)]
}

fn unwinds() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let run = base.path().join("x");
    let monitor = MonitorConfig::new(&run).with_every(1).init().unwrap();
    let training = catch_unwind(AssertUnwindSafe(move || {
        train(&device, 1, 10, &monitor, |step, _| assert!(step < 4, "training fails on purpose"));
    }));
    assert!(training.is_err());
    let steps: Vec<_> = rows(&run, "metrics.jsonl").iter().map(|r| r["step"].as_u64()).collect();
    assert_eq!(steps, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4].map(Some));
    let summary = std::fs::read(run.join("summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_slice(&summary).unwrap();
    assert_eq!(summary["complete"], true);
    assert_eq!(summary["counts"]["submitted"], summary["counts"]["analysed"]);
}
