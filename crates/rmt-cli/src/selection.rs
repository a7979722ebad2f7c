//! Which matrices are looked at, as options that subcommands share.

use crate::matrices::Wanted;
use anyhow::Result;
use clap::Args;

/// Options that choose matrices and say what their names do not.
#[derive(Debug, Args)]
#[command(next_help_heading = "Which matrices")]
pub(crate) struct Selection {}

impl Selection {
    /// # Errors
    /// When a pattern does not parse.
    pub(crate) fn wanted(&self) -> Result<Wanted> {
        Ok(Wanted::default())
    }
}
