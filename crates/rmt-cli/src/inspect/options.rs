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
Measures every weight matrix of a checkpoint against random matrix theory.

One row per matrix: its verdict (random; scale, where the magnitudes of its entries explain how it deviates;
structure, where they do not); how many directions of structure have large (above) and small (below) singular values; how many singular vectors are not random, on the output side (left) and on the input
side (right); WeightWatcher's alpha; stable rank, effective rank and condition number. Then means by kind, by block
and over the experts of a mixture, and what was skipped.

p-values allow for the excess kurtosis of the entries, cut to -2 … 3: edges and vectors are corrected for it.
Beyond it independent entries deviate too, and a note says so.

Formats: safetensors (also sharded), PyTorch, GGUF (dequantized), ONNX, Keras, npy, burn; adapters of PEFT alone or
added to their --base. Each worker holds one matrix at a time, with about seven copies of it in double precision (four with --no-signs).";

const EXAMPLES: &str = "\
Examples:
  rmt inspect model.safetensors
      a table of all weight matrices
  rmt inspect checkpoint-500 --include '*.attn.*' --format csv -o attention.csv
      some matrices of a directory of shards, for a spreadsheet
  rmt inspect model.safetensors --top 10 --by left
      the matrices whose output vectors are the least random
  rmt inspect adapter --base model.safetensors
      what an adapter makes of the weights; without --base its changes alone
  rmt inspect model.safetensors --format jsonl | jq 'select(.verdict == \"deviates\") | .name'
      one JSON object a matrix, in the schema of a run's metrics.jsonl
  rmt inspect step*.safetensors --tensorboard runs/after-the-fact
      a training run from its checkpoints
  rmt inspect init.safetensors --expect random && train …
      exit status 0 if it holds, 2 if not, 1 after an error
  rmt inspect huge.safetensors --no-traps --jobs 2
      each matrix decomposed once: without the spectrum of its permuted entries
  rmt inspect huge.safetensors --no-traps --no-vectors --jobs 2
      singular values alone
  rmt inspect huge.safetensors --shard 2/8 --format jsonl -o part2.jsonl
      one part of eight, on a machine of its own; rmt merge part*.jsonl -o all.jsonl";

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
    #[command(flatten)]
    pub(super) ranking: Ranking,
    #[command(flatten)]
    pub(super) sharing: Sharing,
}

/// How the work is shared among several processes.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Sharing the work")]
pub(super) struct Sharing {
    /// Takes part I of N, numbered from 0, of about equal cost; with --format jsonl. `rmt merge` puts
    /// the parts together, `rmt report` takes them as they are.
    #[arg(long, value_name = "I/N", value_parser = shard, conflicts_with_all = ["tensorboard", "expect"])]
    pub(super) shard: Option<Shard>,
    /// Analyses nothing: prints what would be, with a forecast of time and memory from a matrix that
    /// is timed for it.
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

/// What else is done with the results.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputOptions {
    /// Adds the singular values to each row of jsonl, as singular_values, and the band of the copies' spectra, as copies:
    /// for the pictures of `rmt report`.
    #[arg(long)]
    pub(super) spectrum: bool,
    /// Also writes the checkpoints there as the steps of one run, for TensorBoard and as
    /// metrics.jsonl.
    #[arg(long, value_name = "DIR")]
    pub(super) tensorboard: Option<PathBuf>,
    /// Steps of the checkpoints, in the order given. Without: the number behind step, iter, epoch or
    /// checkpoint in their names (step1000, ckpt_10k, epoch=3-val_loss=0.93), or the one that differs, else
    /// 0, 1, 2, …
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
