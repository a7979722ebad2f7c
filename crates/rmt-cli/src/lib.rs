//! What the `rmt` program is made of: readers of checkpoints, and its subcommands.
//!
//! A checkpoint is opened by [`formats::open`], cut into the matrices that are analysed by
//! [`matrices::plan`], and each matrix is read, one at a time, by [`matrices::read`].

pub mod formats;
pub mod matrices;
pub mod sanity;
