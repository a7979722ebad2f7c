//! Options of `rmt compare`.

use crate::judging::Judging;
use crate::output::Target;
use crate::selection::Selection;
use clap::Args;
use std::path::PathBuf;

const ABOUT: &str = "\
Says what changed between two checkpoints, matrix by matrix.

For each matrix that both have: how far it moved (relative norm, distance of the spectra), whether its
strongest and weakest directions turned (angles beside that of unrelated directions), whether the change
itself has directions beyond noise of its size, and every statistic before and after.

With --random in the place of the second checkpoint, each matrix is compared with its own entries in
random order: the same distribution of entries, so that what differs is structure.";

const EXAMPLES: &str = "\
Examples:
  rmt compare step0.safetensors step1000.safetensors
      what a thousand steps did
  rmt compare base.safetensors finetuned.safetensors --include '*.mlp.*' --format csv
      some matrices, for a spreadsheet
  rmt compare base.safetensors adapter
      what an adapter of PEFT changes: it is added to the base first
  rmt compare model.safetensors --random --seed 7
      how much of the spectrum is structure
  rmt compare a.npy b.npy --format jsonl | jq '.drift.change.structure.above.count'
      directions in the change beyond noise";

/// Options of `rmt compare`.
#[derive(Debug, Args)]
#[command(about = "Says what changed between two checkpoints, matrix by matrix")]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub struct Options {
    /// The checkpoint before.
    #[arg(value_name = "A")]
    pub(super) before: PathBuf,
    /// The checkpoint after.
    #[arg(value_name = "B", required_unless_present = "random", conflicts_with = "random")]
    pub(super) after: Option<PathBuf>,
    /// Compares the entries of each matrix of A in random order with the matrix as it is.
    #[arg(long)]
    pub(super) random: bool,
    /// Seed of the random orders.
    #[arg(long, default_value_t = 1, requires = "random", conflicts_with = "after")]
    pub(super) seed: u64,
    /// Compares embeddings and heads of unequal vocabularies over the rows that both have: the first ones.
    #[arg(long, conflicts_with = "random")]
    pub(super) common_rows: bool,
    #[command(flatten)]
    pub(super) selection: Selection,
    #[command(flatten)]
    pub(super) judging: Judging,
    #[command(flatten)]
    pub(super) target: Target,
}
