//! `rmt sanity`: the experiment on random matrices.

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use rmt_core::sanity::{Case, EntryLaw, SanityReport, sanity};
use rmt_core::{Analyser, AnalysisOptions, Nulls, RmtError, ScaleEstimator};
use rmt_monitor::sinks::{Jsonl, Sink, TensorBoard};
use rmt_monitor::{DiskCache, Record, Table};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Entries that one matrix may have: 2^28 take 2 GiB.
const MOST_ENTRIES: usize = 1 << 28;

/// A shape such as 64x256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    rows: usize,
    cols: usize,
}

impl FromStr for Shape {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let sides = text.split_once(['x', '×']);
        let sides = sides.map(|(rows, cols)| (rows.trim().parse(), cols.trim().parse()));
        let Some((Ok(rows), Ok(cols))) = sides else {
            return Err("a shape is ROWSxCOLUMNS, such as 64x256".into());
        };
        let entries = usize::checked_mul(rows, cols);
        match entries {
            Some(0) => Err("both sides must be at least 1".into()),
            Some(entries) if entries <= MOST_ENTRIES => Ok(Self { rows, cols }),
            _ => Err(format!("more than {MOST_ENTRIES} entries")),
        }
    }
}

fn law(text: &str) -> Result<EntryLaw, String> {
    EntryLaw::from_name(text).ok_or_else(|| {
        let names: Vec<&str> = EntryLaw::ALL.iter().map(|law| law.name()).collect();
        format!("the laws are {}", names.join(", "))
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table to read.
    Table,
    /// One JSON object a matrix.
    Jsonl,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Estimator {
    Median,
    TrimmedQuantiles,
    Fit,
    Entries,
}

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Laws of the entries, separated by commas; all if none is given.
    #[arg(long, value_delimiter = ',', value_parser = law)]
    laws: Vec<EntryLaw>,
    /// Shapes, separated by commas.
    #[arg(long, value_delimiter = ',', default_value = "64x64,64x256,256x160,256x256")]
    shapes: Vec<Shape>,
    /// Matrices drawn of each law and shape.
    #[arg(long, default_value_t = 1)]
    repetitions: u32,
    /// Seed of the matrices.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Probability that the whole run finds any random matrix deviating.
    #[arg(long, default_value_t = 0.01)]
    level: f64,
    /// Estimator of the bulk's scale.
    #[arg(long, value_enum, default_value = "trimmed-quantiles")]
    scale_estimator: Estimator,
    /// Also writes the table there, as tables.jsonl and for TensorBoard.
    #[arg(long)]
    run_directory: Option<PathBuf>,
    /// What is printed.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// Whether every matrix was found to be what it must be.
pub(crate) fn run(options: &Options) -> Result<bool> {
    if options.repetitions == 0 {
        bail!("--repetitions 0: there is nothing to draw");
    }
    let analyser = analyser(options)?;
    let laws = if options.laws.is_empty() { &EntryLaw::ALL[..] } else { &options.laws };
    let cases: Vec<(EntryLaw, Shape, u64)> = options
        .shapes
        .iter()
        .flat_map(|shape| laws.iter().map(move |law| (*law, *shape)))
        .flat_map(|(law, shape)| {
            let seeds = (0..u64::from(options.repetitions)).map(|i| options.seed.wrapping_add(i));
            seeds.map(move |seed| (law, shape, seed))
        })
        .collect();
    let bar = progress(cases.len() as u64);
    let drawn = cases.into_iter().map(|(law, Shape { rows, cols }, seed)| {
        bar.set_message(format!("{law} {rows}×{cols}"));
        Ok::<_, RmtError>(Case::draw(law, rows, cols, seed))
    });
    let report = sanity(&analyser, options.level, drawn, |_| bar.inc(1))?;
    bar.finish_and_clear();
    print(options.format, &report).context("standard output")?;
    if let Some(directory) = &options.run_directory {
        log(directory, &report)?;
    }
    Ok(report.passed())
}

fn analyser(options: &Options) -> Result<Analyser> {
    let mut analysis = AnalysisOptions::default();
    analysis.scale_estimator = match options.scale_estimator {
        Estimator::Median => ScaleEstimator::Median,
        Estimator::TrimmedQuantiles => ScaleEstimator::TrimmedQuantiles,
        Estimator::Fit => ScaleEstimator::Fit,
        Estimator::Entries => ScaleEstimator::Entries,
    };
    let mut nulls = Nulls::default();
    if let Some(directory) = DiskCache::default_directory() {
        nulls = nulls.with_cache(DiskCache::new(directory));
    }
    Ok(Analyser::new(analysis, nulls)?)
}

/// On a terminal only: what is piped stays clean.
fn progress(length: u64) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let template = "{bar:30} {pos}/{len} {msg} {elapsed}";
    let style = ProgressStyle::with_template(template);
    ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn print(format: Format, report: &SanityReport) -> Result<()> {
    let mut out = io::stdout().lock();
    match format {
        Format::Table => {
            writeln!(out, "{}", report.table())?;
            writeln!(out, "{}", report.conclusion())?;
        }
        Format::Jsonl => {
            for row in &report.rows {
                writeln!(out, "{}", serde_json::to_string(row)?)?;
            }
        }
    }
    out.flush()?;
    if format == Format::Jsonl && !report.passed() {
        eprintln!("{}", report.conclusion());
    }
    Ok(())
}

fn log(directory: &Path, report: &SanityReport) -> Result<()> {
    std::fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
    let table = report.table();
    let table = Table::new("sanity", table.columns, table.rows);
    let sinks: [Box<dyn Sink>; 2] =
        [Box::new(Jsonl::new(directory, 0)), Box::new(TensorBoard::new(directory))];
    for mut sink in sinks {
        sink.write(&Record::Table(&table))?;
        sink.flush()?;
    }
    Ok(())
}
