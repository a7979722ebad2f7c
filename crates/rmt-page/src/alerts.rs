//! The sections of alerts and warnings.

use crate::run::Run;
use crate::{html, tables};

const ABOUT: &str = "What the monitor called for attention as it happened: a matrix that deviates for \
                     the first time, a stable rank that collapsed, a singular value that ran away, a \
                     bulk whose scale shifted, weights that are not finite. Each is said again only \
                     after it was over.";

const WARNINGS: &str = "What went wrong with the monitor. Training went on.";

/// Nothing where there are none.
pub(crate) fn section(run: &Run) -> String {
    let about = ABOUT.to_owned() + &run.alerts.kept.note("alerts.jsonl");
    html::section("alerts", "Alerts", &about, &table("alerts-table", run))
}

/// The table alone; nothing where there are none.
pub(crate) fn table(id: &str, run: &Run) -> String {
    if run.alerts.kept.is_empty() { String::new() } else { html::low(&tables::alerts(id, run)) }
}

/// Warnings of the monitor itself; nothing where there are none.
pub(crate) fn warnings(run: &Run) -> String {
    if run.warnings.is_empty() {
        return String::new();
    }
    let about = WARNINGS.to_owned() + &run.warnings.note("warnings.jsonl");
    let table = html::low(&tables::warnings("warnings-table", run));
    html::section("warnings", "Warnings of the monitor", &about, &table)
}
