//! Follows both ends of a spectrum between two full analyses.
//!
//! Training moves a matrix little from one snapshot to the next. So the leading and trailing
//! singular vectors of the last snapshot are a good start for block Krylov iteration with
//! Rayleigh–Ritz (Golub & Van Loan §10.3.6; Musco & Musco, NeurIPS 2015). A few products of the
//! matrix with a narrow block then give the current vectors. A few random vectors in the block find
//! new directions. The inverse of the matrix as last analysed in full leads to the smallest
//! singular values. [`Analyser::track`](crate::Analyser::track) tests both ends against the bulk of
//! the last full analysis, scaled to the current norm of the matrix.
//!
//! Ritz values lie within the spectrum (Cauchy's interlacing): ν̂₁ ≤ ν₁ and ν̂_m ≥ ν_m. So a value
//! that has not converged is never found more significant than it is. Each end comes with a bound
//! on its error.
//!
//! ```
//! use rmt_core::tracking::TrackingOptions;
//! use rmt_core::{Analyser, AnalysisOptions, Context, Matrix, Nulls, Orientation};
//! use rand_distr::{Distribution, StandardNormal};
//! use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
//! let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default())?;
//! let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
//! let mut w: Vec<f32> = (0..512 * 600).map(|_| StandardNormal.sample(&mut rng)).collect();
//! let context = Context::default().with_tracking(Some(TrackingOptions::default()));
//! let matrix = Matrix::new(&w[..], 512, 600, Orientation::OutIn)?;
//! let mut tracker = analyser.analyse(&matrix, context)?.tracker.expect("large enough");
//! // A row grows: the matrix has an outlier above, at once.
//! w[..600].iter_mut().for_each(|x| *x *= 2.5);
//! let matrix = Matrix::new(&w[..], 512, 600, Orientation::OutIn)?;
//! let report = analyser.track(&matrix, &mut tracker)?.expect("still trackable");
//! assert_eq!(report.significant_above, Some(1));
//! # Ok::<(), rmt_core::RmtError>(())
//! ```

mod krylov;

use crate::report::MatrixReport;
use crate::spectrum::{Decomposition, Matrix, Values};
use faer::Mat;
pub(crate) use krylov::Ends;
use krylov::{Inverse, Wanted};
use serde::{Deserialize, Serialize};

/// Vectors beyond those that are wanted, at either end: they keep them apart from the rest.
const GUARD: usize = 4;

/// Random vectors in the block.
const FRESH: usize = 2;

/// The basis takes at most one of so many dimensions: with more a full analysis costs little more.
const ONE_OF: usize = 4;

/// What to follow between full analyses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TrackingOptions {
    /// Number of largest singular values.
    pub leading: usize,
    /// Number of smallest singular values, for matrices that are not square. A square matrix has no
    /// lower edge, and its smallest values lie close to each other at zero.
    pub trailing: usize,
    /// Number of steps of the iteration.
    pub depth: usize,
}

impl Default for TrackingOptions {
    fn default() -> Self {
        Self { leading: 12, trailing: 8, depth: 2 }
    }
}

/// The state that a full analysis leaves for following a matrix. It takes 8·(k + 1)·m bytes for k
/// vectors, and 4·m² more if trailing vectors are followed.
#[derive(Debug, Clone)]
pub struct Tracker {
    pub(crate) options: TrackingOptions,
    pub(crate) report: MatrixReport,
    /// Of the last full analysis, descending.
    pub(crate) singular_values: Vec<f64>,
    /// The matrix' entries may not be of another type now.
    pub(crate) single: bool,
    /// Leading and trailing vectors of the small side.
    pub(crate) leading: Mat<f64>,
    pub(crate) trailing: Mat<f64>,
    /// Of the last full analysis, where trailing vectors are followed.
    inverse: Option<Inverse>,
    /// Snapshots followed since the last full analysis: other random vectors each time.
    pub(crate) followed: u64,
}

impl Tracker {
    /// Of a matrix that was analysed; `None` where a full analysis costs little more than following it, or
    /// where it has no bulk.
    pub(crate) fn new(
        options: TrackingOptions,
        matrix: &Matrix<'_>,
        decomposition: &Decomposition,
        report: &MatrixReport,
    ) -> Option<Self> {
        let (m, n) = (matrix.small_side(), matrix.large_side());
        let trailing = if m == n { 0 } else { options.trailing };
        let guarded = |wanted: usize| if wanted == 0 { 0 } else { wanted + GUARD };
        let (top, bottom) = (guarded(options.leading), guarded(trailing));
        let basis = (top + bottom + FRESH) * (options.depth + 1);
        let judged = report.verdict.is_judged();
        if options.leading == 0 || basis * ONE_OF > m || !judged || report.scale.is_none() {
            return None;
        }
        let columns = |ranks: std::ops::Range<usize>| {
            let mut columns = Mat::zeros(m, ranks.len());
            for (k, rank) in ranks.enumerate() {
                for (x, u) in
                    columns.col_as_slice_mut(k).iter_mut().zip(decomposition.small_vector(rank))
                {
                    *x = u;
                }
            }
            columns
        };
        Some(Self {
            options: TrackingOptions { trailing, ..options },
            report: report.clone(),
            singular_values: decomposition.singular_values.clone(),
            single: matches!(matrix.values(), Values::F32(_)),
            leading: columns(0..top),
            trailing: columns(m - bottom..m),
            inverse: (trailing > 0).then(|| Inverse::new(decomposition)),
            followed: 0,
        })
    }

    /// Whether this is still the matrix that was analysed.
    pub(crate) fn fits(&self, matrix: &Matrix<'_>) -> bool {
        self.report.shape == [matrix.rows(), matrix.cols()]
            && self.report.orientation == matrix.orientation()
            && self.single == matches!(matrix.values(), Values::F32(_))
    }

    /// The ends of the spectrum of `a`, which is m×n; the block for the next snapshot is kept.
    pub(crate) fn follow(&mut self, a: &Mat<f64>) -> Option<Ends> {
        self.followed += 1;
        let wanted = Wanted { leading: self.leading.ncols(), trailing: self.trailing.ncols() };
        let start = krylov::block(&self.leading, &self.trailing, FRESH, self.followed);
        let found = krylov::ends(a, start, self.inverse.as_ref(), self.options.depth, wanted)?;
        self.leading = found.leading.vectors.clone();
        self.trailing = found.trailing.vectors.clone();
        Some(found)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
