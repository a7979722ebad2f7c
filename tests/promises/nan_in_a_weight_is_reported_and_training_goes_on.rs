//! A NaN in a weight is reported under the layer's name; the other layers and training go on.

use crate::support::{Backwards, Capture, alone_with_device, rows, test};
use burn::module::{Module, Param};
use burn::tensor::{Distribution, Tensor};
use burn_rmt::MonitorConfig;
use libtest_mimic::Trial;
use rmt_core::Verdict;

pub(crate) fn tests() -> Vec<Trial> {
    vec![test(module_path!(), "not_estimable_with_a_reason", not_estimable)]
}

fn not_estimable() {
    let (_guard, device) = alone_with_device();
    device.seed(3);
    let base = tempfile::tempdir().unwrap();
    let (capture, reports) = Capture::new();
    let config = MonitorConfig::new(base.path().join("x")).with_every(1).with_sink(capture);
    let monitor = config.init().unwrap();
    let mut model = Backwards::new(&device);
    let x = Tensor::<2>::random([4, 24], Distribution::Default, &device);
    let healthy = model.forward(x.clone()).mean();
    monitor.observe(0, &model);
    monitor.scalar(0, "loss", &healthy);
    let id = model.first.weight.id;
    let poisoned = model.first.weight.val().slice_fill([3..4, 5..6], f32::NAN).detach();
    model.first.weight = Param::initialized(id, poisoned.require_grad());
    monitor.observe(1, &model);
    monitor.scalar(1, "loss", &model.forward(x).mean());
    // A frozen model's step: whatever comes next is analysed too.
    monitor.observe(2, &model.clone().no_grad());
    let summary = monitor.finish();
    assert_eq!((summary.counts.analysed, summary.counts.dropped.total()), (6, 0));
    let reports: Vec<_> = reports.try_iter().collect();
    let of = |name: &str, step| reports.iter().find(|r| r.layer.name == name && r.step == step);
    let bad = of("first.weight", 1).unwrap();
    assert_eq!(bad.report.verdict, Verdict::NotEstimable);
    assert_eq!(bad.report.notes, ["1 of 960 entries are not finite".into()]);
    assert_eq!(bad.report.p_above, None);
    assert_eq!(of("second.weight", 1).unwrap().report.verdict, Verdict::Random);
    // The loss is NaN from then on: a warning, and never in a log.
    assert_eq!((summary.scalars, summary.scalars_dropped), (1, 1));
    assert!(summary.warnings.iter().any(|w| w.message.contains("`loss`")));
    let run = base.path().join("x");
    assert_eq!(rows(&run, "metrics.jsonl").len(), 6);
    for file in ["metrics.jsonl", "scalars.jsonl", "profiles.jsonl"] {
        assert!(!std::fs::read_to_string(run.join(file)).unwrap().contains("NaN"));
    }
}
