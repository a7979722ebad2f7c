//! The analysis of one matrix.
//!
//! In stages: `entries`, `beside` (other orders and earlier times of them), `decomposed`, and the tests: of the
//! `spectrum`, of the `sides`' vectors, of the `activation`.

mod activation;
mod beside;
mod context;
mod decomposed;
mod empty;
mod entries;
mod ladder;
mod options;
mod permutation;
mod sides;
mod spectrum;
mod tracked;

pub use context::{Analysis, Context};
pub use options::{AnalysisOptions, NullModel};

use crate::RmtError;
use crate::laws::scale::{ScaleEstimator, ScaleRule};
use crate::notes::Note;
use crate::nulls::{Nulls, PValue};
use crate::report::{FAMILY, MatrixReport, Profile, Test, Verdict};
use crate::signs::no_structure;
use crate::spectrum::{Matrix, Orientation};
use crate::statistics::activation::Activation;
use crate::statistics::drift::Reference;
use crate::statistics::finite;
use crate::statistics::heavy_tail::HeavyTail;
use crate::statistics::kurtosis::KurtosisCorrection;
use crate::statistics::spectrum_test::Judge;
use crate::tracking::Tracker;
use activation::{matching, shared};
use beside::Beside;
use decomposed::{Decomposed, Vectors};
use entries::Entries;

/// Tests matrices against random matrix theory.
///
/// ```
/// use rmt_core::{Analyser, AnalysisOptions, Context, Matrix, Nulls, Orientation, Verdict};
/// let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default())?;
/// // A matrix of ones has rank one: nothing could be less random.
/// let ones = vec![1.0_f32; 32 * 48];
/// let matrix = Matrix::new(ones.as_slice(), 32, 48, Orientation::OutIn)?;
/// let analysis = analyser.analyse(&matrix, Context::default())?;
/// assert_eq!(analysis.report.verdict, Verdict::Structure);
/// # Ok::<(), rmt_core::RmtError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Analyser {
    options: AnalysisOptions,
    nulls: Nulls,
}

impl Analyser {
    /// Makes an analyser, and checks the options.
    ///
    /// # Errors
    /// [`RmtError::Setting`] unless 0 < `level` < 1, `min_side` ≥ 2, permutations ≥ 40 and `sign_copies` is not 1.
    pub fn new(options: AnalysisOptions, nulls: Nulls) -> Result<Self, RmtError> {
        options.check()?;
        Ok(Self { options, nulls })
    }

    /// The options.
    pub fn options(&self) -> &AnalysisOptions {
        &self.options
    }

    /// The null distributions that p-values come from.
    pub fn nulls(&self) -> &Nulls {
        &self.nulls
    }

    /// Computes all statistics of one matrix. An empty, too small, not finite or degenerate matrix
    /// gets a report that states this.
    ///
    /// # Errors
    /// [`RmtError::NoConvergence`] when the decomposition fails.
    pub fn analyse(&self, matrix: &Matrix<'_>, context: Context<'_>) -> Result<Analysis, RmtError> {
        let mut report = self.empty([matrix.rows(), matrix.cols()], matrix.orientation());
        let entries = match Entries::of(matrix) {
            Ok(entries) => entries,
            Err(reason) => return Ok(Analysis::not_estimable(report, reason)),
        };
        report.scale_entries = finite(entries.moments.deviation());
        let lines = self.options.equilibrate;
        let entries = match entries.equilibrated(lines) {
            Ok(entries) => entries,
            Err(reason) => return Ok(Analysis::not_estimable(report, reason)),
        };
        report.notes.extend(entries.are_equilibrated().then_some(Note::Equilibrated(lines)));
        report.excess_kurtosis = entries.moments.excess_kurtosis();
        let judge = self.judge(self.options.scale_estimator);
        let beside = Beside::of(&entries, &context, &self.options, &judge, &mut report.notes)?;
        let tested = entries.tested()?;
        let activation = matching(&mut report, &tested, context.activation);
        let tracking = self.follows(context.tracking);
        let compared = context.reference.is_some() || context.previous.is_some() || context.keep;
        let needed = compared || tracking.is_some() || activation.is_some();
        let vectors = match self.options.vectors {
            _ if needed => Vectors::Compared,
            true => Vectors::Tested,
            false => Vectors::None,
        };
        let decomposed = Decomposed::of(&tested, vectors)?;
        let [largest, smallest] = decomposed.ends();
        if !largest.is_finite() {
            return Ok(Analysis::not_estimable(report, Note::Overflows));
        }
        (report.largest, report.smallest) = (finite(largest), finite(smallest));
        let mut analysis =
            self.report(report, (&entries, &tested), beside, &decomposed, &context, activation)?;
        // Its vectors would lie beside those of the ladder.
        drop(decomposed);
        if context.ladder {
            self.ladder(&mut analysis, &tested, &judge, context.band);
        }
        if context.change_ladder
            && let Some(old) = context.reference.and_then(Reference::values)
        {
            self.change_ladder(&mut analysis.report, entries.stored, old);
        }
        Ok(analysis)
    }

    /// The last stage: the tests, and the report of them.
    fn report(
        &self,
        mut report: MatrixReport,
        (entries, tested): (&Entries<'_>, &Matrix<'_>),
        mut beside: Beside,
        decomposed: &Decomposed,
        context: &Context<'_>,
        activation: Option<&Activation>,
    ) -> Result<Analysis, RmtError> {
        let (nu, with_vectors) = (decomposed.values(), decomposed.compared());
        let (m, n, [largest, _]) = (report.small_side, report.large_side, decomposed.ends());
        let Context { reference, previous, keep, .. } = *context;
        report.drift = beside
            .moved
            .take()
            .zip(with_vectors)
            .map(|(moved, d)| moved.with_spectra(entries.stored, d, reference, previous));
        let k = self.options.subspace_dimension;
        let kept = with_vectors.filter(|_| keep);
        let reference = kept.map(|d| Reference::new(entries.stored, d, k));
        let mut profile = Profile { singular_values: nu.to_vec(), ..Profile::default() };
        // The shipped nulls serve this estimator at every number of tokens.
        let input_judge = self.judge(ScaleEstimator::default());
        let untested = match self.options.min_side {
            _ if largest == 0.0 => Some((Verdict::Degenerate, Note::Zero)),
            least if m < least => Some((Verdict::NotEstimable, Note::TooSmall { side: m, least })),
            _ => None,
        };
        if let Some((verdict, reason)) = untested {
            shared(&input_judge, &mut report, &mut profile, tested, None, activation);
            heavy_tail(&mut report, tested, nu);
            report.verdict = verdict;
            report.notes.push(reason);
            return Ok(Analysis { report, profile, reference, tracker: None });
        }
        let first_scale = ScaleRule::new(self.options.scale_estimator, m, n)?.estimate(nu);
        let permuted = beside.permuted.take();
        // A permutation null has the entries' own kurtosis.
        let kurtosis = if permuted.is_some() { 0.0 } else { report.excess_kurtosis.unwrap_or(0.0) };
        let correction = KurtosisCorrection::new(kurtosis, m, n, first_scale);
        let mut family = Family::default();
        self.spectrum(&mut report, &mut family, nu, &correction, permuted.as_ref())?;
        heavy_tail(&mut report, tested, nu);
        let degenerate = decomposed.is_degenerate();
        let vectors = decomposed.vectors().filter(|_| self.options.vectors);
        if degenerate {
            report.verdict = Verdict::Degenerate;
            report.notes.push(Note::AllEqual);
        } else if let Some(vectors) = vectors {
            let sides = self.sides(tested, vectors, &correction, permuted.as_ref())?;
            sides.put(&mut report, &mut family, &mut profile);
        }
        let vectors = with_vectors.filter(|_| !degenerate);
        shared(&input_judge, &mut report, &mut profile, tested, vectors, activation);
        self.conclude(&mut report, &family);
        let tracker = self
            .follows(context.tracking)
            .zip(with_vectors)
            .and_then(|(options, d)| Tracker::new(options, tested, d, &report));
        Ok(Analysis { report, profile, reference, tracker })
    }

    /// The report of a matrix whose values could not be read.
    pub fn unread(
        &self,
        shape: [usize; 2],
        orientation: Orientation,
        reason: impl Into<Note>,
    ) -> MatrixReport {
        Analysis::not_estimable(self.empty(shape, orientation), reason.into()).report
    }

    /// How spectra beside the matrix's own are judged.
    fn judge(&self, estimator: ScaleEstimator) -> Judge<'_> {
        Judge::new(estimator, self.options.test_level(), self.options.min_side, &self.nulls)
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
                    name: name.clone(),
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
        if !deviates {
            report.structure = Some(no_structure(report.small_side, report.large_side));
        }
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

#[cfg(test)]
mod tests;
