//! The monitor never initializes a lazy parameter: it sees the weights that an unmonitored run
//! starts from, and leaves weights, losses and random streams as they are.

use crate::support::{Backwards, Capture, alone_with_device, bits, test, train};
use burn::nn::Linear;
use burn::tensor::{Device, Distribution, Tensor};
use burn_rmt::DriftConfig;
use burn_rmt::{Monitor, MonitorConfig};
use libtest_mimic::Trial;
use rmt_core::{Analyser, AnalysisOptions, Context, Matrix, Nulls, Orientation};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test(module_path!(), "bit_identical_with_and_without", bit_identical),
        test(module_path!(), "step_zero_report_is_of_the_initial_weights", initial_weights),
        test(module_path!(), "the_weights_of_each_step_are_its_own", each_step),
        test(module_path!(), "drift_is_from_step_zero_and_from_the_step_before", drift),
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

fn next_random(device: &Device) -> f32 {
    Tensor::<1>::random([1], Distribution::Default, device).try_into_scalar().unwrap()
}

/// The weights that training starts from: one forward initializes them, in its own order.
fn unmonitored(device: &Device) -> Backwards {
    device.seed(SEED);
    let model = Backwards::new(device);
    let x = Tensor::<2>::random([32, 24], Distribution::Normal(0.0, 1.0), device);
    let _ = model.forward(x);
    model
}

fn values(layer: &Linear) -> Vec<f32> {
    layer.weight.val().into_data().try_into_vec_as::<f32>().unwrap()
}

fn initial_weights() {
    let (_guard, device) = alone_with_device();
    let model = unmonitored(&device);
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
        // In double precision, as drift has it.
        let expected = analyser.analyse(&matrix, Context::default().with_keep(true)).unwrap();
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

fn drift() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let (capture, reports) = Capture::new();
    let config = MonitorConfig::new(base.path().join("x")).with_every(1).with_sink(capture);
    let monitor =
        config.with_drift(DriftConfig::new().with_spectral_edge_window(3)).init().unwrap();
    let mut weights = vec![values(&unmonitored(&device).second)];
    train(&device, SEED, 6, &monitor, |_, model| weights.push(values(&model.second)));
    monitor.finish();
    let reports: Vec<_> = reports.try_iter().filter(|r| r.layer.name == "second.weight").collect();
    assert_eq!(reports[0].report.drift, None);
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let difference = |a: &[f32], b: &[f32]| -> Vec<f64> {
        a.iter().zip(b).map(|(x, y)| f64::from(*x) - f64::from(*y)).collect()
    };
    let relative = |now: &[f32], then: &[f32]| {
        let (moved, from) = (difference(now, then), difference(then, &vec![0.0; then.len()]));
        (product(&moved, &moved) / product(&from, &from)).sqrt()
    };
    for step in 1..=6 {
        let report = &reports[step].report;
        assert_eq!(reports[step].step, step as u64);
        let drift = report.drift.as_ref().unwrap();
        let previous = drift.previous.as_ref().unwrap();
        let close = |x: Option<f64>, y: f64| (x.unwrap() / y - 1.0).abs() < 1e-9;
        assert!(close(drift.relative_norm, relative(&weights[step], &weights[0])));
        assert!(close(previous.relative_norm, relative(&weights[step], &weights[step - 1])));
        assert!(drift.angle_top.unwrap() >= 0.0 && drift.change.is_some());
        // Both at the same looks.
        assert_eq!(report.traps.is_some(), report.signs.is_some());
        // Three updates fill the window; their squared singular values add up to their squares.
        assert_eq!(drift.spectral_edge.is_some(), step >= 3);
        if let Some(edge) = &drift.spectral_edge {
            let squares: f64 = edge.singular_values.iter().map(|x| x * x).sum();
            let updates = (step - 2..=step).map(|i| difference(&weights[i], &weights[i - 1]));
            let expected: f64 = updates.map(|update| product(&update, &update)).sum();
            assert!((squares / expected - 1.0).abs() < 1e-6, "{step}: {squares} {expected}");
        }
    }
    // Of the whole model, beside the monitor's own figures.
    let scalars = std::fs::read_to_string(base.path().join("x/scalars.jsonl")).unwrap();
    assert_eq!(scalars.matches("model/spectral_edge_position").count(), 4);
}
