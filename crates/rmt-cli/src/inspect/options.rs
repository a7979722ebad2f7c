//! Options of `rmt inspect`.

use super::expect::Expectation;
use crate::judging::Judging;
use crate::output::Target;
use crate::selection::Selection;
use clap::Args;
use std::path::PathBuf;

const ABOUT: &str = "\
Measures every weight matrix of a checkpoint against random matrix theory.

A row a matrix: its verdict; how many singular values lie above and below the bulk of a random matrix
(in brackets how many significantly so); how many singular vectors are not random, on the output side
(left) and on the input side (right); WeightWatcher's alpha; the stable rank. Then means by kind and by
block, and what was skipped.

Formats: safetensors (also sharded), PyTorch, npy, burn. One matrix a worker is in memory at a time, with
about four copies of it in double precision.";

const EXAMPLES: &str = "\
Examples:
  rmt inspect model.safetensors
      a table of all weight matrices
  rmt inspect checkpoint-500 --include '*.attn.*' --format csv -o attention.csv
      some matrices of a directory of shards, for a spreadsheet
  rmt inspect model.safetensors --format jsonl | jq 'select(.verdict == \"deviates\") | .name'
      one JSON object a matrix, in the schema of a run's metrics.jsonl
  rmt inspect step*.safetensors --tensorboard runs/after-the-fact
      a training run from its checkpoints
  rmt inspect init.safetensors --expect random && train …
      exit status 0 if it holds, 2 if not, 1 after an error
  rmt inspect huge.safetensors --no-vectors --jobs 2
      twice as fast for matrices that are not square";

/// Options of `rmt inspect`.
#[derive(Debug, Args)]
#[command(about = "Measures every weight matrix of a checkpoint against random matrix theory")]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub struct Options {
    /// Checkpoints: files, or directories that hold one.
    #[arg(required = true, value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) selection: Selection,
    #[command(flatten)]
    pub(super) judging: Judging,
    #[command(flatten)]
    pub(super) target: Target,
    #[command(flatten)]
    pub(super) output: OutputOptions,
}

/// What else is done with the results.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputOptions {
    /// Adds the singular values to each row of jsonl, as singular_values.
    #[arg(long)]
    pub(super) spectrum: bool,
    /// Also writes the checkpoints there as the steps of one run, for TensorBoard and as
    /// metrics.jsonl.
    #[arg(long, value_name = "DIR")]
    pub(super) tensorboard: Option<PathBuf>,
    /// Steps of the checkpoints, in the order given. Without: the last number in their names (step1000,
    /// checkpoint-500, model.0042.safetensors), else 0, 1, 2, …
    #[arg(long, value_name = "STEP,…", value_delimiter = ',')]
    pub(super) step: Vec<u64>,
    /// Exit status 2 unless this holds at --level, divided by the number of matrices that can be
    /// judged: `random` if none of them deviates, `deviates` if one does. Over random matrices
    /// either is wrong with probability at most --level.
    #[arg(long, value_enum)]
    pub(super) expect: Option<Expectation>,
    /// Names every tensor that is skipped.
    #[arg(short, long)]
    pub(super) verbose: bool,
}
