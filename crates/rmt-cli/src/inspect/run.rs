//! From checkpoints to rows, and from rows to where they go.

use super::dry_run::{self, Forecast};
use super::options::{Options, Sharing};
use super::table::{self, Form};
use super::tensorboard::Run;
use super::{jsonl, summary};
use crate::answers;
use crate::checkpoint::{Checkpoint, open_all};
use crate::flat;
use crate::measure::{Place, Row};
use crate::output::Format;
use crate::parts::{Header, split};
use crate::progress::Progress;
use crate::status::Status;
use crate::terminal::clean;
use crate::workers::in_order;
use anyhow::{Result, bail};
use rmt_core::Analyser;

/// Analyses the selected matrices.
///
/// # Errors
/// If nothing can be analysed, or the result cannot be written. A single matrix that fails
/// becomes a row with the reason, and the status is `Status::Failed`.
pub fn run(options: &Options) -> Result<Status> {
    if options.output.spectrum && options.target.format != Format::Jsonl {
        bail!("--spectrum: singular values are printed with --format jsonl");
    }
    if options.ranking.is_asked_for() && options.target.format != Format::Table {
        bail!(
            "--top, --bottom: the table is ranked; rows are written in the order of the checkpoint"
        );
    }
    if options.output.answers && options.target.format != Format::Table {
        bail!("--answers: answers are printed in the place of the table");
    }
    let Sharing { shard, dry_run } = options.sharing;
    if shard.is_some() && !dry_run && options.target.format != Format::Jsonl {
        bail!("--shard: parts are written with --format jsonl");
    }
    let analyser = options.judging.analyser(options.selection.min_side)?;
    let mut checkpoints = open_all(&options.paths, &options.output.step, &options.selection)?;
    if options.output.tensorboard.is_some() {
        checkpoints.sort_by_key(|checkpoint| checkpoint.step);
    }
    inspect(options, &analyser, &checkpoints)
}

/// The same of checkpoints that are open.
pub(super) fn inspect(
    options: &Options,
    analyser: &Analyser,
    checkpoints: &[Checkpoint],
) -> Result<Status> {
    let mut places: Vec<Place<'_>> = checkpoints
        .iter()
        .enumerate()
        .flat_map(|(number, checkpoint)| {
            checkpoint.plan.matrices.iter().map(move |matrix| Place { number, checkpoint, matrix })
        })
        .collect();
    if places.is_empty() {
        if options.output.verbose {
            let mut output = options.target.open(&options.paths)?;
            output
                .print(summary::skipped(checkpoints, true) + &summary::files(checkpoints, true))?;
        }
        bail!("there is no matrix to analyse{}", summary::without_matrices(checkpoints));
    }
    let shard = options.sharing.shard;
    let plan = shard.map(|shard| split(&places, shard.world));
    if options.sharing.dry_run {
        let forecast = Forecast::new(analyser, options.target.jobs)?;
        let mut output = options.target.open(&options.paths)?;
        let text = dry_run::text(&places, shard, plan.as_ref(), &forecast, output.width());
        output.print(text)?;
        return Ok(Status::Success);
    }
    let mut output = options.target.open(&options.paths)?;
    if let (Some(shard), Some(plan)) = (shard, plan) {
        output.json(&Header::new(shard, &plan, &places, analyser, options.output.spectrum))?;
        let mut ranks = plan.into_iter();
        places.retain(|_| ranks.next() == Some(shard.rank));
    }
    let format = options.target.format;
    let statistics = flat::statistics();
    if format == Format::Csv {
        let columns = ["checkpoint"].iter().chain(flat::IDENTITY).chain(&statistics);
        output.print(flat::line(columns)?)?;
    }
    let first = checkpoints.first().map_or(0, |checkpoint| checkpoint.step);
    let directory = options.output.tensorboard.as_deref();
    let mut run = directory.map(|directory| Run::create(directory, first)).transpose()?;

    let progress = Progress::new(places.iter().map(|place| (place.matrix, 1.0)));
    output.beside(progress.bar());
    let mut rows: Vec<Row> = Vec::with_capacity(places.len());
    let mut ticking: Vec<Row> = Vec::new();
    let pictures = directory.is_some() || options.output.spectrum;
    let work = |number: usize| places.get(number).map(|place| place.measure(analyser, pictures));
    let jobs = options.target.jobs;
    in_order(places.len(), jobs, work, |number, result| {
        let Some(place) = places.get(number) else { return Ok(()) };
        let row = match result {
            Ok(Some(row)) => row,
            Ok(None) => return Ok(()),
            Err(panic) => place.failed(analyser, panic),
        };
        match format {
            Format::Jsonl => jsonl::print(&mut output, &row, options.output.spectrum)?,
            Format::Csv => {
                let report = serde_json::to_value(&row.report)?;
                let mut cells = vec![place.checkpoint.name()];
                cells.extend(flat::cells(&report, flat::IDENTITY));
                cells.extend(flat::cells(&report, &statistics));
                output.print(flat::line(cells)?)?;
            }
            Format::Table => {}
        }
        let alone = Row { report: row.report.without_profile(), ..row.clone() };
        rows.push(alone);
        if let Some(run) = &mut run {
            ticking.push(row);
            let next = number.checked_add(1).and_then(|next| places.get(next));
            if next.is_none_or(|next| next.number != place.number) {
                run.step(place.checkpoint.step, std::mem::take(&mut ticking))?;
            }
        }
        progress.done(place.matrix, 1.0);
        Ok(())
    })?;
    progress.finish();
    if options.output.answers {
        let analysed = rows.iter().filter(|row| row.failed.is_none());
        for (number, checkpoint) in checkpoints.iter().enumerate() {
            if checkpoints.len() > 1 {
                output.print(format!("{}\n", clean(&checkpoint.name())))?;
            }
            let own = analysed.clone().filter(move |row| row.checkpoint == number);
            output.print(answers::of_weights(own.map(|row| &row.report)))?;
        }
        output.print(
            summary::failures(&rows) + &summary::skipped(checkpoints, options.output.verbose),
        )?;
    } else if format == Format::Table {
        let (verbose, ranking) = (options.output.verbose, options.ranking);
        let form = Form { width: output.width(), verbose, ranking };
        output.print(table::text(&rows, checkpoints, analyser.options().level, form))?;
    }
    conclude(options, analyser, checkpoints, &rows)
}

fn conclude(
    options: &Options,
    analyser: &Analyser,
    checkpoints: &[Checkpoint],
    rows: &[Row],
) -> Result<Status> {
    let failed: Vec<&Row> = rows.iter().filter(|row| row.failed.is_some()).collect();
    if let Some(Row { report, failed: Some(reason), .. }) = failed.first() {
        let (count, of, name) = (failed.len(), rows.len(), clean(&report.layer.path()));
        eprintln!("error: {count} of {of} matrices failed, first {name}: {}", clean(reason));
        return Ok(Status::Failed);
    }
    let Some(expectation) = options.output.expect else { return Ok(Status::Success) };
    Ok(match expectation.check(rows, checkpoints, analyser)? {
        None => Status::Success,
        Some(why) => {
            eprintln!("{why}");
            Status::NotAsExpected
        }
    })
}
