//! A pair as JSON.

use super::pair::Compared;
use rmt_core::LayerReport;
use rmt_core::layers::LayerId;
use rmt_core::statistics::drift::Drift;
use serde::Serialize;

/// A row: the matrix, whether it was compared, its drift and both reports in the public schema.
#[derive(Serialize)]
pub(super) struct Row<'a> {
    #[serde(flatten)]
    layer: &'a LayerId,
    status: &'static str,
    reason: Option<String>,
    shape: [usize; 2],
    drift: Option<&'a Drift>,
    before: Option<&'a LayerReport>,
    after: Option<&'a LayerReport>,
}

impl<'a> From<&'a Compared> for Row<'a> {
    fn from(compared: &'a Compared) -> Self {
        let Compared { layer, shape, status, drift, before, after } = compared;
        Self {
            layer,
            status: status.name(),
            reason: status.reason(),
            shape: *shape,
            drift: drift.as_ref(),
            before: before.as_ref(),
            after: after.as_ref(),
        }
    }
}
