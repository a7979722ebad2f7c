//! `rmt merge`: the parts of a shared inspection, put together.

use crate::output::Output;
use crate::parts::{Part, join};
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

const ABOUT: &str = "\
Puts the parts together that rmt inspect --shard wrote.

The result is, byte for byte, what rmt inspect --format jsonl writes alone. Parts that are missing,
doubled, cut short or of another inspection are refused by name.";

const EXAMPLES: &str = "\
Examples:
  rmt merge part*.jsonl -o model.jsonl
  rmt merge part*.jsonl | jq 'select(.verdict == \"deviates\") | .name'";

/// Options of `rmt merge`.
#[derive(Debug, Args)]
#[command(about = "Puts the parts together that rmt inspect --shard wrote")]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub struct Options {
    /// All parts, in any order.
    #[arg(required = true, value_name = "PART")]
    parts: Vec<PathBuf>,
    /// Writes there instead of to standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Puts them together.
///
/// # Errors
/// When they are not the parts of one inspection, each of them once and complete.
pub fn run(options: &Options) -> Result<()> {
    let parts = options.parts.iter().map(|path| Part::read(path)).collect::<Result<Vec<_>>>()?;
    let lines = join(&parts)?;
    // Nothing is written before all parts are found whole.
    Output::open(options.output.as_deref(), &options.parts)?.print(lines.concat())
}
