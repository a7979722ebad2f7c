//! Options of `rmt report`.

use clap::Args;
use std::path::PathBuf;

const ABOUT: &str = "\
Writes a page of one run, or of several runs side by side.

The page is one self-contained file: it loads nothing, works from disk, is readable without scripts
(which sort the tables), and follows the reader's choice of light or dark. It has the findings of the run,
heat maps, the spectra against the law of random matrices, the p-values of singular vectors along the
spectrum, their overlap with the layers' inputs, curves of a few figures over the steps, and tables.

Without -o the page goes beside the run: to RUN_DIR/report.html, to FILE.html for FILE.jsonl, and for
several runs to compared.html in their common directory. The command prints the path. A directory that
is not itself a run stands for all runs in it.

Spectra are drawn if the data have them: from a run's profiles.jsonl, or from rmt inspect --spectrum.";

const EXAMPLES: &str = "\
Examples:
  rmt report runs/a
      the run of a monitor: runs/a/report.html
  rmt report runs
      all runs in a directory side by side, aligned by step: runs/compared.html
  rmt report runs/a runs/b -o two.html
      two runs, with a name for the page
  rmt inspect model.safetensors --format jsonl --spectrum -o model.jsonl
  rmt report model.jsonl
      a checkpoint: model.html
  rmt report part*.jsonl -o model.html
      all parts of one inspection (rmt inspect --shard)";

/// Options of `rmt report`.
#[derive(Debug, Args)]
#[command(about = "Writes a page of one run, or of several runs side by side")]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub struct Options {
    /// Directories of one or several runs, files from rmt inspect --format jsonl, or all parts of
    /// one such file.
    #[arg(required = true, value_name = "RUN_DIR|FILE.jsonl")]
    pub(super) runs: Vec<PathBuf>,
    /// Prints answers and writes no page: which matrices have learned nothing yet, whether learned
    /// directions are still gained, and rows of embeddings that never moved.
    #[arg(long, conflicts_with = "output")]
    pub(super) answers: bool,
    /// Path of the page. The default lies beside the run.
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}
