//! `--expect`: a statement about all matrices together, for scripts.

use crate::measure::Row;
use anyhow::{Result, bail};
use clap::ValueEnum;
use rmt_core::report::Verdict;

/// What a script may expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Expectation {
    /// No matrix deviates.
    Random,
    /// At least one matrix deviates.
    Deviates,
}

/// Deviating matrices that are named.
const NAMED: usize = 3;

impl Expectation {
    /// Whether it holds of `rows`, whose tests are each at `test_level`, and a line that says why
    /// not. The level is divided among the matrices, or a large random model would be found to
    /// deviate by chance.
    ///
    /// # Errors
    /// When no matrix could be judged.
    pub(super) fn check(self, rows: &[Row], test_level: f64) -> Result<Option<String>> {
        let judged: Vec<&Row> = rows
            .iter()
            .filter(|row| matches!(row.report.report.verdict, Verdict::Random | Verdict::Deviates))
            .collect();
        if judged.is_empty() {
            bail!("--expect: no matrix could be judged, so nothing can be said");
        }
        let level = test_level / judged.len() as f64;
        let deviates = |row: &&&Row| row.report.report.tests.iter().any(|test| test.p <= level);
        let deviating: Vec<String> =
            judged.iter().filter(deviates).map(|row| row.report.layer.path()).collect();
        let of = judged.len();
        Ok(match self {
            Self::Random if !deviating.is_empty() => {
                let named = deviating.iter().take(NAMED).map(|name| crate::terminal::clean(name));
                let named = named.collect::<Vec<_>>().join(", ");
                let count = deviating.len();
                let more = if count > NAMED { ", …" } else { "" };
                Some(format!(
                    "expected random, but {count} of {of} matrices deviate: {named}{more}"
                ))
            }
            Self::Deviates if deviating.is_empty() => {
                Some(format!("expected to deviate, but none of {of} matrices does"))
            }
            _ => None,
        })
    }
}
