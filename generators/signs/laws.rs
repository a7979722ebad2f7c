//! The laws that the sign null must hold for, and directions that are planted in them.

use rand::{Rng, RngExt, SeedableRng};
use rand_distr::{Distribution, StandardNormal, StudentT};
use rand_xoshiro::Xoshiro256PlusPlus;

const SEED: u64 = 20_261_128;
/// Of so many matrices one is analysed against independent entries.
pub(super) const PLAIN_OF: usize = 5;
/// Strength of the weakest and of the strongest planted direction over the limit q^{1/4}.
const STRENGTHS: [f64; 2] = [2.5, 6.0];
/// Share of the noise along a suppressed direction that is left.
const LEFT: f64 = 0.1;
/// Massive entries, and their size in standard deviations.
const MASSIVE: (usize, f64) = (4, 100.0);

/// A law of independent entries, symmetric and of variance aᵢ·bⱼ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Law {
    /// Standard normal.
    Gaussian,
    /// Uniform.
    Uniform,
    /// Normal, rows of log-normal scale, of standard deviation .3 of the logarithm.
    Rows,
    /// The same of columns.
    Columns,
    /// The same of both.
    Both,
    /// Of both, .6.
    BothWide,
    /// Student's t with 3 degrees of freedom.
    StudentT,
    /// Normal, one entry in ten kept.
    Sparse,
    /// Normal, with four entries of 100 standard deviations.
    Massive,
}

impl Law {
    /// Every law.
    pub const ALL: [Self; 9] = [
        Self::Gaussian,
        Self::Uniform,
        Self::Rows,
        Self::Columns,
        Self::Both,
        Self::BothWide,
        Self::StudentT,
        Self::Sparse,
        Self::Massive,
    ];

    /// Standard deviations of the logarithm of the scale of rows and of columns.
    fn spread(self) -> [f64; 2] {
        match self {
            Self::Rows => [0.3, 0.0],
            Self::Columns => [0.0, 0.3],
            Self::Both => [0.3; 2],
            Self::BothWide => [0.6; 2],
            _ => [0.0; 2],
        }
    }

    fn entry(self, rng: &mut impl Rng) -> f64 {
        match self {
            Self::Uniform => rng.random_range(-3.0_f64.sqrt()..3.0_f64.sqrt()),
            Self::StudentT => match StudentT::new(3.0) {
                Ok(law) => law.sample(rng) / 3.0_f64.sqrt(),
                Err(_) => f64::NAN,
            },
            Self::Sparse if rng.random_range(0..10) > 0 => 0.0,
            Self::Sparse => 10.0_f64.sqrt() * normal(rng),
            _ => normal(rng),
        }
    }
}

impl std::fmt::Display for Law {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Gaussian => "Gaussian",
            Self::Uniform => "uniform",
            Self::Rows => "rows .3",
            Self::Columns => "columns .3",
            Self::Both => "both .3",
            Self::BothWide => "both .6",
            Self::StudentT => "Student t(3)",
            Self::Sparse => "90 % zeros",
            Self::Massive => "massive entries",
        })
    }
}

/// Numbers of planted directions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Planted {
    /// Rank-one terms θσ√n·uvᵀ, θ/q^{1/4} evenly from 2.5 to 6, σ the standard deviation of the noise whose largest
    /// thousandth is cut.
    pub above: usize,
    /// Directions on the small side along which a tenth of the noise is left, before it has its scale.
    pub below: usize,
}

/// A generator for one matrix: of this number, with this plant.
pub fn rng(law: Law, [m, n]: [usize; 2], planted: Planted, number: usize) -> Xoshiro256PlusPlus {
    let parts = [law as usize, m, n, planted.above, planted.below, number];
    let first = Xoshiro256PlusPlus::seed_from_u64(SEED);
    parts.iter().fold(first, |mut rng, &part| {
        Xoshiro256PlusPlus::seed_from_u64(rng.next_u64() ^ part as u64)
    })
}

/// An m×n matrix, m ≤ n, row by row.
///
/// The left vectors of the terms are orthogonal to D_a^{−1/2}u of the suppressed directions u: a term along one of these would
/// take it away again, so that neither were what it is counted as.
pub fn draw(
    law: Law,
    shape: [usize; 2],
    planted: Planted,
    rng: &mut Xoshiro256PlusPlus,
) -> Vec<f64> {
    drawn(law, shape, planted, STRENGTHS, rng)
}

/// The same with other strengths over the limit q^{1/4}, of the weakest and the strongest term.
pub(super) fn drawn(
    law: Law,
    [m, n]: [usize; 2],
    planted: Planted,
    [weakest, strongest]: [f64; 2],
    rng: &mut Xoshiro256PlusPlus,
) -> Vec<f64> {
    let mut w: Vec<f64> = (0..m * n).map(|_| law.entry(rng)).collect();
    if law == Law::Massive {
        for _ in 0..MASSIVE.0 {
            let place = rng.random_range(0..m * n);
            w[place] = if rng.random() { MASSIVE.1 } else { -MASSIVE.1 };
        }
    }
    let [rows, cols] = law.spread();
    let scales = |count: usize, spread: f64, rng: &mut Xoshiro256PlusPlus| -> Vec<f64> {
        (0..count).map(|_| (spread * normal(rng)).exp()).collect()
    };
    let (rows, cols) = (scales(m, rows, rng), scales(n, cols, rng));
    let suppressed = orthonormal(m, planted.below, Vec::new(), rng);
    for u in &suppressed {
        let mut along = vec![0.0; n];
        for (row, u) in w.chunks_exact(n).zip(u) {
            along.iter_mut().zip(row).for_each(|(sum, x)| *sum += u * x);
        }
        add(&mut w, n, u, &along, LEFT - 1.0);
    }
    for (row, a) in w.chunks_exact_mut(n).zip(&rows) {
        row.iter_mut().zip(&cols).for_each(|(x, b)| *x *= a * b);
    }
    if planted.above == 0 {
        return w;
    }
    let deviation = deviation_of_most(&w);
    let avoided =
        suppressed.iter().map(|u| u.iter().zip(&rows).map(|(u, a)| u / a).collect()).collect();
    let left = orthonormal(m, planted.above, avoided, rng);
    let right = orthonormal(n, planted.above, Vec::new(), rng);
    let unit = (m as f64 / n as f64).powf(0.25) * deviation * (n as f64).sqrt();
    let last = planted.above.max(2) - 1;
    for (k, (u, v)) in left.iter().zip(&right).enumerate() {
        let strength = weakest + (strongest - weakest) * k as f64 / last as f64;
        add(&mut w, n, u, v, strength * unit);
    }
    w
}

/// w ← w + `factor`·uvᵀ.
fn add(w: &mut [f64], n: usize, u: &[f64], v: &[f64], factor: f64) {
    for (row, u) in w.chunks_exact_mut(n).zip(u) {
        row.iter_mut().zip(v).for_each(|(x, v)| *x += factor * u * v);
    }
}

/// √ of the mean square, squares cut at their 99.9 % quantile.
fn deviation_of_most(w: &[f64]) -> f64 {
    let mut squares: Vec<f64> = w.iter().map(|x| x * x).collect();
    let place = (w.len() * 999 / 1000).min(w.len() - 1);
    let (_, &mut cap, _) = squares.select_nth_unstable_by(place, f64::total_cmp);
    (squares.iter().map(|x| x.min(cap)).sum::<f64>() / w.len() as f64).sqrt()
}

/// `count` random orthonormal vectors, orthogonal to those of `avoided`, by Gram–Schmidt twice.
fn orthonormal(
    length: usize,
    count: usize,
    avoided: Vec<Vec<f64>>,
    rng: &mut Xoshiro256PlusPlus,
) -> Vec<Vec<f64>> {
    let first = avoided.len();
    let mut found: Vec<Vec<f64>> = Vec::with_capacity(first + count);
    let mut avoided = avoided.into_iter();
    for _ in 0..first + count {
        let mut v =
            avoided.next().unwrap_or_else(|| (0..length).map(|_| normal(rng)).collect::<Vec<_>>());
        for _ in 0..2 {
            for u in &found {
                let along: f64 = u.iter().zip(&v).map(|(a, b)| a * b).sum();
                v.iter_mut().zip(u).for_each(|(x, u)| *x -= along * u);
            }
        }
        let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        v.iter_mut().for_each(|x| *x /= norm);
        found.push(v);
    }
    found.split_off(first)
}

fn normal(rng: &mut impl Rng) -> f64 {
    StandardNormal.sample(rng)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_planted_is_there() {
        let shape = [40, 90];
        let rng = || Xoshiro256PlusPlus::seed_from_u64(3);
        for law in Law::ALL {
            let noise = draw(law, shape, Planted::default(), &mut rng());
            assert_eq!(noise.len(), 3600);
            let mean = noise.iter().sum::<f64>() / 3600.0;
            let deviation = (noise.iter().map(|x| x * x).sum::<f64>() / 3600.0).sqrt();
            assert!(mean.abs() < 5.0 * deviation / 60.0, "{law}: {mean} {deviation}");
            // The same noise: what is left is of rank 2.
            let with = draw(law, shape, Planted { above: 2, below: 0 }, &mut rng());
            let added: Vec<f64> = with.iter().zip(&noise).map(|(a, b)| a - b).collect();
            let limit = (40.0_f64 / 90.0).powf(0.25) * deviation_of_most(&noise) * 90.0_f64.sqrt();
            let square = added.iter().map(|x| x * x).sum::<f64>() / (limit * limit);
            assert!((square - 2.5 * 2.5 - 36.0).abs() < 1e-9, "{law}: {square}");
        }
        let vectors = orthonormal(7, 3, vec![vec![2.0; 7]], &mut rng());
        for (i, u) in vectors.iter().enumerate() {
            assert!(u.iter().sum::<f64>().abs() < 1e-12);
            for (j, v) in vectors.iter().enumerate() {
                let dot: f64 = u.iter().zip(v).map(|(a, b)| a * b).sum();
                assert!((dot - f64::from(i == j)).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn a_tenth_is_left_of_what_is_suppressed() {
        let rng = || Xoshiro256PlusPlus::seed_from_u64(5);
        let square = |below: usize| -> f64 {
            let w = draw(Law::Gaussian, [40, 4000], Planted { above: 0, below }, &mut rng());
            w.iter().map(|x| x * x).sum::<f64>() / 4000.0
        };
        // 10 of 40 directions keep a hundredth of their variance.
        assert!((square(0) - square(10) - 9.9).abs() < 0.2);
    }
}
