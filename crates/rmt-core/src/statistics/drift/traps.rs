//! Correlation traps: outliers that survive a permutation of the entries.

use crate::RmtError;
use crate::spectrum::{Matrix, Values, gram_singular_values};
use crate::statistics::kurtosis::excess_kurtosis;
use crate::statistics::spectrum_test::Judge;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};

/// Seed of the permutation: the same matrix always gives the same figures.
const SEED: u64 = 0x2602_0285;

/// Correlation traps: outliers above in the spectrum of the matrix with randomly permuted entries.
///
/// A permutation destroys every structure but keeps the entries, so what is still above the bulk
/// is carried by few large entries (heavy tails), or by a mean that is not zero: see
/// [`offset_over_edge`](Self::offset_over_edge). Published as a signal of overfitting late in
/// training; the count at initialization with Gaussian or uniform entries is 0 at the stated level.
///
/// Source: Prakash & Martin, arXiv 2602.02859 (2026).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CorrelationTraps {
    /// Number of significant values above of the permuted matrix, at the level of each of a
    /// matrix's tests.
    pub count: Option<usize>,
    /// Whether `count` is a lower bound, because the count stopped at half of all values.
    #[serde(default)]
    pub count_cut_off: bool,
    /// p-value of the largest singular value of the permuted matrix.
    pub p: Option<f64>,
    /// Largest singular value of the permuted matrix, in units of its own upper edge.
    pub largest_over_edge: Option<f64>,
    /// Number of significant values above of the unpermuted matrix.
    pub unpermuted_count: Option<usize>,
    /// Whether `unpermuted_count` is a lower bound.
    #[serde(default)]
    pub unpermuted_count_cut_off: bool,
    /// Largest singular value of the unpermuted matrix, in units of its upper edge.
    pub unpermuted_largest_over_edge: Option<f64>,
    /// |mean|·√(mn), the singular value that the mean of the entries makes under any permutation,
    /// in units of the permuted matrix's upper edge: a trap of this size is an offset.
    pub offset_over_edge: Option<f64>,
    /// Why figures are missing.
    pub reason: Option<String>,
}

/// Traps of `matrix`: one decomposition without vectors. The caller adds the figures of the matrix in its own order.
///
/// # Errors
/// [`RmtError::Domain`] for an empty matrix or an entry that is not finite,
/// [`RmtError::NoConvergence`] when the solver gives up.
pub(crate) fn correlation_traps(
    matrix: &Matrix<'_>,
    judge: &Judge<'_>,
) -> Result<CorrelationTraps, RmtError> {
    // In the type that they are stored in: half the room of doubles.
    let (single, double);
    let entries = match matrix.values() {
        Values::F32(values) => {
            single = shuffled(values);
            Values::F32(&single)
        }
        Values::F64(values) => {
            double = shuffled(values);
            Values::F64(&double)
        }
    };
    let (rows, cols) = (matrix.rows(), matrix.cols());
    let permuted = Matrix::new(entries, rows, cols, matrix.orientation())?;
    // The smallest values are not looked at.
    let nu = gram_singular_values(&permuted)?;
    let (test, reason) =
        judge.spectrum(&nu, matrix.large_side(), excess_kurtosis(matrix), false)?;
    let over_edge = |x: f64| test.edge_high.map(|edge| x / edge).filter(|x| x.is_finite());
    let count = entries.len() as f64;
    let offset = (entries.iter().sum::<f64>() / count).abs() * count.sqrt();
    Ok(CorrelationTraps {
        count: test.significant_above,
        count_cut_off: test.significant_above_cut_off,
        p: test.p_above,
        largest_over_edge: nu.first().and_then(|&largest| over_edge(largest)),
        unpermuted_count: None,
        unpermuted_count_cut_off: false,
        unpermuted_largest_over_edge: None,
        offset_over_edge: over_edge(offset),
        reason,
    })
}

fn shuffled<T: Copy>(values: &[T]) -> Vec<T> {
    let mut values = values.to_vec();
    values.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(SEED));
    values
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::ScaleEstimator;
    use crate::nulls::Nulls;
    use crate::spectrum::{Orientation, singular_values};
    use crate::test_support::{binomial_interval, gaussian};
    use rand_distr::{Distribution, StudentT};

    const M: usize = 64;
    const N: usize = 128;

    fn traps(values: &[f64], min_side: usize) -> CorrelationTraps {
        let nulls = Nulls::default();
        let estimator = ScaleEstimator::default();
        let judge = Judge::new(estimator, 0.002, min_side, &nulls);
        let matrix = Matrix::new(values, M, N, Orientation::OutIn).unwrap();
        correlation_traps(&matrix, &judge).unwrap()
    }

    #[test]
    fn heavy_tails_have_traps() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let student = StudentT::new(1.5).unwrap();
        for _ in 0..20 {
            let a: Vec<f64> = (0..M * N).map(|_| student.sample(&mut rng)).collect();
            let found = traps(&a, 16);
            assert!(found.count.unwrap() >= 8, "{found:?}");
            assert!(found.largest_over_edge.unwrap() > 1.5 && found.p.unwrap() < 1e-9, "{found:?}");
        }
    }

    #[test]
    fn structure_does_not_survive_the_permutation() {
        // A strong signal of rank 3 in noise: three outliers as it is, a random matrix permuted.
        let trials = 200;
        let (mut counts, mut rejected) = (0, 0);
        for trial in 0..trials {
            let mut a = gaussian(M, N, 10 * trial);
            for k in 0..3 {
                let (u, v) =
                    (gaussian(1, M, 10 * trial + 1 + k), gaussian(1, N, 10 * trial + 5 + k));
                (0..M * N).for_each(|i| a[i] += 0.3 * u[i / N] * v[i % N]);
            }
            let matrix = Matrix::new(&a[..], M, N, Orientation::OutIn).unwrap();
            let nu = singular_values(&matrix).unwrap();
            let estimator = ScaleEstimator::default();
            let nulls = Nulls::default();
            let judge = Judge::new(estimator, 0.002, 16, &nulls);
            assert_eq!(judge.spectrum(&nu, N, None, false).unwrap().0.significant_above, Some(3));
            let found = correlation_traps(&matrix, &judge).unwrap();
            counts += found.count.unwrap();
            rejected += usize::from(found.p.unwrap() <= 0.05);
        }
        // Level .002, 200 matrices: .4 expected.
        assert!(counts <= 4, "{counts}");
        let (low, high) = binomial_interval(trials as usize, 0.05, 0.01);
        assert!((low..=high).contains(&rejected), "{rejected} not in {low}..={high}");
    }

    #[test]
    fn an_offset_is_named() {
        let a: Vec<f64> = gaussian(M, N, 7).iter().map(|x| x + 1.0).collect();
        let found = traps(&a, 16);
        assert_eq!(found.count, Some(1));
        let ratio = found.largest_over_edge.unwrap() / found.offset_over_edge.unwrap();
        assert!((0.95..1.1).contains(&ratio), "{found:?}");
    }

    #[test]
    fn seeded_and_unusual_input() {
        let a = gaussian(M, N, 8);
        assert_eq!(traps(&a, 16), traps(&a, 16));
        let zero = traps(&vec![0.0; M * N], 16);
        assert_eq!((zero.count, zero.largest_over_edge), (None, None));
        assert_eq!(zero.reason.as_deref(), Some("it is zero"));
        assert!(traps(&a, 65).reason.unwrap().contains("below the 65"));
    }
}
