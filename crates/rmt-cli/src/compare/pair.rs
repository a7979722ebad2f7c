//! Matrices of two checkpoints side by side.

use crate::checkpoint::Checkpoint;
use crate::matrices::Planned;
use crate::measure::{Measured, Place};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use rmt_core::layers::LayerId;
use rmt_core::statistics::drift::Drift;
use rmt_core::{Analyser, Context, LayerReport};
use rmt_monitor::WeightValues;
use std::collections::HashMap;

/// A matrix by its path, where it is.
pub(super) enum Pair<'a> {
    /// In both, of one shape.
    Both { before: Place<'a>, after: Place<'a> },
    /// The entries in random order, and as they are.
    Permuted { place: Place<'a>, seed: u64 },
    /// In both, of two shapes.
    Shapes { before: Place<'a>, after: Place<'a> },
    /// In the first alone.
    OnlyBefore(Place<'a>),
    /// In the second alone.
    OnlyAfter(Place<'a>),
}

/// The result for one pair.
pub(super) struct Compared {
    pub(super) layer: LayerId,
    pub(super) shape: [usize; 2],
    pub(super) status: Outcome,
    pub(super) drift: Option<Drift>,
    /// Without its spectrum.
    pub(super) before: Option<LayerReport>,
    /// Its drift stands beside it.
    pub(super) after: Option<LayerReport>,
}

/// Whether the two could be compared, or why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Compared,
    OnlyBefore,
    OnlyAfter,
    Shapes([[usize; 2]; 2]),
    Failed(String),
}

impl Outcome {
    /// Its name in files.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Compared => "compared",
            Self::OnlyBefore => "only_before",
            Self::OnlyAfter => "only_after",
            Self::Shapes(_) => "shape_changed",
            Self::Failed(_) => "failed",
        }
    }

    /// What else there is to say.
    pub(super) fn reason(&self) -> Option<String> {
        match self {
            Self::Failed(reason) => Some(reason.clone()),
            Self::Shapes([before, after]) => {
                let shape = rmt_core::shown::shape;
                Some(format!("{} before, {} after", shape(*before), shape(*after)))
            }
            _ => None,
        }
    }
}

/// Says so where the two checkpoints hold one matrix each, of two names: then they are a pair.
pub(super) fn singles(before: &Checkpoint, after: &Checkpoint) -> Option<String> {
    let (one, other) = single(before, after)?;
    let (path, name) = (one.layer.path(), other.layer.path());
    let (from, to) = (before.name(), after.name());
    Some(format!("`{path}` of {from} is compared with `{name}` of {to}: each holds one matrix"))
}

/// The only matrices of two checkpoints, where their names differ.
fn single<'a>(before: &'a Checkpoint, after: &'a Checkpoint) -> Option<(&'a Planned, &'a Planned)> {
    let only = |checkpoint: &'a Checkpoint| match checkpoint.plan.matrices.as_slice() {
        [matrix] if checkpoint.plan.unwanted == 0 => Some(matrix),
        _ => None,
    };
    let (one, other) = (only(before)?, only(after)?);
    (one.layer.path() != other.layer.path()).then_some((one, other))
}

/// The matrices of `before` in their order, then those of `after` alone. Of a name in both, or the only
/// ones of both.
pub(super) fn pairs<'a>(before: &'a Checkpoint, after: &'a Checkpoint) -> Vec<Pair<'a>> {
    let place = |number, checkpoint, matrix| Place { number, checkpoint, matrix };
    let both = |one: &'a Planned, other: &'a Planned| {
        let (first, second) = (place(0, before, one), place(1, after, other));
        match other.shape == one.shape {
            true => Pair::Both { before: first, after: second },
            false => Pair::Shapes { before: first, after: second },
        }
    };
    if let Some((one, other)) = single(before, after) {
        return vec![both(one, other)];
    }
    let mut others: HashMap<String, &Planned> =
        after.plan.matrices.iter().map(|matrix| (matrix.layer.path(), matrix)).collect();
    let mut pairs: Vec<Pair<'a>> = Vec::with_capacity(before.plan.matrices.len());
    for matrix in &before.plan.matrices {
        pairs.push(match others.remove(&matrix.layer.path()) {
            Some(other) => both(matrix, other),
            None => Pair::OnlyBefore(place(0, before, matrix)),
        });
    }
    let alone = after.plan.matrices.iter();
    let alone = alone.filter(|matrix| others.contains_key(&matrix.layer.path()));
    pairs.extend(alone.map(|matrix| Pair::OnlyAfter(place(1, after, matrix))));
    pairs
}

/// Every matrix of a checkpoint beside its own entries in random order.
pub(super) fn permuted(checkpoint: &Checkpoint, seed: u64) -> Vec<Pair<'_>> {
    let seeds = (0..).map(|number| seed.wrapping_add(number));
    let matrices = checkpoint.plan.matrices.iter();
    let pair =
        |(matrix, seed)| Pair::Permuted { place: Place { number: 0, checkpoint, matrix }, seed };
    matrices.zip(seeds).map(pair).collect()
}

impl Pair<'_> {
    /// The matrix that it is listed by.
    pub(super) fn matrix(&self) -> &Planned {
        match self {
            Self::Both { before: place, .. }
            | Self::Permuted { place, .. }
            | Self::Shapes { before: place, .. }
            | Self::OnlyBefore(place)
            | Self::OnlyAfter(place) => place.matrix,
        }
    }

    /// Decompositions that it takes.
    pub(super) fn weight(&self) -> f64 {
        match self {
            Self::Both { .. } | Self::Permuted { .. } => 2.0,
            _ => 0.0,
        }
    }

    /// Reads and analyses both, one after the other: of the first, the weights, the spectrum and
    /// the outermost vectors are kept for the second.
    pub(super) fn compare(&self, analyser: &Analyser) -> Compared {
        let as_it_is = |values| values;
        match self {
            Self::Both { before, after } => {
                let keep = Context::default().with_keep(true);
                let first = before.measure_in(analyser, keep, as_it_is);
                self.second(first, *after, analyser)
            }
            Self::Permuted { place, seed } => {
                let keep = Context::default().with_keep(true);
                let first = place.measure_in(analyser, keep, |values| shuffled(values, *seed));
                self.second(first, *place, analyser)
            }
            Self::Shapes { before, after } => {
                self.without(Outcome::Shapes([before.matrix.shape, after.matrix.shape]))
            }
            Self::OnlyBefore(_) => self.without(Outcome::OnlyBefore),
            Self::OnlyAfter(_) => self.without(Outcome::OnlyAfter),
        }
    }

    fn second(&self, first: Measured, place: Place<'_>, analyser: &Analyser) -> Compared {
        let before = first.row;
        if let Some(reason) = before.failed {
            return self.without(Outcome::Failed(reason));
        }
        let context = Context::default().with_reference(first.reference.as_ref());
        let after = place.measure_in(analyser, context, |values| values).row;
        if let Some(reason) = after.failed {
            return self.without(Outcome::Failed(reason));
        }
        let mut after = after.report.without_profile();
        let drift = after.report.drift.take();
        let before = Some(before.report.without_profile());
        Compared { drift, before, after: Some(after), ..self.without(Outcome::Compared) }
    }

    /// A pair that is not compared.
    pub(super) fn without(&self, status: Outcome) -> Compared {
        let Planned { layer, shape, .. } = self.matrix();
        let (drift, before, after) = (None, None, None);
        Compared { layer: layer.clone(), shape: *shape, status, drift, before, after }
    }
}

fn shuffled(values: WeightValues, seed: u64) -> WeightValues {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    match values {
        WeightValues::F32(mut values) => {
            values.shuffle(&mut rng);
            WeightValues::F32(values)
        }
        WeightValues::F64(mut values) => {
            values.shuffle(&mut rng);
            WeightValues::F64(values)
        }
    }
}
