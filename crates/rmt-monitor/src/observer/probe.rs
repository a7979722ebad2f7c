//! The inputs that taps record for one observer.

use super::inputs::{Gathered, Input, Keep, Origin};
use crate::guard::lock;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a parameter's name ends with, and a tap's need not.
const WEIGHT: &str = ".weight";

/// Identifies the weight that an input belongs to.
#[derive(Debug, Clone, Copy)]
pub enum Key<'a> {
    /// By the weight's name, with or without a final `.weight`.
    Name(&'a str),
    /// By the identity of the parameter.
    Id(u64),
}

/// Gathers the inputs of one observer's layers.
pub(super) struct Probe {
    armed: AtomicBool,
    /// Tokens of each layer, at most.
    limit: u64,
    /// Whether forwards of evaluation count.
    evaluation: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Watched weights by name.
    ids: HashMap<String, u64>,
    known: HashSet<u64>,
    gathered: HashMap<u64, Gathered>,
    problems: BTreeSet<String>,
}

/// What was gathered between two steps.
#[derive(Default)]
pub(super) struct Recording {
    pub(super) inputs: HashMap<u64, Gathered>,
    /// What the user should know of taps.
    pub(super) problems: BTreeSet<String>,
}

impl Probe {
    pub(super) fn new(limit: u64, evaluation: bool) -> Self {
        Self { armed: AtomicBool::new(false), limit, evaluation, state: Mutex::default() }
    }

    pub(super) fn is_armed(&self) -> bool {
        self.armed.load(Ordering::Acquire)
    }

    /// Whether any inputs are taken at all.
    pub(super) fn wants_tokens(&self) -> bool {
        self.limit > 0
    }

    /// Takes the inputs of these watched weights from now on.
    pub(super) fn arm(&self, ids: Vec<(String, u64)>) {
        if !self.wants_tokens() {
            return;
        }
        let mut state = lock(&self.state);
        state.known = ids.iter().map(|(_, id)| *id).collect();
        state.ids = ids.into_iter().collect();
        self.armed.store(true, Ordering::Release);
    }

    /// Takes no more, and hands over what was gathered.
    pub(super) fn disarm(&self) -> Recording {
        self.armed.store(false, Ordering::Release);
        let mut state = lock(&self.state);
        Recording {
            inputs: std::mem::take(&mut state.gathered),
            problems: std::mem::take(&mut state.problems),
        }
    }

    /// The watched weight that a key means.
    pub(super) fn id(&self, key: Key<'_>) -> Option<u64> {
        lock(&self.state).id(key)
    }

    pub(super) fn problem(&self, problem: String) {
        lock(&self.state).problems.insert(problem);
    }

    /// Keeps an input, if this observer wants it.
    pub(super) fn record(&self, key: Key<'_>, input: &Input, keep: &Keep<'_>) {
        if !self.is_armed() || !(self.evaluation || input.origin() != Origin::Evaluation) {
            return;
        }
        let mut state = lock(&self.state);
        let Some(id) = state.id(key) else {
            // An identity is of another model, or of a parameter that is not watched.
            if let Key::Name(name) = key {
                state.problems.insert(format!("tap `{name}` matches no watched weight"));
            }
            return;
        };
        let gathered = state.gathered.entry(id).or_default();
        if let Err(problem) = gathered.add(input, self.evaluation, self.limit, keep) {
            let name = state.ids.iter().find(|(_, known)| **known == id).map(|(name, _)| name);
            let problem = format!("tap of `{}`: {problem}", name.map_or("", String::as_str));
            state.problems.insert(problem);
        }
    }
}

impl State {
    fn id(&self, key: Key<'_>) -> Option<u64> {
        match key {
            Key::Id(id) => self.known.contains(&id).then_some(id),
            Key::Name(name) => {
                let exact = self.ids.get(name);
                exact.or_else(|| self.ids.get(&format!("{name}{WEIGHT}"))).copied()
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::inputs::{Batches, held_or};
    use super::*;
    use crate::snapshot::WeightValues;

    const UP: Key<'_> = Key::Name("a.up");

    fn ids() -> Vec<(String, u64)> {
        vec![("a.up.weight".into(), 7), ("bare".into(), 8)]
    }

    /// An armed one.
    fn probe(limit: u64, evaluation: bool) -> Probe {
        let probe = Probe::new(limit, evaluation);
        probe.arm(ids());
        probe
    }

    fn record(probe: &Probe, key: Key<'_>, shape: &[usize], origin: Origin) {
        probe.record(key, &Input::new(shape, origin), &|held, part| {
            let values = WeightValues::F32(vec![0.0; part.tokens * part.features]);
            let mut batches = held_or(held, Batches::default);
            batches.add(
                part,
                4 * (part.tokens * part.features) as u64,
                Box::new(values),
                None,
                None,
            );
            batches
        });
    }

    /// Bytes that were gathered of each layer, and problems.
    fn gathered(probe: &Probe) -> (Vec<u64>, Vec<String>) {
        let Recording { inputs, problems } = probe.disarm();
        let bytes = inputs.into_values().filter_map(Gathered::snapshot).map(|kept| kept.bytes);
        (bytes.collect(), problems.into_iter().collect())
    }

    #[test]
    fn names_are_those_of_weights() {
        let probe = probe(10, false);
        let id = |name| probe.id(Key::Name(name));
        assert_eq!([id("a.up"), id("a.up.weight"), id("bare")], [Some(7), Some(7), Some(8)]);
        assert_eq!([id("a"), id("")], [None, None]);
        assert_eq!([probe.id(Key::Id(7)), probe.id(Key::Id(9))], [Some(7), None]);
        record(&probe, Key::Name("a.down"), &[2, 4], Origin::Training);
        record(&probe, Key::Id(9), &[2, 4], Origin::Training);
        let said = vec!["tap `a.down` matches no watched weight".to_owned()];
        assert_eq!(gathered(&probe), (vec![], said));
    }

    #[test]
    fn recorded_while_armed_and_in_training() {
        let probe = probe(4, false);
        let bytes = |origin| {
            record(&probe, UP, &[2, 3, 4], origin);
            gathered(&probe).0
        };
        assert!(bytes(Origin::Evaluation).is_empty());
        // It was disarmed.
        assert!(bytes(Origin::Training).is_empty());
        probe.arm(ids());
        // Four tokens of six.
        assert_eq!(bytes(Origin::Training), [64]);
        assert!(!probe.is_armed());
        // No tokens wanted: never armed.
        let none = Probe::new(0, true);
        none.arm(ids());
        assert!(!none.is_armed());
    }

    #[test]
    fn inputs_with_gradients_are_those_of_training() {
        use Origin::{Tracked, Untracked};
        let bytes = |origins: &[Origin], evaluation| {
            let probe = probe(100, evaluation);
            origins.iter().for_each(|origin| record(&probe, UP, &[2, 4], *origin));
            gathered(&probe).0
        };
        assert_eq!(bytes(&[Untracked, Untracked], false), [64]);
        // An evaluation on a device with autodiff, before and after.
        assert_eq!(bytes(&[Untracked, Tracked, Untracked, Tracked], false), [64]);
        assert_eq!(bytes(&[Untracked, Tracked], true), [64]);
    }

    #[test]
    fn features_do_not_change() {
        let probe = probe(100, false);
        record(&probe, UP, &[2, 4], Origin::Training);
        record(&probe, UP, &[2, 5], Origin::Training);
        // Nothing is no input.
        record(&probe, UP, &[0, 4], Origin::Training);
        let masked = Input::new(&[2, 4], Origin::Training).with_mask(3);
        probe.record(UP, &masked, &|held, _| held_or(held, Batches::default));
        let said = [
            "tap of `a.up.weight`: a mask of 3 entries for 2 tokens",
            "tap of `a.up.weight`: inputs of 4 and of 5 features",
        ];
        assert_eq!(gathered(&probe), (vec![32], said.map(str::to_owned).to_vec()));
    }
}
