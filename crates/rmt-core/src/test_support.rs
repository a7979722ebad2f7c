//! What tests of several modules need.

use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use statrs::distribution::{Binomial, DiscreteCDF};

/// Counts that a binomial variable leaves, on either side, with probability at most `outside`/2.
#[allow(clippy::unwrap_used)]
pub(crate) fn binomial_interval(trials: usize, p: f64, outside: f64) -> (usize, usize) {
    let law = Binomial::new(p, trials as u64).unwrap();
    let low = law.inverse_cdf(outside / 2.0) as usize;
    (low, law.inverse_cdf(1.0 - outside / 2.0) as usize)
}

/// Independent standard normal entries.
pub(crate) fn gaussian(rows: usize, cols: usize, seed: u64) -> Vec<f64> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    (0..rows * cols).map(|_| StandardNormal.sample(&mut rng)).collect()
}
