//! Tests of the singular vectors of one side against uniform unit vectors.

use crate::RmtError;
use crate::laws::combination::{VECTOR_LEVEL, combined_p_interval, combined_p_value};
use crate::laws::moments::Moments;
use crate::laws::porter_thomas::{self, Workspace};
use crate::nulls::{Nulls, PValue, TailTable, VectorNull};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Figures of the singular vectors of one side. Left is the output side, right the input side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SideReport {
    /// p-value of the side, combined from those of its vectors by [`SideNulls::combined`].
    pub p: f64,
    /// [`combined_p_value`] of windows of [`VectorNull::WINDOW`] neighbouring vectors whose entries
    /// are pooled; null with fewer vectors.
    #[serde(default)]
    pub p_windows: Option<f64>,
    /// Fraction of vectors rejected at 1 %.
    pub ks_rejected: f64,
    /// The same fraction among the tenth with the largest singular values.
    pub ks_rejected_top: f64,
    /// The same fraction among the tenth with the smallest singular values.
    pub ks_rejected_bottom: f64,
    /// Mean inverse participation ratio N·Σv⁴ (3N/(N+2) for random vectors).
    pub ipr: f64,
    /// Distance of `ipr` from that value, in standard deviations.
    pub ipr_z: f64,
    /// Mean Shannon entropy −Σv² ln v² of the vectors.
    #[serde(default)]
    pub entropy: Option<f64>,
    /// Distance of `entropy` from its value for random vectors, in standard deviations.
    #[serde(default)]
    pub entropy_z: Option<f64>,
    /// Largest |entry| of all vectors. It is 1 for a vector along a coordinate axis.
    pub localization_max: f64,
}

/// The report of a side, and what it was made of in the order of the singular values.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub(crate) struct SideTest {
    /// Summary.
    pub report: SideReport,
    /// Kolmogorov–Smirnov p-value of each vector.
    pub p_values: Vec<f64>,
    /// Of each window of neighbouring vectors, at [`window_starts`].
    pub window_p_values: Vec<f64>,
}

impl SideTest {
    /// The side's p against a simulated distribution of −ln p ([`SideReport::p`]).
    pub(crate) fn permuted_p_value(&self, null: &TailTable) -> PValue {
        null.p_value(self.neg_log_p())
    }

    /// −ln p of the side.
    pub(crate) fn neg_log_p(&self) -> f64 {
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
    /// The nulls for vectors of `length` entries.
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

    /// Number of draws behind the null of a whole basis.
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

    /// Number of draws behind the p-value of each vector.
    pub fn draws(&self) -> usize {
        self.single.table().draws()
    }
}

/// Tests the `count` unit vectors `vector(0)`, `vector(1)`, … of `length` entries, in descending
/// order of their singular value; `excess(k)` is what the matrix' entries add to their fourth moment
/// (0 for Gaussian ones). `None` without vectors, or with a zero vector.
pub(crate) fn test_side<V: Iterator<Item = f64>>(
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
    let (mut ipr, mut expected_ipr, mut entropy, mut localization_max) = (0.0, 0.0, 0.0, 0.0_f64);
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
        localization_max = localization_max.max(moments.largest / moments.second.sqrt());
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
        localization_max,
    };
    Some(SideTest { report, p_values, window_p_values })
}

/// First ranks of the windows of `width` neighbours among `count` vectors: side by side from both
/// ends, so that neither end is cut off; what does not fill a window is left out in the middle.
pub(crate) fn window_starts(count: usize, width: usize) -> impl Iterator<Item = usize> {
    let windows = count.checked_div(width).unwrap_or(0);
    let from_top = windows.div_ceil(2);
    let shift = count - windows * width;
    (0..windows).map(move |i| i * width + if i < from_top { 0 } else { shift })
}

fn rejected(p_values: &[f64]) -> f64 {
    p_values.iter().filter(|&&p| p <= VECTOR_LEVEL).count() as f64 / p_values.len() as f64
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

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
        assert_eq!(side.report.localization_max, 1.0);
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
