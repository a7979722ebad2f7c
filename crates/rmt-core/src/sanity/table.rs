//! Tables of a sanity report.

use super::row::RUNGS;
use super::{COUNTED_LEVEL, Repetitions, Row, RungOutcome, SanityReport, TestOutcome};
use crate::Table;
use crate::report::FAMILY;
use crate::shown::p_value;
use std::fmt;

/// Failures named in the conclusion, at most.
const NAMED: usize = 8;

impl SanityReport {
    /// One row per matrix: outcome and p-value of every test, the verdict, and whether it was
    /// expected.
    pub fn table(&self) -> Table {
        rows_table(self.rows.iter())
    }

    /// The rows of [`table`](Self::table) that are not as expected.
    pub fn failures_table(&self) -> Table {
        rows_table(self.failures())
    }

    /// One row per law and shape with several matrices: how often each test rejects at
    /// [`COUNTED_LEVEL`] and, for tests that must agree, how often it may.
    pub fn repetitions_table(&self) -> Table {
        let mut columns: Vec<String> = vec!["law".into(), "shape".into(), "matrices".into()];
        columns.extend(tests().map(|name| format!("{name} p≤{COUNTED_LEVEL}")));
        columns.extend(["as expected".to_owned(), "rates".to_owned()]);
        let rows = self.repetitions.iter().map(|group| {
            let [rows, cols] = group.shape;
            let mut cells =
                vec![group.label.clone(), format!("{rows}×{cols}"), group.matrices.to_string()];
            cells.extend(group.tests.iter().map(|test| match test.at_most {
                Some(limit) => format!("{} (≤ {limit})", test.rejected),
                None if test.made == 0 => "–".into(),
                None => test.rejected.to_string(),
            }));
            let rates = if group.counts_as_expected() { "yes" } else { "NO" };
            cells.extend([group.as_expected.to_string(), rates.into()]);
            cells
        });
        Table { columns, rows: rows.collect() }
    }

    /// The conclusion of the whole run, in one line.
    pub fn conclusion(&self) -> String {
        let count = self.rows.len();
        let matrix = |row: &Row| {
            let [rows, cols] = row.shape;
            format!("{} {rows}×{cols} ({})", row.label, row.problems.join("; "))
        };
        let rate = |group: &Repetitions| {
            let [rows, cols] = group.shape;
            let too_often = group.tests.iter().filter(|test| !test.as_expected());
            let named: Vec<String> = too_often
                .map(|test| {
                    let limit = test.at_most.unwrap_or_default();
                    let (name, rejected) = (&test.name, test.rejected);
                    let of = group.matrices;
                    format!("{name} rejects {rejected} of {of} at {COUNTED_LEVEL}, at most {limit}")
                })
                .collect();
            format!("{} {rows}×{cols} ({})", group.label, named.join("; "))
        };
        let matrices: Vec<String> = self.failures().map(matrix).collect();
        let wrong = self.repetitions.iter().filter(|group| !group.counts_as_expected());
        let rates: Vec<String> = wrong.map(rate).collect();
        let mut parts = Vec::new();
        if !matrices.is_empty() {
            let failed = matrices.len();
            parts.push(format!(
                "{failed} of {count} matrices are not as expected: {}",
                named(&matrices)
            ));
        }
        if !rates.is_empty() {
            parts.push(format!("rejected more often than random matrices are: {}", named(&rates)));
        }
        if parts.is_empty() {
            let are = if count == 1 { "matrix is" } else { "matrices are" };
            return format!(
                "all {count} {are} as expected (each test at level {:.1e}; a run over random \
                 matrices fails with probability at most {})",
                self.test_level, self.level
            );
        }
        parts.join(". ")
    }
}

fn named(failures: &[String]) -> String {
    let shown = failures.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match failures.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Names of the tests as heads of columns.
fn tests() -> impl Iterator<Item = String> {
    FAMILY.iter().map(|name| name.to_string().trim_start_matches("p_").to_owned())
}

fn rows_table<'a>(rows: impl Iterator<Item = &'a Row>) -> Table {
    let mut columns: Vec<String> = vec!["law".into(), "shape".into()];
    columns.extend(tests());
    columns.extend(RUNGS.map(str::to_owned));
    columns.extend(["structure", "found", "as expected"].map(str::to_owned));
    Table { columns, rows: rows.map(cells).collect() }
}

fn cells(row: &Row) -> Vec<String> {
    let [rows, cols] = row.shape;
    let mut cells = vec![row.label.clone(), format!("{rows}×{cols}")];
    cells.extend(row.tests.iter().map(cell));
    cells.extend(row.rungs.iter().map(|rung| {
        let shown =
            |rung: &RungOutcome| format!("{} {}", rung.outcome.name(), p_value(rung.p_tail));
        rung.as_ref().map_or_else(|| "–".to_owned(), shown)
    }));
    let counts: Vec<String> = row.structure.iter().flatten().map(usize::to_string).collect();
    cells.push(if counts.is_empty() { "–".to_owned() } else { counts.join(" / ") });
    let as_expected = match row.as_expected {
        true => "yes".to_owned(),
        false => format!("NO: {}", row.problems.join("; ")),
    };
    cells.extend([row.found.to_string(), as_expected]);
    cells
}

fn cell(test: &TestOutcome) -> String {
    let word = test.outcome.name();
    test.p.map_or_else(|| word.to_owned(), |p| format!("{word} {}", p_value(p)))
}

/// What a program prints: every matrix or, where there are several of a law and shape, rates of
/// rejection and the matrices that are not as expected; then the conclusion.
impl fmt::Display for SanityReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.repetitions.is_empty() {
            writeln!(f, "{}", self.table())?;
        } else {
            writeln!(f, "{}", self.repetitions_table())?;
            let failures = self.failures_table();
            if !failures.rows.is_empty() {
                writeln!(f, "{failures}")?;
            }
        }
        f.write_str(&self.conclusion())
    }
}
