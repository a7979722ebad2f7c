//! What is said of an analysis that was not full.

use serde::{Deserialize, Serialize};

/// What was followed where an analysis was not full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Tracked {
    /// Step of the last full analysis, where the caller counts steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// The fields of the report that are of now. The others are null; tests that are not among them are
    /// as the last full analysis left them.
    pub fields: Vec<String>,
    /// Bound of the relative error of the largest singular value: ‖WWᵀu − ν²u‖/(2ν²).
    pub error_above: f64,
    /// The same of the smallest one; null where it is not followed.
    #[serde(default)]
    pub error_below: Option<f64>,
}
