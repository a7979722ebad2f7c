//! The null made of the matrix itself: its entries in random order.

use super::AnalysisOptions;
use crate::RmtError;
use crate::laws::MarchenkoPastur;
use crate::laws::scale::ScaleRule;
use crate::laws::{bulk, edges};
use crate::nulls::{Nulls, SpectralNull, TailTable};
use crate::spectrum::{Matrix, decompose, equilibrated, singular_values};
use crate::statistics::vectors::{SideNulls, SideTest, test_side};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use std::sync::Arc;

/// Distributions of the statistics over random orders of one matrix's entries.
#[derive(Debug, Clone)]
pub(super) struct PermutationNull {
    pub(super) spectral: Arc<SpectralNull>,
    /// Of −ln p of the vectors on the small and on the large side, if they are tested.
    pub(super) sides: Option<[TailTable; 2]>,
}

impl PermutationNull {
    /// Decomposes `permutations` permuted matrices, equilibrated like the matrix itself; `None` where
    /// a statistic does not vary among them.
    pub(super) fn simulate(
        matrix: &Matrix<'_>,
        options: &AnalysisOptions,
        permutations: usize,
        nulls: &Nulls,
    ) -> Result<Option<Self>, RmtError> {
        let (m, n) = (matrix.small_side(), matrix.large_side());
        let rule = ScaleRule::new(options.scale_estimator, m, n)?;
        let law = MarchenkoPastur::for_shape(m, n)?;
        let sides = match options.vectors {
            true => Some([SideNulls::new(nulls, m)?, SideNulls::new(nulls, n)?]),
            false => None,
        };
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(nulls.seed());
        let mut values: Vec<f64> = matrix.values().iter().collect();
        let mut found = [const { Vec::new() }; 5];
        for _ in 0..permutations {
            values.shuffle(&mut rng);
            let (rows, cols) = (matrix.rows(), matrix.cols());
            let shuffled = Matrix::new(&values[..], rows, cols, matrix.orientation())?;
            let scaled = equilibrated(&shuffled, options.equilibrate);
            let shuffled = match &scaled {
                Some(scaled) => Matrix::new(&scaled[..], rows, cols, matrix.orientation())?,
                None => shuffled,
            };
            let neg_log_p = |side: Option<SideTest>| side.map_or(f64::NAN, |side| side.neg_log_p());
            let (nu, small, large) = match &sides {
                Some([on_small, on_large]) => {
                    let d = decompose(&shuffled)?;
                    let small = test_side(m, on_small, m, |k| d.small_vector(k), |_| 0.0);
                    let large = test_side(n, on_large, m, |k| d.large_vector(k), |_| 0.0);
                    (d.singular_values, neg_log_p(small), neg_log_p(large))
                }
                None => (singular_values(&shuffled)?, f64::NAN, f64::NAN),
            };
            let scale = rule.estimate(&nu);
            let row = [
                edges::neg_log_p_above(nu[0], scale, m, n),
                edges::neg_log_p_below(nu[m - 1], scale, m, n),
                bulk::scaled_distance(&nu, scale, n, &law),
                small,
                large,
            ];
            found.iter_mut().zip(row).for_each(|(values, x)| values.push(x));
        }
        let [above, below, bulk, small, large] = found.map(TailTable::from_draws);
        let (Some(above), Some(below), Some(bulk)) = (above, below, bulk) else { return Ok(None) };
        let tested = small.zip(large).map(|(small, large)| [small, large]);
        if sides.is_some() && tested.is_none() {
            return Ok(None);
        }
        let spectral = Arc::new(SpectralNull { above, below, bulk });
        Ok(Some(Self { spectral, sides: tested }))
    }
}
