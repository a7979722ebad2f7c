//! A pair as one line of CSV.

use super::jsonl::Row;
use crate::flat;
use anyhow::Result;
use serde_json::Value;

/// What a pair is: the first columns.
const OWN: &[&str] = &["name", "kind", "block", "part", "status", "reason", "rows", "cols"];
/// The sides, as their columns begin.
const SIDES: [&str; 2] = ["before", "after"];

/// The line of names.
pub(super) fn head() -> Result<Vec<u8>> {
    let sides = SIDES
        .iter()
        .flat_map(|side| flat::STATISTICS.iter().map(move |column| format!("{side}.{column}")));
    let own = OWN.iter().chain(flat::DRIFT).map(|&column| column.to_owned());
    flat::line(own.chain(sides))
}

/// The line of figures.
pub(super) fn line(row: &Row<'_>) -> Result<Vec<u8>> {
    let row = serde_json::to_value(row)?;
    let mut cells = flat::cells(&row, OWN);
    cells.extend(flat::cells(&row, flat::DRIFT));
    for side in SIDES {
        cells.extend(flat::cells(row.get(side).unwrap_or(&Value::Null), flat::STATISTICS));
    }
    flat::line(cells)
}
