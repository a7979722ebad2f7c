//! What layers are given: inputs recorded in the forwards of due steps.
//!
//! A due step arms the taps of the thread that observes it, until the next step is observed: all
//! training forwards in between (micro-batches included) are made by exactly the weights that were
//! taken. Where no tap is armed, one costs a look at a thread-local number.

mod gathered;
mod recorder;
#[cfg(feature = "nn")]
mod tapped;
#[cfg(test)]
mod tests;
mod tokens;

pub(crate) use gathered::Gathered;
pub(crate) use recorder::Probe;
#[cfg(feature = "nn")]
pub use tapped::Tapped;

use crate::Monitor;
use burn_core::module::ParamId;
use burn_core::tensor::{Bool, Tensor};
use std::cell::{Cell, RefCell};
use std::sync::{Arc, Weak};

thread_local! {
    /// What taps of this thread are to do: see the bits below.
    static STATE: Cell<u8> = const { Cell::new(0) };
    /// Of the monitors that observe on this thread.
    static PROBES: RefCell<Vec<Weak<Probe>>> = const { RefCell::new(Vec::new()) };
}

/// There is a tap on this thread.
const SEEN: u8 = 1;
/// A monitor may want what taps are given.
const ARMED: u8 = 2;

/// Which weight an input belongs to.
#[derive(Clone, Copy)]
pub(crate) enum Key<'a> {
    /// Its path, with or without `.weight` at the end.
    Name(&'a str),
    /// Its identity.
    Param(ParamId),
}

/// Records `input` as that of the watched weight `name` (`"blocks.0.up"` for
/// `blocks.0.up.weight`), for the monitors that observe on this thread; put it before the layer in a
/// forward.
///
/// The last axis holds the features, all others tokens. Only forwards of training are recorded (on a
/// device with autodiff: what is computed from indices on such a device is on it too, also by
/// `model.valid()`; `Tapped` knows better), after a due step and until the next one is observed, at most
/// [`with_activation_tokens`](crate::MonitorConfig::with_activation_tokens) tokens. What is kept is a
/// handle; on a GPU, the covariance is accumulated there. Otherwise a tap does nothing, and costs a
/// few nanoseconds.
///
/// Where two models with layers of one name train on one thread, use [`Monitor::tap`] or `Tapped`.
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
    if armed() {
        record(Key::Name(name), input, None, input.is_autodiff());
    }
}

/// The same for the tokens that `keep` is true of: it has the axes of `input` but the last. The
/// others, padding say, are counted by the token budget, but not by the covariance.
#[inline]
pub fn tap_masked<const D: usize, const M: usize>(
    name: &str,
    input: &Tensor<D>,
    keep: &Tensor<M, Bool>,
) {
    if armed() {
        let tokens = keep.shape().num_elements();
        record(Key::Name(name), input, Some(keep.clone().reshape([tokens])), input.is_autodiff());
    }
}

impl Monitor {
    /// [`tap`] for this monitor alone, where several models train on one thread.
    #[inline]
    pub fn tap<const D: usize>(&self, name: &str, input: &Tensor<D>) {
        if let Some(inner) = &self.inner
            && (seen() || inner.probe.is_armed())
        {
            inner.probe.record(Key::Name(name), input, None, input.is_autodiff());
        }
    }
}

/// Whether a tap of this thread has anything to do.
#[inline]
fn armed() -> bool {
    let state = STATE.try_with(Cell::get).unwrap_or(0);
    if state & SEEN == 0 {
        saw_tap();
    }
    state & ARMED != 0
}

/// Remembers that there are taps on this thread.
pub(crate) fn saw_tap() {
    let _ = STATE.try_with(|state| state.set(state.get() | SEEN));
}

/// Whether there are.
pub(crate) fn seen() -> bool {
    STATE.try_with(Cell::get).unwrap_or(0) & SEEN != 0
}

/// Lets the taps of this thread serve `probe`.
pub(crate) fn listen(probe: &Arc<Probe>) {
    let _ = PROBES.try_with(|probes| {
        let Ok(mut probes) = probes.try_borrow_mut() else { return };
        probes.retain(|other| other.strong_count() > 0);
        let this = Arc::downgrade(probe);
        if !probes.iter().any(|other| other.ptr_eq(&this)) {
            probes.push(this);
        }
    });
    if probe.is_armed() {
        let _ = STATE.try_with(|state| state.set(state.get() | ARMED));
    }
}

/// Gives an input to the monitors that want it.
#[cold]
fn record<const D: usize>(
    key: Key<'_>,
    input: &Tensor<D>,
    keep: Option<Tensor<1, Bool>>,
    training: bool,
) {
    let probes: Vec<Arc<Probe>> = PROBES
        .try_with(|probes| {
            let probes = probes.try_borrow();
            probes.map(|all| all.iter().filter_map(Weak::upgrade).collect()).unwrap_or_default()
        })
        .unwrap_or_default();
    if !probes.iter().any(|probe| probe.is_armed()) {
        let _ = STATE.try_with(|state| state.set(state.get() & !ARMED));
        return;
    }
    if let Key::Name(name) = key {
        let mut ids = probes.iter().filter_map(|probe| probe.id(name));
        let first = ids.next();
        if ids.any(|id| Some(id) != first) {
            let problem = format!(
                "tap `{name}` is a layer of several models that are observed on one thread, and is \
                 not recorded: use Monitor::tap or Tapped"
            );
            probes.iter().for_each(|probe| probe.problem(problem.clone()));
            return;
        }
    }
    for probe in probes.iter().filter(|probe| probe.is_armed()) {
        // Of several monitors, one need not watch it.
        let others = probes.iter().any(|other| !Arc::ptr_eq(other, probe) && other.knows(key));
        if probe.knows(key) || !others {
            probe.record(key, input, keep.clone(), training);
        }
    }
}
