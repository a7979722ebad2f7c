//! What stands under the table: counts, what was skipped, and notes that many matrices share.

use crate::checkpoint::Checkpoint;
use crate::matrices::Skipped;
use crate::measure::Row;
use crate::terminal::clean;
use rmt_core::report::Verdict;
use std::collections::HashMap;
use std::fmt::Write;

/// How many matrices have which verdict.
pub(super) fn verdicts(rows: &[Row], level: f64) -> String {
    let of = |verdict| rows.iter().filter(|row| row.report.report.verdict == verdict).count();
    let failed = rows.iter().filter(|row| row.failed.is_some()).count();
    let others = [
        (of(Verdict::Degenerate), "degenerate"),
        (of(Verdict::NotEstimable).saturating_sub(failed), "not estimable"),
        (failed, "failed"),
    ];
    let (deviate, random) = (of(Verdict::Deviates), of(Verdict::Random));
    let mut text = format!("{}: {deviate} deviate, {random} random", plural(rows.len(), "matrix"));
    for (count, what) in others.into_iter().filter(|(count, _)| *count > 0) {
        let _ = write!(text, ", {count} {what}");
    }
    format!("{text} (a random matrix deviates with probability {level})\n")
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
    let groups = grouped(skipped.iter().map(|skipped| (skipped.why.as_str(), &skipped.name)));
    let mut text = String::new();
    for group in groups {
        let _ = write!(text, "skipped: {}: {}", plural(group.names.len(), "tensor"), group.text());
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
pub(super) fn files(checkpoints: &[Checkpoint]) -> String {
    let sum = |of: fn(&Checkpoint) -> usize| checkpoints.iter().map(of).sum::<usize>();
    let (vectors, unwanted) = (sum(|c| c.plan.vectors), sum(|c| c.plan.unwanted));
    let mut text = String::new();
    if vectors > 0 {
        let _ = writeln!(text, "skipped: {}: one side only", plural(vectors, "tensor"));
    }
    if unwanted > 0 {
        let _ = writeln!(text, "skipped: {}: not asked for", plural(unwanted, "matrix"));
    }
    for checkpoint in checkpoints {
        for note in checkpoint.source.notes() {
            let _ = writeln!(text, "note: {}: {}", clean(&checkpoint.name()), clean(&note));
        }
    }
    text
}

/// Notes of matrices, each once, with the number of matrices that have it.
pub(super) fn notes(rows: &[Row]) -> String {
    let paths: Vec<String> = rows.iter().map(|row| row.report.layer.path()).collect();
    let notes =
        rows.iter().zip(&paths).filter(|(row, _)| row.failed.is_none()).flat_map(|(row, path)| {
            row.report.report.notes.iter().map(move |note| (note.as_str(), path))
        });
    let mut text = String::new();
    for group in grouped(notes) {
        let whose = match group.names.as_slice() {
            [name] => clean(name),
            names => plural(names.len(), "matrix"),
        };
        let _ = writeln!(text, "note: {} ({whose})", group.text());
    }
    text
}

/// Texts that differ in their numbers alone.
struct Group<'a> {
    masked: String,
    first: &'a str,
    alike: bool,
    names: Vec<&'a str>,
}

impl Group<'_> {
    /// With its numbers where they are the same.
    fn text(&self) -> String {
        clean(if self.alike { self.first } else { &self.masked })
    }
}

fn grouped<'a>(texts: impl Iterator<Item = (&'a str, &'a String)>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (text, name) in texts {
        let masked = masked(text);
        match places.get(&masked).and_then(|place| groups.get_mut(*place)) {
            Some(group) => {
                group.alike &= group.first == text;
                group.names.push(name);
            }
            None => {
                places.insert(masked.clone(), groups.len());
                groups.push(Group { masked, first: text, alike: true, names: vec![name] });
            }
        }
    }
    groups
}

/// `text` with every number replaced.
fn masked(text: &str) -> String {
    let mut masked = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, number) = rest.split_at(start);
        masked.push_str(before);
        masked.push('…');
        let mut last = ' ';
        let end = number.find(|c: char| {
            let goes_on = c.is_ascii_digit()
                || (last.is_ascii_digit() && matches!(c, '.' | 'e'))
                || (last == 'e' && c == '-');
            last = c;
            !goes_on
        });
        let end = end.unwrap_or(number.len());
        // A full stop, or an e that begins a word, is no part of the number.
        let end = number.get(..end).map_or(end, |n| n.trim_end_matches(['.', 'e', '-']).len());
        rest = number.get(end..).unwrap_or_default();
    }
    masked + rest
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
    fn texts_that_differ_in_numbers_are_one() {
        assert_eq!(masked("square: t = 0.0234"), "square: t = …");
        assert_eq!(masked("47 of 48 vanish"), "… of … vanish");
        assert_eq!(masked("size 1e-7 is 3."), "size … is ….");
        assert_eq!(masked("none"), "none");
        assert_eq!(masked("3even 2."), "…even ….");
        let names = ["a", "b", "c"].map(str::to_owned);
        let texts = ["t = 1", "t = 2", "u = 3"];
        let groups = grouped(texts.into_iter().zip(&names));
        let found: Vec<(String, usize)> =
            groups.iter().map(|group| (group.text(), group.names.len())).collect();
        assert_eq!(found, [("t = …".into(), 2), ("u = 3".into(), 1)]);
        let same = grouped(["t = 1", "t = 1"].into_iter().zip(&names));
        assert_eq!(same.iter().map(Group::text).collect::<Vec<_>>(), ["t = 1"]);
        assert_eq!(plural(1, "matrix") + &plural(2, "matrix"), "1 matrix2 matrices");
    }
}
