//! The Porter–Thomas law: entries of the singular vectors of a random matrix.
//!
//! Each unit singular vector is uniform on the sphere in N dimensions, so √N times its entries are
//! close to standard normal (Porter & Thomas, Phys. Rev. 104, 483 (1956)). The norm is fixed,
//! which makes textbook Kolmogorov–Smirnov p-values conservative: see
//! [`VectorNull`](crate::nulls::VectorNull).

use statrs::function::erf::erfc;

/// Standard normal distribution function.
pub(crate) fn normal_cdf(x: f64) -> f64 {
    0.5 * erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// Kolmogorov–Smirnov distance D = sup|F_N − Φ| of the entries of `vector`, scaled to unit mean
/// square, from the standard normal law. `buffer` is working space. NaN for a zero vector.
///
/// D does not depend on the sign or the length of the vector.
pub fn distance(vector: impl Iterator<Item = f64>, buffer: &mut Vec<f64>) -> f64 {
    buffer.clear();
    buffer.extend(vector);
    let norm = buffer.iter().map(|x| x * x).sum::<f64>().sqrt();
    if norm.is_nan() || norm <= 0.0 {
        return f64::NAN;
    }
    let length = buffer.len() as f64;
    let factor = length.sqrt() / norm;
    buffer.sort_unstable_by(f64::total_cmp);
    let mut largest = 0.0_f64;
    for (i, x) in buffer.iter().enumerate() {
        let f = normal_cdf(x * factor);
        largest = largest.max(f - i as f64 / length).max((i + 1) as f64 / length - f);
    }
    largest
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
        let d = distance([1.0, -1.0, 1.0, -1.0].into_iter(), &mut buffer);
        let expected = 0.5 - normal_cdf(-1.0);
        assert!((d - expected).abs() < 1e-15);
        // One spike: N−1 zeros sit at the median.
        let spike = std::iter::once(1.0).chain(std::iter::repeat_n(0.0, 99));
        assert!((distance(spike, &mut buffer) - 0.5).abs() < 1e-12);
        assert!(distance([0.0; 4].into_iter(), &mut buffer).is_nan());
        // Neither the sign nor the length matters.
        let v = [0.3, -1.2, 0.8, 0.1, 2.0];
        let base = distance(v.into_iter(), &mut buffer);
        assert!((distance(v.iter().map(|x| -7.0 * x), &mut buffer) - base).abs() < 1e-14);
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
