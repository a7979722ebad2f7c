//! The part of a report that the layer's input gives.

use crate::notes::{Note, Statistic};
use crate::report::{MatrixReport, Profile};
use crate::spectrum::{Decomposition, Matrix};
use crate::statistics::activation::{Activation, Groups, RightVectors, measure};
use crate::statistics::heavy_tail::matrix_rank;
use crate::statistics::spectrum_test::Judge;

/// Entries of the side of `matrix` that belongs to the layer's input, d_in.
fn inputs(matrix: &Matrix<'_>) -> usize {
    if matrix.orientation().rows_are_outputs() { matrix.cols() } else { matrix.rows() }
}

/// The activation, if it can be that of the matrix' input; a note if not.
pub(super) fn matching<'a>(
    report: &mut MatrixReport,
    matrix: &Matrix<'_>,
    activation: Option<&'a Activation>,
) -> Option<&'a Activation> {
    let activation = activation?;
    let (features, inputs) = (activation.features(), inputs(matrix));
    if features != inputs {
        report.notes.push(Note::OtherInput { features, inputs });
        return None;
    }
    Some(activation)
}

/// Measures the activation and, where the matrix has singular vectors, what they have in common
/// with it.
pub(super) fn shared(
    judge: &Judge<'_>,
    report: &mut MatrixReport,
    profile: &mut Profile,
    matrix: &Matrix<'_>,
    decomposition: Option<&Decomposition>,
    activation: Option<&Activation>,
) {
    let Some(activation) = activation else { return };
    let noted = |note: &String| Note::of(Statistic::Activation, note);
    report.notes.extend(activation.notes().iter().map(noted));
    let vectors = decomposition.map(|decomposition| {
        let on_small_side = !matrix.small_side_is_output();
        let rank = matrix_rank(&decomposition.singular_values, matrix.large_side());
        RightVectors::new(decomposition, on_small_side, inputs(matrix), rank)
    });
    let groups = vectors.as_ref().and_then(|vectors| {
        let (above, below) = (report.significant_above?, report.significant_below?);
        Some(Groups::new(matrix.small_side(), vectors.count(), above, below))
    });
    if vectors.is_some() && groups.is_none() {
        let reason = "without significant counts no vector belongs to a group";
        report.notes.push(Note::of(Statistic::Activation, reason));
    }
    let vectors = vectors.as_ref().map(|vectors| (vectors, groups.as_ref()));
    match measure(activation, judge, vectors) {
        Ok(found) => {
            report.notes.extend(found.notes.iter().map(noted));
            report.activation = Some(found.report);
            profile.overlaps = found.overlaps.overlaps;
            profile.overlap_errors = found.overlap_errors;
            profile.projections = found.overlaps.projections;
            profile.activation_spectrum = found.spectrum;
        }
        // The matrix' own figures stand.
        Err(error) => report.notes.push(Note::of(Statistic::Activation, error)),
    }
}

#[cfg(test)]
mod tests;
