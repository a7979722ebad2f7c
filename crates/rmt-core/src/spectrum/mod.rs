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
pub(crate) use decompose::{exp2, gram_singular_values, scaled};
pub use equalise::{Equalise, equalised};
pub(crate) use householder::Householder;
pub use matrix::{Matrix, Orientation, Values};
pub(crate) use symmetric::eigen;
pub use symmetric::{Reduction, symmetric_eigen, symmetric_eigenvalues};
pub(crate) use tridiagonal::eigenvalues as tridiagonal_eigenvalues;
