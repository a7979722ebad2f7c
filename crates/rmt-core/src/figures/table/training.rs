//! Figures that only a run has: of the inputs of layers, and of the snapshot before.

use super::super::group::{DRIFT, OVERLAP};
use super::super::{Figure, Measured, Unit};
use crate::MatrixReport;
use crate::statistics::activation::{ProjectionReport, TRACE_SHARES};

/// Inputs, and the snapshot before.
pub(super) const TRAINING: &[Figure] = &[
    at!(
        Number,
        activation.overlap_above,
        "overlap of the significant vectors above with the input"
    )
    .lean(OVERLAP, "above"),
    at!(
        Number,
        activation.overlap_below,
        "overlap of the significant vectors below with the input"
    )
    .lean(OVERLAP, "below"),
    at!(Number, activation.overlap_bulk, "overlap of the other vectors with the input")
        .lean(OVERLAP, "bulk"),
    at!(Number, activation.band_low, "lower end of the band of random vectors, at .135 %")
        .lean(OVERLAP, "band_low"),
    at!(Number, activation.band_high, "upper end of the band of random vectors, at 99.865 %")
        .lean(OVERLAP, "band_high"),
    Figure::computed(
        Unit::Fraction,
        "share of the significant vectors above in the subspace with 90 % of the input's variance",
        |r| projection(r)?.above,
    )
    .curve(OVERLAP, "projection_above"),
    Figure::computed(
        Unit::Fraction,
        "share of the significant vectors below in that subspace",
        |r| projection(r)?.below,
    )
    .curve(OVERLAP, "projection_below"),
    Figure::computed(Unit::Fraction, "share of random vectors in that subspace", |r| {
        Some(projection(r)?.null_mean)
    })
    .curve(OVERLAP, "projection_random"),
    at!(
        Angle,
        activation.angle_above,
        "angle between the significant vectors above and that subspace"
    )
    .curve(OVERLAP, "angle_above"),
    at!(
        Angle,
        activation.angle_below,
        "angle between the significant vectors below and that subspace"
    )
    .curve(OVERLAP, "angle_below"),
    at!(Number, activation.effective_rank, "effective rank of the input's covariance")
        .curve(OVERLAP, "effective_rank"),
    at!(Number, drift.previous.relative_norm, "‖W − W′‖/‖W′‖ since the previous snapshot W′")
        .curve(DRIFT, "update_norm"),
    at!(
        Angle,
        drift.previous.angle_top,
        "angle between the strongest directions since the previous snapshot"
    )
    .curve(DRIFT, "update_angle_top"),
    at!(
        Angle,
        drift.previous.angle_bottom,
        "angle between the weakest directions since the previous snapshot"
    )
    .curve(DRIFT, "update_angle_bottom"),
    of_change!(
        Count,
        drift.previous.change,
        significant_above,
        "number of singular values of that change above its bulk"
    )
    .curve(DRIFT, "update_significant"),
    of_change!(
        P,
        drift.previous.change,
        p_above,
        "p-value of the largest singular value of that change"
    )
    .curve(DRIFT, "update_minus_log10_p"),
    at!(Number, drift.previous.change.stable_rank, "stable rank of that change")
        .curve(DRIFT, "update_stable_rank"),
    at!(
        Number,
        drift.spectral_edge.ratio,
        "largest ratio of consecutive singular values of the last updates"
    )
    .curve(DRIFT, "spectral_edge_ratio"),
];

/// Projections onto the subspace with 90 % of the trace.
fn projection(report: &MatrixReport) -> Option<&ProjectionReport> {
    let [_, most, _] = TRACE_SHARES;
    report.activation.as_ref()?.projections.iter().find(|projection| projection.trace == most)
}
