//! One matrix in, one report out.

mod activation;
mod empty;
mod options;
mod permutation;
mod sides;
mod spectrum;
mod tracked;

pub use options::{AnalysisOptions, NullModel};

use crate::RmtError;
use crate::laws::scale::{ScaleEstimator, ScaleRule};
use crate::nulls::{Nulls, PValue};
use crate::report::{FAMILY, MatrixReport, NOT_FINITE, Profile, Test, Verdict};
use crate::spectrum::{Equalise, Matrix, Orientation, decompose, equalised, singular_values};
use crate::statistics::activation::Activation;
use crate::statistics::drift::{Judge, Reference, correlation_traps, moved};
use crate::statistics::entries::EntryMoments;
use crate::statistics::heavy_tail::HeavyTail;
use crate::statistics::kurtosis::KurtosisCorrection;
use crate::tracking::{Tracker, TrackingOptions};
use activation::{matching, shared};
use permutation::PermutationNull;

/// (ν₁ − ν_m)/ν₁ below which all singular values count as equal: the vectors are undefined.
const DEGENERATE_SPREAD: f64 = 1e-4;

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
    /// What entered the layer.
    pub activation: Option<&'a Activation>,
    /// What is to be followed of the matrix until the next full analysis.
    pub tracking: Option<TrackingOptions>,
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

    /// Asks for [`Analysis::tracker`].
    #[must_use]
    pub fn with_tracking(mut self, tracking: Option<TrackingOptions>) -> Self {
        self.tracking = tracking;
        self
    }

    /// Measures the overlap of the right singular vectors with the input of the layer; they are
    /// computed even if [`AnalysisOptions::vectors`] is false.
    ///
    /// For N features four N×N matrices of doubles, 32·N² bytes, are needed at a time beside the
    /// singular vectors of the weights and the activation's own two: of a square matrix, six of its
    /// size at the peak, where without an activation there are four. It takes the time of three
    /// symmetric eigendecompositions with vectors.
    #[must_use]
    pub fn with_activation(mut self, activation: Option<&'a Activation>) -> Self {
        self.activation = activation;
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
    /// What the matrix can be followed by until the next full analysis; only if the [`Context`] asks for
    /// it, and where that is worth it: for a matrix that is large enough and has a bulk.
    pub tracker: Option<Tracker>,
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
    /// [`RmtError::Setting`] unless 0 < `level` < 1, `min_side` ≥ 2 and permutations ≥ 40.
    pub fn new(options: AnalysisOptions, nulls: Nulls) -> Result<Self, RmtError> {
        options.check()?;
        Ok(Self { options, nulls })
    }

    /// The options.
    pub fn options(&self) -> &AnalysisOptions {
        &self.options
    }

    /// Where the p-values come from.
    pub fn nulls(&self) -> &Nulls {
        &self.nulls
    }

    /// All statistics of one matrix. A matrix that is empty, too small, not finite or degenerate
    /// gets a report that says so.
    ///
    /// # Errors
    /// [`RmtError::NoConvergence`] when the decomposition fails.
    pub fn analyse(&self, matrix: &Matrix<'_>, context: Context<'_>) -> Result<Analysis, RmtError> {
        let mut report = self.empty([matrix.rows(), matrix.cols()], matrix.orientation());
        let (m, n) = (matrix.small_side(), matrix.large_side());
        if m == 0 {
            return Ok(not_estimable(report, "the matrix is empty".into()));
        }
        let entries = EntryMoments::of(matrix);
        if entries.largest == f64::INFINITY {
            let bad = matrix.values().iter().filter(|x| !x.is_finite()).count();
            let reason = format!("{bad} of {} {NOT_FINITE}", matrix.values().len());
            return Ok(not_estimable(report, reason));
        }
        report.scale_entries = finite(entries.deviation());
        let stored = matrix;
        let scaled = equalised(stored, self.options.equalise);
        let matrix = &match &scaled {
            Some(values) => {
                let what = match self.options.equalise {
                    Equalise::Rows => "rows",
                    Equalise::Columns => "columns",
                    _ => "rows and columns",
                };
                if values.iter().any(|x| !x.is_finite()) {
                    let reason = format!("{what} equalised: the result overflows a double");
                    return Ok(not_estimable(report, reason));
                }
                report.notes.push(format!("{what} equalised: the spectrum is that of the result"));
                let (rows, cols) = (stored.rows(), stored.cols());
                Matrix::new(&values[..], rows, cols, stored.orientation())?
            }
            None => *stored,
        };
        let equalised = scaled.is_some().then(|| EntryMoments::of(matrix));
        report.excess_kurtosis = equalised.unwrap_or(entries).excess_kurtosis();
        let judge = self.judge(self.options.scale_estimator);
        // Before the vectors are there, which take the room of two copies of the matrix.
        let testable = m >= self.options.min_side && equalised.unwrap_or(entries).largest > 0.0;
        let permuted = if testable { self.permuted(stored, &mut report)? } else { None };
        let trapped = testable && self.options.correlation_traps;
        let traps = trapped.then(|| correlation_traps(matrix, (None, None), &judge));
        let Context { reference, previous, keep, .. } = context;
        let tracking = self.follows(context.tracking);
        let activation = matching(&mut report, matrix, context.activation);
        // The shipped nulls serve this estimator at every number of tokens.
        let input_judge = self.judge(ScaleEstimator::default());
        let tested = self.options.change_spectra.then_some(&judge);
        let moved = moved(stored, reference, previous, tested);
        let measured = reference.is_some() || previous.is_some() || keep || tracking.is_some();
        let (values, decomposition) = if self.options.vectors || measured || activation.is_some() {
            let decomposition = decompose(matrix)?;
            (decomposition.singular_values.clone(), Some(decomposition))
        } else {
            (singular_values(matrix)?, None)
        };
        let nu = &values;
        let (largest, smallest) = (nu[0], nu[m - 1]);
        if !largest.is_finite() {
            let reason = "the largest singular value overflows a double: scale the matrix";
            return Ok(not_estimable(report, reason.into()));
        }
        report.largest = finite(largest);
        report.smallest = finite(smallest);
        report.drift = moved
            .zip(decomposition.as_ref())
            .map(|(moved, d)| moved.with_spectra(stored, d, reference, previous));
        let k = self.options.subspace_dimension;
        let kept = decomposition.as_ref().filter(|_| keep);
        let reference = kept.map(|d| Reference::new(stored, d, k));
        let mut profile = Profile { singular_values: nu.clone(), ..Profile::default() };
        if largest == 0.0 {
            shared(&input_judge, &mut report, &mut profile, matrix, None, activation);
            heavy_tail(&mut report, matrix, nu);
            report.verdict = Verdict::Degenerate;
            report.notes.push("every entry is zero".into());
            return Ok(Analysis { report, profile, reference, tracker: None });
        }
        if m < self.options.min_side {
            shared(&input_judge, &mut report, &mut profile, matrix, None, activation);
            heavy_tail(&mut report, matrix, nu);
            let reason = format!(
                "the smaller side is {m}, below the {} that the tests need",
                self.options.min_side
            );
            return Ok(Analysis { profile, reference, ..not_estimable(report, reason) });
        }
        let mut family = Family::default();
        let first_scale = ScaleRule::new(self.options.scale_estimator, m, n)?.estimate(nu);
        // A permutation null has the entries' own kurtosis.
        let kurtosis = if permuted.is_some() { 0.0 } else { report.excess_kurtosis.unwrap_or(0.0) };
        let correction = KurtosisCorrection::new(kurtosis, m, n, first_scale);
        self.spectrum(&mut report, &mut family, nu, &correction, permuted.as_ref())?;
        heavy_tail(&mut report, matrix, nu);
        match traps {
            Some(Ok(mut traps)) => {
                traps.unpermuted_count = report.significant_above;
                traps.unpermuted_count_cut_off = report.significant_above_cut_off;
                let over_edge = report.edge_high.and_then(|edge| finite(largest / edge));
                traps.unpermuted_largest_over_edge = over_edge;
                report.traps = Some(traps);
            }
            Some(Err(error)) => report.notes.push(format!("traps: {error}")),
            None => {}
        }
        let degenerate = largest - smallest <= DEGENERATE_SPREAD * largest;
        let vectors = decomposition.as_ref().filter(|_| !degenerate);
        if degenerate {
            report.verdict = Verdict::Degenerate;
            report.notes.push("all singular values are equal: the vectors are undefined".into());
        } else if let Some(decomposition) = vectors.filter(|_| self.options.vectors) {
            let sides = (&correction, permuted.as_ref(), profile);
            profile = self.vectors(&mut report, &mut family, matrix, decomposition, sides)?;
        }
        shared(&input_judge, &mut report, &mut profile, matrix, vectors, activation);
        self.conclude(&mut report, &family);
        let tracker = tracking
            .zip(decomposition.as_ref())
            .and_then(|(options, d)| Tracker::new(options, matrix, d, &report));
        Ok(Analysis { report, profile, reference, tracker })
    }

    /// The report of a matrix whose values could not be had.
    pub fn unread(
        &self,
        shape: [usize; 2],
        orientation: Orientation,
        reason: impl Into<String>,
    ) -> MatrixReport {
        not_estimable(self.empty(shape, orientation), reason.into()).report
    }

    /// How spectra beside the matrix's own are judged.
    fn judge(&self, estimator: ScaleEstimator) -> Judge<'_> {
        Judge::new(estimator, self.options.test_level(), self.options.min_side, &self.nulls)
    }

    /// The permutation null, where it is asked for and can be made.
    fn permuted(
        &self,
        matrix: &Matrix<'_>,
        report: &mut MatrixReport,
    ) -> Result<Option<PermutationNull>, RmtError> {
        let NullModel::Permutation { permutations } = self.options.null_model else {
            return Ok(None);
        };
        let null = PermutationNull::simulate(matrix, &self.options, permutations, &self.nulls)?;
        report.notes.push(match &null {
            Some(_) => format!("p-values against {permutations} orders of the entries"),
            None => {
                "permuting the entries changes nothing: p-values against Gaussian entries".into()
            }
        });
        Ok(null)
    }

    /// The family, Bonferroni, and the verdict.
    fn conclude(&self, report: &mut MatrixReport, family: &Family) {
        report.p_above = family.above.and_then(|p| finite(p.p));
        report.p_below = family.below.and_then(|p| finite(p.p));
        report.p_bulk = family.bulk.and_then(|p| finite(p.p));
        let p_values = [family.above, family.below, family.bulk, family.left, family.right];
        let level = self.options.test_level();
        report.tests = FAMILY
            .iter()
            .zip(p_values)
            .filter_map(|(name, p)| {
                let p = p.filter(|p| p.p.is_finite())?;
                Some(Test {
                    name: (*name).into(),
                    p: p.p,
                    rejected: p.p <= level,
                    draws: (p.draws > 0).then_some(p.draws),
                    log10_error: finite(p.log10_error),
                })
            })
            .collect();
        if report.verdict == Verdict::Degenerate {
            return;
        }
        let deviates = report.tests.iter().any(|test| test.rejected);
        report.verdict = if deviates { Verdict::Deviates } else { Verdict::Random };
    }
}

/// p-values of the family's tests.
#[derive(Default)]
struct Family {
    above: Option<PValue>,
    below: Option<PValue>,
    bulk: Option<PValue>,
    left: Option<PValue>,
    right: Option<PValue>,
}

fn heavy_tail(report: &mut MatrixReport, matrix: &Matrix<'_>, nu: &[f64]) {
    let epsilon = matrix.values().epsilon();
    let (figures, notes) = HeavyTail::new(nu, report.large_side, report.edge_high, epsilon);
    report.heavy_tail = Some(figures);
    report.notes.extend(notes);
}

fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

fn not_estimable(mut report: MatrixReport, reason: String) -> Analysis {
    report.verdict = Verdict::NotEstimable;
    report.notes.push(reason);
    Analysis { report, profile: Profile::default(), reference: None, tracker: None }
}

#[cfg(test)]
mod tests;
