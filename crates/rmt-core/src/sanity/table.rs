//! A sanity report as a table of words and p-values.

use super::{Expectation, Outcome, Row, SanityReport, TestOutcome};
use crate::report::FAMILY;
use std::fmt;

/// Columns and rows of text, for a terminal, a file or TensorBoard.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Table {
    /// Heads of the columns.
    pub columns: Vec<String>,
    /// Cells, as many in each row as there are columns.
    pub rows: Vec<Vec<String>>,
}

impl SanityReport {
    /// One line a matrix: for every test what it says with its p-value, what was found, and whether
    /// that was expected.
    pub fn table(&self) -> Table {
        let mut columns: Vec<String> = vec!["law".into(), "shape".into()];
        columns.extend(FAMILY.iter().map(|name| name.trim_start_matches("p_").to_owned()));
        columns.extend(["found".to_owned(), "as expected".to_owned()]);
        Table { columns, rows: self.rows.iter().map(cells).collect() }
    }

    /// What the run says as a whole, in one line.
    pub fn conclusion(&self) -> String {
        let (count, failed) = (self.rows.len(), self.failures().count());
        if failed == 0 {
            return format!(
                "all {count} matrices are as expected (each test at level {:.1e}, a false alarm in \
                 the whole run with probability at most {})",
                self.test_level, self.level
            );
        }
        let named: Vec<String> = self
            .failures()
            .map(|row| {
                let [rows, cols] = row.shape;
                let expected = expected(row.expectation);
                format!("{} {rows}×{cols} ({} instead of {expected})", row.label, row.found)
            })
            .collect();
        format!("{failed} of {count} matrices are not as expected: {}", named.join(", "))
    }
}

fn expected(expectation: Expectation) -> &'static str {
    match expectation {
        Expectation::Random => "random",
        Expectation::Deviates => "deviates",
        Expectation::Either => "random or deviates",
        Expectation::Degenerate => "degenerate",
    }
}

fn cells(row: &Row) -> Vec<String> {
    let [rows, cols] = row.shape;
    let mut cells = vec![row.label.clone(), format!("{rows}×{cols}")];
    cells.extend(row.tests.iter().map(cell));
    let as_expected = match row.as_expected {
        true => "yes".to_owned(),
        false => format!("NO: {}", expected(row.expectation)),
    };
    cells.extend([row.found.to_string(), as_expected]);
    cells
}

fn cell(test: &TestOutcome) -> String {
    let word = match test.outcome {
        Outcome::Agree => "agree",
        Outcome::Deviate => "deviate",
        Outcome::Degenerate => return "degenerate".into(),
    };
    test.p.map_or_else(|| word.to_owned(), |p| format!("{word} {}", evidence(p)))
}

/// A p-value in four characters or so: two digits, or its power of ten.
pub fn evidence(p: f64) -> String {
    match p {
        p if p >= 0.001 => format!("{p:.3}"),
        p if p > 0.0 => format!("{p:.0e}"),
        _ => "0".into(),
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = || std::iter::once(&self.columns).chain(&self.rows);
        let width = |column: usize| {
            lines().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max()
        };
        let widths: Vec<usize> =
            (0..self.columns.len()).map(|column| width(column).unwrap_or(0)).collect();
        for (number, line) in lines().enumerate() {
            let padded: Vec<String> =
                line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            writeln!(f, "{}", padded.join("  ").trim_end())?;
            if number == 0 {
                let total = widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
                writeln!(f, "{}", "─".repeat(total))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p_values_in_few_characters() {
        for (p, text) in [(0.5, "0.500"), (0.001, "0.001"), (1.3e-7, "1e-7"), (0.0, "0")] {
            assert_eq!(evidence(p), text);
        }
    }

    #[test]
    fn columns_line_up() {
        let text = |cells: &[&str]| cells.iter().map(|&cell| cell.to_owned()).collect();
        let table = Table { columns: text(&["a", "bcd"]), rows: vec![text(&["×××", "e"])] };
        assert_eq!(table.to_string(), "a    bcd\n────────\n×××  e\n");
    }
}
