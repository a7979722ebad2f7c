//! Layers with taps, and what is to be said of their inputs.

use super::Capture;
use super::spectra::singular_values;
use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Distribution, Tensor};
use burn_rmt::{Monitor, MonitorConfig, Summary, Tapped};
use libtest_mimic::Trial;
use rmt_core::LayerReport;
use rmt_core::statistics::activation::ActivationReport;
use std::collections::BTreeMap;
use std::sync::mpsc::Receiver;
use std::thread;

/// That a thread has taps outlives its monitors: they are not to reach other tests.
pub(crate) fn on_its_own_thread(module: &str, name: &str, body: fn()) -> Trial {
    let module = module.rsplit("::").next().unwrap_or(module);
    Trial::test(format!("{module}::{name}"), move || {
        thread::spawn(body).join().map_err(|panic| {
            let message = panic.downcast_ref::<String>().cloned();
            message.unwrap_or_else(|| "panicked".to_owned()).into()
        })
    })
}

pub(crate) const D: usize = 24;
pub(crate) const HIDDEN: usize = 40;

/// Two layers; the input of the second depends on the weights of the first.
#[derive(Module, Debug)]
pub(crate) struct Mlp {
    pub(crate) first: Tapped<Linear>,
    pub(crate) second: Tapped<Linear>,
}

impl Mlp {
    pub(crate) fn new(device: &Device) -> Self {
        let layer = |from, to| LinearConfig::new(from, to).init(device).into();
        Self { first: layer(D, HIDDEN), second: layer(HIDDEN, D) }
    }

    pub(crate) fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        self.second.forward(self.hidden(x))
    }

    pub(crate) fn hidden(&self, x: Tensor<3>) -> Tensor<3> {
        relu(self.first.forward(x))
    }
}

/// Sequences of tokens whose features are neither centred nor alike.
pub(crate) fn tokens(device: &Device, sequences: usize, seed: u64) -> Tensor<3> {
    device.seed(seed);
    let x = Tensor::<3>::random([sequences, 8, D], Distribution::Normal(0.0, 1.0), device);
    let scale: Vec<f32> = (0..D).map(|j| 1.0 + j as f32 / 4.0).collect();
    x * Tensor::<1>::from_floats(&*scale, device).reshape([1, 1, D]) + 2.0
}

/// Eigenvalues of the covariance of these tokens, descending: squared singular values of the centred
/// tokens over their number, by rotations.
pub(crate) fn spectrum(tokens: &[f64], features: usize) -> Vec<f64> {
    let count = tokens.len() / features;
    let mean = |j: usize| tokens.iter().skip(j).step_by(features).sum::<f64>() / count as f64;
    let means: Vec<f64> = (0..features).map(mean).collect();
    let centred: Vec<f64> =
        tokens.iter().enumerate().map(|(k, x)| x - means[k % features]).collect();
    singular_values(&centred, count).iter().map(|nu| nu * nu / count as f64).collect()
}

/// Largest difference, over the largest value.
pub(crate) fn difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max) / b[0]
}

/// A monitor whose reports come to the test.
pub(crate) fn watched(
    every: u64,
    configure: impl FnOnce(MonitorConfig) -> MonitorConfig,
) -> (tempfile::TempDir, Monitor, Receiver<LayerReport>) {
    let base = tempfile::tempdir().unwrap();
    let (capture, reports) = Capture::new();
    let config = MonitorConfig::new(base.path().join("x"))
        .with_every(every)
        .with_tensorboard(false)
        .with_sink(capture);
    let monitor = configure(config).init().unwrap();
    (base, monitor, reports)
}

/// What was said of each layer and step.
pub(crate) fn said(reports: &Receiver<LayerReport>) -> BTreeMap<(String, u64), LayerReport> {
    reports.try_iter().map(|r| ((r.layer.name.clone(), r.step), r)).collect()
}

pub(crate) fn activation<'a>(
    reports: &'a BTreeMap<(String, u64), LayerReport>,
    layer: &str,
    step: u64,
) -> (&'a ActivationReport, &'a [f64]) {
    let report = &reports[&(layer.to_owned(), step)];
    let found = report.report.activation.as_ref();
    let found = found.unwrap_or_else(|| panic!("{layer} {step}: {:?}", report.report.notes));
    (found, &report.profile.as_ref().unwrap().activation_spectrum)
}

/// A layer whose user taps by name.
#[derive(Module, Debug)]
pub(crate) struct Named {
    pub(crate) up: Linear,
}

/// Figures of step 0 after these forwards.
pub(crate) fn at_start(
    device: &Device,
    configure: impl FnOnce(MonitorConfig) -> MonitorConfig,
    forwards: impl FnOnce(&Mlp),
) -> (BTreeMap<(String, u64), LayerReport>, Summary) {
    let (_base, monitor, reports) = watched(10, configure);
    device.seed(3);
    let model = Mlp::new(device);
    let _ = model.valid().forward(tokens(device, 1, 1).without_autodiff());
    monitor.observe(0, &model);
    forwards(&model);
    monitor.observe(1, &model);
    let summary = monitor.finish();
    (said(&reports), summary)
}
