//! The alerts of one kind together, and what to do about them.

use super::{Alert, AlertKind, AlertLevel};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The text of a run without findings.
pub const NOTHING_FOUND: &str = "Nothing was found in the weights that asks for a change.";

/// Layers that are named.
const NAMED: usize = 8;

/// What was found in a run: the alerts of one kind, with what they may mean and what to check next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// Its name.
    pub finding: AlertKind,
    /// How much it matters.
    pub level: AlertLevel,
    /// In a few words.
    pub title: String,
    /// The step of the first alert.
    pub step: u64,
    /// What was seen there: the figure, and the layer.
    pub seen: String,
    /// The first eight layers, in the order in which they were found.
    pub layers: Vec<String>,
    /// How many there are.
    pub layers_total: u64,
    /// What it may mean.
    pub means: String,
    /// What to check next.
    pub check: String,
    /// On what evidence.
    pub basis: String,
    /// Where the guide explains it.
    pub link: String,
}

impl Finding {
    fn new(alert: &Alert) -> Self {
        let words = alert.alert.words();
        Self {
            finding: alert.alert,
            level: alert.level,
            title: words.title.to_owned(),
            step: alert.step,
            seen: alert.message.clone(),
            layers: Vec::new(),
            layers_total: 0,
            means: words.means.to_owned(),
            check: words.check.to_owned(),
            basis: words.basis.to_string(),
            link: alert.alert.link(),
        }
    }

    /// The observation, its possible meaning, the next check and the evidence, each after a label.
    pub fn lines(&self) -> [(&'static str, String); 4] {
        let blank = |text: &str| if text.is_empty() { "" } else { " " };
        let others = self.others();
        [
            ("seen", format!("{}.{}{others}", self.seen, blank(&others))),
            ("may be", self.means.clone()),
            ("check", self.check.clone()),
            ("basis", format!("{} {}", self.basis, self.link)),
        ]
    }

    /// The other layers, in a sentence; empty where there are none.
    fn others(&self) -> String {
        let others = self.layers.get(1..).unwrap_or_default();
        let more = self.layers_total.saturating_sub(1 + others.len() as u64);
        match (others, more) {
            ([], _) => String::new(),
            (others, 0) => format!("Also: {}.", others.join(", ")),
            (others, more) => format!("Also: {} and {more} more.", others.join(", ")),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { level, step, title, finding, .. } = self;
        writeln!(f, "{}, step {step}: {title} ({})", level.name(), finding.name())?;
        self.lines().iter().try_for_each(|(word, text)| writeln!(f, "    {word:<7} {text}"))
    }
}

/// The findings of a run, as its alerts come.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    found: Vec<(Finding, std::collections::HashSet<String>)>,
}

impl Findings {
    /// Takes an alert.
    pub fn add(&mut self, alert: &Alert) {
        let known = self.found.iter().position(|(finding, _)| finding.finding == alert.alert);
        let place = known.unwrap_or_else(|| {
            self.found.push((Finding::new(alert), Default::default()));
            self.found.len() - 1
        });
        let Some((finding, layers)) = self.found.get_mut(place) else { return };
        if layers.insert(alert.layer.clone()) {
            finding.layers_total += 1;
            if finding.layers.len() < NAMED {
                finding.layers.push(alert.layer.clone());
            }
        }
    }

    /// Those so far: errors, then warnings, then what is worth knowing; each in order of step.
    pub fn all(&self) -> Vec<Finding> {
        let mut all: Vec<Finding> = self.found.iter().map(|(finding, _)| finding.clone()).collect();
        all.sort_by_key(|finding| (std::cmp::Reverse(finding.level), finding.step));
        all
    }
}

impl<'a> FromIterator<&'a Alert> for Findings {
    fn from_iter<I: IntoIterator<Item = &'a Alert>>(alerts: I) -> Self {
        let mut findings = Self::default();
        alerts.into_iter().for_each(|alert| findings.add(alert));
        findings
    }
}
