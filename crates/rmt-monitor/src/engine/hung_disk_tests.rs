//! A file system that does not answer costs training what docs/reliability.md says, and no more.

use super::Engine;
use crate::config::{Bare, MonitorConfig};
use crate::snapshot::{Admission, LayerSnapshot, WeightValues};
use crate::whole_file::hanging::hang;
use rmt_core::Orientation;
use rmt_core::layers::LayerId;
use std::path::Path;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

/// Longer than anything here may take.
const LONG: Duration = Duration::from_secs(60);

fn engine(run: &Path) -> Engine {
    let config = MonitorConfig::<Bare>::new(run).with_tensorboard(false).with_page(false);
    config.with_finish_timeout(Duration::from_millis(50)).init().unwrap()
}

fn snapshot() -> Vec<LayerSnapshot> {
    vec![LayerSnapshot::new(
        LayerId::from_name("a.weight"),
        [2, 3],
        Orientation::OutIn,
        Box::new(WeightValues::F32(vec![1.0, 2.0, 3.0, 4.0, 5.0, 7.0])),
    )]
}

/// What `action` returns, if it returns.
fn in_time<T: Send + 'static>(action: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = channel();
    thread::spawn(move || sender.send(action()));
    receiver.recv_timeout(LONG).expect("it hangs")
}

#[test]
fn finish_does_not_wait_for_the_workers_run_json() {
    let base = tempfile::tempdir().unwrap();
    let run = base.path().join("x");
    let engine = engine(&run);
    let (arrival, opener) = hang(&run.join("run.json"));
    engine.submit(0, Admission::Normal, snapshot());
    arrival.recv().unwrap();
    let summary = in_time(move || engine.finish());
    assert!(!summary.complete);
    // It was analysed: what hangs is the writing.
    assert_eq!((summary.counts.submitted, summary.counts.analysed), (1, 1));
    assert!(summary.warnings.iter().any(|w| w.message.contains("did not finish within")));
    drop(opener);
}

#[test]
fn the_end_of_an_epoch_costs_a_second_once() {
    let base = tempfile::tempdir().unwrap();
    let run = base.path().join("x");
    let engine = engine(&run);
    let (arrival, opener) = hang(&run.join("run.json"));
    let own = engine.clone();
    in_time(move || own.epoch_ended(1, 10));
    arrival.recv().unwrap();
    // This one would hang in vain.
    let (second, second_opener) = hang(&run.join("run.json"));
    let own = engine.clone();
    in_time(move || own.epoch_ended(2, 20));
    assert!(second.try_recv().is_err(), "a second write was tried");
    drop((opener, second_opener));
    let summary = in_time(move || engine.finish());
    assert!(summary.warnings.iter().any(|w| w.message.contains("did not answer within a second")));
}

#[test]
fn a_summary_that_cannot_be_written_is_a_warning() {
    let base = tempfile::tempdir().unwrap();
    let run = base.path().join("x");
    let engine = engine(&run);
    engine.submit(0, Admission::Normal, snapshot());
    let (arrival, opener) = hang(&run.join("summary.json"));
    let summary = in_time(move || engine.finish());
    arrival.recv().unwrap();
    assert_eq!((summary.counts.submitted, summary.counts.analysed), (1, 1));
    assert!(summary.warnings.iter().any(|w| w.message.contains("summary.json")));
    drop(opener);
}
