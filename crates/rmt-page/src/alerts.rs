//! The sections of the page with alerts and warnings.

use crate::events::{Alert, Finding, Level, Warning};
use crate::html::{Cell, heads, low, section, table};
use crate::run::Run;
use maud::{Markup, html};
use rmt_core::shown::clean;

const ABOUT: &str = "What was found, matrix by matrix, in order of step. An alert is raised again only after its cause \
                     has ended.";

/// What was found, and what to do about it; nothing of a run that nobody watched.
pub(crate) fn findings(run: &Run) -> Markup {
    let Some((findings, nothing)) = &run.findings else { return html! {} };
    html! {
        section id="found" {
            h2 { "What was found" } "\n"
            @if findings.is_empty() { p { (nothing) } "\n" }
            @for finding in findings {
                (one(finding))
            }
        }
        "\n"
    }
}

/// How many findings are warnings and errors; alerts, where there is no list of findings.
pub(crate) fn counts(run: &Run) -> (u64, u64) {
    let Some((findings, _)) = &run.findings else { return run.alerts.counts() };
    let of = |level| findings.iter().filter(|finding| finding.level == level).count() as u64;
    (of(Level::Warning), of(Level::Error))
}

/// Text whose `names` are set as code.
fn with_code(text: &str) -> Markup {
    let text = clean(text);
    html! {
        @for (number, part) in text.split('`').enumerate() {
            @if number % 2 == 0 { (part) } @else { code { (part) } }
        }
    }
}

fn one(finding: &Finding) -> Markup {
    let marked = finding.level != Level::Info;
    html! {
        h3.d[marked] { (finding.level.name()) ": " (clean(&finding.title)) ", step " (finding.step) } "\n"
        dl {
            @for (word, text) in &finding.lines { dt { (word) } dd { (with_code(text)) } }
            dt { "name" } dd { code { (clean(&finding.name)) } }
        }
        "\n"
    }
}

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
