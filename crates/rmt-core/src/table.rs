//! Tables of text.

use std::fmt;

/// Columns and rows of text, such as the result of an experiment. It prints aligned for a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Table {
    /// Heads of the columns.
    pub columns: Vec<String>,
    /// Cells, as many in each row as there are columns.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Makes a table of these columns and rows.
    pub fn new(columns: Vec<String>, rows: Vec<Vec<String>>) -> Self {
        Self { columns, rows }
    }

    /// Width of a column in characters; 0 if it does not exist.
    pub fn width(&self, column: usize) -> usize {
        let lines = self.rows.iter().chain([&self.columns]);
        lines.filter_map(|cells| cells.get(column)).map(|c| c.chars().count()).max().unwrap_or(0)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = || std::iter::once(&self.columns).chain(&self.rows);
        let widths: Vec<usize> = (0..self.columns.len()).map(|column| self.width(column)).collect();
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
    fn columns_line_up() {
        let text = |cells: &[&str]| cells.iter().map(|&cell| cell.to_owned()).collect();
        let table = Table { columns: text(&["a", "bcd"]), rows: vec![text(&["×××", "e"])] };
        assert_eq!(table.to_string(), "a    bcd\n────────\n×××  e\n");
    }
}
