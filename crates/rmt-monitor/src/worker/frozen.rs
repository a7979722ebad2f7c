//! Layers that training leaves alone: analysed once, and again where their values change.

use crate::snapshot::WeightValues;
use rmt_core::LayerReport;
use std::collections::HashMap;

/// Of a layer that takes no gradients and whose values change all the same.
const SET_FROM_OUTSIDE: &str = "it takes no gradients, but its values change";

/// Every layer that was ever frozen and has not been trained since.
#[derive(Default)]
pub(super) struct FrozenLayers(HashMap<String, Known>);

enum Known {
    /// Its values, as a hash, and their report.
    Analysed { fingerprint: u64, report: Box<LayerReport> },
    /// Its values changed while it took no gradients: a copy of another layer, as target networks are.
    SetFromOutside,
}

/// What is known of a layer at a snapshot.
pub(super) enum Standing<'a> {
    Trained,
    SetFromOutside,
    /// Frozen, and not analysed yet.
    New,
    /// Frozen, with the values that this report is of.
    Unchanged(&'a LayerReport),
}

impl Standing<'_> {
    pub(super) fn frozen(&self) -> bool {
        matches!(self, Self::New | Self::Unchanged(_))
    }

    pub(super) fn note(&self) -> Option<&'static str> {
        matches!(self, Self::SetFromOutside).then_some(SET_FROM_OUTSIDE)
    }
}

impl FrozenLayers {
    /// `frozen` is what the snapshot says, `None` where it does not know.
    pub(super) fn standing(
        &mut self,
        path: &str,
        frozen: Option<bool>,
        values: &WeightValues,
    ) -> Standing<'_> {
        match (frozen, self.0.get(path)) {
            (Some(false), _) => {
                self.0.remove(path);
                return Standing::Trained;
            }
            (Some(true), None) => return Standing::New,
            (None, None) => return Standing::Trained,
            (_, Some(Known::Analysed { fingerprint, .. })) => {
                // Without gradients or not, what was written since is something else.
                if *fingerprint != values.fingerprint() {
                    self.0.insert(path.to_owned(), Known::SetFromOutside);
                }
            }
            (_, Some(Known::SetFromOutside)) => {}
        }
        match self.0.get(path) {
            Some(Known::Analysed { report, .. }) => Standing::Unchanged(report),
            _ if frozen == Some(true) => Standing::SetFromOutside,
            _ => Standing::Trained,
        }
    }

    /// Keeps the report of a frozen layer.
    pub(super) fn keep(&mut self, path: String, values: &WeightValues, report: LayerReport) {
        let (fingerprint, report) = (values.fingerprint(), Box::new(report));
        self.0.insert(path, Known::Analysed { fingerprint, report });
    }
}
