//! The second stage: decompositions of the entries in other orders, and of their changes since earlier snapshots. It comes
//! before the singular vectors, which take the room of two copies of the matrix.

use super::context::Context;
use super::entries::Entries;
use super::options::{AnalysisOptions, NullModel};
use super::permutation::PermutationNull;
use crate::RmtError;
use crate::notes::Note;
use crate::statistics::drift::{Drift, moved};
use crate::statistics::spectrum_test::Judge;

/// Results of other decompositions.
pub(super) struct Beside {
    /// The permutation null, where it is asked for and can be made.
    pub(super) permuted: Option<PermutationNull>,
    /// How far the entries have moved; the angles come with the vectors.
    pub(super) moved: Option<Drift>,
}

impl Beside {
    /// Decomposes what the options and the context ask for. `judge` tests the other spectra.
    pub(super) fn of(
        entries: &Entries<'_>,
        context: &Context<'_>,
        options: &AnalysisOptions,
        judge: &Judge<'_>,
        notes: &mut Vec<Note>,
    ) -> Result<Self, RmtError> {
        let (stored, tested) = (entries.stored, entries.tested()?);
        let testable = tested.small_side() >= options.min_side && entries.moments.largest > 0.0;
        let permuted = match options.null_model {
            NullModel::Permutation { permutations } if testable => {
                let null = PermutationNull::simulate(stored, options, permutations, judge.nulls)?;
                notes.push(match &null {
                    Some(_) => Note::Permuted { orders: permutations },
                    None => Note::PermutedAlike,
                });
                null
            }
            _ => None,
        };
        let change = options.change_spectra.then_some(judge);
        let moved = moved(stored, context.reference, context.previous, change);
        Ok(Self { permuted, moved })
    }
}
