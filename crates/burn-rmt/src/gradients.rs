//! Gradients of burn's backward pass.

use crate::monitor::Monitor;
use crate::visitor::{Shown, Source, collect_from};
use burn_core::module::{Module, Param, ParamId};
use burn_core::tensor::Tensor;
use burn_optim::{GradientsParams, MultiGradientsParams};
use rmt_monitor::Step;
use rmt_monitor::observer::{Model, Walk};

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

/// A model's gradients, under the names of its parameters.
pub(crate) struct ShownGradients<'a, M, S>(pub(crate) &'a M, pub(crate) &'a S);

impl<M: Module, S: Source> Model for ShownGradients<'_, M, S> {
    fn walk(&self, walk: &mut Walk<'_>) {
        collect_from(self.1, walk, self.0);
    }
}

impl Monitor {
    /// Takes the gradients of the model's weights if `step` is due, and returns at once.
    ///
    /// Call it once per update, after the backward pass and before `optim.step`, with the number of
    /// updates made so far and the accumulated gradients. The [`observe`](Self::observe) of `step +
    /// 1`, due or not, adds how far the update moved each matrix, ‖W_{s+1} − W_s‖/‖W_s‖; without
    /// that call the figure is missing. A parameter without a gradient is skipped. A step that is
    /// not due costs one integer test.
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
    pub fn gradients<M: Module + 'static>(
        &self,
        step: impl Into<Step>,
        model: &M,
        grads: &GradientsParams,
    ) {
        self.observer.gradients(step, &Shown(model), &ShownGradients(model, grads));
    }
}
