//! What the first line of a part says: which part it is, and of what.

use crate::measure::Place;
use rmt_core::report::SCHEMA;
use rmt_core::shard::{Shard, Split};
use rmt_core::{Analyser, AnalysisOptions};
use serde::{Deserialize, Serialize};

/// Which part this is, and everything that the parts together hold. Parts of one inspection differ in
/// `shard` alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Header {
    schema: u32,
    /// Which part.
    pub(crate) shard: Shard,
    /// Names of the checkpoints' files: their directories may differ between machines.
    checkpoints: Vec<String>,
    options: AnalysisOptions,
    /// Whether the rows have spectra.
    spectrum: bool,
    /// Every matrix, in the order of an inspection that is not shared.
    pub(crate) matrices: Vec<Dealt>,
}

/// A matrix and the part that has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Dealt {
    pub(crate) step: u64,
    pub(crate) path: String,
    pub(crate) rank: usize,
}

/// The rank of each place, among `world` of about equal cost.
pub(crate) fn split(places: &[Place<'_>], world: usize) -> Vec<usize> {
    let named = |place: &Place<'_>| {
        // A matrix at several steps counts once per step.
        let path = format!("{} {}", place.number, place.matrix.layer.path());
        (path, place.matrix.shape)
    };
    Split::new(world).assign(&places.iter().map(named).collect::<Vec<_>>())
}

impl Header {
    /// Of the part `shard` of `places`, whose ranks are these.
    pub(crate) fn new(
        shard: Shard,
        ranks: &[usize],
        places: &[Place<'_>],
        analyser: &Analyser,
        spectrum: bool,
    ) -> Self {
        let mut checkpoints: Vec<String> = Vec::new();
        for place in places {
            if place.number >= checkpoints.len() {
                let path = &place.checkpoint.path;
                let name = path.file_name().unwrap_or(path.as_os_str());
                checkpoints.push(name.to_string_lossy().into_owned());
            }
        }
        let dealt = |(place, rank): (&Place<'_>, &usize)| Dealt {
            step: place.checkpoint.step,
            path: place.matrix.layer.path(),
            rank: *rank,
        };
        let matrices = places.iter().zip(ranks).map(dealt).collect();
        let options = analyser.options().clone();
        Self { schema: SCHEMA, shard, checkpoints, options, spectrum, matrices }
    }

    /// Whether both are of one inspection.
    pub(crate) fn is_beside(&self, other: &Self) -> bool {
        let alone = |header: &Self| {
            let shard = Shard { rank: 0, ..header.shard };
            Self { shard, ..header.clone() }
        };
        alone(self) == alone(other)
    }
}

/// As users write it.
pub(crate) fn written(Shard { rank, world }: Shard) -> String {
    format!("{rank}/{world}")
}
