//! From a checkpoint's tensors to the matrices that are analysed: names, kinds, sides, and fused
//! projections cut into their parts.

use crate::formats::{FormatError, Source};
use rmt_core::Orientation;
use rmt_core::layers::LayerId;
use rmt_monitor::WeightValues;

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
    /// What the reader of the report should know, such as that the sides are guessed.
    pub notes: Vec<String>,
    /// Number of the tensor in its checkpoint.
    pub entry: usize,
    /// Bytes that reading it takes from the file.
    pub bytes: u64,
}

/// A tensor that is not analysed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// Name of the parameter.
    pub name: String,
    /// In words.
    pub why: String,
}

/// Which matrices are wanted, and what the user knows better than the names.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Wanted {}

/// What a checkpoint gives.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Plan {
    /// In the order of the model.
    pub matrices: Vec<Planned>,
    /// Tensors of two sides or more that are not analysed. Vectors are no matrices and not listed.
    pub skipped: Vec<Skipped>,
}

/// Cuts a checkpoint into matrices, from its headers alone.
pub fn plan(source: &dyn Source, _wanted: &Wanted) -> Plan {
    let mut plan = Plan::default();
    for (entry, e) in source.entries().iter().enumerate() {
        match e.shape[..] {
            [rows, cols] => plan.matrices.push(Planned {
                layer: LayerId::from_name(e.name.clone()),
                shape: [rows, cols],
                orientation: Orientation::OutIn,
                dtype: format!("{:?}", e.element).to_lowercase(),
                notes: vec![],
                entry,
                bytes: e.bytes,
            }),
            [_] => {}
            _ => plan.skipped.push(Skipped { name: e.name.clone(), why: "not a matrix".into() }),
        }
    }
    plan
}

/// The values of one matrix, row by row.
///
/// # Errors
/// As [`Source::read`].
pub fn read(source: &dyn Source, matrix: &Planned) -> Result<WeightValues, FormatError> {
    source.read(matrix.entry)
}
