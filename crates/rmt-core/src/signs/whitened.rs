//! The scale of rows and columns, and the entries without it.

use crate::laws::wide::{Kernel, wide};

/// Rounds of the alternation; the second already agrees with the third to a few percent.
const ROUNDS: usize = 3;

/// aᵢ of the rows and bⱼ of the columns in the variance profile E w²ᵢⱼ = aᵢ·bⱼ.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Profile {
    /// √aᵢ, and 1 where a row is zero.
    pub(crate) rows: Vec<f64>,
    /// √bⱼ.
    pub(crate) cols: Vec<f64>,
}

impl Profile {
    /// Fitted to the squares of `entries`, column by column of a matrix with `m` rows, by turns:
    /// aᵢ = meanⱼ w²ᵢⱼ/bⱼ, bⱼ = meanᵢ w²ᵢⱼ/aᵢ. It is the fit of a model of independent normal entries by maximum likelihood,
    /// and does not look at their signs.
    pub(crate) fn of(entries: &[f64], m: usize) -> Self {
        let n = entries.len() / m;
        let (mut a, mut b) = (vec![1.0; m], vec![1.0; n]);
        for _ in 0..ROUNDS {
            let mut sums = vec![0.0; m];
            wide(OverColumns { entries, b: &b, sums: &mut sums });
            a = sums.iter().map(|sum| positive(sum / n as f64)).collect();
            wide(OverRows { entries, a: &a, b: &mut b });
        }
        let roots = |x: Vec<f64>| x.into_iter().map(f64::sqrt).collect();
        Self { rows: roots(a), cols: roots(b) }
    }

    /// wᵢⱼ/√(aᵢ·bⱼ).
    pub(crate) fn whitened(&self, entries: &[f64]) -> Vec<f64> {
        self.scaled(entries, |x, a, b| x / a / b)
    }

    /// wᵢⱼ·√(aᵢ·bⱼ).
    pub(crate) fn coloured(&self, entries: &[f64]) -> Vec<f64> {
        self.scaled(entries, |x, a, b| x * a * b)
    }

    fn scaled(&self, entries: &[f64], by: impl Fn(f64, f64, f64) -> f64) -> Vec<f64> {
        let mut scaled = Vec::with_capacity(entries.len());
        for (column, b) in entries.chunks_exact(self.rows.len()).zip(&self.cols) {
            scaled.extend(column.iter().zip(&self.rows).map(|(x, a)| by(*x, *a, *b)));
        }
        scaled
    }

    /// Whether this profile and `other` differ by less than half of what sampling makes them differ from the true one:
    /// a relative standard error of √(2/n) of each aᵢ and √(2/m) of each bⱼ.
    pub(crate) fn is_near(&self, other: &Self) -> bool {
        let (m, n) = (self.rows.len() as f64, self.cols.len() as f64);
        near(&self.rows, &other.rows, (2.0 / n).sqrt())
            && near(&self.cols, &other.cols, (2.0 / m).sqrt())
    }
}

/// Adds Σⱼ w²ᵢⱼ/bⱼ to each of the sums.
struct OverColumns<'a> {
    entries: &'a [f64],
    b: &'a [f64],
    sums: &'a mut [f64],
}

impl Kernel for OverColumns<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (column, b) in self.entries.chunks_exact(self.sums.len()).zip(self.b) {
            for (sum, x) in self.sums.iter_mut().zip(column) {
                *sum += x * x / b;
            }
        }
    }
}

/// bⱼ ← meanᵢ w²ᵢⱼ/aᵢ.
struct OverRows<'a> {
    entries: &'a [f64],
    a: &'a [f64],
    b: &'a mut [f64],
}

impl Kernel for OverRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let m = self.a.len();
        for (column, b) in self.entries.chunks_exact(m).zip(self.b) {
            let sum = column.iter().zip(self.a).map(|(x, a)| x * x / a).sum::<f64>();
            *b = positive(sum / m as f64);
        }
    }
}

/// A common factor apart.
fn near(x: &[f64], y: &[f64], error: f64) -> bool {
    let count = x.len() as f64;
    let moved = || x.iter().zip(y).map(|(x, y)| 2.0 * (x / y).ln());
    let mean = moved().sum::<f64>() / count;
    moved().map(|d| (d - mean).powi(2)).sum::<f64>() / count < (0.5 * error).powi(2)
}

/// A line of zeros stays one whatever it is divided by.
#[inline(always)]
fn positive(x: f64) -> f64 {
    if x > 0.0 && x.is_finite() { x } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::gaussian;

    #[test]
    fn a_profile_is_found_and_taken_out() {
        let (m, n) = (60, 200);
        let (rows, cols) = (gaussian(1, m, 2), gaussian(1, n, 3));
        let noise = gaussian(n, m, 4);
        let scale = |e: usize| (0.5 * rows[e % m] + 0.5 * cols[e / m]).exp();
        let a: Vec<f64> = noise.iter().enumerate().map(|(e, x)| x * scale(e)).collect();
        let profile = Profile::of(&a, m);
        let whitened = profile.whitened(&a);
        let back = profile.coloured(&whitened);
        assert!(back.iter().zip(&a).all(|(x, y)| (x - y).abs() <= 1e-12 * y.abs()));
        // Every row and column of the whitened matrix has a mean square of 1; of the true profile, within sampling.
        for j in 0..n {
            let square = whitened[j * m..][..m].iter().map(|x| x * x).sum::<f64>() / m as f64;
            assert!((square - 1.0).abs() < 1e-9);
        }
        let found = profile.rows.iter().zip(&rows).map(|(a, r)| a.ln() - 0.5 * r);
        let mean = found.clone().sum::<f64>() / m as f64;
        let error = (found.map(|d| (d - mean).powi(2)).sum::<f64>() / m as f64).sqrt();
        assert!(error < 1.3 * (0.5 / n as f64).sqrt(), "{error}");
        assert!(profile.is_near(&Profile::of(&a, m)));
        assert!(!profile.is_near(&Profile::of(&noise, m)));
    }
}
