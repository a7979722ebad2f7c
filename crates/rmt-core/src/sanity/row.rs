//! The outcome for one matrix, and whether it is as expected.

use super::{Case, Expectation, NOISE, Requirement};
use crate::notes::Note;
use crate::report::{FAMILY, TestName};
use crate::signs::RungTest;
use crate::{MatrixReport, Verdict, shown};
use serde::{Deserialize, Serialize};

/// The outcome of one test for one matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// The test does not reject.
    Agree,
    /// The test rejects.
    Deviate,
    /// The statistic is undefined for this matrix.
    Degenerate,
    /// The matrix is too small, empty or not finite.
    NotEstimable,
}

impl Outcome {
    /// One word for tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Agree => "agree",
            Self::Deviate => "deviate",
            Self::Degenerate => "degenerate",
            Self::NotEstimable => "not_estimable",
        }
    }
}

/// The outcome of one test of the family.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TestOutcome {
    /// Name of the test in [`FAMILY`].
    pub name: TestName,
    /// The outcome.
    pub outcome: Outcome,
    /// The p-value, if there is one.
    pub p: Option<f64>,
}

/// The outcome of the comparison with one kind of copies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RungOutcome {
    /// The outcome.
    pub outcome: Outcome,
    /// p-value of the rank among the copies.
    pub p: f64,
    /// p-value of the fitted tail.
    pub p_tail: f64,
}

impl RungOutcome {
    fn of(rung: &RungTest) -> Self {
        let outcome = if rung.rejected { Outcome::Deviate } else { Outcome::Agree };
        Self { outcome, p: rung.p, p_tail: rung.p_tail }
    }
}

/// The outcome for one matrix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Row {
    /// Entry law or initializer.
    pub label: String,
    /// [rows, columns].
    pub shape: [usize; 2],
    /// The expected outcome.
    pub expectation: Expectation,
    /// Outcomes of every test of the family.
    pub tests: Vec<TestOutcome>,
    /// Numbers of significant outliers above and below, at the level of the run.
    pub significant: [Option<usize>; 2],
    /// Outcomes of the comparison with copies, as far as it was made: with other signs, and with
    /// the entries in another order.
    #[serde(default)]
    pub rungs: [Option<RungOutcome>; 2],
    /// Numbers of directions above and below that no scale explains.
    #[serde(default)]
    pub structure: [Option<usize>; 2],
    /// Distance m·D of the spectrum from the Marchenko–Pastur law.
    pub bulk_distance: Option<f64>,
    /// Verdict at the level of the run.
    pub found: Verdict,
    /// Whether the outcome is as expected.
    pub as_expected: bool,
    /// Differences from the expectation, in words.
    pub problems: Vec<String>,
    /// Notes of the analysis.
    pub notes: Vec<Note>,
}

impl Row {
    /// `report` is of an analysis at the level of the run.
    pub(super) fn new(case: Case, report: MatrixReport) -> Self {
        let tests: Vec<TestOutcome> = FAMILY
            .iter()
            .map(|test| {
                let made = report.test(test);
                let outcome = match made {
                    Some(made) if made.rejected => Outcome::Deviate,
                    Some(_) => Outcome::Agree,
                    None if report.verdict == Verdict::NotEstimable => Outcome::NotEstimable,
                    None => Outcome::Degenerate,
                };
                TestOutcome { name: test.clone(), outcome, p: made.map(|made| made.p) }
            })
            .collect();
        let signs = report.signs.as_ref();
        let rungs = [signs.map(|found| found.signs), signs.and_then(|found| found.permuted)];
        let rungs = rungs.map(|rung| rung.as_ref().map(RungOutcome::of));
        let problems = problems(&case.expectation, &tests, &rungs, &report);
        let structure = report.structure.as_ref();
        Self {
            label: case.label,
            shape: [case.rows, case.cols],
            expectation: case.expectation,
            tests,
            significant: [report.significant_above, report.significant_below],
            rungs,
            structure: [
                structure.map(|found| found.above.count),
                structure.and_then(|found| found.below).map(|below| below.count),
            ],
            bulk_distance: report.bulk_distance,
            found: report.verdict,
            as_expected: problems.is_empty(),
            problems,
            notes: report.notes,
        }
    }
}

/// The names of the rungs.
pub(super) const RUNGS: [&str; 2] = ["signs", "order"];

/// What a test must say and does not.
fn missed(requirement: Requirement, outcome: Outcome) -> Option<&'static str> {
    match (requirement, outcome) {
        (Requirement::Agree, Outcome::Agree)
        | (Requirement::Deviate, Outcome::Deviate)
        | (Requirement::Either, _) => None,
        (Requirement::Agree, _) => Some("agree"),
        (Requirement::Deviate, _) => Some("deviate"),
    }
}

fn problems(
    expectation: &Expectation,
    tests: &[TestOutcome],
    rungs: &[Option<RungOutcome>; 2],
    report: &MatrixReport,
) -> Vec<String> {
    let mut problems = Vec::new();
    if !expectation.allows(report.verdict) {
        problems.push(format!("{} instead of {expectation}", report.verdict));
    }
    if matches!(report.verdict, Verdict::NotEstimable) {
        return problems;
    }
    for (test, requirement) in tests.iter().zip(expectation.tests) {
        let Some(must) = missed(requirement, test.outcome) else { continue };
        let p = test.p.map_or_else(|| "undefined".into(), shown::p_is);
        problems.push(format!("{} must {must} ({p})", test.name));
    }
    let of_rungs = RUNGS.iter().zip(rungs).zip(expectation.rungs);
    for ((name, rung), requirement) in of_rungs {
        let Some(rung) = rung else { continue };
        let Some(must) = missed(requirement, rung.outcome) else { continue };
        problems.push(format!("{name} must {must} ({} by its tail)", shown::p_is(rung.p_tail)));
    }
    if let Some(expected) = expectation.structure_above {
        let found = report.structure.as_ref().map(|found| found.above.count);
        if found.is_none_or(|found| !(expected..=expected + NOISE).contains(&found)) {
            let found = found.map_or_else(|| "none".into(), |n| n.to_string());
            problems.push(format!("{expected} direction(s) of structure above, found {found}"));
        }
    }
    if let Some(expected) = expectation.significant_above
        && report.significant_above != Some(expected)
    {
        let found = report.significant_above.map_or_else(|| "none".into(), |n| n.to_string());
        problems.push(format!("{expected} significant outlier(s) above, found {found}"));
    }
    problems
}
