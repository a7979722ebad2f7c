//! The parts that several processes make of one inspection, and how they are put together.
//!
//! The first line of a part says what all parts hold, so that none can be missing unnoticed; the other
//! lines are those of `rmt inspect --format jsonl`.

mod header;
mod join;

pub(crate) use header::{Header, split};
pub(crate) use join::{Part, is_part, join};
