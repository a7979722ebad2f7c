//! The ends of the spectra of sign-flipped copies of a matrix, without the spectra between them.

use super::beside::{Beside, Term};
use super::kernel::{
    Entries, LANES, Lanes, Processor, Signs, TOGETHER, Vectorized, gram_times, vectorized,
};
use crate::laws::wide::{Kernel, wide};
use crate::spectrum::tridiagonal_eigenvalues;
use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Steps after which the ends are looked at for the first time, and again: after so many more, or after that part of
/// those made.
const FIRST: usize = 18;
const AGAIN: usize = 6;
const AGAIN_PART: usize = 4;
/// Steps at most: the iteration has then seen the lower end of every shape that [`resolved`] lets through.
const MOST: usize = 400;
/// Change since the last look at which an end is taken, in units of the Tracy–Widom law.
const TOLERANCE: f64 = 0.03;
/// The least unit of the lower edge, over the largest eigenvalue, that products in single precision resolve.
const RESOLVED: f64 = 5e-5;

/// Copies that share their work; one more lane has the matrix itself.
pub(crate) const MOST_TOGETHER: usize = LANES - 1;

/// Independent fair signs for the entries of an m×n matrix, m ≤ n, of up to [`MOST_TOGETHER`] copies.
#[derive(Debug, Clone)]
pub(crate) struct Copies {
    m: usize,
    n: usize,
    count: usize,
    signs: Vec<Signs>,
    start: Vec<Lanes>,
}

/// The largest and the smallest singular value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ends {
    pub(crate) largest: f64,
    pub(crate) smallest: f64,
}

/// The ends of the matrix and of its copies.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) itself: Ends,
    pub(crate) copies: Vec<Ends>,
}

/// Units of the Tracy–Widom law of the largest and of the smallest eigenvalue of an m×n matrix of independent entries, m < n,
/// over σ²n: Johnstone 2001 (largest), Feldheim & Sodin 2010 (smallest).
fn units(m: usize, n: usize) -> [f64; 2] {
    let (s, l) = ((m as f64).sqrt(), (n as f64).sqrt());
    let unit = |edge: f64, bend: f64| edge * bend.cbrt() / (l * l);
    [unit(l + s, s.recip() + l.recip()), unit(l - s, s.recip() - l.recip())]
}

/// Whether the iteration can see the lower end of an m×n matrix, m ≤ n. It cannot where the matrix is nearly square: the
/// smallest eigenvalues lie too close together.
pub(crate) fn resolved(m: usize, n: usize) -> bool {
    let top = (1.0 + (m as f64 / n as f64).sqrt()).powi(2);
    m < n && units(m, n)[1] >= RESOLVED * top
}

impl Copies {
    /// `count` of them, at most [`MOST_TOGETHER`].
    pub(crate) fn new(m: usize, n: usize, count: usize, seed: u64) -> Self {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let used = !(u32::MAX >> count.min(MOST_TOGETHER));
        let signs = (0..n.div_ceil(TOGETHER) * m)
            .map(|_| std::array::from_fn(|_| rng.next_u32() & used))
            .collect();
        let start = (0..m).map(|_| [StandardNormal.sample(&mut rng); LANES]).collect();
        Self { m, n, count: count.min(MOST_TOGETHER), signs, start }
    }

    /// The smaller side.
    pub(crate) fn m(&self) -> usize {
        self.m
    }

    /// The larger side.
    pub(crate) fn n(&self) -> usize {
        self.n
    }

    /// The ends of `entries`, column by column of the m×n matrix, and of their copies, by the Lanczos iteration on
    /// the smaller Gram matrix (Golub & Van Loan, §10.3), without reorthogonalization: what that repeats are values
    /// that it has already. The `lower` end is waited for where it is wanted. The sum of the terms `beside` is added to
    /// every copy.
    pub(crate) fn ends(&self, entries: &[f64], beside: &[Term], lower: bool) -> Found {
        let (m, n) = (self.m, self.n);
        let square = entries.iter().map(|x| x * x).sum::<f64>() / m as f64;
        // The largest eigenvalue is then about (1 + √q)².
        let unit = if square > 0.0 { square.sqrt() } else { 1.0 };
        let packed = packed(entries, m, n, unit);
        let mut iteration = Lanczos::new(self, beside, unit);
        let units = units(m, n);
        let mut before = [[f64::INFINITY; LANES]; 2];
        let most = MOST.min(m);
        loop {
            let done = iteration.alpha.len();
            let steps = (done + AGAIN.max(done / AGAIN_PART)).max(FIRST).min(most);
            vectorized(Steps { iteration: &mut iteration, packed: &packed, steps });
            let found = iteration.extremes();
            let still = |end: usize| {
                let pairs = found[end].iter().zip(&before[end]);
                pairs.clone().all(|(x, y)| (x - y).abs() <= TOLERANCE * units[end])
            };
            if steps == most || (still(0) && (!lower || still(1))) {
                let ends = |l: usize| Ends {
                    largest: found[0][l].max(0.0).sqrt() * unit,
                    smallest: found[1][l].max(0.0).sqrt() * unit,
                };
                return Found {
                    itself: ends(LANES - 1),
                    copies: (0..self.count).map(ends).collect(),
                };
            }
            before = found;
        }
    }
}

/// The entries over `unit`, in blocks of columns.
fn packed(entries: &[f64], m: usize, n: usize, unit: f64) -> Vec<Entries> {
    let mut packed = vec![[0.0; TOGETHER]; n.div_ceil(TOGETHER) * m];
    wide(Pack { entries, m, unit, packed: &mut packed });
    packed
}

struct Pack<'a> {
    entries: &'a [f64],
    m: usize,
    unit: f64,
    packed: &'a mut [Entries],
}

impl Kernel for Pack<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { entries, m, unit, packed } = self;
        let whole = entries.chunks_exact(TOGETHER * m);
        let rest = whole.remainder();
        let (full, last) = packed.split_at_mut(entries.len() / (TOGETHER * m) * m);
        for (columns, block) in whole.zip(full.chunks_exact_mut(m)) {
            let (a, b) = columns.split_at(2 * m);
            let ((a, b), (c, d)) = (a.split_at(m), b.split_at(m));
            for ((((into, a), b), c), d) in block.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                *into = [a, b, c, d].map(|x| (x / unit) as f32);
            }
        }
        for (k, column) in rest.chunks_exact(m).enumerate() {
            last.iter_mut().zip(column).for_each(|(into, x)| into[k] = (x / unit) as f32);
        }
    }
}

struct Lanczos<'a> {
    copies: &'a Copies,
    beside: Beside,
    x: Vec<Lanes>,
    last: Vec<Lanes>,
    z: Vec<Lanes>,
    alpha: Vec<[f64; LANES]>,
    /// Squared.
    beta: Vec<[f64; LANES]>,
}

impl<'a> Lanczos<'a> {
    fn new(copies: &'a Copies, beside: &[Term], unit: f64) -> Self {
        let beside = Beside::new(beside, copies.m, copies.n, unit);
        let zero = vec![[0.0; LANES]; copies.m];
        let mut x = copies.start.clone();
        let norm = norms(&x);
        scale(&mut x, &norm);
        Self { copies, beside, x, last: zero.clone(), z: zero, alpha: Vec::new(), beta: Vec::new() }
    }

    #[inline(always)]
    fn step(&mut self, processor: impl Processor, packed: &[Entries]) {
        let mut terms = self.beside.across(processor, &self.x);
        let beside = (&mut terms[..], &self.beside.large[..]);
        gram_times(processor, packed, &self.copies.signs, beside, &self.x, &mut self.z);
        self.beside.back(processor, &terms, &mut self.z);
        let mut alpha = [0.0_f64; LANES];
        for (x, z) in self.x.iter().zip(&self.z) {
            for l in 0..LANES {
                alpha[l] += f64::from(x[l]) * f64::from(z[l]);
            }
        }
        let beta = self.beta.last().map_or([0.0; LANES], |beta| beta.map(|b| b.sqrt() as f32));
        let single = alpha.map(|a| a as f32);
        for ((z, x), last) in self.z.iter_mut().zip(&self.x).zip(&self.last) {
            for l in 0..LANES {
                z[l] -= single[l] * x[l] + beta[l] * last[l];
            }
        }
        let norm = norms(&self.z);
        std::mem::swap(&mut self.last, &mut self.x);
        std::mem::swap(&mut self.x, &mut self.z);
        scale(&mut self.x, &norm);
        self.alpha.push(alpha);
        self.beta.push(norm.map(|x| x * x));
    }

    /// The largest and the smallest eigenvalue of each copy's tridiagonal matrix.
    fn extremes(&self) -> [[f64; LANES]; 2] {
        let (mut d, mut e2) = (self.alpha.clone(), self.beta.clone());
        let converged = tridiagonal_eigenvalues(&mut d, &mut e2);
        debug_assert!(converged);
        let mut found = [[f64::NEG_INFINITY; LANES], [f64::INFINITY; LANES]];
        for row in &d {
            for l in 0..LANES {
                found[0][l] = found[0][l].max(row[l]);
                found[1][l] = found[1][l].min(row[l]);
            }
        }
        found
    }
}

/// Goes on until so many steps are made.
struct Steps<'a, 'b> {
    iteration: &'a mut Lanczos<'b>,
    packed: &'a [Entries],
    steps: usize,
}

impl Vectorized for Steps<'_, '_> {
    #[inline(always)]
    fn run(self, processor: impl Processor) {
        while self.iteration.alpha.len() < self.steps {
            self.iteration.step(processor, self.packed);
        }
    }
}

#[inline(always)]
fn norms(x: &[Lanes]) -> [f64; LANES] {
    let mut sum = [0.0_f64; LANES];
    for x in x {
        for l in 0..LANES {
            sum[l] += f64::from(x[l]) * f64::from(x[l]);
        }
    }
    sum.map(f64::sqrt)
}

/// x over its norm; zero where that is zero.
#[inline(always)]
fn scale(x: &mut [Lanes], norm: &[f64; LANES]) {
    let over = norm.map(|x| if x > 0.0 { (1.0 / x) as f32 } else { 0.0 });
    for x in x {
        for l in 0..LANES {
            x[l] *= over[l];
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::spectrum::{Matrix, Orientation, singular_values};
    use crate::test_support::gaussian;

    fn ends_of(values: &[f64], m: usize, n: usize) -> Ends {
        let matrix = Matrix::new(values, n, m, Orientation::OutIn).unwrap();
        let nu = singular_values(&matrix).unwrap();
        Ends { largest: nu[0], smallest: nu[m - 1] }
    }

    fn close(found: f64, true_value: f64, unit: f64) {
        let error = (found * found - true_value * true_value).abs() / unit;
        assert!(error < 0.1, "{found} and {true_value}: {error} units");
    }

    #[test]
    fn those_of_the_spectra() {
        for (m, n) in [(40, 97), (64, 256), (128, 160)] {
            let a = gaussian(n, m, 3);
            let copies = Copies::new(m, n, 19, 5);
            let found = copies.ends(&a, &[], true);
            let units = units(m, n).map(|unit| unit * n as f64);
            let mut all = vec![(found.itself, a.clone())];
            for (l, &ends) in found.copies.iter().enumerate() {
                let flipped = (0..n * m).map(|e| {
                    let (j, i) = (e / m, e % m);
                    let word = copies.signs[j / TOGETHER * m + i][j % TOGETHER];
                    if word << l >> 31 == 1 { -a[e] } else { a[e] }
                });
                all.push((ends, flipped.collect()));
            }
            assert_eq!(all.len(), 20);
            for (ends, values) in all {
                let right = ends_of(&values, m, n);
                close(ends.largest, right.largest, units[0]);
                close(ends.smallest, right.smallest, units[1]);
            }
        }
    }
}
