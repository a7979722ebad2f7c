//! The tests of one spectrum: of a matrix, of its change, of its entries in another order.

use crate::RmtError;
use crate::laws::MarchenkoPastur;
use crate::laws::bulk::scaled_distance;
use crate::laws::scale::{ScaleEstimator, ScaleRule};
use crate::nulls::PValue;
use crate::statistics::significance::{EdgeNulls, Significance, p_above, p_below, significance};

/// What the tests say of both ends, and the bulk that they measure them by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SpectrumTest {
    /// σ.
    pub(crate) scale: f64,
    /// ν₋ and ν₊ of a bulk of that scale.
    pub(crate) edges: [f64; 2],
    /// Counts and p-values.
    pub(crate) ends: Significance,
}

impl SpectrumTest {
    /// Tests the singular values `descending`, whose bulk is not zero, of an m×`large` matrix.
    ///
    /// The p-values are those of the whole matrix. [`ScaleEstimator::Fit`] measures it by the scale of what
    /// remains after the significant values are removed.
    ///
    /// # Errors
    /// [`RmtError::Domain`] unless 2 ≤ m ≤ `large`.
    pub(crate) fn new(
        descending: &[f64],
        large: usize,
        estimator: ScaleEstimator,
        level: f64,
        nulls: &EdgeNulls<'_>,
    ) -> Result<Self, RmtError> {
        let mut ends = significance(descending, large, estimator, level, nulls)?;
        let m = descending.len();
        let scale = match estimator {
            ScaleEstimator::Fit => ends.bulk_scale,
            _ => ScaleRule::new(estimator, m, large)?.estimate(descending),
        };
        if estimator == ScaleEstimator::Fit {
            ends.p_above = p_above(descending[0], scale, m, large, nulls.whole());
            ends.p_below = p_below(descending[m - 1], scale, m, large, nulls.whole());
        }
        let (root_m, root_n) = ((m as f64).sqrt(), (large as f64).sqrt());
        Ok(Self { scale, edges: [scale * (root_n - root_m), scale * (root_n + root_m)], ends })
    }

    /// m·D, the distance of the spectrum from the law of the bulk, and its p.
    ///
    /// # Errors
    /// [`RmtError::Domain`] as above.
    pub(crate) fn bulk(
        &self,
        descending: &[f64],
        large: usize,
        nulls: &EdgeNulls<'_>,
    ) -> Result<(f64, PValue), RmtError> {
        let law = MarchenkoPastur::for_shape(descending.len(), large)?;
        let distance = scaled_distance(descending, self.scale, large, &law);
        Ok((distance, nulls.whole().bulk.p_value(distance)))
    }
}
