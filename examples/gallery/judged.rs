//! Whether findings name what is wrong, and how far ahead of the loss.

use super::faults::{Fault, Half, Network};
use super::training::EVERY;
use super::{Losses, Outcome};
use burn_rmt::{AlertKind, AlertLevel};
use rmt_core::Table;
use std::collections::HashMap;

/// What the losses of healthy runs reach at each look.
#[derive(Debug, Default)]
pub struct Band {
    most: HashMap<(Network, u64), [f64; 2]>,
}

impl Band {
    /// Of the healthy tuning runs: at each look the largest loss and once more the distance of the largest from the
    /// smallest, of training and of validation.
    pub fn of(outcomes: &[Outcome]) -> Self {
        let mut all: HashMap<(Network, u64), Vec<[f64; 2]>> = HashMap::new();
        let healthy =
            |outcome: &&Outcome| outcome.case.fault.is_none() && outcome.case.half == Half::Tuning;
        for outcome in outcomes.iter().filter(healthy) {
            for Losses { step, train, validation } in &outcome.losses {
                let both = [train, validation].map(|loss| loss.unwrap_or(f64::NAN));
                all.entry((outcome.case.network, *step)).or_default().push(both);
            }
        }
        let bound = |losses: &[[f64; 2]], which: usize| {
            let most = losses.iter().map(|both| both[which]).fold(f64::NEG_INFINITY, f64::max);
            let least = losses.iter().map(|both| both[which]).fold(f64::INFINITY, f64::min);
            most + (most - least)
        };
        let most = all.iter().map(|(key, losses)| (*key, [bound(losses, 0), bound(losses, 1)]));
        Self { most: most.collect() }
    }

    /// The first look after the fault set in at which a loss is above the band or not finite.
    pub fn left_at(&self, outcome: &Outcome) -> Option<u64> {
        let above = |losses: &&Losses| {
            let most = self.most.get(&(outcome.case.network, losses.step));
            let of = |loss: Option<f64>, most: f64| loss.is_none_or(|loss| loss > most);
            most.is_some_and(|most| of(losses.train, most[0]) || of(losses.validation, most[1]))
        };
        let onset = outcome.case.fault.map_or(0, Fault::onset);
        let after = outcome.losses.iter().filter(|losses| losses.step > onset);
        after.into_iter().find(above).map(|losses| losses.step)
    }
}

/// The step at which a finding names what is wrong, in the layer where it is.
pub fn named_at(outcome: &Outcome) -> Option<u64> {
    let fault = outcome.case.fault?;
    let (kinds, layers) = fault.named_by(outcome.case.network);
    let names = |alert: &&burn_rmt::Alert| {
        let late = alert.step >= fault.onset();
        let there = layers.is_empty() || layers.contains(&alert.layer.as_str());
        late && there && kinds.contains(&alert.alert)
    };
    outcome.alerts.iter().find(names).map(|alert| alert.step)
}

/// Whether it was named before the loss showed it, or at the first look after.
pub fn in_time(outcome: &Outcome, band: &Band) -> bool {
    named_at(outcome)
        .is_some_and(|named| band.left_at(outcome).is_none_or(|left| named <= left + EVERY))
}

/// One row per fault and network: what was named, when, and what the loss showed.
pub fn of_faults(outcomes: &[Outcome], band: &Band) -> Table {
    let columns = [
        "fault",
        "network",
        "runs",
        "the loss shows it",
        "named",
        "in time",
        "steps ahead of the loss",
        "missed",
    ];
    let mut rows = Vec::new();
    for fault in Fault::ALL {
        for network in Network::ALL {
            let of = |o: &&Outcome| o.case.fault == Some(fault) && o.case.network == network;
            let runs: Vec<&Outcome> = outcomes.iter().filter(of).collect();
            if runs.is_empty() {
                continue;
            }
            let lost = runs.iter().filter(|o| band.left_at(o).is_some()).count();
            let named = runs.iter().filter(|o| named_at(o).is_some()).count();
            let timely = runs.iter().filter(|o| in_time(o, band)).count();
            let mut ahead: Vec<i64> = runs
                .iter()
                .filter_map(|o| Some(band.left_at(o)? as i64 - named_at(o)? as i64))
                .collect();
            ahead.sort_unstable();
            let median = ahead.get(ahead.len() / 2).map_or("–".into(), |x| x.to_string());
            rows.push(vec![
                fault.name().to_owned(),
                network.name().to_owned(),
                runs.len().to_string(),
                lost.to_string(),
                named.to_string(),
                timely.to_string(),
                median,
                missed(&runs, band),
            ]);
        }
    }
    Table::new(columns.map(str::to_owned).into(), rows)
}

/// The sizes that were not named in time, and whether the loss showed them.
fn missed(runs: &[&Outcome], band: &Band) -> String {
    let mut sizes: Vec<(f64, usize, usize)> = Vec::new();
    for outcome in runs.iter().filter(|o| !in_time(o, band)) {
        let shown = usize::from(band.left_at(outcome).is_some());
        match sizes.iter_mut().find(|(size, ..)| *size == outcome.case.size) {
            Some((_, count, lost)) => (*count, *lost) = (*count + 1, *lost + shown),
            None => sizes.push((outcome.case.size, 1, shown)),
        }
    }
    let one = |(size, count, lost): &(f64, usize, usize)| {
        let size = if *size == 0.0 { String::new() } else { format!(" at {size}") };
        let shown = if *lost == 0 {
            "the loss does not show it either".into()
        } else {
            format!("the loss shows {lost}")
        };
        format!("{count}{size} ({shown})")
    };
    sizes.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// One row per kind of finding: how often it is right.
pub fn of_findings(outcomes: &[Outcome]) -> Table {
    let columns = [
        "finding",
        "level",
        "healthy runs with it",
        "broken runs with it",
        "of these named right",
        "precision",
        "runs that it should name",
        "recall",
    ];
    let raised = |o: &Outcome, kind| o.alerts.iter().any(|alert| alert.alert == kind);
    let should = |o: &Outcome, kind: AlertKind| {
        o.case.fault.is_some_and(|fault| fault.named_by(o.case.network).0.contains(&kind))
    };
    let rows = AlertKind::ALL.into_iter().map(|kind| {
        let healthy = outcomes.iter().filter(|o| o.case.fault.is_none() && raised(o, kind)).count();
        let broken = outcomes.iter().filter(|o| o.case.fault.is_some() && raised(o, kind)).count();
        let right = outcomes.iter().filter(|o| should(o, kind) && raised(o, kind)).count();
        let all = outcomes.iter().filter(|o| should(o, kind)).count();
        let share = |part: usize, of: usize| match of {
            0 => "–".to_owned(),
            of => format!("{:.2}", part as f64 / of as f64),
        };
        vec![
            format!("`{}`", kind.name()),
            kind.level().name().to_owned(),
            healthy.to_string(),
            broken.to_string(),
            right.to_string(),
            share(right, healthy + broken),
            all.to_string(),
            share(right, all),
        ]
    });
    Table::new(columns.map(str::to_owned).into(), rows.collect())
}

/// What healthy runs raised: runs, runs with a warning or an error, warnings, and runs whose loss left the band.
pub fn of_healthy(outcomes: &[Outcome], band: &Band) -> [usize; 4] {
    let healthy: Vec<&Outcome> = outcomes.iter().filter(|o| o.case.fault.is_none()).collect();
    let warnings = |o: &Outcome| o.alerts.iter().filter(|a| a.level != AlertLevel::Info).count();
    [
        healthy.len(),
        healthy.iter().filter(|o| warnings(o) > 0).count(),
        healthy.iter().map(|o| warnings(o)).sum(),
        healthy.iter().filter(|o| band.left_at(o).is_some()).count(),
    ]
}

/// How many kinds of fault are named in time in at least half of their runs, of how many.
pub fn kinds_in_time(outcomes: &[Outcome], band: &Band) -> [usize; 2] {
    let kinds: Vec<Vec<&Outcome>> = Fault::ALL
        .iter()
        .map(|fault| outcomes.iter().filter(|o| o.case.fault == Some(*fault)).collect::<Vec<_>>())
        .filter(|runs| !runs.is_empty())
        .collect();
    let named =
        |runs: &&Vec<&Outcome>| 2 * runs.iter().filter(|o| in_time(o, band)).count() >= runs.len();
    [kinds.iter().filter(named).count(), kinds.len()]
}
