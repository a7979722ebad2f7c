//! Whether the sign null keeps its level and counts right: the tables that `bin/sign_calibration.rs` prints.

mod counts;
mod detection;
mod laws;
mod rates;

pub use counts::{ABOVE, BELOW, Counts, DRAWS, Mean, SHAPES as COUNT_SHAPES, plants};
pub use detection::{
    Detection, MATRICES as DETECTION_MATRICES, SHAPES as DETECTION_SHAPES, STRENGTHS,
};
pub use laws::{Law, Planted, draw, rng};
pub use rates::{LEVELS, MATRICES, Rates, SHAPES as RATE_SHAPES, allowed_in_words};

use crate::calibration::Failure;
use rmt_core::{Analyser, AnalysisOptions, Nulls, RmtError};

/// Of what is drawn in full, one matrix in so many is drawn by the quick mode.
const QUICK: usize = 10;

/// The analysis against independent entries of one variance, for comparison.
///
/// # Errors
/// Those of [`Analyser::new`].
pub fn plain() -> Result<Analyser, RmtError> {
    Analyser::new(AnalysisOptions::default().with_correlation_traps(false), Nulls::default())
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// Rates of false positives.
    Rates,
    /// Counts of planted directions.
    Counts,
    /// Counts of planted directions over their strength.
    Detection,
}

/// The rows of a table, to `write` as they are measured, of one shape where one is given.
///
/// # Errors
/// Those of the analysis, and of `write`.
pub fn table(
    part: Part,
    only: Option<[usize; 2]>,
    quick: bool,
    write: &mut dyn FnMut(String) -> std::io::Result<()>,
) -> Result<(), Failure> {
    let analyser = plain()?;
    let of = |full: usize| if quick { full / QUICK } else { full };
    let wanted = |shape: &[usize; 2]| only.is_none_or(|only| only == *shape);
    match part {
        Part::Rates => {
            write(rates::HEAD.into())?;
            for shape in rates::SHAPES.into_iter().filter(wanted) {
                for law in Law::ALL {
                    let found = Rates::measure(&analyser, law, shape, of(MATRICES))?;
                    write(found.to_string())?;
                }
            }
            write(format!("\n{}", rates::allowed_in_words(of(MATRICES))))?;
        }
        Part::Counts => {
            write(counts::HEAD.into())?;
            for shape in counts::SHAPES.into_iter().filter(wanted) {
                for law in Law::ALL {
                    for planted in plants(shape) {
                        let found = Counts::measure(&analyser, law, shape, planted, of(DRAWS))?;
                        write(found.to_string())?;
                    }
                }
            }
        }
        Part::Detection => {
            write(detection::HEAD.into())?;
            for shape in detection::SHAPES.into_iter().filter(wanted) {
                for strength in STRENGTHS {
                    let found = Detection::measure(shape, strength, of(DETECTION_MATRICES))?;
                    write(found.to_string())?;
                }
            }
        }
    }
    Ok(())
}
