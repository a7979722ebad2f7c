//! Destination and format of a command's result.

use crate::workers;
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use indicatif::ProgressBar;
use std::fs::File;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// Format of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table for people.
    Table,
    /// One JSON object per matrix.
    Jsonl,
    /// One line per matrix, with named columns.
    Csv,
}

/// Options that subcommands share.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Target {
    /// Format of the output.
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: Format,
    /// Writes to this file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Number of matrices, or pairs of matrices, analysed at a time [default: number of cores].
    #[arg(long, value_name = "N", default_value_t = workers::cores(), hide_default_value = true)]
    pub(crate) jobs: NonZeroUsize,
}

impl Target {
    /// Opens it. A file that is read as well is refused.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn open(&self, inputs: &[PathBuf]) -> Result<Output> {
        Output::open(self.output.as_deref(), inputs)
    }
}

/// Standard output, or a file.
pub(crate) struct Output {
    writer: Box<dyn Write>,
    /// What it is called in messages.
    name: String,
    /// Drawn around what is printed.
    bar: ProgressBar,
    is_terminal: bool,
}

impl Output {
    /// Standard output without a path.
    pub(crate) fn open(path: Option<&Path>, inputs: &[PathBuf]) -> Result<Self> {
        let bar = ProgressBar::hidden();
        let Some(path) = path else {
            let writer = Box::new(io::BufWriter::new(io::stdout()));
            return Ok(Self { writer, name: "standard output".into(), bar, is_terminal: true });
        };
        let name = path.display().to_string();
        let same = |input: &PathBuf| match (path.canonicalize(), input.canonicalize()) {
            (Ok(output), Ok(input)) => output == input,
            _ => false,
        };
        if inputs.iter().any(same) {
            bail!("{name}: this file is read; choose another file for the output");
        }
        let file = File::create(path).with_context(|| name.clone())?;
        Ok(Self { writer: Box::new(io::BufWriter::new(file)), name, bar, is_terminal: false })
    }

    /// Goes on around this bar.
    pub(crate) fn beside(&mut self, bar: &ProgressBar) {
        self.bar = bar.clone();
    }

    /// Columns that a table may have.
    pub(crate) fn width(&self) -> Option<usize> {
        if self.is_terminal { crate::terminal::width() } else { None }
    }

    /// Prints at once.
    pub(crate) fn print(&mut self, text: impl AsRef<[u8]>) -> Result<()> {
        let Self { writer, name, bar, .. } = self;
        let written = || writer.write_all(text.as_ref()).and_then(|()| writer.flush());
        bar.suspend(written).with_context(|| name.clone())
    }

    /// Prints an object on a line of its own.
    pub(crate) fn json(&mut self, row: &impl serde::Serialize) -> Result<()> {
        self.print(rmt_monitor::to_json_line(row)?)
    }
}
