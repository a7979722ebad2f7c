//! The Porter–Thomas law: entries of the singular vectors of a random matrix.
//!
//! Each unit singular vector is uniform on the sphere in N dimensions, so √N times its entries are
//! close to standard normal (Porter & Thomas, Phys. Rev. 104, 483 (1956)). The norm is fixed,
//! which makes textbook Kolmogorov–Smirnov p-values conservative: see
//! [`VectorNull`](crate::nulls::VectorNull).

use super::moments::sum;
use super::normal::{NormalTable, normal_cdf};
use super::supremum::Grid;
pub(crate) use super::supremum::Workspace;
use statrs::function::gamma::digamma;
use std::sync::LazyLock;

static NORMAL: LazyLock<Grid> = LazyLock::new(|| Grid::new([-4.0, 4.0], normal_cdf));

static HALF_NORMAL: LazyLock<Grid> =
    LazyLock::new(|| Grid::new([0.0, 4.0], |x| 2.0 * normal_cdf(x) - 1.0));

/// Above |[`edgeworth`]| of κ = 1 everywhere: it is .0230 at x = ±.742.
const EDGEWORTH_LIMIT: f64 = 0.0231;

/// −κ/24·(x³ − 3x)·φ(x): what an excess kurtosis κ adds to the normal distribution function, to
/// first order (Edgeworth); `density` is φ(x).
fn edgeworth(x: f64, density: f64, excess: f64) -> f64 {
    -excess / 24.0 * x * (x * x - 3.0) * density
}

/// Kolmogorov–Smirnov distance D = sup|F_N − F| of the entries of `vector`, scaled to unit mean
/// square, from the standard normal law, with the correction of an `excess` kurtosis where the
/// matrix has entries that are not Gaussian
/// ([`KurtosisCorrection`](crate::statistics::kurtosis::KurtosisCorrection); 0 for none). `buffer`
/// is working space. NaN for a zero vector.
///
/// D does not depend on the sign or the length of the vector.
///
/// ```
/// use rmt_core::laws::porter_thomas::distance;
/// // A vector on one axis: all other entries sit at the median.
/// let axis = (0..100).map(|i| if i == 7 { 1.0 } else { 0.0 });
/// assert!((distance(axis, 0.0, &mut Vec::new()) - 0.5).abs() < 1e-12);
/// ```
pub fn distance(vector: impl Iterator<Item = f64>, excess: f64, buffer: &mut Vec<f64>) -> f64 {
    buffer.clear();
    buffer.extend(vector);
    let factor = unit_mean_square(buffer, sum(buffer, |x| x * x));
    scaled_distance(buffer, factor, excess, &mut Workspace::default())
}

/// What `entries` with sum of squares `second` are to be multiplied by; NaN for a zero vector.
pub(crate) fn unit_mean_square(entries: &[f64], second: f64) -> f64 {
    let norm = second.sqrt();
    if norm > 0.0 { (entries.len() as f64).sqrt() / norm } else { f64::NAN }
}

/// [`distance`] of `factor` times the entries, whose mean square is 1; NaN where the factor is.
pub(crate) fn scaled_distance(
    entries: &[f64],
    factor: f64,
    excess: f64,
    space: &mut Workspace,
) -> f64 {
    if factor.is_nan() {
        return f64::NAN;
    }
    let table = NormalTable::get();
    NORMAL.distance(entries, factor, excess.abs() * EDGEWORTH_LIMIT, space, |x| {
        let (f, density) = table.cdf_and_density(x);
        f + edgeworth(x, density, excess)
    })
}

/// Kolmogorov–Smirnov distance of the |entries| of several vectors of one length together, each
/// scaled to unit mean square, from the half-normal law F(x) = erf(x/√2), with the correction of
/// their mean `excess` kurtosis. `buffer` is working space. NaN without vectors or where one is
/// zero.
///
/// Taking |v| makes the pooled sample independent of the vectors' arbitrary signs. Fixing the
/// signs, for example by the sum of the entries, would not.
pub fn pooled_distance<V: Iterator<Item = f64>>(
    vectors: impl Iterator<Item = V>,
    excess: f64,
    buffer: &mut Vec<f64>,
) -> f64 {
    buffer.clear();
    for vector in vectors {
        let start = buffer.len();
        buffer.extend(vector.map(f64::abs));
        let entries = &mut buffer[start..];
        let factor = unit_mean_square(entries, sum(entries, |x| x * x));
        entries.iter_mut().for_each(|x| *x *= factor);
        if factor.is_nan() {
            return f64::NAN;
        }
    }
    scaled_pooled_distance(buffer, excess, &mut Workspace::default())
}

/// [`pooled_distance`] of the absolute values of entries of mean square 1; NaN without any.
pub(crate) fn scaled_pooled_distance(entries: &[f64], excess: f64, space: &mut Workspace) -> f64 {
    if entries.is_empty() {
        return f64::NAN;
    }
    let table = NormalTable::get();
    HALF_NORMAL.distance(entries, 1.0, 2.0 * excess.abs() * EDGEWORTH_LIMIT, space, |x| {
        let (f, density) = table.cdf_and_density(x);
        2.0 * (f + edgeworth(x, density, excess)) - 1.0
    })
}

/// Expected inverse participation ratio N·Σv⁴ of a uniform unit vector: 3N/(N+2).
pub fn expected_ipr(length: usize) -> f64 {
    let n = length as f64;
    3.0 * n / (n + 2.0)
}

/// Variance of N·Σv⁴ for a uniform unit vector: N²·24(N−1)/[(N+2)²(N+4)(N+6)].
pub fn ipr_variance(length: usize) -> f64 {
    let n = length as f64;
    n * n * 24.0 * (n - 1.0) / ((n + 2.0).powi(2) * (n + 4.0) * (n + 6.0))
}

/// Shannon entropy −Σ v² ln v² of `vector`, scaled to unit norm: ln N if spread evenly, 0 on one
/// entry. NaN for a zero vector.
pub fn entropy(vector: impl Iterator<Item = f64> + Clone) -> f64 {
    let norm2: f64 = vector.clone().map(|x| x * x).sum();
    let term = |p: f64| if p > 0.0 { -p * p.ln() } else { 0.0 };
    if norm2 > 0.0 { vector.map(|x| term(x * x / norm2)).sum() } else { f64::NAN }
}

/// Expected Shannon entropy of a uniform unit vector: ψ(N/2 + 1) − ψ(3/2), ψ the digamma function.
pub fn expected_entropy(length: usize) -> f64 {
    digamma(0.5 * length as f64 + 1.0) - digamma(1.5)
}

/// Variance of the Shannon entropy of a uniform unit vector: 3ψ₁(3/2)/(N+2) − ψ₁(N/2 + 1).
pub fn entropy_variance(length: usize) -> f64 {
    let n = length as f64;
    3.0 * trigamma(1.5) / (n + 2.0) - trigamma(0.5 * n + 1.0)
}

/// ψ₁(x) for x > 0: upward recurrence to x ≥ 10, then its asymptotic series (error below 1e-13).
fn trigamma(mut x: f64) -> f64 {
    let mut sum = 0.0;
    while x < 10.0 {
        sum += 1.0 / (x * x);
        x += 1.0;
    }
    let y = 1.0 / (x * x);
    let series =
        y * (1.0 / 6.0 - y * (1.0 / 30.0 - y * (1.0 / 42.0 - y * (1.0 / 30.0 - y * 5.0 / 66.0))));
    sum + 1.0 / x + 0.5 * y + series / x
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_distr::{Distribution, StandardNormal};
    use rand_xoshiro::Xoshiro256PlusPlus;

    #[test]
    fn distance_in_closed_form() {
        let mut buffer = Vec::new();
        // All mass at ±1: the largest gap is beside a jump, F = 1/2 on (−1, 1).
        let d = distance([1.0, -1.0, 1.0, -1.0].into_iter(), 0.0, &mut buffer);
        // F(−1).
        let expected = 0.5 - 0.158_655_253_931_457_07;
        assert!((d - expected).abs() < 1e-15);
        // One spike: N−1 zeros sit at the median.
        let spike = std::iter::once(1.0).chain(std::iter::repeat_n(0.0, 99));
        assert!((distance(spike, 0.0, &mut buffer) - 0.5).abs() < 1e-12);
        assert!(distance([0.0; 4].into_iter(), 0.0, &mut buffer).is_nan());
        // Neither the sign nor the length matters.
        let v = [0.3, -1.2, 0.8, 0.1, 2.0];
        let base = distance(v.into_iter(), 0.0, &mut buffer);
        assert!((distance(v.iter().map(|x| -7.0 * x), 0.0, &mut buffer) - base).abs() < 1e-14);
    }

    #[test]
    fn the_correction_is_below_its_limit() {
        let largest = (-8000..=8000).map(|k| {
            let x = f64::from(k) / 1000.0;
            edgeworth(x, NormalTable::get().cdf_and_density(x).1, 1.0).abs()
        });
        let largest = largest.fold(0.0, f64::max);
        assert!((0.99 * EDGEWORTH_LIMIT..EDGEWORTH_LIMIT).contains(&largest), "{largest}");
    }

    #[test]
    fn pooled_distance_in_closed_form() {
        let mut buffer = Vec::new();
        // All |entries| at 1, whatever the signs and norms: the gap below the jump is F(1).
        let vectors = [[1.0, -1.0, 1.0], [-5.0, -5.0, 5.0]];
        let d = pooled_distance(vectors.iter().map(|v| v.iter().copied()), 0.0, &mut buffer);
        assert!((d - 0.682_689_492_137_085_9).abs() < 1e-15);
        let zero = [[1.0, 2.0], [0.0, 0.0]];
        assert!(pooled_distance(zero.iter().map(|v| v.iter().copied()), 0.0, &mut buffer).is_nan());
        let none: [[f64; 1]; 0] = [];
        assert!(pooled_distance(none.iter().map(|v| v.iter().copied()), 0.0, &mut buffer).is_nan());
    }

    #[test]
    fn entropy_oracles() {
        assert!((expected_entropy(64) - 3.44479).abs() < 5e-6);
        assert!((entropy_variance(64).sqrt() - 0.10828).abs() < 5e-6);
        // ψ₁(1) = π²/6, ψ₁(3/2) = π²/2 − 4.
        let pi2 = std::f64::consts::PI.powi(2);
        assert!((trigamma(1.0) - pi2 / 6.0).abs() < 1e-12);
        assert!((trigamma(1.5) - (pi2 / 2.0 - 4.0)).abs() < 1e-12);
        assert!((entropy([1.0; 8].into_iter()) - 8.0_f64.ln()).abs() < 1e-14);
        assert_eq!(entropy([0.0, -3.0, 0.0].into_iter()), 0.0);
        assert!(entropy([0.0; 3].into_iter()).is_nan());
    }

    #[test]
    fn entropy_moments_agree_with_simulation() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(12);
        let (n, draws) = (64, 20_000);
        let found: Vec<f64> = (0..draws)
            .map(|_| {
                let v: Vec<f64> = (0..n).map(|_| StandardNormal.sample(&mut rng)).collect();
                entropy(v.iter().copied())
            })
            .collect();
        let mean = found.iter().sum::<f64>() / f64::from(draws);
        let variance = found.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(draws);
        let standard_error = (entropy_variance(n) / f64::from(draws)).sqrt();
        assert!((mean - expected_entropy(n)).abs() < 4.0 * standard_error);
        assert!((variance / entropy_variance(n) - 1.0).abs() < 0.06, "{variance}");
    }

    #[test]
    fn participation_moments_agree_with_simulation() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(11);
        let (n, draws) = (64, 20_000);
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..draws {
            let v: Vec<f64> = (0..n).map(|_| StandardNormal.sample(&mut rng)).collect();
            let norm2: f64 = v.iter().map(|x| x * x).sum();
            let ipr = n as f64 * v.iter().map(|x| x.powi(4)).sum::<f64>() / (norm2 * norm2);
            sum += ipr;
            squares += ipr * ipr;
        }
        let mean = sum / f64::from(draws);
        let variance = squares / f64::from(draws) - mean * mean;
        let standard_error = (ipr_variance(n) / f64::from(draws)).sqrt();
        assert!((mean - expected_ipr(n)).abs() < 4.0 * standard_error);
        assert!((variance / ipr_variance(n) - 1.0).abs() < 0.1, "{variance}");
    }
}
