//! The laws that random matrices obey, each usable alone, and the distances of a spectrum from
//! them.

pub mod bulk;
pub mod combination;
pub mod edges;
pub mod marchenko_pastur;
pub(crate) mod moments;
pub(crate) mod normal;
pub mod porter_thomas;
pub mod scale;
pub mod spacing;
mod supremum;
pub mod tracy_widom;
pub(crate) mod wide;
pub mod wigner;

pub use marchenko_pastur::MarchenkoPastur;
pub use spacing::{Brody, PoissonSpacing, goe_number_variance, goe_number_variance_asymptotic};
pub use wigner::{Semicircle, Surmise};
