//! The report of one matrix: a public, versioned schema.

mod family;

pub use crate::statistics::spectrum_test::SpectrumReport;
pub(crate) use family::SPECTRAL;
pub use family::{FAMILY, Test, TestName, Verdict};

use crate::layers::LayerId;
use crate::notes::Note;
use crate::signs::{Magnitudes, SignReport, SpectrumBand, StructureReport};
use crate::spectrum::Orientation;
use crate::statistics::activation::ActivationReport;
use crate::statistics::drift::{CorrelationTraps, Drift};
use crate::statistics::heavy_tail::HeavyTail;
use crate::statistics::signal::{Signal, Suppression};
use crate::statistics::spacing::Levels;
use crate::statistics::vectors::SideReport;
use serde::{Deserialize, Serialize};

/// Version of the report schema. Readers ignore keys that they do not know.
pub const SCHEMA: u32 = 1;

/// Every statistic of one matrix. A statistic that cannot be estimated is `None`, never NaN, and
/// `notes` has the reason, unless it follows from the shape alone: then the field says when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MatrixReport {
    /// [rows, columns] as stored.
    pub shape: [usize; 2],
    /// Which side is the input.
    pub orientation: Orientation,
    /// m.
    pub small_side: usize,
    /// n.
    pub large_side: usize,
    /// q = m/n.
    pub aspect: f64,
    /// σ by [`scale_estimator`](Self::scale_estimator), in the unit of the weights.
    pub scale: Option<f64>,
    /// Name of the estimator.
    pub scale_estimator: String,
    /// Standard deviation of the entries.
    pub scale_entries: Option<f64>,
    /// Excess kurtosis of the entries (−1.2 uniform, 0 normal): the edges and the law of the
    /// vectors are corrected for it.
    #[serde(default)]
    pub excess_kurtosis: Option<f64>,
    /// ν₋ = σ(√n − √m), displaced by the kurtosis.
    pub edge_low: Option<f64>,
    /// ν₊ = σ(√n + √m), likewise.
    pub edge_high: Option<f64>,
    /// ν_m.
    pub smallest: Option<f64>,
    /// ν₁.
    pub largest: Option<f64>,
    /// #{ν > ν₊}. Pure noise has one in about one matrix of six: never a decision by itself.
    pub outliers_above: Option<usize>,
    /// #{ν < ν₋}.
    pub outliers_below: Option<usize>,
    /// Values significantly above the bulk, at the family's level. They are removed one by one, with the
    /// scale estimated anew from the rest: so there may be more than `outliers_above`.
    pub significant_above: Option<usize>,
    /// Whether `significant_above` is a lower bound, cut off where half of the values were removed.
    #[serde(default)]
    pub significant_above_cut_off: bool,
    /// Values significantly below the bulk; 0 for a square matrix, which has no lower edge.
    pub significant_below: Option<usize>,
    /// Whether `significant_below` is a lower bound, cut off where half of the values were removed.
    #[serde(default)]
    pub significant_below_cut_off: bool,
    /// Family-wise level of the verdict.
    pub level: f64,
    /// p of the largest singular value.
    pub p_above: Option<f64>,
    /// p of the smallest singular value (the hard-edge law for a square matrix).
    pub p_below: Option<f64>,
    /// m·sup|F_m − F| against the Marchenko–Pastur law.
    pub bulk_distance: Option<f64>,
    /// Its simulated p.
    pub p_bulk: Option<f64>,
    /// Mean ratio of consecutive spacings (.5307 for random matrices, .3863 without repulsion).
    pub spacing_ratio: Option<f64>,
    /// Its distance from the random value in standard deviations.
    pub spacing_ratio_z: Option<f64>,
    /// Unfolded spacings, Brody's exponent and number variance; null with fewer than 92 values.
    #[serde(default)]
    pub levels: Option<Levels>,
    /// Singular vectors on the layer's output side.
    pub left: Option<SideReport>,
    /// Singular vectors on the layer's input side.
    pub right: Option<SideReport>,
    /// The signal behind each significant value above, the largest first.
    pub signal: Vec<Signal>,
    /// The suppressed variance behind each significant value below, the smallest first.
    #[serde(default)]
    pub suppression: Vec<Suppression>,
    /// Singular values above the Gavish–Donoho threshold λ*·σ√n: the rank that a hard threshold
    /// keeps for the least mean square error.
    #[serde(default)]
    pub threshold_rank: Option<usize>,
    /// Norms, ranks and the power-law exponent under WeightWatcher's names.
    pub heavy_tail: Option<HeavyTail>,
    /// What enters the layer, and the overlap of the right singular vectors with it.
    #[serde(default)]
    pub activation: Option<ActivationReport>,
    /// Change since the reference snapshot, and since the previous one.
    pub drift: Option<Drift>,
    /// Outliers above that a permutation of the entries leaves.
    #[serde(default)]
    pub traps: Option<CorrelationTraps>,
    /// The scale of rows and columns, and what is unusual in it; null where the ladder was not climbed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub magnitudes: Option<Magnitudes>,
    /// The matrix among copies of itself; null where the ladder was not climbed, or where independent entries are not
    /// rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signs: Option<SignReport>,
    /// Directions that no scale of rows and columns explains: none where independent entries are not rejected; null where the
    /// ladder was not climbed and they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structure: Option<StructureReport>,
    /// Which fields are of this step where the analysis was not full; null where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracked: Option<Tracked>,
    /// The family that `verdict` corrects over; only tests that could be made.
    pub tests: Vec<Test>,
    /// The conclusion.
    pub verdict: Verdict,
    /// Reasons and warnings, in words. What is so for every matrix of the shape is no note.
    pub notes: Vec<Note>,
}

/// What was followed where an analysis was not full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Tracked {
    /// Step of the last full analysis, where the caller counts steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// Fields refreshed at this tracked snapshot. The others are null; tests that are not among them are
    /// as the last full analysis left them.
    pub fields: Vec<String>,
    /// Bound of the relative error of the largest singular value: ‖WWᵀu − ν²u‖/(2ν²).
    pub error_above: f64,
    /// The same of the smallest one; null where it is not followed.
    #[serde(default)]
    pub error_below: Option<f64>,
}

impl MatrixReport {
    /// The test called `name`, if it was made.
    pub fn test(&self, name: &TestName) -> Option<&Test> {
        self.tests.iter().find(|test| test.name == *name)
    }

    /// Whether the test called `name` was made and rejects.
    pub fn rejects(&self, name: &TestName) -> bool {
        self.test(name).is_some_and(|test| test.rejected)
    }
}

/// The full spectrum behind a report, for histograms and pictures.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Profile {
    /// ν₁ ≥ … ≥ ν_m.
    pub singular_values: Vec<f64>,
    /// Spectra of sign-flipped copies of what is left of the matrix without structure, where they were asked for and the
    /// ladder was climbed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copies: Option<SpectrumBand>,
    /// Kolmogorov–Smirnov p-value of each left vector, in the same order.
    pub left_p: Vec<f64>,
    /// Of each right vector.
    pub right_p: Vec<f64>,
    /// Rank (from 0) of the first vector of each window of neighbouring vectors.
    #[serde(default)]
    pub window_starts: Vec<usize>,
    /// p-value of the pooled entries of each window of left vectors: where along the spectrum the
    /// vectors stop being random.
    #[serde(default)]
    pub left_windows: Vec<f64>,
    /// Of each window of right vectors.
    #[serde(default)]
    pub right_windows: Vec<f64>,
    /// Largest overlap of each right vector with an eigenvector of the layer's input, in the order of
    /// the singular values; those that vanish are left out.
    #[serde(default)]
    pub overlaps: Vec<f64>,
    /// Standard error of each overlap; empty where it is not known.
    #[serde(default)]
    pub overlap_errors: Vec<f64>,
    /// Projection ‖P v_k‖² of each right vector onto each of the subspaces in
    /// [`ActivationReport::projections`].
    #[serde(default)]
    pub projections: Vec<Vec<f64>>,
    /// Eigenvalues of the input's covariance that are not 0, descending.
    #[serde(default)]
    pub activation_spectrum: Vec<f64>,
}

/// The report of one watched layer at one step: a row of `metrics.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LayerReport {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Number of the program run that wrote the row, from 0; a reader keeps the highest per step.
    pub session: u32,
    /// Optimizer updates made before the weights were taken.
    pub step: u64,
    /// Which matrix.
    #[serde(flatten)]
    pub layer: LayerId,
    /// Storage type of the weights, such as `f32`.
    pub dtype: String,
    /// The statistics.
    #[serde(flatten)]
    pub report: MatrixReport,
    /// The spectrum behind them; not part of the row.
    #[serde(skip)]
    pub profile: Option<Profile>,
}

impl LayerReport {
    /// A row in the current schema.
    pub fn new(
        session: u32,
        step: u64,
        layer: LayerId,
        dtype: String,
        report: MatrixReport,
    ) -> Self {
        Self { schema: SCHEMA, session, step, layer, dtype, report, profile: None }
    }

    /// A copy of the row alone, without its spectrum.
    #[must_use]
    pub fn without_profile(&self) -> Self {
        let (layer, report) = (self.layer.clone(), self.report.clone());
        Self { layer, report, profile: None, dtype: self.dtype.clone(), ..*self }
    }

    /// The same row with its spectrum.
    #[must_use]
    pub fn with_profile(mut self, profile: Profile) -> Self {
        self.profile = Some(profile);
        self
    }
}
