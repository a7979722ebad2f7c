//! Does the analysis find random matrices random, and nothing else? One function over labelled
//! matrices, for entry laws and for the initializers of a framework alike.
//!
//! The claim of random matrix theory for neural networks is that freshly initialized weights are
//! random (Thamm, Staats & Rosenow 2022; Staats, Thamm & Rosenow 2024). [`sanity`] puts it to the
//! test, with laws that must agree beside laws that must not.

mod laws;
mod table;

pub use laws::EntryLaw;
pub use table::{Table, evidence};

use crate::report::FAMILY;
use crate::spectrum::{Matrix, Orientation};
use crate::{Analyser, Context, MatrixReport, RmtError, Verdict};
use serde::{Deserialize, Serialize};

/// What a matrix must be found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Expectation {
    /// No test may deviate.
    Random,
    /// At least one test must deviate.
    Deviates,
    /// It may deviate or not: the sample is too small to tell for certain.
    Either,
    /// There is no bulk, or its vectors are undefined; the verdict must say so.
    Degenerate,
}

/// One labelled matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Entry law or initializer.
    pub label: String,
    /// Rows as stored.
    pub rows: usize,
    /// Columns as stored.
    pub cols: usize,
    /// Entries, row by row.
    pub values: Vec<f64>,
    /// What it must be found to be.
    pub expectation: Expectation,
}

impl Case {
    /// A matrix drawn by an entry law.
    pub fn draw(law: EntryLaw, rows: usize, cols: usize, seed: u64) -> Self {
        let (label, expectation) = (law.name().to_owned(), law.expectation(rows, cols));
        Self { label, rows, cols, values: law.draw(rows, cols, seed), expectation }
    }
}

/// What one test says of one matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// The test does not reject.
    Agree,
    /// It rejects.
    Deviate,
    /// The statistic is undefined for this matrix.
    Degenerate,
}

/// One test of the family.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TestOutcome {
    /// Its name in [`FAMILY`].
    pub name: String,
    /// What it says.
    pub outcome: Outcome,
    /// Its p-value, where there is one.
    pub p: Option<f64>,
}

/// What was found of one matrix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Row {
    /// Entry law or initializer.
    pub label: String,
    /// [rows, columns].
    pub shape: [usize; 2],
    /// What it must be found to be.
    pub expectation: Expectation,
    /// Every test of the family.
    pub tests: Vec<TestOutcome>,
    /// The verdict of the analysis, at its own level.
    pub verdict: Verdict,
    /// Significant outliers above and below.
    pub significant: [Option<usize>; 2],
    /// m·D, the distance of the spectrum from the Marchenko–Pastur law.
    pub bulk_distance: Option<f64>,
    /// The finding at the level of the run: what the tests above say together.
    pub found: Verdict,
    /// Whether it is found to be what it must be.
    pub as_expected: bool,
    /// Notes of the analysis.
    pub notes: Vec<String>,
}

/// What was found of all of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SanityReport {
    /// One per matrix, in order.
    pub rows: Vec<Row>,
    /// Probability that a run finds any of its random matrices deviating.
    pub level: f64,
    /// Level of each test: Bonferroni over the family and all matrices.
    pub test_level: f64,
}

impl SanityReport {
    /// Whether every matrix was found to be what it must be.
    pub fn passed(&self) -> bool {
        self.rows.iter().all(|row| row.as_expected)
    }

    /// The rows that were not.
    pub fn failures(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| !row.as_expected)
    }
}

/// Analyses every case and holds it against its expectation. `on_row` sees each row as it is found.
///
/// Each test is made at `level`/(5·number of cases), so that a run over random matrices finds any of
/// them deviating with probability at most `level`, whatever the seed (Bonferroni).
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
    let test_level = level / (FAMILY.len() * cases.len().max(1)) as f64;
    let mut rows = Vec::with_capacity(cases.len());
    for case in cases {
        let case = case?;
        // No name is read here; which side is the input is a matter of convention.
        let matrix = Matrix::new(&case.values[..], case.rows, case.cols, Orientation::OutIn)?;
        let report = analyser.analyse(&matrix, Context::default())?.report;
        let row = row(case, report, test_level);
        on_row(&row);
        rows.push(row);
    }
    Ok(SanityReport { rows, level, test_level })
}

fn row(case: Case, report: MatrixReport, test_level: f64) -> Row {
    let tests: Vec<TestOutcome> = FAMILY
        .iter()
        .map(|name| {
            let p = report.tests.iter().find(|test| test.name == *name).map(|test| test.p);
            let outcome = match p {
                None => Outcome::Degenerate,
                Some(p) if p <= test_level => Outcome::Deviate,
                Some(_) => Outcome::Agree,
            };
            TestOutcome { name: (*name).into(), outcome, p }
        })
        .collect();
    let found = match report.verdict {
        Verdict::Random | Verdict::Deviates => {
            let deviates = tests.iter().any(|test| test.outcome == Outcome::Deviate);
            if deviates { Verdict::Deviates } else { Verdict::Random }
        }
        other => other,
    };
    let as_expected = match case.expectation {
        Expectation::Random => found == Verdict::Random,
        Expectation::Deviates => found == Verdict::Deviates,
        Expectation::Either => matches!(found, Verdict::Random | Verdict::Deviates),
        Expectation::Degenerate => found == Verdict::Degenerate,
    };
    Row {
        label: case.label,
        shape: [case.rows, case.cols],
        expectation: case.expectation,
        tests,
        verdict: report.verdict,
        significant: [report.significant_above, report.significant_below],
        bulk_distance: report.bulk_distance,
        found,
        as_expected,
        notes: report.notes,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{AnalysisOptions, Nulls, ScaleEstimator};

    fn run(laws: &[EntryLaw], shapes: &[(usize, usize)], seed: u64) -> SanityReport {
        let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default()).unwrap();
        let cases: Vec<_> = shapes
            .iter()
            .flat_map(|(m, n)| laws.iter().map(|law| (*law, *m, *n)))
            .map(|(law, m, n)| Ok::<_, RmtError>(Case::draw(law, m, n, seed)))
            .collect();
        sanity(&analyser, 0.01, cases.into_iter(), |_| {}).unwrap()
    }

    #[test]
    fn every_law_is_found_to_be_what_it_is() {
        for seed in 0..4 {
            let report = run(&EntryLaw::ALL, &[(64, 64), (64, 256), (256, 160)], seed);
            let failures: Vec<_> = report.failures().collect();
            assert!(report.passed(), "seed {seed}: {failures:#?}\n{}", report.table());
        }
    }

    #[test]
    fn what_deviates_deviates_for_its_own_reason() {
        let report = run(&EntryLaw::ALL, &[(128, 256)], 9);
        let of = |law: EntryLaw| report.rows.iter().find(|row| row.label == law.name()).unwrap();
        let deviating = |law| -> Vec<&str> {
            let tests = of(law).tests.iter();
            tests.filter(|t| t.outcome == Outcome::Deviate).map(|t| t.name.as_str()).collect()
        };
        // A constant offset is one signal above; its vectors are the constant ones.
        assert_eq!(of(EntryLaw::Offset).significant, [Some(1), Some(0)]);
        assert!(deviating(EntryLaw::Offset).contains(&"p_above"));
        assert!(!deviating(EntryLaw::Offset).contains(&"p_below"));
        // Scales of rows localize the left vectors and spread the spectrum; the right ones stay.
        assert!(deviating(EntryLaw::RowScale).contains(&"left"));
        assert!(!deviating(EntryLaw::RowScale).contains(&"right"));
        assert!(deviating(EntryLaw::ColumnScale).contains(&"right"));
        assert!(!deviating(EntryLaw::ColumnScale).contains(&"left"));
        // Single large entries are localized on both sides.
        for law in [EntryLaw::StudentT, EntryLaw::Sparse] {
            assert!(deviating(law).contains(&"left") && deviating(law).contains(&"right"), "{law}");
        }
        let vectors = &of(EntryLaw::Orthogonal).tests[3..];
        assert!(vectors.iter().all(|test| test.outcome == Outcome::Degenerate && test.p.is_none()));
    }

    #[test]
    fn an_orthogonal_matrix_is_as_far_from_the_law_as_can_be() {
        let m = 96;
        for (scale_estimator, expected) in
            [(ScaleEstimator::Median, 0.5), (ScaleEstimator::TrimmedQuantiles, 0.57)]
        {
            let options = AnalysisOptions { scale_estimator, ..AnalysisOptions::default() };
            let analyser = Analyser::new(options, Nulls::default()).unwrap();
            let case = Ok::<_, RmtError>(Case::draw(EntryLaw::Orthogonal, m, m, 1));
            let report = sanity(&analyser, 0.01, std::iter::once(case), |_| {}).unwrap();
            let distance = report.rows[0].bulk_distance.unwrap() / m as f64;
            assert!((distance - expected).abs() < 0.01, "{scale_estimator:?}: {distance}");
        }
    }

    #[test]
    fn a_missed_expectation_fails_and_bad_input_is_an_error() {
        let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default()).unwrap();
        let mut wrong = Case::draw(EntryLaw::Offset, 32, 32, 1);
        wrong.expectation = Expectation::Random;
        let one = |case| std::iter::once(Ok::<_, RmtError>(case));
        let report = sanity(&analyser, 0.01, one(wrong.clone()), |_| {}).unwrap();
        assert!(!report.passed());
        assert_eq!(report.failures().count(), 1);
        wrong.values.pop();
        assert!(sanity(&analyser, 0.01, one(wrong.clone()), |_| {}).is_err());
        assert!(sanity(&analyser, 0.0, one(wrong), |_| {}).is_err());
        let none = std::iter::empty::<Result<Case, RmtError>>().collect::<Vec<_>>();
        assert!(sanity(&analyser, 0.01, none.into_iter(), |_| {}).unwrap().passed());
    }
}
