//! Directions planted in matrices of a law.

use super::{EntryLaw, Expectation, laws::mixed};
use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Strengths of the weakest and of the strongest direction, over the limit q^{1/4}.
const STRENGTHS: [f64; 2] = [4.0, 6.0];

/// An entry law, and directions planted in the matrices that it draws.
///
/// ```
/// use rmt_core::sanity::{EntryLaw, Population};
/// let five = Population::from_name("row_scale+5");
/// assert_eq!(five, Some(Population { law: EntryLaw::RowScale, planted: 5 }));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Population {
    /// Law of the noise.
    pub law: EntryLaw,
    /// Number of planted rank-one terms θσ√n·uvᵀ along random directions, with θ/q^{1/4} evenly
    /// from 4 to 6 and σ² the mean square of the noise.
    pub planted: usize,
}

impl From<EntryLaw> for Population {
    fn from(law: EntryLaw) -> Self {
        Self { law, planted: 0 }
    }
}

impl Population {
    /// Every law, and the laws of unequal scale again with five planted directions.
    pub fn all() -> Vec<Self> {
        use EntryLaw::{ColumnScale, RowColumnScale, RowScale, Sparse, StudentT};
        let scales = [RowScale, ColumnScale, RowColumnScale, Sparse { one_in: 64 }, StudentT];
        let planted = scales.map(|law| Self { law, planted: 5 });
        EntryLaw::ALL.into_iter().map(Self::from).chain(planted).collect()
    }

    /// The law called `name`; `row_scale+5` has five directions planted in it.
    pub fn from_name(name: &str) -> Option<Self> {
        let (law, planted) = match name.split_once('+') {
            Some((law, planted)) => (law, planted.parse().ok()?),
            None => (name, 0),
        };
        EntryLaw::from_name(law).map(|law| Self { law, planted })
    }

    /// The expected outcome for a matrix of this shape whose rows are outputs.
    ///
    /// Planted directions must be counted from 64×64 on, if they are at most an eighth of the
    /// smaller side. If one entry in 64 is kept, they must be counted from 64×128 on, where a row
    /// has two entries.
    pub fn expectation(self, rows: usize, cols: usize) -> Expectation {
        let (m, n) = (rows.min(cols), rows.max(cols));
        match (self.planted, self.law) {
            (0, law) => law.expectation(rows, cols),
            (_, EntryLaw::Orthogonal | EntryLaw::Offset) => Expectation::either(),
            (_, EntryLaw::Sparse { one_in }) if n < 4 * one_in as usize => Expectation::either(),
            (planted, _) if m < 64 || planted > m / 8 => Expectation::either(),
            (planted, _) => Expectation::structure(planted),
        }
    }

    /// A `rows`×`cols` matrix, row by row. The same seed gives the same matrix.
    pub fn draw(self, rows: usize, cols: usize, seed: u64) -> Vec<f64> {
        let mut values = self.law.draw(rows, cols, seed);
        let square = values.iter().map(|x| x * x).sum::<f64>() / values.len().max(1) as f64;
        let (m, n) = (rows.min(cols) as f64, rows.max(cols) as f64);
        let unit = (m / n).powf(0.25) * (square * n).sqrt();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(mixed(&[seed, self.planted as u64, 1]));
        let [weakest, strongest] = STRENGTHS;
        for k in 0..self.planted {
            let part = k as f64 / (self.planted.max(2) - 1) as f64;
            let strength = weakest + (strongest - weakest) * part;
            let (u, v) = (direction(rows, &mut rng), direction(cols, &mut rng));
            for (row, u) in values.chunks_exact_mut(cols.max(1)).zip(u) {
                row.iter_mut().zip(&v).for_each(|(x, v)| *x += strength * unit * u * v);
            }
        }
        values
    }
}

/// The name in tables and on the command line.
impl std::fmt::Display for Population {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.planted {
            0 => self.law.fmt(f),
            planted => f.pad(&format!("{}+{planted}", self.law)),
        }
    }
}

/// A random unit vector.
fn direction(length: usize, rng: &mut Xoshiro256PlusPlus) -> Vec<f64> {
    let v: Vec<f64> = (0..length).map(|_| StandardNormal.sample(rng)).collect();
    let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
    v.iter().map(|x| x / norm).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn named_seeded_and_of_the_strength_they_say() {
        for population in Population::all() {
            assert_eq!(Population::from_name(&population.to_string()), Some(population));
        }
        for wrong in ["row_scale+", "row_scale+-1", "+5", "cauchy+2"] {
            assert_eq!(Population::from_name(wrong), None, "{wrong}");
        }
        let noise = EntryLaw::RowScale.draw(40, 90, 3);
        let planted = Population { law: EntryLaw::RowScale, planted: 1 };
        assert_eq!(planted.draw(40, 90, 3), planted.draw(40, 90, 3));
        let added: Vec<f64> =
            planted.draw(40, 90, 3).iter().zip(&noise).map(|(a, b)| a - b).collect();
        let square = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>();
        // θσ√n = 4·q^{1/4}·σ√n, and ‖noise‖² = σ²mn.
        let expected = 16.0 * (40.0_f64 / 90.0).sqrt() * square(&noise) / 40.0;
        assert!((square(&added) / expected - 1.0).abs() < 1e-9);
    }
}
