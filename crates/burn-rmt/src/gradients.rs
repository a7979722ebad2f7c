//! Gradients on their way from the backward pass to the update that they lead to.

use crate::monitor::{Inner, Monitor};
use crate::visitor::{Due, Source, collect, collect_from};
use burn_core::module::{Module, Param, ParamId};
use burn_core::tensor::Tensor;
use burn_optim::{GradientsParams, MultiGradientsParams};
use rmt_core::layers::LayerId;
use rmt_monitor::{GradientSnapshot, LayerSnapshot};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

impl Source for GradientsParams {
    fn tensor<const D: usize>(&self, param: &Param<Tensor<D>>) -> Option<Tensor<D>> {
        self.get(param.id)
    }
}

/// The sum over the devices, formed on the device and in the order that
/// [`MultiGradientsParams::remove`] would: the first that has a gradient from that of the parameter's
/// number on, then the others. It is formed anew, so that the optimizer finds its own.
impl Source for MultiGradientsParams {
    fn tensor<const D: usize>(&self, param: &Param<Tensor<D>>) -> Option<Tensor<D>> {
        let (number, id): (usize, ParamId) = (self.grads.len(), param.id);
        let start = (id.val() as usize).checked_rem(number)?;
        let order = (0..number).map(|i| (start + i) % number);
        let found = |index: usize| {
            let (grads, device) = self.grads.get(index)?;
            Some((index, grads.get::<D>(id)?.to_device(device), device))
        };
        let (chosen, first, device) = order.into_iter().find_map(found)?;
        let others = self.grads.iter().enumerate().filter(|(index, _)| *index != chosen);
        Some(
            others
                .filter_map(|(_, (grads, _))| grads.get::<D>(id))
                .fold(first, |sum, grad| sum + grad.to_device(device)),
        )
    }
}

/// Gradients of a due step, until the weights after their update are seen.
#[derive(Default)]
pub(crate) struct Held {
    taken: Mutex<Option<Taken>>,
    has_taken: AtomicBool,
}

impl Held {
    /// Whether gradients at this step are held.
    fn of(&self, step: u64) -> bool {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.as_ref().is_some_and(|taken| taken.step == step)
    }
}

struct Taken {
    /// Updates made before.
    step: u64,
    gradients: Vec<LayerSnapshot>,
    /// The weights that made them.
    before: Vec<LayerSnapshot>,
}

impl Monitor {
    /// Takes the gradients of the model's weights, if `step` is due; returns at once.
    ///
    /// Call it after the backward pass and before `optim.step`, with the number of updates made so
    /// far; once for each update, with what was accumulated. The [`observe`](Self::observe) of
    /// `step + 1`, due or not, adds how far the update moved each matrix, ‖W_{s+1} − W_s‖/‖W_s‖;
    /// without it, that is left out. A parameter without a gradient is skipped. A step that is not
    /// due costs one integer test.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use burn::{nn::LinearConfig, optim::{GradientsParams, SgdConfig}};
    /// # use burn::tensor::{Device, Distribution, Tensor};
    /// # let directory = tempfile::tempdir()?;
    /// # let monitor = burn_rmt::MonitorConfig::new(directory.path().join("x")).init()?;
    /// # let device = Device::flex().autodiff();
    /// # let mut model = LinearConfig::new(32, 24).init(&device);
    /// # let mut optim = SgdConfig::new().init();
    /// # let x = Tensor::<2>::random([8, 32], Distribution::Default, &device);
    /// monitor.observe(0, &model);
    /// let loss = model.forward(x).square().mean();
    /// let grads = GradientsParams::from_grads(loss.backward(), &model);
    /// monitor.gradients(0, &model, &grads);
    /// model = optim.step(0.1, model, grads);
    /// monitor.observe(1, &model);
    /// assert_eq!(monitor.finish().gradients.analysed, 1);
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn gradients<M: Module>(&self, step: u64, model: &M, grads: &GradientsParams) {
        self.take_gradients(step, model, grads);
    }

    #[inline]
    pub(crate) fn take_gradients<M: Module, S: Source>(&self, step: u64, model: &M, grads: &S) {
        if let Some(inner) = &self.inner
            && inner.engine.due(step)
        {
            inner.hold_gradients(step, model, grads);
        }
    }
}

impl Inner {
    fn hold_gradients<M: Module, S: Source>(&self, step: u64, model: &M, grads: &S) {
        if self.gradients.of(step) {
            return;
        }
        // Weights that waited for their first forward come before their gradients.
        self.settle();
        let due = Due { step, all: false, products: false };
        let gradients = collect_from(grads, &self.engine, model, due).layers;
        let before = collect(&self.engine, model, due).layers;
        let earlier = self.replace_gradients(Some(Taken { step, gradients, before }));
        self.submit_gradients(earlier, Vec::new());
    }

    /// Lets go of gradients that wait, with the weights after their update if `model` has them.
    #[inline]
    pub(crate) fn follow_gradients<M: Module>(&self, step: u64, model: &M) {
        if self.gradients.has_taken.load(Ordering::Acquire) {
            let taken = self.replace_gradients(None);
            let of = taken.as_ref().map(|taken| taken.step);
            let after = match of {
                Some(of) if of.checked_add(1) == Some(step) => {
                    let due = Due { step: of, all: false, products: false };
                    collect(&self.engine, model, due).layers
                }
                _ => Vec::new(),
            };
            self.submit_gradients(taken, after);
        }
    }

    /// Lets go of gradients whose update is not seen.
    pub(crate) fn settle_gradients(&self) {
        let taken = self.replace_gradients(None);
        self.submit_gradients(taken, Vec::new());
    }

    /// Puts `next` in the place of what is held, and returns that.
    fn replace_gradients(&self, next: Option<Taken>) -> Option<Taken> {
        let mut taken = self.gradients.taken.lock().unwrap_or_else(PoisonError::into_inner);
        self.gradients.has_taken.store(next.is_some(), Ordering::Release);
        std::mem::replace(&mut *taken, next)
    }

    fn submit_gradients(&self, taken: Option<Taken>, after: Vec<LayerSnapshot>) {
        let Some(Taken { step, gradients, before }) = taken else { return };
        let (mut before, mut after) = (by_layer(before), by_layer(after));
        let snapshot = |gradient: LayerSnapshot| {
            let update = before.remove(&gradient.layer).zip(after.remove(&gradient.layer));
            let weights = update.as_ref().map_or(0, |(before, after)| before.bytes + after.bytes);
            GradientSnapshot {
                layer: gradient.layer,
                shape: gradient.shape,
                bytes: gradient.bytes + weights,
                gradient: gradient.weights,
                update: update.map(|(before, after)| [before.weights, after.weights]),
            }
        };
        self.engine.submit_gradients(step, gradients.into_iter().map(snapshot).collect());
    }
}

fn by_layer(layers: Vec<LayerSnapshot>) -> HashMap<LayerId, LayerSnapshot> {
    layers.into_iter().map(|layer| (layer.layer.clone(), layer)).collect()
}
