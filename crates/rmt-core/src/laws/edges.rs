//! The two edges of the bulk: is the largest (smallest) singular value larger (smaller) than a
//! random matrix of this shape would have?

use crate::laws::tracy_widom;
use statrs::function::gamma::ln_gamma;

/// δ = n − m up to which the exact small-λ expansion guards the lower tail.
const EXPANSION_LIMIT: usize = 12;

/// p-value of the largest singular value ν₁ of an m×n matrix of independent entries with standard
/// deviation `scale`: P(ν ≥ ν₁).
///
/// Second-order centring and scaling of λ = ν²/σ² to Tracy–Widom β = 1: N = n−½, P = m−½,
/// μ = (√N+√P)², s = (√N+√P)(1/√N+1/√P)^{1/3} (Johnstone 2001; Ma 2012).
/// NaN when a value is not finite or the scale is not positive.
///
/// ```
/// use rmt_core::laws::edges::p_above;
/// // One noise matrix in a hundred is 2.02 Tracy–Widom units above its edge (59×128, σ = 1).
/// let (n, m) = (127.5_f64.sqrt(), 58.5_f64.sqrt());
/// let nu = ((n + m).powi(2) + 2.023449 * (n + m) * (1.0 / n + 1.0 / m).cbrt()).sqrt();
/// assert!((p_above(nu, 1.0, 59, 128) - 0.01).abs() < 1e-6);
/// ```
pub fn p_above(largest: f64, scale: f64, small: usize, large: usize) -> f64 {
    let lambda = (largest / scale).powi(2);
    if !lambda.is_finite() || small == 0 {
        return f64::NAN;
    }
    tracy_widom::survival(standardized_above(lambda, small, large))
}

/// (λ₁ − μ)/s.
fn standardized_above(lambda: f64, small: usize, large: usize) -> f64 {
    let (rn, rp) = half_corrected_roots(small, large);
    let centre = (rn + rp).powi(2);
    let spread = (rn + rp) * (1.0 / rn + 1.0 / rp).cbrt();
    (lambda - centre) / spread
}

/// p-value of the smallest singular value ν_m: P(ν ≤ ν_m).
///
/// The law depends on δ = n − m:
/// - δ = 0, the hard edge (Edelman 1988): t = √n·ν_m/σ has P(T ≤ t) = 1 − exp(−t − t²/2);
/// - δ = 1: exactly 1 − exp(−m·λ/2), λ = ν_m²/σ²;
/// - δ ≥ 2: the logarithmic form of Ma (2012), −(ln λ − ln μ₋ − τ²/8)/τ ~ Tracy–Widom β = 1, with
///   μ₋ = (√N−√P)², τ = (√N−√P)(1/√P−1/√N)^{1/3}/μ₋. It is liberal far in the tail near the
///   square, so for δ ≤ 12 the leading term L of the distribution at small λ bounds it from below
///   where L < 0.01.
///
/// Returns NaN if a value is not finite or the scale is not positive.
///
/// ```
/// use rmt_core::laws::edges::p_below;
/// // A square matrix, t = √n·ν/σ = 1: 1 − e^{−3/2}.
/// assert!((p_below(0.125, 1.0, 64, 64) - 0.77686984).abs() < 1e-8);
/// ```
pub fn p_below(smallest: f64, scale: f64, small: usize, large: usize) -> f64 {
    let ratio = smallest / scale;
    if !ratio.is_finite() || small == 0 || large < small {
        return f64::NAN;
    }
    let lambda = ratio * ratio;
    match large - small {
        0 => {
            let t = hard_edge(smallest, scale, large);
            -(-t - 0.5 * t * t).exp_m1()
        }
        1 => -(-0.5 * small as f64 * lambda).exp_m1(),
        delta => {
            let logarithmic = p_below_logarithmic(lambda, small, large);
            if delta > EXPANSION_LIMIT {
                return logarithmic;
            }
            let leading = small_lambda_leading_term(lambda, small, large);
            if leading < 0.01 { logarithmic.max(leading) } else { logarithmic }
        }
    }
}

/// −ln of the asymptotic p of ν₁, as [`p_above`] has it but without underflow: the statistic whose
/// null is simulated, so that the p-values of reports hold at finite size with an estimated scale.
pub(crate) fn neg_log_p_above(largest: f64, scale: f64, small: usize, large: usize) -> f64 {
    let lambda = (largest / scale).powi(2);
    if lambda.is_nan() || small == 0 {
        return f64::NAN;
    }
    -tracy_widom::ln_survival(standardized_above(lambda, small, large))
}

/// −ln of the asymptotic p of ν_m: [`p_below`] without its guard in the far tail, which a fitted
/// tail replaces (see [`guard_below`]).
pub(crate) fn neg_log_p_below(smallest: f64, scale: f64, small: usize, large: usize) -> f64 {
    let ratio = smallest / scale;
    if ratio.is_nan() || small == 0 || large < small {
        return f64::NAN;
    }
    let lambda = ratio * ratio;
    match large - small {
        0 | 1 => -p_below(smallest, scale, small, large).ln(),
        _ if lambda <= 0.0 => f64::INFINITY,
        _ => -tracy_widom::ln_survival(standardized_below(lambda, small, large)),
    }
}

/// Where 2 ≤ δ ≤ 12: P(λ_m ≤ λ) to leading order at small λ, below which no p-value of ν_m may
/// fall; 0 for other δ.
pub(crate) fn guard_below(smallest: f64, scale: f64, small: usize, large: usize) -> f64 {
    let delta = large.saturating_sub(small);
    if !(2..=EXPANSION_LIMIT).contains(&delta) || small == 0 {
        return 0.0;
    }
    small_lambda_leading_term((smallest / scale).powi(2), small, large)
}

/// t = √n·ν_m/σ, the hard-edge variable of a square matrix (Edelman 1988).
pub(crate) fn hard_edge(smallest: f64, scale: f64, side: usize) -> f64 {
    (side as f64).sqrt() * smallest / scale
}

/// (√(n−½), √(m−½)).
fn half_corrected_roots(small: usize, large: usize) -> (f64, f64) {
    ((large as f64 - 0.5).sqrt(), (small as f64 - 0.5).sqrt())
}

fn p_below_logarithmic(lambda: f64, small: usize, large: usize) -> f64 {
    if lambda <= 0.0 {
        return 0.0;
    }
    tracy_widom::survival(standardized_below(lambda, small, large))
}

/// −(ln λ_m − ln μ₋ − τ²/8)/τ.
fn standardized_below(lambda: f64, small: usize, large: usize) -> f64 {
    let (rn, rp) = half_corrected_roots(small, large);
    let centre = (rn - rp).powi(2);
    let tau = (rn - rp) * (1.0 / rp - 1.0 / rn).cbrt() / centre;
    -(lambda.ln() - centre.ln() - tau * tau / 8.0) / tau
}

/// P(λ_m ≤ λ) to leading order in λ:
/// L = [2/(δ+1)]·√π·2^{−(δ+1)/2}·Γ((n+1)/2) / [Γ(m/2)Γ((δ+1)/2)Γ((δ+2)/2)] · λ^{(δ+1)/2}.
fn small_lambda_leading_term(lambda: f64, small: usize, large: usize) -> f64 {
    if lambda <= 0.0 {
        return 0.0;
    }
    let (m, n, d) = (small as f64, large as f64, (large - small) as f64);
    let half = 0.5 * (d + 1.0);
    let ln = (1.0 / half).ln() + 0.5 * std::f64::consts::PI.ln() - half * 2.0_f64.ln()
        + ln_gamma(0.5 * (n + 1.0))
        - ln_gamma(0.5 * m)
        - ln_gamma(half)
        - ln_gamma(0.5 * (d + 2.0))
        + half * lambda.ln();
    ln.exp()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::nulls::WishartSampler;
    use crate::test_support::binomial_interval;
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    #[test]
    fn hard_edge_closed_form() {
        // t = 1: 1 − e^{−3/2}; and λ at δ = 1: 1 − e^{−mλ/2}.
        let p = p_below(1.0 / 8.0, 1.0, 64, 64);
        assert!((p - (1.0 - (-1.5_f64).exp())).abs() < 1e-15);
        let p = p_below(0.1, 1.0, 50, 51);
        assert!((p - (1.0 - (-0.25_f64).exp())).abs() < 1e-15);
        // A 1×1 matrix at δ = 0 is |N(0,1)|: near zero both laws give t itself.
        assert!((p_below(1e-9, 1.0, 1, 1) / 1e-9 - 1.0).abs() < 1e-6);
    }

    #[test]
    fn leading_term_is_exact_for_one_row() {
        // m = 1: λ ~ χ²_n, P(λ ≤ x) ≈ (x/2)^{n/2} / Γ(n/2 + 1).
        for n in [3_usize, 5, 8] {
            let x: f64 = 1e-6;
            let expected = (0.5 * x).powf(0.5 * n as f64) / ln_gamma(0.5 * n as f64 + 1.0).exp();
            let found = small_lambda_leading_term(x, 1, n);
            assert!((found / expected - 1.0).abs() < 1e-9, "n={n}: {found} {expected}");
        }
    }

    #[test]
    fn monotone_and_bounded() {
        for (m, n) in [(20, 20), (20, 21), (20, 22), (20, 40), (64, 256)] {
            let mut last = 0.0;
            for i in 1..400 {
                let p = p_below(f64::from(i) * 0.05, 1.0, m, n);
                assert!((0.0..=1.0).contains(&p) && p >= last - 1e-12, "{m}×{n} {i}: {p} {last}");
                last = p;
            }
            assert!(p_above(0.0, 1.0, m, n) > 0.99);
            assert!(p_above(1e3, 1.0, m, n) < 1e-12);
            assert_eq!(p_below(0.0, 1.0, m, n), 0.0);
        }
        assert!(p_above(1.0, 0.0, 4, 4).is_nan());
        assert!(p_below(f64::NAN, 1.0, 4, 4).is_nan());
    }

    #[test]
    fn false_positive_rate_with_known_scale() {
        let draws = 4000;
        for (m, n) in [(32, 32), (32, 33), (30, 34), (59, 128), (64, 256), (59, 256)] {
            let mut sampler = WishartSampler::new(m, n).unwrap();
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(17);
            for level in [0.05, 0.01] {
                let (mut above, mut below) = (0, 0);
                for _ in 0..draws {
                    let nu = sampler.draw(&mut rng);
                    above += usize::from(p_above(nu[0], 1.0, m, n) <= level);
                    below += usize::from(p_below(nu[m - 1], 1.0, m, n) <= level);
                }
                // 24 counts are looked at: family-wise 99 %.
                let (low, high) = binomial_interval(draws, level, 0.01 / 24.0);
                for (side, count) in [("above", above), ("below", below)] {
                    assert!(
                        (low..=high).contains(&count),
                        "{side} {m}×{n} level {level}: {count} not in {low}..={high}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_bare_edge_flags_one_matrix_in_six() {
        // P(ν₁ > ν₊) → 1 − F₁(0) = .168; measured at finite size .13–.17 an edge.
        let draws = 4000;
        for (m, n) in [(59, 128), (64, 256), (128, 256)] {
            let mut sampler = WishartSampler::new(m, n).unwrap();
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(31);
            let (low, high) =
                ((n as f64).sqrt() - (m as f64).sqrt(), (n as f64).sqrt() + (m as f64).sqrt());
            let (mut above, mut below) = (0, 0);
            for _ in 0..draws {
                let nu = sampler.draw(&mut rng);
                above += usize::from(nu[0] > high);
                below += usize::from(nu[m - 1] < low);
            }
            for count in [above, below] {
                let share = count as f64 / f64::from(draws);
                // Four standard errors around the range.
                assert!((0.107..0.194).contains(&share), "{m}×{n}: {share}");
            }
        }
    }
}
