//! How many directions are counted, of how many that are planted.

use super::laws::{Law, PLAIN_OF, Planted, draw, rng};
use crate::calibration::Failure;
use rmt_core::signs::{COPIES, sign_null};
use rmt_core::{Analyser, Context, Matrix, Orientation};

/// Shapes, rows first.
pub const SHAPES: [[usize; 2]; 3] = [[128, 128], [128, 512], [512, 512]];
/// Matrices of each law, shape and plant.
pub const DRAWS: usize = 50;
/// Planted directions above.
pub const ABOVE: [usize; 3] = [0, 5, 30];
/// Planted directions below, in rectangular shapes.
pub const BELOW: [usize; 3] = [0, 5, 20];

/// A mean, and the mean absolute error.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Mean {
    /// Of the counts.
    pub count: f64,
    /// Of |count − planted|.
    pub error: f64,
}

/// What is counted in the matrices of one law, shape and plant.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Counts {
    /// Of the noise.
    pub law: Law,
    /// Rows and columns.
    pub shape: [usize; 2],
    /// What is planted.
    pub planted: Planted,
    /// How many were drawn.
    pub draws: usize,
    /// Above and below: against the copies.
    pub structure: [Mean; 2],
    /// By deflation, of every fifth matrix.
    pub deflation: [Mean; 2],
    /// Of these, beyond the edge of the Marchenko–Pastur law.
    pub edge: [Mean; 2],
}

/// The names of the columns that [`Counts`] prints.
pub(super) const HEAD: &str = "\
| law | shape | planted | draws | above | below | deflation above | below | edge above | below | missed |
|---|---|---|---|---|---|---|---|---|---|---|";

/// The plants of a shape.
pub fn plants([m, n]: [usize; 2]) -> Vec<Planted> {
    let below = if m < n { &BELOW[..] } else { &BELOW[..1] };
    let both = ABOVE.iter().flat_map(|&above| below.iter().map(move |&below| (above, below)));
    both.map(|(above, below)| Planted { above, below }).collect()
}

impl Counts {
    /// Draws and counts.
    ///
    /// # Errors
    /// Those of the analysis; a matrix that has no count.
    pub fn measure(
        analyser: &Analyser,
        law: Law,
        shape: [usize; 2],
        planted: Planted,
        draws: usize,
    ) -> Result<Self, Failure> {
        let mut all = [[Mean::default(); 2]; 3];
        let true_counts = [planted.above, planted.below];
        for i in 0..draws {
            let values = draw(law, shape, planted, &mut rng(law, shape, planted, i));
            let matrix = Matrix::new(&values[..], shape[0], shape[1], Orientation::OutIn)?;
            let found = sign_null(&matrix, COPIES, 0.05, i as u64)?;
            let structure = found.and_then(|found| found.structure).ok_or("no count")?;
            let mut add = |which: usize, found: [Option<usize>; 2], of: usize| {
                for ((mean, found), planted) in all[which].iter_mut().zip(found).zip(true_counts) {
                    let found = found.unwrap_or(0);
                    mean.count += found as f64 / of as f64;
                    mean.error += found.abs_diff(planted) as f64 / of as f64;
                }
            };
            let below = structure.below.map(|below| below.count);
            add(0, [Some(structure.above.count), below], draws);
            if i % PLAIN_OF == 0 {
                let plain =
                    analyser.analyse(&matrix, Context::default().with_ladder(false))?.report;
                let of = draws.div_ceil(PLAIN_OF);
                add(1, [plain.significant_above, plain.significant_below], of);
                add(2, [plain.outliers_above, plain.outliers_below], of);
            }
        }
        let [structure, deflation, edge] = all;
        Ok(Self { law, shape, planted, draws, structure, deflation, edge })
    }

    /// The mean absolute error that is asked for, above and below.
    pub fn targets(&self) -> [f64; 2] {
        [if self.law == Law::BothWide { 3.0 } else { 1.0 }, 2.0]
    }

    /// Whether an error is larger than asked for, above and below.
    pub fn missed(&self) -> [bool; 2] {
        let targets = self.targets();
        let misses = |side: usize| self.structure[side].error > targets[side];
        [misses(0), self.is_rectangular() && misses(1)]
    }

    fn is_rectangular(&self) -> bool {
        self.shape[0] < self.shape[1]
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Planted { above, below } = self.planted;
        let [rows, cols] = self.shape;
        write!(f, "| {} | {rows}×{cols} | {above} / {below} | {} |", self.law, self.draws)?;
        for means in [self.structure, self.deflation, self.edge] {
            write!(f, " {:.1} ({:.1}) |", means[0].count, means[0].error)?;
            match self.is_rectangular() {
                true => write!(f, " {:.1} ({:.1}) |", means[1].count, means[1].error)?,
                false => write!(f, " |")?,
            }
        }
        let missed = match self.missed() {
            [false, false] => "",
            [true, false] => "above",
            [false, true] => "below",
            [true, true] => "above, below",
        };
        write!(f, " {missed} |")
    }
}
