//! Answers to questions about a model, in words: which layers have learned nothing, which rank each needs, what a change
//! touched, which rows are unused.

use crate::terminal::clean;
use rmt_core::LayerReport;
use rmt_core::answers::{
    Touch, adapter_rank, empty_rows, learned_nothing, still_rows, touch, truncation_rank,
};
use rmt_core::layers::{LayerKind, by_kind};
use rmt_core::statistics::drift::Drift;
use rmt_monitor::{looks_without_gain, plateau_step};
use std::collections::HashMap;
use std::fmt::Write;

/// Looks without a gain after which a run is at a plateau.
const PLATEAU: u64 = 10;

/// Of the weights of a checkpoint.
pub(crate) fn of_weights<'a>(rows: impl Iterator<Item = &'a LayerReport> + Clone) -> String {
    learned(rows.clone()) + &ranks(rows.clone()) + &unused_rows(rows)
}

/// Of the change from one checkpoint to another, matrix by matrix.
pub(crate) fn of_change<'a>(
    changes: impl Iterator<Item = (&'a LayerReport, &'a Drift)> + Clone,
) -> String {
    let touched = |wanted| {
        let of = move |(row, drift): &(&LayerReport, &Drift)| {
            touch(drift, row.report.shape) == Some(wanted)
        };
        changes.clone().filter(of).map(|(row, _)| row.layer.path()).collect::<Vec<_>>()
    };
    let all = changes.clone().count();
    let mut text = String::new();
    for (wanted, question) in [
        (Touch::Untouched, "Matrices that the change left alone"),
        (Touch::Shrunk, "Matrices that only shrank, as by weight decay"),
        (Touch::Undirected, "Matrices that moved without a direction, as by noise"),
    ] {
        text += &list(question, all, &touched(wanted));
    }
    let counted = changes.filter_map(|(row, drift)| {
        Some((row.layer.kind, (adapter_rank(drift)?.count, row.report.small_side)))
    });
    text + &by_kinds("Rank of an adapter that holds the change (its directions)", counted)
}

/// Of a run, whose rows are in order of step.
pub(crate) fn of_run(rows: &[LayerReport]) -> String {
    // Of each matrix the latest row, in the order of the model.
    let mut latest: Vec<&LayerReport> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for row in rows {
        let place = *places.entry(row.layer.path()).or_insert(latest.len());
        match latest.get_mut(place) {
            Some(known) => *known = row,
            None => latest.push(row),
        }
    }
    let now = latest.into_iter();
    let mut text = learned(now.clone());
    let idle = looks_without_gain(rows).last().map_or(0, |(_, idle)| idle);
    let _ = writeln!(text, "Looks since a learned direction was gained: {idle}");
    if idle >= PLATEAU {
        text +=
            "Training hardly changes the spectra. That does not mean that the model overfits.\n";
    }
    if let Some(step) = plateau_step(rows, PLATEAU) {
        let _ = writeln!(text, "First plateau, {PLATEAU} looks without a gain: step {step}");
    }
    for row in now.filter(|row| row.layer.kind == LayerKind::Embedding) {
        // Without a drift nothing is known of them.
        let Some(count) = row.report.drift.as_ref().map(still_rows) else { continue };
        let (name, of) = (clean(&row.layer.path()), row.report.shape[0]);
        let _ = writeln!(text, "Rows of {name} that never moved: {count} of {of}");
    }
    text
}

fn learned<'a>(rows: impl Iterator<Item = &'a LayerReport> + Clone) -> String {
    let of = |wanted: Option<bool>| {
        let rows = rows.clone().filter(move |row| learned_nothing(&row.report) == wanted);
        rows.map(|row| row.layer.path()).collect::<Vec<_>>()
    };
    let (nothing, unjudged) = (of(Some(true)), of(None));
    let all = rows.clone().count();
    let mut text = list("Matrices that have learned nothing that shows", all, &nothing);
    if !nothing.is_empty() {
        text += "They are candidates to freeze. Measure the loss before you rely on it.\n";
    }
    if !unjudged.is_empty() {
        text += &list("Matrices without a verdict", all, &unjudged);
    }
    text
}

fn ranks<'a>(rows: impl Iterator<Item = &'a LayerReport>) -> String {
    let ranks = rows.filter_map(|row| {
        Some((row.layer.kind, (truncation_rank(&row.report)?, row.report.small_side)))
    });
    by_kinds("Rank to truncate to (effective rank)", ranks)
}

/// Rows that carry nothing, of embeddings.
fn unused_rows<'a>(rows: impl Iterator<Item = &'a LayerReport>) -> String {
    let mut text = String::new();
    for row in rows.filter(|row| row.layer.kind == LayerKind::Embedding) {
        let Some([zero, equal]) = empty_rows(&row.report) else { continue };
        let (name, of) = (clean(&row.layer.path()), row.report.shape[0]);
        let _ = writeln!(
            text,
            "Unused rows of {name}: {zero} of {of} are zero, {equal} equal an earlier one"
        );
    }
    text
}

/// A count, and the names below it.
fn list(what: &str, all: usize, names: &[String]) -> String {
    let mut text = format!("{what}: {} of {all}\n", names.len());
    for name in names {
        let _ = writeln!(text, "    {}", clean(name));
    }
    text
}

/// The least, the median and the largest rank of each kind, and the sides.
fn by_kinds(what: &str, ranks: impl Iterator<Item = (LayerKind, (usize, usize))>) -> String {
    let mut ranks = ranks.peekable();
    if ranks.peek().is_none() {
        return String::new();
    }
    let mut text = format!("{what}, least, median and largest by kind:\n");
    for (kind, mut ranks) in by_kind(ranks) {
        ranks.sort_unstable();
        let (least, largest) = (ranks.first(), ranks.last());
        let Some(((least, _), (largest, _))) = least.zip(largest) else { continue };
        let (median, _) = ranks.get(ranks.len() / 2).copied().unwrap_or_default();
        let sides: Vec<usize> = ranks.iter().map(|(_, side)| *side).collect();
        let (from, to) =
            (sides.iter().min().copied().unwrap_or(0), sides.iter().max().copied().unwrap_or(0));
        let of = if from == to { from.to_string() } else { format!("{from} to {to}") };
        let _ = writeln!(text, "    {:<18}{least}, {median}, {largest} of {of}", kind.to_string());
    }
    text
}
