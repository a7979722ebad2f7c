//! What layers are given: inputs recorded in the forwards of due steps.
//!
//! A due step arms the taps of the thread that observes it, until the next step is observed: all
//! training forwards in between (micro-batches included) are made by exactly the weights that were
//! taken. Where no tap is armed, one costs a look at a thread-local number.

mod gathered;
mod recorder;
#[cfg(feature = "nn")]
mod tapped;
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
    /// Tapped layers that were met in walks through models.
    static MET: Cell<u64> = const { Cell::new(0) };
    /// Of the monitors that observe on this thread.
    static PROBES: RefCell<Vec<Weak<Probe>>> = const { RefCell::new(Vec::new()) };
}

/// A tap was called by name on this thread.
const SEEN: u8 = 1;
/// A monitor may want what taps are given.
const ARMED: u8 = 2;

/// Which weight an input belongs to.
#[derive(Clone, Copy)]
pub(crate) enum Key<'a> {
    /// Its path, with or without `.weight` at the end.
    Name(&'a str),
    /// Its identity.
    #[cfg_attr(not(feature = "nn"), allow(dead_code))]
    Param(ParamId),
}

/// What the tap of a layer is given.
pub(crate) struct Input<'a, const D: usize> {
    pub(crate) tensor: &'a Tensor<D>,
    /// Which tokens count; all without.
    pub(crate) keep: Option<Tensor<1, Bool>>,
    /// Whether it is a forward of training; `None` where only the tensor can tell.
    pub(crate) training: Option<bool>,
}

/// Records `input` as that of the watched weight `name` (`"blocks.0.up"` for
/// `blocks.0.up.weight`), for the monitors that observe on this thread; put it before the layer in a
/// forward.
///
/// The last axis holds the features, all others tokens. Only forwards of training are recorded, after a
/// due step and until the next one is observed, at most
/// [`with_activation_tokens`](crate::MonitorConfig::with_activation_tokens) tokens: inputs that gradients
/// flow through or, where there are none (data that the first layer is given), that are on a device
/// with autodiff; keep evaluation's data off it, or use `Tapped`, which looks at its weight. What is kept is a
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
    if seen_and_armed() {
        record(Key::Name(name), || Input { tensor: input, keep: None, training: None });
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
    if seen_and_armed() {
        let tokens = keep.shape().num_elements();
        let keep = keep.clone().reshape([tokens]);
        let input = || Input { tensor: input, keep: Some(keep.clone()), training: None };
        record(Key::Name(name), input);
    }
}

impl Monitor {
    /// [`tap`] for this monitor alone, where several models train on one thread.
    #[inline]
    pub fn tap<const D: usize>(&self, name: &str, input: &Tensor<D>) {
        if let Some(inner) = &self.inner {
            seen_and_armed();
            let input = Input { tensor: input, keep: None, training: None };
            inner.probe.record(Key::Name(name), input);
        }
    }
}

/// Remembers that taps are called on this thread, and says whether they have anything to do.
#[inline]
fn seen_and_armed() -> bool {
    let state = state();
    if state & SEEN == 0 {
        change_state(|state| state | SEEN);
    }
    state & ARMED != 0
}

/// Whether a tap of this thread has anything to do.
#[cfg(feature = "nn")]
#[inline]
fn armed() -> bool {
    state() & ARMED != 0
}

#[inline]
fn state() -> u8 {
    STATE.try_with(Cell::get).unwrap_or(0)
}

fn change_state(change: impl FnOnce(u8) -> u8) {
    let _ = STATE.try_with(|state| state.set(change(state.get())));
}

/// A walk met a tapped layer.
#[cfg(feature = "nn")]
fn met_tapped() {
    let _ = MET.try_with(|met| met.set(met.get().wrapping_add(1)));
}

/// What `walk` gives, and whether forwards of its model may reach a tap: it met a tapped layer, or
/// taps are called by name on this thread.
pub(crate) fn taps_in<T>(walk: impl FnOnce() -> T) -> (T, bool) {
    let met = || MET.try_with(Cell::get).unwrap_or(0);
    let before = met();
    let walked = walk();
    (walked, met() != before || state() & SEEN != 0)
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
        change_state(|state| state | ARMED);
    }
}

/// What `look` says of the monitors that observe on this thread.
fn listening<T: Default>(look: impl FnOnce(&[Weak<Probe>]) -> T) -> T {
    let looked = PROBES.try_with(|probes| {
        let probes = probes.try_borrow().ok()?;
        Some(look(&probes))
    });
    looked.ok().flatten().unwrap_or_default()
}

/// Gives an input to the monitors that want it.
#[cold]
fn record<'a, const D: usize>(key: Key<'_>, input: impl Fn() -> Input<'a, D>) {
    if !listening(|probes| probes.iter().filter_map(Weak::upgrade).any(|probe| probe.is_armed())) {
        change_state(|state| state & !ARMED);
        return;
    }
    let probes: Vec<Arc<Probe>> =
        listening(|probes| probes.iter().filter_map(Weak::upgrade).collect());
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
            probe.record(key, input());
        }
    }
}
