//! Report of a layer's input, and of its weights against it.

use serde::{Deserialize, Serialize};

/// Shares of the trace whose leading subspaces the vectors are projected onto.
pub const TRACE_SHARES: [f64; 3] = [0.5, 0.9, 0.99];

/// A layer's input, and the overlap of the right singular vectors of its weights with it, by group:
/// of the significant values above the bulk, of those below, and of the rest.
///
/// What cannot be estimated is null, and the matrix' notes have the reason, beginning with
/// "activation". Each `_error` is |x_A − x_B|/2 over two halves of the tokens
/// ([`Activation`](super::Activation)).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ActivationReport {
    /// T.
    pub tokens: u64,
    /// N = d_in.
    pub features: usize,
    /// J, the eigenvalues of the covariance that are not 0; at most min(T − 1, N).
    pub rank: Option<usize>,
    /// exp(entropy of the normalized eigenvalues).
    pub effective_rank: Option<f64>,
    /// Its standard error.
    pub effective_rank_error: Option<f64>,
    /// (Σλ)²/Σλ².
    pub participation_ratio: Option<f64>,
    /// Its standard error.
    pub participation_ratio_error: Option<f64>,
    /// Standard deviation of a feature that the bulk of the eigenvalues suggests, were the features
    /// independent and alike.
    pub scale: Option<f64>,
    /// The largest eigenvalue that independent tokens of such features would have, by the
    /// Marchenko–Pastur law of T − 1 samples of N features.
    pub edge_high: Option<f64>,
    /// Eigenvalues significantly above it, at the level of each of a matrix's tests.
    pub significant_above: Option<usize>,
    /// Whether `significant_above` is a lower bound, cut off where half of the values were removed.
    pub significant_above_cut_off: bool,
    /// Mean overlap O_k = max_j |v_k·f_j| over the vectors of the significant values above.
    pub overlap_above: Option<f64>,
    /// Its standard error.
    pub overlap_above_error: Option<f64>,
    /// Mean overlap over the vectors of the significant values below.
    pub overlap_below: Option<f64>,
    /// Its standard error.
    pub overlap_below_error: Option<f64>,
    /// Mean overlap over the other vectors.
    pub overlap_bulk: Option<f64>,
    /// Its standard error.
    pub overlap_bulk_error: Option<f64>,
    /// Vectors of the significant values above.
    pub count_above: Option<usize>,
    /// Of the significant values below.
    pub count_below: Option<usize>,
    /// The others; those of vanishing singular values, any basis of the null space, are in no group.
    pub count_bulk: Option<usize>,
    /// How many of [`count_above`](Self::count_above) have an overlap above the band; .135 % of
    /// random vectors do.
    pub above_band_above: Option<usize>,
    /// Of [`count_below`](Self::count_below).
    pub above_band_below: Option<usize>,
    /// Of [`count_bulk`](Self::count_bulk).
    pub above_band_bulk: Option<usize>,
    /// Mean overlap of a random vector of N entries with J directions.
    pub null_mean: Option<f64>,
    /// Its .135 % quantile.
    pub band_low: Option<f64>,
    /// Its 99.865 % quantile.
    pub band_high: Option<f64>,
    /// Projections onto the subspaces with [`TRACE_SHARES`] of the trace.
    pub projections: Vec<ProjectionReport>,
    /// Angle between the span of the vectors of the significant values above and the subspace with
    /// 90 % of the trace, in radians: the arcsine of the root mean square sine over the principal
    /// angles.
    pub angle_above: Option<f64>,
    /// The smallest of those principal angles.
    pub angle_above_smallest: Option<f64>,
    /// [`angle_above`](Self::angle_above) of a random subspace of the same dimension.
    pub angle_above_random: Option<f64>,
    /// The same of the significant values below.
    pub angle_below: Option<f64>,
    /// The smallest of those principal angles.
    pub angle_below_smallest: Option<f64>,
    /// [`angle_below`](Self::angle_below) of a random subspace of the same dimension.
    pub angle_below_random: Option<f64>,
}

/// Projections ‖P v_k‖² onto the span of the d leading eigenvectors.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ProjectionReport {
    /// The share of the trace that the subspace has.
    pub trace: f64,
    /// d, the fewest eigenvectors that have it.
    pub dimension: usize,
    /// Mean over the vectors of the significant values above.
    pub above: Option<f64>,
    /// Its standard error.
    pub above_error: Option<f64>,
    /// P(mean ≥ this) for as many random orthonormal vectors.
    pub above_p: Option<f64>,
    /// Mean over the vectors of the significant values below.
    pub below: Option<f64>,
    /// Its standard error.
    pub below_error: Option<f64>,
    /// P(mean ≥ this) for as many random orthonormal vectors.
    pub below_p: Option<f64>,
    /// Mean over the other vectors.
    pub bulk: Option<f64>,
    /// Its standard error.
    pub bulk_error: Option<f64>,
    /// P(mean ≥ this) for as many random orthonormal vectors.
    pub bulk_p: Option<f64>,
    /// d/N, the mean of a random vector.
    pub null_mean: f64,
    /// Its .135 % quantile; null where the subspace is the whole space.
    pub band_low: Option<f64>,
    /// Its 99.865 % quantile.
    pub band_high: Option<f64>,
}
