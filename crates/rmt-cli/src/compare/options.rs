//! Options of `rmt compare`.

use crate::judging::Judging;
use crate::output::Target;
use crate::selection::Selection;
use clap::Args;
use std::path::PathBuf;

const ABOUT: &str = "\
Shows what changed between two checkpoints, matrix by matrix.

For each matrix that both have, it prints how far the matrix moved (relative norm, distance of the
spectra), how far its strongest and weakest directions turned (with the angle of unrelated directions),
how many directions of the change exceed noise of its size, and every statistic before and after.

With --random instead of a second checkpoint, each matrix is compared with its own entries in random
order. The distribution of the entries is the same, so every difference is structure.";

const EXAMPLES: &str = "\
Examples:
  rmt compare step0.safetensors step1000.safetensors
      the change of a thousand training steps
  rmt compare base.safetensors finetuned.safetensors --include '*.mlp.*' --format csv
      some matrices, for a spreadsheet
  rmt compare base.safetensors adapter
      the change by a PEFT adapter, which is added to the base first
  rmt compare base.safetensors finetuned.safetensors --answers
      what was left alone, and the rank of an adapter that holds the change
  rmt compare model.safetensors --random --seed 7
      the part of the spectrum that is structure
  rmt compare a.npy b.npy --format jsonl | jq '.drift.change.structure.above.count'
      directions in the change beyond noise";

/// Options of `rmt compare`.
#[derive(Debug, Args)]
#[command(about = "Shows what changed between two checkpoints, matrix by matrix")]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub struct Options {
    /// Checkpoint before the change.
    #[arg(value_name = "A")]
    pub(super) before: PathBuf,
    /// Checkpoint after the change.
    #[arg(value_name = "B", required_unless_present = "random", conflicts_with = "random")]
    pub(super) after: Option<PathBuf>,
    /// Compares each matrix of A with its own entries in random order.
    #[arg(long)]
    pub(super) random: bool,
    /// Seed of the random orders.
    #[arg(long, default_value_t = 1, requires = "random", conflicts_with = "after")]
    pub(super) seed: u64,
    /// Compares embeddings and heads of unequal vocabularies over their first rows, as many as both
    /// have.
    #[arg(long, conflicts_with = "random")]
    pub(super) common_rows: bool,
    /// Prints answers in the place of tables: which matrices the change left alone, and the rank of
    /// an adapter that holds it.
    #[arg(long, conflicts_with = "random")]
    pub(super) answers: bool,
    #[command(flatten)]
    pub(super) selection: Selection,
    #[command(flatten)]
    pub(super) judging: Judging,
    #[command(flatten)]
    pub(super) target: Target,
}
