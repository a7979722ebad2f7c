//! What the monitor called for attention.

use super::html;
use super::load::Run;
use super::tables;
use rmt_monitor::AlertLevel;

const ABOUT: &str = "What the monitor called for attention as it happened: a matrix that deviates for \
                     the first time, a stable rank that collapsed, a singular value that ran away, a \
                     bulk whose scale shifted, weights that are not finite. Each is said again only \
                     after it was over.";

/// Nothing where there are none.
pub(super) fn section(run: &Run) -> String {
    html::section("alerts", "Alerts", ABOUT, &table("alerts-table", run))
}

/// The table alone; nothing where there are none.
pub(super) fn table(id: &str, run: &Run) -> String {
    if run.alerts.is_empty() { String::new() } else { html::low(&tables::alerts(id, run)) }
}

/// How many warnings and errors there are.
pub(super) fn counts(run: &Run) -> (usize, usize) {
    let of = |level| run.alerts.iter().filter(|alert| alert.level == level).count();
    (of(AlertLevel::Warning), of(AlertLevel::Error))
}
