//! The summary as text for a terminal.

use crate::alerts::{Finding, NOTHING_FOUND};
use crate::ledger::Dropped;
use crate::summary::{LayerSummary, Summary};
use crate::visible::line;
use rmt_core::LayerReport;
use rmt_core::Table;
use rmt_core::shown::{self, NONE, number, percent};
use std::fmt;
use std::path::Path;

/// Warnings of the monitor that are written out, at most.
const LISTED: usize = 5;

const LEGEND: &str = "\
above, below: number of learned directions with large and with small singular values (≥: lower bound)
left, right: share of the singular vectors on the output and input side that are not random (1 % by chance)
drift: ‖W − W₀‖/‖W₀‖ since the first snapshot W₀
";

/// First and last report of every layer; what was dropped, warnings of the monitor and notes, where there are any; and
/// last what was found, with what to do, and where to look at the run.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.layers.is_empty() {
            writeln!(f, "no matrix was analysed")?;
        } else {
            write!(f, "{}{LEGEND}", table(&self.layers))?;
        }
        self.troubles(f)?;
        for (text, whose) in self.notes() {
            writeln!(f, "note: {} ({})", line(&text), line(&whose))?;
        }
        if !self.layers.is_empty() {
            write!(f, "\n{}", self.what_was_found())?;
        }
        let places = self.where_to_look();
        if places.is_empty() { Ok(()) } else { write!(f, "\n{places}") }
    }
}

impl Summary {
    /// What did not go as it should.
    fn troubles(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.complete {
            writeln!(
                f,
                "the summary is incomplete: the monitor ended before everything was analysed"
            )?;
        }
        let counted = [
            ("matrices", &self.counts),
            ("gradients", &self.gradients),
            ("scalars", &self.scalar_counts),
        ];
        for (what, counts) in counted {
            let dropped = counts.dropped.total();
            if dropped > 0 {
                let (submitted, why) = (counts.submitted, reasons(&counts.dropped));
                writeln!(f, "{dropped} of {submitted} {what} were dropped: {why}")?;
            }
        }
        let warnings = self.warnings.iter().map(|warning| (warning.step, warning.message.as_str()));
        list(f, "warning", self.warnings_total, warnings)
    }

    /// Each finding with what it may mean and what to check next; one line where there is none.
    pub fn what_was_found(&self) -> String {
        if self.findings.is_empty() {
            return format!("{NOTHING_FOUND}\n");
        }
        let lines = |finding: &Finding| -> String {
            finding.to_string().lines().map(|text| line_of(text) + "\n").collect()
        };
        self.findings.iter().map(lines).collect()
    }

    /// One line each with the run's directory, its page and the command for TensorBoard, as far as
    /// they exist.
    pub fn where_to_look(&self) -> String {
        let shown = |path: &Path| line(&path.display().to_string());
        let mut text = String::new();
        if !self.run_directory.as_os_str().is_empty() {
            text.push_str(&format!("run directory: {}\n", shown(&self.run_directory)));
        }
        if let Some(page) = &self.page {
            text.push_str(&format!("open in a browser: {}\n", shown(page)));
        }
        if let Some(directory) = &self.tensorboard {
            let directory = shown(directory);
            text.push_str(&format!(
                "TensorBoard: tensorboard --logdir {directory} (to install it: pip install tensorboard)\n"
            ));
        }
        text
    }
}

/// A line that may be indented.
fn line_of(text: &str) -> String {
    let words = text.trim_start();
    text[..text.len() - words.len()].to_owned() + &line(words)
}

/// Counts by reason.
fn reasons(dropped: &Dropped) -> String {
    let counts = serde_json::to_value(dropped).unwrap_or_default();
    let counts = counts.as_object().into_iter().flatten();
    let counts = counts.filter(|(_, count)| count.as_u64() != Some(0));
    counts.map(|(reason, count)| format!("{count} {reason}")).collect::<Vec<_>>().join(", ")
}

/// The number of them, and the first few.
fn list<'a>(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    total: u64,
    listed: impl Iterator<Item = (u64, &'a str)>,
) -> fmt::Result {
    if total == 0 {
        return Ok(());
    }
    writeln!(f, "{total} {what}{}:", if total == 1 { "" } else { "s" })?;
    let mut written = 0;
    for (step, message) in listed.take(LISTED) {
        writeln!(f, "    step {step}: {}", line(message))?;
        written += 1;
    }
    match total.saturating_sub(written) {
        0 => Ok(()),
        more => writeln!(f, "    and {more} more, in summary.json and in the logs of the run"),
    }
}

fn table(layers: &[LayerSummary]) -> Table {
    let columns = [
        "weight",
        "step",
        "shape",
        "verdict",
        "above",
        "below",
        "left",
        "right",
        "spacing ratio",
        "stable rank",
        "drift",
    ];
    let mut rows = Vec::with_capacity(2 * layers.len());
    for LayerSummary { first, last, .. } in layers {
        rows.push(row(line(&first.layer.path()), first));
        if last.step != first.step {
            rows.push(row(String::new(), last));
        }
    }
    Table::new(columns.map(str::to_owned).into(), rows)
}

fn row(name: String, row: &LayerReport) -> Vec<String> {
    let report = &row.report;
    vec![
        name,
        row.step.to_string(),
        shown::shape(report.shape),
        shown::verdict(report.verdict),
        shown::above(report),
        shown::below(report),
        percent(shown::left(report)),
        percent(shown::right(report)),
        report.spacing_ratio.map_or(NONE.into(), |ratio| format!("{ratio:.3}")),
        number(shown::stable_rank(report)),
        number(report.drift.as_ref().and_then(|drift| drift.relative_norm)),
    ]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::samples::report_of;
    use crate::summary::Warning;
    use rmt_core::notes::Note;
    use std::path::PathBuf;

    /// At step 0, and later with a count that is a lower bound.
    fn layer(name: &str, last: u64) -> LayerSummary {
        let (first, mut last) = (report_of(name, 0), report_of(name, last));
        let above = &mut last.report.structure.as_mut().unwrap().above;
        (above.count, above.cut_off) = (32, true);
        last.report.notes = vec![Note::Frozen];
        LayerSummary { first, last, first_deviation: Some(0) }
    }

    #[test]
    fn it_has_the_first_and_the_last_report_of_every_layer() {
        let mut summary = Summary { complete: true, ..Summary::default() };
        assert_eq!(summary.to_string(), "no matrix was analysed\n");
        summary.layers = vec![layer("a.weight", 50), layer("b.weight", 0)];
        summary.run_directory = PathBuf::from("runs/x");
        let text = summary.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[2].starts_with("a.weight  0 "), "{text}");
        assert!(lines[3].trim_start().starts_with("50 ") && lines[3].contains("≥ 32"), "{text}");
        assert!(lines[4].starts_with("b.weight  0 ") && lines[5].starts_with("above, "), "{text}");
        let end = "note: frozen (a.weight, b.weight)\n";
        let end = format!("{end}\n{NOTHING_FOUND}\n\nrun directory: runs/x\n");
        assert!(text.ends_with(&end), "{text}");
        assert!(!text.contains("dropped") && !text.contains("warning"), "{text}");
    }

    #[test]
    fn what_went_wrong_and_where_to_look_stand_below() {
        let mut summary = Summary { run_directory: "runs/x/rank_1".into(), ..Summary::default() };
        summary.counts.submitted = 5;
        (0..2).for_each(|_| summary.counts.drop_one(crate::DropReason::QueueFull));
        let warning = |step| Warning { step, message: "a\u{1b}[2J".into() };
        (summary.warnings, summary.warnings_total) = ((0..9).map(warning).collect(), 9);
        summary.page = Some("runs/x/rank_1/index.html".into());
        summary.tensorboard = Some("runs/x".into());
        let text = summary.to_string();
        assert!(text.contains("2 of 5 matrices were dropped: 2 queue_full\n"), "{text}");
        assert!(text.contains("9 warnings:\n    step 0: a"), "{text}");
        assert!(text.contains("    and 4 more, in summary.json"), "{text}");
        assert!(text.contains("incomplete") && !text.contains('\u{1b}'), "{text}");
        let end = "\
run directory: runs/x/rank_1
open in a browser: runs/x/rank_1/index.html
TensorBoard: tensorboard --logdir runs/x (to install it: pip install tensorboard)
";
        assert!(text.ends_with(end), "{text}");
    }
}
