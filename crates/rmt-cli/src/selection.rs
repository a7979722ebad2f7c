//! Which matrices are looked at, as options that subcommands share.

use crate::formats::{Names, Source, open_on};
use crate::matrices::{Wanted, heads_beside};
use anyhow::{Result, bail};
use clap::Args;
use rmt_core::layers::{Heads, LayerKind};
use std::path::{Path, PathBuf};

/// Options that choose matrices and say what their names do not.
#[derive(Debug, Args)]
#[command(next_help_heading = "Matrices")]
pub(crate) struct Selection {
    /// Analyses only matrices whose names match, such as '*.attn.*'. Can be given several times.
    #[arg(long, value_name = "GLOB")]
    include: Vec<String>,
    /// Skips matrices whose names match. Can be given several times.
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Analyses only these kinds: query, key, value, attention_output, up, gate, down, embedding,
    /// head, conv, other.
    #[arg(long, value_name = "KIND,…", value_delimiter = ',')]
    kind: Vec<LayerKind>,
    /// Sets the kind of matrices whose names match. Can be given several times.
    #[arg(long, value_name = "GLOB=KIND")]
    kind_of: Vec<String>,
    /// Sets the input side: of all linear layers (in-out or out-in), or of tensors whose names
    /// match (in-out, out-in, stack, stack-out-in, conv:GROUPS).
    #[arg(long, value_name = "in-out|out-in|GLOB=…")]
    layout: Vec<String>,
    /// Reads only the tensors below this key of the file, such as model or ema, and names them from
    /// there on.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Removes this prefix from names. Can be given several times.
    #[arg(long, value_name = "PREFIX")]
    strip_prefix: Vec<String>,
    /// Replaces the first OLD in a name by NEW. Can be given several times.
    #[arg(long, value_name = "OLD=NEW", value_parser = renaming)]
    rename: Vec<(String, String)>,
    /// Adds PEFT adapters to this base model. Without it, the change alone is analysed.
    #[arg(long, value_name = "PATH")]
    pub(crate) base: Option<PathBuf>,
    /// Number of attention heads, number of key and value heads if there are fewer, and outputs per
    /// head. The default comes from the config.json beside the checkpoint.
    #[arg(long, value_name = "N[:N[:WIDTH]]", value_parser = heads)]
    heads: Option<Heads>,
    /// Splits attention projections into their heads, and analyses each head as a matrix.
    #[arg(long)]
    split_heads: bool,
    /// Skips matrices whose smaller side is below N [default: none is skipped; below 16 no verdict
    /// is given].
    #[arg(long, value_name = "N")]
    pub(crate) min_side: Option<usize>,
}

fn renaming(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((old, new)) if !old.is_empty() => Ok((old.to_owned(), new.to_owned())),
        _ => Err("a renaming is OLD=NEW, such as attention.self=attn".into()),
    }
}

fn heads(text: &str) -> Result<Heads, String> {
    let numbers: Result<Vec<usize>, _> = text.split(':').map(str::parse).collect();
    match numbers.as_deref() {
        Ok(&[heads]) => Ok(Heads::equal(heads)),
        Ok(&[query, key_value]) => Ok(Heads::new(query, key_value)),
        Ok(&[query, key_value, width]) => {
            Ok(Heads { width: Some(width), ..Heads::new(query, key_value) })
        }
        _ => {
            Err("heads are a number such as 12, two such as 32:8, or with their width 32:8:128"
                .into())
        }
    }
}

impl Selection {
    /// Opens a checkpoint, under the names that are asked for; an adapter on this base.
    ///
    /// # Errors
    /// When it cannot be read, or has nothing below the key.
    pub(crate) fn open(&self, path: &Path, base: Option<&Path>) -> Result<Box<dyn Source>> {
        let (key, strip, rename) =
            (self.key.clone(), self.strip_prefix.clone(), self.rename.clone());
        Ok(Names { key, strip, rename }.of(path.to_owned(), open_on(path, base)?)?)
    }

    /// What is wanted of this checkpoint.
    ///
    /// # Errors
    /// When an option has no meaning.
    pub(crate) fn wanted(&self, checkpoint: &Path) -> Result<Wanted> {
        let mut wanted = Wanted {
            include: self.include.clone(),
            exclude: self.exclude.clone(),
            only: self.kind.clone(),
            heads: self.heads,
            split_heads: self.split_heads,
            min_side: self.min_side.unwrap_or(0),
            ..Wanted::default()
        };
        self.layout.iter().try_for_each(|text| wanted.add_layout(text))?;
        self.kind_of.iter().try_for_each(|text| wanted.add_kind(text))?;
        if wanted.heads.is_none() {
            match heads_beside(checkpoint) {
                Ok(heads) => wanted.heads = heads,
                Err(error) if self.split_heads => bail!(error),
                // Most models need no number of heads.
                Err(error) => eprintln!("note: {error}"),
            }
        }
        Ok(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_one_number_to_three() {
        assert_eq!(heads("12"), Ok(Heads::equal(12)));
        assert_eq!(heads("32:8"), Ok(Heads::new(32, 8)));
        let wide = Heads { width: Some(128), ..Heads::new(32, 8) };
        assert_eq!(heads("32:8:128"), Ok(wide));
        for bad in ["", "x", "1:", ":1", "1:2:3:4", "-1"] {
            assert!(heads(bad).is_err(), "{bad}");
        }
    }
}
