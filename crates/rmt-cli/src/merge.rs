//! `rmt merge`: merges the parts of a shared inspection.

use crate::output::Output;
use crate::parts::{Part, join};
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

const ABOUT: &str = "\
Merges the parts that rmt inspect --shard wrote.

The result equals that of one rmt inspect --format jsonl, byte for byte. Parts that are missing,
doubled, cut short or from another inspection are refused by name.";

const EXAMPLES: &str = "\
Examples:
  rmt merge part*.jsonl -o model.jsonl
  rmt merge part*.jsonl | jq 'select(.verdict == \"structure\") | .name'";

/// Options of `rmt merge`.
#[derive(Debug, Args)]
#[command(about = "Merges the parts that rmt inspect --shard wrote")]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub struct Options {
    /// All parts, in any order.
    #[arg(required = true, value_name = "PART")]
    parts: Vec<PathBuf>,
    /// Writes to this file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Merges the parts.
///
/// # Errors
/// If the files are not all parts of one inspection, each once and complete.
pub fn run(options: &Options) -> Result<()> {
    let parts = options.parts.iter().map(|path| Part::read(path)).collect::<Result<Vec<_>>>()?;
    let lines = join(&parts)?;
    // Nothing is written before all parts are found whole.
    Output::open(options.output.as_deref(), &options.parts)?.print(lines.concat())
}
