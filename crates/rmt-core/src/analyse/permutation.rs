//! The null made of the matrix itself: its entries in random order.

use super::AnalysisOptions;
use crate::RmtError;
use crate::laws::MarchenkoPastur;
use crate::nulls::{Nulls, SpectralNull, TailTable};
use crate::spectrum::{Matrix, decompose, equalised};
use crate::statistics::scale::ScaleRule;
use crate::statistics::vectors::{SideNulls, SideTest, test_side};
use crate::statistics::{bulk, edges};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use std::sync::Arc;

/// Distributions of the statistics over random orders of one matrix's entries.
#[derive(Debug, Clone)]
pub(super) struct PermutationNull {
    pub(super) spectral: Arc<SpectralNull>,
    /// Of −ln p of the vectors on the small side.
    pub(super) small: TailTable,
    /// On the large side.
    pub(super) large: TailTable,
}

impl PermutationNull {
    /// Decomposes `permutations` permuted matrices, equalised like the matrix itself; `None` where
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
        let sides = [SideNulls::new(nulls, m)?, SideNulls::new(nulls, n)?];
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(nulls.seed());
        let mut values: Vec<f64> = matrix.values().iter().collect();
        let mut found = [const { Vec::new() }; 5];
        for _ in 0..permutations {
            values.shuffle(&mut rng);
            let (rows, cols) = (matrix.rows(), matrix.cols());
            let shuffled = Matrix::new(&values[..], rows, cols, matrix.orientation())?;
            let scaled = equalised(&shuffled, options.equalise);
            let shuffled = match &scaled {
                Some(scaled) => Matrix::new(&scaled[..], rows, cols, matrix.orientation())?,
                None => shuffled,
            };
            let d = decompose(&shuffled)?;
            let nu = &d.singular_values;
            let scale = rule.estimate(nu);
            let small = test_side(m, &sides[0], m, |k| d.small_vector(k), |_| 0.0);
            let large = test_side(n, &sides[1], m, |k| d.large_vector(k), |_| 0.0);
            let evidence = |side: Option<SideTest>| side.map_or(f64::NAN, |side| side.evidence());
            let row = [
                edges::evidence_above(nu[0], scale, m, n),
                edges::evidence_below(nu[m - 1], scale, m, n),
                bulk::scaled_distance(nu, scale, n, &law),
                evidence(small),
                evidence(large),
            ];
            found.iter_mut().zip(row).for_each(|(values, x)| values.push(x));
        }
        let [above, below, bulk, small, large] = found.map(TailTable::from_draws);
        let (Some(above), Some(below), Some(bulk)) = (above, below, bulk) else { return Ok(None) };
        let (Some(small), Some(large)) = (small, large) else { return Ok(None) };
        let spectral = Arc::new(SpectralNull { above, below, bulk });
        Ok(Some(Self { spectral, small, large }))
    }
}
