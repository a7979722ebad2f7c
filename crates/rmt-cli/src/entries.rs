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
    let Zeros { rows: left, count: zeros, zero_rows, zero_columns } = match values {
        Values::F32(entries) => Zeros::of(entries, columns),
        Values::F64(entries) => Zeros::of(entries, columns),
    };
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

/// How many entries, rows and columns are zero.
struct Zeros {
    /// Rows that were looked at.
    rows: usize,
    count: usize,
    zero_rows: usize,
    zero_columns: usize,
}

impl Zeros {
    fn of<T: Copy + Default + PartialEq>(entries: &[T], columns: usize) -> Self {
        let zero = T::default();
        // Few are left after the first row.
        let mut zero_columns: Vec<usize> = (0..columns).collect();
        let (mut rows, mut count, mut zero_rows) = (0, 0, 0);
        for row in entries.chunks_exact(columns.max(1)) {
            let in_row = row.iter().filter(|&&x| x == zero).count();
            rows += 1;
            count += in_row;
            zero_rows += usize::from(in_row == columns);
            zero_columns.retain(|&column| row.get(column) == Some(&zero));
        }
        Self { rows, count, zero_rows, zero_columns: zero_columns.len() }
    }
}
