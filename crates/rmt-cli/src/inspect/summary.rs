//! What stands under the table: counts, what was skipped, and notes that many matrices share.

use crate::checkpoint::Checkpoint;
use crate::matrices::Skipped;
use crate::measure::Row;
use crate::terminal::clean;
use rmt_core::notes::grouped;
use rmt_core::report::Verdict;
use rmt_core::shown::number;
use rmt_core::statistics::kurtosis::RANGE;
use std::fmt::Write;
use std::slice::from_ref;

/// How many matrices have which verdict.
pub(super) fn verdicts(rows: &[Row], level: f64) -> String {
    let of = |verdict| rows.iter().filter(|row| row.report.report.verdict == verdict).count();
    let failed = rows.iter().filter(|row| row.failed.is_some()).count();
    let others = [
        (of(Verdict::Deviates), "not told apart"),
        (of(Verdict::Degenerate), "degenerate"),
        (of(Verdict::NotEstimable).saturating_sub(failed), "not estimable"),
        (failed, "failed"),
    ];
    let [structure, scale, random] = [Verdict::Structure, Verdict::Scale, Verdict::Random].map(of);
    let mut text = format!(
        "{}: {structure} structure, {scale} scale, {random} random",
        plural(rows.len(), "matrix")
    );
    for (count, what) in others.into_iter().filter(|(count, _)| *count > 0) {
        let _ = write!(text, ", {count} {what}");
    }
    format!("{text} (a random matrix gets another verdict with probability {level})\n")
}

/// What p-values allow for, and where that ends.
pub(super) fn kurtosis(rows: &[Row]) -> String {
    let (least, most) = RANGE;
    let found: Vec<f64> = rows.iter().filter_map(|row| row.report.report.excess_kurtosis).collect();
    let Some(smallest) = found.iter().copied().reduce(f64::min) else { return String::new() };
    let largest = found.iter().copied().fold(smallest, f64::max);
    let beyond = found.iter().filter(|&&kurtosis| !(least..=most).contains(&kurtosis)).count();
    let beyond = match beyond {
        0 => String::new(),
        count => format!(" ({} beyond it)", plural(count, "matrix")),
    };
    format!(
        "p-values, edges: corrected for the excess kurtosis of the entries, here {} to {}, cut to {least} … {most}{beyond}\n",
        number(Some(smallest)),
        number(Some(largest))
    )
}

/// A line for each matrix that failed.
pub(super) fn failures(rows: &[Row]) -> String {
    let line = |row: &Row| {
        let reason = row.failed.as_ref()?;
        Some(format!("failed: {}: {}\n", clean(&row.report.layer.path()), clean(reason)))
    };
    rows.iter().filter_map(line).collect()
}

/// Tensors that are not analysed, counted by reason; their names as well if `verbose`.
pub(super) fn skipped(checkpoints: &[Checkpoint], verbose: bool) -> String {
    let skipped: Vec<&Skipped> =
        checkpoints.iter().flat_map(|checkpoint| &checkpoint.plan.skipped).collect();
    let groups =
        grouped(skipped.iter().map(|skipped| (skipped.name.as_str(), from_ref(&skipped.why))));
    let mut text = String::new();
    for group in groups {
        let _ = write!(
            text,
            "skipped: {}: {}",
            plural(group.names.len(), "tensor"),
            clean(group.text())
        );
        if verbose {
            for name in &group.names {
                let _ = write!(text, "\n    {}", clean(name));
            }
        }
        text.push('\n');
    }
    text
}

/// What else was not analysed, and what the readers have to say.
pub(super) fn files(checkpoints: &[Checkpoint], verbose: bool) -> String {
    let sum = |of: fn(&Checkpoint) -> usize| checkpoints.iter().map(of).sum::<usize>();
    let (vectors, unwanted) = (sum(|c| c.plan.vectors), sum(|c| c.plan.unwanted));
    let mut text = String::new();
    if vectors > 0 {
        let _ = writeln!(text, "skipped: {}: only one side", plural(vectors, "tensor"));
        for name in checkpoints.iter().flat_map(|c| &c.plan.one_sided).filter(|_| verbose) {
            let _ = writeln!(text, "    {}", clean(name));
        }
    }
    if unwanted > 0 {
        let _ = writeln!(text, "skipped: {}: not selected", plural(unwanted, "matrix"));
    }
    if let [Checkpoint { step_from: Some(from), .. }, _, ..] = checkpoints {
        let steps: Vec<String> = checkpoints.iter().map(|c| c.step.to_string()).collect();
        let _ = writeln!(text, "steps: {}, by {from}", steps.join(", "));
    }
    for checkpoint in checkpoints {
        for note in checkpoint.source.notes() {
            let _ = writeln!(text, "note: {}: {}", clean(&checkpoint.name()), clean(&note));
        }
    }
    text
}

/// What the tensors are where none is analysed, in brackets.
pub(super) fn without_matrices(checkpoints: &[Checkpoint]) -> String {
    let sum = |of: fn(&Checkpoint) -> usize| checkpoints.iter().map(of).sum::<usize>();
    let counts = [
        (sum(|c| c.plan.skipped.len()), "skipped"),
        (sum(|c| c.plan.vectors), "of one side only"),
        (sum(|c| c.plan.unwanted), "not asked for"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts.map(|(count, what)| format!("{count} {what}")).collect();
    if counts.is_empty() {
        let notes: Vec<String> = checkpoints.iter().flat_map(|c| c.source.notes()).collect();
        let notes = if notes.is_empty() { "it holds no tensor".into() } else { notes.join("; ") };
        return format!(": {}", clean(&notes));
    }
    format!(" (tensors: {}; -v names them)", counts.join(", "))
}

/// Notes of matrices, each once, with the number of matrices that have it.
pub(super) fn notes(rows: &[Row]) -> String {
    let paths: Vec<String> = rows.iter().map(|row| row.report.layer.path()).collect();
    let analysed = rows.iter().zip(&paths).filter(|(row, _)| row.failed.is_none());
    let notes = analysed.map(|(row, path)| (path.as_str(), &row.report.report.notes[..]));
    let mut text = String::new();
    for group in grouped(notes) {
        let whose = match group.names.as_slice() {
            [name] => clean(name),
            names => plural(names.len(), "matrix"),
        };
        let _ = writeln!(text, "note: {} ({whose})", clean(group.text()));
    }
    text
}

/// A count and its noun.
fn plural(count: usize, noun: &str) -> String {
    match (count, noun) {
        (1, _) => format!("1 {noun}"),
        (_, "matrix") => format!("{count} matrices"),
        _ => format!("{count} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_their_nouns() {
        assert_eq!(plural(1, "matrix") + &plural(2, "matrix"), "1 matrix2 matrices");
    }
}
