//! The steps at which weights are taken, and what happens when there is no room for them.

use crate::error::InitError;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering};

/// The steps at which weights are taken. Step 0 is always one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Schedule {
    /// All layers, every this many steps.
    Every(u64),
    /// All layers, at n steps per power of ten, evenly on a logarithmic scale: 10^(k/n), rounded.
    /// It is dense at the start, where structure appears.
    LogSpaced(u32),
    /// Each layer every n steps, at its own offset, so that no step pays for all layers. Of L
    /// layers, layer i (from 0) is due at the steps s ≡ ⌊i·n/L⌋ mod n. The first snapshot has all
    /// layers.
    Staggered(u64),
}

impl Default for Schedule {
    fn default() -> Self {
        Self::Every(100)
    }
}

/// Which full analyses compare a deviating matrix with sign-flipped copies of itself, and with its
/// entries in another order. The comparison separates structure from scale ([`rmt_core::signs`]).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SignNull {
    /// No analysis.
    Never,
    /// The first analysis that deviates, those at which the matrix's number of full analyses has
    /// doubled, and that of `observe_last`. In between, reports repeat the last counts.
    #[default]
    Doublings,
    /// Every full analysis.
    Always,
}

/// What happens to a due snapshot that finds the byte budget full.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Overflow {
    /// The snapshot is dropped and counted. Training never waits.
    #[default]
    Skip,
    /// Training waits for room, at most as long as the finish timeout. Then the snapshot is dropped
    /// and counted. If the worker did nothing in that time, training does not wait again until the
    /// worker has moved on.
    Block,
}

/// Most steps for each power of ten of a logarithmic schedule.
const MOST_PER_DECADE: u32 = 10_000;

/// A schedule that answers with integer tests.
#[derive(Debug)]
pub(crate) struct Timetable {
    schedule: Schedule,
    /// Every step of a logarithmic schedule, ascending.
    steps: Vec<u64>,
    /// Number of layers, for a staggered one; 0 until the first snapshot.
    layers: AtomicU64,
}

impl Timetable {
    pub(crate) fn new(schedule: Schedule) -> Result<Self, InitError> {
        let (setting, number) = match schedule {
            Schedule::Every(steps) => ("every", steps),
            Schedule::LogSpaced(steps) => ("log_spaced", u64::from(steps)),
            Schedule::Staggered(steps) => ("staggered", steps),
        };
        let problem = match schedule {
            _ if number == 0 => Some("it must be at least 1".to_owned()),
            Schedule::LogSpaced(steps) if steps > MOST_PER_DECADE => {
                Some(format!("it must be at most {MOST_PER_DECADE}"))
            }
            _ => None,
        };
        if let Some(problem) = problem {
            return Err(InitError::setting(setting, problem));
        }
        let steps = match schedule {
            Schedule::LogSpaced(per_decade) => powers_of_ten(per_decade),
            Schedule::Every(_) | Schedule::Staggered(_) => Vec::new(),
        };
        Ok(Self { schedule, steps, layers: AtomicU64::new(0) })
    }

    /// Whether any layer is due.
    #[inline]
    pub(crate) fn due(&self, step: u64) -> bool {
        match self.schedule {
            Schedule::Every(steps) => step.is_multiple_of(steps),
            Schedule::LogSpaced(_) => step == 0 || self.steps.binary_search(&step).is_ok(),
            Schedule::Staggered(steps) => match self.layers.load(Ordering::Relaxed) {
                0 => step.is_multiple_of(steps),
                layers => layer_at(step % steps, steps, layers).is_some(),
            },
        }
    }

    /// Whether the layer of this number is due, at a step at which any is.
    pub(crate) fn layer_due(&self, step: u64, layer: usize) -> bool {
        let layers = self.layers.load(Ordering::Relaxed);
        match self.schedule {
            Schedule::Staggered(steps) if layers > 0 && step > 0 => {
                offset(layer as u64 % layers, steps, layers) == step % steps
            }
            _ => true,
        }
    }

    /// How many times a layer that is due at `step` was due before it.
    pub(crate) fn times_before(&self, step: u64) -> u64 {
        match self.schedule {
            Schedule::Every(steps) => step / steps,
            Schedule::LogSpaced(_) => match (step, self.steps.binary_search(&step)) {
                (0, _) => 0,
                // Step 0 is not among them.
                (_, Ok(place) | Err(place)) => place as u64 + 1,
            },
            Schedule::Staggered(steps) => step.div_ceil(steps),
        }
    }

    /// How many layers there are; what is said first counts.
    pub(crate) fn know_layers(&self, layers: usize) {
        let order = Ordering::Relaxed;
        let _ = self.layers.compare_exchange(0, layers as u64, order, order);
    }
}

/// ⌊layer·steps/layers⌋.
fn offset(layer: u64, steps: u64, layers: u64) -> u64 {
    (u128::from(layer) * u128::from(steps) / u128::from(layers)) as u64
}

/// The first layer whose offset is `remainder`.
fn layer_at(remainder: u64, steps: u64, layers: u64) -> Option<u64> {
    let first = (u128::from(remainder) * u128::from(layers)).div_ceil(u128::from(steps)) as u64;
    (first < layers && offset(first, steps, layers) == remainder).then_some(first)
}

/// 10^(k/n) rounded, for all k that fit, each once.
fn powers_of_ten(per_decade: u32) -> Vec<u64> {
    /// Past this many decades, integers are not exact in f64, and no training gets there.
    const DECADES: u32 = 15;
    let power = |k: u32| 10_f64.powf(f64::from(k) / f64::from(per_decade)).round() as u64;
    let mut steps: Vec<u64> = (0..=DECADES * per_decade).map(power).collect();
    steps.dedup();
    steps
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn due(schedule: Schedule, upto: u64) -> Vec<u64> {
        let table = Timetable::new(schedule).unwrap();
        (0..=upto).filter(|&step| table.due(step)).collect()
    }

    #[test]
    fn every_and_log_spaced() {
        assert_eq!(due(Schedule::Every(40), 100), [0, 40, 80]);
        let expected = [0, 1, 2, 3, 4, 6, 10, 16, 25, 40, 63, 100, 158, 251, 398, 631, 1000];
        assert_eq!(due(Schedule::LogSpaced(5), 1000), expected);
        // However many are asked for, a step is due once, and none is left out early on.
        assert_eq!(due(Schedule::LogSpaced(1000), 300), (0..=300).collect::<Vec<_>>());
        assert_eq!(due(Schedule::LogSpaced(1), 20_000), [0, 1, 10, 100, 1000, 10_000]);
        assert!(Timetable::new(Schedule::LogSpaced(MOST_PER_DECADE + 1)).is_err());
    }

    #[test]
    fn staggered_layers_take_turns() {
        for (steps, layers) in [(10, 4), (3, 7), (100, 12), (7, 7), (1, 3), (5, 1)] {
            let table = Timetable::new(Schedule::Staggered(steps)).unwrap();
            assert!(table.due(0) && table.layer_due(0, 5));
            table.know_layers(layers);
            for layer in 0..layers {
                let taken: Vec<u64> = (1..=3 * steps)
                    .filter(|&step| table.due(step) && table.layer_due(step, layer))
                    .collect();
                assert_eq!(taken.len(), 3, "{steps} {layers} {layer}");
                assert!(taken.windows(2).all(|pair| pair[1] - pair[0] == steps));
            }
            // A step is due exactly when a layer is, and no step has more than its share.
            let share = layers.div_ceil(steps as usize);
            for step in 1..=3 * steps {
                let number = (0..layers).filter(|&layer| table.layer_due(step, layer)).count();
                assert_eq!(table.due(step), number > 0);
                assert!(number <= share, "{number} at step {step}");
            }
        }
    }

    #[test]
    fn times_are_counted_from_step_zero() {
        let counted = |schedule, layers: usize, layer: usize| {
            let table = Timetable::new(schedule).unwrap();
            table.know_layers(layers);
            let due = (0..200).filter(|&step| table.due(step) && table.layer_due(step, layer));
            due.map(|step| table.times_before(step)).collect::<Vec<u64>>()
        };
        for (schedule, layers) in
            [(Schedule::Every(7), 3), (Schedule::LogSpaced(5), 3), (Schedule::Staggered(10), 4)]
        {
            for layer in 0..layers {
                let found = counted(schedule, layers, layer);
                assert_eq!(found, (0..found.len() as u64).collect::<Vec<_>>(), "{schedule:?}");
            }
        }
    }

    #[test]
    fn zero_has_no_meaning() {
        for schedule in [Schedule::Every(0), Schedule::LogSpaced(0), Schedule::Staggered(0)] {
            assert!(Timetable::new(schedule).is_err());
        }
    }
}
