//! `--top` and `--bottom`: matrices in the order of a figure.

use crate::measure::Row;
use clap::Args;
use rmt_core::figures::{Figure, STATISTICS, Unit};

/// Which matrices the table shows.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct Ranking {
    /// Shows only the N matrices with the largest value of --by, in descending order. Means are
    /// still over all matrices.
    #[arg(long, value_name = "N", conflicts_with = "bottom")]
    pub(super) top: Option<usize>,
    /// Shows only the N matrices with the smallest value of --by, in ascending order.
    #[arg(long, value_name = "N")]
    pub(super) bottom: Option<usize>,
    /// Figure that --top and --bottom sort by: a column such as above, left, eff-rank or condition,
    /// or a key of docs/figures.md.
    #[arg(long, value_name = "COLUMN", default_value = "above", value_parser = figure)]
    pub(super) by: &'static Figure,
}

fn all() -> impl Iterator<Item = &'static Figure> {
    STATISTICS.iter().copied().flatten().filter(|figure| figure.unit != Unit::Word)
}

fn figure(text: &str) -> Result<&'static Figure, String> {
    let name = text.to_lowercase().replace(['-', '_'], " ");
    let named = |figure: &&Figure| !figure.head.is_empty() && figure.head == name;
    let keyed = |figure: &&Figure| !figure.key.is_empty() && figure.key == text;
    all().find(named).or_else(|| all().find(keyed)).ok_or_else(|| {
        let heads: Vec<&str> = all().map(|figure| figure.head).filter(|h| !h.is_empty()).collect();
        format!("the columns are {}, and the keys of docs/figures.md", heads.join(", "))
    })
}

/// Rows of the table, and a line that says which they are; empty where they are all.
pub(super) struct Ranked<'a> {
    pub(super) rows: Vec<&'a Row>,
    pub(super) line: String,
}

impl Ranking {
    pub(super) fn is_asked_for(&self) -> bool {
        self.top.or(self.bottom).is_some()
    }

    /// The figure, where the table is ranked by it.
    pub(super) fn figure(&self) -> Option<&'static Figure> {
        self.is_asked_for().then_some(self.by)
    }

    /// A matrix without the figure is in no ranking.
    pub(super) fn of<'a>(&self, rows: &'a [Row]) -> Ranked<'a> {
        let Some(number) = self.top.or(self.bottom) else {
            return Ranked { rows: rows.iter().collect(), line: String::new() };
        };
        let value = |row: &'a Row| Some((self.by.value(&row.report.report)?, row));
        let mut ranked: Vec<(f64, &Row)> = rows.iter().filter_map(value).collect();
        let without = rows.len() - ranked.len();
        ranked.sort_by(
            |(a, _), (b, _)| if self.top.is_some() { b.total_cmp(a) } else { a.total_cmp(b) },
        );
        let which = if self.top.is_some() { "largest" } else { "smallest" };
        ranked.truncate(number);
        let mut line = format!(
            "{} of {} matrices, those with the {which} {}",
            ranked.len(),
            rows.len(),
            name(self.by)
        );
        if without > 0 {
            line.push_str(&format!("; {without} have none"));
        }
        line.push('\n');
        Ranked { rows: ranked.into_iter().map(|(_, row)| row).collect(), line }
    }
}

/// The head of its column.
pub(super) fn name(figure: &Figure) -> &'static str {
    if figure.head.is_empty() { figure.key } else { figure.head }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_a_column_or_a_key() {
        for (text, key) in [
            ("above", "structure.above.count"),
            ("eff-rank", "heavy_tail.effective_rank"),
            ("Stable_Rank", "heavy_tail.stable_rank"),
            ("heavy_tail.log_norm", "heavy_tail.log_norm"),
        ] {
            assert_eq!(figure(text).unwrap().key, key);
        }
        for bad in ["", "verdict", "abov"] {
            assert!(figure(bad).unwrap_err().contains("condition"), "{bad}");
        }
    }
}
