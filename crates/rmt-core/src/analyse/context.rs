//! The input of an analysis beside the matrix, and its result.

use crate::notes::Note;
use crate::report::{MatrixReport, Profile, Verdict};
use crate::statistics::activation::Activation;
use crate::statistics::drift::Reference;
use crate::tracking::{Tracker, TrackingOptions};

/// Further input of an analysis, and requests for further output.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Context<'a> {
    /// The snapshot that drift is measured against.
    pub reference: Option<&'a Reference>,
    /// The snapshot before this one.
    pub previous: Option<&'a Reference>,
    /// Whether the analysis gives a [`Reference`] of this matrix for later ones.
    pub keep: bool,
    /// Inputs of the layer.
    pub activation: Option<&'a Activation>,
    /// What to follow of the matrix until the next full analysis.
    pub tracking: Option<TrackingOptions>,
    /// Whether a deviating matrix is compared with copies of itself, which separates structure from
    /// scale. True by default.
    pub ladder: bool,
    /// Whether the change since [`reference`](Self::reference) is compared with copies of itself as
    /// well. False by default.
    pub change_ladder: bool,
    /// Whether the profile has the band of the copies' spectra ([`Profile::copies`]), for a
    /// picture. False by default.
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

    /// Requests [`Analysis::reference`].
    #[must_use]
    pub fn with_keep(mut self, keep: bool) -> Self {
        self.keep = keep;
        self
    }

    /// Requests [`Analysis::tracker`].
    #[must_use]
    pub fn with_tracking(mut self, tracking: Option<TrackingOptions>) -> Self {
        self.tracking = tracking;
        self
    }

    /// Sets whether a deviating matrix is compared with copies of itself ([`signs`](crate::signs)).
    /// The comparison costs several times the rest of the analysis, and nothing for a matrix that
    /// looks random.
    #[must_use]
    pub fn with_ladder(mut self, ladder: bool) -> Self {
        self.ladder = ladder;
        self
    }

    /// Requests [`ChangeSpectrum::structure`](crate::statistics::drift::ChangeSpectrum::structure)
    /// of the change since the reference. It costs as much as [`with_ladder`](Self::with_ladder)
    /// costs for the matrix itself.
    #[must_use]
    pub fn with_change_ladder(mut self, change_ladder: bool) -> Self {
        self.change_ladder = change_ladder;
        self
    }

    /// Requests [`Profile::copies`] for a deviating matrix that is compared with copies of itself.
    /// It costs the singular values of five matrices.
    #[must_use]
    pub fn with_band(mut self, band: bool) -> Self {
        self.band = band;
        self
    }

    /// Measures the overlap of the right singular vectors with the input of the layer. The vectors
    /// are then computed even if [`AnalysisOptions::vectors`](crate::AnalysisOptions::vectors) is
    /// false.
    ///
    /// For N features it needs four N×N matrices of doubles, 32·N² bytes, beside the singular
    /// vectors of the weights and the two matrices of the activation. For a square weight matrix
    /// the peak is six matrices of its size, instead of four without an activation. It takes the
    /// time of three symmetric eigendecompositions with vectors.
    #[must_use]
    pub fn with_activation(mut self, activation: Option<&'a Activation>) -> Self {
        self.activation = activation;
        self
    }
}

/// The result of an analysis.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Analysis {
    /// All statistics.
    pub report: MatrixReport,
    /// Singular values and p-values of vectors; empty if there are none.
    pub profile: Profile,
    /// This snapshot, to measure later ones against. It exists only if the [`Context`] requests it
    /// and the matrix could be decomposed.
    pub reference: Option<Reference>,
    /// The state for [`track`](crate::Analyser::track) until the next full analysis. It exists only
    /// if the [`Context`] requests it, and the matrix has a bulk and is large enough for tracking
    /// to pay.
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
