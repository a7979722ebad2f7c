//! A pair as one line of CSV.

use super::jsonl::Row;
use crate::flat;
use anyhow::Result;
use rmt_core::figures::{CHANGE, columns};
use serde_json::Value;

/// What a pair is: the first columns.
const OWN: &[&str] = &["name", "kind", "block", "part", "status", "reason", "rows", "cols"];
/// The sides, as their columns begin.
const SIDES: [&str; 2] = ["before", "after"];

/// The line of names.
pub(super) fn head() -> Result<Vec<u8>> {
    let statistics = flat::statistics();
    let of = |side| statistics.iter().map(move |column| format!("{side}.{column}"));
    let own = OWN.iter().copied().chain(columns(CHANGE)).map(str::to_owned);
    flat::line(own.chain(SIDES.into_iter().flat_map(of)))
}

/// The line of figures.
pub(super) fn line(row: &Row<'_>) -> Result<Vec<u8>> {
    let row = serde_json::to_value(row)?;
    let mut cells = flat::cells(&row, OWN);
    cells.extend(flat::cells(&row, &columns(CHANGE)));
    let statistics = flat::statistics();
    for side in SIDES {
        cells.extend(flat::cells(row.get(side).unwrap_or(&Value::Null), &statistics));
    }
    flat::line(cells)
}
