//! Every figure, once. The order is that of the columns of CSV.

use super::group::{ABOVE, BELOW, BULK, DRIFT, HEAVY_TAIL, OVERLAP, VECTORS};
use super::{Figure, Measured, Unit};
use crate::MatrixReport;
use crate::statistics::activation::{ProjectionReport, TRACE_SHARES};

/// The value at this place in a report; what lies on the way may be missing.
macro_rules! read {
    ($from:expr, $last:ident) => { $from.$last.figure() };
    ($from:expr, $first:ident . $($rest:ident).+) => { read!($from.$first.as_ref()?, $($rest).+) };
}

/// The figure at this place in a report, with its unit and what it is.
macro_rules! at {
    ($unit:ident, $first:ident $(. $rest:ident)*, $title:expr) => {
        Figure::new(
            concat!(stringify!($first) $(, ".", stringify!($rest))*),
            Unit::$unit,
            $title,
            |report| read!(report, $first $(. $rest)*),
        )
    };
}

/// The figure of the tests of a change; the change is at the first place.
macro_rules! of_change {
    ($unit:ident, $($change:ident).+, $figure:ident, $title:expr) => {
        Figure::new(
            concat!($(stringify!($change), ".",)+ stringify!($figure)),
            Unit::$unit,
            $title,
            |report| (report$(.$change.as_ref()?)+).spectrum.$figure.figure(),
        )
    };
}

/// A figure that is computed from others.
const fn computed(
    unit: Unit,
    title: &'static str,
    value: fn(&MatrixReport) -> Option<f64>,
) -> Figure {
    Figure::new("", unit, title, value)
}

mod ladder;

use ladder::LADDER;

const CUT_OFF: &str = "whether that is a lower bound: it is counted up to half of all values";

/// The spectrum against its law.
const SPECTRUM: &[Figure] = &[
    Figure::word(
        "verdict",
        "random, scale, structure, deviates (not told apart), degenerate or not_estimable",
    ),
    at!(Number, level, "family-wise level of the verdict"),
    at!(Weight, scale, "scale of the bulk").head("scale").lean(BULK, "scale"),
    Figure::word("scale_estimator", "estimator of the scale"),
    at!(Weight, scale_entries, "standard deviation of the entries"),
    at!(Number, excess_kurtosis, "excess kurtosis of the entries"),
    at!(Weight, edge_low, "lower edge of the bulk of a random matrix"),
    computed(Unit::Noise, "lower edge of the bulk", |r| normalised(r, r.edge_low))
        .lean(BULK, "edge_low_normalised"),
    at!(Weight, edge_high, "upper edge of the bulk of a random matrix").head("edge"),
    computed(Unit::Noise, "upper edge of the bulk", |r| normalised(r, r.edge_high))
        .lean(BULK, "edge_high_normalised"),
    at!(Weight, smallest, "smallest singular value"),
    computed(Unit::Noise, "smallest singular value", |r| normalised(r, r.smallest))
        .lean(BULK, "smallest_normalised"),
    computed(Unit::Number, "smallest singular value over the lower edge", |r| {
        ratio(r.smallest, r.edge_low)
    })
    .curve(BELOW, "smallest_over_edge"),
    at!(Weight, largest, "largest singular value").head("largest"),
    computed(Unit::Noise, "largest singular value", |r| normalised(r, r.largest))
        .lean(BULK, "largest_normalised"),
    computed(Unit::Number, "largest singular value over the upper edge", |r| {
        ratio(r.largest, r.edge_high)
    })
    .lean(ABOVE, "largest_over_edge"),
    at!(Count, outliers_above, "singular values above the upper edge").curve(ABOVE, "outliers"),
    at!(Count, outliers_below, "singular values below the lower edge").curve(BELOW, "outliers"),
    at!(Count, significant_above, "singular values significantly above the bulk")
        .cut_off(|r| r.significant_above_cut_off)
        .lean(ABOVE, "significant"),
    Figure::word("significant_above_cut_off", CUT_OFF),
    at!(Count, significant_below, "singular values significantly below the bulk")
        .cut_off(|r| r.significant_below_cut_off)
        .lean(BELOW, "significant"),
    Figure::word("significant_below_cut_off", CUT_OFF),
    at!(P, p_above, "p of the largest value").head("p above").lean(ABOVE, "minus_log10_p"),
    at!(P, p_below, "p of the smallest value").head("p below").lean(BELOW, "minus_log10_p"),
    at!(Number, bulk_distance, "m times the distance from the Marchenko–Pastur law")
        .curve(BULK, "distance"),
    at!(P, p_bulk, "p of the bulk").head("p bulk").curve(BULK, "minus_log10_p"),
    at!(Number, spacing_ratio, "mean ratio of consecutive spacings, .5307 for random matrices")
        .head("⟨r⟩")
        .curve(BULK, "spacing_ratio"),
    at!(Number, spacing_ratio_z, "its distance from that in standard deviations"),
    at!(Count, levels.spacings, "unfolded spacings"),
    at!(Number, levels.surmise_distance, "distance of the spacings from Wigner's surmise"),
    at!(P, levels.surmise_p, "p of that distance"),
    at!(
        Number,
        levels.brody.exponent,
        "Brody's exponent, .96 for random matrices, 0 without repulsion"
    )
    .curve(BULK, "brody_exponent"),
    at!(Number, levels.brody.standard_error, "its standard error for independent spacings"),
    at!(Number, levels.brody_expected, "mean of Brody's exponent over random matrices"),
    at!(Number, levels.brody_spread, "its standard deviation over random matrices"),
];

/// The singular vectors of one side.
macro_rules! side {
    ($side:ident, $of:literal) => {
        &[
            at!(P, $side.p, concat!("p of the ", $of, " vectors"))
                .head(concat!("p ", stringify!($side))),
            at!(P, $side.p_windows, "p of their entries, pooled over neighbouring vectors"),
            at!(Fraction, $side.ks_rejected, concat!($of, " vectors that are not random"))
                .head(stringify!($side))
                .lean(VECTORS, concat!(stringify!($side), "_rejected")),
            at!(Fraction, $side.ks_rejected_top, "among the tenth with the largest values"),
            at!(Fraction, $side.ks_rejected_bottom, "among the tenth with the smallest values"),
            at!(Number, $side.ipr, "mean inverse participation ratio, 3N/(N + 2) if random")
                .curve(VECTORS, concat!(stringify!($side), "_ipr")),
            at!(Number, $side.ipr_z, "its distance from that in standard deviations"),
            at!(Number, $side.entropy, "mean Shannon entropy of the vectors"),
            at!(Number, $side.entropy_z, "its distance from random vectors in standard deviations"),
            at!(Number, $side.localisation_max, "largest |entry| of all vectors"),
        ]
    };
}

const LEFT: &[Figure] = side!(left, "output");
const RIGHT: &[Figure] = side!(right, "input");

/// Signals, norms and ranks.
const STRUCTURE: &[Figure] = &[
    Figure::new("signal.0.strength", Unit::Noise, "strength of the strongest signal", |r| {
        Some(r.signal.first()?.strength)
    })
    .curve(ABOVE, "signal_strength"),
    Figure::new(
        "signal.0.cosine_left",
        Unit::Number,
        "cosine between its left vector and the signal's",
        |r| Some(r.signal.first()?.cosine_left),
    ),
    Figure::new(
        "signal.0.cosine_right",
        Unit::Number,
        "cosine between its right vector and the signal's",
        |r| Some(r.signal.first()?.cosine_right),
    ),
    Figure::new(
        "suppression.0.variance",
        Unit::Number,
        "variance behind the smallest value, in units of σ²",
        |r| Some(r.suppression.first()?.variance),
    ),
    Figure::new(
        "suppression.0.cosine",
        Unit::Number,
        "cosine between its vector and that direction",
        |r| Some(r.suppression.first()?.cosine),
    ),
    at!(Count, threshold_rank, "singular values above the Gavish–Donoho threshold"),
    at!(Number, heavy_tail.alpha, "power-law exponent").head("alpha").curve(HEAVY_TAIL, "alpha"),
    at!(Number, heavy_tail.alpha_sigma, "its standard error"),
    at!(Number, heavy_tail.alpha_weighted, "α·log₁₀ λ_max").curve(HEAVY_TAIL, "alpha_weighted"),
    at!(Number, heavy_tail.xmin, "λ from which the fitted tail begins"),
    at!(Number, heavy_tail.distance, "Kolmogorov–Smirnov distance of the tail from the fit"),
    at!(Count, heavy_tail.tail_count, "eigenvalues in the fitted tail"),
    at!(Number, heavy_tail.log_norm, "log₁₀ Σλ").curve(HEAVY_TAIL, "log_norm"),
    at!(Number, heavy_tail.log_alpha_norm, "log₁₀ Σλ^α").curve(HEAVY_TAIL, "log_alpha_norm"),
    at!(Number, heavy_tail.stable_rank, "stable rank")
        .head("stable rank")
        .lean(HEAVY_TAIL, "stable_rank"),
    at!(Number, heavy_tail.spectral_norm, "λ_max, the square of the largest singular value"),
    at!(Number, heavy_tail.entropy, "entropy of the eigenvalues").curve(HEAVY_TAIL, "entropy"),
    at!(Number, heavy_tail.effective_rank, "effective rank, exp of the entropy of λ/Σλ")
        .head("eff rank")
        .lean(HEAVY_TAIL, "effective_rank"),
    at!(Number, heavy_tail.condition_number, "largest over smallest singular value")
        .head("condition"),
    at!(Count, heavy_tail.matrix_rank, "rank at double precision"),
    at!(Count, heavy_tail.matrix_rank_storage, "rank at the precision of the storage type"),
    at!(Number, heavy_tail.edge_ratio, "ν₊²/λ_max"),
    at!(Count, traps.count, "significant values above after the entries are permuted")
        .cut_off(|r| r.traps.as_ref().is_some_and(|traps| traps.count_cut_off))
        .curve(HEAVY_TAIL, "traps"),
    Figure::word("traps.count_cut_off", CUT_OFF),
    at!(P, traps.p, "p of the largest value of the permuted matrix"),
    at!(
        Number,
        traps.largest_over_edge,
        "largest value of the permuted matrix over its upper edge"
    )
    .curve(HEAVY_TAIL, "traps_largest_over_edge"),
    at!(
        Number,
        traps.offset_over_edge,
        "singular value that the mean of the entries makes, over that edge"
    ),
    Figure::word("notes", "reasons and warnings"),
];

/// What changed between two snapshots.
const DIFFERENCE: &[Figure] = &[
    at!(Number, drift.relative_norm, "‖W − W₀‖/‖W₀‖").head("moved").lean(DRIFT, "relative_norm"),
    at!(Weight, drift.spectrum_distance, "mean distance of the singular values")
        .head("distance")
        .curve(DRIFT, "spectrum_distance"),
    at!(Angle, drift.angle_top, "angle between the strongest directions then and now")
        .head("top")
        .curve(DRIFT, "angle_top"),
    at!(Angle, drift.angle_bottom, "angle between the weakest directions then and now")
        .head("bottom")
        .curve(DRIFT, "angle_bottom"),
    at!(Angle, drift.angle_top_largest, "largest principal angle of the strongest directions"),
    at!(Angle, drift.angle_bottom_largest, "largest principal angle of the weakest directions"),
    at!(Angle, drift.angle_random, "angle between unrelated directions").head("random"),
    at!(Count, drift.dimension, "directions that are compared at each end"),
    at!(Weight, drift.change.norm, "‖W − W₀‖"),
    at!(Weight, drift.change.largest, "largest singular value of the change"),
    at!(Number, drift.change.stable_rank, "stable rank of the change"),
    of_change!(Weight, drift.change, scale, "scale of the bulk of the change"),
    of_change!(Weight, drift.change, edge_high, "upper edge of the bulk of the change"),
    of_change!(
        Count,
        drift.change,
        significant_above,
        "singular values of the change above its bulk"
    )
    .head("deflated")
    .cut_off(|r| change(r).is_some_and(|change| change.spectrum.significant_above_cut_off))
    .curve(DRIFT, "change_significant"),
    Figure::word("drift.change.significant_above_cut_off", CUT_OFF),
    of_change!(
        Count,
        drift.change,
        significant_below,
        "singular values of the change below its bulk"
    )
    .cut_off(|r| change(r).is_some_and(|change| change.spectrum.significant_below_cut_off)),
    Figure::word("drift.change.significant_below_cut_off", CUT_OFF),
    of_change!(P, drift.change, p_above, "p of the largest singular value of the change")
        .head("p")
        .curve(DRIFT, "change_minus_log10_p"),
    of_change!(P, drift.change, p_below, "p of the smallest singular value of the change"),
    of_change!(
        Number,
        drift.change,
        bulk_distance,
        "m times its distance from the Marchenko–Pastur law"
    ),
    of_change!(P, drift.change, p_bulk, "p of that distance"),
    Figure::new(
        "drift.change.structure.above.count",
        Unit::Count,
        "directions of the change that no scale of its rows and columns explains",
        |r| change(r)?.structure.as_ref()?.above.count.figure(),
    )
    .head("directions")
    .cut_off(|r| {
        let found = change(r).and_then(|change| change.structure.as_ref());
        found.is_some_and(|found| found.above.cut_off)
    }),
    Figure::new(
        "drift.change.structure.above.most",
        Unit::Count,
        "the most that the copies leave open",
        |r| change(r)?.structure.as_ref()?.above.most.figure(),
    ),
    Figure::word("drift.change.structure.above.cut_off", "whether that is a lower bound"),
    Figure::word("drift.change.reason", "why a figure of the change is missing"),
    Figure::word("drift.reason", "why a figure of the drift is missing"),
];

/// What only a run has: inputs, and the snapshot before.
const TRAINING: &[Figure] = &[
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
    computed(
        Unit::Fraction,
        "share of the vectors above in the subspace with 90 % of the input's variance",
        |r| projection(r)?.above,
    )
    .curve(OVERLAP, "projection_above"),
    computed(Unit::Fraction, "share of the vectors below in that subspace", |r| {
        projection(r)?.below
    })
    .curve(OVERLAP, "projection_below"),
    computed(Unit::Fraction, "share of random vectors in that subspace", |r| {
        Some(projection(r)?.null_mean)
    })
    .curve(OVERLAP, "projection_random"),
    at!(Angle, activation.angle_above, "angle of the vectors above to that subspace")
        .curve(OVERLAP, "angle_above"),
    at!(Angle, activation.angle_below, "angle of the vectors below to that subspace")
        .curve(OVERLAP, "angle_below"),
    at!(Number, activation.effective_rank, "effective rank of the input's covariance")
        .curve(OVERLAP, "effective_rank"),
    at!(Number, drift.previous.relative_norm, "‖W − W′‖/‖W′‖ since the snapshot before")
        .curve(DRIFT, "update_norm"),
    at!(Angle, drift.previous.angle_top, "angle between the strongest directions, since then")
        .curve(DRIFT, "update_angle_top"),
    at!(Angle, drift.previous.angle_bottom, "angle between the weakest directions, since then")
        .curve(DRIFT, "update_angle_bottom"),
    of_change!(
        Count,
        drift.previous.change,
        significant_above,
        "singular values of that change above its bulk"
    )
    .curve(DRIFT, "update_significant"),
    of_change!(P, drift.previous.change, p_above, "p of the largest singular value of that change")
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

/// Figures of one matrix.
pub const STATISTICS: &[&[Figure]] = &[LADDER, SPECTRUM, LEFT, RIGHT, STRUCTURE];
/// Figures of the change from one matrix to another.
pub const CHANGE: &[&[Figure]] = &[DIFFERENCE];
/// Every figure of a matrix.
pub const FIGURES: &[&[Figure]] = &[LADDER, SPECTRUM, LEFT, RIGHT, STRUCTURE, DIFFERENCE, TRAINING];

fn ratio(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    a.zip(b).map(|(a, b)| a / b).filter(|r| r.is_finite())
}

/// In units of σ√n, in which the edges are at 1 ± √q whatever the shape. Only where both edges and both
/// ends are known, so that each of the four curves has the points of the others.
fn normalised(report: &MatrixReport, value: Option<f64>) -> Option<f64> {
    let all = [report.largest, report.smallest, report.edge_low, report.edge_high];
    let unit = report.scale? * (report.large_side as f64).sqrt();
    all.iter().all(Option::is_some).then(|| ratio(value, Some(unit)))?
}

fn change(report: &MatrixReport) -> Option<&crate::statistics::drift::ChangeSpectrum> {
    report.drift.as_ref()?.change.as_ref()
}

/// Projections onto the subspace with 90 % of the trace.
fn projection(report: &MatrixReport) -> Option<&ProjectionReport> {
    let [_, most, _] = TRACE_SHARES;
    report.activation.as_ref()?.projections.iter().find(|projection| projection.trace == most)
}
