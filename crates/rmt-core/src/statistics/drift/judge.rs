//! The tests of one spectrum, for spectra beside a matrix's own.

use crate::RmtError;
use crate::laws::scale::{ScaleEstimator, ScaleRule};
use crate::nulls::Nulls;
use crate::statistics::heavy_tail::matrix_rank;
use crate::statistics::kurtosis::KurtosisCorrection;
use crate::statistics::significance::EdgeNulls;
use crate::statistics::spectrum_test::SpectrumTest;

/// How the spectra of changes and of permuted matrices are judged: as the matrix's own is.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Judge<'a> {
    /// Estimator of the bulk's scale.
    pub estimator: ScaleEstimator,
    /// Level of each test.
    pub level: f64,
    /// Smaller sides below this are not judged.
    pub min_side: usize,
    /// Simulated nulls, shared with the matrix's own tests: the shape is the same.
    pub nulls: &'a Nulls,
}

/// What the tests say.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Judged {
    /// σ.
    pub scale: Option<f64>,
    /// ν₊.
    pub edge_high: Option<f64>,
    /// Significant values above.
    pub significant_above: Option<usize>,
    /// Significant values below.
    pub significant_below: Option<usize>,
    /// p of the largest value.
    pub p_above: Option<f64>,
    /// p of the smallest value.
    pub p_below: Option<f64>,
    /// m·D.
    pub bulk_distance: Option<f64>,
    /// Its p.
    pub p_bulk: Option<f64>,
    /// Half of the values were removed and the upper end still rejects: `significant_above` is a lower
    /// bound.
    pub above_cut_off: bool,
    /// The same of the lower end and `significant_below`.
    pub below_cut_off: bool,
    /// Why something is missing.
    pub reason: Option<String>,
}

impl<'a> Judge<'a> {
    /// Judges by `estimator` at `level`, sides from `min_side` on, against `nulls`.
    pub fn new(estimator: ScaleEstimator, level: f64, min_side: usize, nulls: &'a Nulls) -> Self {
        Self { estimator, level, min_side, nulls }
    }

    /// Tests the singular values `descending` of an m×`large` matrix whose entries have this excess
    /// kurtosis, the bulk as well if `with_bulk`.
    ///
    /// Values below the matrix rank are rounding and count as 0. Where the bulk itself is zero
    /// every other value is an outlier, at p = 0.
    ///
    /// # Errors
    /// [`RmtError::Domain`] unless 1 ≤ m ≤ n.
    pub fn spectrum(
        &self,
        descending: &[f64],
        large: usize,
        excess_kurtosis: Option<f64>,
        with_bulk: bool,
    ) -> Result<Judged, RmtError> {
        let m = descending.len();
        let mut judged = Judged::default();
        if m < self.min_side {
            judged.reason = Some(format!(
                "the smaller side is {m}, below the {} that the tests need",
                self.min_side
            ));
            return Ok(judged);
        }
        let rank = matrix_rank(descending, large);
        if rank == 0 {
            judged.reason = Some("it is zero".into());
            return Ok(judged);
        }
        let mut nu = descending.to_vec();
        nu[rank..].fill(0.0);
        let rule = ScaleRule::new(self.estimator, m, large)?;
        let kurtosis = excess_kurtosis.unwrap_or(0.0);
        let correction = KurtosisCorrection::new(kurtosis, m, large, rule.estimate(&nu));
        let nu = correction.corrected(&nu);
        let scale = rule.estimate(&nu);
        if !scale.is_finite() {
            judged.reason = Some("its bulk has no finite scale".into());
            return Ok(judged);
        }
        if rank < m {
            judged.reason = Some(format!("{} of {m} singular values vanish", m - rank));
        }
        if scale <= 0.0 {
            judged.significant_above = Some(rank);
            judged.p_above = Some(0.0);
            return Ok(judged);
        }
        let finite = |x: f64| x.is_finite().then_some(x);
        let nulls = EdgeNulls::gaussian(self.nulls, m, large, self.estimator)?;
        let test = SpectrumTest::new(&nu, large, self.estimator, self.level, &nulls)?;
        let found = test.ends;
        judged.scale = finite(test.scale);
        judged.edge_high = finite(test.edges[1] * correction.edges().1);
        judged.significant_above = Some(found.above);
        judged.significant_below = Some(found.below);
        judged.above_cut_off = found.above_cut_off;
        judged.below_cut_off = found.below_cut_off;
        judged.p_above = finite(found.p_above.p);
        judged.p_below = finite(found.p_below.p);
        if with_bulk {
            let (distance, p) = test.bulk(&nu, large, &nulls)?;
            judged.bulk_distance = finite(distance);
            judged.p_bulk = finite(p.p);
        }
        Ok(judged)
    }
}
