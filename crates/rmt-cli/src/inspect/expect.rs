//! `--expect`: an expectation about all matrices together, for scripts.

use crate::checkpoint::Checkpoint;
use crate::measure::Row;
use anyhow::{Result, bail};
use clap::ValueEnum;
use rmt_core::Analyser;

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
    /// not. What cannot be judged (values that are not finite, all zero, tensors that are not read) is not
    /// known to be random; matrices too small for the tests are left out. The level is divided among the matrices, or a large random model would be found to
    /// deviate by chance.
    ///
    /// # Errors
    /// When no matrix could be judged.
    pub(super) fn check(
        self,
        rows: &[Row],
        checkpoints: &[Checkpoint],
        analyser: &Analyser,
    ) -> Result<Option<String>> {
        let judged: Vec<&Row> =
            rows.iter().filter(|row| row.report.report.verdict.is_judged()).collect();
        let unjudged = unjudged(rows, checkpoints, analyser.options().min_side);
        if judged.is_empty() && unjudged.is_empty() {
            bail!("--expect: no matrix could be judged, so nothing can be said");
        }
        let level = analyser.options().test_level() / judged.len() as f64;
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
            Self::Random if !unjudged.is_empty() => {
                let named = unjudged.iter().take(NAMED).map(|what| crate::terminal::clean(what));
                let named = named.collect::<Vec<_>>().join(", ");
                let more = if unjudged.len() > NAMED { ", …" } else { "" };
                let count = unjudged.len();
                Some(format!("expected random, but {count} could not be judged: {named}{more}"))
            }
            Self::Deviates if deviating.is_empty() => {
                Some(format!("expected to deviate, but none of {of} matrices does"))
            }
            _ => None,
        })
    }
}

/// What cannot be judged, each with the reason.
fn unjudged(rows: &[Row], checkpoints: &[Checkpoint], min_side: usize) -> Vec<String> {
    let row = |row: &Row| {
        let report = &row.report.report;
        let judged = report.verdict.is_judged();
        if judged || report.small_side < min_side {
            return None;
        }
        let why = report.notes.first().map(ToString::to_string).unwrap_or_default();
        Some(format!("{} ({why})", row.report.layer.path()))
    };
    let unread = checkpoints.iter().flat_map(|checkpoint| &checkpoint.plan.skipped);
    let unread = unread.filter(|skipped| skipped.unread);
    let unread = unread.map(|skipped| format!("{} ({})", skipped.name, skipped.why));
    rows.iter().filter_map(row).chain(unread).collect()
}
