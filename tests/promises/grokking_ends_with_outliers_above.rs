//! The example at its default options: every estimable matrix is "random" at step 0, and once test
//! accuracy has passed 95 %, at least one deviates with `p_above` among the rejected tests.

use crate::grokking::{Options, train};
use crate::support::{alone_with_device, test};
use burn_rmt::MonitorConfig;
use clap::Parser;
use libtest_mimic::Trial;
use rmt_core::Verdict;
use rmt_core::report::TestName;
use std::sync::atomic::AtomicBool;

pub(crate) fn tests() -> Vec<Trial> {
    vec![test(module_path!(), "at_the_default_options", default_options)]
}

fn default_options() {
    let (_guard, _device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let options = Options::parse_from(["grokking"]);
    let config = MonitorConfig::new(base.path().join("x")).with_every(options.every);
    let monitor = config.init().unwrap();
    let reached = train(&options, &monitor, &AtomicBool::new(false)).unwrap();
    let summary = monitor.finish();
    assert!(reached.grokked.is_some() && reached.test_accuracy > 0.95, "{reached:?}");
    assert_eq!(summary.counts.dropped.total(), 0);
    assert_eq!(summary.layers.len(), 3);
    for layer in &summary.layers {
        let (first, last) = (&layer.first, &layer.last);
        assert_eq!((first.step, last.step), (0, options.steps));
        assert_eq!(first.report.verdict, Verdict::Random, "{}", first.layer.name);
        assert!(first.report.tests.len() == 5);
    }
    let above = summary.layers.iter().filter(|layer| layer.last.report.rejects(&TestName::Above));
    assert!(above.count() >= 1, "{:?}", summary.layers);
}
