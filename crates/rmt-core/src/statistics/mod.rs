//! What is measured on one matrix: each statistic beside its null.

pub mod bulk;
pub mod drift;
pub mod edges;
pub mod gradient;
pub mod heavy_tail;
pub mod kurtosis;
pub mod scale;
pub mod signal;
pub mod significance;
pub mod spacing;
pub mod vectors;
