//! Alerts of a run, and warnings of its monitor.

use std::collections::VecDeque;

/// Severity of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Normal for training, and worth knowing.
    Info,
    /// Worth checking.
    Warning,
    /// Training is broken.
    Error,
}

impl Level {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// An event in the training of a matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Step of the report that shows it.
    pub step: u64,
    /// Dotted path of the matrix.
    pub layer: String,
    /// The event in few words.
    pub what: String,
    /// Severity.
    pub level: Level,
    /// The message, with the figures.
    pub message: String,
}

/// A finding of a run, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its severity.
    pub level: Level,
    /// In a few words.
    pub title: String,
    /// Its name in files.
    pub name: String,
    /// The step of the first alert.
    pub step: u64,
    /// What was seen, and what it may mean, what to check and on what evidence, each under its word.
    pub lines: Vec<(&'static str, String)>,
}

/// A fault of the monitor, not of training.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Step of the fault.
    pub step: u64,
    /// The fault and the layer, in words.
    pub message: String,
}

/// The latest of many.
#[derive(Debug, Clone)]
pub(crate) struct Kept<T> {
    latest: VecDeque<T>,
    most: usize,
    /// How many are kept no longer.
    left_out: u64,
}

impl<T> Kept<T> {
    pub(crate) fn new(most: usize) -> Self {
        Self { latest: VecDeque::new(), most, left_out: 0 }
    }

    /// Keeps one more; gives the one that is kept no longer.
    pub(crate) fn push(&mut self, new: T) -> Option<T> {
        self.latest.push_back(new);
        let gone = if self.latest.len() > self.most { self.latest.pop_front() } else { None };
        self.left_out += u64::from(gone.is_some());
        gone
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.latest.iter()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.latest.is_empty()
    }

    /// How many there were.
    pub(crate) fn total(&self) -> u64 {
        self.latest.len() as u64 + self.left_out
    }

    /// A sentence where some are left out.
    pub(crate) fn note(&self, file: &str) -> String {
        match self.left_out {
            0 => String::new(),
            _ => format!(" The latest {} of {}; {file} has all.", self.latest.len(), self.total()),
        }
    }
}

/// Alerts, the latest of many in full.
#[derive(Debug, Clone)]
pub(crate) struct Alerts {
    pub(crate) kept: Kept<Alert>,
    warnings: u64,
    errors: u64,
}

impl Alerts {
    pub(crate) fn new(most: usize) -> Self {
        Self { kept: Kept::new(most), warnings: 0, errors: 0 }
    }

    pub(crate) fn push(&mut self, alert: Alert) {
        self.warnings += u64::from(alert.level == Level::Warning);
        self.errors += u64::from(alert.level == Level::Error);
        self.kept.push(alert);
    }

    /// How many warnings and errors there were.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.warnings, self.errors)
    }
}
