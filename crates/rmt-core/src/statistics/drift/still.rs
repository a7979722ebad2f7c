//! Rows and columns that training left where they were.

use crate::counts::Listed;
use crate::spectrum::{Matrix, Values};
use serde::{Deserialize, Serialize};

/// Share of a line's change that may point elsewhere than to zero: what rounding adds to weight decay.
const ELSEWHERE: f64 = 0.05;
/// Entries of the shortest line that is looked at: a shorter one may shrink by chance.
const SHORTEST: usize = 8;

/// Lines w that are as they were, or only shrank: w = c·w′ with 0 ≤ c ≤ 1, as weight decay leaves what no gradient
/// reaches. With d = w − w′ that is d = 0, or d·w′ < 0 and |d|² − (d·w′)²/|w′|² ≤ 0.05²·|d|².
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Still {
    /// Rows as stored.
    pub rows: Listed,
    /// Columns as stored.
    pub cols: Listed,
}

impl Still {
    /// Those of `matrix` since `old`, of the same shape; `None` where every line moved.
    pub(crate) fn of(matrix: &Matrix<'_>, old: Values<'_>) -> Option<Self> {
        let cols = matrix.cols();
        let mut by_row = vec![Moved::default(); matrix.rows()];
        let mut by_col = vec![Moved::default(); cols];
        let values = matrix.values();
        let mut pairs = values.iter().zip(old.iter());
        for row in &mut by_row {
            for (col, (now, before)) in by_col.iter_mut().zip(&mut pairs) {
                let change = now - before;
                row.add(change, before);
                col.add(change, before);
            }
        }
        let of = |lines: &[Moved], length: usize| match length >= SHORTEST {
            true => Listed::of((0..lines.len()).filter(|k| lines[*k].is_still())),
            false => Listed::default(),
        };
        let still = Self { rows: of(&by_row, cols), cols: of(&by_col, matrix.rows()) };
        (still.rows.count + still.cols.count > 0).then_some(still)
    }

    /// Whether nothing of a matrix of this shape moved.
    pub fn is_whole(&self, [rows, cols]: [usize; 2]) -> bool {
        (rows > 0 && self.rows.count == rows) || (cols > 0 && self.cols.count == cols)
    }
}

/// Sums over a line.
#[derive(Debug, Clone, Copy, Default)]
struct Moved {
    /// |d|².
    change: f64,
    /// d·w′.
    along: f64,
    /// |w′|².
    before: f64,
}

impl Moved {
    fn add(&mut self, change: f64, before: f64) {
        self.change += change * change;
        self.along += change * before;
        self.before += before * before;
    }

    /// Of NaN every comparison is false.
    fn is_still(&self) -> bool {
        let Self { change, along, before } = *self;
        let elsewhere = change - along * along / before;
        change == 0.0
            || (along < 0.0 && -along <= before && elsewhere <= ELSEWHERE.powi(2) * change)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::spectrum::Orientation;
    use crate::test_support::gaussian;

    const ROWS: usize = 20;
    const COLS: usize = 30;

    fn still(new: &[f32], old: &[f32]) -> Option<Still> {
        let matrix = Matrix::new(new, ROWS, COLS, Orientation::OutIn).unwrap();
        Still::of(&matrix, Values::F32(old))
    }

    fn first() -> Vec<f32> {
        gaussian(ROWS, COLS, 1).iter().map(|x| *x as f32).collect()
    }

    #[test]
    fn what_never_moved_or_only_decayed_is_still() {
        let old = first();
        let mut new = old.clone();
        let steps = gaussian(ROWS, COLS, 2);
        // Ten steps of decay, rounded each time; all rows but two take gradients.
        for _ in 0..10 {
            for (k, x) in new.iter_mut().enumerate() {
                *x *= 1.0 - 1e-5;
                if ![4, 17].contains(&(k / COLS)) {
                    *x += 1e-4 * steps[k] as f32;
                }
            }
        }
        let found = still(&new, &old).unwrap();
        assert_eq!((found.rows.count, found.rows.indices.as_slice()), (2, &[4, 17][..]));
        assert_eq!(found.cols.count, 0);
        assert!(!found.is_whole([ROWS, COLS]));
        let found = still(&old, &old).unwrap();
        assert!(found.is_whole([ROWS, COLS]) && found.cols.count == COLS, "{found:?}");
    }

    #[test]
    fn what_grows_turns_or_is_not_finite_is_not() {
        let old = first();
        let grown: Vec<f32> = old.iter().map(|x| 1.01 * x).collect();
        assert_eq!(still(&grown, &old), None);
        let turned: Vec<f32> = old.iter().map(|x| -x).collect();
        assert_eq!(still(&turned, &old), None);
        assert_eq!(still(&vec![f32::NAN; ROWS * COLS], &old), None);
        let zero = vec![0.0; ROWS * COLS];
        assert_eq!(still(&old, &zero), None);
        assert!(still(&zero, &zero).unwrap().is_whole([ROWS, COLS]));
    }
}
