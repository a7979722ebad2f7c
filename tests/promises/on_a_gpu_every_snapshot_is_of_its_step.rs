//! On burn-wgpu, where operations are queued and reads are lazy: what the worker reads is what was
//! there at the step, though the optimizer runs on; and training is what it is without the monitor.

use crate::support::vulkan::test_on_vulkan;
use crate::support::{Backwards, Capture, rows};
use burn::module::{Module, Param};
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::{Device, Distribution, Tensor, TensorData};
use burn_rmt::{Monitor, MonitorConfig, SignNull};
use libtest_mimic::Trial;
use rmt_core::{Analyser, AnalysisOptions, Context, LayerReport, Matrix, Nulls, Orientation};
use std::collections::HashMap;
use std::path::Path;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test_on_vulkan(module_path!(), "weights", weights),
        test_on_vulkan(module_path!(), "weights_that_are_updated_in_place", in_place),
        test_on_vulkan(module_path!(), "scalars", scalars),
        test_on_vulkan(module_path!(), "gradients", gradients),
        test_on_vulkan(module_path!(), "bit_identical_with_and_without", bit_identical),
    ]
}

const STEPS: u64 = 220;

/// Only the spectra: the worker keeps up, so that it reads while training runs on.
fn config(directory: &Path) -> MonitorConfig {
    MonitorConfig::new(directory)
        .with_every(1)
        .with_drift(false)
        .with_sign_null(SignNull::Never)
        .with_analysis(
            AnalysisOptions::new().with_change_spectra(false).with_correlation_traps(false),
        )
        .with_tensorboard(false)
}

/// Trains on normal inputs; `each` sees the step, the model after it and its loss.
fn train(
    device: &Device,
    steps: u64,
    monitor: &Monitor,
    mut each: impl FnMut(u64, &Backwards, Tensor<1>),
) -> Backwards {
    device.seed(11);
    let mut model = Backwards::new(device);
    let mut optim = AdamWConfig::new().init();
    monitor.observe(0, &model);
    for step in 1..=steps {
        let x = Tensor::<2>::random([32, 24], Distribution::Normal(0.0, 1.0), device);
        let loss = (model.forward(x.clone()) - x.slice([0..32, 0..20])).square().mean();
        let grads = GradientsParams::from_grads(loss.backward(), &model);
        monitor.gradients(step - 1, &model, &grads);
        model = optim.step(1e-2, model, grads);
        monitor.observe(step, &model);
        each(step, &model, loss);
    }
    model
}

/// A copy on this thread, before anything else is queued.
fn copy<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec_as::<f32>().unwrap()
}

fn layers(model: &Backwards) -> [(&'static str, Tensor<2>); 2] {
    [("first.weight", model.first.weight.val()), ("second.weight", model.second.weight.val())]
}

fn weights(device: &Device) {
    let base = tempfile::tempdir().unwrap();
    let (capture, reports) = Capture::new();
    let monitor = config(base.path()).with_sink(capture).init().unwrap();
    let mut copies = HashMap::new();
    train(device, STEPS, &monitor, |step, model, _| {
        for (name, weight) in layers(model) {
            let [rows, cols] = weight.dims();
            copies.insert((name, step), (copy(weight), rows, cols));
        }
    });
    let summary = monitor.finish();
    assert_eq!((summary.counts.dropped.total(), summary.warnings_total), (0, 0), "{summary:?}");
    let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default()).unwrap();
    let same = |report: &LayerReport| {
        let (values, rows, cols) = &copies[&(&report.layer.name[..], report.step)];
        let matrix = Matrix::new(&values[..], *rows, *cols, Orientation::InOut).unwrap();
        let expected = analyser.analyse(&matrix, Context::default()).unwrap().profile;
        report.profile.as_ref() == Some(&expected)
    };
    let reports: Vec<_> = reports.try_iter().filter(|report| report.step > 0).collect();
    assert_eq!(reports.len() as u64, 2 * STEPS);
    let wrong: Vec<_> = reports.iter().filter(|r| !same(r)).map(|r| r.step).collect();
    assert!(wrong.is_empty(), "{} of {} are of another step: {wrong:?}", wrong.len(), 2 * STEPS);
}

/// Queues other work for a while, another one at each step, so that the next update comes at every
/// moment of the worker's reading.
fn other_work(step: u64, other: Tensor<1>) -> Tensor<1> {
    (0..step % 40).fold(other, |other, _| other + 1.0)
}

const IN_PLACE_STEPS: u64 = 800;

/// An update may overwrite the weights as soon as nobody else holds them. This one adds the same to
/// each entry, exactly, so that every step's weights are known without reading them.
fn in_place(device: &Device) {
    let device = device.clone().inner();
    let base = tempfile::tempdir().unwrap();
    let (capture, reports) = Capture::new();
    let monitor = config(base.path()).with_sink(capture).init().unwrap();
    let at = |step: u64| -> Vec<f32> {
        (0..40 * 32_u64).map(|i| ((i * 7919) % 127 + step) as f32 / 64.0).collect()
    };
    let first = Tensor::<2>::from_data(TensorData::new(at(0), [40, 32]), &device);
    let mut model = Bare { weight: Param::from_tensor(first) };
    let mut other = Tensor::<1>::zeros([1], &device);
    let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default()).unwrap();
    let mut wrong = Vec::new();
    for step in 0..IN_PLACE_STEPS {
        monitor.observe(step, &model);
        other = other_work(step, other);
        model.weight = model.weight.map(|weight| weight + 1.0 / 64.0);
        // The worker waits for the next step, as it does in most trainings.
        let report = reports.recv().unwrap();
        let values = at(step);
        let matrix = Matrix::new(&values[..], 40, 32, Orientation::InOut).unwrap();
        let expected = analyser.analyse(&matrix, Context::default()).unwrap().profile;
        if report.step != step || report.profile != Some(expected) {
            wrong.push(step);
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {IN_PLACE_STEPS} are not of their step: {wrong:?}",
        wrong.len()
    );
}

#[derive(Module, Debug)]
struct Bare {
    weight: Param<Tensor<2>>,
}

/// Losses, and a sum that is added to in place.
fn scalars(device: &Device) {
    let base = tempfile::tempdir().unwrap();
    let monitor = config(base.path()).with_every(1000).init().unwrap();
    let mut expected = Vec::new();
    train(device, STEPS, &monitor, |step, _, loss| {
        monitor.scalar(step, "loss", &loss);
        expected.push(f64::from(copy(loss)[0]));
    });
    let device = device.clone().inner();
    let (mut sum, mut other) = (Tensor::<1>::zeros([1], &device), Tensor::zeros([1], &device));
    for step in 0..IN_PLACE_STEPS {
        monitor.scalar(step, "sum", &sum);
        other = other_work(step, other);
        sum = sum + 1.0;
        // Keeps the worker from falling behind.
        device.sync().unwrap();
    }
    assert_eq!(monitor.finish().scalars_dropped, 0);
    let rows = rows(base.path(), "scalars.jsonl");
    let found = |name| -> Vec<(u64, f64)> {
        let of = rows.iter().filter(|row| row["name"] == name);
        of.map(|row| (row["step"].as_u64().unwrap(), row["value"].as_f64().unwrap())).collect()
    };
    assert_eq!(found("loss"), (1..).zip(expected).collect::<Vec<_>>());
    let wrong: Vec<_> =
        found("sum").into_iter().filter(|(step, sum)| *step as f64 != *sum).collect();
    assert_eq!(found("sum").len() as u64, IN_PLACE_STEPS);
    assert!(wrong.is_empty(), "{} are not of their step: {wrong:?}", wrong.len());
}

/// The update-to-weight ratio reads three tensors of two steps.
fn gradients(device: &Device) {
    let base = tempfile::tempdir().unwrap();
    let monitor = config(base.path()).with_every(2).init().unwrap();
    let norm = |values: &[f32]| values.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
    let mut last: HashMap<&str, Vec<f32>> = HashMap::new();
    let mut expected = HashMap::new();
    train(device, 60, &monitor, |step, model, _| {
        for (name, weight) in layers(model) {
            let now = copy(weight);
            if let Some(before) = last.insert(name, now.clone()) {
                let moved: Vec<f32> = now.iter().zip(&before).map(|(x, y)| x - y).collect();
                expected.insert((name, step - 1), norm(&moved) / norm(&before));
            }
        }
    });
    let summary = monitor.finish();
    assert_eq!((summary.gradients.analysed, summary.gradients.dropped.total()), (60, 0));
    let mut compared = 0;
    for row in rows(base.path(), "scalars.jsonl") {
        let name = row["name"].as_str().unwrap();
        let Some(layer) = name.strip_prefix("rmt_8_gradients/update_ratio/") else { continue };
        let (step, found) = (row["step"].as_u64().unwrap(), row["value"].as_f64().unwrap());
        // Of step 0 there is no copy.
        if let Some(expected) = expected.get(&(layer, step)) {
            assert!((found / expected - 1.0).abs() < 1e-5, "{layer} {step}: {found} {expected}");
            compared += 1;
        }
    }
    assert_eq!(compared, 58);
}

fn bit_identical(device: &Device) {
    let trained = |monitor: &Monitor| {
        let mut losses = Vec::new();
        let model = train(device, 40, monitor, |_, _, loss| losses.push(copy(loss)));
        (losses, layers(&model).map(|(_, weight)| copy(weight)))
    };
    let plain = trained(&Monitor::disabled());
    assert_eq!(trained(&Monitor::disabled()), plain, "training is not deterministic by itself");
    for every in [1, 7] {
        let base = tempfile::tempdir().unwrap();
        let monitor = config(base.path()).with_every(every).init().unwrap();
        assert_eq!(trained(&monitor), plain, "every {every}");
        assert_eq!(monitor.finish().counts.dropped.total(), 0);
    }
}
