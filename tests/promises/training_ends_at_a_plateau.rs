//! Training ends, in a loop and in burn's `Learner`, when the model has gained no learned direction for a number of looks, and
//! not before it has learned one.

use crate::support::learner::{Net, learner, training};
use crate::support::{alone_with_device, test};
use burn::tensor::{Device, Tensor};
use burn_rmt::{Monitor, MonitorConfig, Overflow, Summary};
use libtest_mimic::Trial;
use std::path::Path;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test(module_path!(), "a_loop_ends_after_that_many_looks", of_loop),
        test(module_path!(), "the_learner_ends_after_an_epoch", of_learner),
        test(module_path!(), "a_disabled_monitor_ends_nothing", disabled),
    ]
}

const SEED: u64 = 5;

/// Bytes of two snapshots: training is never more than those ahead of the side thread.
const BUDGET: u64 = 2 * 4 * (16 * 24 + 24 * 18);

fn monitor(directory: &Path) -> Monitor {
    let config = MonitorConfig::new(directory).with_every(1).with_overflow(Overflow::Block);
    let config = config.with_budget_bytes(BUDGET);
    config.with_tensorboard(false).with_page(false).init().unwrap()
}

/// The network with so many directions added to its first matrix.
fn learned(device: &Device, directions: usize) -> Net {
    let mut net = Net::new(device, SEED);
    net.first.weight = net.first.weight.map(|weight| {
        let [rows, cols] = weight.dims();
        let kept = [0..directions, 0..directions];
        let eye = Tensor::eye(directions.max(1), &weight.device()).mul_scalar(8.0);
        let added = Tensor::zeros([rows, cols], &weight.device());
        if directions == 0 { weight } else { weight + added.slice_assign(kept, eye) }
    });
    net
}

fn of_loop() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let monitor = monitor(&base.path().join("x"));
    let [five, six] = [5, 6].map(|looks| monitor.plateau(looks));
    // Nothing learned for ten looks, then one, two and three directions, then five looks without a gain.
    let course = [0; 10].into_iter().chain([1, 2, 3, 3, 2, 3, 1, 3]);
    let mut last = 0;
    for (step, directions) in (0_u64..).zip(course) {
        monitor.observe(step, &learned(&device, directions));
        last = step;
    }
    let summary = monitor.finish_at(last, &learned(&device, 3));
    assert!(summary.complete && summary.counts.dropped.total() == 0, "{summary}");
    assert!(five.reached() && !six.reached(), "{five:?} {six:?}");
}

/// Trains at a rate of zero.
fn still(run: &Path, model: Net, epochs: usize) -> Summary {
    let monitor = monitor(run);
    let training = training(run).num_epochs(epochs).early_stopping(monitor.early_stopping(5));
    training.launch(learner(monitor.wrap(model), 0.0)).model.finish()
}

fn of_learner() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let last = |summary: &Summary| summary.layers[0].last.step;
    // Ten updates an epoch, each of which is a look.
    let ended = still(&base.path().join("learned"), learned(&device, 2), 100);
    assert_eq!(last(&ended), 10);
    let whole = still(&base.path().join("random"), learned(&device, 0), 4);
    assert_eq!(last(&whole), 40);
}

fn disabled() {
    let plateau = Monitor::disabled().plateau(1);
    assert!(!plateau.reached());
    assert_eq!(plateau.looks(), 0);
}
