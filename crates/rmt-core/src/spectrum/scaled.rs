//! The matrix that is decomposed: small side first, in double precision, divided by a power of two.

use super::{Matrix, Values, product};
use crate::RmtError;
use crate::laws::moments;
use crate::laws::wide::{Kernel, wide};
use faer::{Mat, MatRef};
use std::ops::Range;

/// Columns that are widened at a time where the whole matrix is not needed at once.
const COLUMNS: usize = 512;

/// W as m×n, m ≤ n, divided by a power of two so that its largest entry is about 1: exact, and the
/// solvers do not scale. Nothing is stored: entries are widened where they are needed, so that a product
/// needs no second copy of the matrix.
pub(crate) struct Scaled<'a> {
    matrix: &'a Matrix<'a>,
    exponent: i32,
}

impl<'a> Scaled<'a> {
    /// Looks for the largest entry.
    ///
    /// # Errors
    /// [`RmtError::Domain`] for an empty matrix or one with an entry that is not finite.
    pub(crate) fn new(matrix: &'a Matrix<'a>) -> Result<Self, RmtError> {
        let law = "singular value decomposition";
        if matrix.values().is_empty() {
            return Err(RmtError::Domain { law, requirement: "the matrix must not be empty" });
        }
        let mut largest = 0.0_f64;
        matrix.values().blocks(|block| largest = largest.max(moments::largest(block)));
        if !largest.is_finite() {
            return Err(RmtError::Domain { law, requirement: "every entry must be finite" });
        }
        Ok(Self { matrix, exponent: exponent(largest) })
    }

    /// The power of two that it is divided by.
    pub(crate) fn exponent(&self) -> i32 {
        self.exponent
    }

    /// The whole matrix.
    pub(crate) fn whole(&self) -> Mat<f64> {
        let mut matrix = Mat::zeros(self.matrix.small_side(), self.matrix.large_side());
        self.fill(&mut matrix, 0);
        matrix
    }

    /// The lower triangle of WWᵀ; zeros above it.
    pub(super) fn gram(&self) -> Mat<f64> {
        let m = self.matrix.small_side();
        let mut gram = Mat::zeros(m, m);
        self.panels(|panel, _| product::add_gram(&mut gram, panel));
        gram
    }

    /// WᵀB.
    pub(super) fn transposed_times(&self, b: &Mat<f64>) -> Mat<f64> {
        let mut result = Mat::zeros(self.matrix.large_side(), b.ncols());
        if b.ncols() == 0 {
            return result;
        }
        self.panels(|panel, columns| {
            let rows = result.as_mut().subrows_mut(columns.start, columns.len());
            product::transposed(rows, panel, b.as_ref());
        });
        result
    }

    /// `each` of the blocks of columns, one after the other, in the order in which the entries are stored.
    fn panels(&self, mut each: impl FnMut(MatRef<'_, f64>, Range<usize>)) {
        let (m, n) = (self.matrix.small_side(), self.matrix.large_side());
        let wide = self.matrix.rows() <= self.matrix.cols();
        let mut buffer = vec![0.0; m * COLUMNS.min(n)];
        for from in (0..n).step_by(COLUMNS) {
            let columns = from..(from + COLUMNS).min(n);
            let panel = &mut buffer[..m * columns.len()];
            if wide {
                for (i, row) in panel.chunks_exact_mut(columns.len()).enumerate() {
                    self.widened(i * n + from, row);
                }
                each(MatRef::from_row_major_slice(panel, m, columns.len()), columns);
            } else {
                self.widened(from * m, panel);
                each(MatRef::from_column_major_slice(panel, m, columns.len()), columns);
            }
        }
    }

    /// Entries as they are stored, from `from` on.
    fn widened(&self, from: usize, to: &mut [f64]) {
        let by = divisors(self.exponent);
        let range = from..from + to.len();
        match self.matrix.values() {
            Values::F32(from) => wide(Widened { from: &from[range], to, by }),
            Values::F64(from) => wide(Widened { from: &from[range], to, by }),
        }
    }

    /// Fills `panel` with the columns from `from` on.
    fn fill(&self, panel: &mut Mat<f64>, from: usize) {
        let (first, second) = divisors(self.exponent);
        let wide = self.matrix.rows() <= self.matrix.cols();
        let n = self.matrix.large_side();
        match self.matrix.values() {
            Values::F32(v) => filled(panel, from, n, wide, |k| f64::from(v[k]) * first * second),
            Values::F64(v) => filled(panel, from, n, wide, |k| v[k] * first * second),
        }
    }
}

/// Entries in double precision, divided.
struct Widened<'a, T> {
    from: &'a [T],
    to: &'a mut [f64],
    by: (f64, f64),
}

impl<T: Copy + Into<f64>> Kernel for Widened<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (to, &x) in self.to.iter_mut().zip(self.from) {
            *to = x.into() * self.by.0 * self.by.1;
        }
    }
}

/// The columns from `from` on of an m×n matrix, of its k-th entry as stored: by rows, and transposed
/// unless `wide`.
fn filled(panel: &mut Mat<f64>, from: usize, n: usize, wide: bool, entry: impl Fn(usize) -> f64) {
    /// Columns that are filled together: a line of the stored rows is then read once.
    const TOGETHER: usize = 16;
    let (m, columns) = (panel.nrows(), panel.ncols());
    if !wide {
        for j in 0..columns {
            for (i, x) in panel.col_as_slice_mut(j).iter_mut().enumerate() {
                *x = entry((from + j) * m + i);
            }
        }
        return;
    }
    for column in (0..columns).step_by(TOGETHER) {
        for row in (0..m).step_by(TOGETHER) {
            for j in column..(column + TOGETHER).min(columns) {
                let to = (row + TOGETHER).min(m);
                for (x, i) in panel.col_as_slice_mut(j)[row..to].iter_mut().zip(row..) {
                    *x = entry(i * n + from + j);
                }
            }
        }
    }
}

/// The power of two of `largest`, which is not negative.
pub(super) fn exponent(largest: f64) -> i32 {
    if largest == 0.0 { 0 } else { largest.log2().floor() as i32 }
}

/// Two factors that divide by 2^`exponent` one after the other: 2^±1074 is not itself a double.
pub(super) fn divisors(exponent: i32) -> (f64, f64) {
    let half = exponent / 2;
    (exp2(-half), exp2(half - exponent))
}

pub(crate) fn exp2(exponent: i32) -> f64 {
    f64::from(exponent).exp2()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::spectrum::Orientation;
    use crate::test_support::gaussian;

    #[test]
    fn products_are_those_of_the_whole() {
        for (rows, cols) in [(1, 1), (30, 511), (512, 30), (40, 513), (1500, 20), (20, 1024)] {
            let entries: Vec<f64> = gaussian(rows, cols, 1).iter().map(|x| 1e3 * x).collect();
            let matrix = Matrix::new(&entries[..], rows, cols, Orientation::OutIn).unwrap();
            let scaled = Scaled::new(&matrix).unwrap();
            let whole = scaled.whole();
            let (m, n) = (rows.min(cols), rows.max(cols));
            for i in 0..m {
                for j in 0..n {
                    let stored = if rows <= cols { entries[i * n + j] } else { entries[j * m + i] };
                    assert_eq!(whole[(i, j)] * exp2(scaled.exponent()), stored);
                }
            }
            let (gram, expected) = (scaled.gram(), &whole * whole.transpose());
            for j in 0..m {
                for i in 0..m {
                    let expected = if i >= j { expected[(i, j)] } else { 0.0 };
                    assert!((gram[(i, j)] - expected).abs() < 1e-12 * n as f64);
                }
            }
            let b = Mat::from_fn(m, 3, |i, k| (i + k) as f64 / m as f64);
            let difference = scaled.transposed_times(&b) - whole.transpose() * &b;
            assert!(difference.norm_max() < 1e-12 * m as f64);
        }
    }
}
