//! What a matrix' entries tell that its verdict does not: zeros, and tails beyond the correction.

use rmt_core::notes::Note;
use rmt_core::statistics::kurtosis::RANGE;
use rmt_core::{MatrixReport, Values};

/// Zeros that are worth a note, as a fraction of all entries.
const MANY: f64 = 0.1;

/// Notes on the entries of a matrix [rows, columns], beside its report.
pub(crate) fn notes(
    values: Values<'_>,
    rows: usize,
    columns: usize,
    report: &MatrixReport,
) -> Vec<Note> {
    let mut zero_columns = vec![true; columns];
    let (mut zeros, mut zero_rows, mut left) = (0usize, 0usize, 0usize);
    let mut in_row = 0;
    for (at, value) in values.iter().enumerate() {
        let column = at % columns.max(1);
        if value == 0.0 {
            in_row += 1;
        } else if let Some(zero) = zero_columns.get_mut(column) {
            *zero = false;
        }
        if column + 1 == columns {
            zeros += in_row;
            zero_rows += usize::from(in_row == columns);
            left += 1;
            in_row = 0;
        }
    }
    let zero_columns = zero_columns.into_iter().filter(|zero| *zero).count();
    let mut notes = Vec::new();
    // All of them, or none: said elsewhere.
    if left < rows || zeros == rows.saturating_mul(columns) {
        return notes;
    }
    for (count, of, what) in [(zero_rows, rows, "rows"), (zero_columns, columns, "columns")] {
        if count > 0 {
            notes.push(Note::from(format!("{count} of {of} {what} are zero").as_str()));
        }
    }
    let fraction = zeros as f64 / (rows * columns) as f64;
    if fraction >= MANY {
        let text = format!("{:.0} % of the entries are zero", 100.0 * fraction);
        notes.push(Note::from(text.as_str()));
    }
    let (_, most) = RANGE;
    if let Some(kurtosis) = report.excess_kurtosis.filter(|&kurtosis| kurtosis > most)
        && report.verdict.deviates()
    {
        let answer = match report.signs {
            Some(_) => "the verdict does not rest on them",
            None => "--null permutation separates structure from tails",
        };
        let text = format!(
            "excess kurtosis of the entries {kurtosis:.1}, corrected for up to {most}: independent entries with \
             such tails have small p-values too; {answer}"
        );
        notes.push(Note::from(text.as_str()));
    }
    notes
}
