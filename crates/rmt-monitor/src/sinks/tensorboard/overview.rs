//! What TensorBoard shows of a run as a whole: how to read it, layouts, the heat map, its end.

use super::custom_scalars::{self, Layout};
use super::message::{Value, Values};
use super::pictures::Heat;
use super::{hparams, texts};
use crate::hyperparameters::Hyperparameter;
use crate::record::{Scalars, Tick, wall_time};
use crate::settings::Settings;
use crate::summary::Summary;
use crate::tags::{self, TagNames};
use std::collections::{BTreeMap, BTreeSet};

/// The user's curves whose last points are columns of the HParams page, at most.
const METRICS: usize = 32;
/// The monitor's own.
const OWN_METRICS: [&str; 3] = [tags::DEVIATING, tags::LARGEST_SIGNAL, "alerts"];

#[derive(Debug, Default)]
pub(super) struct Overview {
    /// As JSON, where a monitor writes.
    settings: Option<String>,
    hyperparameters: BTreeMap<String, Hyperparameter>,
    pictures: bool,
    /// This session said how to read it.
    begun: bool,
    layout: Layout,
    heat: Heat,
    /// Names of the user's curves.
    curves: BTreeSet<String>,
    /// The step of the latest record: nothing is written before it.
    step: u64,
}

impl Overview {
    pub(super) fn new(pictures: bool) -> Self {
        Self { pictures, ..Self::default() }
    }

    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            settings: serde_json::to_string_pretty(settings).ok(),
            hyperparameters: settings.tensorboard.hyperparameters.clone(),
            ..Self::new(settings.tensorboard.pictures)
        }
    }

    pub(super) fn with_pictures(self, pictures: bool) -> Self {
        Self { pictures, ..self }
    }

    /// A session starts, or training goes on from an earlier step.
    pub(super) fn start(&mut self, step: u64) {
        (self.begun, self.step) = (false, step);
    }

    pub(super) fn scalars(&mut self, scalars: &Scalars) {
        self.step = self.step.max(scalars.step);
        for (name, _) in &scalars.values {
            if self.curves.len() >= METRICS {
                return;
            }
            if !self.curves.contains(name) {
                self.curves.insert(name.clone());
            }
        }
    }

    /// What belongs to this tick.
    pub(super) fn tick(&mut self, tick: &Tick, names: &mut TagNames) -> Values {
        self.step = self.step.max(tick.step);
        let mut values = Values::new();
        if !std::mem::replace(&mut self.begun, true) {
            if let Some(settings) = &self.settings {
                let guide = Value::Text(texts::guide(&tick.reports, settings));
                values.push((summary(tags::GUIDE), guide));
            }
            if !self.hyperparameters.is_empty() {
                let start = hparams::session_start(&self.hyperparameters, wall_time());
                values.push((hparams::SESSION_START.into(), Value::HParams(start)));
            }
        }
        tick.numbered().for_each(|(matrix, report)| self.layout.learn(matrix, report));
        if let Some(layout) = self.layout.changed(names) {
            values.push((custom_scalars::CONFIG.into(), Value::Layout(layout)));
        }
        let due = if self.pictures { self.heat.add(tick) } else { Vec::new() };
        values.extend(due.into_iter().map(|(name, picture)| (summary(name), picture)));
        values
    }

    /// What belongs to the end, and its step.
    pub(super) fn end(&mut self, outcome: &Summary) -> (u64, Values) {
        let mut values = Values::new();
        if !outcome.layers.is_empty() {
            values.push((summary(tags::RESULT), Value::Text(texts::result(outcome))));
        }
        let left = if self.pictures { self.heat.left() } else { Vec::new() };
        values.extend(left.into_iter().map(|(name, picture)| (summary(name), picture)));
        if !self.hyperparameters.is_empty() && self.begun {
            let now = wall_time();
            let own = OWN_METRICS.map(summary);
            let metrics = own.iter().chain(&self.curves).map(String::as_str);
            let columns = hparams::experiment(&self.hyperparameters, metrics, now);
            values.push((hparams::EXPERIMENT.into(), Value::HParams(columns)));
            let end = hparams::session_end(outcome.complete, now);
            values.push((hparams::SESSION_END.into(), Value::HParams(end)));
        }
        (self.step, values)
    }
}

fn summary(name: &str) -> String {
    format!("{}/{name}", tags::SUMMARY)
}
