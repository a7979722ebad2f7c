//! One monitor's share of what taps are given.

use super::{Gathered, Key};
use burn_core::module::ParamId;
use burn_core::tensor::{Bool, Tensor};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a parameter's name ends with, and a tap's need not.
const WEIGHT: &str = ".weight";

/// Gathers the inputs of one monitor's layers.
#[derive(Debug)]
pub(crate) struct Probe {
    armed: AtomicBool,
    /// Tokens of each layer.
    limit: u64,
    /// Whether forwards without autodiff count.
    evaluation: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Watched weights by path.
    ids: HashMap<String, ParamId>,
    known: HashSet<ParamId>,
    gathered: HashMap<ParamId, Gathered>,
    problems: BTreeSet<String>,
}

/// What was gathered between two steps.
#[derive(Default)]
pub(crate) struct Recording {
    pub(crate) inputs: HashMap<ParamId, Gathered>,
    /// What the user should know of taps.
    pub(crate) problems: BTreeSet<String>,
}

impl Probe {
    pub(crate) fn new(limit: u64, evaluation: bool) -> Self {
        Self { armed: AtomicBool::new(false), limit, evaluation, state: Mutex::default() }
    }

    pub(crate) fn is_armed(&self) -> bool {
        self.armed.load(Ordering::Acquire)
    }

    /// Learns which weights are watched.
    pub(crate) fn know(&self, ids: Vec<(String, ParamId)>) {
        let mut state = self.lock();
        state.known = ids.iter().map(|(_, id)| *id).collect();
        state.ids = ids.into_iter().collect();
    }

    /// Takes inputs from now on; nothing where no tokens are wanted.
    pub(crate) fn arm(&self) {
        self.armed.store(self.limit > 0, Ordering::Release);
    }

    /// Takes no more, and hands over what was gathered.
    pub(crate) fn disarm(&self) -> Recording {
        self.armed.store(false, Ordering::Release);
        let mut state = self.lock();
        Recording {
            inputs: std::mem::take(&mut state.gathered),
            problems: std::mem::take(&mut state.problems),
        }
    }

    /// The watched weight that a tap of this name belongs to.
    pub(crate) fn id(&self, name: &str) -> Option<ParamId> {
        self.lock().id(name)
    }

    /// Whether the weight is watched.
    pub(crate) fn knows(&self, key: Key<'_>) -> bool {
        self.lock().find(key).is_some()
    }

    pub(crate) fn problem(&self, problem: String) {
        self.lock().problems.insert(problem);
    }

    /// Keeps an input, if this monitor wants it.
    pub(crate) fn record<const D: usize>(
        &self,
        key: Key<'_>,
        input: &Tensor<D>,
        keep: Option<Tensor<1, Bool>>,
        training: bool,
    ) {
        if !self.is_armed() || !(self.evaluation || training) {
            return;
        }
        let mut state = self.lock();
        let Some(id) = state.find(key) else {
            // A tapped layer says who it is: it is of another model, or not watched.
            if let Key::Name(name) = key {
                state.problems.insert(format!("tap `{name}` matches no watched weight"));
            }
            return;
        };
        let gathered = state.gathered.entry(id).or_default();
        if let Err(problem) = gathered.add(input, keep, self.limit) {
            let name = state.ids.iter().find(|(_, known)| **known == id).map(|(name, _)| name);
            let problem = format!("tap of `{}`: {problem}", name.map_or("", String::as_str));
            state.problems.insert(problem);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn id(&self, name: &str) -> Option<ParamId> {
        let exact = self.ids.get(name);
        exact.or_else(|| self.ids.get(&format!("{name}{WEIGHT}"))).copied()
    }

    fn find(&self, key: Key<'_>) -> Option<ParamId> {
        match key {
            Key::Name(name) => self.id(name),
            Key::Param(id) => self.known.contains(&id).then_some(id),
        }
    }
}
