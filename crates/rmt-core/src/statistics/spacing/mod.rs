//! Level repulsion between neighbouring singular values.
//!
//! These statistics test universality, which trained networks usually still satisfy: the levels
//! stay repelled while the edges and the vectors move. They check the numerics and the
//! initialization, and are never evidence of learning.

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
