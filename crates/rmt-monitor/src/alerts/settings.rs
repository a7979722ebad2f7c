//! When an alert is given, with every default.

use crate::error::InitError;
use serde::{Deserialize, Serialize};

/// Two thresholds, so that a figure that wavers about one of them gives one alert.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// Where the alert is given.
    pub at: f64,
    /// Where the figure must be back, nearer to its first value, before it is given again.
    pub rearm: f64,
}

/// Which alerts are given, and when. Figures are those of a matrix over their first value in this
/// session; `None` or `false` for no such alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AlertSettings {
    /// A matrix deviates for the first time: once for each, whatever its verdict is later.
    pub first_deviation: bool,
    /// A weight is not finite: again after all were.
    pub non_finite_weight: bool,
    /// The stable rank falls below this fraction.
    pub rank_collapse: Option<Trigger>,
    /// The largest singular value over the bulk's edge grows beyond this factor.
    pub exploding_outlier: Option<Trigger>,
    /// The bulk's scale grows or shrinks by more than this factor.
    pub bulk_scale_shift: Option<Trigger>,
}

impl Default for AlertSettings {
    fn default() -> Self {
        Self {
            first_deviation: true,
            non_finite_weight: true,
            rank_collapse: Some(Trigger { at: 0.25, rearm: 0.4 }),
            exploding_outlier: Some(Trigger { at: 4.0, rearm: 3.0 }),
            bulk_scale_shift: Some(Trigger { at: 2.0, rearm: 1.5 }),
        }
    }
}

impl AlertSettings {
    /// No alerts.
    pub fn none() -> Self {
        Self {
            first_deviation: false,
            non_finite_weight: false,
            rank_collapse: None,
            exploding_outlier: None,
            bulk_scale_shift: None,
        }
    }

    /// Whether the thresholds have a meaning.
    pub(crate) fn check(&self) -> Result<(), InitError> {
        let problem = |problem: &str| InitError::setting("alerts", problem);
        // Of NaN every comparison is false.
        let falls = |Trigger { at, rearm }: Trigger| 0.0 < at && at <= rearm && rearm <= 1.0;
        let grows = |Trigger { at, rearm }: Trigger| 1.0 <= rearm && rearm <= at && at.is_finite();
        if !self.rank_collapse.is_none_or(falls) {
            return Err(problem("rank_collapse needs 0 < at ≤ rearm ≤ 1"));
        }
        if !self.exploding_outlier.is_none_or(grows) {
            return Err(problem("exploding_outlier needs 1 ≤ rearm ≤ at"));
        }
        if !self.bulk_scale_shift.is_none_or(grows) {
            return Err(problem("bulk_scale_shift needs 1 ≤ rearm ≤ at"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_in_the_wrong_order_are_errors() {
        let wrong = |at, rearm| Some(Trigger { at, rearm });
        let default = AlertSettings::default();
        assert!(default.check().is_ok() && AlertSettings::none().check().is_ok());
        for settings in [
            AlertSettings { rank_collapse: wrong(0.5, 0.25), ..default.clone() },
            AlertSettings { rank_collapse: wrong(0.0, 0.5), ..default.clone() },
            AlertSettings { exploding_outlier: wrong(2.0, 3.0), ..default.clone() },
            AlertSettings { exploding_outlier: wrong(f64::NAN, 3.0), ..default.clone() },
            AlertSettings { bulk_scale_shift: wrong(2.0, 0.5), ..default.clone() },
            AlertSettings { bulk_scale_shift: wrong(f64::INFINITY, 1.0), ..default },
        ] {
            assert!(settings.check().is_err(), "{settings:?}");
        }
    }
}
