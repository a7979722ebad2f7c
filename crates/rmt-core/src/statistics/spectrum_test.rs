//! The tests of one spectrum: of a matrix, of its change, of its entries in another order, of what enters a layer.

use crate::RmtError;
use crate::laws::MarchenkoPastur;
use crate::laws::bulk::scaled_distance;
use crate::laws::scale::{ScaleEstimator, ScaleRule};
use crate::notes::Note;
use crate::nulls::{Nulls, PValue};
use crate::statistics::finite;
use crate::statistics::heavy_tail::matrix_rank;
use crate::statistics::kurtosis::KurtosisCorrection;
use crate::statistics::significance::{EdgeNulls, Significance, p_above, p_below, significance};
use serde::{Deserialize, Serialize};

/// Results of the tests of one spectrum against a random matrix of its shape.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SpectrumReport {
    /// Scale σ: the standard deviation of the entries, estimated from the bulk.
    pub scale: Option<f64>,
    /// Upper edge of the bulk, ν₊ = σ(√n + √m), corrected for the kurtosis of the entries.
    pub edge_high: Option<f64>,
    /// Number of singular values significantly above the bulk, at the level of each of a matrix's
    /// tests. They are removed one by one, and the scale is estimated anew from the rest each time,
    /// so the count can exceed the number beyond the edge.
    pub significant_above: Option<usize>,
    /// Whether `significant_above` is a lower bound, because the count stopped at half of all
    /// values.
    #[serde(default)]
    pub significant_above_cut_off: bool,
    /// Number of singular values significantly below the bulk; 0 for a square matrix, which has no
    /// lower edge.
    pub significant_below: Option<usize>,
    /// Whether `significant_below` is a lower bound, because the count stopped at half of all
    /// values.
    #[serde(default)]
    pub significant_below_cut_off: bool,
    /// p-value of the largest singular value.
    pub p_above: Option<f64>,
    /// p-value of the smallest singular value, by the hard-edge law for a square matrix.
    pub p_below: Option<f64>,
    /// Distance m·sup|F_m − F| of the spectrum from the Marchenko–Pastur law.
    pub bulk_distance: Option<f64>,
    /// Simulated p-value of `bulk_distance`.
    pub p_bulk: Option<f64>,
}

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
            _ => ends.scale,
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

    /// In the report; `bulk` where it was looked at, and the edge displaced by `correction`.
    pub(crate) fn report(
        &self,
        correction: &KurtosisCorrection,
        bulk: Option<(f64, PValue)>,
    ) -> SpectrumReport {
        let ends = &self.ends;
        SpectrumReport {
            scale: finite(self.scale),
            edge_high: finite(self.edges[1] * correction.edges().1),
            significant_above: Some(ends.above),
            significant_above_cut_off: ends.above_cut_off,
            significant_below: Some(ends.below),
            significant_below_cut_off: ends.below_cut_off,
            p_above: finite(ends.p_above.p),
            p_below: finite(ends.p_below.p),
            bulk_distance: bulk.and_then(|(distance, _)| finite(distance)),
            p_bulk: bulk.and_then(|(_, p)| finite(p.p)),
        }
    }
}

/// How spectra beside a matrix's own are judged: as the matrix's own is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judge<'a> {
    /// Estimator of the bulk's scale.
    pub estimator: ScaleEstimator,
    /// Level of each test.
    pub level: f64,
    /// Smaller sides below this are not judged.
    pub min_side: usize,
    /// Simulated nulls, shared with the matrix's own tests: the shape is the same.
    pub nulls: &'a Nulls,
}

impl<'a> Judge<'a> {
    /// Judges by `estimator` at `level`, sides from `min_side` on, against `nulls`.
    pub(crate) fn new(
        estimator: ScaleEstimator,
        level: f64,
        min_side: usize,
        nulls: &'a Nulls,
    ) -> Self {
        Self { estimator, level, min_side, nulls }
    }

    /// Tests the singular values `descending` of an m×`large` matrix whose entries have this excess
    /// kurtosis, the bulk as well if `with_bulk`; and says why something is missing.
    ///
    /// Values below the matrix rank are rounding and count as 0. Where the bulk itself is zero
    /// every other value is an outlier, at p = 0.
    ///
    /// # Errors
    /// [`RmtError::Domain`] unless 1 ≤ m ≤ n.
    pub(crate) fn spectrum(
        &self,
        descending: &[f64],
        large: usize,
        excess_kurtosis: Option<f64>,
        with_bulk: bool,
    ) -> Result<(SpectrumReport, Option<String>), RmtError> {
        let m = descending.len();
        let untested = |reason: String| Ok((SpectrumReport::default(), Some(reason)));
        if m < self.min_side {
            return untested(Note::TooSmall { side: m, least: self.min_side }.into());
        }
        let rank = matrix_rank(descending, large);
        if rank == 0 {
            return untested("it is zero".into());
        }
        let mut nu = descending.to_vec();
        nu[rank..].fill(0.0);
        let rule = ScaleRule::new(self.estimator, m, large)?;
        let kurtosis = excess_kurtosis.unwrap_or(0.0);
        let correction = KurtosisCorrection::new(kurtosis, m, large, rule.estimate(&nu));
        let nu = correction.corrected(&nu);
        let scale = rule.estimate(&nu);
        if !scale.is_finite() {
            return untested("its bulk has no finite scale".into());
        }
        let reason = (rank < m).then(|| Note::Vanish { count: m - rank, of: m }.into());
        if scale <= 0.0 {
            let (significant_above, p_above) = (Some(rank), Some(0.0));
            let report = SpectrumReport { significant_above, p_above, ..Default::default() };
            return Ok((report, reason));
        }
        let nulls = EdgeNulls::gaussian(self.nulls, m, large, self.estimator)?;
        let test = SpectrumTest::new(&nu, large, self.estimator, self.level, &nulls)?;
        let bulk = if with_bulk { Some(test.bulk(&nu, large, &nulls)?) } else { None };
        Ok((test.report(&correction, bulk), reason))
    }
}
