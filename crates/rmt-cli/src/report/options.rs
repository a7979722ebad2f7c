//! Options of `rmt report`.

use clap::Args;
use std::path::PathBuf;

const ABOUT: &str = "\
Writes a page of one run, or of several beside each other.

One file that stands alone: it loads nothing, works from disk, is readable without scripts (they sort
tables) and follows the reader's choice of light or dark. It has the alerts of a run, heat maps, the spectra
against the law of random matrices, where along the spectrum singular vectors are not random, their
overlap with the layers' inputs, the course of a few figures over the steps, and tables.

Spectra are drawn where there are any: in a run's profiles.jsonl, or from rmt inspect --spectrum.";

const EXAMPLES: &str = "\
Examples:
  rmt report runs/a -o a.html
      the run of a monitor
  rmt report runs/a runs/b runs/c -o compared.html
      three runs beside each other, aligned by step
  rmt inspect model.safetensors --format jsonl --spectrum -o model.jsonl
  rmt report model.jsonl -o model.html
      a checkpoint
  rmt report part*.jsonl -o model.html
      the parts of one (rmt inspect --shard), which must all be there";

/// Options of `rmt report`.
#[derive(Debug, Args)]
#[command(about = "Writes a page of one run, or of several beside each other")]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub struct Options {
    /// Directories of runs, files that rmt inspect --format jsonl wrote, or all parts of one.
    #[arg(required = true, value_name = "RUN_DIR|FILE.jsonl")]
    pub(super) runs: Vec<PathBuf>,
    /// The page.
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: PathBuf,
}
