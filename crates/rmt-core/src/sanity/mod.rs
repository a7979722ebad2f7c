//! The sanity experiment: the analysis must find random matrices random, and others not. One
//! function over labelled matrices serves entry laws and the initializers of a framework.
//!
//! Random matrix theory for neural networks claims that freshly initialized weights are random
//! (Thamm, Staats & Rosenow 2022; Staats, Thamm & Rosenow 2024). [`sanity`] checks the claim test
//! by test, with laws that must agree beside laws that must not.

mod expectation;
mod laws;
mod planted;
mod repetitions;
mod row;
mod table;
#[cfg(test)]
mod tests;

pub use expectation::{Expectation, NOISE, Requirement};
pub use laws::EntryLaw;
pub use planted::Population;
pub use repetitions::{COUNTED_LEVEL, RejectionCount, Repetitions};
pub use row::{Outcome, Row, RungOutcome, TestOutcome};

use crate::spectrum::{Matrix, Orientation};
use crate::{Analyser, Context, RmtError};
use serde::{Deserialize, Serialize};

/// A labelled matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Entry law or initializer.
    pub label: String,
    /// Rows as stored.
    pub rows: usize,
    /// Columns as stored.
    pub cols: usize,
    /// The input side.
    pub orientation: Orientation,
    /// Entries, row by row.
    pub values: Vec<f64>,
    /// The expected outcome.
    pub expectation: Expectation,
}

impl Case {
    /// Draws a matrix by an entry law, with or without planted directions. Its rows are outputs.
    pub fn draw(law: impl Into<Population>, rows: usize, cols: usize, seed: u64) -> Self {
        let law = law.into();
        let (label, expectation) = (law.to_string(), law.expectation(rows, cols));
        let values = law.draw(rows, cols, seed);
        Self { label, rows, cols, orientation: Orientation::OutIn, values, expectation }
    }
}

/// The outcomes for all matrices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SanityReport {
    /// One row per matrix, in order.
    pub rows: Vec<Row>,
    /// Rejection rates of labels with several matrices of one shape.
    pub repetitions: Vec<Repetitions>,
    /// Greatest probability that a run over random matrices fails.
    pub level: f64,
    /// Level of each test of each matrix.
    pub test_level: f64,
}

impl SanityReport {
    /// Whether every outcome and every rejection rate is as expected.
    pub fn passed(&self) -> bool {
        self.failures().next().is_none()
            && self.repetitions.iter().all(Repetitions::counts_as_expected)
    }

    /// The matrices whose outcome is not as expected.
    pub fn failures(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| !row.as_expected)
    }
}

/// Analyses every case and compares it with its expectation. `on_row` is called with each row.
///
/// Half of `level` goes to the tests of single matrices, each at `level`/(2·5·number of cases). The
/// other half goes to the rejection rates of repeated labels and shapes ([`Repetitions`]). So a run
/// over random matrices fails with probability at most `level`, whatever the seed (Bonferroni). The
/// analyser's own level is not used.
///
/// ```
/// use rmt_core::sanity::{Case, EntryLaw, sanity};
/// use rmt_core::{Analyser, AnalysisOptions, Nulls};
/// let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default())?;
/// let laws = [EntryLaw::Uniform, EntryLaw::Offset, EntryLaw::Orthogonal];
/// let cases = laws.iter().map(|law| Ok(Case::draw(*law, 48, 64, 1)));
/// let report = sanity(&analyser, 0.01, cases, |_| {})?;
/// assert!(report.passed());
/// # Ok::<(), rmt_core::RmtError>(())
/// ```
///
/// # Errors
/// Those of the cases, [`RmtError::Shape`] for a wrong number of entries, [`RmtError::Setting`]
/// unless 0 < `level` < 1, and those of [`Analyser::analyse`].
pub fn sanity<E: From<RmtError>>(
    analyser: &Analyser,
    level: f64,
    cases: impl ExactSizeIterator<Item = Result<Case, E>>,
    mut on_row: impl FnMut(&Row),
) -> Result<SanityReport, E> {
    if !(level > 0.0 && level < 1.0) {
        let requirement = "the level of a run must lie between 0 and 1";
        return Err(RmtError::Setting { setting: "level", value: level, requirement }.into());
    }
    let half = 0.5 * level;
    // The family-wise level of one matrix, so that counts of outliers are at the run's level too.
    let mut options = analyser.options().clone();
    options.level = half / cases.len().max(1) as f64;
    let test_level = options.test_level();
    let analyser = Analyser::new(options, analyser.nulls().clone())?;
    let mut rows = Vec::new();
    for case in cases {
        let case = case?;
        let matrix = Matrix::new(&case.values[..], case.rows, case.cols, case.orientation)?;
        let report = analyser.analyse(&matrix, Context::default())?.report;
        let row = Row::new(case, report);
        on_row(&row);
        rows.push(row);
    }
    let repetitions = repetitions::repetitions(&rows, half);
    Ok(SanityReport { rows, repetitions, level, test_level })
}

/// Draws `repetitions` matrices of every law at every shape, one at a time, as cases for
/// [`sanity`]. `None` if their number exceeds `usize`.
pub fn draws<'a, L: Copy + Into<Population>>(
    laws: &'a [L],
    shapes: &'a [[usize; 2]],
    repetitions: usize,
    seed: u64,
) -> Option<impl ExactSizeIterator<Item = Result<Case, RmtError>> + 'a> {
    let (per_law, per_shape) = (repetitions, laws.len().checked_mul(repetitions)?);
    let total = shapes.len().checked_mul(per_shape)?;
    Some((0..total).map(move |i| {
        let (shape, law) = (shapes[i / per_shape], laws[i % per_shape / per_law]);
        let [rows, cols] = shape;
        let repetition = (i % per_law) as u64;
        Ok(Case::draw(law, rows, cols, seed_of(seed, repetition)))
    }))
}

/// Seeds of repetitions that are not those of the next run's.
fn seed_of(seed: u64, repetition: u64) -> u64 {
    laws::mixed(&[seed, repetition])
}
