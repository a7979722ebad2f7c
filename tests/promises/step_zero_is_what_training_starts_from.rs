//! The monitor never initializes a lazy parameter: it sees the weights that an unmonitored run
//! starts from, and leaves weights, losses and random streams as they are.

use crate::support::{Backwards, Capture, alone_with_device, bits, test, train};
use burn::tensor::{Distribution, Tensor};
use burn_rmt::{Monitor, MonitorConfig};
use libtest_mimic::Trial;
use rmt_core::{Analyser, AnalysisOptions, Context, Matrix, Nulls, Orientation};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test(module_path!(), "bit_identical_with_and_without", bit_identical),
        test(module_path!(), "step_zero_report_is_of_the_initial_weights", initial_weights),
        test(module_path!(), "the_weights_of_each_step_are_its_own", each_step),
    ]
}

const SEED: u64 = 7;
const STEPS: u64 = 30;

fn bit_identical() {
    let (_guard, device) = alone_with_device();
    let plain = train(&device, SEED, STEPS, &Monitor::disabled(), |_, _| {});
    let after: f32 = next_random(&device);
    for every in [1, 7] {
        let base = tempfile::tempdir().unwrap();
        let monitor = MonitorConfig::new(base.path().join("x")).with_every(every).init().unwrap();
        let watched = train(&device, SEED, STEPS, &monitor, |_, _| {});
        let after_watched: f32 = next_random(&device);
        monitor.observe_last(STEPS, &watched.1);
        let summary = monitor.finish();
        assert_eq!(summary.counts.dropped.total(), 0);
        assert_eq!(summary.counts.analysed, 2 * if every == 1 { STEPS + 1 } else { 6 });
        assert_eq!(watched.0, plain.0, "losses differ, every {every}");
        assert_eq!(bits(&watched.1), bits(&plain.1), "weights differ, every {every}");
        assert_eq!(after.to_bits(), after_watched.to_bits(), "the random stream moved");
    }
}

fn next_random(device: &burn::tensor::Device) -> f32 {
    Tensor::<1>::random([1], Distribution::Default, device).try_into_scalar().unwrap()
}

fn initial_weights() {
    let (_guard, device) = alone_with_device();
    // An unmonitored run: one forward initializes the weights, in the order of the forward.
    device.seed(SEED);
    let model = Backwards::new(&device);
    let x = Tensor::<2>::random([32, 24], Distribution::Normal(0.0, 1.0), &device);
    let _ = model.forward(x);
    let base = tempfile::tempdir().unwrap();
    let (capture, reports) = Capture::new();
    let config = MonitorConfig::new(base.path().join("x")).with_every(1000).with_sink(capture);
    let monitor = config.init().unwrap();
    train(&device, SEED, 3, &monitor, |_, _| {});
    let summary = monitor.finish();
    assert_eq!((summary.ticks, summary.counts.analysed), (1, 2));
    let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default()).unwrap();
    let reports: Vec<_> = reports.try_iter().collect();
    assert_eq!(reports.len(), 2);
    for (name, layer) in [("first.weight", &model.first), ("second.weight", &model.second)] {
        let tensor = layer.weight.val();
        let [rows, cols] = tensor.dims();
        let values = tensor.into_data().try_into_vec_as::<f32>().unwrap();
        let matrix = Matrix::new(&values[..], rows, cols, Orientation::InOut).unwrap();
        let expected = analyser.analyse(&matrix, Context::default()).unwrap();
        let found = reports.iter().find(|report| report.layer.name == name).unwrap();
        assert_eq!((found.step, &found.report), (0, &expected.report));
        assert_eq!(found.profile.as_ref(), Some(&expected.profile));
    }
}

fn each_step() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let (capture, reports) = Capture::new();
    let config = MonitorConfig::new(base.path().join("x")).with_every(1).with_sink(capture);
    let monitor = config.init().unwrap();
    let mut norms = Vec::new();
    train(&device, SEED, 10, &monitor, |step, model| {
        let values = model.second.weight.val().into_data().try_into_vec_as::<f32>().unwrap();
        norms.push((step, values.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>()));
    });
    monitor.finish();
    let reports: Vec<_> = reports.try_iter().filter(|r| r.layer.name == "second.weight").collect();
    assert_eq!(reports.iter().map(|r| r.step).collect::<Vec<_>>(), (0..=10).collect::<Vec<_>>());
    for (step, norm) in norms {
        let report = reports.iter().find(|report| report.step == step).unwrap();
        let found: f64 =
            report.profile.as_ref().unwrap().singular_values.iter().map(|x| x * x).sum();
        assert!((found / norm - 1.0).abs() < 1e-12, "step {step}");
    }
}
