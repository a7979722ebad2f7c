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

/// The matrices of `before` in their order, then those of `after` alone. Those of one name in both, as
/// `matched` has it by their numbers, are pairs.
pub(super) fn pairs<'a>(
    before: &'a Checkpoint,
    after: &'a Checkpoint,
    matched: &[(usize, usize)],
) -> Vec<Pair<'a>> {
    let place = |number, checkpoint, matrix| Place { number, checkpoint, matrix };
    let both = |one: &'a Planned, other: &'a Planned| {
        let (first, second) = (place(0, before, one), place(1, after, other));
        match other.shape == one.shape {
            true => Pair::Both { before: first, after: second },
            false => Pair::Shapes { before: first, after: second },
        }
    };
    let partners: HashMap<usize, usize> = matched.iter().copied().collect();
    let mut taken: Vec<bool> = vec![false; after.plan.matrices.len()];
    let mut pairs: Vec<Pair<'a>> = Vec::with_capacity(before.plan.matrices.len());
    for (number, matrix) in before.plan.matrices.iter().enumerate() {
        let partner = partners.get(&number).copied();
        pairs.push(match partner.and_then(|partner| after.plan.matrices.get(partner)) {
            Some(other) => both(matrix, other),
            None => Pair::OnlyBefore(place(0, before, matrix)),
        });
        if let Some(taken) = partner.and_then(|partner| taken.get_mut(partner)) {
            *taken = true;
        }
    }
    let alone = after.plan.matrices.iter().zip(taken).filter(|(_, taken)| !taken);
    pairs.extend(alone.map(|(matrix, _)| Pair::OnlyAfter(place(1, after, matrix))));
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
        let context = context.with_change_ladder(matches!(self, Self::Both { .. }));
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
