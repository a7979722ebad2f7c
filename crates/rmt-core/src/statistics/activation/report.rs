//! The report on a layer's inputs, and on its weights against them.

use serde::{Deserialize, Serialize};

/// Shares of the covariance's trace. Vectors are projected onto the leading subspace with each
/// share.
pub const TRACE_SHARES: [f64; 3] = [0.5, 0.9, 0.99];

/// A layer's inputs, and the overlap of its right singular vectors with them. The vectors are
/// grouped: those of the significant values above the bulk, those below, and the rest.
///
/// A figure that cannot be estimated is null, and the matrix's notes have the reason, beginning
/// with "activation". Each `_error` is |x_A − x_B|/2 over two halves of the tokens
/// ([`Activation`](super::Activation)).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ActivationReport {
    /// The number T of tokens.
    pub tokens: u64,
    /// The number of features N = d_in.
    pub features: usize,
    /// The number J of nonzero eigenvalues of the covariance, at most min(T − 1, N).
    pub rank: Option<usize>,
    /// Effective rank, exp(entropy of the normalized eigenvalues).
    pub effective_rank: Option<f64>,
    /// Standard error of the preceding figure.
    pub effective_rank_error: Option<f64>,
    /// Participation ratio (Σλ)²/Σλ² of the eigenvalues.
    pub participation_ratio: Option<f64>,
    /// Standard error of the preceding figure.
    pub participation_ratio_error: Option<f64>,
    /// Standard deviation of a feature, estimated from the bulk of the eigenvalues as if the
    /// features were independent and alike.
    pub scale: Option<f64>,
    /// Upper edge of the eigenvalues for independent tokens of such features, by the
    /// Marchenko–Pastur law of T − 1 samples of N features.
    pub edge_high: Option<f64>,
    /// Number of eigenvalues significantly above that edge, at the level of each of a matrix's
    /// tests.
    pub significant_above: Option<usize>,
    /// Whether `significant_above` is a lower bound, because the count stopped at half of all
    /// values.
    pub significant_above_cut_off: bool,
    /// Mean overlap O_k = max_j |v_k·f_j| over the vectors of the significant values above.
    pub overlap_above: Option<f64>,
    /// Standard error of the preceding figure.
    pub overlap_above_error: Option<f64>,
    /// Mean overlap over the vectors of the significant values below.
    pub overlap_below: Option<f64>,
    /// Standard error of the preceding figure.
    pub overlap_below_error: Option<f64>,
    /// Mean overlap over the other vectors.
    pub overlap_bulk: Option<f64>,
    /// Standard error of the preceding figure.
    pub overlap_bulk_error: Option<f64>,
    /// Number of vectors of the significant values above.
    pub count_above: Option<usize>,
    /// Number of vectors of the significant values below.
    pub count_below: Option<usize>,
    /// Number of other vectors. Vectors of vanishing singular values are in no group, since any
    /// basis of the null space would do.
    pub count_bulk: Option<usize>,
    /// Number of the vectors in [`count_above`](Self::count_above) whose overlap exceeds the band;
    /// .135 % of random vectors do.
    pub above_band_above: Option<usize>,
    /// The same number for [`count_below`](Self::count_below).
    pub above_band_below: Option<usize>,
    /// The same number for [`count_bulk`](Self::count_bulk).
    pub above_band_bulk: Option<usize>,
    /// Mean overlap of a random vector of N entries with J directions.
    pub null_mean: Option<f64>,
    /// .135 % quantile of the overlap of a random vector.
    pub band_low: Option<f64>,
    /// 99.865 % quantile of the overlap of a random vector.
    pub band_high: Option<f64>,
    /// Projections onto the subspaces with [`TRACE_SHARES`] of the trace.
    pub projections: Vec<ProjectionReport>,
    /// Angle in radians between the span of the vectors of the significant values above and the
    /// subspace with 90 % of the trace: the arcsine of the root mean square sine over the principal
    /// angles.
    pub angle_above: Option<f64>,
    /// The smallest of those principal angles.
    pub angle_above_smallest: Option<f64>,
    /// [`angle_above`](Self::angle_above) of a random subspace of the same dimension.
    pub angle_above_random: Option<f64>,
    /// The same angle for the significant values below.
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
    /// The subspace's share of the trace.
    pub trace: f64,
    /// The smallest number d of eigenvectors with that share.
    pub dimension: usize,
    /// Mean over the vectors of the significant values above.
    pub above: Option<f64>,
    /// Standard error of the preceding figure.
    pub above_error: Option<f64>,
    /// P(mean ≥ this) for as many random orthonormal vectors.
    pub above_p: Option<f64>,
    /// Mean over the vectors of the significant values below.
    pub below: Option<f64>,
    /// Standard error of the preceding figure.
    pub below_error: Option<f64>,
    /// P(mean ≥ this) for as many random orthonormal vectors.
    pub below_p: Option<f64>,
    /// Mean over the other vectors.
    pub bulk: Option<f64>,
    /// Standard error of the preceding figure.
    pub bulk_error: Option<f64>,
    /// P(mean ≥ this) for as many random orthonormal vectors.
    pub bulk_p: Option<f64>,
    /// Mean for a random vector, d/N.
    pub null_mean: f64,
    /// .135 % quantile for a random vector; null if the subspace is the whole space.
    pub band_low: Option<f64>,
    /// 99.865 % quantile for a random vector; null if the subspace is the whole space.
    pub band_high: Option<f64>,
}
