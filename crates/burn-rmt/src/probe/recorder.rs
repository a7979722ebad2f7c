//! One monitor's share of what taps are given.

use super::{Gathered, Input, Key};
use burn_core::module::ParamId;
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

    /// Whether any inputs are taken at all.
    pub(crate) fn wants_tokens(&self) -> bool {
        self.limit > 0
    }

    /// Takes the inputs of these watched weights from now on.
    pub(crate) fn arm(&self, ids: Vec<(String, ParamId)>) {
        if !self.wants_tokens() {
            return;
        }
        let mut state = self.lock();
        state.known = ids.iter().map(|(_, id)| *id).collect();
        state.ids = ids.into_iter().collect();
        self.armed.store(true, Ordering::Release);
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
    pub(crate) fn record<const D: usize>(&self, key: Key<'_>, input: Input<'_, D>) {
        let training = input.training.unwrap_or_else(|| input.tensor.is_autodiff());
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
        if let Err(problem) = gathered.add(input, self.evaluation, self.limit) {
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Tensor};

    fn ids(id: ParamId) -> Vec<(String, ParamId)> {
        vec![("a.up.weight".into(), id), ("bare".into(), ParamId::new())]
    }

    /// An armed one.
    fn probe(limit: u64, evaluation: bool) -> (Probe, ParamId) {
        let (probe, id) = (Probe::new(limit, evaluation), ParamId::new());
        probe.arm(ids(id));
        (probe, id)
    }

    fn input<const D: usize>(tensor: &Tensor<D>) -> Input<'_, D> {
        Input { tensor, keep: None, training: None }
    }

    #[test]
    fn names_are_those_of_weights() {
        let (probe, id) = probe(10, false);
        assert_eq!(probe.id("a.up"), Some(id));
        assert_eq!(probe.id("a.up.weight"), Some(id));
        assert!(probe.id("bare").is_some() && probe.id("a").is_none() && probe.id("").is_none());
        assert!(probe.knows(Key::Param(id)) && !probe.knows(Key::Param(ParamId::new())));
    }

    #[test]
    fn recorded_while_armed_and_in_training() {
        let train = Tensor::<3>::zeros([2, 3, 4], &Device::flex().autodiff());
        let evaluate = train.clone().without_autodiff();
        let (probe, id) = probe(4, false);
        let recorded = |probe: &Probe, x: &Tensor<3>| {
            probe.record(Key::Name("a.up"), input(x));
            probe.disarm().inputs.contains_key(&id)
        };
        assert!(!recorded(&probe, &evaluate));
        // It was disarmed.
        assert!(!recorded(&probe, &train));
        probe.arm(ids(id));
        assert!(recorded(&probe, &train) && !probe.is_armed());
        // No tokens wanted: never armed.
        let none = Probe::new(0, true);
        none.arm(ids(id));
        assert!(!none.is_armed());
    }

    #[test]
    fn inputs_with_gradients_are_those_of_training() {
        let device = Device::flex().autodiff();
        let data = Tensor::<2>::zeros([2, 4], &device);
        let hidden = data.clone().require_grad() * 2.0;
        let bytes = |inputs: &[&Tensor<2>], evaluation| {
            let (probe, id) = probe(100, evaluation);
            inputs.iter().for_each(|x| probe.record(Key::Name("a.up"), input(x)));
            let mut recording = probe.disarm();
            recording.inputs.remove(&id).unwrap().snapshot().unwrap().bytes
        };
        assert_eq!(bytes(&[&data, &data], false), 64);
        // An evaluation on a device with autodiff, before and after.
        assert_eq!(bytes(&[&data, &hidden, &data, &hidden], false), 64);
        assert_eq!(bytes(&[&data, &hidden], true), 64);
    }

    #[test]
    fn features_do_not_change() {
        let device = Device::flex().autodiff();
        let (probe, _) = probe(100, false);
        probe.record(Key::Name("a.up"), input(&Tensor::<2>::zeros([2, 4], &device)));
        probe.record(Key::Name("a.up"), input(&Tensor::<2>::zeros([2, 5], &device)));
        // Nothing is no input.
        probe.record(Key::Name("a.up"), input(&Tensor::<2>::zeros([0, 4], &device)));
        let recording = probe.disarm();
        let problems: Vec<String> = recording.problems.into_iter().collect();
        assert_eq!(problems, ["tap of `a.up.weight`: inputs of 4 and of 5 features"]);
        let bytes = recording.inputs.into_values().filter_map(|g| g.snapshot()).map(|s| s.bytes);
        assert_eq!(bytes.collect::<Vec<_>>(), [32]);
    }
}
