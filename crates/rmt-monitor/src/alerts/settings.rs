//! When an alert is given, with every default.

use crate::error::InitError;
use serde::{Deserialize, Serialize};

/// Two thresholds, so that a figure that wavers about one of them gives one alert.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// Where the alert is given.
    pub at: f64,
    /// Where the figure must be back before it is given again.
    pub rearm: f64,
}

/// Which alerts are given, and when: `None` or `false` for no such alert. The thresholds were chosen on one half of the
/// runs of a gallery of failures, and their tables were measured on the other (docs/findings.md).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AlertSettings {
    /// A weight is not finite: again after all were.
    pub non_finite_weight: bool,
    /// A matrix that takes gradients stays as it was, or only shrinks, for at least ten updates in which others move.
    pub layer_does_not_learn: bool,
    /// No matrix has moved by more than this share of its norm per update, at the first look after 50 updates of a model whose
    /// matrices looked random at first.
    pub barely_moves: Option<f64>,
    /// A matrix moves by more than this share of its norm per update, from one look to the next, at least ten updates later.
    pub fast_change: Option<Trigger>,
    /// The median matrix moves by more than so many times the most of its three looks before.
    pub sudden_jump: Option<Trigger>,
    /// The stable rank falls below this, and below a quarter of its first value; not of embeddings.
    pub rank_collapse: Option<Trigger>,
    /// The bulk's scale has fallen by a third, at more than this share per update since the first look.
    pub scale_decay: Option<Trigger>,
    /// The stable rank of a matrix's change since the first look is below this, after at least 20 updates.
    pub one_direction: Option<Trigger>,
    /// Every entry is zero; not of adapters, which start so.
    pub zero_weights: bool,
    /// More than this share of the rows or columns are equal to others.
    pub equal_units: Option<f64>,
    /// A random matrix starts with entries of more than so many times 1/√inputs times the median of the model's matrices,
    /// or more than so many times 1/√inputs; not of embeddings.
    pub large_start: Option<f64>,
    /// A matrix takes no gradients.
    pub frozen_layer: bool,
    /// More than this share of an embedding's rows never moved, and at least 85 % of those that had not at half as many
    /// looks. Looked at when the number of looks has doubled, from the eighth on.
    pub unused_rows: Option<f64>,
}

impl Default for AlertSettings {
    fn default() -> Self {
        Self {
            non_finite_weight: true,
            layer_does_not_learn: true,
            barely_moves: Some(1e-4),
            fast_change: Some(Trigger { at: 0.04, rearm: 0.02 }),
            sudden_jump: Some(Trigger { at: 2.0, rearm: 1.2 }),
            rank_collapse: Some(Trigger { at: 2.0, rearm: 2.5 }),
            scale_decay: Some(Trigger { at: 2e-3, rearm: 1e-3 }),
            one_direction: Some(Trigger { at: 1.005, rearm: 1.05 }),
            zero_weights: true,
            equal_units: Some(0.25),
            large_start: Some(3.0),
            frozen_layer: true,
            unused_rows: Some(0.2),
        }
    }
}

impl AlertSettings {
    /// No alerts.
    pub fn none() -> Self {
        Self {
            non_finite_weight: false,
            layer_does_not_learn: false,
            barely_moves: None,
            fast_change: None,
            sudden_jump: None,
            rank_collapse: None,
            scale_decay: None,
            one_direction: None,
            zero_weights: false,
            equal_units: None,
            large_start: None,
            frozen_layer: false,
            unused_rows: None,
        }
    }

    /// Whether the thresholds have a meaning.
    pub(crate) fn check(&self) -> Result<(), InitError> {
        // Of NaN every comparison is false.
        let falls = |Trigger { at, rearm }: Trigger| 1.0 <= at && at <= rearm && rearm.is_finite();
        let grows = |least: f64, Trigger { at, rearm }: Trigger| {
            least <= rearm && rearm <= at && at.is_finite()
        };
        let share = |share: f64| 0.0 < share && share < 1.0;
        for (name, fine, rule) in [
            ("barely_moves", self.barely_moves.is_none_or(share), "a share between 0 and 1"),
            ("fast_change", self.fast_change.is_none_or(|t| grows(0.0, t)), "0 ≤ rearm ≤ at"),
            ("sudden_jump", self.sudden_jump.is_none_or(|t| grows(1.0, t)), "1 ≤ rearm ≤ at"),
            ("rank_collapse", self.rank_collapse.is_none_or(falls), "1 ≤ at ≤ rearm"),
            ("scale_decay", self.scale_decay.is_none_or(|t| grows(0.0, t)), "0 ≤ rearm ≤ at"),
            ("one_direction", self.one_direction.is_none_or(falls), "1 ≤ at ≤ rearm"),
            ("equal_units", self.equal_units.is_none_or(share), "a share between 0 and 1"),
            (
                "large_start",
                self.large_start.is_none_or(|x| x > 1.0 && x.is_finite()),
                "more than 1",
            ),
            ("unused_rows", self.unused_rows.is_none_or(share), "a share between 0 and 1"),
        ] {
            if !fine {
                return Err(InitError::setting("alerts", format!("{name} needs {rule}")));
            }
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
            AlertSettings { rank_collapse: wrong(2.5, 2.0), ..default.clone() },
            AlertSettings { rank_collapse: wrong(0.0, 2.0), ..default.clone() },
            AlertSettings { sudden_jump: wrong(2.0, 3.0), ..default.clone() },
            AlertSettings { fast_change: wrong(f64::NAN, 3.0), ..default.clone() },
            AlertSettings { sudden_jump: wrong(2.0, 0.5), ..default.clone() },
            AlertSettings { equal_units: Some(1.5), ..default.clone() },
            AlertSettings { scale_decay: wrong(f64::INFINITY, 1.0), ..default },
        ] {
            assert!(settings.check().is_err(), "{settings:?}");
        }
    }
}
