//! A gallery of failures: small networks that are trained as they should be, and with one fault each, watched by the monitor.

pub mod answers;
mod classifier;
mod faults;
pub mod judged;
mod parameters;
mod training;
mod writer;

pub use faults::{Fault, Half, Network};
pub use training::{EVERY, Losses, STEPS};

use crate::weights::changed;
use anyhow::Result;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamWConfig, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Tensor};
use burn_rmt::{Alert, MonitorConfig, Overflow};
use classifier::{Classifier, Cloud};
use parameters::{Gradients, frozen};
use serde::{Deserialize, Serialize};
use std::path::Path;
use training::{Data, Recipe, Subject, train};

/// Kept apart from the seed of the data that a network is first trained on.
const OTHER: u64 = 1 << 33;

/// A run of the gallery.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// What is trained.
    pub network: Network,
    /// What is wrong; nothing in a healthy run.
    pub fault: Option<Fault>,
    /// By how much, where that has a meaning.
    pub size: f64,
    /// What the run is for.
    pub half: Half,
    /// Of weights and data.
    pub seed: u64,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The run.
    #[serde(flatten)]
    pub case: Case,
    /// At every look.
    pub losses: Vec<Losses>,
    /// What the monitor found.
    pub alerts: Vec<Alert>,
}

/// Trains and watches, with what the monitor writes in `directory`.
///
/// # Errors
/// Where the monitor cannot start, or a tensor cannot be read.
pub fn run(case: Case, directory: &Path) -> Result<Outcome> {
    with(case, Watched { directory })
}

/// An experiment on a network and its data.
trait Experiment {
    /// Its result.
    type Outcome;
    /// Runs it on the network of a case.
    fn of<S: Subject + 'static>(self, case: Case, made: Made<'_, S>) -> Result<Self::Outcome>;
}

/// A network before its first step, and what it takes to train it.
struct Made<'a, S: Subject> {
    model: S,
    data: &'a dyn Data<S::Batch>,
    /// Data of the same kind to be fine-tuned on.
    other: &'a dyn Fn() -> Result<Box<dyn Data<S::Batch>>>,
    optim: &'a dyn Fn() -> ModuleOptimizer,
}

/// Makes the network and the data of a case.
fn with<E: Experiment>(case: Case, experiment: E) -> Result<E::Outcome> {
    let device = Device::flex().autodiff();
    device.seed(case.seed);
    match case.network {
        Network::Classifier => {
            let wrong = classifier::Wrong {
                shuffled: case.sized(Fault::ShuffledLabels).unwrap_or(0.0),
                constant: case.fault == Some(Fault::ConstantInputs),
                few: case.sized(Fault::Repeated).map(|few| few as usize),
            };
            let data = Cloud::new(case.seed, wrong, &device);
            let model = Classifier::new(&device).with_detached(case.fault == Some(Fault::Detached));
            let decay = 1e-4 * case.sized(Fault::WeightDecay).unwrap_or(1.0) as f32;
            let optim = || {
                SgdConfig::new()
                    .with_momentum(Some(MomentumConfig::new()))
                    .with_weight_decay(Some(WeightDecayConfig::new(decay)))
                    .init()
            };
            let other = || Ok(Box::new(Cloud::new(case.seed + OTHER, wrong, &device)) as Box<_>);
            let model = case.started(model);
            experiment.of(case, Made { model, data: &data, other: &other, optim: &optim })
        }
        Network::Transformer => {
            let wrong = writer::Wrong {
                unused: case.sized(Fault::UnusedRows).unwrap_or(0.0),
                constant: case.fault == Some(Fault::ConstantInputs),
                few: case.sized(Fault::Repeated).map(|few| few as usize),
            };
            let vocabulary = writer::vocabulary(wrong);
            let data = writer::Text::new(&vocabulary, wrong, &device)?;
            let model = writer::model(&vocabulary, &device);
            let decay = 0.1 * case.sized(Fault::WeightDecay).unwrap_or(1.0) as f32;
            let optim = || AdamWConfig::new().with_weight_decay(decay).with_beta_2(0.99).init();
            let other = || Ok(Box::new(writer::Text::of_sources(&vocabulary, &device)?) as Box<_>);
            let model = case.started(model);
            experiment.of(case, Made { model, data: &data, other: &other, optim: &optim })
        }
    }
}

impl Case {
    /// Its size, if this is what is wrong.
    fn sized(&self, fault: Fault) -> Option<f64> {
        (self.fault == Some(fault)).then_some(self.size)
    }

    fn recipe(&self) -> Recipe {
        let times = self.sized(Fault::LearningRate).or(self.sized(Fault::NoWarmUp)).unwrap_or(1.0);
        let half = self.sized(Fault::HalfPrecision);
        let scale = half.map(f64::exp2).or(self.sized(Fault::LossScale)).unwrap_or(1.0);
        let left_out = self.fault == Some(Fault::LeftOut);
        let bad = self.sized(Fault::BadBatch);
        let clipping = match self.network {
            Network::Classifier => 5.0,
            Network::Transformer => 1.0,
        };
        Recipe {
            rate: times * if self.network == Network::Classifier { 0.05 } else { 2e-3 },
            warm_up: if self.fault == Some(Fault::NoWarmUp) { 0 } else { 20 },
            clipping: bad.is_none().then_some(clipping),
            bad_batch: bad.map(|factor| (Fault::BadBatch.onset(), factor as f32)),
            bad_inputs: self.network == Network::Classifier,
            gradients: Gradients {
                loss_scale: scale as f32,
                unscaled: half.is_some(),
                half: half.is_some(),
                left_out: left_out.then(|| self.network.layer().to_owned()),
            },
            clipped: self.sized(Fault::ClippedWeights).map(|most| most as f32),
        }
    }

    /// The model as its fault has it start.
    fn started<S: Subject>(&self, model: S) -> S {
        let layer = self.network.layer();
        let change: Box<dyn Fn(Tensor<2>) -> Tensor<2>> = match self.fault {
            Some(Fault::Frozen) => return frozen(model, layer),
            Some(Fault::StartsAtZero) => Box::new(|weight| weight.mul_scalar(0.0)),
            Some(Fault::StartsLarge) => {
                let size = self.size;
                Box::new(move |weight| weight.mul_scalar(size))
            }
            Some(Fault::EqualUnits) => Box::new(|weight: Tensor<2>| {
                let [inputs, units] = weight.dims();
                weight.slice([0..inputs, 0..1]).repeat_dim(1, units)
            }),
            _ => return model,
        };
        changed(model, |path| path == layer, change)
    }
}

struct Watched<'a> {
    directory: &'a Path,
}

impl Experiment for Watched<'_> {
    type Outcome = Outcome;

    fn of<S: Subject + 'static>(self, case: Case, made: Made<'_, S>) -> Result<Outcome> {
        let Made { model, data, optim, .. } = made;
        let monitor = MonitorConfig::new(self.directory)
            .with_every(EVERY)
            .with_tensorboard(false)
            .with_page(false)
            .with_overflow(Overflow::Block)
            .init()?;
        let (_, losses) = train(model, data, &case.recipe(), optim(), case.seed, &monitor)?;
        let summary = monitor.finish();
        anyhow::ensure!(summary.complete && summary.counts.dropped.total() == 0, "{summary}");
        Ok(Outcome { case, losses, alerts: summary.alerts })
    }
}
