//! Trains a network by a recipe that may have a fault, and looks at its losses.

use super::parameters::Gradients;
use crate::weights::changed;
use anyhow::Result;
use burn::grad_clipping::GradientClippingConfig;
use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::Tensor;
use burn_rmt::Monitor;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};

/// Optimizer steps of a run.
pub const STEPS: u64 = 200;
/// Steps from one look at the weights and the losses to the next.
pub const EVERY: u64 = 10;
/// What the learning rate falls to, as a share of the largest.
const LAST_RATE: f64 = 0.1;
/// Kept apart from the seed of the weights.
const BATCHES: u64 = 1 << 32;

/// A network that is trained.
pub(super) trait Subject: Module + Clone {
    /// What it is trained on.
    type Batch;
    /// Its loss, in nats.
    fn loss(&self, batch: &Self::Batch) -> Tensor<1>;
}

/// Where batches come from.
pub(super) trait Data<B> {
    /// A random batch, its inputs times a factor where they have a size.
    fn draw(&self, rng: &mut Xoshiro256PlusPlus, factor: f32) -> B;
    /// What is validated with.
    fn validation(&self) -> Vec<B>;
}

/// How a network is trained.
#[derive(Clone, Debug)]
pub(super) struct Recipe {
    /// The largest learning rate.
    pub(super) rate: f64,
    /// Steps in which it rises.
    pub(super) warm_up: u64,
    /// Norm that gradients are clipped at.
    pub(super) clipping: Option<f32>,
    /// The step whose batch is bad, and by which factor.
    pub(super) bad_batch: Option<(u64, f32)>,
    /// Whether that factor is of its inputs, and not of its loss.
    pub(super) bad_inputs: bool,
    /// What becomes of gradients.
    pub(super) gradients: Gradients,
    /// What weights are clipped at after each step.
    pub(super) clipped: Option<f32>,
}

/// The losses at a look, in nats.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Losses {
    /// Steps so far.
    pub step: u64,
    /// Mean over the batches since the look before; null where it is not finite.
    pub train: Option<f64>,
    /// On what is never trained on; null where it is not finite.
    pub validation: Option<f64>,
}

/// Trains the model, and returns it with its losses.
pub(super) fn train<S: Subject + 'static>(
    mut model: S,
    data: &dyn Data<S::Batch>,
    recipe: &Recipe,
    mut optim: ModuleOptimizer,
    seed: u64,
    monitor: &Monitor,
) -> Result<(S, Vec<Losses>)> {
    if let Some(norm) = recipe.clipping {
        optim = optim.with_grad_clipping(GradientClippingConfig::Norm(norm).init());
    }
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed + BATCHES);
    let validation = data.validation();
    let mut losses = Vec::new();
    let mut since = Vec::new();
    for step in 0..STEPS {
        monitor.observe(step, &model);
        let bad = recipe.bad_batch.filter(|(at, _)| *at == step).map_or(1.0, |(_, factor)| factor);
        let [of_inputs, of_loss] = if recipe.bad_inputs { [bad, 1.0] } else { [1.0, bad] };
        let loss = model.loss(&data.draw(&mut rng, of_inputs));
        since.push(loss.clone());
        let scale = recipe.gradients.loss_scale * of_loss;
        let loss = if scale == 1.0 { loss } else { loss.mul_scalar(scale) };
        let grads = GradientsParams::from_grads(loss.backward(), &model);
        let grads = recipe.gradients.pass(&model, grads);
        model = optim.step(rate(step, recipe), model, grads);
        if let Some(most) = recipe.clipped {
            model = changed(model, |_| true, |weight| weight.clamp(-most, most));
        }
        if (step + 1).is_multiple_of(EVERY) {
            let train = mean(since.drain(..))?;
            let evaluated = model.valid();
            let validation = mean(validation.iter().map(|batch| evaluated.loss(batch)))?;
            losses.push(Losses { step: step + 1, train, validation });
        }
    }
    monitor.observe_last(STEPS, &model);
    Ok((model, losses))
}

fn mean(losses: impl Iterator<Item = Tensor<1>>) -> Result<Option<f64>> {
    let losses: Vec<f64> =
        losses.map(|loss| loss.try_into_scalar::<f64>()).collect::<Result<_, _>>()?;
    let mean = losses.iter().sum::<f64>() / losses.len() as f64;
    Ok(mean.is_finite().then_some(mean))
}

/// Of the step after `step` ones: rising in a straight line, then falling along a cosine.
fn rate(step: u64, recipe: &Recipe) -> f64 {
    if step + 1 < recipe.warm_up {
        return recipe.rate * (step + 1) as f64 / recipe.warm_up as f64;
    }
    let done = (step - recipe.warm_up.min(step)) as f64 / (STEPS - recipe.warm_up) as f64;
    let fallen = (1.0 - (std::f64::consts::PI * done).cos()) / 2.0;
    recipe.rate * (1.0 - (1.0 - LAST_RATE) * fallen)
}
