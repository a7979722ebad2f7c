//! The monitor's state as a metric for burn's renderers.

use crate::Monitor;
use burn_core::tensor::TensorReadError;
use burn_train::metric::{Metric, MetricMetadata, MetricName, SerializedEntry};
use std::sync::Arc;

/// Shows how many layers deviate from random matrix theory, how many steps the monitor is behind,
/// and how many matrices it dropped. [`Monitor::metric`] makes one.
#[derive(Clone, Debug)]
pub struct MonitorMetric {
    monitor: Monitor,
    name: MetricName,
}

impl MonitorMetric {
    pub(super) fn new(monitor: Monitor) -> Self {
        Self { monitor, name: Arc::new("RMT monitor".to_owned()) }
    }

    fn entry(&self) -> SerializedEntry {
        let status = self.monitor.status();
        SerializedEntry::new(status.to_string(), status.to_string())
    }
}

impl Metric for MonitorMetric {
    type Input = ();

    fn name(&self) -> MetricName {
        self.name.clone()
    }

    fn description(&self) -> Option<String> {
        Some("Layers whose weights deviate from random matrix theory".to_owned())
    }

    fn update(
        &mut self,
        _item: &(),
        _metadata: &MetricMetadata,
    ) -> Result<SerializedEntry, TensorReadError> {
        Ok(self.entry())
    }

    fn compute(&mut self) -> Result<SerializedEntry, TensorReadError> {
        Ok(self.entry())
    }

    fn clear(&mut self) {}
}
