//! Records the inputs of layers in the forwards of due steps.

mod kept;
#[cfg(feature = "nn")]
mod tapped;

#[cfg(feature = "nn")]
pub use tapped::Tapped;

use crate::Monitor;
use burn_core::tensor::{Bool, Tensor};
use kept::kept;
use rmt_monitor::observer::{Input, Key, Origin, taps};

/// Records `input` as the input of the watched weight `name` (`"blocks.0.up"` for
/// `blocks.0.up.weight`), for the monitors that observe on this thread. Call it before the layer in
/// a forward.
///
/// The last axis holds the features, and all other axes hold tokens. Only training forwards between
/// a due step and the next observed step are recorded, at most
/// [`ActivationConfig::tokens`](crate::ActivationConfig::tokens) tokens. An input counts as
/// training if gradients flow through it or, for data that enters the first layer, if it is on a
/// device with autodiff. So keep evaluation data off that device, or use `Tapped`, which looks at
/// its weight instead. The tap keeps a handle; on a GPU, the covariance is accumulated there. At
/// all other times a tap does nothing and costs a few nanoseconds.
///
/// If two models with equal layer names train on one thread, use [`Monitor::tap`] or `Tapped`.
///
/// ```
/// # use burn::{module::Module, nn::Linear, tensor::{Tensor, activation::gelu}};
/// #[derive(Module, Debug)]
/// struct Block {
///     up: Linear,
///     down: Linear,
/// }
///
/// impl Block {
///     fn forward(&self, x: Tensor<3>) -> Tensor<3> {
///         burn_rmt::tap("block.up", &x);
///         let x = gelu(self.up.forward(x));
///         burn_rmt::tap("block.down", &x);
///         self.down.forward(x)
///     }
/// }
/// ```
#[inline]
pub fn tap<const D: usize>(name: &str, input: &Tensor<D>) {
    if taps::seen_and_armed() {
        taps::record(Key::Name(name), &shown(input), &kept(input, None));
    }
}

/// Like [`tap`], for the tokens where `keep` is true. `keep` has the axes of `input` without the
/// last. The other tokens, such as padding, count towards the token budget but not in the
/// covariance.
#[inline]
pub fn tap_masked<const D: usize, const M: usize>(
    name: &str,
    input: &Tensor<D>,
    keep: &Tensor<M, Bool>,
) {
    if taps::seen_and_armed() {
        let entries = keep.shape().num_elements();
        let mask = keep.clone().reshape([entries]);
        let shown = shown(input).with_mask(entries);
        taps::record(Key::Name(name), &shown, &kept(input, Some(mask)));
    }
}

impl Monitor {
    /// Like [`tap`](crate::tap), for this monitor alone. Use it if several models train on one
    /// thread.
    #[inline]
    pub fn tap<const D: usize>(&self, name: &str, input: &Tensor<D>) {
        self.observer.record(Key::Name(name), &shown(input), &kept(input, None));
    }
}

/// The shape of an input, and whether its forward is one of training.
fn shown<const D: usize>(input: &Tensor<D>) -> Input {
    let origin = match (input.is_autodiff(), input.is_tracked()) {
        (false, _) => Origin::Evaluation,
        (true, true) => Origin::Tracked,
        (true, false) => Origin::Untracked,
    };
    Input::new(&input.dims(), origin)
}
