//! Tests weight matrices against random matrix theory.
//!
//! The null hypothesis is a matrix of independent entries, as after random initialization.
//! [`Analyser`] measures how far a matrix has moved away from it: at the largest and the smallest
//! singular values, in the bulk between them, and in the singular vectors. Each figure comes with
//! its null.
//!
//! # Should I use this?
//!
//! Use it to analyse matrices that your program holds in memory, or to use one of the laws alone.
//! To watch a training run, use `burn-rmt` (for burn) or `rmt-monitor` (for other frameworks). To
//! read checkpoints, use the program `rmt`. This crate uses no files and no threads, and depends on
//! no framework.
//!
//! # What is where
//!
//! - [`laws`]: the laws, each usable alone (Marchenko–Pastur, Tracy–Widom, Porter–Thomas,
//!   Wigner's semicircle and surmise, Brody);
//! - [`spectrum`]: matrices, their orientation, and the decomposition in f64;
//! - [`statistics`]: the statistics of one matrix; [`statistics::activation`]: its overlap with the inputs of the layer;
//! - [`tracking`]: both ends of the spectrum between full analyses;
//! - [`nulls`]: simulated null distributions, seeded;
//! - [`report`]: the public schema of the report on a matrix;
//! - [`sanity`]: the experiment that random matrices are found random, and others not;
//! - [`answers`]: what a report says to questions about a matrix, such as the rank that it needs;
//! - [`figures`]: the table of all figures, with meaning, unit and curve;
//! - [`layers`]: kind, block and sides of a parameter, from its name;
//! - [`shard`]: which of several processes analyses which matrix.

#![warn(clippy::missing_errors_doc)]

pub mod answers;
pub mod figures;
pub mod laws;
pub mod layers;
pub mod notes;
pub mod nulls;
pub mod report;
pub mod sanity;
mod settings;
pub mod shard;
pub mod shown;
pub mod signs;
pub mod spectrum;
pub mod statistics;
pub mod tracking;

mod aggregate;
mod analyse;
mod counts;
mod error;
mod table;
#[cfg(test)]
mod test_support;

pub use aggregate::{Aggregate, Figures, Mean};
pub use analyse::{Analyser, Analysis, AnalysisOptions, Context, NullModel};
pub use error::RmtError;
pub use laws::scale::ScaleEstimator;
pub use nulls::Nulls;
pub use report::{LayerReport, MatrixReport, Profile, Verdict};
#[doc(hidden)]
pub use settings::Setting;
pub use spectrum::{Equilibrate, Matrix, Orientation, Values};
pub use table::Table;

// The example of the README is one of the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
