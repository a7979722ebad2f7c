//! Figures of the ladder of nulls.

use super::super::group::STRUCTURE;
use super::super::{Figure, Measured, Unit};

const CUT_OFF: &str = "whether the count is a lower bound, because it did not settle";

/// The number of unusual rows or columns.
macro_rules! lines {
    ($side:ident.$kind:ident, $title:expr) => {
        Figure::new(
            concat!("magnitudes.", stringify!($side), ".", stringify!($kind), ".count"),
            Unit::Count,
            $title,
            |r| r.magnitudes.as_ref()?.$side.$kind.count.figure(),
        )
    };
}

/// Structure, told apart from scale.
pub(super) const LADDER: &[Figure] = &[
    Figure::new(
        "structure.above.count",
        Unit::Count,
        "number of directions above that no scale of rows and columns explains",
        |r| r.structure.as_ref()?.above.count.figure(),
    )
    .head("above")
    .cut_off(|r| r.structure.as_ref().is_some_and(|found| found.above.cut_off))
    .lean(STRUCTURE, "above"),
    Figure::new(
        "structure.above.most",
        Unit::Count,
        "most directions above that the copies leave open",
        |r| r.structure.as_ref()?.above.most.figure(),
    ),
    Figure::word("structure.above.cut_off", CUT_OFF),
    at!(
        Count,
        structure.below.count,
        "number of directions below that no scale of rows and columns explains"
    )
    .head("below")
    .cut_off(|r| {
        let below = r.structure.as_ref().and_then(|found| found.below);
        below.is_some_and(|below| below.cut_off)
    })
    .lean(STRUCTURE, "below"),
    at!(Count, structure.below.most, "most directions below that the copies leave open"),
    Figure::word("structure.below.cut_off", CUT_OFF),
    at!(Fraction, structure.share_above, "share of the smaller side that is structure above")
        .head("share")
        .lean(STRUCTURE, "share_above"),
    at!(Fraction, structure.share_above_most, "largest share above that the copies leave open"),
    at!(Fraction, structure.share_below, "share of the smaller side that is structure below")
        .curve(STRUCTURE, "share_below"),
    at!(Fraction, structure.share_below_most, "largest share below that the copies leave open"),
    at!(Fraction, structure.norm_share, "share of the squared norm in the structure above")
        .head("norm")
        .lean(STRUCTURE, "norm_share"),
    at!(Fraction, structure.norm_share_error, "standard error of norm_share for the given count"),
    at!(Fraction, structure.norm_share_most, "largest norm_share that the copies leave open"),
    at!(Noise, structure.strength, "strength of the strongest direction above, after whitening")
        .lean(STRUCTURE, "strength"),
    at!(Noise, structure.strength_error, "standard error of strength"),
    at!(Count, signs.copies, "number of copies per comparison"),
    Figure::new("signs.signs.p", Unit::P, "p-value of both ends among sign-flipped copies", |r| {
        Some(r.signs.as_ref()?.signs.p)
    })
    .head("p signs"),
    Figure::new("signs.signs.p_tail", Unit::P, "p-value by a tail fitted to these copies", |r| {
        Some(r.signs.as_ref()?.signs.p_tail)
    })
    .curve(STRUCTURE, "minus_log10_p_tail"),
    at!(P, signs.permuted.p, "p-value of both ends among copies in another order"),
    Figure::new(
        "magnitudes.rows.variation",
        Unit::Number,
        "coefficient of variation of the scale of the rows",
        |r| r.magnitudes.as_ref()?.rows.variation,
    )
    .head("rows")
    .curve(STRUCTURE, "variation_of_rows"),
    Figure::new(
        "magnitudes.cols.variation",
        Unit::Number,
        "coefficient of variation of the scale of the columns",
        |r| r.magnitudes.as_ref()?.cols.variation,
    )
    .head("cols")
    .curve(STRUCTURE, "variation_of_columns"),
    lines!(rows.zero, "number of rows of zeros"),
    lines!(rows.equal, "number of rows equal to an earlier one"),
    lines!(rows.outstanding, "number of rows beyond four times the median scale"),
    lines!(cols.zero, "number of columns of zeros"),
    lines!(cols.equal, "number of columns equal to an earlier one"),
    lines!(cols.outstanding, "number of columns beyond four times the median scale"),
    at!(
        Fraction,
        magnitudes.explained,
        "share of the variance of ln|w| that rows and columns explain"
    )
    .curve(STRUCTURE, "scale_explained"),
    at!(Fraction, magnitudes.zeros, "share of zero entries"),
    at!(
        Count,
        magnitudes.massive_count,
        "number of entries beyond ten standard deviations of the others"
    )
    .head("massive")
    .curve(STRUCTURE, "massive_entries"),
];
