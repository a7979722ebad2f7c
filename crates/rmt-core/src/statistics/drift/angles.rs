//! Principal angles between subspaces.

use faer::{Mat, MatRef};

/// An orthonormal basis of a subspace of R^N: its vectors one after the other.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Basis {
    length: usize,
    vectors: Vec<f64>,
}

impl Basis {
    /// From orthonormal vectors of `length` entries each; `None` unless there is at least one and
    /// all have that length. Orthonormality is the caller's word.
    pub(crate) fn new<V: Iterator<Item = f64>>(
        length: usize,
        vectors: impl Iterator<Item = V>,
    ) -> Option<Self> {
        let mut all = Vec::new();
        for vector in vectors {
            let before = all.len();
            all.extend(vector);
            if all.len() - before != length {
                return None;
            }
        }
        (!all.is_empty()).then_some(Self { length, vectors: all })
    }

    /// k, the dimension of the subspace.
    pub(crate) fn dimension(&self) -> usize {
        self.vectors.len() / self.length
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.vectors.len() * size_of::<f64>()
    }

    fn matrix(&self) -> MatRef<'_, f64> {
        MatRef::from_column_major_slice(&self.vectors, self.length, self.dimension())
    }
}

/// The principal angles between two subspaces of dimensions k and l, min(k, l) of them, in radians,
/// ascending; `None` where the lengths differ, or an entry is not finite.
///
/// With orthonormal bases A of the larger and B of the smaller one, the cosines are the singular
/// values of AᵀB and the sines those of B − A(AᵀB). Each is accurate where the other is not, so an angle below π/4 comes from its
/// sine and one above from its cosine.
///
/// Source: Björck & Golub, Math. Comp. 27, 579 (1973).
pub(crate) fn principal_angles(first: &Basis, second: &Basis) -> Option<Vec<f64>> {
    if first.length != second.length {
        return None;
    }
    // The solver may run without end on NaN.
    if !first.vectors.iter().chain(&second.vectors).all(|x| x.is_finite()) {
        return None;
    }
    let (mut a, mut b) = (first.matrix(), second.matrix());
    if a.ncols() < b.ncols() {
        (a, b) = (b, a);
    }
    let overlap: Mat<f64> = a.transpose() * b;
    let residual: Mat<f64> = b - a * &overlap;
    let descending = overlap.singular_values().ok()?;
    let sines = residual.singular_values().ok()?;
    let angles = descending.iter().zip(sines.iter().rev()).map(|(&cosine, &sine)| {
        if sine < std::f64::consts::FRAC_1_SQRT_2 {
            sine.asin()
        } else {
            cosine.clamp(0.0, 1.0).acos()
        }
    });
    Some(angles.collect())
}

/// arcsin √(mean sin²θ): one angle for many.
///
/// Its squared sine is ‖P − P′‖²_F/(2k), the distance of the projections onto the two subspaces as
/// a fraction of the largest one. NaN without angles.
pub(crate) fn mean_angle(angles: &[f64]) -> f64 {
    let sum: f64 = angles.iter().map(|angle| angle.sin().powi(2)).sum();
    (sum / angles.len() as f64).sqrt().clamp(0.0, 1.0).asin()
}

/// [`mean_angle`] of two independent random subspaces of dimension k, whose mean cos²θ is k/N on a
/// side of length N: arccos √((k/m + k/n)/2) over the sides m and n together. NaN unless k ≤ m, n.
pub(crate) fn random_angle(dimension: usize, small: usize, large: usize) -> f64 {
    let k = dimension as f64;
    (0.5 * (k / small as f64 + k / large as f64)).sqrt().acos()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::test_support::gaussian;

    fn basis(columns: &[Vec<f64>]) -> Basis {
        Basis::new(columns[0].len(), columns.iter().map(|c| c.iter().copied())).unwrap()
    }

    /// The first k columns of the Q of a Gaussian matrix.
    fn random_basis(length: usize, k: usize, seed: u64) -> Basis {
        let entries = gaussian(k, length, seed);
        let q = MatRef::from_column_major_slice(&entries, length, k).qr().compute_thin_Q();
        let columns: Vec<Vec<f64>> = (0..k).map(|j| q.col(j).iter().copied().collect()).collect();
        basis(&columns)
    }

    #[test]
    fn rotations_by_known_angles() {
        // Each axis i < 4 is turned towards axis i + 4 by its own angle.
        let angles = [1e-12_f64, 1e-3, 0.7, 1.5];
        let axis = |i: usize| (0..9).map(|j| f64::from(u8::from(i == j))).collect::<Vec<f64>>();
        let turned: Vec<Vec<f64>> = angles
            .iter()
            .enumerate()
            .map(|(i, angle)| {
                let mut v = vec![0.0; 9];
                v[i] = angle.cos();
                v[i + 4] = angle.sin();
                v
            })
            .collect();
        // The basis of a subspace is arbitrary: mix two of its vectors.
        let mut mixed = turned.clone();
        for j in 0..9 {
            (mixed[0][j], mixed[3][j]) =
                (0.6 * turned[0][j] + 0.8 * turned[3][j], 0.8 * turned[0][j] - 0.6 * turned[3][j]);
        }
        let first = basis(&(0..4).map(axis).collect::<Vec<_>>());
        let found = principal_angles(&first, &basis(&mixed)).unwrap();
        for (x, y) in found.iter().zip(angles) {
            assert!((x - y).abs() < 1e-15 + 1e-12 * y, "{found:?}");
        }
        let mean = angles.iter().map(|a| a.sin().powi(2)).sum::<f64>() / 4.0;
        assert!((mean_angle(&found).sin().powi(2) - mean).abs() < 1e-14);
        assert!(mean_angle(&principal_angles(&first, &first).unwrap()) == 0.0);
    }

    #[test]
    fn random_subspaces_have_the_stated_angle() {
        let (m, n, k, trials) = (20, 45, 4, 300);
        let (mut cosines, mut squares) = (0.0, 0.0);
        for trial in 0..trials {
            let side = |length, seed| {
                principal_angles(&random_basis(length, k, seed), &random_basis(length, k, seed + 1))
                    .unwrap()
            };
            let mut all = side(m, 4 * trial);
            all.extend(side(n, 4 * trial + 2));
            let cosine = mean_angle(&all).cos().powi(2);
            cosines += cosine;
            squares += cosine * cosine;
        }
        let mean = cosines / trials as f64;
        let error = ((squares / trials as f64 - mean * mean) / trials as f64).sqrt();
        let expected = random_angle(k, m, n).cos().powi(2);
        assert!((expected - 0.5 * (0.2 + 4.0 / 45.0)).abs() < 1e-12);
        assert!((mean - expected).abs() < 4.0 * error, "{mean} {expected} ± {error}");
    }

    #[test]
    fn subspaces_of_different_dimensions() {
        // A line at 0.4 to its own projection onto a plane, and a plane that shares an axis with it.
        let plane = basis(&[vec![1.0, 0.0, 0.0, 0.0], vec![0.0, 1.0, 0.0, 0.0]]);
        let angle: f64 = 0.4;
        let line = basis(&[vec![0.6 * angle.cos(), 0.8 * angle.cos(), angle.sin(), 0.0]]);
        for found in [principal_angles(&plane, &line), principal_angles(&line, &plane)] {
            let [found] = found.unwrap()[..] else { panic!() };
            assert!((found - angle).abs() < 1e-15);
        }
        let space = basis(&[
            vec![0.0, 0.0, 0.0, 1.0],
            vec![1.0, 0.0, 0.0, 0.0],
            vec![0.0, angle.cos(), angle.sin(), 0.0],
        ]);
        let found = principal_angles(&space, &plane).unwrap();
        assert!(found.len() == 2 && found[0].abs() < 1e-15, "{found:?}");
        assert!((found[1] - angle).abs() < 1e-15, "{found:?}");
    }

    #[test]
    fn degenerate_input() {
        let two = random_basis(8, 2, 1);
        assert_eq!(principal_angles(&two, &random_basis(9, 2, 1)), None);
        assert_eq!((two.dimension(), two.length, two.bytes()), (2, 8, 128));
        assert!(Basis::new(3, std::iter::empty::<std::iter::Empty<f64>>()).is_none());
        assert!(Basis::new(3, std::iter::once([1.0, 2.0].into_iter())).is_none());
        let bad = basis(&[vec![f64::NAN, 1.0]]);
        assert_eq!(principal_angles(&bad, &bad), None);
        assert!(mean_angle(&[]).is_nan());
    }

    #[test]
    fn an_angle_in_the_plane() {
        let first = Basis::new(3, [[1.0, 0.0, 0.0]].map(|v| v.into_iter()).into_iter()).unwrap();
        let tilt: f64 = 1e-9;
        let second = [[tilt.cos(), tilt.sin(), 0.0]].map(|v| v.into_iter()).into_iter();
        let angles = principal_angles(&first, &Basis::new(3, second).unwrap()).unwrap();
        assert!((angles[0] / tilt - 1.0).abs() < 1e-12);
    }
}
