//! An earlier snapshot of a matrix, kept to measure drift against.

use super::angles::Basis;
use crate::spectrum::{Decomposition, Matrix, Values};
use crate::statistics::heavy_tail::matrix_rank;

/// Singular vectors kept at each end of the spectrum, if the matrix has them.
pub(crate) const SUBSPACE_DIMENSION: usize = 10;
/// Gaps between singular values, relative to the largest, below which a subspace that ends there
/// is undefined: the rounding of single precision mixes its vectors.
const LEAST_GAP: f64 = 1e-6;

/// The dimension that is compared for a matrix with smaller side m: `wanted`, at most m/4, so that
/// subspaces at both ends are disjoint and random ones still far apart (mean cos²θ ≤ ¼); at
/// least 1.
pub(crate) fn subspace_dimension(wanted: usize, small: usize) -> usize {
    wanted.min(small / 4).max(1)
}

/// The span of the singular vectors at one end of a spectrum, on both sides of the matrix.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub(crate) struct SubspacePair {
    /// On the small side, in R^m.
    pub small: Basis,
    /// On the large side, in R^n.
    pub large: Basis,
}

/// The singular subspaces at both ends of a spectrum, or why they are undefined.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Subspaces {
    dimension: usize,
    top: Result<SubspacePair, &'static str>,
    bottom: Result<SubspacePair, &'static str>,
}

impl Subspaces {
    /// Those of the `dimension` largest and as many smallest singular values.
    ///
    /// A subspace that ends between two values closer than 1e-6·ν₁ is undefined, and so is the
    /// bottom one where singular values vanish: any basis of the null space would do.
    pub(crate) fn new(decomposition: &Decomposition, large: usize, dimension: usize) -> Self {
        let nu = &decomposition.singular_values;
        let (m, k) = (nu.len(), dimension);
        let pair = |from: usize, to: usize| {
            let small = Basis::new(m, (from..to).map(|i| decomposition.small_vector(i)));
            let large = Basis::new(large, (from..to).map(|i| decomposition.large_vector(i)));
            let pair = small.zip(large).map(|(small, large)| SubspacePair { small, large });
            pair.ok_or("no vectors")
        };
        let rank = matrix_rank(nu, large);
        let tied = |cut: usize| {
            let neighbours = cut.checked_sub(1).and_then(|i| nu.get(i)).zip(nu.get(cut));
            neighbours.is_some_and(|(x, y)| x - y <= LEAST_GAP * nu[0])
        };
        let top = if k == 0 || k > m || rank < k {
            Err("there are fewer singular values than its dimension")
        } else if tied(k) {
            Err("singular values coincide where it ends")
        } else {
            pair(0, k)
        };
        let bottom = if k == 0 || k > m {
            Err("there are fewer singular values than its dimension")
        } else if rank < m {
            Err("singular values vanish")
        } else if tied(m - k) {
            Err("singular values coincide where it begins")
        } else {
            pair(m - k, m)
        };
        Self { dimension, top, bottom }
    }

    /// k.
    pub(crate) fn dimension(&self) -> usize {
        self.dimension
    }

    /// Of the largest singular values.
    ///
    /// # Errors
    /// Why it is undefined.
    pub(crate) fn top(&self) -> Result<&SubspacePair, &'static str> {
        self.top.as_ref().map_err(|reason| *reason)
    }

    /// Of the smallest singular values.
    ///
    /// # Errors
    /// Why it is undefined.
    pub(crate) fn bottom(&self) -> Result<&SubspacePair, &'static str> {
        self.bottom.as_ref().map_err(|reason| *reason)
    }

    fn bytes(&self) -> usize {
        let of = |pair: &SubspacePair| pair.small.bytes() + pair.large.bytes();
        [&self.top, &self.bottom].into_iter().flatten().map(of).sum()
    }
}

/// An earlier snapshot of a matrix, such as the first one of a run, kept to measure drift against.
///
/// With weights it takes one copy of the matrix. Spectrum and subspaces alone take 8·(m + 2k(m+n))
/// bytes.
#[derive(Debug, Clone)]
pub struct Reference {
    values: Option<Owned>,
    rows: usize,
    cols: usize,
    singular_values: Vec<f64>,
    subspaces: Subspaces,
}

#[derive(Debug, Clone)]
enum Owned {
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl Reference {
    /// Copies the matrix, its spectrum and the span of `k` singular vectors at each end, at most a
    /// quarter of m.
    pub fn new(matrix: &Matrix<'_>, decomposition: &Decomposition, k: usize) -> Self {
        let values = Some(match matrix.values() {
            Values::F32(v) => Owned::F32(v.to_vec()),
            Values::F64(v) => Owned::F64(v.to_vec()),
        });
        Self { values, ..Self::without_weights(matrix, decomposition, k) }
    }

    /// Copies the spectrum and the subspaces only. The norm and the spectrum of the change cannot
    /// be measured against it.
    pub fn without_weights(matrix: &Matrix<'_>, decomposition: &Decomposition, k: usize) -> Self {
        let dimension = subspace_dimension(k, matrix.small_side());
        Self {
            values: None,
            rows: matrix.rows(),
            cols: matrix.cols(),
            singular_values: decomposition.singular_values.clone(),
            subspaces: Subspaces::new(decomposition, matrix.large_side(), dimension),
        }
    }

    /// The entries, if they were kept.
    pub fn values(&self) -> Option<Values<'_>> {
        match &self.values {
            Some(Owned::F32(v)) => Some(Values::F32(v)),
            Some(Owned::F64(v)) => Some(Values::F64(v)),
            None => None,
        }
    }

    /// [rows, columns] as stored.
    pub fn shape(&self) -> [usize; 2] {
        [self.rows, self.cols]
    }

    /// The singular values, in descending order.
    pub fn singular_values(&self) -> &[f64] {
        &self.singular_values
    }

    /// At both ends of the spectrum.
    pub(crate) fn subspaces(&self) -> &Subspaces {
        &self.subspaces
    }

    /// Memory in bytes.
    pub fn bytes(&self) -> usize {
        let values = match &self.values {
            Some(Owned::F32(v)) => size_of_val(v.as_slice()),
            Some(Owned::F64(v)) => size_of_val(v.as_slice()),
            None => 0,
        };
        values + size_of_val(self.singular_values.as_slice()) + self.subspaces.bytes()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::spectrum::{Orientation, decompose};
    use crate::test_support::gaussian;

    fn subspaces(values: &[f64], rows: usize, cols: usize, k: usize) -> Subspaces {
        let matrix = Matrix::new(values, rows, cols, Orientation::OutIn).unwrap();
        Subspaces::new(&decompose(&matrix).unwrap(), rows.max(cols), k)
    }

    #[test]
    fn what_is_kept_costs_what_is_said() {
        let a = gaussian(40, 60, 1);
        let single: Vec<f32> = a.iter().map(|&x| x as f32).collect();
        let matrix = Matrix::new(&single[..], 40, 60, Orientation::OutIn).unwrap();
        let d = decompose(&matrix).unwrap();
        let bare = Reference::without_weights(&matrix, &d, SUBSPACE_DIMENSION);
        assert_eq!(bare.bytes(), 8 * (40 + 2 * 10 * (40 + 60)));
        assert_eq!(bare.values(), None);
        let whole = Reference::new(&matrix, &d, SUBSPACE_DIMENSION);
        assert_eq!(whole.bytes(), bare.bytes() + 4 * 40 * 60);
        assert_eq!(whole.values(), Some(Values::F32(&single)));
        assert_eq!((whole.shape(), whole.subspaces().dimension()), ([40, 60], 10));
        assert_eq!(whole.singular_values(), d.singular_values);
        assert_eq!([2, 8, 39, 400].map(|m| subspace_dimension(10, m)), [1, 2, 9, 10]);
    }

    #[test]
    fn undefined_subspaces_say_why() {
        let whole = subspaces(&gaussian(20, 30, 2), 20, 30, 5);
        assert!(whole.top().is_ok() && whole.bottom().is_ok());
        // Rank 19: a row of zeros.
        let mut dead = gaussian(20, 30, 3);
        dead[..30].fill(0.0);
        let dead = subspaces(&dead, 20, 30, 5);
        assert!(dead.top().is_ok());
        assert_eq!(dead.bottom(), Err("singular values vanish"));
        // Rank 1.
        let one = subspaces(&[1.0; 600], 20, 30, 5);
        assert_eq!(one.top(), Err("there are fewer singular values than its dimension"));
        let identity: Vec<f64> = (0..400).map(|i| f64::from(u8::from(i % 21 == 0))).collect();
        let identity = subspaces(&identity, 20, 20, 5);
        assert_eq!(identity.top(), Err("singular values coincide where it ends"));
        assert_eq!(identity.bottom(), Err("singular values coincide where it begins"));
        let all = subspaces(&gaussian(3, 4, 4), 3, 4, 4);
        assert!(all.top().is_err() && all.bottom().is_err());
    }
}
