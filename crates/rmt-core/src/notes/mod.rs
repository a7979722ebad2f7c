//! What an analysis has to say in words: reasons and warnings.

mod grouped;

pub use grouped::{Group, grouped};

use crate::spectrum::Equilibrate;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A reason or a warning. In files it is its text; a text of which nothing else is known is [`Note::Other`].
///
/// Notes of one text are equal: reading does not always tell the cause.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum Note {
    /// Nobody has said which side is the input.
    OrientationAssumed,
    /// There are no entries.
    Empty,
    /// Entries that are infinite or not a number.
    NotFinite {
        /// How many.
        count: usize,
        /// Of all.
        of: usize,
    },
    /// Rows or columns were brought to one scale first.
    Equilibrated(Equilibrate),
    /// The same, and the result is out of range.
    EquilibratedOverflows(Equilibrate),
    /// The largest singular value is out of range.
    Overflows,
    /// Every entry is zero.
    Zero,
    /// A side below [`min_side`](crate::AnalysisOptions::min_side).
    TooSmall {
        /// m.
        side: usize,
        /// What the tests need.
        least: usize,
    },
    /// The vectors are undefined.
    AllEqual,
    /// Singular values that are zero within rounding.
    Vanish {
        /// How many.
        count: usize,
        /// m.
        of: usize,
    },
    /// The bulk is zero.
    NoScale,
    /// How [`ScaleEstimator::Fit`](crate::ScaleEstimator::Fit) came to its scale.
    Fitted {
        /// Rounds.
        rounds: usize,
        /// Values dropped.
        dropped: usize,
    },
    /// The removal of significant values was cut off.
    NoBulk,
    /// More outliers than the estimator of the scale can bear.
    ScaleBiased,
    /// The p-values are those of a permutation null.
    Permuted {
        /// Permutations.
        orders: usize,
    },
    /// A permutation null cannot be made.
    PermutedAlike,
    /// The activation is of another layer's input.
    OtherInput {
        /// Its features.
        features: usize,
        /// d_in.
        inputs: usize,
    },
    /// A statistic that could not be estimated, or holds with a reservation.
    Of(Statistic, String),
    /// The weights do not change.
    Frozen,
    /// The verdict would be [`Random`](crate::Verdict::Random).
    Quantized,
    /// Anything else.
    Other(String),
}

/// What a [`Note::Of`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Statistic {
    /// What enters the layer.
    Activation,
    /// The power-law exponent.
    Alpha,
    /// ν₁/ν_m.
    ConditionNumber,
    /// Shannon entropy of the eigenvalues.
    Entropy,
    /// All of WeightWatcher's figures.
    HeavyTail,
    /// Unfolded spacings.
    Levels,
    /// λ_max.
    SpectralNorm,
    /// Correlation traps.
    Traps,
    /// The sign null.
    Signs,
    /// Where the power law begins.
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
    /// That `statistic` is not what it should be, for this `reason`.
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
                    "the activation has {features} features, the weight takes {inputs}"
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
