//! Notes of the last reports.

use crate::html::{Cell, heads, table};
use crate::run::Run;
use maud::{Markup, html};
use rmt_core::LayerReport;
use rmt_core::notes::{Group, grouped};

/// One row per note, with the matrices that have it; empty without any.
pub(crate) fn table_of(id: &str, run: &Run) -> Markup {
    let columns = heads(&[
        ("note", "note of the analysis"),
        ("matrices", "number of matrices with this note"),
        ("which", "names of the first ones"),
    ]);
    let latest: Vec<(String, &LayerReport)> =
        run.latest().map(|row| (row.layer.path(), row)).collect();
    let groups = grouped(latest.iter().map(|(path, row)| (path.as_str(), &row.report.notes[..])));
    let row = |group: &Group<'_>| {
        let matrices = Cell::whole(group.names.len() as u64);
        vec![Cell::text(group.text()), matrices, Cell::Text(group.whose())]
    };
    html! { @if !groups.is_empty() { (table(id, &columns, groups.iter().map(row))) } }
}
