//! The parts of the program `rmt`: readers of checkpoints, and the subcommands.
//!
//! # Should I use this?
//!
//! To analyse checkpoints, install and run the program: `cargo install rmt-cli`. Use the library to
//! read checkpoints of any format in your own Rust program. [`formats::open`] opens a checkpoint,
//! [`matrices::plan`] lists its matrices, and [`matrices::read`] reads one of them.

#![warn(clippy::missing_errors_doc)]

pub mod arguments;
pub mod compare;
pub mod film;
pub mod formats;
pub mod inspect;
pub mod matrices;
pub mod merge;
pub mod report;
pub mod sanity;

mod answers;
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
