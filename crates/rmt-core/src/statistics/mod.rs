//! The statistics of one matrix, each with its null.

pub mod activation;
pub mod drift;
pub(crate) mod entries;
pub mod gradient;
pub mod heavy_tail;
pub mod kurtosis;
pub(crate) mod ranks;
pub mod signal;
pub(crate) mod significance;
pub mod spacing;
pub(crate) mod spectrum_test;
pub mod vectors;

/// A figure, if it is one.
pub(crate) fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}
