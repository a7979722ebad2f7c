//! Notes of the last reports.

use crate::html::{Cell, table};
use crate::run::Run;
use crate::tables::{heads, whole};
use rmt_core::LayerReport;
use rmt_core::notes::{Group, grouped};

/// One row per note, with the matrices that have it; empty without any.
pub(crate) fn table_of(id: &str, run: &Run) -> String {
    let columns = heads(&[
        ("note", "what the analysis has to say"),
        ("matrices", "how many have it"),
        ("which", "the first of them"),
    ]);
    let latest: Vec<(String, &LayerReport)> =
        run.latest().map(|row| (row.layer.path(), row)).collect();
    let groups = grouped(latest.iter().map(|(path, row)| (path.as_str(), &row.report.notes[..])));
    if groups.is_empty() {
        return String::new();
    }
    let row = |group: &Group<'_>| {
        let matrices = Some(group.names.len() as u64);
        vec![Cell::Text(group.text().to_owned()), whole(matrices), Cell::Text(group.whose())]
    };
    table(id, &columns, &groups.iter().map(row).collect::<Vec<_>>())
}
