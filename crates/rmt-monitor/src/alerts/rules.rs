//! When each kind of alert is given.

use super::look::{Baseline, Seen};
use super::{AlertKind, AlertSettings, Trigger};
use rmt_core::layers::is_adapter;
use rmt_core::notes::Note;
use rmt_core::{LayerReport, MatrixReport};

/// Updates after which something must have moved.
const LEAST_UPDATES: u64 = 10;
/// Updates after which a change has more than one direction.
const LEAST_UPDATES_OF_DIRECTIONS: u64 = 20;
/// Of its first value, a stable rank that has collapsed.
const COLLAPSED: f64 = 0.25;
/// A bulk's first scale over its scale, from which on it decays.
const DECAYED: f64 = 1.5;
/// Share of the rows that had not moved at half as many looks, and still have not.
const STILL_UNUSED: f64 = 0.85;

/// Where a figure stands.
pub(super) enum State {
    /// Beyond the threshold, in words.
    On(String),
    /// Neither: what was, stays.
    Between,
    /// Back.
    Off,
}

impl State {
    fn when(on: bool, words: impl FnOnce() -> String) -> Self {
        if on { Self::On(words()) } else { Self::Off }
    }
}

/// All matrices of a tick.
#[derive(Debug, Default)]
pub(super) struct Around {
    /// Those that moved since the first look, and since the look before; those whose change is known.
    moved: usize,
    moved_lately: usize,
    known: usize,
    /// The median gain of those that look random at the first look.
    gain: Option<f64>,
    /// The median jump.
    jump: Option<f64>,
    /// The largest rate over the first updates.
    fastest: Option<f64>,
}

impl Around {
    pub(super) fn of<'a>(seen: impl Iterator<Item = &'a Seen> + Clone) -> Self {
        let count = |is: fn(&Seen) -> bool| seen.clone().filter(|seen| is(seen)).count();
        let rates = seen.clone().filter_map(|seen| seen.rate_since_first);
        Self {
            moved: count(|seen| seen.still == Some(false)),
            moved_lately: count(|seen| seen.resting == Some(false)),
            known: count(|seen| seen.still.is_some()),
            gain: median(seen.clone().filter_map(|seen| seen.gain).collect()),
            jump: median(seen.clone().filter_map(|seen| seen.jump).collect()),
            fastest: rates.reduce(f64::max),
        }
    }

    /// Whether some matrix looks random at its first look.
    pub(super) fn looks_random(&self) -> bool {
        self.gain.is_some()
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len().checked_sub(1)? / 2;
    values.get(middle).copied()
}

/// Whether it is a fact of all matrices together, with one alert for all.
pub(super) fn is_of_all(kind: AlertKind) -> bool {
    matches!(kind, AlertKind::BarelyMoves | AlertKind::SuddenJump)
}

/// How much a matrix has of what all show together.
pub(super) fn most(kind: AlertKind, seen: &Seen) -> Option<f64> {
    match kind {
        AlertKind::BarelyMoves => seen.rate_since_first,
        AlertKind::SuddenJump => seen.jump,
        _ => None,
    }
}

/// Of all matrices together.
pub(super) fn of_all(kind: AlertKind, settings: &AlertSettings, around: &Around) -> State {
    match kind {
        AlertKind::BarelyMoves => match (settings.barely_moves, around.fastest) {
            (Some(least), Some(rate)) => State::when(rate < least, || {
                format!("moves most of all matrices, by {rate:.1e} of its norm per update")
            }),
            _ => State::Between,
        },
        AlertKind::SuddenJump => grows(settings.sudden_jump, around.jump, |jump| {
            format!(
                "the median matrix moved {jump:.1} times as far as at any of the three looks before; this one most"
            )
        }),
        _ => State::Between,
    }
}

/// Of one matrix.
pub(super) fn of_one(
    kind: AlertKind,
    settings: &AlertSettings,
    baseline: &Baseline,
    around: &Around,
    report: &LayerReport,
) -> State {
    let (seen, of) = (&baseline.seen, &report.report);
    match kind {
        AlertKind::NonFiniteWeight => {
            let said = of.notes.iter().find(|note| matches!(note, Note::NotFinite { .. }));
            State::when(settings.non_finite_weight && said.is_some(), || {
                said.map(Note::to_string).unwrap_or_default()
            })
        }
        AlertKind::FrozenLayer => State::when(settings.frozen_layer && seen.frozen, || {
            "it takes no gradients and stays as it is".to_owned()
        }),
        AlertKind::ZeroWeights => {
            let zero = of.notes.iter().any(|note| matches!(note, Note::Zero));
            let wanted = settings.zero_weights && !is_adapter(&report.layer.name);
            State::when(wanted && zero, || "every entry is zero".to_owned())
        }
        AlertKind::EqualUnits => equal_units(settings.equal_units, of),
        AlertKind::LargeStart => match (settings.large_start, seen.gain, around.gain) {
            (Some(most), Some(gain), Some(median)) => {
                State::when(gain > most || gain > most * median, || {
                    format!(
                        "its entries start at {gain:.2}/√inputs, the median of the model's matrices at {median:.2}/√inputs"
                    )
                })
            }
            _ => State::Between,
        },
        // One that is frozen on purpose rests as well.
        AlertKind::LayerDoesNotLearn if seen.frozen => State::Off,
        AlertKind::LayerDoesNotLearn => still(settings.layer_does_not_learn, seen, around),
        AlertKind::FastChange => grows(settings.fast_change, seen.rate, |rate| {
            format!("it moves by {} % of its norm per update", figure(100.0 * rate))
        }),
        AlertKind::RankCollapse => match seen.stable_rank {
            Some([now, first]) if now < COLLAPSED * first => {
                falls(settings.rank_collapse, Some(now), |now| {
                    format!("its stable rank is {now:.2}, from {first:.1} at the first look")
                })
            }
            rank => back(settings.rank_collapse, rank.map(|[now, _]| now)),
        },
        AlertKind::ScaleDecay => match seen.scale {
            Some([now, first]) if seen.updates >= LEAST_UPDATES => {
                let times = first / now;
                let rate = (times >= DECAYED).then(|| times.ln() / seen.updates as f64);
                grows(settings.scale_decay, Some(rate.unwrap_or(0.0)), |rate| {
                    format!(
                        "the scale of its bulk is its first value over {times:.1}: {} % less per update",
                        figure(100.0 * rate)
                    )
                })
            }
            _ => State::Between,
        },
        AlertKind::OneDirection => {
            let rank = seen.change_rank.filter(|_| seen.updates >= LEAST_UPDATES_OF_DIRECTIONS);
            falls(settings.one_direction, rank, |rank| {
                format!(
                    "its change since the first look has the stable rank {rank:.4}: one direction alone"
                )
            })
        }
        AlertKind::UnusedRows => match (settings.unused_rows, seen.still_rows) {
            (Some(most), Some([rows, half, all])) => {
                let unused = rows as f64 > most * all as f64;
                State::when(unused && rows as f64 >= STILL_UNUSED * half as f64, || {
                    format!("{rows} of its {all} rows have never moved")
                })
            }
            _ => State::Between,
        },
        AlertKind::BarelyMoves | AlertKind::SuddenJump => State::Between,
    }
}

fn still(wanted: bool, seen: &Seen, around: &Around) -> State {
    let others = around.known.saturating_sub(1);
    match (seen.still, seen.resting) {
        _ if !wanted || seen.updates < LEAST_UPDATES => State::Between,
        (Some(true), _) if around.moved > 0 => {
            let moved = around.moved;
            State::On(format!(
                "it has not moved in {} updates, and {moved} of {others} others have",
                seen.updates
            ))
        }
        (Some(false), Some(true)) if around.moved_lately > 0 => {
            let moved = around.moved_lately;
            State::On(format!(
                "it has not moved since the look before, and {moved} of {others} others have"
            ))
        }
        (Some(false), Some(false)) => State::Off,
        _ => State::Between,
    }
}

fn equal_units(share: Option<f64>, of: &MatrixReport) -> State {
    let (Some(share), Some(magnitudes)) = (share, &of.magnitudes) else { return State::Between };
    let [rows, cols] = of.shape;
    let sides = [("rows", &magnitudes.rows, rows), ("columns", &magnitudes.cols, cols)];
    let beyond =
        sides.into_iter().find(|(_, side, all)| side.equal.count as f64 > share * *all as f64);
    match beyond {
        Some((name, side, all)) => {
            let count = side.equal.count;
            State::On(format!("{count} of its {all} {name} are equal to an earlier one"))
        }
        None => State::Off,
    }
}

/// As people write it.
fn figure(x: f64) -> String {
    if (1e-2..1e4).contains(&x.abs()) { format!("{x:.2}") } else { format!("{x:.1e}") }
}

fn falls(trigger: Option<Trigger>, now: Option<f64>, words: impl FnOnce(f64) -> String) -> State {
    match (trigger, now) {
        (Some(trigger), Some(now)) if now < trigger.at => State::On(words(now)),
        _ => back(trigger, now),
    }
}

/// Whether a figure that fell is back.
fn back(trigger: Option<Trigger>, now: Option<f64>) -> State {
    match (trigger, now) {
        (Some(trigger), Some(now)) if now >= trigger.rearm => State::Off,
        _ => State::Between,
    }
}

fn grows(trigger: Option<Trigger>, now: Option<f64>, words: impl FnOnce(f64) -> String) -> State {
    match (trigger, now) {
        (Some(trigger), Some(now)) if now > trigger.at => State::On(words(now)),
        (Some(trigger), Some(now)) if now <= trigger.rearm => State::Off,
        _ => State::Between,
    }
}
