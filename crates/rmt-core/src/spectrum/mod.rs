//! From a stored matrix to its singular values and vectors.

mod bidiagonal;
mod decompose;
mod deflate;
mod equalise;
mod householder;
mod matrix;
mod product;
mod smallest;
mod symmetric;
mod tridiagonal;
mod without;

pub use decompose::{Decomposition, decompose, singular_values};
pub(crate) use symmetric::eigen;
pub use equalise::{Equalise, equalised};
pub use matrix::{Matrix, Orientation, Values};
pub(crate) use tridiagonal::eigenvalues as tridiagonal_eigenvalues;
