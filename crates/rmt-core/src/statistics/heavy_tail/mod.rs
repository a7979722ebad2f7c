//! Norms, ranks and the power-law exponent under WeightWatcher's names.
//!
//! The names and definitions are those of WeightWatcher 0.7.7 on a CPU, so that its users can
//! compare; λ = ν² of the matrix as stored, with no factor 1/N. What differs:
//!
//! - where it writes −1, NaN or ∞, the figure is `None` with a reason;
//! - it fits what is left of a matrix of 8 or more singular values even if fewer than 8 are above
//!   the cut of 1e-5; here that is not estimable. A matrix of fewer than 8 it leaves out; here it
//!   has all figures but the fit;
//! - its `entropy` of a matrix of rank 1 divides by 1e-10; here it is not estimable;
//! - it takes a convolution as k² matrices [out, in], each times √½, and pools their λ; here
//!   it is one matrix [out, in·k²], so that no figure of a convolution agrees;
//! - `edge_ratio` is close to its `mp_softrank` in meaning, but that comes from another fit of the bulk;
//! - on a GPU it has other constants: 1e-4 for the cut, 6e-5 within `entropy`, single precision for the rank.
//!
//! Source: Martin & Mahoney, JMLR 22 (2021), 1–73; Martin, Peng & Mahoney, Nature Communications 12,
//! 4122 (2021) for `alpha_weighted` and `log_alpha_norm`.

mod power_law;

pub use power_law::{PowerLaw, PowerLawError};

use crate::notes::{Note, Statistic};
use crate::statistics::finite;
use crate::statistics::ranks::effective_rank;
use serde::{Deserialize, Serialize};

/// WeightWatcher's cut: smaller λ take no part in the fit. It depends on the scale of the weights.
const SMALLEST_FITTED: f64 = 1e-5;

/// Added to the shares and to the rank within `entropy`.
const ENTROPY_OFFSET: f64 = 1e-10;

/// Figures of the spectrum under WeightWatcher's names. The [module](self) lists the differences.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HeavyTail {
    /// Exponent α of the [power law](PowerLaw) p(λ) ∝ λ^(−α) fitted to the upper tail of λ > 1e-5.
    pub alpha: Option<f64>,
    /// Standard error of α, (α − 1)/√`tail_count` (WeightWatcher's `sigma`).
    pub alpha_sigma: Option<f64>,
    /// α·log₁₀ λ_max.
    pub alpha_weighted: Option<f64>,
    /// λ at which the fitted tail begins.
    pub xmin: Option<f64>,
    /// Kolmogorov–Smirnov distance between the tail and the fit (WeightWatcher's `D`).
    pub distance: Option<f64>,
    /// Number of λ in the tail (WeightWatcher's `num_pl_spikes`).
    pub tail_count: Option<usize>,
    /// log₁₀ Σλ, the logarithm of the squared Frobenius norm.
    pub log_norm: Option<f64>,
    /// log₁₀ Σλ^α, over every λ.
    pub log_alpha_norm: Option<f64>,
    /// Σλ / λ_max.
    pub stable_rank: Option<f64>,
    /// λ_max = ν₁², the squared spectral norm, as in WeightWatcher.
    pub spectral_norm: Option<f64>,
    /// −Σ p ln p / ln(rank + 1e-10), p = λ/Σλ + 1e-10.
    pub entropy: Option<f64>,
    /// [Effective rank](effective_rank) exp(−Σ p ln p), p = λ/Σλ: the number of directions that the squared norm is spread
    /// over. A figure of this matrix, without an error of estimation.
    #[serde(default)]
    pub effective_rank: Option<f64>,
    /// Condition number ν₁/ν_m of a matrix of full rank. WeightWatcher has no such figure.
    #[serde(default)]
    pub condition_number: Option<f64>,
    /// #{ν > ν₁·n·2.2e-16}: the rank at double precision.
    pub matrix_rank: usize,
    /// #{ν > ν₁·n·ε} with the ε of the storage type: smaller values may be its rounding alone.
    pub matrix_rank_storage: usize,
    /// ν₊²/λ_max: the share of the largest eigenvalue that the bulk edge explains.
    pub edge_ratio: Option<f64>,
}

/// The rank as numpy's `matrix_rank` has it: number of singular values above ν₁·n·ε.
pub(crate) fn rank_at(descending: &[f64], large: usize, epsilon: f64) -> usize {
    let cut = descending.first().copied().unwrap_or(0.0) * large as f64 * epsilon;
    descending.iter().filter(|&&nu| nu > cut).count()
}

/// The rank at double precision: number of singular values above ν₁·n·2.2e-16.
pub fn matrix_rank(descending: &[f64], large: usize) -> usize {
    rank_at(descending, large, f64::EPSILON)
}

impl HeavyTail {
    /// Computes the figures from singular values in descending order, the large side n, the bulk's
    /// upper edge ν₊, and the machine epsilon of the weights' storage type. Also returns a reason
    /// for each figure that is `None`, except for a missing edge.
    pub fn new(
        descending: &[f64],
        large: usize,
        edge_high: Option<f64>,
        storage_epsilon: f64,
    ) -> (Self, Vec<Note>) {
        let largest = descending.first().copied().unwrap_or(0.0);
        let rank = matrix_rank(descending, large);
        let mut figures = Self {
            alpha: None,
            alpha_sigma: None,
            alpha_weighted: None,
            xmin: None,
            distance: None,
            tail_count: None,
            log_norm: None,
            log_alpha_norm: None,
            stable_rank: None,
            spectral_norm: None,
            entropy: None,
            effective_rank: None,
            condition_number: None,
            matrix_rank: rank,
            matrix_rank_storage: rank_at(descending, large, storage_epsilon),
            edge_ratio: None,
        };
        if largest.is_nan() || largest <= 0.0 {
            return (
                figures,
                vec![Note::of(Statistic::HeavyTail, "there are no eigenvalues above zero")],
            );
        }
        let mut notes = Vec::new();
        // Relative to λ_max, so that extreme scales neither overflow nor underflow.
        let relative: Vec<f64> = descending.iter().map(|nu| nu / largest).collect();
        let squares: Vec<f64> = relative.iter().map(|r| r * r).collect();
        let sum: f64 = squares.iter().sum();
        let log_largest = 2.0 * largest.log10();
        figures.stable_rank = finite(sum);
        figures.log_norm = finite(sum.log10() + log_largest);
        figures.spectral_norm = square(largest);
        if figures.spectral_norm.is_none() {
            let reason = format!("the square of {largest:e} is out of range");
            notes.push(Note::of(Statistic::SpectralNorm, reason));
        }
        figures.effective_rank = effective_rank(&squares);
        figures.edge_ratio = edge_high.and_then(|edge| finite((edge / largest).powi(2)));
        if rank == descending.len() {
            figures.condition_number = descending.last().and_then(|least| finite(largest / least));
        } else {
            let reason = "the smallest singular value is zero at double precision";
            notes.push(Note::of(Statistic::ConditionNumber, reason));
        }
        if rank > 1 {
            figures.entropy = finite(entropy(&relative, sum, rank));
        } else {
            notes.push(Note::of(Statistic::Entropy, "the rank is 1"));
        }

        let fitted = descending.iter().filter(|&&nu| nu * nu > SMALLEST_FITTED).count();
        if fitted < rank {
            let reason = format!(
                "{} of {rank} eigenvalues other than zero are not above 1e-5 and left out, a cut that \
                 depends on the scale of the weights",
                rank - fitted
            );
            notes.push(Note::of(Statistic::Alpha, reason));
        }
        let logs: Vec<f64> = relative.iter().take(fitted).map(|r| 2.0 * r.ln()).collect();
        match PowerLaw::fit_logs(&logs) {
            Ok(law) => {
                figures.alpha = finite(law.alpha);
                figures.alpha_sigma = finite(law.alpha_sigma);
                figures.alpha_weighted = finite(law.alpha * log_largest);
                figures.xmin = descending.get(law.tail_count - 1).and_then(|&nu| square(nu));
                if figures.xmin.is_none() {
                    notes.push(Note::of(Statistic::Xmin, "the square is out of range"));
                }
                figures.distance = finite(law.distance);
                figures.tail_count = Some(law.tail_count);
                let norm: f64 = relative.iter().map(|r| r.powf(2.0 * law.alpha)).sum();
                figures.log_alpha_norm = finite(norm.log10() + law.alpha * log_largest);
            }
            Err(PowerLawError::TooFew { found }) => {
                let reason = format!("{found} eigenvalues above 1e-5 are too few; the fit needs 8");
                notes.push(Note::of(Statistic::Alpha, reason));
            }
            Err(error) => notes.push(Note::of(Statistic::Alpha, error)),
        }
        (figures, notes)
    }
}

fn entropy(relative: &[f64], sum: f64, rank: usize) -> f64 {
    let total: f64 =
        relative.iter().map(|r| r * r / sum + ENTROPY_OFFSET).map(|p| -p * p.ln()).sum();
    total / (rank as f64 + ENTROPY_OFFSET).ln()
}

/// ν², where it is a normal number.
fn square(nu: f64) -> Option<f64> {
    Some(nu * nu).filter(|x| x.is_normal())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn figures(descending: &[f64], large: usize, edge: Option<f64>) -> HeavyTail {
        HeavyTail::new(descending, large, edge, f64::from(f32::EPSILON)).0
    }

    fn notes(descending: &[f64], large: usize) -> Vec<String> {
        let (_, notes) = HeavyTail::new(descending, large, None, f64::EPSILON);
        notes.into_iter().map(String::from).collect()
    }

    #[test]
    fn closed_forms() {
        // λ = 4, 1, 1 of a 3×5 matrix.
        let h = figures(&[2.0, 1.0, 1.0], 5, Some(1.0));
        assert!((h.stable_rank.unwrap() - 1.5).abs() < 1e-15);
        assert!((h.log_norm.unwrap() - 6.0_f64.log10()).abs() < 1e-15);
        assert_eq!(h.spectral_norm, Some(4.0));
        assert_eq!(h.matrix_rank, 3);
        assert_eq!(h.edge_ratio, Some(0.25));
        let expected = -(2.0 / 3.0 * (2.0_f64 / 3.0).ln() + 1.0 / 3.0 * (1.0_f64 / 6.0).ln());
        assert!((h.entropy.unwrap() - expected / 3.0_f64.ln()).abs() < 1e-8);
        assert!((h.effective_rank.unwrap() - expected.exp()).abs() < 1e-14);
        assert_eq!(h.condition_number, Some(2.0));
        // Equal values: entropy 1, stable rank = rank.
        let flat = figures(&[3.0; 8], 8, None);
        assert!((flat.entropy.unwrap() - 1.0).abs() < 1e-8);
        assert!((flat.stable_rank.unwrap() - 8.0).abs() < 1e-14);
        assert!((flat.effective_rank.unwrap() - 8.0).abs() < 1e-13);
        assert_eq!(flat.condition_number, Some(1.0));
    }

    #[test]
    fn eight_values_in_closed_form() {
        // Eight λ = e^7 … e^0 are one tail: Σ ln = 28, α = 1 + 7/28; D at j = 7: 7/8 − (1 − e^(−7/4)).
        let nu: Vec<f64> = (0..8).map(|i| (0.5 * (7.0 - f64::from(i))).exp()).collect();
        let h = figures(&nu, 10, None);
        assert!((h.alpha.unwrap() - 1.25).abs() < 1e-14);
        assert!((h.alpha_sigma.unwrap() - 0.25 / 8.0_f64.sqrt()).abs() < 1e-14);
        assert_eq!((h.tail_count, h.xmin), (Some(8), Some(1.0)));
        let law = |j: f64| (1.0 - (-0.25 * j).exp() - j / 8.0).abs();
        let distance = (0..8).map(|j| law(f64::from(j))).fold(0.0, f64::max);
        assert!((h.distance.unwrap() - distance).abs() < 1e-14);
        let log_e = std::f64::consts::LOG10_E;
        assert!((h.alpha_weighted.unwrap() - 1.25 * 7.0 * log_e).abs() < 1e-13);
        let norm: f64 = (0..8).map(|i| (1.25 * f64::from(i)).exp()).sum();
        assert!((h.log_alpha_norm.unwrap() - norm.log10()).abs() < 1e-13);
        assert!(notes(&nu, 10).is_empty());
    }

    #[test]
    fn ranks_at_both_precisions() {
        let h = figures(&[1.0, 1e-3, 1e-6, 1e-9, 1e-14, 0.0], 100, None);
        assert_eq!((h.matrix_rank, h.matrix_rank_storage), (4, 2));
    }

    #[test]
    fn degenerate_input_is_null_not_nan() {
        let zero = figures(&[0.0, 0.0], 2, None);
        assert_eq!((zero.log_norm, zero.stable_rank, zero.entropy), (None, None, None));
        assert_eq!((zero.matrix_rank, zero.alpha), (0, None));
        assert_eq!(figures(&[], 0, None), figures(&[0.0], 0, None));
        assert_eq!(notes(&[0.0], 2), ["heavy_tail: there are no eigenvalues above zero"]);
        let one = figures(&[5.0, 0.0], 2, None);
        assert_eq!((one.matrix_rank, one.entropy), (1, None));
        assert_eq!((one.effective_rank, one.condition_number), (Some(1.0), None));
        let zero = "condition_number: the smallest singular value is zero at double precision";
        let few = "alpha: 1 eigenvalues above 1e-5 are too few";
        let reasons = [zero, "entropy: the rank is 1", few];
        for (note, reason) in notes(&[5.0, 0.0], 2).iter().zip(reasons) {
            assert!(note.starts_with(reason), "{note}");
        }
        assert_eq!(notes(&[2.0; 30], 30), ["alpha: the values are equal"]);
    }

    #[test]
    fn squares_out_of_range_are_null_and_the_rest_is_exact() {
        let nu: Vec<f64> = (0..30).map(|i| 2.0_f64.powi(-i)).collect();
        let base = figures(&nu, 30, None);
        let huge: Vec<f64> = nu.iter().map(|x| x * 2.0_f64.powi(1000)).collect();
        let h = figures(&huge, 30, None);
        assert_eq!((h.spectral_norm, h.xmin), (None, None));
        assert_eq!((h.stable_rank, h.entropy), (base.stable_rank, base.entropy));
        assert!((h.log_norm.unwrap() - base.log_norm.unwrap() - 602.0599913279624).abs() < 1e-10);
        let whole = |h: &HeavyTail| {
            (h.log_alpha_norm.unwrap() - h.alpha_weighted.unwrap(), h.distance.unwrap())
        };
        // The cut leaves the base 9 values, and the huge ones whole.
        assert!(h.tail_count.unwrap() > 9 && base.tail_count.unwrap() <= 9);
        assert!(whole(&h).0 > 0.0 && whole(&h).1 < 1.0);
        let reasons = notes(&huge, 30);
        assert!(reasons[0].starts_with("spectral_norm: ") && reasons[1].starts_with("xmin: "));
        let tiny: Vec<f64> = nu.iter().map(|x| x * 2.0_f64.powi(-1000)).collect();
        let t = figures(&tiny, 30, None);
        assert_eq!((t.spectral_norm, t.alpha), (None, None));
        assert_eq!((t.stable_rank, t.entropy), (base.stable_rank, base.entropy));
    }

    #[test]
    fn a_note_says_when_the_cut_bites() {
        // ν = 2^0 … 2^−29, λ > 1e-5 for the first nine; none is zero.
        let nu: Vec<f64> = (0..30).map(|i| 2.0_f64.powi(-i)).collect();
        let note = &notes(&nu, 30)[0];
        assert!(note.starts_with("alpha: 21 of 30 eigenvalues other than zero"), "{note}");
        // Values that vanish are no matter of scale.
        let mut with_zeros = nu[..8].to_vec();
        with_zeros.extend([0.0; 5]);
        let reasons = notes(&with_zeros, 30);
        assert!(
            matches!(&reasons[..], [one] if one.starts_with("condition_number")),
            "{reasons:?}"
        );
    }
}
