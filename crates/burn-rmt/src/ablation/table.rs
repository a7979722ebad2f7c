//! The table of measured losses.

use super::means::mean;
use super::selected::Selected;
use rmt_core::Table;
use serde::Serialize;
use std::fmt;

/// The loss without each group of singular values. It prints as an aligned table. The
/// [module](super) has an example.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AblationTable {
    /// The selection, in words.
    pub selection: String,
    /// Number of matrices ablated together.
    pub matrices: usize,
    /// Number of their singular values in total.
    pub values: usize,
    /// Number of batches that the loss was measured on.
    pub batches: usize,
    /// Mean loss of the unchanged model, in the unit of the losses (nats for a perplexity).
    pub baseline_loss: f64,
    /// exp(`baseline_loss`).
    pub baseline_perplexity: f64,
    /// One row per group.
    pub rows: Vec<AblationRow>,
}

/// The loss without one group of singular values.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AblationRow {
    /// The selection, in words.
    pub selection: String,
    /// The group: its number, 0 for the largest values, or the kind of outliers.
    pub group: String,
    /// Number of removed singular values, of all matrices together.
    pub removed: usize,
    /// Mean loss over the batches without these values.
    pub loss: f64,
    /// Mean over the batches of the loss minus the loss of the unchanged model.
    pub delta_loss: f64,
    /// Standard error of `delta_loss`, s_d/√B over the differences of B batches; `None` for one
    /// batch. It covers the choice of batches only. For bulk values, `spread` covers the choice of
    /// values.
    pub delta_error: Option<f64>,
    /// Standard deviation of `delta_loss` over the draws, if bulk values were drawn several times.
    pub spread: Option<f64>,
    /// exp(loss); infinite, and null in JSON, above 709 nats.
    pub perplexity: f64,
    /// `perplexity` minus that of the unchanged model.
    pub delta_perplexity: f64,
    /// A remark, for example that outliers of some matrices could not be counted.
    pub note: Option<String>,
}

impl AblationTable {
    pub(super) fn new(
        selection: String,
        selected: &Selected,
        baseline: &[f64],
        rows: Vec<AblationRow>,
    ) -> Self {
        let sizes = selected.sizes();
        let baseline_loss = mean(baseline);
        Self {
            selection,
            matrices: sizes.len(),
            values: sizes.iter().sum(),
            batches: baseline.len(),
            baseline_loss,
            baseline_perplexity: baseline_loss.exp(),
            rows,
        }
    }

    /// Converts to a table for [`write_table`](rmt_monitor::sinks::write_table), which writes one
    /// line per row to `tables.jsonl` and a table to TensorBoard's text page. The first row is the
    /// unchanged model.
    pub fn to_table(&self) -> Table {
        let spread = self.rows.iter().any(|row| row.spread.is_some());
        let noted = self.rows.iter().any(|row| row.note.is_some());
        let columns = |all: [Option<String>; 10]| all.into_iter().flatten().collect::<Vec<_>>();
        let head = |text: &str| Some(text.to_owned());
        let heads = columns([
            head("selection"),
            head("group"),
            head("removed"),
            head("loss"),
            head("Δ loss"),
            head("± (paired)"),
            head("± (draws)").filter(|_| spread),
            head("perplexity"),
            head("Δ perplexity"),
            head("note").filter(|_| noted),
        ]);
        let optional = |x: Option<f64>| x.map_or_else(|| "–".to_owned(), figure);
        let line = |row: &AblationRow| {
            columns([
                Some(row.selection.clone()),
                Some(row.group.clone()),
                Some(row.removed.to_string()),
                Some(figure(row.loss)),
                Some(signed(row.delta_loss)),
                Some(optional(row.delta_error)),
                spread.then(|| optional(row.spread)),
                Some(figure(row.perplexity)),
                Some(signed(row.delta_perplexity)),
                noted.then(|| row.note.clone().unwrap_or_default()),
            ])
        };
        let whole = columns([
            Some(self.selection.clone()),
            head("none"),
            head("0"),
            Some(figure(self.baseline_loss)),
            head("–"),
            head("–"),
            head("–").filter(|_| spread),
            Some(figure(self.baseline_perplexity)),
            head("–"),
            head("").filter(|_| noted),
        ]);
        let rows = std::iter::once(whole).chain(self.rows.iter().map(line));
        Table::new(heads, rows.collect())
    }
}

/// Four decimals, or two digits of what they would hide.
fn figure(x: f64) -> String {
    if x == 0.0 || (1e-3..1e6).contains(&x.abs()) { format!("{x:.4}") } else { format!("{x:.1e}") }
}

fn signed(x: f64) -> String {
    let sign = if x > 0.0 { "+" } else { "" };
    format!("{sign}{}", figure(x))
}

impl fmt::Display for AblationTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted =
            |n: usize, one: &str, more: &str| format!("{n} {}", if n == 1 { one } else { more });
        writeln!(
            f,
            "{} of {}, {}",
            counted(self.values, "singular value", "singular values"),
            counted(self.matrices, "matrix", "matrices"),
            counted(self.batches, "batch", "batches"),
        )?;
        write!(f, "{}", self.to_table())
    }
}
