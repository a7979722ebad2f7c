//! Reads pickles as data: what they would call is kept by its name, and nothing is executed.
//!
//! A value is made once and shared by all that fetch it, so that memory is bounded by the pickle's length:
//! each byte makes at most one value. What the objects mean is for the reader of the tree.

mod machine;
mod stream;
mod tree;

pub(super) use tree::{Node, Object, Tree, Value};

use machine::Machine;
use std::io::BufRead;
use stream::Stream;

/// Reads one pickle from where the stream is, and gives its tree and its length.
///
/// # Errors
/// What is wrong with a pickle, in words.
pub(super) fn read(reader: impl BufRead) -> Result<(Tree, u64), String> {
    let mut stream = Stream::new(reader);
    let mut machine = Machine::default();
    let root = machine.run(&mut stream)?;
    Ok((machine.into_tree(root), stream.consumed()))
}

#[cfg(test)]
mod tests;
