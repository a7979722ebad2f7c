//! From two checkpoints to pairs, and from pairs to where they go.

use super::jsonl::Row;
use super::matching::{Matching, cut_to_common_rows, matched};
use super::options::Options;
use super::pair::{Compared, Outcome, Pair, pairs, permuted};
use super::{csv, table};
use crate::answers;
use crate::checkpoint::open_at;
use crate::formats::is_adapter;
use crate::output::{Format, Output};
use crate::progress::Progress;
use crate::status::Status;
use crate::steps::{Steps, steps_of};
use crate::terminal::clean;
use crate::workers::in_order;
use anyhow::{Result, bail};
use rmt_core::Analyser;
use std::path::PathBuf;

/// Compares the selected matrices.
///
/// # Errors
/// If nothing can be compared, or the result cannot be written. A single pair that fails
/// becomes a row with the reason, and the status is `Status::Failed`.
pub fn run(options: &Options) -> Result<Status> {
    if options.answers && options.target.format != Format::Table {
        bail!("--answers: answers are printed in the place of the table");
    }
    let analyser = options.judging.analyser(options.selection.min_side)?;
    let selection = &options.selection;
    let paths: Vec<PathBuf> =
        [&options.before].into_iter().chain(&options.after).cloned().collect();
    // Only written into the rows: where the names do not tell, the order does.
    let named = steps_of(paths.iter().map(PathBuf::as_path)).ok();
    let steps = named.map_or_else(|| vec![0, 1], |Steps { steps, .. }| steps);
    // An adapter is compared with the model that it was made on.
    let base = (!is_adapter(&options.before)).then_some(options.before.as_path());
    let mut checkpoints = open_at(&paths, steps, selection, base)?;
    let matching = match checkpoints.as_slice() {
        [before, after] => matched(before, after),
        _ => Matching::default(),
    };
    if let [before, after] = checkpoints.as_mut_slice()
        && options.common_rows
    {
        cut_to_common_rows(before, after, &matching.pairs);
    }
    let pairs = match checkpoints.as_slice() {
        [before, after] => pairs(before, after, &matching.pairs),
        [checkpoint] => permuted(checkpoint, options.seed),
        _ => Vec::new(),
    };
    if pairs.is_empty() {
        bail!("there is no matrix to compare");
    }
    for note in &matching.notes {
        eprintln!("note: {}", clean(note));
    }
    let mut output = options.target.open(&paths)?;
    compare(options, &analyser, &pairs, &mut output)
}

fn compare(
    options: &Options,
    analyser: &Analyser,
    pairs: &[Pair<'_>],
    output: &mut Output,
) -> Result<Status> {
    let format = options.target.format;
    if format == Format::Csv {
        output.print(csv::head()?)?;
    }
    let progress = Progress::new(pairs.iter().map(|pair| (pair.matrix(), pair.weight())));
    output.beside(progress.bar());
    let mut all: Vec<Compared> = Vec::with_capacity(pairs.len());
    let work = |number: usize| pairs.get(number).map(|pair| pair.compare(analyser));
    in_order(pairs.len(), options.target.jobs, work, |number, result| {
        let Some(pair) = pairs.get(number) else { return Ok(()) };
        let compared = match result {
            Ok(Some(compared)) => compared,
            Ok(None) => return Ok(()),
            Err(panic) => pair.without(Outcome::Failed(panic)),
        };
        match format {
            Format::Table => {}
            Format::Jsonl => output.json(&Row::from(&compared))?,
            Format::Csv => output.print(csv::line(&Row::from(&compared))?)?,
        }
        all.push(compared);
        progress.done(pair.matrix(), pair.weight());
        Ok(())
    })?;
    progress.finish();
    if options.answers {
        let pairs = all.iter();
        let changes = pairs.filter_map(|pair| Some((pair.after.as_ref()?, pair.drift.as_ref()?)));
        output.print(answers::of_change(changes))?;
    } else if format == Format::Table {
        output.print(table::text(&all, output.width()))?;
    }
    let mut failed = all.iter().filter_map(|pair| match &pair.status {
        Outcome::Failed(reason) => Some((pair.layer.path(), reason)),
        _ => None,
    });
    let Some((name, reason)) = failed.next() else { return Ok(in_common(&all)) };
    let (count, of) = (1 + failed.count(), all.len());
    eprintln!("error: {count} of {of} matrices failed, first {}: {}", clean(&name), clean(reason));
    Ok(Status::Failed)
}

/// Checkpoints without a name in common are not compared, whatever else went well.
fn in_common(all: &[Compared]) -> Status {
    let alone = |pair: &Compared| matches!(pair.status, Outcome::OnlyBefore | Outcome::OnlyAfter);
    if !all.iter().all(alone) {
        return Status::Success;
    }
    let names = [Outcome::OnlyBefore, Outcome::OnlyAfter].map(|side| {
        let first = all.iter().find(|pair| pair.status == side);
        first.map_or_else(|| "none".to_owned(), |pair| clean(&pair.layer.path()))
    });
    eprintln!(
        "error: the checkpoints have no matrix in common; the first has names such as {}, the second such as {}",
        names[0], names[1]
    );
    Status::Failed
}
