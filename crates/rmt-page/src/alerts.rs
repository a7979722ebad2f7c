//! The sections of the page with alerts and warnings.

use crate::events::{Alert, Level, Warning};
use crate::html::{Cell, heads, low, section, table};
use crate::run::Run;
use maud::{Markup, html};

const ABOUT: &str = "Alerts in order of step: a matrix deviates for the first time, a stable rank collapses, a \
                     singular value runs away, the scale of a bulk shifts, weights are not finite. An alert is \
                     raised again only after its cause has ended.";

const WARNINGS: &str = "Faults of the monitor. Training was not affected.";

/// The section of alerts; nothing where there are none.
pub(crate) fn alerts(run: &Run) -> Markup {
    let about = ABOUT.to_owned() + &run.alerts.kept.note("alerts.jsonl");
    section("alerts", "Alerts", &about, &list("alerts-table", run))
}

/// The table alone, one row per alert in order of step; nothing where there are none.
pub(crate) fn list(id: &str, run: &Run) -> Markup {
    let columns = heads(&[
        ("name", "name of the matrix"),
        ("step", "step of the report that shows it"),
        ("alert", "kind of alert"),
        ("level", "severity"),
        ("message", "in words"),
    ]);
    let row = |alert: &Alert| {
        let level = alert.level.name().to_owned();
        // It begins with the name.
        let message = alert.message.strip_prefix(&format!("`{}`: ", alert.layer));
        vec![
            Cell::text(&alert.layer),
            Cell::whole(alert.step),
            Cell::text(&alert.what),
            if alert.level == Level::Info { Cell::Text(level) } else { Cell::Marked(level) },
            Cell::text(message.unwrap_or(&alert.message)),
        ]
    };
    match run.alerts.kept.is_empty() {
        true => html! {},
        false => low(&table(id, &columns, run.alerts.kept.iter().map(row))),
    }
}

/// The section of warnings of the monitor itself; nothing where there are none.
pub(crate) fn warnings(run: &Run) -> Markup {
    if run.warnings.is_empty() {
        return html! {};
    }
    let columns = heads(&[("step", "step of the fault"), ("warning", "message")]);
    let row = |warning: &Warning| vec![Cell::whole(warning.step), Cell::text(&warning.message)];
    let table = low(&table("warnings-table", &columns, run.warnings.iter().map(row)));
    let about = WARNINGS.to_owned() + &run.warnings.note("warnings.jsonl");
    section("warnings", "Warnings of the monitor", &about, &table)
}
