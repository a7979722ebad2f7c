//! Options of `rmt inspect`.

use super::expect::Expectation;
use super::ranking::Ranking;
use crate::judging::Judging;
use crate::output::Target;
use crate::selection::Selection;
use clap::Args;
use rmt_core::shard::Shard;
use std::path::PathBuf;

/// More parts than any scheduler starts.
const MOST_PARTS: usize = 100_000;

const ABOUT: &str = "\
Tests every weight matrix of a checkpoint against random matrix theory.

The table has one row per matrix:
  verdict      random; scale, where the magnitudes of the entries explain the deviation; or structure
  above, below number of learned directions with large and with small singular values
  left, right  share of the singular vectors that are not random, on the output and on the input side
  others       WeightWatcher's alpha, stable rank, effective rank, condition number
Means by kind, by block and over the experts of a mixture follow, and then the skipped tensors.

Edges and vectors are corrected for the excess kurtosis of the entries, from -2 to 3. Beyond that range
independent entries deviate too, and a note says so.

Formats: safetensors (also sharded), PyTorch, GGUF (dequantized), ONNX, Keras, npy, burn, and PEFT adapters
alone or added to their --base. Each worker holds one matrix at a time, with about seven copies of it in
double precision (four with --no-signs).";

const EXAMPLES: &str = "\
Examples:
  rmt inspect model.safetensors
      a table of all weight matrices
  rmt inspect checkpoint-500 --include '*.attn.*' --format csv -o attention.csv
      some matrices of a directory of shards, for a spreadsheet
  rmt inspect model.safetensors --top 10 --by left
      the matrices whose output vectors are the least random
  rmt inspect model.safetensors --answers
      what has learned nothing, and the rank that each kind of matrix needs
  rmt inspect adapter --base model.safetensors
      the weights with an adapter added; without --base the change alone
  rmt inspect model.safetensors --format jsonl | jq 'select(.verdict == \"structure\") | .name'
      one JSON object per matrix, in the schema of a run's metrics.jsonl
  rmt inspect step*.safetensors --tensorboard runs/after-the-fact
      a training run from its checkpoints
  rmt inspect init.safetensors --expect random && train …
      exit status 0 if no matrix deviates, 2 if one does, 1 after an error
  rmt inspect huge.safetensors --no-traps --jobs 2
      each matrix decomposed once, without the spectrum of its permuted entries
  rmt inspect huge.safetensors --no-traps --no-vectors --jobs 2
      singular values alone
  rmt inspect huge.safetensors --shard 2/8 --format jsonl -o part2.jsonl
      one part of eight, each on its own machine; then rmt merge part*.jsonl -o all.jsonl";

/// Options of `rmt inspect`.
#[derive(Debug, Args)]
#[command(about = "Tests every weight matrix of a checkpoint against random matrix theory")]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub struct Options {
    /// Checkpoints: files, or directories with one checkpoint each.
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
    #[command(flatten)]
    pub(super) ranking: Ranking,
    #[command(flatten)]
    pub(super) sharing: Sharing,
}

/// Sharing of the work among several processes.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Sharing the work")]
pub(super) struct Sharing {
    /// Analyses part I of N parts of about equal cost, numbered from 0; needs --format jsonl. rmt
    /// merge merges the parts, and rmt report reads them directly.
    #[arg(long, value_name = "I/N", value_parser = shard, conflicts_with_all = ["tensorboard", "expect"])]
    pub(super) shard: Option<Shard>,
    /// Analyses nothing. Prints the matrices, and a forecast of time and memory from one timed
    /// matrix.
    #[arg(long)]
    pub(super) dry_run: bool,
}

fn shard(text: &str) -> Result<Shard, String> {
    let parsed = text.split_once('/').and_then(|(rank, world)| {
        Some((rank.parse::<usize>().ok()?, world.parse::<usize>().ok()?))
    });
    match parsed.map(|(rank, world)| Shard::new(rank, world)) {
        Some(Ok(shard)) if shard.world <= MOST_PARTS => Ok(shard),
        _ => Err(format!(
            "a part is I/N with I from 0 to N - 1 and N up to {MOST_PARTS}, such as 0/8"
        )),
    }
}

/// Further output.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputOptions {
    /// Adds the singular values to each row of jsonl (as singular_values), and the band of the
    /// copies' spectra (as copies). The pictures of rmt report need them.
    #[arg(long)]
    pub(super) spectrum: bool,
    /// Also writes the checkpoints to this directory as the steps of one run, for TensorBoard and
    /// as metrics.jsonl.
    #[arg(long, value_name = "DIR")]
    pub(super) tensorboard: Option<PathBuf>,
    /// Steps of the checkpoints, in the order given. The default is the number after step, iter,
    /// epoch or checkpoint in their names (step1000, ckpt_10k, epoch=3-val_loss=0.93), or the
    /// number that differs, or else 0, 1, 2, …
    #[arg(long, value_name = "STEP,…", value_delimiter = ',')]
    pub(super) step: Vec<u64>,
    /// Exits with status 2 unless this holds. random holds if no matrix deviates, and deviates
    /// holds if at least one does. The level of each matrix is --level divided by the number of
    /// matrices with a verdict, so over random matrices the answer is wrong with probability at
    /// most --level.
    #[arg(long, value_enum)]
    pub(super) expect: Option<Expectation>,
    /// Prints answers in the place of tables: which matrices have learned nothing, the rank that
    /// each kind can be truncated to, and unused rows of embeddings.
    #[arg(long, conflicts_with_all = ["top", "bottom"])]
    pub(super) answers: bool,
    /// Lists every skipped tensor.
    #[arg(short, long)]
    pub(super) verbose: bool,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_two_numbers() {
        assert_eq!(shard("2/7"), Ok(Shard { rank: 2, world: 7 }));
        for bad in ["", "2", "7/7", "0/0", "-1/2", "1/2/3", "a/b", "0/100001"] {
            assert!(shard(bad).unwrap_err().contains("0/8"), "{bad}");
        }
    }
}
