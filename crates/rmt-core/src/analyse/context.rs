//! What an analysis is given beside the matrix, and what it gives.

use crate::notes::Note;
use crate::report::{MatrixReport, Profile, Verdict};
use crate::statistics::activation::Activation;
use crate::statistics::drift::Reference;
use crate::tracking::{Tracker, TrackingOptions};

/// What else is known of the matrix.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Context<'a> {
    /// The snapshot that drift is measured against.
    pub reference: Option<&'a Reference>,
    /// The snapshot before this one.
    pub previous: Option<&'a Reference>,
    /// Whether the analysis gives a [`Reference`] of this matrix for later ones.
    pub keep: bool,
    /// What entered the layer.
    pub activation: Option<&'a Activation>,
    /// What is to be followed of the matrix until the next full analysis.
    pub tracking: Option<TrackingOptions>,
    /// Whether a matrix that deviates is compared with copies of itself, which tell structure from scale. True by default.
    pub ladder: bool,
    /// Whether the change since [`reference`](Self::reference) is compared with copies of itself as well. False by default.
    pub change_ladder: bool,
    /// Whether the profile has the band of the copies' spectra, for a picture: [`Profile::copies`]. False by default.
    pub band: bool,
}

impl Default for Context<'_> {
    fn default() -> Self {
        let (reference, previous, activation, tracking) = (None, None, None, None);
        let (keep, ladder, change_ladder, band) = (false, true, false, false);
        Self { reference, previous, keep, activation, tracking, ladder, change_ladder, band }
    }
}

impl<'a> Context<'a> {
    /// Measures drift against `reference`.
    #[must_use]
    pub fn with_reference(mut self, reference: Option<&'a Reference>) -> Self {
        self.reference = reference;
        self
    }

    /// Measures the change since `previous` as well.
    #[must_use]
    pub fn with_previous(mut self, previous: Option<&'a Reference>) -> Self {
        self.previous = previous;
        self
    }

    /// Asks for [`Analysis::reference`].
    #[must_use]
    pub fn with_keep(mut self, keep: bool) -> Self {
        self.keep = keep;
        self
    }

    /// Asks for [`Analysis::tracker`].
    #[must_use]
    pub fn with_tracking(mut self, tracking: Option<TrackingOptions>) -> Self {
        self.tracking = tracking;
        self
    }

    /// Compares a matrix that deviates with copies of itself ([`signs`](crate::signs)), or does not. It costs several times
    /// the rest of the analysis, and nothing for a matrix that looks random.
    #[must_use]
    pub fn with_ladder(mut self, ladder: bool) -> Self {
        self.ladder = ladder;
        self
    }

    /// Asks for [`ChangeSpectrum::structure`](crate::statistics::drift::ChangeSpectrum::structure) of the change since the
    /// reference. It costs as much as [`with_ladder`](Self::with_ladder) does for the matrix itself.
    #[must_use]
    pub fn with_change_ladder(mut self, change_ladder: bool) -> Self {
        self.change_ladder = change_ladder;
        self
    }

    /// Asks for [`Profile::copies`] of a matrix that deviates and is compared with copies of itself. It costs the singular values
    /// of five matrices.
    #[must_use]
    pub fn with_band(mut self, band: bool) -> Self {
        self.band = band;
        self
    }

    /// Measures the overlap of the right singular vectors with the input of the layer; they are
    /// computed even if [`AnalysisOptions::vectors`](crate::AnalysisOptions::vectors) is false.
    ///
    /// For N features four N×N matrices of doubles, 32·N² bytes, are needed at a time beside the
    /// singular vectors of the weights and the activation's own two: of a square matrix, six of its
    /// size at the peak, where without an activation there are four. It takes the time of three
    /// symmetric eigendecompositions with vectors.
    #[must_use]
    pub fn with_activation(mut self, activation: Option<&'a Activation>) -> Self {
        self.activation = activation;
        self
    }
}

/// A report and the spectrum behind it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Analysis {
    /// The statistics.
    pub report: MatrixReport,
    /// Singular values and vector p-values; empty where there are none.
    pub profile: Profile,
    /// This snapshot, to measure later ones against; only if the [`Context`] asks for it, and
    /// where the matrix could be decomposed.
    pub reference: Option<Reference>,
    /// What the matrix can be followed by until the next full analysis; only if the [`Context`] asks for
    /// it, and where that is worth it: for a matrix that is large enough and has a bulk.
    pub tracker: Option<Tracker>,
}

impl Analysis {
    /// Of a matrix that could not be tested.
    pub(super) fn not_estimable(mut report: MatrixReport, reason: Note) -> Self {
        report.verdict = Verdict::NotEstimable;
        report.notes.push(reason);
        Self { report, profile: Profile::default(), reference: None, tracker: None }
    }
}
