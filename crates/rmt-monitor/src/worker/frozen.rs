//! Matrices that training leaves alone: analysed once, and again where their values change.

use crate::snapshot::WeightValues;
use rmt_core::LayerReport;

/// Of a matrix that takes no gradients and whose values change all the same.
const SET_FROM_OUTSIDE: &str = "it takes no gradients, but its values change";

/// A matrix that was frozen and has not been trained since.
#[derive(Default)]
pub(super) enum Frozen {
    /// It was not.
    #[default]
    Never,
    /// Its values, as a hash, and their report.
    Analysed { fingerprint: u64, report: Box<LayerReport> },
    /// Its values changed while it took no gradients: a copy of another layer, as target networks are.
    SetFromOutside,
}

/// Where a matrix stands at a snapshot.
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

impl Frozen {
    /// `frozen` is what the snapshot says, `None` where it does not know.
    pub(super) fn standing(&mut self, frozen: Option<bool>, values: &WeightValues) -> Standing<'_> {
        match self {
            _ if frozen == Some(false) => *self = Self::Never,
            // Without gradients or not, what was written since is something else.
            Self::Analysed { fingerprint, .. } if *fingerprint != values.fingerprint() => {
                *self = Self::SetFromOutside;
            }
            _ => {}
        }
        match self {
            Self::Analysed { report, .. } => Standing::Unchanged(report),
            _ if frozen != Some(true) => Standing::Trained,
            Self::Never => Standing::New,
            Self::SetFromOutside => Standing::SetFromOutside,
        }
    }

    /// Keeps the report of a frozen matrix.
    pub(super) fn keep(&mut self, values: &WeightValues, report: LayerReport) {
        let (fingerprint, report) = (values.fingerprint(), Box::new(report));
        *self = Self::Analysed { fingerprint, report };
    }
}
