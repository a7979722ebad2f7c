//! What several promises need.

pub(crate) mod activations;
pub(crate) mod documents;
pub(crate) mod generator;
pub(crate) mod learner;
pub(crate) mod spectra;
pub(crate) mod tensorboard;
#[cfg(feature = "wgpu")]
pub(crate) mod vulkan;

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Distribution, Tensor};
use burn_rmt::Monitor;
use libtest_mimic::Trial;
use rmt_core::LayerReport;
use rmt_monitor::{Record, Sink, SinkError};
use statrs::distribution::{Binomial, DiscreteCDF};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Whether a missing outside program is a failure.
pub(crate) fn require_all() -> bool {
    std::env::var_os("RMT_REQUIRE_ALL").is_some_and(|value| value == "1")
}

/// A test named for its module and what it checks.
pub(crate) fn test(module: &str, name: &str, body: fn()) -> Trial {
    let module = module.rsplit("::").next().unwrap_or(module);
    Trial::test(format!("{module}::{name}"), move || {
        body();
        Ok(())
    })
}

/// burn's CPU device has one seeded generator for the whole process: who draws from it is alone.
pub(crate) fn alone_with_device() -> (MutexGuard<'static, ()>, Device) {
    static DEVICE: Mutex<()> = Mutex::new(());
    let guard = DEVICE.lock().unwrap_or_else(PoisonError::into_inner);
    (guard, Device::flex().autodiff())
}

/// Two layers, DECLARED in another order than the forward uses them.
#[derive(Module, Debug)]
pub(crate) struct Backwards {
    pub(crate) second: Linear,
    pub(crate) first: Linear,
}

impl Backwards {
    pub(crate) fn new(device: &Device) -> Self {
        Self {
            second: LinearConfig::new(40, 20).init(device),
            first: LinearConfig::new(24, 40).init(device),
        }
    }

    pub(crate) fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.second.forward(relu(self.first.forward(x)))
    }
}

/// Weights of a model's layers, as bits.
pub(crate) fn bits(model: &Backwards) -> Vec<u32> {
    [&model.first, &model.second]
        .iter()
        .flat_map(|layer| layer.weight.val().into_data().try_into_vec_as::<f32>().unwrap())
        .map(f32::to_bits)
        .collect()
}

/// A short training run from `seed`, watched; losses as bits, and the trained model.
pub(crate) fn train(
    device: &Device,
    seed: u64,
    steps: u64,
    monitor: &Monitor,
    mut each: impl FnMut(u64, &Backwards),
) -> (Vec<u32>, Backwards) {
    device.seed(seed);
    let mut model = Backwards::new(device);
    let mut optim = SgdConfig::new().init();
    monitor.observe(0, &model);
    let mut losses = Vec::new();
    for step in 1..=steps {
        // Drawn within the loop: a monitor that touched the generator would change the data.
        let x = Tensor::<2>::random([32, 24], Distribution::Normal(0.0, 1.0), device);
        let loss = (model.forward(x.clone()) - x.slice([0..32, 0..20])).square().mean();
        let grads = GradientsParams::from_grads(loss.backward(), &model);
        model = optim.step(0.05, model, grads);
        monitor.observe(step, &model);
        monitor.scalar(step, "loss/train", &loss);
        losses.push(loss.try_into_scalar::<f32>().unwrap().to_bits());
        each(step, &model);
    }
    (losses, model)
}

/// Hands every report to the test.
pub(crate) struct Capture(Sender<LayerReport>);

impl Capture {
    pub(crate) fn new() -> (Self, Receiver<LayerReport>) {
        let (sender, receiver) = channel();
        (Self(sender), receiver)
    }
}

impl Sink for Capture {
    fn name(&self) -> &str {
        "capture"
    }

    fn write(&mut self, record: &Record<'_>) -> Result<(), SinkError> {
        if let Record::Tick(tick) = record {
            tick.reports.iter().for_each(|report| self.0.send(report.clone()).unwrap());
        }
        Ok(())
    }
}

/// Says when a record arrives, and holds the worker until it is let go.
pub(crate) struct Gate {
    arrived: Sender<()>,
    open: Receiver<()>,
}

impl Gate {
    /// The gate, what tells of an arrival, and what opens it (for good when dropped).
    pub(crate) fn new() -> (Self, Receiver<()>, Sender<()>) {
        let (arrived, arrivals) = channel();
        let (opener, open) = channel();
        (Self { arrived, open }, arrivals, opener)
    }
}

impl Sink for Gate {
    fn name(&self) -> &str {
        "gate"
    }

    fn write(&mut self, record: &Record<'_>) -> Result<(), SinkError> {
        if matches!(record, Record::Tick(_)) {
            let _ = self.arrived.send(());
            let _ = self.open.recv();
        }
        Ok(())
    }
}

/// Lines of a JSONL file in a run directory.
pub(crate) fn rows(directory: &std::path::Path, file: &str) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(directory.join(file)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Counts that a binomial variable leaves, on either side, with probability at most `outside`/2.
pub(crate) fn binomial_interval(trials: u64, p: f64, outside: f64) -> (u64, u64) {
    let law = Binomial::new(p, trials).unwrap();
    (law.inverse_cdf(outside / 2.0), law.inverse_cdf(1.0 - outside / 2.0))
}
