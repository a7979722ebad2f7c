//! `rmt sanity`: the experiment on random matrices.

use crate::judging::{Scale, analyser};
use crate::terminal;
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use rmt_core::sanity::{EntryLaw, Population, SanityReport, draws, sanity};
use rmt_core::{AnalysisOptions, Nulls};
use rmt_monitor::sinks::write_table;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Entries that one matrix may have: 2^28 take 2 GiB.
const MOST_ENTRIES: usize = 1 << 28;
/// Matrices that one run may have: a row of each is kept.
const MOST_MATRICES: usize = 1_000_000;

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

fn law(text: &str) -> Result<Population, String> {
    Population::from_name(text).ok_or_else(|| {
        let names = EntryLaw::ALL.map(|law| law.to_string()).join(", ");
        format!(
            "the laws are {names}; sparse:K keeps one entry in K, and LAW+K plants K directions"
        )
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table for people.
    Table,
    /// One JSON object per matrix.
    Jsonl,
}

const EXAMPLES: &str = "\
Examples:
  rmt sanity
      twelve laws of entries, and five with directions planted in them, at four shapes
  rmt sanity --laws uniform,laplace --shapes 768x3072 --repetitions 20
      how often each test rejects, with its binomial limit
  rmt sanity --format jsonl | jq 'select(.found == \"structure\") | .label'
      one JSON object per matrix, for programs
  rmt sanity --run-directory runs/sanity
      also writes the table for TensorBoard";

/// Options of `rmt sanity`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Options {
    /// Laws of the entries, separated by commas. The default is all laws. sparse:K keeps one entry
    /// in K, and row_scale+5 plants five directions.
    #[arg(long, value_delimiter = ',', value_parser = law)]
    laws: Vec<Population>,
    /// Shapes of the matrices, separated by commas.
    #[arg(long, value_delimiter = ',', default_value = "64x64,64x256,256x160,256x256")]
    shapes: Vec<Shape>,
    /// Number of matrices per law and shape.
    #[arg(long, default_value_t = 1)]
    repetitions: u32,
    /// Seed of the matrices.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Greatest probability that a run over random matrices fails.
    #[arg(long, default_value_t = 0.01)]
    level: f64,
    /// Estimator of the bulk's scale.
    #[arg(long, alias = "scale", value_enum, default_value = "trimmed")]
    scale_estimator: Scale,
    /// Also writes the table to this directory, as tables.jsonl and for TensorBoard.
    #[arg(long)]
    run_directory: Option<PathBuf>,
    /// Format of the output.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// Returns whether every outcome was as expected.
///
/// # Errors
/// If the options select nothing, or a file cannot be written.
pub fn run(options: &Options) -> Result<bool> {
    if options.repetitions == 0 {
        bail!("--repetitions 0: there is nothing to draw");
    }
    let mut analysis = AnalysisOptions::default();
    analysis.scale_estimator = options.scale_estimator.into();
    let analyser = analyser(analysis, Nulls::default())?;
    let laws = if options.laws.is_empty() { Population::all() } else { options.laws.clone() };
    let shapes: Vec<[usize; 2]> = options.shapes.iter().map(|s| [s.rows, s.cols]).collect();
    let cases = draws(&laws, &shapes, options.repetitions as usize, options.seed)
        .filter(|cases| cases.len() <= MOST_MATRICES)
        .with_context(|| format!("more than {MOST_MATRICES} matrices"))?;
    let all = cases.len();
    let bar = terminal::bar(all as u64);
    let drawn = cases.inspect(|case| {
        if let Ok(case) = case {
            let done = bar.position();
            bar.set_message(format!("{done}/{all} {} {}×{}", case.label, case.rows, case.cols));
        }
    });
    let report = sanity(&analyser, options.level, drawn, |_| bar.inc(1))?;
    bar.finish_and_clear();
    print(options.format, &report).context("standard output")?;
    if let Some(directory) = &options.run_directory {
        log(directory, &report)?;
    }
    Ok(report.passed())
}

fn print(format: Format, report: &SanityReport) -> Result<()> {
    let mut out = io::stdout().lock();
    match format {
        Format::Table => writeln!(out, "{report}")?,
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
    write_table(directory, "sanity", 0, &report.table())?;
    if !report.repetitions.is_empty() {
        write_table(directory, "sanity_rates", 0, &report.repetitions_table())?;
    }
    Ok(())
}
