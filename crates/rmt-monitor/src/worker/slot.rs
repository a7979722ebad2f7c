//! A sink as the worker calls it: whatever it does is caught and counted.

use crate::error::SinkError;
use crate::guard::{guarded, lock};
use crate::record::Record;
use crate::shared::Shared;
use crate::sinks::Sink;
use crate::summary::SinkCounts;
use std::collections::HashSet;

/// Reason of the loss of what a sink that panicked is not given.
const PANICKED: &str = "panicked";

/// A sink, and how often it failed.
pub(super) struct Slot {
    pub(super) sink: Box<dyn Sink>,
    /// Its own, with a number where another sink has that name.
    pub(super) name: String,
    failures: u64,
    /// Whether its last call failed, and how often it came back from that.
    failing: bool,
    recoveries: u64,
    /// Records that it took since it was last flushed.
    unflushed: u64,
    /// It panicked and is not called again.
    gone: bool,
}

impl Slot {
    pub(super) fn all(sinks: Vec<Box<dyn Sink>>) -> Vec<Self> {
        let mut names = HashSet::new();
        let slot = |sink: Box<dyn Sink>| {
            let own = sink.name().to_owned();
            let mut name = own.clone();
            let mut number = 1;
            while !names.insert(name.clone()) {
                number += 1;
                name = format!("{own}#{number}");
            }
            Self {
                sink,
                name,
                failures: 0,
                failing: false,
                recoveries: 0,
                unflushed: 0,
                gone: false,
            }
        };
        sinks.into_iter().map(slot).collect()
    }

    pub(super) fn write(&mut self, shared: &Shared, step: u64, record: &Record<'_>) {
        self.count(shared, |counts| counts.records += 1);
        if self.gone {
            self.count(shared, |counts| counts.lose(PANICKED, 1));
            return;
        }
        match guarded(|| self.sink.write(record)) {
            Ok(Ok(())) => {
                self.unflushed += 1;
                self.count(shared, |counts| counts.written += 1);
                self.recovered(shared, step);
            }
            Ok(Err(error)) => {
                // What it held of earlier records went with this one.
                let earlier = error.records().saturating_sub(1).min(self.unflushed);
                self.lose(shared, &error.reason(), earlier, 1);
                self.unflushed -= earlier;
                self.failed(shared, step, &error.to_string());
            }
            Err(said) => {
                self.lose(shared, PANICKED, 0, 1);
                self.panicked(shared, step, &said);
            }
        }
    }

    pub(super) fn flush(&mut self, shared: &Shared, step: u64) {
        if self.gone {
            return;
        }
        let held = std::mem::take(&mut self.unflushed);
        match guarded(|| self.sink.flush()) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                let lost = match error {
                    SinkError::Several { records, .. } => records.min(held),
                    _ => held,
                };
                self.lose(shared, &error.reason(), lost, 0);
                self.failed(shared, step, &error.to_string());
            }
            Err(said) => {
                self.lose(shared, PANICKED, held, 0);
                self.panicked(shared, step, &said);
            }
        }
    }

    fn count(&self, shared: &Shared, change: impl FnOnce(&mut SinkCounts)) {
        let mut progress = lock(&shared.progress);
        match progress.sinks.get_mut(&self.name) {
            Some(counts) => change(counts),
            None => change(progress.sinks.entry(self.name.clone()).or_default()),
        }
    }

    /// Counts as lost what was counted as written `before`, and what is lost `now`.
    fn lose(&self, shared: &Shared, reason: &str, before: u64, now: u64) {
        self.count(shared, |counts| {
            counts.written = counts.written.saturating_sub(before);
            counts.lose(reason, before + now);
        });
    }

    fn panicked(&mut self, shared: &Shared, step: u64, said: &str) {
        self.gone = true;
        self.failed(shared, step, &format!("it panicked and is not called again: {said}"));
    }

    fn failed(&mut self, shared: &Shared, step: u64, problem: &str) {
        self.failing = true;
        self.failures += 1;
        let (name, count) = (&self.name, self.failures);
        lock(&shared.progress).sink_failures.insert(name.clone(), count);
        // The first failure, then each time their number has doubled.
        if count.is_power_of_two() {
            shared.warn(step, format!("sink {name}: {problem} (failure {count})"));
        }
    }

    fn recovered(&mut self, shared: &Shared, step: u64) {
        if std::mem::take(&mut self.failing) {
            self.recoveries += 1;
            // A warning too: unlike those of the failures, the log can have it.
            if self.recoveries.is_power_of_two() {
                let (name, failures) = (&self.name, self.failures);
                let again = format!("sink {name} writes again, after {failures} failures so far");
                shared.warn(step, again);
            }
        }
    }
}
