//! Norms and ranks under the names that WeightWatcher 0.7 gave them; λ = ν² of the raw matrix.

use serde::{Deserialize, Serialize};

/// Figures of the spectrum that need no fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HeavyTail {
    /// log₁₀ Σλ, the logarithm of the squared Frobenius norm; null for a zero matrix.
    pub log_norm: Option<f64>,
    /// Σλ / λ_max.
    pub stable_rank: Option<f64>,
    /// λ_max = ν₁² (squared, as WeightWatcher has it); null where the square overflows.
    pub spectral_norm: Option<f64>,
    /// −Σ p ln p / ln(rank), p = λ/Σλ.
    pub entropy: Option<f64>,
    /// #{ν > ν₁·max(m, n)·2.2e-16}.
    pub matrix_rank: usize,
    /// ν₊²/λ_max: the share of the largest eigenvalue that the bulk edge explains.
    pub edge_ratio: Option<f64>,
}

/// Machine precision as numpy's `matrix_rank` uses it.
pub(crate) const RANK_TOLERANCE: f64 = 2.2e-16;

/// Number of singular values above ν₁·n·2.2e-16.
pub fn matrix_rank(descending: &[f64], large: usize) -> usize {
    let cut = descending.first().copied().unwrap_or(0.0) * large as f64 * RANK_TOLERANCE;
    descending.iter().filter(|&&nu| nu > cut).count()
}

impl HeavyTail {
    /// From singular values in descending order, the large side n and the bulk's upper edge ν₊.
    pub fn new(descending: &[f64], large: usize, edge_high: Option<f64>) -> Self {
        let largest = descending.first().copied().unwrap_or(0.0);
        let finite = |x: f64| x.is_finite().then_some(x);
        // Relative to λ_max, so that extreme scales neither overflow nor underflow.
        let relative: f64 = descending.iter().map(|nu| (nu / largest).powi(2)).sum();
        let rank = matrix_rank(descending, large);
        let entropy: f64 = descending
            .iter()
            .map(|nu| (nu / largest).powi(2) / relative + 1e-10)
            .map(|p| -p * p.ln())
            .sum();
        Self {
            log_norm: finite(relative.log10() + 2.0 * largest.log10()),
            stable_rank: finite(relative),
            spectral_norm: finite(largest * largest),
            entropy: finite(entropy / (rank as f64 + 1e-10).ln()).filter(|_| rank > 1),
            matrix_rank: rank,
            edge_ratio: edge_high.and_then(|edge| finite((edge / largest).powi(2))),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn closed_forms() {
        // λ = 4, 1, 1 of a 3×5 matrix.
        let h = HeavyTail::new(&[2.0, 1.0, 1.0], 5, Some(1.0));
        assert!((h.stable_rank.unwrap() - 1.5).abs() < 1e-15);
        assert!((h.log_norm.unwrap() - 6.0_f64.log10()).abs() < 1e-15);
        assert_eq!(h.spectral_norm, Some(4.0));
        assert_eq!(h.matrix_rank, 3);
        assert_eq!(h.edge_ratio, Some(0.25));
        let expected = -(2.0 / 3.0 * (2.0_f64 / 3.0).ln() + 1.0 / 3.0 * (1.0_f64 / 6.0).ln());
        assert!((h.entropy.unwrap() - expected / 3.0_f64.ln()).abs() < 1e-8);
        // Equal values: entropy 1, stable rank = rank.
        let flat = HeavyTail::new(&[3.0; 8], 8, None);
        assert!((flat.entropy.unwrap() - 1.0).abs() < 1e-8);
        assert!((flat.stable_rank.unwrap() - 8.0).abs() < 1e-14);
    }

    #[test]
    fn degenerate_input_is_null_not_nan() {
        let zero = HeavyTail::new(&[0.0, 0.0], 2, None);
        assert_eq!((zero.log_norm, zero.stable_rank, zero.entropy), (None, None, None));
        assert_eq!(zero.matrix_rank, 0);
        let one = HeavyTail::new(&[5.0, 0.0], 2, None);
        assert_eq!((one.matrix_rank, one.entropy), (1, None));
        let huge = HeavyTail::new(&[1e200, 1e200], 2, None);
        assert_eq!(huge.spectral_norm, None);
        assert_eq!(huge.stable_rank, Some(2.0));
        assert!((huge.log_norm.unwrap() - 400.30103).abs() < 1e-4);
    }
}
