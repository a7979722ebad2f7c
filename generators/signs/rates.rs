//! How often the sign rung rejects where there is no structure.

use super::laws::{Law, PLAIN_OF, Planted, draw, rng};
use crate::calibration::{Failure, Interval, binomial_interval};
use rmt_core::report::FAMILY;
use rmt_core::signs::{COPIES, sign_test};
use rmt_core::{Analyser, Context, Matrix, Orientation};

/// Shapes, rows first.
pub const SHAPES: [[usize; 2]; 5] = [[48, 96], [64, 64], [128, 128], [128, 512], [256, 1024]];
/// Matrices of each law and shape.
pub const MATRICES: usize = 1000;
/// Copies whose rank alone can reject at the lower level.
const MANY_COPIES: usize = 99;
/// Probability that a table of a correct program has any count outside.
const FAMILY_WISE: f64 = 0.01;

/// Rejections among the matrices of one law and shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rates {
    /// Of the entries.
    pub law: Law,
    /// Rows and columns.
    pub shape: [usize; 2],
    /// How many were drawn.
    pub matrices: usize,
    /// By the rank among 19 copies, level 5 %; by that among 99, level 1 %; by the fitted tail of 19, level 1 %.
    pub signs: [usize; 3],
    /// By the family of five tests against independent entries of one variance, level 5 % and 1 %, of every fifth matrix.
    pub plain: [usize; 2],
}

/// The levels of [`Rates::signs`].
pub const LEVELS: [f64; 3] = [0.05, 0.01, 0.01];

/// The names of the columns that [`Rates`] prints.
pub(super) const HEAD: &str = "\
| law | shape | matrices | signs 5 % | signs 1 %, 99 copies | signs 1 %, 19 copies and tail | plain 5 % | plain 1 % | outside |
|---|---|---|---|---|---|---|---|---|";

impl Rates {
    /// With these rejections by the sign rung, and none by the plain one.
    pub fn new(law: Law, shape: [usize; 2], matrices: usize, signs: [usize; 3]) -> Self {
        Self { law, shape, matrices, signs, plain: [0; 2] }
    }

    /// Draws and tests `matrices` of a law and shape.
    ///
    /// # Errors
    /// Those of the analysis; a matrix that has no test.
    pub fn measure(
        analyser: &Analyser,
        law: Law,
        shape: [usize; 2],
        matrices: usize,
    ) -> Result<Self, Failure> {
        let (mut signs, mut plain) = ([0; 3], [0; 2]);
        for i in 0..matrices {
            let none = Planted::default();
            let values = draw(law, shape, none, &mut rng(law, shape, none, i));
            let matrix = Matrix::new(&values[..], shape[0], shape[1], Orientation::OutIn)?;
            let seed = i as u64;
            let many = sign_test(&matrix, MANY_COPIES, LEVELS[1], seed).ok_or("no test")?;
            // Of those that stop at the first copies, the test is the same with those alone.
            let few = match many.copies {
                COPIES => many,
                _ => sign_test(&matrix, COPIES, LEVELS[2], seed).ok_or("no test")?,
            };
            signs[0] += usize::from(few.signs.p <= LEVELS[0]);
            signs[1] += usize::from(many.signs.p <= LEVELS[1]);
            signs[2] += usize::from(few.signs.rejected);
            if i % PLAIN_OF > 0 {
                continue;
            }
            let report = analyser.analyse(&matrix, Context::default().with_ladder(false))?.report;
            let least = report.tests.iter().map(|test| test.p).fold(1.0, f64::min);
            let p = least * FAMILY.len() as f64;
            plain[0] += usize::from(p <= 0.05);
            plain[1] += usize::from(p <= 0.01);
        }
        Ok(Self { plain, ..Self::new(law, shape, matrices, signs) })
    }

    /// The counts that each column may have, at family-wise 99 % over the whole table.
    pub fn allowed(&self) -> [Interval; 3] {
        allowed(self.matrices)
    }

    /// The columns whose count is outside.
    pub fn outside(&self) -> Vec<usize> {
        let allowed = self.allowed();
        (0..LEVELS.len()).filter(|&k| !allowed[k].contains(self.signs[k])).collect()
    }
}

/// Rates in the whole table.
const RATES: usize = Law::ALL.len() * SHAPES.len() * LEVELS.len();

fn allowed(matrices: usize) -> [Interval; 3] {
    LEVELS.map(|level| binomial_interval(matrices, level, FAMILY_WISE / RATES as f64))
}

/// The intervals of the rates in so many matrices, as they stand below the table.
pub fn allowed_in_words(matrices: usize) -> String {
    let rate = |count: usize| 100.0 * count as f64 / matrices as f64;
    let interval = |k: usize| {
        let Interval { low, high } = allowed(matrices)[k];
        format!("from {:.1} to {:.1} % at {:.0} %", rate(low), rate(high), 100.0 * LEVELS[k])
    };
    format!("The intervals of the {RATES} rates go {} and {}.", interval(0), interval(1))
}

impl std::fmt::Display for Rates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [rows, cols] = self.shape;
        write!(f, "| {} | {rows}×{cols} | {} |", self.law, self.matrices)?;
        let outside = self.outside();
        let percent = |count: usize, of: usize| 100.0 * count as f64 / of as f64;
        for (k, &count) in self.signs.iter().enumerate() {
            let mark = if outside.contains(&k) { "**" } else { "" };
            write!(f, " {mark}{:.1}{mark} |", percent(count, self.matrices))?;
        }
        for count in self.plain {
            write!(f, " {:.1} |", percent(count, self.matrices.div_ceil(PLAIN_OF)))?;
        }
        write!(f, " {} |", if outside.is_empty() { "no" } else { "yes" })
    }
}
