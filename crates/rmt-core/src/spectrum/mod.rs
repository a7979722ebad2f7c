//! From a stored matrix to its singular values and vectors.

mod bidiagonal;
mod decompose;
mod decomposition;
mod deflate;
mod equilibrate;
mod gram;
mod householder;
mod matrix;
mod product;
mod scaled;
mod single;
mod smallest;
mod symmetric;
mod tridiagonal;
mod without;

pub(crate) use decompose::gram_singular_values;
pub use decompose::{decompose, singular_values};
pub use decomposition::Decomposition;
pub use equilibrate::Equilibrate;
pub(crate) use equilibrate::equilibrated;
pub(crate) use gram::EIGEN_COPIES;
pub(crate) use householder::Householder;
pub use matrix::{Matrix, Orientation, Values};
pub(crate) use scaled::{Scaled, exp2};
pub(crate) use single::{Tested, WINDOW};
pub(crate) use symmetric::eigen;
pub use symmetric::{Reduction, symmetric_eigen, symmetric_eigenvalues};
pub(crate) use tridiagonal::eigenvalues as tridiagonal_eigenvalues;
