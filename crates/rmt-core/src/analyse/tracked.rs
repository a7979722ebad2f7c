//! The analysis of both ends of the spectrum between full analyses.

use super::NullModel;
use super::{Analyser, Family, finite};
use crate::RmtError;
use crate::laws::scale::ScaleRule;
use crate::notes::{Note, Statistic};
use crate::report::{FAMILY, MatrixReport, Tracked, Verdict};
use crate::spectrum::{Equilibrate, Matrix, Scaled, exp2};
use crate::statistics::entries::EntryMoments;
use crate::statistics::kurtosis::KurtosisCorrection;
use crate::tracking::{Tracker, TrackingOptions};

/// Fields refreshed at every tracked snapshot.
const FIELDS_ABOVE: [&str; 12] = [
    "scale",
    "scale_entries",
    "excess_kurtosis",
    "edge_low",
    "edge_high",
    "largest",
    "outliers_above",
    "significant_above",
    "significant_above_cut_off",
    "p_above",
    "signal",
    "verdict",
];

/// The same where the lower end is followed too.
const FIELDS_BELOW: [&str; 6] = [
    "smallest",
    "outliers_below",
    "significant_below",
    "significant_below_cut_off",
    "p_below",
    "suppression",
];

impl Analyser {
    /// Whether matrices can be followed: the spectrum must be that of the entries as they are, against
    /// a null that costs nothing.
    pub(super) fn follows(&self, options: Option<TrackingOptions>) -> Option<TrackingOptions> {
        let plain = self.options.equilibrate == Equilibrate::default()
            && self.options.null_model == NullModel::Gaussian;
        options.filter(|_| plain)
    }

    /// Tests both ends of the spectrum of a matrix that was analysed before, as a full analysis
    /// does. For large matrices it costs a twentieth of a full analysis or less
    /// ([`tracking`](crate::tracking)).
    ///
    /// `None` if a full analysis is needed, because the shape changed, entries are not finite,
    /// there is no bulk, or all followed values at one end are significant.
    ///
    /// The family of tests, and so the verdict, combines the current tests at both ends with the
    /// other tests of the last full analysis.
    ///
    /// # Errors
    /// [`RmtError::Domain`] if a law is not defined for the shape.
    pub fn track(
        &self,
        matrix: &Matrix<'_>,
        tracker: &mut Tracker,
    ) -> Result<Option<MatrixReport>, RmtError> {
        if !tracker.fits(matrix) {
            return Ok(None);
        }
        let entries = EntryMoments::of(matrix);
        if !entries.largest.is_finite() {
            return Ok(None);
        }
        let scaled = Scaled::new(matrix)?;
        let (a, unit) = (scaled.whole(), exp2(scaled.exponent()));
        let energy = a.squared_norm_l2() * unit * unit;
        let Some(mut ends) = tracker.follow(&a) else { return Ok(None) };
        drop(a);
        for value in ends.leading.values.iter_mut().chain(&mut ends.trailing.values) {
            *value *= unit;
        }
        let Some(nu) = merged(tracker, &ends.leading.values, &ends.trailing.values, energy) else {
            return Ok(None);
        };
        let mut report = self.empty([matrix.rows(), matrix.cols()], matrix.orientation());
        let (m, n) = (report.small_side, report.large_side);
        report.scale_entries = finite(entries.deviation());
        report.excess_kurtosis = entries.excess_kurtosis();
        let scale = ScaleRule::new(self.options.scale_estimator, m, n)?.estimate(&nu);
        let kurtosis = report.excess_kurtosis.unwrap_or(0.0);
        let correction = KurtosisCorrection::new(kurtosis, m, n, scale);
        let mut family = Family::default();
        self.spectrum(&mut report, &mut family, &nu, &correction, None)?;
        let TrackingOptions { leading, trailing, .. } = tracker.options;
        let full = |count: Option<usize>, followed: usize| count.is_none_or(|c| c >= followed);
        if full(report.significant_above, leading)
            || trailing > 0 && full(report.significant_below, trailing)
        {
            return Ok(None);
        }
        report.largest = nu.first().copied().and_then(finite);
        let first = |errors: &[f64]| errors.first().copied().unwrap_or(f64::NAN);
        let mut tracked = Tracked {
            since: None,
            fields: FIELDS_ABOVE.map(String::from).to_vec(),
            error_above: first(&ends.leading.errors),
            error_below: None,
        };
        report.notes.retain(|note| !matches!(note, Note::Of(Statistic::Levels, _)));
        if trailing > 0 {
            report.smallest = nu.last().copied().and_then(finite);
            tracked.error_below = ends.trailing.errors.last().copied().and_then(finite);
            tracked.fields.extend(FIELDS_BELOW.map(String::from));
        } else {
            (report.outliers_below, family.below) = (None, None);
            report.suppression.clear();
        }
        // What a spectrum of which the middle is carried along says nothing of.
        (report.spacing_ratio, report.spacing_ratio_z, report.levels) = (None, None, None);
        (report.bulk_distance, report.threshold_rank, family.bulk) = (None, None, None);
        self.conclude(&mut report, &family);
        let of_now_or_before = |name| report.test(name).or_else(|| tracker.report.test(name));
        report.tests = FAMILY.iter().filter_map(of_now_or_before).cloned().collect();
        if report.tests.iter().any(|test| test.rejected) {
            report.verdict = Verdict::Deviates;
        }
        report.tracked = Some(tracked);
        Ok(Some(report))
    }
}

/// All singular values, descending: those that are followed, and between them the others of the last full
/// analysis, in one proportion so that Σν² is `energy`. `None` where nothing is left for them.
fn merged(tracker: &Tracker, leading: &[f64], trailing: &[f64], energy: f64) -> Option<Vec<f64>> {
    let before = &tracker.singular_values;
    let middle = before.get(leading.len()..before.len().checked_sub(trailing.len())?)?;
    let squares = |values: &[f64]| values.iter().map(|x| x * x).sum::<f64>();
    let left = energy - squares(leading) - squares(trailing);
    let ratio = (left / squares(middle)).sqrt();
    if !(ratio > 0.0 && ratio.is_finite()) {
        return None;
    }
    let middle = middle.iter().map(|x| x * ratio);
    let mut nu: Vec<f64> =
        leading.iter().copied().chain(middle).chain(trailing.iter().copied()).collect();
    nu.sort_unstable_by(|x, y| y.total_cmp(x));
    Some(nu)
}
