//! The laws that random matrices obey, each usable alone.

pub mod marchenko_pastur;
pub mod porter_thomas;
pub mod tracy_widom;

pub use marchenko_pastur::MarchenkoPastur;
