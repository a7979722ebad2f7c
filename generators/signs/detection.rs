//! How many directions are counted, over how strong they are.

use super::laws::{Law, Planted, drawn, rng};
use crate::calibration::Failure;
use rmt_core::signs::{COPIES, sign_null};
use rmt_core::{Matrix, Orientation};

/// Shapes, rows first.
pub const SHAPES: [[usize; 2]; 4] = [[64, 64], [128, 512], [256, 1024], [512, 512]];
/// θ/q^{1/4}: 1 is the threshold below which a direction leaves no trace in the spectrum of a large matrix.
pub const STRENGTHS: [f64; 13] = [0.0, 0.6, 0.8, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.8, 2.0, 2.5];
/// Matrices of each shape and strength.
pub const MATRICES: usize = 100;
/// Directions of one strength in each.
const PLANTED: usize = 5;

/// What is counted above in the matrices of one shape and strength, of Gaussian noise.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Detection {
    /// Rows and columns.
    pub shape: [usize; 2],
    /// θ/q^{1/4} of the directions.
    pub strength: f64,
    /// How many matrices were drawn.
    pub matrices: usize,
    /// Mean count over the number planted, and its standard error over the matrices.
    pub share: [f64; 2],
}

/// The names of the columns that [`Detection`] prints.
pub(super) const HEAD: &str = "\
| shape | strength | matrices | planted in each | share counted | standard error |
|---|---|---|---|---|---|";

impl Detection {
    /// Draws and counts. The noise is the same at every strength.
    ///
    /// # Errors
    /// Those of the analysis; a matrix that has no count.
    pub fn measure(shape: [usize; 2], strength: f64, matrices: usize) -> Result<Self, Failure> {
        let planted = Planted { above: PLANTED, below: 0 };
        let [mut sum, mut squares] = [0.0; 2];
        for i in 0..matrices {
            let mut rng = rng(Law::Gaussian, shape, planted, i);
            let values = drawn(Law::Gaussian, shape, planted, [strength; 2], &mut rng);
            let matrix = Matrix::new(&values[..], shape[0], shape[1], Orientation::OutIn)?;
            let found = sign_null(&matrix, COPIES, 0.05, i as u64)?;
            let structure = found.and_then(|found| found.structure).ok_or("no count")?;
            let share = structure.above.count as f64 / PLANTED as f64;
            sum += share;
            squares += share * share;
        }
        let count = matrices as f64;
        let mean = sum / count;
        let variance = (squares / count - mean * mean).max(0.0);
        let error = (variance / (count - 1.0).max(1.0)).sqrt();
        Ok(Self { shape, strength, matrices, share: [mean, error] })
    }
}

impl std::fmt::Display for Detection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { shape: [rows, cols], strength, matrices, share: [share, error] } = self;
        write!(
            f,
            "| {rows}×{cols} | {strength:.1} | {matrices} | {PLANTED} | {share:.3} | {error:.3} |"
        )
    }
}
