//! A report as one row of named columns, for CSV.

use crate::terminal::clean;
use anyhow::Result;
use rmt_core::figures::{self, STATISTICS};
use serde_json::Value;

/// What a matrix is: the first columns.
pub(crate) const IDENTITY: &[&str] = &[
    "schema",
    "session",
    "step",
    "name",
    "kind",
    "block",
    "part",
    "dtype",
    "rows",
    "cols",
    "orientation",
    "small_side",
    "large_side",
    "aspect",
];

/// What is measured on it.
pub(crate) fn statistics() -> Vec<&'static str> {
    figures::columns(STATISTICS)
}

/// The cells of `columns` in a row of the schema: the same digits as in JSON, nothing for null.
pub(crate) fn cells(row: &Value, columns: &[&str]) -> Vec<String> {
    columns.iter().map(|column| text(find(row, column))).collect()
}

fn find<'a>(row: &'a Value, column: &str) -> Option<&'a Value> {
    let path = match column {
        "rows" => "shape.0",
        "cols" => "shape.1",
        other => other,
    };
    path.split('.').try_fold(row, |value, key| match value {
        Value::Array(list) => list.get(key.parse::<usize>().ok()?),
        other => other.get(key),
    })
}

fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(list)) => {
            list.iter().map(|value| text(Some(value))).collect::<Vec<_>>().join("; ")
        }
        Some(other) => other.to_string(),
    }
}

/// One line of CSV, quoted where it must be. What a terminal would obey is replaced, as in tables.
pub(crate) fn line(cells: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    for cell in cells {
        writer.write_field(clean(&String::from_utf8_lossy(cell.as_ref())))?;
    }
    writer.write_record(None::<&[u8]>)?;
    Ok(writer.into_inner()?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_line_acts_on_a_terminal() {
        let found = line(["a\u{1b}[2J\nb", "c, d", ""]).unwrap();
        assert_eq!(String::from_utf8(found).unwrap(), "a\u{fffd}[2J\u{fffd}b,\"c, d\",\n");
    }

    use rmt_core::layers::LayerId;
    use rmt_core::{Analyser, AnalysisOptions, Context, LayerReport, Matrix, Nulls, Orientation};
    use std::collections::BTreeSet;

    /// Paths of everything in `value` that is neither object nor null.
    fn leaves(value: &Value, path: &str, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => map.iter().for_each(|(key, value)| {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                leaves(value, &path, found);
            }),
            Value::Null => {}
            _ => {
                found.insert(path.to_owned());
            }
        }
    }

    #[test]
    fn every_figure_of_the_schema_has_a_column() {
        // With outliers at both ends and enough levels, so that every part is there.
        let (rows, cols) = (120, 300);
        let mut a: Vec<f64> = (0..rows * cols)
            .map(|i| ((i as f64 + 1.0).powi(2) * 0.754_877).fract() - 0.5)
            .collect();
        a[..cols].iter_mut().for_each(|x| *x *= 0.05);
        a[cols..2 * cols].iter_mut().for_each(|x| *x *= 6.0);
        let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default()).unwrap();
        // Before, with one direction more in every row but the last.
        let moved = |i: usize| a[i] + 0.1 + 0.01 * a[(7 * i) % a.len()];
        let before = (0..rows * cols).map(|i| if i < (rows - 1) * cols { moved(i) } else { a[i] });
        let before: Vec<f64> = before.collect();
        fn matrix(values: &[f64], [rows, cols]: [usize; 2]) -> Matrix<'_> {
            Matrix::new(values, rows, cols, Orientation::OutIn).unwrap()
        }
        let (before, after) = (matrix(&before, [rows, cols]), matrix(&a, [rows, cols]));
        let keep = Context::default().with_keep(true);
        let first = analyser.analyse(&before, keep).unwrap();
        let context = Context::default().with_reference(first.reference.as_ref());
        let context = context.with_change_ladder(true);
        let report = analyser.analyse(&after, context).unwrap().report;
        let layer = LayerId::from_name("layers.0.query").with_part("1");
        let row = LayerReport::new(0, 3, layer, "f64".into(), report);
        let row = serde_json::to_value(&row).unwrap();
        let mut found = BTreeSet::new();
        leaves(&row, "", &mut found);
        let columns = [IDENTITY.to_vec(), statistics(), figures::columns(figures::CHANGE)];
        let columns: BTreeSet<&str> = columns.concat().into_iter().collect();
        // Lists (the first of each is there), the tests by name, and what stands elsewhere.
        let elsewhere = [
            "shape",
            "signal",
            "suppression",
            "tests",
            "magnitudes.massive",
            "levels.number_variance",
            "levels.number_variance_law",
            "traps.unpermuted_count",
            "traps.unpermuted_count_cut_off",
            "traps.unpermuted_largest_over_edge",
        ];
        let missing: Vec<&String> = found
            .iter()
            .filter(|path| !columns.contains(path.as_str()) && !elsewhere.contains(&path.as_str()))
            // Each end of a rung, the other figures of a change's structure, and which lines: in JSON.
            .filter(|path| !path.starts_with("signs.") && !path.ends_with(".indices"))
            .filter(|path| !path.starts_with("drift.change.structure."))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
        // And no column is misspelt.
        let empty: Vec<&str> =
            columns.iter().copied().filter(|column| find(&row, column).is_none()).collect();
        assert!(empty.is_empty(), "{empty:?}");
    }

    #[test]
    fn cells_are_the_digits_of_json() {
        let row = serde_json::json!({
            "name": "a,b", "shape": [2, 3], "p": 0.1, "none": null, "notes": ["x", "y"],
            "signal": [{"strength": 1e-300}],
        });
        let columns = ["name", "rows", "cols", "p", "none", "notes", "signal.0.strength", "no.0"];
        let expected = ["a,b", "2", "3", "0.1", "", "x; y", "1e-300", ""];
        assert_eq!(cells(&row, &columns), expected);
        assert_eq!(line(["a,b", "say \"x\"", ""]).unwrap(), b"\"a,b\",\"say \"\"x\"\"\",\n");
    }
}
