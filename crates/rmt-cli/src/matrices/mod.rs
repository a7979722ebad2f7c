//! From a checkpoint's tensors to the matrices that are analysed: names, kinds, sides, and fused
//! projections cut into their parts.

mod heads;
mod norm;
mod plan;
mod reading;
mod recurrent;
mod ties;
mod wanted;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;

pub use heads::{ConfigError, heads_beside};
pub use norm::Gain;
pub use plan::plan;
pub use wanted::{PlanError, Wanted};

use crate::formats::{FormatError, Source};
use rmt_core::Orientation;
use rmt_core::layers::{Cut, LayerId};
use rmt_monitor::WeightValues;
use std::path::PathBuf;

/// One matrix to analyse.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Planned {
    /// Which.
    pub layer: LayerId,
    /// [rows, columns] as analysed.
    pub shape: [usize; 2],
    /// Which side is the input.
    pub orientation: Orientation,
    /// Storage type, such as `bf16`.
    pub dtype: String,
    /// Whether the values are rounded to blocks of a few bits.
    pub quantized: bool,
    /// What the reader of the report should know, such as that the sides are guessed.
    pub notes: Vec<String>,
    /// Number of the tensor in its checkpoint.
    pub entry: usize,
    /// Bytes that reading it takes from the file: all of its tensor, for each of its parts.
    pub bytes: u64,
    /// Its place in the tensor; `None` where it is all of it.
    pub cut: Option<Cut>,
    /// Where the tensor is a direction: its gain, with which the weight is formed.
    pub gain: Option<Gain>,
    /// Other names under which the checkpoint holds the same matrix.
    pub aliases: Vec<String>,
}

/// A tensor that is not analysed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// Name of the parameter and, behind a dot, of its part.
    pub name: String,
    /// In words.
    pub why: String,
    /// Whether it may be a weight that cannot be read.
    pub unread: bool,
}

/// What a checkpoint gives.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Plan {
    /// In the order of the checkpoint; the parts of one tensor are neighbours.
    pub matrices: Vec<Planned>,
    /// Tensors of two sides or more that are not analysed. Vectors are no matrices and not listed.
    pub skipped: Vec<Skipped>,
    /// Number of vectors and scalars.
    pub vectors: usize,
    /// Their names.
    pub one_sided: Vec<String>,
    /// Number of matrices and tensors that were not asked for.
    pub unwanted: usize,
    /// (`layout` or `kind`, glob) of settings whose names no matrix has.
    pub unused: Vec<(&'static str, String)>,
}

/// The values of one matrix, row by row. Its whole tensor is read, and let go of once it is cut.
///
/// # Errors
/// As [`Source::read`]; also where it gives another number of values than the header says.
pub fn read(source: &dyn Source, matrix: &Planned) -> Result<WeightValues, FormatError> {
    let mut values = source.read(matrix.entry)?;
    if let Some(gain) = matrix.gain {
        let gains = source.read(gain.entry)?;
        values = norm::formed(values, &gains).ok_or_else(|| FormatError {
            path: PathBuf::from(&matrix.layer.name),
            problem: "its gain does not fit its direction".into(),
        })?;
    }
    let [rows, columns] = matrix.shape;
    let taken = match (&matrix.cut, values) {
        (None, values) => Some(values).filter(|values| {
            rows.checked_mul(columns).is_some_and(|len| len == values.as_values().len())
        }),
        (Some(cut), WeightValues::F32(values)) => cut.take(&values).map(WeightValues::F32),
        (Some(cut), WeightValues::F64(values)) => cut.take(&values).map(WeightValues::F64),
    };
    taken.ok_or_else(|| FormatError {
        path: PathBuf::from(&matrix.layer.name),
        problem: "the file has not as many values as its header says; get the checkpoint anew"
            .into(),
    })
}
