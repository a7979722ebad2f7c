//! A run for a page: a few figures of every report, and the latest report of every layer in full.

use crate::events::{Alert, Alerts, Finding, Kept, Warning};
use crate::look::Look;
use rmt_core::LayerReport;
use rmt_core::layers::LayerKind;
use std::collections::{BTreeSet, HashMap};

/// Steps of one layer that a bounded run keeps, about.
pub(crate) const STEPS: usize = 1_000;
/// Looks of all layers that it keeps, about: 40 MB.
const LOOKS: usize = 200_000;
/// Alerts and warnings that it keeps.
const EVENTS: usize = 200;

/// A run that collects reports one by one.
#[derive(Debug, Clone)]
pub struct Run {
    name: String,
    layers: Vec<Layer>,
    places: HashMap<String, usize>,
    /// Steps that are known, with the number of the snapshot, both ascending.
    marks: Vec<(u64, u64)>,
    snapshots: u64,
    looks: usize,
    /// Of so many neighbouring snapshots, a layer keeps its first look.
    stride: u64,
    bounded: bool,
    pub(crate) findings: Option<(Vec<Finding>, &'static str)>,
    pub(crate) alerts: Alerts,
    pub(crate) warnings: Kept<Warning>,
}

/// The reports of one layer over the steps.
#[derive(Debug, Clone)]
pub struct Layer {
    pub(crate) path: String,
    pub(crate) kind: LayerKind,
    /// In order of step.
    pub(crate) looks: Vec<Look>,
    pub(crate) first_deviation: Option<u64>,
    reports: u64,
    /// The latest report, without its spectrum.
    pub(crate) latest: LayerReport,
    /// The latest report with a spectrum.
    pub(crate) drawn: Option<LayerReport>,
}

impl Layer {
    fn new(path: String, report: &LayerReport) -> Self {
        let latest = report.without_profile();
        let (kind, looks) = (report.layer.kind, Vec::new());
        Self { path, kind, looks, first_deviation: None, reports: 0, latest, drawn: None }
    }

    /// Number of reports so far.
    pub fn reports(&self) -> u64 {
        self.reports
    }

    /// First step at which the layer deviated from independent entries.
    pub fn first_deviation(&self) -> Option<u64> {
        self.first_deviation
    }

    /// The kept figures of its reports, in order of step.
    pub fn looks(&self) -> &[Look] {
        &self.looks
    }

    pub(crate) fn at(&self, step: u64) -> Option<&Look> {
        let place = self.looks.binary_search_by_key(&step, |look| look.step).ok()?;
        self.looks.get(place)
    }

    fn take(&mut self, report: &LayerReport, look: Look, stride: u64) {
        self.reports += 1;
        let replaced = self.put(look, stride);
        if look.verdict.deviates() {
            let first = self.first_deviation.map_or(look.step, |first| first.min(look.step));
            self.first_deviation = Some(first);
        } else if replaced && self.first_deviation == Some(look.step) {
            self.first_deviation = self.seen_to_deviate();
        }
        if report.step >= self.latest.step {
            self.latest = report.without_profile();
        }
        if report.profile.is_some() && self.drawn.as_ref().is_none_or(|d| d.step <= report.step) {
            self.drawn = Some(report.clone());
        }
    }

    fn seen_to_deviate(&self) -> Option<u64> {
        let deviates = |look: &&Look| look.verdict.deviates();
        self.looks.iter().find(deviates).map(|look| look.step)
    }

    /// Puts a look in its place, also that of an earlier one. Whether it took the place of one.
    fn put(&mut self, look: Look, stride: u64) -> bool {
        if self.looks.last().is_none_or(|last| last.step < look.step) {
            // What stayed for being the last need not stay any more.
            if let [.., before, last] = self.looks.as_slice()
                && before.tick / stride == last.tick / stride
                && self.first_deviation != Some(last.step)
            {
                self.looks.pop();
            }
            self.looks.push(look);
            return false;
        }
        match self.looks.binary_search_by_key(&look.step, |look| look.step) {
            Ok(place) => {
                self.looks[place] = look;
                true
            }
            Err(place) => {
                self.looks.insert(place, look);
                false
            }
        }
    }

    /// Keeps the first look of every `stride` snapshots, the last one, and the first that deviates.
    fn thin(&mut self, stride: u64) {
        let last = self.looks.last().map(|look| look.step);
        let deviation = self.first_deviation;
        let mut group = None;
        self.looks.retain(|look| {
            let step = Some(look.step);
            let first = group.replace(look.tick / stride) != Some(look.tick / stride);
            first || step == last || step == deviation
        });
    }
}

impl Run {
    /// A run that keeps every step.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            layers: Vec::new(),
            places: HashMap::new(),
            marks: Vec::new(),
            snapshots: 0,
            looks: 0,
            stride: 1,
            bounded: false,
            findings: None,
            alerts: Alerts::new(usize::MAX),
            warnings: Kept::new(usize::MAX),
        }
    }

    /// A run that keeps about a thousand steps of each layer, however many there are. Of each group
    /// of neighbouring steps it keeps the first. It also keeps the last step and the first at which
    /// the layer deviates. It averages nothing.
    pub fn bounded(name: impl Into<String>) -> Self {
        let (alerts, warnings) = (Alerts::new(EVENTS), Kept::new(EVENTS));
        Self { bounded: true, alerts, warnings, ..Self::new(name) }
    }

    /// Adds a report, which replaces an earlier one of the same layer and step. Returns the layer.
    pub fn add(&mut self, report: &LayerReport) -> &Layer {
        let tick = self.tick(report.step);
        let path = report.layer.path();
        let place = match self.places.get(&path) {
            Some(place) => *place,
            None => {
                self.layers.push(Layer::new(path.clone(), report));
                self.places.insert(path, self.layers.len() - 1);
                self.layers.len() - 1
            }
        };
        let layer = &mut self.layers[place];
        let before = layer.looks.len();
        layer.take(report, Look::of(report, tick), self.stride);
        self.looks = self.looks + layer.looks.len() - before;
        let longest = layer.looks.len();
        if self.bounded && longest > 2 && (longest > STEPS || self.looks > LOOKS) {
            self.thin();
        }
        &self.layers[place]
    }

    /// Number of the snapshot of this step: of one that comes late, that of the step before it.
    fn tick(&mut self, step: u64) -> u64 {
        match self.marks.last() {
            Some((last, tick)) if *last == step => *tick,
            Some((last, _)) if *last > step => {
                let after = self.marks.partition_point(|(known, _)| *known <= step);
                after.checked_sub(1).and_then(|at| self.marks.get(at)).map_or(0, |(_, tick)| *tick)
            }
            _ => {
                // Like the looks: the first of each group, and the last.
                if let [.., before, last] = self.marks.as_slice()
                    && before.1 / self.stride == last.1 / self.stride
                {
                    self.marks.pop();
                }
                self.snapshots += 1;
                self.marks.push((step, self.snapshots - 1));
                self.snapshots - 1
            }
        }
    }

    fn thin(&mut self) {
        self.stride *= 2;
        let stride = self.stride;
        self.layers.iter_mut().for_each(|layer| layer.thin(stride));
        self.looks = self.layers.iter().map(|layer| layer.looks.len()).sum();
        let kept: BTreeSet<u64> = self.steps().into_iter().collect();
        let last = self.marks.last().copied();
        self.marks.retain(|mark| kept.contains(&mark.0) || Some(*mark) == last);
    }

    /// Drops the reports of a layer from this step on, because a later session repeats these steps.
    pub fn retake(&mut self, path: &str, step: u64) {
        let Some(layer) = self.places.get(path).and_then(|place| self.layers.get_mut(*place))
        else {
            return;
        };
        self.looks -= layer.looks.len();
        layer.looks.retain(|look| look.step < step);
        self.looks += layer.looks.len();
        layer.first_deviation = layer.first_deviation.filter(|first| *first < step);
        layer.drawn.take_if(|drawn| drawn.step >= step);
        // The report that follows is the latest, though it is of an earlier step.
        layer.latest.step = layer.latest.step.min(step);
    }

    /// Name of the run.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the run has no report.
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// The layers, in the order of their first reports.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Adds an alert. Alerts must come in order of step.
    pub fn alert(&mut self, alert: Alert) {
        self.alerts.push(alert);
    }

    /// Replaces the findings, and sets the text of a run without findings. A run that was never watched has neither.
    pub fn found(&mut self, findings: Vec<Finding>, nothing: &'static str) {
        self.findings = Some((findings, nothing));
    }

    /// Adds a warning of the monitor.
    pub fn warn(&mut self, warning: Warning) {
        self.warnings.push(warning);
    }

    pub(crate) fn layer(&self, path: &str) -> Option<&Layer> {
        self.places.get(path).and_then(|place| self.layers.get(*place))
    }

    /// Steps of which something is kept, in order.
    pub(crate) fn steps(&self) -> Vec<u64> {
        let looks = self.layers.iter().flat_map(|layer| &layer.looks);
        let steps: BTreeSet<u64> = looks.map(|look| look.step).collect();
        steps.into_iter().collect()
    }

    /// How many steps there were, also those of which nothing is kept.
    pub(crate) fn snapshots(&self) -> u64 {
        if self.stride == 1 { self.steps().len() as u64 } else { self.snapshots }
    }

    /// Of how many neighbouring snapshots one is kept.
    pub(crate) fn stride(&self) -> u64 {
        self.stride
    }

    /// The last report of each layer.
    pub(crate) fn latest(&self) -> impl Iterator<Item = &LayerReport> + Clone {
        self.layers.iter().map(|layer| &layer.latest)
    }

    /// First step at which a layer deviated.
    pub(crate) fn first_deviation(&self) -> Option<u64> {
        self.layers.iter().filter_map(|layer| layer.first_deviation).min()
    }
}
