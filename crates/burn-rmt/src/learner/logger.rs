//! burn's metrics in the run of the monitor.

use crate::Monitor;
use burn_train::logger::{FileMetricLogger, MetricLogger};
use burn_train::metric::store::{EpochSummary, MetricsUpdate, Split};
use burn_train::metric::{MetricDefinition, MetricId, NumericEntry};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// burn's [`FileMetricLogger`], which also sends every numeric metric to a monitor's run.
/// [`Monitor::metric_logger`] makes one.
///
/// A tag is the metric's name and its data. `Loss/train` is the loss of one batch, at the optimizer
/// step that used the batch. `Loss/train_epoch` and `Loss/valid` cover a whole pass over the data,
/// at the step of the last training batch.
pub struct MonitorLogger {
    files: FileMetricLogger,
    monitor: Monitor,
    names: HashMap<MetricId, Arc<String>>,
    /// A training log without numbers, of a batch or of the epoch: what follows will tell.
    untold: bool,
}

impl std::fmt::Debug for MonitorLogger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MonitorLogger").field("monitor", &self.monitor).finish_non_exhaustive()
    }
}

impl MonitorLogger {
    pub(super) fn new(monitor: Monitor, directory: &Path) -> Self {
        let files = FileMetricLogger::new(directory);
        Self { files, monitor, names: HashMap::new(), untold: false }
    }

    fn forward(&mut self, update: &MetricsUpdate, split: &Split) {
        let Some(clock) = &self.monitor.clock else { return };
        if *split == Split::Train && update.entries_numeric.is_empty() {
            if std::mem::replace(&mut self.untold, true) {
                clock.log();
            }
            return;
        }
        let numbers = || update.entries_numeric.iter();
        // The end of a split is logged once more, with the value of each metric over all of it.
        let whole = numbers().any(|n| matches!(n.numeric_entry, Some(NumericEntry::Final(_))));
        let (step, of) = match (split, whole) {
            (Split::Train, false) => (clock.log(), "train"),
            (Split::Train, true) => (clock.logged(), "train_epoch"),
            (Split::Valid, true) => (clock.logged(), "valid"),
            // Of batches, all would be at one step; testing is not part of a run.
            (Split::Valid, false) | (Split::Test(_), _) => return,
        };
        for number in numbers() {
            let name = self.names.get(&number.entry.metric_id);
            if let (Some(name), Some(value)) = (name, &number.numeric_entry) {
                self.monitor.scalar(step, &format!("{name}/{of}"), value.current());
            }
        }
    }
}

impl MetricLogger for MonitorLogger {
    fn log(&mut self, update: MetricsUpdate, epoch: usize, split: &Split) {
        self.forward(&update, split);
        self.files.log(update, epoch, split);
    }

    fn read_numeric(
        &mut self,
        name: &str,
        epoch: usize,
        split: &Split,
    ) -> Result<Vec<NumericEntry>, String> {
        self.files.read_numeric(name, epoch, split)
    }

    fn log_metric_definition(&mut self, definition: MetricDefinition) {
        self.names.insert(definition.metric_id.clone(), definition.name.clone());
        self.files.log_metric_definition(definition);
    }

    fn log_epoch_summary(&mut self, summary: EpochSummary) {
        self.untold = false;
        if let (Split::Train, Some((engine, clock))) =
            (&summary.split, self.monitor.observer.engine().zip(self.monitor.clock.as_ref()))
        {
            engine.epoch_ended(summary.epoch_number as u64, clock.logged());
        }
        self.files.log_epoch_summary(summary);
    }
}
