//! Figures of the gradient of a matrix, and of the update that followed.

use crate::RmtError;
use crate::spectrum::{Matrix, Values, singular_values};

/// The report on one gradient G at the weights W_s.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct GradientReport {
    /// Frobenius norm ‖G‖_F.
    pub norm: f64,
    /// Spectral norm ‖G‖₂ = ν₁.
    pub spectral_norm: f64,
    /// Stable rank ‖G‖_F²/‖G‖₂², the number of directions that share the norm; `None` for a zero
    /// gradient.
    pub stable_rank: Option<f64>,
    /// Relative size of the update, ‖W_{s+1} − W_s‖_F/‖W_s‖_F; `None` if unknown.
    pub update_ratio: Option<f64>,
    /// The singular values ν₁ ≥ … ≥ ν_m.
    pub singular_values: Vec<f64>,
}

impl GradientReport {
    /// The report on `gradient`, without an update ratio.
    ///
    /// ```
    /// use rmt_core::statistics::gradient::GradientReport;
    /// use rmt_core::{Matrix, Orientation};
    /// let g = Matrix::new(&[3.0, 0.0, 0.0, 4.0][..], 2, 2, Orientation::OutIn)?;
    /// let report = GradientReport::new(&g)?;
    /// assert!((report.norm - 5.0).abs() < 1e-12 && (report.spectral_norm - 4.0).abs() < 1e-12);
    /// # Ok::<(), rmt_core::RmtError>(())
    /// ```
    ///
    /// # Errors
    /// [`RmtError::Domain`] for an empty gradient, or one with an entry or a norm that is
    /// not finite; [`RmtError::NoConvergence`] if the decomposition fails.
    pub fn new(gradient: &Matrix<'_>) -> Result<Self, RmtError> {
        let law = "gradient";
        let values = gradient.values();
        let finite = values.iter().all(f64::is_finite);
        let norm = norm(|| values.iter());
        if !finite || !norm.is_finite() {
            return Err(RmtError::Domain { law, requirement: "every entry must be finite" });
        }
        if norm == 0.0 && !values.is_empty() {
            let singular_values = vec![0.0; gradient.small_side()];
            return Ok(Self { norm, singular_values, ..Self::default() });
        }
        let singular_values = singular_values(gradient)?;
        let spectral_norm = singular_values.first().copied().unwrap_or(0.0);
        let stable_rank = (norm / spectral_norm).powi(2);
        Ok(Self {
            norm,
            spectral_norm,
            // At least 1 but for rounding.
            stable_rank: stable_rank.is_finite().then_some(stable_rank.max(1.0)),
            update_ratio: None,
            singular_values,
        })
    }

    /// Adds the [`update_ratio`] of the weights before and after the update.
    #[must_use]
    pub fn with_update(mut self, before: Values<'_>, after: Values<'_>) -> Self {
        self.update_ratio = update_ratio(before, after);
        self
    }

    /// Names and values, under the names in the log.
    pub fn scalars(&self) -> impl Iterator<Item = (&'static str, f64)> + use<> {
        let all = [
            ("norm", Some(self.norm)),
            ("spectral_norm", Some(self.spectral_norm)),
            ("stable_rank", self.stable_rank),
            ("update_ratio", self.update_ratio),
        ];
        all.into_iter().filter_map(|(name, value)| value.map(|value| (name, value)))
    }
}

/// Relative size of an update, ‖after − before‖_F/‖before‖_F. `None` for different lengths, zero
/// weights and entries that are not finite.
pub fn update_ratio(before: Values<'_>, after: Values<'_>) -> Option<f64> {
    if before.len() != after.len() {
        return None;
    }
    let finite = |values: Values<'_>| values.iter().all(f64::is_finite);
    if !finite(before) || !finite(after) {
        return None;
    }
    let change = norm(|| after.iter().zip(before.iter()).map(|(after, before)| after - before));
    let ratio = change / norm(|| before.iter());
    ratio.is_finite().then_some(ratio)
}

/// √Σx², neither over- nor underflowing on the way.
fn norm<I: Iterator<Item = f64>>(entries: impl Fn() -> I) -> f64 {
    let largest = entries().fold(0.0_f64, |largest, x| largest.max(x.abs()));
    if largest == 0.0 || !largest.is_finite() {
        return largest;
    }
    largest * entries().map(|x| (x / largest).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::Orientation;

    fn of(values: &[f64], rows: usize, cols: usize) -> Result<GradientReport, RmtError> {
        GradientReport::new(&Matrix::new(values, rows, cols, Orientation::OutIn).unwrap())
    }

    fn close(a: f64, b: f64) -> bool {
        (a / b - 1.0).abs() < 1e-9
    }

    #[test]
    fn closed_forms() {
        // A rotated diagonal: values 5 and 2.
        let (c, s) = (0.6, 0.8);
        let found = of(&[5.0 * c, -2.0 * s, 5.0 * s, 2.0 * c], 2, 2).unwrap();
        assert!(close(found.norm, 29_f64.sqrt()) && close(found.spectral_norm, 5.0));
        assert!(close(found.stable_rank.unwrap(), 29.0 / 25.0));
        assert!(close(found.singular_values[1], 2.0) && found.update_ratio.is_none());
        // Rank one: u vᵀ.
        let outer: Vec<f64> = [1.0, 2.0, 2.0].iter().flat_map(|u| [3.0 * u, 4.0 * u]).collect();
        let found = of(&outer, 3, 2).unwrap();
        assert!(close(found.norm, 15.0) && close(found.spectral_norm, 15.0));
        assert!(close(found.stable_rank.unwrap(), 1.0));
        // The scale is no matter, even where squares are no doubles.
        for scale in [1e-300, 1e-30, 1e30, 1e300] {
            let found = of(&outer.iter().map(|x| scale * x).collect::<Vec<_>>(), 3, 2).unwrap();
            assert!(close(found.norm, 15.0 * scale) && close(found.stable_rank.unwrap(), 1.0));
        }
        let identity: Vec<f64> = (0..36).map(|k| f64::from(u8::from(k % 7 == 0))).collect();
        assert!(close(of(&identity, 6, 6).unwrap().stable_rank.unwrap(), 6.0));
    }

    #[test]
    fn zero_has_no_stable_rank() {
        let found = of(&[0.0; 6], 2, 3).unwrap();
        assert_eq!((found.norm, found.spectral_norm, found.stable_rank), (0.0, 0.0, None));
        assert_eq!(found.singular_values, [0.0, 0.0]);
        let names: Vec<_> = found.scalars().map(|(name, _)| name).collect();
        assert_eq!(names, ["norm", "spectral_norm"]);
    }

    #[test]
    fn what_is_not_finite_is_an_error() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let message = of(&[1.0, bad, 0.0, 0.0], 2, 2).unwrap_err().to_string();
            assert_eq!(message, "gradient: every entry must be finite");
        }
        assert!(of(&[f64::MAX; 4], 2, 2).is_err());
        assert!(of(&[], 0, 3).is_err());
    }

    #[test]
    fn ratio_of_the_update() {
        let ratio = |a: &[f64], b: &[f64]| update_ratio(a.into(), b.into());
        assert!(close(ratio(&[3.0, 4.0], &[3.3, 3.6]).unwrap(), 0.1));
        assert_eq!(ratio(&[3.0, 4.0], &[3.0, 4.0]), Some(0.0));
        assert_eq!(ratio(&[0.0, 0.0], &[0.0, 0.0]), None);
        assert_eq!(ratio(&[0.0, 0.0], &[1.0, 0.0]), None);
        assert_eq!(ratio(&[1.0, 0.0], &[f64::NAN, 0.0]), None);
        assert_eq!(ratio(&[1.0], &[1.0, 0.0]), None);
        let both = update_ratio(Values::F32(&[1.0, 0.0]), Values::F64(&[0.5, 0.0]));
        assert!(close(both.unwrap(), 0.5));
    }
}
