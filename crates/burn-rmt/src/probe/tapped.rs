//! A layer that records its own input.

use super::kept::kept;
use crate::transparent::transparent_module;
use burn_core::module::{Content, DisplaySettings, Module, ModuleDisplay, ModuleDisplayDefault};
use burn_core::tensor::Tensor;
use burn_nn::Linear;
use rmt_monitor::observer::{Input, Key, Origin, taps};
use std::ops::{Deref, DerefMut};

/// A layer whose inputs are recorded at due steps, under the name of its weight in the model. Write
/// `up: Tapped<Linear>` instead of `up: Linear`.
///
/// It has the same parameter names, gradients and printed form as the bare layer. Its checkpoints
/// load into a model without taps, and the other way round. It knows its weight by identity, so
/// several models and several monitors do not mix.
///
/// ```
/// # use burn::{module::Module, nn::{Linear, LinearConfig}, tensor::{Device, Tensor}};
/// use burn_rmt::Tapped;
/// #[derive(Module, Debug)]
/// struct Mlp {
///     up: Tapped<Linear>,
/// }
/// # let device = Device::flex();
/// let mlp = Mlp { up: LinearConfig::new(16, 64).init(&device).into() };
/// let y = mlp.up.forward(Tensor::<2>::zeros([8, 16], &device));
/// assert_eq!(y.dims(), [8, 64]);
/// ```
#[derive(Clone, Debug)]
pub struct Tapped<M> {
    layer: M,
}

impl Tapped<Linear> {
    /// Taps a layer.
    pub fn new(layer: Linear) -> Self {
        Self { layer }
    }

    /// Calls [`Linear::forward`], and records the input if a monitor wants it.
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        if taps::armed() {
            // The data of an evaluation may be on a device with autodiff; its weights are not.
            let origin = match self.layer.weight.val().is_autodiff() {
                true => Origin::Training,
                false => Origin::Evaluation,
            };
            let key = Key::Id(self.layer.weight.id.val());
            taps::record(key, &Input::new(&input.dims(), origin), &kept(&input, None));
        }
        self.layer.forward(input)
    }
}

impl<M> Tapped<M> {
    /// The wrapped layer.
    pub fn into_inner(self) -> M {
        self.layer
    }

    /// A monitor walks the model: there is a tap in it.
    fn visiting(&self) {
        taps::met();
    }
}

impl From<Linear> for Tapped<Linear> {
    fn from(layer: Linear) -> Self {
        Self::new(layer)
    }
}

impl Deref for Tapped<Linear> {
    type Target = Linear;
    fn deref(&self) -> &Linear {
        &self.layer
    }
}

impl DerefMut for Tapped<Linear> {
    fn deref_mut(&mut self) -> &mut Linear {
        &mut self.layer
    }
}

transparent_module!(Tapped, layer);

impl<M: ModuleDisplayDefault + Module> ModuleDisplayDefault for Tapped<M> {
    fn content(&self, content: Content) -> Option<Content> {
        self.layer.content(content)
    }

    fn num_params(&self) -> usize {
        Module::num_params(&self.layer)
    }
}

impl<M: ModuleDisplay + Module> ModuleDisplay for Tapped<M> {
    fn format(&self, settings: DisplaySettings) -> String {
        self.layer.format(settings)
    }
}
