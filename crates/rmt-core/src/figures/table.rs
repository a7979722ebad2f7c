//! Every figure, once. The order is that of the columns of CSV.

use super::group::{ABOVE, BELOW, BULK, DRIFT, HEAVY_TAIL, VECTORS};
use super::{Figure, Measured, Unit};
use crate::MatrixReport;

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

mod ladder;
mod training;

use ladder::LADDER;
use training::TRAINING;

const CUT_OFF: &str =
    "whether the count is a lower bound, because it stopped at half of all values";

/// The spectrum against its law.
const SPECTRUM: &[Figure] = &[
    Figure::word(
        "verdict",
        "random, scale, structure, deviates (scale and structure not separated), degenerate or not_estimable",
    ),
    at!(Number, level, "family-wise level of the verdict"),
    at!(Weight, scale, "scale of the bulk").head("scale").lean(BULK, "scale"),
    Figure::word("scale_estimator", "estimator of the scale"),
    at!(Weight, scale_entries, "standard deviation of the entries"),
    at!(Number, excess_kurtosis, "excess kurtosis of the entries"),
    at!(Weight, edge_low, "lower edge of the bulk"),
    Figure::computed(Unit::Noise, "lower edge of the bulk", |r| normalized(r, r.edge_low))
        .lean(BULK, "edge_low_normalized"),
    at!(Weight, edge_high, "upper edge of the bulk").head("edge"),
    Figure::computed(Unit::Noise, "upper edge of the bulk", |r| normalized(r, r.edge_high))
        .lean(BULK, "edge_high_normalized"),
    at!(Weight, smallest, "smallest singular value"),
    Figure::computed(Unit::Noise, "smallest singular value", |r| normalized(r, r.smallest))
        .lean(BULK, "smallest_normalized"),
    Figure::computed(Unit::Number, "smallest singular value over the lower edge", |r| {
        ratio(r.smallest, r.edge_low)
    })
    .curve(BELOW, "smallest_over_edge"),
    at!(Weight, largest, "largest singular value").head("largest"),
    Figure::computed(Unit::Noise, "largest singular value", |r| normalized(r, r.largest))
        .lean(BULK, "largest_normalized"),
    Figure::computed(Unit::Number, "largest singular value over the upper edge", |r| {
        ratio(r.largest, r.edge_high)
    })
    .lean(ABOVE, "largest_over_edge"),
    at!(Count, outliers_above, "number of singular values above the upper edge")
        .curve(ABOVE, "outliers"),
    at!(Count, outliers_below, "number of singular values below the lower edge")
        .curve(BELOW, "outliers"),
    at!(Count, significant_above, "number of singular values significantly above the bulk")
        .cut_off(|r| r.significant_above_cut_off)
        .lean(ABOVE, "significant"),
    Figure::word("significant_above_cut_off", CUT_OFF),
    at!(Count, significant_below, "number of singular values significantly below the bulk")
        .cut_off(|r| r.significant_below_cut_off)
        .lean(BELOW, "significant"),
    Figure::word("significant_below_cut_off", CUT_OFF),
    at!(P, p_above, "p-value of the largest singular value")
        .head("p above")
        .lean(ABOVE, "minus_log10_p"),
    at!(P, p_below, "p-value of the smallest singular value")
        .head("p below")
        .lean(BELOW, "minus_log10_p"),
    at!(Number, bulk_distance, "m times the distance from the Marchenko–Pastur law")
        .curve(BULK, "distance"),
    at!(P, p_bulk, "p-value of bulk_distance").head("p bulk").curve(BULK, "minus_log10_p"),
    at!(Number, spacing_ratio, "mean ratio of consecutive spacings, .5307 for random matrices")
        .head("⟨r⟩")
        .curve(BULK, "spacing_ratio"),
    at!(
        Number,
        spacing_ratio_z,
        "distance of spacing_ratio from its random value, in standard deviations"
    ),
    at!(Count, levels.spacings, "number of unfolded spacings"),
    at!(Number, levels.surmise_distance, "distance of the spacings from Wigner's surmise"),
    at!(P, levels.surmise_p, "p-value of surmise_distance"),
    at!(
        Number,
        levels.brody.exponent,
        "Brody's exponent, .96 for random matrices, 0 without repulsion"
    )
    .curve(BULK, "brody_exponent"),
    at!(
        Number,
        levels.brody.standard_error,
        "standard error of Brody's exponent for independent spacings"
    ),
    at!(Number, levels.brody_expected, "mean of Brody's exponent over random matrices"),
    at!(Number, levels.brody_spread, "standard deviation of Brody's exponent over random matrices"),
];

/// The singular vectors of one side.
macro_rules! side {
    ($side:ident, $of:literal) => {
        &[
            at!(P, $side.p, concat!("p-value of the ", $of, " vectors"))
                .head(concat!("p ", stringify!($side))),
            at!(
                P,
                $side.p_windows,
                concat!("p-value of the ", $of, " vectors, pooled over ten neighbours")
            ),
            at!(
                Fraction,
                $side.ks_rejected,
                concat!("share of ", $of, " vectors that are not random")
            )
            .head(stringify!($side))
            .lean(VECTORS, concat!(stringify!($side), "_rejected")),
            at!(
                Fraction,
                $side.ks_rejected_top,
                "the same share among the tenth with the largest singular values"
            ),
            at!(
                Fraction,
                $side.ks_rejected_bottom,
                "the same share among the tenth with the smallest singular values"
            ),
            at!(Number, $side.ipr, "mean inverse participation ratio, 3N/(N + 2) if random")
                .curve(VECTORS, concat!(stringify!($side), "_ipr")),
            at!(
                Number,
                $side.ipr_z,
                "distance of ipr from its random value, in standard deviations"
            ),
            at!(Number, $side.entropy, concat!("mean Shannon entropy of the ", $of, " vectors")),
            at!(
                Number,
                $side.entropy_z,
                "distance of entropy from its random value, in standard deviations"
            ),
            at!(
                Number,
                $side.localization_max,
                concat!("largest |entry| of all ", $of, " vectors")
            ),
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
        "cosine between the left vector of that signal's outlier and the signal",
        |r| Some(r.signal.first()?.cosine_left),
    ),
    Figure::new(
        "signal.0.cosine_right",
        Unit::Number,
        "cosine between the right vector of that signal's outlier and the signal",
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
        "cosine between the vector of the smallest value and that direction",
        |r| Some(r.suppression.first()?.cosine),
    ),
    at!(Count, threshold_rank, "number of singular values above the Gavish–Donoho threshold"),
    at!(Number, heavy_tail.alpha, "power-law exponent α").head("alpha").curve(HEAVY_TAIL, "alpha"),
    at!(Number, heavy_tail.alpha_sigma, "standard error of α"),
    at!(Number, heavy_tail.alpha_weighted, "α·log₁₀ λ_max").curve(HEAVY_TAIL, "alpha_weighted"),
    at!(Number, heavy_tail.xmin, "λ at which the fitted tail begins"),
    at!(Number, heavy_tail.distance, "Kolmogorov–Smirnov distance of the tail from the fit"),
    at!(Count, heavy_tail.tail_count, "number of eigenvalues in the fitted tail"),
    at!(Number, heavy_tail.log_norm, "log₁₀ Σλ").curve(HEAVY_TAIL, "log_norm"),
    at!(Number, heavy_tail.log_alpha_norm, "log₁₀ Σλ^α").curve(HEAVY_TAIL, "log_alpha_norm"),
    at!(Number, heavy_tail.stable_rank, "stable rank Σν²/ν₁²")
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
    at!(
        Number,
        heavy_tail.edge_ratio,
        "share ν₊²/λ_max of the largest eigenvalue that the bulk edge explains"
    ),
    at!(Count, traps.count, "number of significant values above after the entries are permuted")
        .cut_off(|r| r.traps.as_ref().is_some_and(|traps| traps.count_cut_off))
        .curve(HEAVY_TAIL, "traps"),
    Figure::word("traps.count_cut_off", CUT_OFF),
    at!(P, traps.p, "p-value of the largest value of the permuted matrix"),
    at!(
        Number,
        traps.largest_over_edge,
        "largest value of the permuted matrix over its upper edge"
    )
    .curve(HEAVY_TAIL, "traps_largest_over_edge"),
    at!(
        Number,
        traps.offset_over_edge,
        "singular value by the mean of the entries, over that edge"
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
    at!(Count, drift.dimension, "number of directions compared at each end"),
    Figure::new(
        "drift.still.rows.count",
        Unit::Count,
        "rows that did not move, or only shrank",
        |r| r.drift.as_ref()?.still.as_ref()?.rows.count.figure(),
    ),
    Figure::new(
        "drift.still.cols.count",
        Unit::Count,
        "columns that did not move, or only shrank",
        |r| r.drift.as_ref()?.still.as_ref()?.cols.count.figure(),
    ),
    at!(Weight, drift.change.norm, "‖W − W₀‖"),
    at!(Weight, drift.change.largest, "largest singular value of the change"),
    at!(Number, drift.change.stable_rank, "stable rank of the change"),
    of_change!(Weight, drift.change, scale, "scale of the bulk of the change"),
    of_change!(Weight, drift.change, edge_high, "upper edge of the bulk of the change"),
    of_change!(
        Count,
        drift.change,
        significant_above,
        "number of singular values of the change above its bulk"
    )
    .head("deflated")
    .cut_off(|r| change(r).is_some_and(|change| change.spectrum.significant_above_cut_off))
    .curve(DRIFT, "change_significant"),
    Figure::word("drift.change.significant_above_cut_off", CUT_OFF),
    of_change!(
        Count,
        drift.change,
        significant_below,
        "number of singular values of the change below its bulk"
    )
    .cut_off(|r| change(r).is_some_and(|change| change.spectrum.significant_below_cut_off)),
    Figure::word("drift.change.significant_below_cut_off", CUT_OFF),
    of_change!(P, drift.change, p_above, "p-value of the largest singular value of the change")
        .head("p")
        .curve(DRIFT, "change_minus_log10_p"),
    of_change!(P, drift.change, p_below, "p-value of the smallest singular value of the change"),
    of_change!(
        Number,
        drift.change,
        bulk_distance,
        "m times the distance of the change from the Marchenko–Pastur law"
    ),
    of_change!(P, drift.change, p_bulk, "p-value of that distance"),
    Figure::new(
        "drift.change.structure.above.count",
        Unit::Count,
        "number of directions of the change that no scale of its rows and columns explains",
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
        "most directions of the change that the copies leave open",
        |r| change(r)?.structure.as_ref()?.above.most.figure(),
    ),
    Figure::word(
        "drift.change.structure.above.cut_off",
        "whether the count is a lower bound, because it did not settle",
    ),
    Figure::word("drift.change.reason", "why a figure of the change is missing"),
    Figure::word("drift.reason", "why a figure of the drift is missing"),
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
fn normalized(report: &MatrixReport, value: Option<f64>) -> Option<f64> {
    let all = [report.largest, report.smallest, report.edge_low, report.edge_high];
    let unit = report.scale? * (report.large_side as f64).sqrt();
    all.iter().all(Option::is_some).then(|| ratio(value, Some(unit)))?
}

fn change(report: &MatrixReport) -> Option<&crate::statistics::drift::ChangeSpectrum> {
    report.drift.as_ref()?.change.as_ref()
}
