//! Options of `rmt report`.

use clap::Args;
use std::path::PathBuf;

const ABOUT: &str = "\
Writes a page of one run, or of several beside each other.

One file that stands alone: it loads nothing, works from disk, is readable without scripts (they sort
tables) and follows the reader's choice of light or dark. It has the alerts of a run, heat maps, the spectra
against the law of random matrices, where along the spectrum singular vectors are not random, their
overlap with the layers' inputs, the course of a few figures over the steps, and tables.

Without -o it stands beside the run: RUN_DIR/report.html, FILE.html for FILE.jsonl, and for several runs
compared.html in the directory that they have in common. A line says where. A directory that is no run
itself stands for all runs in it.

Spectra are drawn where there are any: in a run's profiles.jsonl, or from rmt inspect --spectrum.";

const EXAMPLES: &str = "\
Examples:
  rmt report runs/a
      the run of a monitor: runs/a/report.html
  rmt report runs
      all runs in a directory beside each other, aligned by step: runs/compared.html
  rmt report runs/a runs/b -o two.html
      two of them, as a page of that name
  rmt inspect model.safetensors --format jsonl --spectrum -o model.jsonl
  rmt report model.jsonl
      a checkpoint: model.html
  rmt report part*.jsonl -o model.html
      the parts of one (rmt inspect --shard), which must all be there";

/// Options of `rmt report`.
#[derive(Debug, Args)]
#[command(about = "Writes a page of one run, or of several beside each other")]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub struct Options {
    /// Directories of a run or of several, files that rmt inspect --format jsonl wrote, or all parts of one.
    #[arg(required = true, value_name = "RUN_DIR|FILE.jsonl")]
    pub(super) runs: Vec<PathBuf>,
    /// The page; beside the run without it.
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}
