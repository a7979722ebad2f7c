//! One matrix in, one report out.

use crate::RmtError;
use crate::laws::MarchenkoPastur;
use crate::nulls::Nulls;
use crate::report::{FAMILY, MatrixReport, Profile, Test, Verdict};
use crate::spectrum::{Decomposition, Matrix, Orientation, decompose};
use crate::statistics::drift::{Judge, Reference, SUBSPACE_DIMENSION, correlation_traps, drift};
use crate::statistics::heavy_tail::{HeavyTail, matrix_rank};
use crate::statistics::scale::{ScaleEstimator, ScaleRule};
use crate::statistics::signal::{AdditiveSpike, Signal};
use crate::statistics::significance::{Significance, significance};
use crate::statistics::vectors::{SideTest, test_side};
use crate::statistics::{bulk, edges, spacing};
use serde::{Deserialize, Serialize};

/// (ν₁ − ν_m)/ν₁ below which all singular values count as equal: the vectors are undefined.
const DEGENERATE_SPREAD: f64 = 1e-4;

/// How matrices are judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AnalysisOptions {
    /// Estimator of the bulk's scale.
    pub scale_estimator: ScaleEstimator,
    /// Family-wise level of the verdict and of the significant counts.
    pub level: f64,
    /// A matrix whose smaller side is below this is "not_estimable".
    pub min_side: usize,
    /// Singular vectors at each end of the spectrum whose span is compared with that of earlier
    /// snapshots; at most a quarter of the smaller side.
    pub subspace_dimension: usize,
    /// Whether the spectra of W − W₀ and of ΔW are tested: a decomposition without vectors each, a
    /// quarter to a half of the time of the matrix's own analysis.
    pub change_spectra: bool,
    /// Whether the matrix is tested with its entries permuted: another decomposition without
    /// vectors.
    pub correlation_traps: bool,
}

impl Default for AnalysisOptions {
    fn default() -> Self {
        Self {
            scale_estimator: ScaleEstimator::default(),
            level: 0.01,
            min_side: 16,
            subspace_dimension: SUBSPACE_DIMENSION,
            change_spectra: true,
            correlation_traps: true,
        }
    }
}

impl AnalysisOptions {
    /// The level of each test: Bonferroni over the family.
    pub fn test_level(&self) -> f64 {
        self.level / FAMILY.len() as f64
    }
}

/// What else is known of the matrix.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Context<'a> {
    /// The snapshot that drift is measured against.
    pub reference: Option<&'a Reference>,
    /// The snapshot before this one.
    pub previous: Option<&'a Reference>,
    /// Whether the analysis gives a [`Reference`] of this matrix for later ones.
    pub keep: bool,
}

impl<'a> Context<'a> {
    /// Measures drift against `reference`.
    #[must_use]
    pub fn with_reference(mut self, reference: Option<&'a Reference>) -> Self {
        self.reference = reference;
        self
    }

    /// Measures the change since `previous` as well.
    #[must_use]
    pub fn with_previous(mut self, previous: Option<&'a Reference>) -> Self {
        self.previous = previous;
        self
    }

    /// Asks for [`Analysis::reference`].
    #[must_use]
    pub fn with_keep(mut self, keep: bool) -> Self {
        self.keep = keep;
        self
    }
}

/// A report and the spectrum behind it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Analysis {
    /// The statistics.
    pub report: MatrixReport,
    /// Singular values and vector p-values; empty where there are none.
    pub profile: Profile,
    /// This snapshot, to measure later ones against; only if the [`Context`] asks for it, and
    /// where the matrix could be decomposed.
    pub reference: Option<Reference>,
}

/// Measures matrices against random matrix theory.
///
/// ```
/// use rmt_core::{Analyser, AnalysisOptions, Context, Matrix, Nulls, Orientation, Verdict};
/// let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default())?;
/// // A matrix of ones has rank one: nothing could be less random.
/// let ones = vec![1.0_f32; 32 * 48];
/// let matrix = Matrix::new(ones.as_slice(), 32, 48, Orientation::OutIn)?;
/// let analysis = analyser.analyse(&matrix, Context::default())?;
/// assert_eq!(analysis.report.verdict, Verdict::Deviates);
/// # Ok::<(), rmt_core::RmtError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Analyser {
    options: AnalysisOptions,
    nulls: Nulls,
}

impl Analyser {
    /// Checks the options.
    ///
    /// # Errors
    /// [`RmtError::Setting`] unless 0 < `level` < 1, `min_side` ≥ 2 and `subspace_dimension` ≥ 1.
    pub fn new(options: AnalysisOptions, nulls: Nulls) -> Result<Self, RmtError> {
        if !(options.level > 0.0 && options.level < 1.0) {
            return Err(RmtError::Setting {
                setting: "level",
                value: options.level,
                requirement: "a family-wise level must lie between 0 and 1",
            });
        }
        if options.min_side < 2 {
            return Err(RmtError::Setting {
                setting: "min_side",
                value: options.min_side as f64,
                requirement: "a spectrum needs at least 2 singular values",
            });
        }
        if options.subspace_dimension == 0 {
            return Err(RmtError::Setting {
                setting: "subspace_dimension",
                value: 0.0,
                requirement: "subspaces need at least 1 singular vector",
            });
        }
        Ok(Self { options, nulls })
    }

    /// The options.
    pub fn options(&self) -> &AnalysisOptions {
        &self.options
    }

    /// All statistics of one matrix. A matrix that is empty, too small, not finite or degenerate
    /// gets a report that says so.
    ///
    /// # Errors
    /// [`RmtError::NoConvergence`] when the decomposition fails.
    pub fn analyse(&self, matrix: &Matrix<'_>, context: Context<'_>) -> Result<Analysis, RmtError> {
        let mut report = self.empty(matrix);
        let (m, n) = (matrix.small_side(), matrix.large_side());
        if m == 0 {
            return Ok(not_estimable(report, "the matrix is empty".into()));
        }
        let bad = matrix.values().iter().filter(|x| !x.is_finite()).count();
        if bad > 0 {
            let reason = format!("{bad} of {} entries are not finite", matrix.values().len());
            return Ok(not_estimable(report, reason));
        }
        report.scale_entries = finite(entry_deviation(matrix));
        let decomposition = decompose(matrix)?;
        let nu = &decomposition.singular_values;
        let (largest, smallest) = (nu[0], nu[m - 1]);
        report.largest = finite(largest);
        report.smallest = finite(smallest);
        let judge = self.judge();
        let tested = self.options.change_spectra.then_some(&judge);
        let Context { reference, previous, keep } = context;
        report.drift = drift(matrix, &decomposition, reference, previous, tested);
        let k = self.options.subspace_dimension;
        let reference = keep.then(|| Reference::new(matrix, &decomposition, k));
        let profile = Profile { singular_values: nu.clone(), ..Profile::default() };
        if largest == 0.0 {
            report.heavy_tail = Some(HeavyTail::new(nu, n, None));
            report.verdict = Verdict::Degenerate;
            report.notes.push("every entry is zero".into());
            return Ok(Analysis { report, profile, reference });
        }
        if m < self.options.min_side {
            report.heavy_tail = Some(HeavyTail::new(nu, n, None));
            let reason = format!(
                "the smaller side is {m}, below the {} that the tests need",
                self.options.min_side
            );
            return Ok(Analysis { profile, reference, ..not_estimable(report, reason) });
        }
        self.spectrum(&mut report, nu)?;
        if self.options.correlation_traps {
            let over_edge = report.edge_high.and_then(|edge| finite(largest / edge));
            let unpermuted = (report.significant_above, over_edge);
            match correlation_traps(matrix, unpermuted, &judge) {
                Ok(traps) => report.traps = Some(traps),
                Err(error) => report.notes.push(format!("traps: {error}")),
            }
        }
        let profile = self.vectors(&mut report, matrix, &decomposition, profile);
        self.conclude(&mut report);
        Ok(Analysis { report, profile, reference })
    }

    /// How spectra beside the matrix's own are judged.
    fn judge(&self) -> Judge<'_> {
        let AnalysisOptions { scale_estimator, min_side, .. } = self.options;
        Judge::new(scale_estimator, self.options.test_level(), min_side, &self.nulls)
    }

    fn empty(&self, matrix: &Matrix<'_>) -> MatrixReport {
        let (m, n) = (matrix.small_side(), matrix.large_side());
        let mut notes = Vec::new();
        if matrix.orientation() == Orientation::Assumed {
            notes.push("orientation assumed: rows are read as inputs".into());
        }
        MatrixReport {
            shape: [matrix.rows(), matrix.cols()],
            orientation: matrix.orientation(),
            small_side: m,
            large_side: n,
            aspect: if n == 0 { 0.0 } else { m as f64 / n as f64 },
            scale: None,
            scale_estimator: self.options.scale_estimator.name().into(),
            scale_entries: None,
            edge_low: None,
            edge_high: None,
            smallest: None,
            largest: None,
            outliers_above: None,
            outliers_below: None,
            significant_above: None,
            significant_below: None,
            level: self.options.level,
            p_above: None,
            p_below: None,
            bulk_distance: None,
            p_bulk: None,
            spacing_ratio: None,
            spacing_ratio_z: None,
            left: None,
            right: None,
            signal: Vec::new(),
            heavy_tail: None,
            drift: None,
            traps: None,
            tests: Vec::new(),
            verdict: Verdict::NotEstimable,
            notes,
        }
    }

    /// Everything that needs the singular values alone.
    fn spectrum(&self, report: &mut MatrixReport, nu: &[f64]) -> Result<(), RmtError> {
        let (m, n) = (report.small_side, report.large_side);
        let estimator = self.options.scale_estimator;
        let scale = ScaleRule::new(estimator, m, n)?.estimate(nu);
        report.scale = finite(scale);
        let (root_m, root_n) = ((m as f64).sqrt(), (n as f64).sqrt());
        let (low, high) = (scale * (root_n - root_m), scale * (root_n + root_m));
        report.heavy_tail = Some(HeavyTail::new(nu, n, Some(high)));
        report.spacing_ratio = spacing::ratio(nu);
        report.spacing_ratio_z = report.spacing_ratio.map(|r| spacing::z_score(r, m));
        let rank = matrix_rank(nu, n);
        if rank < m {
            report.notes.push(format!("{} of {m} singular values vanish", m - rank));
        }
        if scale.is_nan() || scale <= 0.0 {
            report.notes.push(
                "the bulk of the spectrum is zero: no scale, every other value is an outlier"
                    .into(),
            );
            report.p_above = Some(0.0);
            report.p_below = Some(0.0);
            return Ok(());
        }
        report.edge_low = finite(low);
        report.edge_high = finite(high);
        report.outliers_above = Some(nu.iter().filter(|&&x| x > high).count());
        report.outliers_below = Some(nu.iter().filter(|&&x| x < low).count());
        let Significance { above, below, p_above, p_below, bulk_scale, exhausted } =
            significance(nu, n, estimator, self.options.test_level());
        report.significant_above = Some(above);
        report.significant_below = Some(below);
        report.p_above = finite(p_above);
        report.p_below = finite(p_below);
        let unit = bulk_scale * root_n;
        report.signal =
            nu.iter().take(above).filter_map(|&x| signal(report, x, x / unit)).collect();
        if exhausted {
            report.notes.push(
                "half of the values are significant: there is no bulk, the counts are lower bounds"
                    .into(),
            );
        } else if estimator == ScaleEstimator::TrimmedQuantiles && 10 * above.max(below) > m {
            report.notes.push(
                "more than a tenth of the values at one end are outliers: the scale is biased"
                    .into(),
            );
        }
        if m == n {
            let t = edges::hard_edge(nu[m - 1], scale, n);
            report
                .notes
                .push(format!("square: no lower edge; p_below is of the hard edge, t = {t:.4}"));
        }
        let law = MarchenkoPastur::for_shape(m, n)?;
        let distance = bulk::scaled_distance(nu, scale, n, &law);
        report.bulk_distance = finite(distance);
        report.p_bulk = finite(self.nulls.bulk(m, n, estimator)?.p_value(distance));
        Ok(())
    }

    fn vectors(
        &self,
        report: &mut MatrixReport,
        matrix: &Matrix<'_>,
        decomposition: &Decomposition,
        mut profile: Profile,
    ) -> Profile {
        let nu = &decomposition.singular_values;
        let (m, n) = (matrix.small_side(), matrix.large_side());
        if nu[0] - nu[m - 1] <= DEGENERATE_SPREAD * nu[0] {
            report.verdict = Verdict::Degenerate;
            report.notes.push("all singular values are equal: the vectors are undefined".into());
            return profile;
        }
        // Vectors of vanishing singular values are any basis of the null space.
        let rank = matrix_rank(nu, n);
        let small =
            test_side(m, &self.nulls.vector(m), (0..rank).map(|k| decomposition.small_vector(k)));
        let large =
            test_side(n, &self.nulls.vector(n), (0..rank).map(|k| decomposition.large_vector(k)));
        let (left, right) =
            if matrix.small_side_is_output() { (small, large) } else { (large, small) };
        let split = |side: Option<SideTest>| side.map(|s| (s.report, s.p_values)).unzip();
        let (left, left_p): (_, Option<Vec<f64>>) = split(left);
        let (right, right_p): (_, Option<Vec<f64>>) = split(right);
        report.left = left;
        report.right = right;
        profile.left_p = left_p.unwrap_or_default();
        profile.right_p = right_p.unwrap_or_default();
        profile
    }

    /// The family, Bonferroni, and the verdict.
    fn conclude(&self, report: &mut MatrixReport) {
        let p_values = [
            report.p_above,
            report.p_below,
            report.p_bulk,
            report.left.as_ref().map(|side| side.p),
            report.right.as_ref().map(|side| side.p),
        ];
        let level = self.options.test_level();
        report.tests = FAMILY
            .iter()
            .zip(p_values)
            .filter_map(|(name, p)| {
                p.map(|p| Test { name: (*name).into(), p, rejected: p <= level })
            })
            .collect();
        if report.verdict == Verdict::Degenerate {
            return;
        }
        let deviates = report.tests.iter().any(|test| test.rejected);
        report.verdict = if deviates { Verdict::Deviates } else { Verdict::Random };
    }
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

fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

fn not_estimable(mut report: MatrixReport, reason: String) -> Analysis {
    report.verdict = Verdict::NotEstimable;
    report.notes.push(reason);
    Analysis { report, profile: Profile::default(), reference: None }
}

/// Standard deviation of the entries about their mean, in two passes.
fn entry_deviation(matrix: &Matrix<'_>) -> f64 {
    let count = matrix.values().len() as f64;
    let mean = matrix.values().iter().sum::<f64>() / count;
    (matrix.values().iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt()
}

#[cfg(test)]
mod tests;
