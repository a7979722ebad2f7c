//! The change s·B·A of a weight.

use super::super::file::reserve;
use super::super::{FormatError, Source};
use rmt_monitor::WeightValues;
use std::path::PathBuf;

/// Which tensors it is made of, and its shape.
#[derive(Debug)]
pub(super) struct Product {
    /// Numbers of A [r, in…] and B [out, r].
    a: usize,
    b: usize,
    pub(super) rank: usize,
    /// Of B·A as a matrix.
    rows: usize,
    columns: usize,
    /// Whether the weight is its transpose.
    transposed: bool,
    /// Of the weight.
    pub(super) shape: Vec<usize>,
    pub(super) scale: f64,
    /// Number of the tensor with a norm for each row of the weight (DoRA).
    pub(super) magnitude: Option<usize>,
}

impl Product {
    /// Of the factors of these numbers and shapes.
    pub(super) fn new(
        (a, one): (usize, &[usize]),
        (b, other): (usize, &[usize]),
        transposed: bool,
    ) -> Result<Self, String> {
        let fit = || format!("its factors have shapes {one:?} and {other:?}, which do not fit");
        let (&[rank, ref inputs @ ..], &[rows, inner, ref kernel @ ..]) = (one, other) else {
            return Err(fit());
        };
        let columns = inputs.iter().try_fold(1usize, |columns, &side| columns.checked_mul(side));
        let columns =
            columns.filter(|&columns| rows.checked_mul(columns).is_some()).ok_or_else(fit)?;
        let flat = inputs.len() == 1;
        if rank != inner
            || rank == 0
            || inputs.is_empty()
            || kernel.iter().any(|&side| side != 1)
            || (transposed && !flat)
        {
            return Err(fit());
        }
        let shape = if transposed { vec![columns, rows] } else { [&[rows], inputs].concat() };
        Ok(Self { a, b, rank, rows, columns, transposed, shape, scale: 1.0, magnitude: None })
    }

    /// Its values in row-major order.
    pub(super) fn alone(&self, own: &dyn Source) -> Result<Vec<f64>, FormatError> {
        let mut values = reserve(self.rows * self.columns).map_err(failed)?;
        values.resize(self.rows * self.columns, 0.0);
        self.each(own, |at, change| {
            if let Some(value) = values.get_mut(at) {
                *value += change;
            }
        })?;
        Ok(values)
    }

    /// A weight with it; the sum is rounded once.
    pub(super) fn added(
        &self,
        own: &dyn Source,
        weight: WeightValues,
    ) -> Result<WeightValues, FormatError> {
        let mut changed = self.alone(own)?;
        let single = matches!(weight, WeightValues::F32(_));
        if weight.as_values().len() != changed.len() {
            return Err(failed("the base has fewer values than its header claims".into()));
        }
        changed.iter_mut().zip(weight.as_values().iter()).for_each(|(new, old)| *new += old);
        drop(weight);
        if let Some(magnitude) = self.magnitude {
            let norms: Vec<f64> = own.read(magnitude)?.as_values().iter().collect();
            for (row, norm) in changed.chunks_mut(self.columns.max(1)).zip(norms) {
                let length = row.iter().map(|x| x * x).sum::<f64>().sqrt();
                row.iter_mut().for_each(|x| *x *= norm / length);
            }
        }
        Ok(if single {
            WeightValues::F32(changed.into_iter().map(|x| x as f32).collect())
        } else {
            WeightValues::F64(changed)
        })
    }

    /// Hands on every term of every entry, with the entry's place in the weight.
    fn each(&self, own: &dyn Source, mut add: impl FnMut(usize, f64)) -> Result<(), FormatError> {
        let (a, b) = (own.read(self.a)?, own.read(self.b)?);
        let wide = |values: &WeightValues| values.as_values().iter().collect::<Vec<f64>>();
        let (a, b) = (wide(&a), wide(&b));
        let lines = || a.chunks_exact(self.columns.max(1));
        for (row, weights) in b.chunks_exact(self.rank).enumerate() {
            for (weight, line) in weights.iter().zip(lines()) {
                let weight = self.scale * weight;
                for (column, value) in line.iter().enumerate() {
                    let at = if self.transposed {
                        column * self.rows + row
                    } else {
                        row * self.columns + column
                    };
                    add(at, weight * value);
                }
            }
        }
        Ok(())
    }
}

fn failed(problem: String) -> FormatError {
    FormatError { path: PathBuf::from("adapter"), problem }
}
