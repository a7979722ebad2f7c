//! Are the singular vectors of one side uniform on the sphere?

use crate::laws::porter_thomas;
use crate::nulls::VectorNull;
use serde::{Deserialize, Serialize};
use statrs::distribution::{Binomial, DiscreteCDF};

/// Level at which a single vector counts as rejected.
pub const VECTOR_LEVEL: f64 = 0.01;

/// What the vectors of one side (left: output, right: input) say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SideReport {
    /// One p-value for the side: min(1, 2·min(p_binom, m·p_min)).
    pub p: f64,
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
    /// Largest |entry| of all vectors (1 = a vector that is one coordinate axis).
    pub localisation_max: f64,
}

/// The report of a side, and the p-value of each vector in the order of the singular values.
#[derive(Debug, Clone, PartialEq)]
pub struct SideTest {
    /// Summary.
    pub report: SideReport,
    /// Kolmogorov–Smirnov p-value of each vector.
    pub p_values: Vec<f64>,
}

/// Tests `vectors` (unit vectors of length N, in descending order of their singular value).
///
/// The two parts of the side's p see different things: P(Bin(m, .01) ≥ #{p_k ≤ .01}) many weak
/// deviations, m·p_min one localized vector. Fisher's combination would be wrong: the vectors are
/// mutually orthogonal, which shrinks its variance. `None` without vectors, or with a zero vector.
pub fn test_side<V: Iterator<Item = f64>>(
    length: usize,
    null: &VectorNull,
    vectors: impl Iterator<Item = V>,
) -> Option<SideTest> {
    let mut entries = Vec::with_capacity(length);
    let mut p_values = Vec::new();
    let (mut ipr, mut localisation_max) = (0.0, 0.0_f64);
    for vector in vectors {
        let distance = porter_thomas::distance(vector, &mut entries);
        if !distance.is_finite() {
            return None;
        }
        p_values.push(null.p_value(distance));
        let norm2: f64 = entries.iter().map(|x| x * x).sum();
        let fourth: f64 = entries.iter().map(|x| (x * x / norm2).powi(2)).sum();
        ipr += length as f64 * fourth;
        let largest = entries.iter().fold(0.0_f64, |a, x| a.max(x.abs()));
        localisation_max = localisation_max.max(largest / norm2.sqrt());
    }
    let count = p_values.len();
    if count == 0 {
        return None;
    }
    let m = count as f64;
    ipr /= m;
    let spread = (porter_thomas::ipr_variance(length) / m).sqrt();
    let tenth = count.div_ceil(10);
    let report = SideReport {
        p: side_p_value(&p_values),
        ks_rejected: rejected(&p_values),
        ks_rejected_top: rejected(&p_values[..tenth]),
        ks_rejected_bottom: rejected(&p_values[count - tenth..]),
        ipr,
        ipr_z: (ipr - porter_thomas::expected_ipr(length)) / spread,
        localisation_max,
    };
    Some(SideTest { report, p_values })
}

fn rejected(p_values: &[f64]) -> f64 {
    p_values.iter().filter(|&&p| p <= VECTOR_LEVEL).count() as f64 / p_values.len() as f64
}

/// min(1, 2·min(p_binom, m·p_min)).
fn side_p_value(p_values: &[f64]) -> f64 {
    let count = p_values.len() as u64;
    let hits = p_values.iter().filter(|&&p| p <= VECTOR_LEVEL).count() as u64;
    let binomial = match (hits.checked_sub(1), Binomial::new(VECTOR_LEVEL, count)) {
        (Some(fewer), Ok(law)) => law.sf(fewer),
        _ => 1.0,
    };
    let smallest = p_values.iter().copied().fold(1.0, f64::min);
    (2.0 * binomial.min(count as f64 * smallest)).min(1.0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn side_p_value_in_closed_form() {
        // No rejection and a large minimum: certain.
        assert_eq!(side_p_value(&[0.5; 10]), 1.0);
        // One of two below .01: P(Bin(2,.01) ≥ 1) = .0199; 2·p_min = .01.
        assert!((side_p_value(&[0.005, 0.5]) - 0.02).abs() < 1e-12);
        // All three: P = 1e-6, doubled.
        assert!((side_p_value(&[0.01, 0.01, 0.01]) - 2e-6).abs() < 1e-15);
    }

    #[test]
    fn an_axis_is_localized_and_rejected() {
        let n = 64;
        let null = VectorNull::simulate(n, 2000, 1);
        let axis = |k: usize| (0..n).map(move |i| f64::from(u8::from(i == k)));
        let side = test_side(n, &null, (0..20).map(axis)).unwrap();
        assert_eq!(side.report.ks_rejected, 1.0);
        assert_eq!(side.report.localisation_max, 1.0);
        assert!((side.report.ipr - 64.0).abs() < 1e-12);
        assert!(side.report.p < 1e-6 && side.report.ipr_z > 100.0);
        assert_eq!(side.p_values.len(), 20);
        assert!(test_side(n, &null, std::iter::empty::<std::iter::Empty<f64>>()).is_none());
    }
}
