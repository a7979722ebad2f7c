//! Markdown for TensorBoard's text page.

use crate::alerts::{Finding, NOTHING_FOUND};
use crate::summary::Summary;
use rmt_core::layers::by_kind;
use rmt_core::{LayerReport, MatrixReport, Table, shown};

/// A table of plain text.
pub(super) fn table(table: &Table) -> String {
    let escaped = |cell: &String| cell.replace('\\', "\\\\").replace('|', "\\|").replace('\n', " ");
    let rows = table.rows.iter().map(|row| row.iter().map(escaped).collect()).collect();
    let columns: Vec<String> = table.columns.iter().map(escaped).collect();
    markdown(&columns.iter().map(String::as_str).collect::<Vec<_>>(), rows)
}

/// A table of cells that are Markdown already.
fn markdown(columns: &[&str], rows: Vec<Vec<String>>) -> String {
    let line = |cells: String| format!("| {cells} |\n");
    let head = line(columns.join(" | ")) + &line(vec!["---"; columns.len()].join(" | "));
    rows.iter().fold(head, |text, row| text + &line(row.join(" | ")))
}

/// As plain text in Markdown, on one line.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '(' | ')' | '#' | '+'
            | '-' | '!' | '|' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c if shown::is_hidden(c) => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Each finding with what to do; a sentence where there is none.
pub(super) fn findings(findings: &[Finding]) -> String {
    // A name is not code here: what it holds is escaped.
    let plain = |text: &str| escaped(&text.replace('`', ""));
    let one = |finding: &Finding| {
        let Finding { level, step, title, .. } = finding;
        let lines = finding.lines();
        let lines = lines.iter().map(|(word, text)| format!("- **{word}**: {}\n", plain(text)));
        format!(
            "### {}: {}, step {step}\n\n{}- **name**: {}\n\n",
            level.name(),
            plain(title),
            lines.collect::<String>(),
            plain(finding.finding.name()),
        )
    };
    match findings {
        [] => format!("{NOTHING_FOUND}\n"),
        findings => findings.iter().map(one).collect(),
    }
}

/// Rows of a table that are shown.
const ROWS: usize = 300;

/// What is watched, how to read it, and the settings (as JSON).
pub(super) fn guide(reports: &[LayerReport], settings: &str) -> String {
    let kinds = by_kind(reports.iter().map(|report| (report.layer.kind, ())));
    let kinds: Vec<String> = kinds
        .iter()
        .map(|(kind, matrices)| format!("{} {}", matrices.len(), escaped(&kind.to_string())))
        .collect();
    let watched = format!("{} matrices: {}.", reports.len(), kinds.join(", "));
    // Backticks would end the block of code.
    let settings: String =
        settings.replace('`', "'").lines().map(|line| format!("    {line}\n")).collect();
    format!("## What is watched\n\n{watched}\n\n{READING}\n## Settings\n\n{settings}")
}

const READING: &str = "\
## How to read this

The singular values of a random weight matrix lie between two edges, which random matrix theory \
predicts. Values outside the edges, and singular vectors that are not random, show what training has changed.

- **rmt\\_0\\_summary**: number of layers that deviate from a random matrix, alerts, and the state of the monitor.
- **rmt\\_0\\_structure**: learned directions, which no scale of rows and columns explains: their number and share.
- **rmt\\_1\\_above**: singular values above the upper edge, the strongest directions of the layer.
- **rmt\\_2\\_below**: singular values below the lower edge, the directions that training has suppressed.
- **rmt\\_3\\_vectors**: fraction of the singular vectors that are not random. Random weights have the level \
of the test, 1 %.
- **rmt\\_4\\_bulk**: the rest of the spectrum, which stays random for a long time, and its scale.
- **rmt\\_5\\_overlap**: overlap of the layer's vectors with the main directions of its input. Random vectors lie \
inside the band.
- **rmt\\_6\\_drift**: distance of the weights from the first snapshot.
- **rmt\\_7\\_heavy\\_tail**: ranks and norms.

Curves named minus\\_log10\\_p are evidence: 2 means p = 0.01, and larger is stronger. The page *Custom \
Scalars* shows the largest and smallest singular values with the edges of the bulk. A line outside its band is a \
singular value that random weights would not have. *Images* has heat maps of structure, its share of the norm and the \
evidence, by layer and step.
";

/// How every layer and every kind ended.
pub(super) fn result(summary: &Summary) -> String {
    let figure = |x: Option<f64>| x.map_or("–".to_owned(), |x| format!("{x:.3}"));
    let step = |step: Option<u64>| step.map_or("never".to_owned(), |step| step.to_string());
    let kinds = summary.kinds.iter().map(|kind| {
        let of = &kind.aggregate;
        vec![
            escaped(&kind.kind.to_string()),
            of.matrices.to_string(),
            of.deviating.to_string(),
            step(kind.first_deviation),
            shown::at_least(figure(of.structure_above), of.structure_cut_off > 0),
            shown::at_least(figure(of.structure_below), of.structure_cut_off > 0),
            figure(of.stable_rank),
        ]
    });
    let kinds = markdown(
        &["kind", "matrices", "deviate", "first at step", "above / m", "below / m", "stable rank"],
        kinds.collect(),
    );
    let layers = summary.layers.iter().take(ROWS).map(|layer| {
        let (first, last) = (&layer.first.report, &layer.last.report);
        let over_edge = |report: &MatrixReport| {
            report.largest.zip(report.edge_high).map(|(largest, edge)| largest / edge)
        };
        let rank =
            |report: &MatrixReport| report.heavy_tail.as_ref().and_then(|tail| tail.stable_rank);
        vec![
            escaped(&layer.last.layer.path()),
            format!("{} × {}", last.shape[0], last.shape[1]),
            escaped(&format!("{} → {}", first.verdict, last.verdict)),
            step(layer.first_deviation),
            shown::above(last),
            shown::below(last),
            format!("{} → {}", figure(over_edge(first)), figure(over_edge(last))),
            format!("{} → {}", figure(rank(first)), figure(rank(last))),
        ]
    });
    let layers = markdown(
        &[
            "layer",
            "shape",
            "verdict",
            "first deviates at step",
            "above",
            "below",
            "largest / edge",
            "stable rank",
        ],
        layers.collect(),
    );
    let more = match summary.layers.len().saturating_sub(ROWS) {
        0 => String::new(),
        more => format!("\nand {more} more in summary.json\n"),
    };
    let notes = summary.notes();
    let notes =
        notes.iter().map(|(text, whose)| format!("- {} ({})\n", escaped(text), escaped(whose)));
    let notes: String = notes.collect();
    let notes = if notes.is_empty() { notes } else { format!("\n## Notes\n\n{notes}") };
    let Summary { ticks, counts, alerts_total, warnings_total, .. } = summary;
    format!(
        "## What was found\n\n{}\n## By kind\n\n{kinds}\n## By layer\n\n{layers}{more}{notes}\n{ticks} ticks; {} of {} matrices \
         analysed; {alerts_total} alerts; {warnings_total} warnings.\n",
        findings(&summary.findings),
        counts.analysed,
        counts.submitted,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::{Alert, AlertKind, Findings};

    #[test]
    fn a_table_keeps_its_columns_whatever_is_in_the_cells() {
        let text = |cells: &[&str]| cells.iter().map(|&cell| cell.to_owned()).collect();
        let found = table(&Table::new(text(&["a", "b"]), vec![text(&["1|2", "x\ny"])]));
        assert_eq!(found, "| a | b |\n| --- | --- |\n| 1\\|2 | x y |\n");
    }

    #[test]
    fn names_are_no_markup() {
        assert_eq!(escaped("a_*b*\n<i>"), "a\\_\\*b\\* \\<i\\>");
        let alert = |layer: &str| Alert {
            step: 1,
            layer: layer.into(),
            alert: AlertKind::RankCollapse,
            level: AlertKind::RankCollapse.level(),
            message: format!("`{layer}`: low"),
        };
        let found: Findings = [alert("a_*"), alert("<b>")].iter().collect();
        let text = findings(&found.all());
        assert!(text.contains("- **seen**: a\\_\\*: low. Also: \\<b\\>.\n"), "{text}");
        assert!(
            text.ends_with("- **name**: rank\\_collapse\n\n") && !text.contains("<b>"),
            "{text}"
        );
        assert_eq!(findings(&[]), format!("{NOTHING_FOUND}\n"));
    }
}
