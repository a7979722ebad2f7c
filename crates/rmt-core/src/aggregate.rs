//! Means over groups of matrices, such as those of one kind or one block.

use crate::figures::{Figure, Unit};
use crate::layers::{LayerKind, by_kind};
use crate::signs::StructureReport;
use crate::{LayerReport, MatrixReport};
use serde::{Deserialize, Serialize};

/// Counts and means over a group of matrices. Each mean is over the matrices that have the figure.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Aggregate {
    /// Number of matrices.
    pub matrices: usize,
    /// Number of matrices that deviate from independent entries.
    pub deviating: usize,
    /// Mean number of structure directions above, divided by the smaller side m.
    pub structure_above: Option<f64>,
    /// Mean number of structure directions below, divided by m.
    pub structure_below: Option<f64>,
    /// Number of matrices for which one of these counts is a lower bound. If it is not 0, the means
    /// are lower bounds too.
    pub structure_cut_off: usize,
    /// Mean number of singular values above the bulk, divided by the smaller side m.
    pub outliers_above: Option<f64>,
    /// Mean number of the significant ones among them, divided by m.
    pub significant_above: Option<f64>,
    /// Number of matrices for which that count is a lower bound. If it is not 0, the mean is a
    /// lower bound too.
    pub above_cut_off: usize,
    /// Mean number of singular values below the bulk, divided by m.
    pub outliers_below: Option<f64>,
    /// Mean number of the significant ones among them, divided by m.
    pub significant_below: Option<f64>,
    /// Number of matrices for which that count is a lower bound.
    pub below_cut_off: usize,
    /// Mean fraction of rejected left singular vectors.
    pub left_rejected: Option<f64>,
    /// Mean fraction of rejected right singular vectors.
    pub right_rejected: Option<f64>,
    /// Mean overlap with the input, over the vectors of the significant values above.
    pub overlap_above: Option<f64>,
    /// Mean overlap with the input, over the vectors of the significant values below.
    pub overlap_below: Option<f64>,
    /// Mean power-law exponent α.
    pub alpha: Option<f64>,
    /// Mean stable rank.
    pub stable_rank: Option<f64>,
}

/// A figure that means are taken of.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Mean {
    /// Name of the field of [`Aggregate`], and of the curve.
    pub name: &'static str,
    /// Its [key](Figure::key).
    key: &'static str,
    place: fn(&mut Aggregate) -> &mut Option<f64>,
    value: fn(&Aggregate) -> Option<f64>,
    cut_off: fn(&Aggregate) -> usize,
}

macro_rules! means {
    ($($name:ident: $key:literal $(, cut off: $cut_off:ident)?;)+) => {
        &[$(Mean {
            name: stringify!($name),
            key: $key,
            place: |a| &mut a.$name,
            value: |a| a.$name,
            cut_off: |_a| 0 $(+ _a.$cut_off)?,
        }),+]
    };
}

const MEANS: &[Mean] = means! {
    structure_above: "structure.above.count", cut off: structure_cut_off;
    structure_below: "structure.below.count", cut off: structure_cut_off;
    outliers_above: "outliers_above";
    significant_above: "significant_above", cut off: above_cut_off;
    outliers_below: "outliers_below";
    significant_below: "significant_below", cut off: below_cut_off;
    left_rejected: "left.ks_rejected";
    right_rejected: "right.ks_rejected";
    overlap_above: "activation.overlap_above";
    overlap_below: "activation.overlap_below";
    alpha: "heavy_tail.alpha";
    stable_rank: "heavy_tail.stable_rank";
};

impl Mean {
    /// The means that tables have columns for.
    pub fn in_tables() -> impl Iterator<Item = (&'static Self, &'static Figure)> + Clone {
        let all = MEANS.iter().filter_map(|mean| Some((mean, mean.figure()?)));
        all.filter(|(_, figure)| !figure.head.is_empty())
    }

    /// The figure behind the mean.
    pub fn figure(&self) -> Option<&'static Figure> {
        Figure::named(self.key)
    }

    /// Of this matrix; a count over the smaller side m.
    fn of(&self, report: &MatrixReport) -> Option<f64> {
        let figure = self.figure()?;
        let value = figure.value(report)?;
        match (figure.unit, report.small_side) {
            (Unit::Count, 0) => None,
            (Unit::Count, m) => Some(value / m as f64),
            _ => Some(value),
        }
    }

    /// The mean over the matrices that have the figure.
    pub fn value(&self, aggregate: &Aggregate) -> Option<f64> {
        (self.value)(aggregate)
    }

    /// Whether the mean is a lower bound.
    pub fn is_lower_bound(&self, aggregate: &Aggregate) -> bool {
        (self.cut_off)(aggregate) > 0
    }
}

/// The figures of one matrix that an [`Aggregate`] needs. Programs with many reports keep these to
/// save memory.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    deviates: bool,
    structure_cut_off: bool,
    above_cut_off: bool,
    below_cut_off: bool,
    /// In the order of [`MEANS`]; NaN where there is none.
    values: [f64; MEANS.len()],
}

impl Figures {
    /// The figures of this matrix.
    pub fn of(report: &MatrixReport) -> Self {
        let mut values = [f64::NAN; MEANS.len()];
        for (value, mean) in values.iter_mut().zip(MEANS) {
            *value = mean.of(report).unwrap_or(f64::NAN);
        }
        Self {
            deviates: report.verdict.deviates(),
            structure_cut_off: report.structure.as_ref().is_some_and(StructureReport::is_cut_off),
            above_cut_off: report.significant_above_cut_off,
            below_cut_off: report.significant_below_cut_off,
            values,
        }
    }
}

impl Aggregate {
    /// Aggregates these matrices. A figure that none of them has is `None`.
    pub fn of<'a>(reports: impl IntoIterator<Item = &'a MatrixReport>) -> Self {
        Self::of_figures(reports.into_iter().map(Figures::of))
    }

    /// Aggregates these figures, one value per matrix.
    pub fn of_figures(figures: impl IntoIterator<Item = Figures>) -> Self {
        let all: Vec<Figures> = figures.into_iter().collect();
        let count = |of: fn(&Figures) -> bool| all.iter().filter(|figures| of(figures)).count();
        let mut aggregate = Self {
            matrices: all.len(),
            deviating: count(|figures| figures.deviates),
            structure_cut_off: count(|figures| figures.structure_cut_off),
            above_cut_off: count(|figures| figures.above_cut_off),
            below_cut_off: count(|figures| figures.below_cut_off),
            ..Self::default()
        };
        for (place, kept) in MEANS.iter().enumerate() {
            let values = all.iter().filter_map(|figures| figures.values.get(place).copied());
            let values: Vec<f64> = values.filter(|value| !value.is_nan()).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            *(kept.place)(&mut aggregate) = mean.is_finite().then_some(mean);
        }
        aggregate
    }

    /// Aggregates the matrices of each kind, in the order of first occurrence.
    pub fn by_kind<'a>(
        reports: impl IntoIterator<Item = &'a LayerReport>,
    ) -> Vec<(LayerKind, Self)> {
        let kinds = by_kind(reports.into_iter().map(|row| (row.layer.kind, &row.report)));
        kinds.into_iter().map(|(kind, reports)| (kind, Self::of(reports))).collect()
    }

    /// Names and values for the log: the number of deviating matrices, then the means that exist.
    pub fn scalars(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let means = MEANS.iter().filter_map(|mean| Some((mean.name, mean.value(self)?)));
        std::iter::once(("deviating", self.deviating as f64)).chain(means)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::Verdict;
    use crate::layers::LayerId;
    use crate::{Analyser, AnalysisOptions, Context, Matrix, Nulls, Orientation};

    /// Of a matrix too small to be tested, with this count and verdict.
    fn matrix(side: usize, above: Option<usize>, verdict: Verdict) -> MatrixReport {
        let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default()).unwrap();
        let values = vec![0.0; side * side];
        let matrix = Matrix::new(&values[..], side, side, Orientation::OutIn).unwrap();
        let mut report = analyser.analyse(&matrix, Context::default()).unwrap().report;
        (report.significant_above, report.verdict) = (above, verdict);
        report.significant_above_cut_off = above == Some(5);
        report
    }

    #[test]
    fn means_are_over_the_matrices_that_have_the_figure() {
        let reports = [
            matrix(10, Some(1), Verdict::Deviates),
            matrix(5, Some(2), Verdict::Random),
            matrix(3, None, Verdict::Deviates),
        ];
        let aggregate = Aggregate::of(&reports);
        assert_eq!((aggregate.matrices, aggregate.deviating), (3, 2));
        assert_eq!(aggregate.significant_above, Some(0.25));
        assert_eq!(aggregate.overlap_above, None);
        let scalars: Vec<_> = aggregate.scalars().collect();
        assert!(scalars.starts_with(&[("deviating", 2.0), ("significant_above", 0.25)]));
        assert_eq!(Aggregate::of([]), Aggregate::default());
    }

    #[test]
    fn kinds_come_in_the_order_of_the_model() {
        let named = |name: &str, above| {
            let report = matrix(10, Some(above), Verdict::Random);
            LayerReport::new(0, 0, LayerId::from_name(name), "f32".into(), report)
        };
        let names = ["b.0.query.weight", "b.0.key.weight", "b.1.query.weight", "b.1.key.weight"];
        let reports: Vec<_> = names.iter().zip([1, 2, 3, 5]).map(|(n, x)| named(n, x)).collect();
        let kinds = Aggregate::by_kind(&reports);
        let found: Vec<_> =
            kinds.iter().map(|(k, a)| (*k, a.matrices, a.significant_above)).collect();
        let bounds: Vec<_> =
            kinds.iter().map(|(_, a)| (a.above_cut_off, a.below_cut_off)).collect();
        assert_eq!(bounds, [(0, 0), (1, 0)]);
        let expected = [(LayerKind::Query, 2, Some(0.2)), (LayerKind::Key, 2, Some(0.35))];
        assert_eq!(found, expected);
    }
}
