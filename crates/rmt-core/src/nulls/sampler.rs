//! Exact draws of the singular values of a Gaussian matrix in O(m²).

use crate::RmtError;
use crate::spectrum::tridiagonal_eigenvalues;
use rand::Rng;
use rand_distr::{ChiSquared, Distribution};

/// Draws the singular values of an m×n matrix of independent standard normal entries.
///
/// They are distributed as those of the bidiagonal matrix with independent diagonal
/// χ_n … χ_{n−m+1} and off-diagonal χ_{m−1} … χ_1 (Dumitriu & Edelman, J. Math. Phys. 43, 5830
/// (2002)), so a draw costs O(m²) rather than O(m²n).
#[derive(Debug, Clone)]
pub struct WishartSampler {
    diagonal: Vec<ChiSquared<f64>>,
    off_diagonal: Vec<ChiSquared<f64>>,
    values: Vec<f64>,
}

impl WishartSampler {
    /// A sampler for matrices with sides `small` ≤ `large`.
    ///
    /// # Errors
    /// [`RmtError::Domain`] unless 1 ≤ `small` ≤ `large`.
    pub fn new(small: usize, large: usize) -> Result<Self, RmtError> {
        let domain = RmtError::Domain {
            law: "singular values of a Gaussian matrix",
            requirement: "the sides must satisfy 1 ≤ small ≤ large",
        };
        if small == 0 || small > large {
            return Err(domain);
        }
        let chi_squared = |degrees: usize| ChiSquared::new(degrees as f64);
        let diagonal: Result<Vec<_>, _> = (0..small).map(|i| chi_squared(large - i)).collect();
        let off_diagonal: Result<Vec<_>, _> = (1..small).rev().map(chi_squared).collect();
        match (diagonal, off_diagonal) {
            (Ok(diagonal), Ok(off_diagonal)) => {
                Ok(Self { diagonal, off_diagonal, values: Vec::new() })
            }
            _ => Err(domain),
        }
    }

    /// Number of draws that [`for_each`](Self::for_each) computes side by side: one vector register
    /// of doubles on most processors.
    pub const TOGETHER: usize = 4;

    /// One draw, in descending order.
    pub fn draw(&mut self, rng: &mut impl Rng) -> &[f64] {
        self.together::<1>(rng, |_| ());
        &self.values
    }

    /// Passes each of the next `draws` draws to `take`. The draws equal those of as many calls of
    /// [`draw`](Self::draw) bit for bit, and take about 0.6 of the time.
    pub fn for_each(&mut self, draws: usize, rng: &mut impl Rng, mut take: impl FnMut(&[f64])) {
        for _ in 0..draws / Self::TOGETHER {
            self.together::<{ Self::TOGETHER }>(rng, &mut take);
        }
        for _ in 0..draws % Self::TOGETHER {
            self.together::<1>(rng, &mut take);
        }
    }

    /// `L` draws, each given to `take`; the last is left in `values`.
    fn together<const L: usize>(&mut self, rng: &mut impl Rng, mut take: impl FnMut(&[f64])) {
        let mut diagonal = vec![[0.0; L]; self.diagonal.len()];
        let mut couplings = diagonal.clone();
        for k in 0..L {
            for (row, law) in diagonal.iter_mut().zip(&self.diagonal) {
                row[k] = law.sample(rng);
            }
            // BBᵀ of the lower bidiagonal B has diagonal d_i² + e_{i−1}² and squared couplings d_i²e_i².
            // Row i is completed only after its own coupling was formed from d_i².
            let mut carried = 0.0;
            let rows = diagonal.iter_mut().zip(&mut couplings);
            for ((row, coupling), law) in rows.zip(&self.off_diagonal) {
                let squared = law.sample(rng);
                coupling[k] = row[k] * squared;
                row[k] += carried;
                carried = squared;
            }
            if let Some(last) = diagonal.last_mut() {
                last[k] += carried;
            }
        }
        tridiagonal_eigenvalues(&mut diagonal, &mut couplings);
        for k in 0..L {
            self.values.clear();
            self.values.extend(diagonal.iter().map(|row| row[k]));
            self.values.sort_unstable_by(|x, y| y.total_cmp(x));
            self.values.iter_mut().for_each(|x| *x = x.max(0.0).sqrt());
            take(&self.values);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::spectrum::{Matrix, Orientation, singular_values};
    use crate::test_support::gaussian;
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    #[test]
    fn agrees_with_dense_gaussian_matrices() {
        // Means of the largest, the smallest and the sum of squares, over 3000 draws of each.
        for (m, n) in [(12, 12), (12, 30)] {
            let draws = 3000;
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(8);
            let mut sampler = WishartSampler::new(m, n).unwrap();
            let summary = |nu: &[f64]| [nu[0], nu[m - 1], nu.iter().map(|x| x * x).sum::<f64>()];
            // Sums and sums of squares, of the sampler's draws and of dense matrices.
            let mut statistics = [[0.0; 3]; 4];
            let share = 1.0 / draws as f64;
            for i in 0..draws {
                let dense = gaussian(m, n, i);
                let matrix = Matrix::new(dense.as_slice(), m, n, Orientation::OutIn).unwrap();
                let dense = summary(&singular_values(&matrix).unwrap());
                let drawn = summary(sampler.draw(&mut rng));
                let rows = [drawn, drawn.map(|x| x * x), dense, dense.map(|x| x * x)];
                for (sums, row) in statistics.iter_mut().zip(rows) {
                    sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += share * x);
                }
            }
            let [means, squares, others, other_squares] = statistics;
            let moments = means.into_iter().zip(squares).zip(others.into_iter().zip(other_squares));
            for (k, ((mean, square), (other, other_square))) in moments.enumerate() {
                let (v, w) = (square - mean * mean, other_square - other * other);
                let z = (mean - other) / ((v + w) / draws as f64).sqrt();
                assert!(z.abs() < 3.5, "{m}×{n} statistic {k}: z = {z}");
                assert!((v / w - 1.0).abs() < 0.15, "{m}×{n} statistic {k}: variances {v} {w}");
            }
        }
    }

    #[test]
    fn together_they_are_what_they_are_one_by_one() {
        for (m, n, draws) in [(1, 3, 5), (2, 2, 6), (33, 50, 11), (64, 64, 4)] {
            let mut sampler = WishartSampler::new(m, n).unwrap();
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
            let single: Vec<Vec<f64>> =
                (0..draws).map(|_| sampler.draw(&mut rng).to_vec()).collect();
            let (mut again, mut together) = (Xoshiro256PlusPlus::seed_from_u64(5), Vec::new());
            sampler.for_each(draws, &mut again, |nu| together.push(nu.to_vec()));
            assert_eq!(single, together, "{m}×{n}");
            assert_eq!(rng, again);
        }
    }

    #[test]
    fn seeded_and_domain_checked() {
        let draw = |seed| {
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
            WishartSampler::new(7, 9).unwrap().draw(&mut rng).to_vec()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert!(draw(1).is_sorted_by(|a, b| a >= b));
        assert!(WishartSampler::new(0, 3).is_err() && WishartSampler::new(4, 3).is_err());
    }
}
