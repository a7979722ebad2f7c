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

/// A matrix to analyse.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Planned {
    /// Identity of the matrix.
    pub layer: LayerId,
    /// [rows, columns] as analysed.
    pub shape: [usize; 2],
    /// The input side.
    pub orientation: Orientation,
    /// Storage type, such as `bf16`.
    pub dtype: String,
    /// Whether the values are rounded to blocks of a few bits.
    pub quantized: bool,
    /// Notes for the reader of the report, such as that the sides are assumed.
    pub notes: Vec<String>,
    /// Number of the tensor in its checkpoint.
    pub entry: usize,
    /// Bytes to read from the file: the whole tensor, for each of its parts.
    pub bytes: u64,
    /// Place of the matrix in the tensor; `None` if it is the whole tensor.
    pub cut: Option<Cut>,
    /// Gain of the weight, if the tensor is a direction.
    pub gain: Option<Gain>,
    /// Other names under which the checkpoint holds the same matrix.
    pub aliases: Vec<String>,
}

/// A tensor that is not analysed, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// Name of the parameter, followed by a dot and the name of the part if it has one.
    pub name: String,
    /// The reason, in words.
    pub why: String,
    /// Whether the tensor may be a weight that cannot be read.
    pub unread: bool,
}

/// The matrices of a checkpoint.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Plan {
    /// The matrices to analyse, in the order of the checkpoint. The parts of one tensor follow each
    /// other.
    pub matrices: Vec<Planned>,
    /// Tensors with two or more sides that are not analysed. Vectors are not matrices and not
    /// listed here.
    pub skipped: Vec<Skipped>,
    /// Number of vectors and scalars.
    pub vectors: usize,
    /// Names of the vectors and scalars.
    pub one_sided: Vec<String>,
    /// Number of matrices and tensors that the options exclude.
    pub unwanted: usize,
    /// Settings that match no matrix, as (`layout` or `kind`, glob).
    pub unused: Vec<(&'static str, String)>,
}

/// Reads the values of one matrix, row by row. It reads the whole tensor, and releases it once the
/// matrix is cut out.
///
/// # Errors
/// Those of [`Source::read`], and an error if the number of values differs from that of
/// the header.
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
        problem: "the file has fewer values than its header claims; download the checkpoint again"
            .into(),
    })
}
