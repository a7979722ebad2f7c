//! Notes of an analysis: reasons and warnings in words.

mod grouped;

pub use grouped::{Group, grouped};

use crate::spectrum::Equilibrate;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A reason or a warning. Files have its text. An unknown text is read as [`Note::Other`].
///
/// Notes with the same text are equal, because reading does not always recover the cause.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum Note {
    /// The input side is not stated anywhere.
    OrientationAssumed,
    /// There are no entries.
    Empty,
    /// Some entries are infinite or not a number.
    NotFinite {
        /// Their number.
        count: usize,
        /// Number of all entries.
        of: usize,
    },
    /// Rows or columns were brought to one scale before the tests.
    Equilibrated(Equilibrate),
    /// Bringing rows or columns to one scale gave values out of range.
    EquilibratedOverflows(Equilibrate),
    /// The largest singular value is out of range.
    Overflows,
    /// Every entry is zero.
    Zero,
    /// The smaller side is below [`min_side`](crate::AnalysisOptions::min_side).
    TooSmall {
        /// m.
        side: usize,
        /// The least side for the tests.
        least: usize,
    },
    /// All singular values are equal, so the vectors are undefined.
    AllEqual,
    /// Some singular values are zero within rounding.
    Vanish {
        /// Their number.
        count: usize,
        /// m.
        of: usize,
    },
    /// The bulk is zero.
    NoScale,
    /// The course of the fit by [`ScaleEstimator::Fit`](crate::ScaleEstimator::Fit).
    Fitted {
        /// Number of rounds.
        rounds: usize,
        /// Number of dropped values.
        dropped: usize,
    },
    /// The removal of significant values was cut off.
    NoBulk,
    /// There are more outliers than the estimator of the scale tolerates.
    ScaleBiased,
    /// The p-values are those of a permutation null.
    Permuted {
        /// Number of permutations.
        orders: usize,
    },
    /// All permutations of the entries are alike, so there is no permutation null.
    PermutedAlike,
    /// The activation does not fit the layer's input side.
    OtherInput {
        /// Features of the activation.
        features: usize,
        /// Length d_in of the input side.
        inputs: usize,
    },
    /// A statistic could not be estimated, or holds with a reservation.
    Of(Statistic, String),
    /// The weights do not change.
    Frozen,
    /// The weights are quantized. Otherwise the verdict would be
    /// [`Random`](crate::Verdict::Random).
    Quantized,
    /// Any other text.
    Other(String),
}

/// The statistic that a [`Note::Of`] refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Statistic {
    /// The inputs of the layer.
    Activation,
    /// The power-law exponent.
    Alpha,
    /// The condition number ν₁/ν_m.
    ConditionNumber,
    /// Shannon entropy of the eigenvalues.
    Entropy,
    /// All of WeightWatcher's metrics.
    HeavyTail,
    /// Unfolded spacings.
    Levels,
    /// The squared spectral norm λ_max.
    SpectralNorm,
    /// Correlation traps.
    Traps,
    /// The sign null.
    Signs,
    /// The value x_min from which the power law is fitted.
    Xmin,
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Activation => "activation",
            Self::Alpha => "alpha",
            Self::ConditionNumber => "condition_number",
            Self::Entropy => "entropy",
            Self::HeavyTail => "heavy_tail",
            Self::Levels => "levels",
            Self::SpectralNorm => "spectral_norm",
            Self::Traps => "traps",
            Self::Signs => "sign null",
            Self::Xmin => "xmin",
        })
    }
}

impl Note {
    /// States that `statistic` is missing or has a reservation, for this `reason`.
    pub fn of(statistic: Statistic, reason: impl fmt::Display) -> Self {
        Self::Of(statistic, reason.to_string())
    }
}

/// How [`Note::NotFinite`] ends.
const NOT_FINITE: &str = " entries are not finite";

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFinite { count, of } => return write!(f, "{count} of {of}{NOT_FINITE}"),
            Self::Equilibrated(lines) => {
                return write!(f, "{lines} equalized: the spectrum is that of the result");
            }
            Self::EquilibratedOverflows(lines) => {
                return write!(f, "{lines} equalized: the result overflows a double");
            }
            Self::TooSmall { side, least } => {
                return write!(
                    f,
                    "the smaller side is {side}, below the {least} that the tests need"
                );
            }
            Self::Vanish { count, of } => {
                return write!(f, "{count} of {of} singular values vanish");
            }
            Self::Fitted { rounds, dropped } => {
                return write!(f, "scale fitted in {rounds} rounds, {dropped} values dropped");
            }
            Self::Permuted { orders } => {
                return write!(f, "p-values against {orders} orders of the entries");
            }
            Self::OtherInput { features, inputs } => {
                return write!(
                    f,
                    "the activation has {features} features, but the weight takes {inputs}"
                );
            }
            Self::Of(statistic, reason) => return write!(f, "{statistic}: {reason}"),
            Self::OrientationAssumed => "orientation assumed: rows are read as inputs",
            Self::Empty => "the matrix is empty",
            Self::Overflows => "the largest singular value overflows a double: scale the matrix",
            Self::Zero => "every entry is zero",
            Self::AllEqual => "all singular values are equal: the vectors are undefined",
            Self::NoScale => {
                "the bulk of the spectrum is zero: no scale, every other value is an outlier"
            }
            Self::NoBulk => {
                "half of the values were removed and an end still rejects: there is no bulk, and the \
                 count there is a lower bound"
            }
            Self::ScaleBiased => {
                "more than a tenth of the values at one end are outliers: the scale is biased"
            }
            Self::PermutedAlike => {
                "permuting the entries changes nothing: p-values against Gaussian entries"
            }
            Self::Frozen => "frozen",
            Self::Quantized => "no test rejects, but quantized weights are never called random",
            Self::Other(text) => text,
        })
    }
}

impl PartialEq for Note {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl From<Note> for String {
    fn from(note: Note) -> Self {
        match note {
            Note::Other(text) => text,
            note => note.to_string(),
        }
    }
}

impl From<String> for Note {
    /// The cause, where something may depend on it.
    fn from(text: String) -> Self {
        let counts = text.strip_suffix(NOT_FINITE).and_then(|counts| counts.split_once(" of "));
        if let Some((Ok(count), Ok(of))) = counts.map(|(count, of)| (count.parse(), of.parse())) {
            return Self::NotFinite { count, of };
        }
        let told = [Self::OrientationAssumed, Self::Frozen, Self::Quantized];
        told.into_iter().find(|note| note.to_string() == text).unwrap_or(Self::Other(text))
    }
}

impl From<&str> for Note {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_its_text_in_files() {
        let notes = [
            Note::NotFinite { count: 1, of: 600 },
            Note::OrientationAssumed,
            Note::Frozen,
            Note::of(Statistic::Alpha, "too few"),
            Note::Other("of a later version".into()),
        ];
        let text = serde_json::to_string(&notes).unwrap();
        let expected = "[\"1 of 600 entries are not finite\",\"orientation assumed: rows are read as inputs\",\
             \"frozen\",\"alpha: too few\",\"of a later version\"]";
        assert_eq!(text, expected);
        let read: Vec<Note> = serde_json::from_str(&text).unwrap();
        assert_eq!(read, notes);
        assert!(matches!(read[0], Note::NotFinite { count: 1, of: 600 }));
        assert!(matches!(read[1..4], [Note::OrientationAssumed, Note::Frozen, Note::Other(_)]));
        assert!(matches!(Note::from("some of 3 entries are not finite"), Note::Other(_)));
    }
}
