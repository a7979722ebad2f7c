//! Level repulsion: do neighbouring singular values keep their distance?
//!
//! These statistics test universality, and trained networks usually still pass: the levels stay
//! repelled while the edges and the vectors move. They check the numerics and the initialization,
//! and are never evidence of learning.

mod brody;
mod levels;
mod number_variance;
mod ratio;
mod surmise_null;
pub mod unfold;

pub use brody::{BrodyFit, fit_brody};
pub(crate) use levels::LEAST_VALUES;
pub use levels::{Levels, NumberVariance, levels, surmise_distance};
pub use number_variance::number_variance;
pub use ratio::{ratio, z_score};
