//! What the `rmt` program is made of: readers of checkpoints, and its subcommands.
//!
//! A checkpoint is opened by [`formats::open`], cut into the matrices that are analysed by
//! [`matrices::plan`], and each matrix is read, one at a time, by [`matrices::read`].

pub mod arguments;
pub mod compare;
pub mod film;
pub mod formats;
pub mod inspect;
pub mod matrices;
pub mod merge;
pub mod report;
pub mod sanity;

mod checkpoint;
mod entries;
mod flat;
mod judging;
mod measure;
mod output;
mod parts;
mod progress;
mod selection;
mod short;
mod status;
mod steps;
mod terminal;
mod workers;
