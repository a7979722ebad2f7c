//! Entries of tensors, and what is computed of them without the library.

use burn::tensor::Tensor;

pub(crate) fn entries<const N: usize>(tensor: Tensor<N>) -> Vec<f64> {
    tensor.into_data().try_into_vec_as::<f64>().unwrap()
}

pub(crate) fn norm(values: &[f64]) -> f64 {
    values.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// Singular values, descending, by Jacobi rotations of the columns.
pub(crate) fn singular_values(values: &[f64], rows: usize) -> Vec<f64> {
    let cols = values.len() / rows;
    let mut columns: Vec<Vec<f64>> =
        (0..cols).map(|j| (0..rows).map(|i| values[i * cols + j]).collect()).collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    for _ in 0..30 {
        for p in 0..cols {
            for q in p + 1..cols {
                let (before, from) = columns.split_at_mut(q);
                let (a, b) = (&mut before[p], &mut from[0]);
                let angle = 0.5 * (2.0 * dot(a, b)).atan2(dot(a, a) - dot(b, b));
                let (sin, cos) = angle.sin_cos();
                for (x, y) in a.iter_mut().zip(b) {
                    (*x, *y) = (cos * *x + sin * *y, cos * *y - sin * *x);
                }
            }
        }
    }
    let mut found: Vec<f64> = columns.iter().map(|column| norm(column)).collect();
    found.sort_by(|x, y| y.total_cmp(x));
    found.truncate(rows.min(cols));
    found
}
