//! The taps of a thread, and the observers that they serve.
//!
//! A due step arms the taps of the observing thread until the next step is observed. All training
//! forwards in between, micro-batches included, use exactly the weights that were taken. An unarmed
//! tap costs a look at a thread-local number.

use super::inputs::{Input, Keep};
use super::probe::{Key, Probe};
use std::cell::{Cell, RefCell};
use std::sync::{Arc, Weak};

thread_local! {
    /// What taps of this thread are to do: see the bits below.
    static STATE: Cell<u8> = const { Cell::new(0) };
    /// Tapped layers that were met in walks through models.
    static MET: Cell<u64> = const { Cell::new(0) };
    /// Of the observers that observe on this thread.
    static PROBES: RefCell<Vec<Weak<Probe>>> = const { RefCell::new(Vec::new()) };
}

/// A tap was called by name on this thread.
const SEEN: u8 = 1;
/// An observer may want what taps are given.
const ARMED: u8 = 2;

/// Records that taps are called by name on this thread. Returns whether they have anything to do.
#[inline]
pub fn seen_and_armed() -> bool {
    let state = state();
    if state & SEEN == 0 {
        change_state(|state| state | SEEN);
    }
    state & ARMED != 0
}

/// Whether a tap of this thread has anything to do.
#[inline]
pub fn armed() -> bool {
    state() & ARMED != 0
}

#[inline]
fn state() -> u8 {
    STATE.try_with(Cell::get).unwrap_or(0)
}

fn change_state(change: impl FnOnce(u8) -> u8) {
    let _ = STATE.try_with(|state| state.set(change(state.get())));
}

/// Records that a walk met a layer with a tap.
pub fn met() {
    let _ = MET.try_with(|met| met.set(met.get().wrapping_add(1)));
}

/// What `walk` gives, and whether forwards of its model may reach a tap: it met a tapped layer, or
/// taps are called by name on this thread.
pub(super) fn taps_in<T>(walk: impl FnOnce() -> T) -> (T, bool) {
    let met = || MET.try_with(Cell::get).unwrap_or(0);
    let before = met();
    let walked = walk();
    (walked, met() != before || state() & SEEN != 0)
}

/// Lets the taps of this thread serve `probe`.
pub(super) fn listen(probe: &Arc<Probe>) {
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

/// What `look` says of the observers that observe on this thread.
fn listening<T: Default>(look: impl FnOnce(&[Weak<Probe>]) -> T) -> T {
    let looked = PROBES.try_with(|probes| {
        let probes = probes.try_borrow().ok()?;
        Some(look(&probes))
    });
    looked.ok().flatten().unwrap_or_default()
}

/// Passes an input to the observers of this thread that want it. `keep` is called once for each.
#[cold]
pub fn record(key: Key<'_>, input: &Input, keep: &Keep<'_>) {
    let probes: Vec<Arc<Probe>> =
        listening(|probes| probes.iter().filter_map(Weak::upgrade).collect());
    if !probes.iter().any(|probe| probe.is_armed()) {
        change_state(|state| state & !ARMED);
        return;
    }
    if let Key::Name(name) = key {
        let mut ids = probes.iter().filter_map(|probe| probe.id(key));
        let first = ids.next();
        if ids.any(|id| Some(id) != first) {
            let problem = format!(
                "tap `{name}` is a layer of several models that are observed on one thread, and is \
                 not recorded: name the monitor, or the layer by its weight"
            );
            probes.iter().for_each(|probe| probe.problem(problem.clone()));
            return;
        }
    }
    for probe in probes.iter().filter(|probe| probe.is_armed()) {
        // Of several observers, one need not watch it.
        let knows = |probe: &Probe| probe.id(key).is_some();
        let others = probes.iter().any(|other| !Arc::ptr_eq(other, probe) && knows(other));
        if knows(probe) || !others {
            probe.record(key, input, keep);
        }
    }
}
