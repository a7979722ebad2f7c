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

/// All statistics of one matrix. A statistic that cannot be estimated is `None`, never NaN, and
/// `notes` has the reason. If the reason follows from the shape alone, the field's documentation
/// states it instead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MatrixReport {
    /// [rows, columns] as stored.
    pub shape: [usize; 2],
    /// The input side.
    pub orientation: Orientation,
    /// The smaller side m.
    pub small_side: usize,
    /// The larger side n.
    pub large_side: usize,
    /// The aspect ratio q = m/n.
    pub aspect: f64,
    /// σ by [`scale_estimator`](Self::scale_estimator), in the unit of the weights.
    pub scale: Option<f64>,
    /// Name of the estimator.
    pub scale_estimator: String,
    /// Standard deviation of the entries.
    pub scale_entries: Option<f64>,
    /// Excess kurtosis of the entries: −1.2 for a uniform law, 0 for a normal law. The edges and
    /// the law of the vectors are corrected for it.
    #[serde(default)]
    pub excess_kurtosis: Option<f64>,
    /// The lower edge of the bulk, ν₋ = σ(√n − √m), corrected for the kurtosis.
    pub edge_low: Option<f64>,
    /// The upper edge of the bulk, ν₊ = σ(√n + √m), corrected for the kurtosis.
    pub edge_high: Option<f64>,
    /// The smallest singular value ν_m.
    pub smallest: Option<f64>,
    /// The largest singular value ν₁.
    pub largest: Option<f64>,
    /// Number of singular values above the edge, #{ν > ν₊}. About one matrix of pure noise in six
    /// has one, so this count never decides anything by itself.
    pub outliers_above: Option<usize>,
    /// Number of singular values below the edge, #{ν < ν₋}.
    pub outliers_below: Option<usize>,
    /// Number of singular values significantly above the bulk, at the family's level. They are
    /// removed one by one, and the scale is estimated anew from the rest each time, so the count
    /// can exceed `outliers_above`.
    pub significant_above: Option<usize>,
    /// Whether `significant_above` is a lower bound, because the count stopped at half of all
    /// values.
    #[serde(default)]
    pub significant_above_cut_off: bool,
    /// Number of singular values significantly below the bulk; 0 for a square matrix, which has no
    /// lower edge.
    pub significant_below: Option<usize>,
    /// Whether `significant_below` is a lower bound, because the count stopped at half of all
    /// values.
    #[serde(default)]
    pub significant_below_cut_off: bool,
    /// Family-wise level of the verdict.
    pub level: f64,
    /// p-value of the largest singular value.
    pub p_above: Option<f64>,
    /// p-value of the smallest singular value, by the hard-edge law for a square matrix.
    pub p_below: Option<f64>,
    /// Distance m·sup|F_m − F| of the spectrum from the Marchenko–Pastur law.
    pub bulk_distance: Option<f64>,
    /// Simulated p-value of `bulk_distance`.
    pub p_bulk: Option<f64>,
    /// Mean ratio of consecutive spacings: .5307 for random matrices, .3863 without repulsion.
    pub spacing_ratio: Option<f64>,
    /// Distance of `spacing_ratio` from its value for random matrices, in standard deviations.
    pub spacing_ratio_z: Option<f64>,
    /// Unfolded spacings, Brody's exponent and number variance; null with fewer than 92 singular
    /// values.
    #[serde(default)]
    pub levels: Option<Levels>,
    /// Singular vectors on the layer's output side.
    pub left: Option<SideReport>,
    /// Singular vectors on the layer's input side.
    pub right: Option<SideReport>,
    /// The signal behind each significant value above, in descending order.
    pub signal: Vec<Signal>,
    /// The suppressed variance behind each significant value below, in ascending order.
    #[serde(default)]
    pub suppression: Vec<Suppression>,
    /// Number of singular values above the Gavish–Donoho threshold λ*·σ√n, the hard threshold with
    /// the least mean square error.
    #[serde(default)]
    pub threshold_rank: Option<usize>,
    /// Norms, ranks and the power-law exponent under WeightWatcher's names.
    pub heavy_tail: Option<HeavyTail>,
    /// The inputs of the layer, and the overlap of the right singular vectors with them.
    #[serde(default)]
    pub activation: Option<ActivationReport>,
    /// The change since the first snapshot, and since the previous one.
    pub drift: Option<Drift>,
    /// Outliers above that remain when the entries are permuted.
    #[serde(default)]
    pub traps: Option<CorrelationTraps>,
    /// The scale of rows and columns, and unusual ones among them; null if the matrix was not
    /// compared with copies of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub magnitudes: Option<Magnitudes>,
    /// The matrix among copies of itself; null if it was not compared with them, or does not
    /// deviate from independent entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signs: Option<SignReport>,
    /// Directions that no scale of rows and columns explains. There are none if the matrix does not
    /// deviate from independent entries. Null if it deviates and was not compared with copies of
    /// itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structure: Option<StructureReport>,
    /// The fields that a tracked snapshot refreshed; null for a full analysis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracked: Option<Tracked>,
    /// The tests that `verdict` corrects over, as far as they could be made.
    pub tests: Vec<Test>,
    /// The verdict.
    pub verdict: Verdict,
    /// Reasons and warnings, in words. A fact that holds for every matrix of the shape is no note.
    pub notes: Vec<Note>,
}

/// The result of a tracked snapshot, which is not analysed in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Tracked {
    /// Step of the last full analysis, if the caller counts steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// Fields refreshed at this snapshot. The other fields are null. Other tests keep the result of
    /// the last full analysis.
    pub fields: Vec<String>,
    /// Bound on the relative error of the largest singular value: ‖WWᵀu − ν²u‖/(2ν²).
    pub error_above: f64,
    /// Bound on the relative error of the smallest singular value; null if it is not followed.
    #[serde(default)]
    pub error_below: Option<f64>,
}

impl MatrixReport {
    /// The test with this name, if it was made.
    pub fn test(&self, name: &TestName) -> Option<&Test> {
        self.tests.iter().find(|test| test.name == *name)
    }

    /// Whether the test with this name was made and rejects.
    pub fn rejects(&self, name: &TestName) -> bool {
        self.test(name).is_some_and(|test| test.rejected)
    }
}

/// The full spectrum behind a report, for histograms and pictures. A vector that is missing is
/// empty.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Profile {
    /// The singular values ν₁ ≥ … ≥ ν_m.
    pub singular_values: Vec<f64>,
    /// Range of the spectra of sign-flipped copies of the matrix without its structure, if it was
    /// requested and the matrix was compared with copies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copies: Option<SpectrumBand>,
    /// Kolmogorov–Smirnov p-value of each left vector, in the order of the singular values.
    pub left_p: Vec<f64>,
    /// Kolmogorov–Smirnov p-value of each right vector.
    pub right_p: Vec<f64>,
    /// Rank, from 0, of the first vector of each window of neighbouring vectors.
    #[serde(default)]
    pub window_starts: Vec<usize>,
    /// p-value of the pooled entries of each window of left vectors. It shows where along the
    /// spectrum the vectors stop being random.
    #[serde(default)]
    pub left_windows: Vec<f64>,
    /// p-value of the pooled entries of each window of right vectors.
    #[serde(default)]
    pub right_windows: Vec<f64>,
    /// Largest overlap of each right vector with an eigenvector of the layer's input covariance, in
    /// the order of the singular values. Vectors of vanishing singular values are left out.
    #[serde(default)]
    pub overlaps: Vec<f64>,
    /// Standard error of each overlap; empty if unknown.
    #[serde(default)]
    pub overlap_errors: Vec<f64>,
    /// Projection ‖P v_k‖² of each right vector onto each of the subspaces in
    /// [`ActivationReport::projections`].
    #[serde(default)]
    pub projections: Vec<Vec<f64>>,
    /// Nonzero eigenvalues of the input's covariance, in descending order.
    #[serde(default)]
    pub activation_spectrum: Vec<f64>,
}

/// The report of one watched layer at one step: a row of `metrics.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LayerReport {
    /// Version of the schema, [`SCHEMA`].
    pub schema: u32,
    /// Session that wrote the row, from 0. A reader keeps the highest session per step.
    pub session: u32,
    /// Number of optimizer updates made before the weights were taken.
    pub step: u64,
    /// Identity of the matrix.
    #[serde(flatten)]
    pub layer: LayerId,
    /// Storage type of the weights, such as `f32`.
    pub dtype: String,
    /// All statistics.
    #[serde(flatten)]
    pub report: MatrixReport,
    /// The spectrum behind the statistics. It is not part of the row.
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

    /// A copy of the row without its spectrum.
    #[must_use]
    pub fn without_profile(&self) -> Self {
        let (layer, report) = (self.layer.clone(), self.report.clone());
        Self { layer, report, profile: None, dtype: self.dtype.clone(), ..*self }
    }

    /// The row with this spectrum.
    #[must_use]
    pub fn with_profile(mut self, profile: Profile) -> Self {
        self.profile = Some(profile);
        self
    }
}
