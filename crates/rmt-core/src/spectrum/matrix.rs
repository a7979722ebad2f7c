//! A weight matrix as it is stored, and which of its sides is the input.

use crate::RmtError;
use serde::{Deserialize, Serialize};

/// Which side of a stored matrix belongs to the layer's input.
///
/// "Right" singular vectors live on the INPUT side and "left" ones on the OUTPUT side, whatever the
/// storage order. The numerics never guess it: whoever reads the weights states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Orientation {
    /// Rows are outputs, columns are inputs (PyTorch, safetensors, convolutions).
    OutIn,
    /// Rows are inputs, columns are outputs (burn's `Linear` and `Embedding`).
    InOut,
    /// Not known; read as [`InOut`](Self::InOut), and said so in the report.
    Assumed,
}

impl Orientation {
    /// Whether the rows, as stored, are the output side.
    pub fn rows_are_outputs(self) -> bool {
        matches!(self, Self::OutIn)
    }

    /// Whether the smaller side (the rows, where both are equal) is the layer's output.
    pub fn small_side_is_output(self, rows: usize, cols: usize) -> bool {
        (rows <= cols) == self.rows_are_outputs()
    }
}

/// Entries that are widened at a time.
const BLOCK: usize = 512;

/// Matrix entries in row-major order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Values<'a> {
    /// Single precision (also for widened half precision).
    F32(&'a [f32]),
    /// Double precision.
    F64(&'a [f64]),
}

impl Values<'_> {
    /// Number of entries.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(v) => v.len(),
            Self::F64(v) => v.len(),
        }
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Machine epsilon of the type that they are stored in.
    pub fn epsilon(&self) -> f64 {
        match self {
            Self::F32(_) => f64::from(f32::EPSILON),
            Self::F64(_) => f64::EPSILON,
        }
    }

    /// `each` of the entries, widened, a block after the other: what is done with a block is done with
    /// several entries at once.
    pub(crate) fn blocks(&self, mut each: impl FnMut(&[f64])) {
        match self {
            Self::F32(v) => {
                let mut widened = [0.0; BLOCK];
                for block in v.chunks(BLOCK) {
                    for (wide, &x) in widened.iter_mut().zip(block) {
                        *wide = f64::from(x);
                    }
                    each(&widened[..block.len()]);
                }
            }
            Self::F64(v) => v.chunks(BLOCK).for_each(each),
        }
    }

    /// The entries, widened.
    pub fn iter(&self) -> impl Iterator<Item = f64> + '_ {
        let (single, double): (&[f32], &[f64]) = match self {
            Self::F32(v) => (v, &[]),
            Self::F64(v) => (&[], v),
        };
        single.iter().map(|&x| f64::from(x)).chain(double.iter().copied())
    }
}

impl<'a> From<&'a [f32]> for Values<'a> {
    fn from(values: &'a [f32]) -> Self {
        Self::F32(values)
    }
}

impl<'a> From<&'a [f64]> for Values<'a> {
    fn from(values: &'a [f64]) -> Self {
        Self::F64(values)
    }
}

/// A matrix as stored: `rows × cols` values in row-major order, and its orientation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Matrix<'a> {
    values: Values<'a>,
    rows: usize,
    cols: usize,
    orientation: Orientation,
}

impl<'a> Matrix<'a> {
    /// Checks that there are `rows × cols` values.
    ///
    /// # Errors
    /// [`RmtError::Shape`] when there are not.
    pub fn new(
        values: impl Into<Values<'a>>,
        rows: usize,
        cols: usize,
        orientation: Orientation,
    ) -> Result<Self, RmtError> {
        let values = values.into();
        let expected = rows.saturating_mul(cols);
        if values.len() != expected {
            return Err(RmtError::Shape { rows, cols, expected, found: values.len() });
        }
        Ok(Self { values, rows, cols, orientation })
    }

    /// The entries, row by row.
    pub fn values(&self) -> Values<'a> {
        self.values
    }

    /// Rows as stored.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns as stored.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Which side is the input.
    pub fn orientation(&self) -> Orientation {
        self.orientation
    }

    /// The smaller side, m.
    pub fn small_side(&self) -> usize {
        self.rows.min(self.cols)
    }

    /// The larger side, n.
    pub fn large_side(&self) -> usize {
        self.rows.max(self.cols)
    }

    /// Whether the small side (the rows, where both are equal) is the layer's output.
    pub fn small_side_is_output(&self) -> bool {
        self.orientation.small_side_is_output(self.rows, self.cols)
    }
}
