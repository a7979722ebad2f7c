//! Are the singular vectors of one side uniform on the sphere?

use crate::RmtError;
use crate::laws::moments::Moments;
use crate::laws::porter_thomas::{self, Workspace};
use crate::nulls::{Nulls, PValue, TailTable, VectorNull};
use serde::{Deserialize, Serialize};
use statrs::distribution::{Binomial, Discrete, DiscreteCDF};
use std::sync::Arc;

/// Level at which a single vector counts as rejected.
pub const VECTOR_LEVEL: f64 = 0.01;

/// What the vectors of one side (left: output, right: input) say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SideReport {
    /// One p-value for the side, from those of its vectors: [`SideNulls::combined`].
    pub p: f64,
    /// [`combined_p_value`] of windows of [`VectorNull::WINDOW`] neighbouring vectors whose entries
    /// are pooled; null with fewer vectors.
    #[serde(default)]
    pub p_windows: Option<f64>,
    /// Fraction of vectors rejected at 1 %.
    pub ks_rejected: f64,
    /// The same among the tenth with the largest singular values.
    pub ks_rejected_top: f64,
    /// The same among the tenth with the smallest singular values.
    pub ks_rejected_bottom: f64,
    /// Mean inverse participation ratio N·Σv⁴ (3N/(N+2) for random vectors).
    pub ipr: f64,
    /// Its distance from that value in standard deviations.
    pub ipr_z: f64,
    /// Mean Shannon entropy −Σv² ln v² of the vectors.
    #[serde(default)]
    pub entropy: Option<f64>,
    /// Its distance from the value of random vectors in standard deviations.
    #[serde(default)]
    pub entropy_z: Option<f64>,
    /// Largest |entry| of all vectors (1 = a vector that is one coordinate axis).
    pub localisation_max: f64,
}

/// The report of a side, and what it was made of in the order of the singular values.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SideTest {
    /// Summary.
    pub report: SideReport,
    /// Kolmogorov–Smirnov p-value of each vector.
    pub p_values: Vec<f64>,
    /// Of each window of neighbouring vectors, at [`window_starts`].
    pub window_p_values: Vec<f64>,
}

impl SideTest {
    /// The side's p against a simulated distribution of −ln p ([`SideReport::p`]).
    pub fn permuted_p_value(&self, null: &TailTable) -> PValue {
        null.p_value(self.evidence())
    }

    /// −ln p of the side.
    pub fn evidence(&self) -> f64 {
        -self.report.p.ln()
    }
}

/// Nulls of single vectors and of windows at one length.
#[derive(Debug, Clone)]
pub struct SideNulls {
    single: Arc<VectorNull>,
    window: Arc<VectorNull>,
    frame: Arc<TailTable>,
    length: usize,
}

impl SideNulls {
    /// For vectors of `length` entries.
    ///
    /// # Errors
    /// [`RmtError::Domain`] for fewer than 2 entries.
    pub fn new(nulls: &Nulls, length: usize) -> Result<Self, RmtError> {
        Ok(Self {
            single: nulls.vector(length, 1)?,
            window: nulls.vector(length, VectorNull::WINDOW)?,
            frame: nulls.frame(length)?,
            length,
        })
    }

    /// Draws behind the null of a whole basis.
    pub fn basis_draws(&self) -> usize {
        self.frame.draws()
    }

    /// P(T ≤ t) of the combination of the p-values of mutually orthogonal vectors, preceded by
    /// P(T < t), which differs where T is discrete.
    ///
    /// [`combined_p_value`] is exact for independent vectors; the null of a whole basis is
    /// simulated ([`Nulls::frame`]). Between them, with m vectors in N dimensions,
    /// ln p = (1 − m/N)·ln p_independent + (m/N)·ln p_basis: what the vectors have in common is the
    /// length of the projection of a fixed vector on all of them, whose variance is linear in m/N.
    pub fn combined(&self, p_values: &[f64]) -> (f64, f64) {
        let share = (p_values.len() as f64 / self.length as f64).min(1.0);
        let calibrated = |p: f64| {
            let basis = self.frame.p_value(-p.ln()).p;
            if p > 0.0 && basis > 0.0 {
                ((1.0 - share) * p.ln() + share * basis.ln()).exp()
            } else {
                0.0
            }
        };
        let (strict, p) = combined_p_interval(p_values);
        // The certain stays certain.
        let p = if p >= 1.0 { 1.0 } else { calibrated(p) };
        (calibrated(strict).min(p), p)
    }

    /// Draws behind the p-value of each vector.
    pub fn draws(&self) -> usize {
        self.single.table().draws()
    }
}

/// Tests the `count` unit vectors `vector(0)`, `vector(1)`, … of `length` entries, in descending
/// order of their singular value; `excess(k)` is what the matrix' entries add to their fourth moment
/// (0 for Gaussian ones). `None` without vectors, or with a zero vector.
pub fn test_side<V: Iterator<Item = f64>>(
    length: usize,
    nulls: &SideNulls,
    count: usize,
    vector: impl Fn(usize) -> V,
    excess: impl Fn(usize) -> f64,
) -> Option<SideTest> {
    if count == 0 {
        return None;
    }
    let width = VectorNull::WINDOW;
    let mut entries = Vec::with_capacity(length);
    let mut window = Vec::with_capacity(length * width);
    let mut space = Workspace::default();
    let mut p_values = Vec::with_capacity(count);
    let mut window_p_values = Vec::with_capacity(count / width);
    let mut starts = window_starts(count, width).peekable();
    let (mut ipr, mut expected_ipr, mut entropy, mut localisation_max) = (0.0, 0.0, 0.0, 0.0_f64);
    for k in 0..count {
        entries.clear();
        entries.extend(vector(k));
        let moments = Moments::of(&entries);
        let factor = porter_thomas::unit_mean_square(&entries, moments.second);
        let distance = porter_thomas::scaled_distance(&entries, factor, excess(k), &mut space);
        if !distance.is_finite() {
            return None;
        }
        p_values.push(nulls.single.p_value(distance));
        ipr += length as f64 * moments.fourth / (moments.second * moments.second);
        expected_ipr += porter_thomas::expected_ipr(length) + excess(k);
        entropy += moments.entropy();
        localisation_max = localisation_max.max(moments.largest / moments.second.sqrt());
        let Some(&start) = starts.peek().filter(|&&start| start <= k) else { continue };
        window.extend(entries.iter().map(|x| x.abs() * factor));
        if k + 1 == start + width {
            let mean = (start..start + width).map(&excess).sum::<f64>() / width as f64;
            let distance = porter_thomas::scaled_pooled_distance(&window, mean, &mut space);
            window_p_values.push(nulls.window.p_value(distance));
            window.clear();
            starts.next();
        }
    }
    let m = count as f64;
    let (ipr, entropy) = (ipr / m, entropy / m);
    let z = |found: f64, expected: f64, variance: f64| (found - expected) / (variance / m).sqrt();
    let entropy_z = z(
        entropy,
        porter_thomas::expected_entropy(length),
        porter_thomas::entropy_variance(length),
    );
    let tenth = count.div_ceil(10);
    let report = SideReport {
        p: nulls.combined(&p_values).1,
        p_windows: (!window_p_values.is_empty()).then(|| combined_p_value(&window_p_values)),
        ks_rejected: rejected(&p_values),
        ks_rejected_top: rejected(&p_values[..tenth]),
        ks_rejected_bottom: rejected(&p_values[count - tenth..]),
        ipr,
        ipr_z: z(ipr, expected_ipr / m, porter_thomas::ipr_variance(length)),
        entropy: Some(entropy),
        entropy_z: Some(entropy_z).filter(|z| z.is_finite()),
        localisation_max,
    };
    Some(SideTest { report, p_values, window_p_values })
}

/// First ranks of the windows of `width` neighbours among `count` vectors: side by side from both
/// ends, so that neither end is cut off; what does not fill a window is left out in the middle.
pub fn window_starts(count: usize, width: usize) -> impl Iterator<Item = usize> {
    let windows = count.checked_div(width).unwrap_or(0);
    let from_top = windows.div_ceil(2);
    let shift = count - windows * width;
    (0..windows).map(move |i| i * width + if i < from_top { 0 } else { shift })
}

fn rejected(p_values: &[f64]) -> f64 {
    p_values.iter().filter(|&&p| p <= VECTOR_LEVEL).count() as f64 / p_values.len() as f64
}

/// One p-value from those of m vectors: P(T ≤ t) of T = min(p_binom, m·p_min), where p_binom =
/// P(Bin(m, .01) ≥ #{p_k ≤ .01}), exact for independent p_k.
///
/// The two parts see different things: p_binom many weak deviations, m·p_min one localized vector.
/// Twice the smaller of the two, Bonferroni's bound, would have a level below the nominal one:
/// they overlap, and p_binom is discrete. Fisher's combination would be wrong: the vectors are
/// mutually orthogonal, which shrinks its variance. With K = #{p_k ≤ .01}, and given K = j,
///
/// - where p_binom(j) ≤ t: T ≤ t for certain;
/// - else P(m·p_min ≤ t) = 1 − (1 − t/(.01·m))^j for j ≥ 1 (1 from t = .01·m on), and
///   1 − ((1 − t/m)/.99)^m for j = 0 (0 below t = .01·m).
///
/// 1 without p-values.
///
/// ```
/// use rmt_core::statistics::vectors::combined_p_value;
/// // One of forty vectors is localized: forty times its p, and as much again at most.
/// let mut p = vec![0.5; 40];
/// p[7] = 1e-9;
/// assert!((4e-8..8e-8).contains(&combined_p_value(&p)));
/// ```
pub fn combined_p_value(p_values: &[f64]) -> f64 {
    let combination = Combination::new(p_values);
    combination.probability(|p_binomial, t| p_binomial <= t)
}

/// P(T < t) and P(T ≤ t): they differ where T sits on a value of p_binom, which is discrete.
pub fn combined_p_interval(p_values: &[f64]) -> (f64, f64) {
    let combination = Combination::new(p_values);
    let strict = combination.probability(|p_binomial, t| p_binomial < t);
    (strict, combination.probability(|p_binomial, t| p_binomial <= t))
}

struct Combination {
    /// Bin(m, .01).
    law: Option<Binomial>,
    count: usize,
    t: f64,
}

impl Combination {
    fn new(p_values: &[f64]) -> Self {
        let count = p_values.len();
        let law = Binomial::new(VECTOR_LEVEL, count as u64).ok();
        let hits = p_values.iter().filter(|&&p| p <= VECTOR_LEVEL).count();
        let smallest = p_values.iter().copied().fold(1.0, f64::min);
        let mut combination = Self { law, count, t: 1.0 };
        combination.t = combination.at_least(hits).min(count as f64 * smallest);
        combination
    }

    /// p_binom at j hits.
    fn at_least(&self, j: usize) -> f64 {
        match (&self.law, j.checked_sub(1)) {
            (Some(law), Some(fewer)) => law.sf(fewer as u64),
            _ => 1.0,
        }
    }

    /// P(p_binom(K) within t, or m·p_min ≤ t).
    fn probability(&self, within: impl Fn(f64, f64) -> bool) -> f64 {
        let (m, t) = (self.count as f64, self.t);
        let Some(law) = self.law.filter(|_| self.count > 0) else { return 1.0 };
        let mut sum = 0.0;
        for j in 0..=self.count {
            let tail = self.at_least(j);
            if within(tail, t) {
                sum += tail;
                break;
            }
            let share = t / m;
            let reached = match j {
                0 if share <= VECTOR_LEVEL => 0.0,
                0 => -(m * ((1.0 - share) / (1.0 - VECTOR_LEVEL)).ln()).exp_m1(),
                _ if share >= VECTOR_LEVEL => 1.0,
                _ => -(j as f64 * (-share / VECTOR_LEVEL).ln_1p()).exp_m1(),
            };
            sum += law.pmf(j as u64) * reached;
        }
        sum.clamp(0.0, 1.0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::test_support::binomial_interval;
    use rand::{RngExt, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    #[test]
    fn combination_in_closed_form() {
        assert_eq!(combined_p_value(&[]), 1.0);
        // One vector, p = .3: p_binom(0) = 1, so T = p_min, uniform.
        assert!((combined_p_value(&[0.3]) - 0.3).abs() < 1e-14);
        // One, p = .004: T = min(.01, .004) is reached by p_min ≤ .004 alone.
        assert!((combined_p_value(&[0.004]) - 0.004).abs() < 1e-15);
        // Two, p_min = .001: T = .002 < p_binom(1) = .0199, reached where p_min ≤ .001, or where
        // both are below .01: p_binom(2) = .0001.
        let expected = 2.0 * 0.01 * 0.99 * 0.1 + 0.0001;
        assert!((combined_p_value(&[0.001, 0.5]) - expected).abs() < 1e-15);
        // All three at .01: T = p_binom(3) = 1e-6, or p_min ≤ 1e-6/3 with fewer.
        let found = combined_p_value(&[0.01, 0.01, 0.01]);
        assert!((found / 2e-6 - 1.0).abs() < 1e-3, "{found:e}");
        assert_eq!(combined_p_value(&[0.0, 0.5]), 0.0);
        assert!(combined_p_value(&[1e-290; 40]) < 1e-70);
    }

    #[test]
    fn combination_is_uniform_where_it_is_continuous_and_keeps_its_level() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(6);
        for m in [5, 64, 700] {
            let draws = 20_000;
            let mut randomized = Vec::with_capacity(draws);
            for _ in 0..draws {
                let p: Vec<f64> = (0..m).map(|_| rng.random()).collect();
                let (low, high) = combined_p_interval(&p);
                assert!(low <= high && (high - combined_p_value(&p)).abs() < 1e-15);
                randomized.push(low + (high - low) * rng.random::<f64>());
            }
            for level in [0.5, 0.05, 0.01, 0.002] {
                let count = randomized.iter().filter(|&&p| p <= level).count();
                let (low, high) = binomial_interval(draws, level, 0.01 / 12.0);
                assert!((low..=high).contains(&count), "m={m} {level}: {count} {low}..={high}");
            }
        }
    }

    #[test]
    fn windows_reach_both_ends() {
        let starts = |count| window_starts(count, 10).collect::<Vec<_>>();
        assert_eq!(starts(30), [0, 10, 20]);
        assert_eq!(starts(34), [0, 10, 24]);
        assert_eq!(starts(9), [0; 0]);
        assert_eq!(window_starts(5, 0).count(), 0);
    }

    #[test]
    fn an_axis_is_localized_and_rejected() {
        let n = 64;
        let nulls = SideNulls::new(&Nulls::default(), n).unwrap();
        let axis = |k: usize| (0..n).map(move |i| f64::from(u8::from(i == k)));
        let side = test_side(n, &nulls, 20, axis, |_| 0.0).unwrap();
        assert_eq!(side.report.ks_rejected, 1.0);
        assert_eq!(side.report.localisation_max, 1.0);
        assert!((side.report.ipr - 64.0).abs() < 1e-12);
        assert!(side.report.p < 1e-6 && side.report.ipr_z > 100.0);
        assert!(side.report.p_windows.unwrap() < 1e-6 && side.window_p_values.len() == 2);
        assert_eq!(side.report.entropy, Some(0.0));
        assert!(side.report.entropy_z.unwrap() < -100.0);
        assert_eq!(side.p_values.len(), 20);
        assert!(test_side(n, &nulls, 0, axis, |_| 0.0).is_none());
        let zero = |_| std::iter::repeat_n(0.0, n);
        assert!(test_side(n, &nulls, 1, zero, |_| 0.0).is_none());
    }
}
