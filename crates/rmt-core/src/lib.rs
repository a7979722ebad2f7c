//! Random matrix theory for weight matrices.
//!
//! The null hypothesis is a matrix of independent entries: what a weight matrix is at random
//! initialization. [`Analyser`] measures how far a matrix has left it, at the largest and the
//! smallest singular values, in the bulk between them and in the singular vectors, each number
//! beside its null.
//!
//! # Should I use this?
//!
//! Use it to analyse matrices that you hold in memory. To watch a training run, use the monitor
//! that stands on it; this crate knows nothing of files, threads or frameworks.
//!
//! # What is where
//!
//! - [`laws`]: the laws, each usable alone (Marchenko–Pastur, Tracy–Widom, Porter–Thomas,
//!   Wigner's semicircle and surmise, Brody);
//! - [`spectrum`]: matrices, their orientation, and the decomposition in f64;
//! - [`statistics`]: what is measured on one matrix; [`statistics::activation`]: its overlap with
//!   what enters the layer;
//! - [`tracking`]: both ends of the spectrum between full analyses;
//! - [`nulls`]: simulated null distributions, seeded;
//! - [`report`]: the public schema of the report on a matrix;
//! - [`sanity`]: random matrices must be found random, and nothing else;
//! - [`figures`]: one table of them, with title, unit and curve;
//! - [`layers`]: what a parameter's name tells;
//! - [`shard`]: which of several processes analyses which matrix.

pub mod figures;
pub mod laws;
pub mod layers;
mod listed;
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
pub use spectrum::{Equilibrate, Matrix, Orientation, Values};
pub use table::Table;

// The example of the README is one of the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
