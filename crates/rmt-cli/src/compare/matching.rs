//! Which matrix of one checkpoint is which of another.
//!
//! By name; then by names without what frameworks put around a model; then without the beginnings that most
//! of the remaining names differ by, such as `bert.`.

use crate::checkpoint::Checkpoint;
use crate::matrices::Planned;
use rmt_core::layers::{Cut, Lanes, LayerKind};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Components of names that wrappers add.
const WRAPPERS: [&str; 5] =
    ["module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "base_layer"];
/// Components that may differ at the beginning of names.
const MOST_BEFORE: usize = 3;
/// Names that a pair of beginnings must explain, unless one of them is of all that is left.
const LEAST: usize = 2;

/// Numbers of matrices that are pairs, and how they were found.
#[derive(Debug, Default)]
pub(super) struct Matching {
    pub(super) pairs: Vec<(usize, usize)>,
    /// What is to be said of names that differ.
    pub(super) notes: Vec<String>,
}

/// Matches the matrices of two checkpoints.
pub(super) fn matched(before: &Checkpoint, after: &Checkpoint) -> Matching {
    let (a, b) = (&before.plan.matrices, &after.plan.matrices);
    let mut state = State {
        a: names(a),
        b: names(b),
        shapes: [a, b].map(|side| side.iter().map(|matrix| matrix.shape).collect()),
        matching: Matching::default(),
    };
    if let ([one], [other]) = (a.as_slice(), b.as_slice())
        && before.plan.unwanted + after.plan.unwanted == 0
    {
        if one.layer.path() != other.layer.path() {
            state.matching.notes.push(format!(
                "`{}` of {} is compared with `{}` of {}: each holds one matrix",
                one.layer.path(),
                before.name(),
                other.layer.path(),
                after.name()
            ));
        }
        state.matching.pairs.push((0, 0));
        return state.matching;
    }
    state.equal(|name| name.to_owned());
    let exact = state.matching.pairs.len();
    state.equal(plain);
    if state.matching.pairs.len() > exact {
        let count = state.matching.pairs.len() - exact;
        state
            .matching
            .notes
            .push(format!("{count} names are equal except for parts added by wrappers"));
    }
    while state.beginnings() {}
    // An alias was taken once: a matrix has one partner.
    state.matching.pairs.sort_unstable();
    state.matching
}

/// Names of each matrix with its number; a matrix may have several.
fn names(matrices: &[Planned]) -> Vec<(String, usize)> {
    let of = |(number, matrix): (usize, &Planned)| {
        let own = std::iter::once(matrix.layer.path()).chain(matrix.aliases.iter().cloned());
        own.map(|name| (name, number)).collect::<Vec<_>>()
    };
    matrices.iter().enumerate().flat_map(of).collect()
}

/// A name without what wrappers put into it.
fn plain(name: &str) -> String {
    let parts: Vec<&str> = name.split('.').filter(|part| !WRAPPERS.contains(part)).collect();
    parts.join(".")
}

/// What is not matched yet.
struct State {
    a: Vec<(String, usize)>,
    b: Vec<(String, usize)>,
    shapes: [Vec<[usize; 2]>; 2],
    matching: Matching,
}

impl State {
    /// Pairs those whose names are equal once `of` has been at them.
    fn equal(&mut self, of: impl Fn(&str) -> String) {
        let mut others: HashMap<String, usize> = HashMap::new();
        for (name, number) in &self.b {
            others.entry(of(name)).or_insert(*number);
        }
        let found =
            self.a.iter().filter_map(|(name, number)| Some((*number, *others.get(&of(name))?)));
        let found: Vec<(usize, usize)> = found.collect();
        self.take(found);
    }

    /// Takes pairs over; of a matrix with several names, the first that has a partner.
    fn take(&mut self, found: Vec<(usize, usize)>) {
        let (mut one, mut other) = (BTreeSet::new(), BTreeSet::new());
        for (a, b) in found {
            if !one.contains(&a) && !other.contains(&b) {
                one.insert(a);
                other.insert(b);
                self.matching.pairs.push((a, b));
            }
        }
        self.a.retain(|(_, number)| !one.contains(number));
        self.b.retain(|(_, number)| !other.contains(number));
    }

    /// Pairs those that differ by the most common beginnings; false where there are none.
    fn beginnings(&mut self) -> bool {
        let mut ends: HashMap<String, Vec<(String, usize)>> = HashMap::new();
        for (name, number) in &self.b {
            for (beginning, end) in cuts(&plain(name)) {
                ends.entry(end).or_default().push((beginning, *number));
            }
        }
        let shape = |side: usize, number: usize| self.shapes.get(side).and_then(|s| s.get(number));
        let mut found: BTreeMap<(String, String), Vec<(usize, usize)>> = BTreeMap::new();
        for (name, number) in &self.a {
            for (beginning, end) in cuts(&plain(name)) {
                for (other, partner) in ends.get(&end).into_iter().flatten() {
                    let columns = |side, number| shape(side, number).map(|[_, columns]| *columns);
                    if columns(0, *number) == columns(1, *partner) {
                        let key = (beginning.clone(), other.clone());
                        found.entry(key).or_default().push((*number, *partner));
                    }
                }
            }
        }
        let weight = |(a, b): &(String, String)| a.len() + b.len();
        let best = found.into_iter().max_by(|(one, first), (other, second)| {
            first.len().cmp(&second.len()).then_with(|| weight(other).cmp(&weight(one)))
        });
        let Some(((one, other), pairs)) = best else { return false };
        let left = self.a.len().min(self.b.len());
        if pairs.len() < LEAST.min(left) {
            return false;
        }
        let count = pairs.len();
        let before = self.matching.pairs.len();
        self.take(pairs);
        let shown = |beginning: &str| match beginning {
            "" => "nothing".to_owned(),
            beginning => format!("`{beginning}.`"),
        };
        self.matching.notes.push(format!(
            "{count} names are equal without the prefix {} in the first checkpoint and {} in the second",
            shown(&one),
            shown(&other)
        ));
        self.matching.pairs.len() > before
    }
}

/// A name cut behind none of its first components, one, two, …; the end has two at least.
fn cuts(name: &str) -> Vec<(String, String)> {
    let parts: Vec<&str> = name.split('.').collect();
    let most = MOST_BEFORE.min(parts.len().saturating_sub(2));
    let cut = |at: usize| {
        let (beginning, end) = parts.split_at(at.min(parts.len()));
        (beginning.join("."), end.join("."))
    };
    (0..=most).map(cut).collect()
}

/// Cuts embeddings and heads of unequal vocabularies to the rows that both have.
pub(super) fn cut_to_common_rows(
    before: &mut Checkpoint,
    after: &mut Checkpoint,
    pairs: &[(usize, usize)],
) {
    for &(one, other) in pairs {
        let matrices = (before.plan.matrices.get_mut(one), after.plan.matrices.get_mut(other));
        let (Some(one), Some(other)) = matrices else { continue };
        let of_tokens = matches!(one.layer.kind, LayerKind::Embedding | LayerKind::Head);
        let whole = one.cut.is_none() && other.cut.is_none();
        let ([rows, columns], [others, width]) = (one.shape, other.shape);
        if !of_tokens || !whole || columns != width || rows == others {
            continue;
        }
        let common = rows.min(others);
        for matrix in [one, other] {
            let [all, _] = matrix.shape;
            if all > common {
                let cut = Cut::of(0, matrix.shape).with_rows(Lanes::run(0, common));
                matrix.cut = Some(cut);
                matrix.shape = cut.shape();
                matrix.notes.push(format!("the first {common} of {all} rows, which both have"));
            }
        }
    }
}
