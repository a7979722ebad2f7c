//! How far a matrix has moved from an earlier snapshot of itself.

use crate::spectrum::{Matrix, Values};
use serde::{Deserialize, Serialize};

/// An earlier snapshot of a matrix, kept to measure drift against (the first one of a run, say).
#[derive(Debug, Clone)]
pub struct Reference {
    values: Owned,
    rows: usize,
    cols: usize,
    singular_values: Vec<f64>,
}

#[derive(Debug, Clone)]
enum Owned {
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl Reference {
    /// Copies the matrix; `singular_values` descending, as its own analysis found them.
    pub fn new(matrix: &Matrix<'_>, singular_values: Vec<f64>) -> Self {
        let values = match matrix.values() {
            Values::F32(v) => Owned::F32(v.to_vec()),
            Values::F64(v) => Owned::F64(v.to_vec()),
        };
        Self { values, rows: matrix.rows(), cols: matrix.cols(), singular_values }
    }

    fn values(&self) -> Values<'_> {
        match &self.values {
            Owned::F32(v) => Values::F32(v),
            Owned::F64(v) => Values::F64(v),
        }
    }
}

/// Change against a [`Reference`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Drift {
    /// ‖W − W₀‖_F / ‖W₀‖_F; null when W₀ = 0.
    pub relative_norm: Option<f64>,
    /// Wasserstein-1 distance of the spectra, Σ|ν_k − ν_k⁰|/m, in the unit of the weights.
    pub spectrum_distance: Option<f64>,
}

/// Drift of `matrix`, whose singular values are `descending`; `None` when the shapes differ.
pub fn drift(matrix: &Matrix<'_>, descending: &[f64], reference: &Reference) -> Option<Drift> {
    if (matrix.rows(), matrix.cols()) != (reference.rows, reference.cols) {
        return None;
    }
    let finite = |x: f64| x.is_finite().then_some(x);
    let (new, old) = (matrix.values(), reference.values());
    let (mut moved, mut norm) = (0.0, 0.0);
    for i in 0..new.len() {
        let (x, y) = (new.at(i), old.at(i));
        moved += (x - y) * (x - y);
        norm += y * y;
    }
    let spectrum_distance = (descending.len() == reference.singular_values.len()
        && !descending.is_empty())
    .then(|| {
        let pairs = descending.iter().zip(&reference.singular_values);
        pairs.map(|(x, y)| (x - y).abs()).sum::<f64>() / descending.len() as f64
    });
    Some(Drift {
        relative_norm: finite((moved / norm).sqrt()),
        spectrum_distance: spectrum_distance.and_then(finite),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::spectrum::Orientation;

    #[test]
    fn closed_forms() {
        let old = [3.0_f32, 0.0, 0.0, 4.0];
        let new = [6.0_f32, 0.0, 0.0, 8.0];
        let of = |v| Matrix::new(Values::F32(v), 2, 2, Orientation::OutIn).unwrap();
        let reference = Reference::new(&of(&old), vec![4.0, 3.0]);
        let still = drift(&of(&old), &[4.0, 3.0], &reference).unwrap();
        assert_eq!((still.relative_norm, still.spectrum_distance), (Some(0.0), Some(0.0)));
        let moved = drift(&of(&new), &[8.0, 6.0], &reference).unwrap();
        assert_eq!((moved.relative_norm, moved.spectrum_distance), (Some(1.0), Some(3.5)));
        let row = Matrix::new(Values::F32(&old), 1, 4, Orientation::OutIn).unwrap();
        assert_eq!(drift(&row, &[5.0], &reference), None);
        let zero = [0.0_f32; 4];
        let from_zero = Reference::new(&of(&zero), vec![0.0, 0.0]);
        assert_eq!(drift(&of(&new), &[8.0, 6.0], &from_zero).unwrap().relative_norm, None);
    }
}
