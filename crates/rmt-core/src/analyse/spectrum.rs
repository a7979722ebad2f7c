//! The part of a report that needs the singular values alone.

use super::permutation::PermutationNull;
use super::{Analyser, Family, finite};
use crate::RmtError;
use crate::laws::scale::{ScaleEstimator, ScaleRule};
use crate::notes::{Note, Statistic};
use crate::nulls::PValue;
use crate::report::MatrixReport;
use crate::statistics::heavy_tail::matrix_rank;
use crate::statistics::kurtosis::KurtosisCorrection;
use crate::statistics::signal::{
    AdditiveSpike, Signal, Suppression, VarianceSpike, hard_threshold,
};
use crate::statistics::significance::EdgeNulls;
use crate::statistics::spacing;
use crate::statistics::spectrum_test::SpectrumTest;

impl Analyser {
    /// Everything that needs the singular values alone.
    pub(super) fn spectrum(
        &self,
        report: &mut MatrixReport,
        family: &mut Family,
        raw: &[f64],
        correction: &KurtosisCorrection,
        permuted: Option<&PermutationNull>,
    ) -> Result<(), RmtError> {
        let (m, n) = (report.small_side, report.large_side);
        let estimator = self.options.scale_estimator;
        report.spacing_ratio = spacing::ratio(raw);
        report.spacing_ratio_z = report.spacing_ratio.map(|r| spacing::z_score(r, m));
        let rank = matrix_rank(raw, n);
        if rank < m {
            report.notes.push(Note::Vanish { count: m - rank, of: m });
        }
        let corrected = correction.corrected(raw);
        let nu = &corrected[..];
        let first_scale = ScaleRule::new(estimator, m, n)?.estimate(nu);
        if first_scale.is_nan() || first_scale <= 0.0 {
            report.scale = finite(first_scale);
            report.notes.push(Note::NoScale);
            family.above = Some(PValue::certain(0.0));
            family.below = Some(PValue::certain(0.0));
            return Ok(());
        }
        let nulls = match permuted {
            Some(null) => EdgeNulls::fixed(null.spectral.clone()),
            None => EdgeNulls::gaussian(&self.nulls, m, n, estimator)?,
        };
        let test = SpectrumTest::new(nu, n, estimator, self.options.test_level(), &nulls)?;
        let SpectrumTest { scale, edges: [low, high], ends: found } = test;
        if estimator == ScaleEstimator::Fit {
            let dropped = found.above + found.below;
            report.notes.push(Note::Fitted { rounds: found.rounds, dropped });
        }
        let bulk = test.bulk(nu, n, &nulls)?;
        let figures = test.report(correction, Some(bulk));
        (report.scale, report.edge_high) = (figures.scale, figures.edge_high);
        report.bulk_distance = figures.bulk_distance;
        report.significant_above = figures.significant_above;
        report.significant_above_cut_off = figures.significant_above_cut_off;
        report.significant_below = figures.significant_below;
        report.significant_below_cut_off = figures.significant_below_cut_off;
        report.edge_low = finite(low * correction.edges().0);
        let levels = spacing::levels(nu, Some((scale, n)));
        match &levels.reason {
            // Too few for any matrix of the shape: no news.
            Some(_) if m < spacing::LEAST_VALUES => {}
            Some(reason) => report.notes.push(Note::of(Statistic::Levels, reason)),
            None => report.levels = Some(levels),
        }
        report.outliers_above = Some(nu.iter().filter(|&&x| x > high).count());
        report.outliers_below = Some(nu.iter().filter(|&&x| x < low).count());
        family.above = Some(found.p_above);
        family.below = Some(found.p_below);
        let unit = found.bulk_scale * (n as f64).sqrt();
        let pairs = || raw.iter().zip(nu);
        report.signal = pairs()
            .take(found.above)
            .filter_map(|(&value, x)| signal(report, value, x / unit))
            .collect();
        report.suppression = pairs()
            .rev()
            .take(found.below)
            .filter_map(|(&value, x)| suppression(report.aspect, value, x / unit))
            .collect();
        let threshold = hard_threshold(report.aspect)? * unit;
        report.threshold_rank = Some(nu.iter().filter(|&&x| x > threshold).count());
        if found.exhausted() {
            report.notes.push(Note::NoBulk);
        } else if estimator == ScaleEstimator::TrimmedQuantiles
            && 10 * found.above.max(found.below) > m
        {
            report.notes.push(Note::ScaleBiased);
        }
        family.bulk = Some(bulk.1);
        Ok(())
    }
}

/// The suppressed variance behind the singular value `value`, y = `value`/(σ√n); `None` inside the
/// bulk.
fn suppression(aspect: f64, value: f64, y: f64) -> Option<Suppression> {
    let spike = VarianceSpike::from_outlier(y * y, aspect)?;
    Some(Suppression { value, variance: spike.variance, cosine: spike.cosine2.sqrt() })
}

/// The signal behind the singular value `value`, y = `value`/(σ√n); `None` inside the bulk.
fn signal(report: &MatrixReport, value: f64, y: f64) -> Option<Signal> {
    let spike = AdditiveSpike::from_outlier(y, report.aspect)?;
    let (small, large) = (spike.cosine2_small.sqrt(), spike.cosine2_large.sqrt());
    let [rows, cols] = report.shape;
    let small_is_output = report.orientation.small_side_is_output(rows, cols);
    let (cosine_left, cosine_right) = if small_is_output { (small, large) } else { (large, small) };
    Some(Signal { value, strength: spike.strength, cosine_left, cosine_right })
}
