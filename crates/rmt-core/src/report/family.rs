//! The family of tests, and the verdict over it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The conclusion about a matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// No test of the family rejects: the matrix looks like random initialization.
    Random,
    /// At least one test rejects at the family-wise level. The matrix was not compared with its
    /// copies, so scale and structure are not separated.
    Deviates,
    /// The matrix deviates from independent entries of one variance, but not from its own
    /// magnitudes with random signs. The scale of rows and columns, or the tails of the entries,
    /// explain the deviation.
    Scale,
    /// The matrix also deviates from its own magnitudes with random signs. It has learned
    /// directions.
    Structure,
    /// The matrix is zero, or all its singular values are equal. There is no bulk to compare with.
    Degenerate,
    /// The matrix is too small, empty or not finite.
    NotEstimable,
}

impl Verdict {
    /// Whether the matrix deviates from independent entries of one variance.
    pub fn deviates(self) -> bool {
        matches!(self, Self::Deviates | Self::Scale | Self::Structure)
    }

    /// Whether the family of tests was applied.
    pub fn is_judged(self) -> bool {
        self == Self::Random || self.deviates()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Random => "random",
            Self::Deviates => "deviates",
            Self::Scale => "scale",
            Self::Structure => "structure",
            Self::Degenerate => "degenerate",
            Self::NotEstimable => "not_estimable",
        })
    }
}

/// A test of the family that the verdict corrects over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TestName {
    /// The largest singular value.
    #[serde(rename = "p_above")]
    Above,
    /// The smallest singular value.
    #[serde(rename = "p_below")]
    Below,
    /// The distance of the spectrum from the Marchenko–Pastur law.
    #[serde(rename = "p_bulk")]
    Bulk,
    /// The singular vectors on the output side.
    Left,
    /// The singular vectors on the input side.
    Right,
    /// A test of another version of this crate.
    #[serde(untagged)]
    Other(String),
}

impl fmt::Display for TestName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Above => "p_above",
            Self::Below => "p_below",
            Self::Bulk => "p_bulk",
            Self::Left => "left",
            Self::Right => "right",
            Self::Other(name) => name,
        })
    }
}

/// The family of tests, in the order of [`MatrixReport::tests`](super::MatrixReport::tests). Tests
/// that need only the singular values come first.
pub static FAMILY: [TestName; 5] =
    [TestName::Above, TestName::Below, TestName::Bulk, TestName::Left, TestName::Right];

/// How many of the family need the singular values alone.
pub(crate) const SPECTRAL: usize = 3;

/// One test of the family that the verdict corrects over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Test {
    /// Name of the test.
    pub name: TestName,
    /// The p-value.
    pub p: f64,
    /// Whether the test rejects at the family-wise level (Bonferroni).
    pub rejected: bool,
    /// Number B of simulated draws behind the p-value. Below 1/(B + 1) the p-value comes from a
    /// fitted tail.
    #[serde(default)]
    pub draws: Option<usize>,
    /// Standard error of log₁₀ p from a fitted tail; 0 if none was needed.
    #[serde(default)]
    pub log10_error: Option<f64>,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_files() {
        let names = ["p_above", "p_below", "p_bulk", "left", "right", "p_later"];
        let tests = FAMILY.iter().cloned().chain([TestName::Other("p_later".into())]);
        for (test, name) in tests.zip(names) {
            assert_eq!(test.to_string(), name);
            assert_eq!(serde_json::to_value(&test).unwrap(), name);
            assert_eq!(serde_json::from_value::<TestName>(name.into()).unwrap(), test);
        }
    }
}
