//! All figures of one activation beside one matrix.

use super::{
    Activation, ActivationReport, Components, Overlaps, ProjectionNull, ProjectionReport,
    RightVectors, TRACE_SHARES, effective_rank, overlaps, participation_ratio,
};
use crate::RmtError;
use crate::statistics::drift::{Basis, mean_angle, principal_angles, random_angle};
use crate::statistics::finite;
use crate::statistics::spectrum_test::Judge;
use std::ops::Range;

/// The share of the trace of the subspace that angles are measured with: of [`TRACE_SHARES`].
const ANGLE_SHARE: usize = 1;

/// Ranks (from 0) of the singular values above the bulk, below it, and in it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) struct Groups {
    /// The significant values above.
    pub above: Range<usize>,
    /// The significant values below.
    pub below: Range<usize>,
    /// The rest.
    pub bulk: Range<usize>,
}

impl Groups {
    /// Of `count` singular values, `above` and `below` of them significant, of which those from
    /// `rank` on vanish and are in no group.
    pub(crate) fn new(count: usize, rank: usize, above: usize, below: usize) -> Self {
        let rank = rank.min(count);
        let first = above.min(rank);
        let last = count.saturating_sub(below).clamp(first, rank);
        Self { above: 0..first, below: last..rank, bulk: first..last }
    }

    fn all(&self) -> [Range<usize>; 3] {
        [self.above.clone(), self.below.clone(), self.bulk.clone()]
    }
}

/// A report and what it was made of.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub(crate) struct ActivationFigures {
    /// Summary.
    pub report: ActivationReport,
    /// Overlaps and projections of each vector.
    pub overlaps: Overlaps,
    /// Standard error of each overlap; empty without two halves.
    pub overlap_errors: Vec<f64>,
    /// λ₁ ≥ … ≥ λ_J.
    pub spectrum: Vec<f64>,
    /// Why something is missing.
    pub notes: Vec<String>,
}

/// Measures `activation`, its own spectrum by `judge`, and the overlaps of `vectors` in `groups` with
/// it. Without vectors the spectrum alone; without groups no mean over one.
///
/// Beside the two halves that the activation holds, four N×N matrices of doubles are needed at once
/// while one of three covariances is decomposed: of all tokens and, for the errors, of each half.
///
/// # Errors
/// [`RmtError::Domain`] where a covariance overflows a double, [`RmtError::NoConvergence`] when the
/// solver gives up.
pub(crate) fn measure(
    activation: &Activation,
    judge: &Judge<'_>,
    vectors: Option<(&RightVectors<'_>, Option<&Groups>)>,
) -> Result<ActivationFigures, RmtError> {
    let mut found = ActivationFigures::default();
    let report = &mut found.report;
    (report.tokens, report.features) = (activation.tokens(), activation.features());
    if report.tokens < 2 {
        found.notes.push(format!("a covariance needs 2 tokens, not {}", report.tokens));
        return Ok(found);
    }
    let components = Components::new(activation.pooled()?)?;
    report.rank = Some(components.rank());
    if components.rank() == 0 {
        found.notes.push("its features do not vary".into());
        return Ok(found);
    }
    found.spectrum = components.values().to_vec();
    report.effective_rank = effective_rank(components.values());
    report.participation_ratio = participation_ratio(components.values());
    own_spectrum(&mut found, &components, judge)?;
    let dimensions = TRACE_SHARES.map(|share| components.dimension(share));
    if let Some((vectors, groups)) = vectors {
        found.overlaps = overlaps(&components, vectors, &dimensions);
        by_group(&mut found, groups, &dimensions, judge)?;
        if let Some(groups) = groups {
            angles(&mut found, &components, vectors, groups, dimensions[ANGLE_SHARE]);
        }
    }
    let rank = components.rank();
    drop(components);
    let vectors = vectors.filter(|_| !found.overlaps.overlaps.is_empty());
    errors(&mut found, activation, rank, vectors, &dimensions)?;
    Ok(found)
}

/// The eigenvalues against those of independent features.
fn own_spectrum(
    found: &mut ActivationFigures,
    components: &Components,
    judge: &Judge<'_>,
) -> Result<(), RmtError> {
    // The mean takes one sample away.
    let samples = usize::try_from(components.tokens() - 1).unwrap_or(usize::MAX);
    let features = components.features();
    let (small, large) = (samples.min(features), samples.max(features));
    let tokens = components.tokens() as f64;
    let value = |j| components.values().get(j).map_or(0.0, |x: &f64| (tokens * x).sqrt());
    let nu: Vec<f64> = (0..small).map(value).collect();
    let (test, reason) = judge.spectrum(&nu, large, None, false)?;
    found.report.scale = test.scale;
    found.report.edge_high = test.edge_high.map(|edge| edge * edge / tokens);
    found.report.significant_above = test.significant_above;
    found.report.significant_above_cut_off = test.significant_above_cut_off;
    let of = format!("its spectrum, {} tokens of {features} features", components.tokens());
    found.notes.extend(reason.map(|reason| format!("{of}: {reason}")));
    Ok(())
}

/// Mean over a group; `None` for an empty one.
fn mean(values: &[f64], group: &Range<usize>) -> Option<f64> {
    let values = values.get(group.clone())?;
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    mean.is_finite().then_some(mean)
}

/// Means and nulls.
fn by_group(
    found: &mut ActivationFigures,
    groups: Option<&Groups>,
    dimensions: &[usize],
    judge: &Judge<'_>,
) -> Result<(), RmtError> {
    let ActivationFigures { report, overlaps, .. } = found;
    let (length, rank) = (report.features, report.rank.unwrap_or(0));
    if length < 2 {
        found.notes.push("one feature has no directions".into());
        return Ok(());
    }
    let null = judge.nulls.overlap(length, rank)?;
    let [low, high] = null.band();
    report.null_mean = Some(null.mean());
    (report.band_low, report.band_high) = (Some(low), Some(high));
    let all = groups.map(Groups::all);
    let values = &overlaps.overlaps;
    let means = all.as_ref().map(|all| all.each_ref().map(|group| mean(values, group)));
    if let Some([above, below, bulk]) = means {
        (report.overlap_above, report.overlap_below, report.overlap_bulk) = (above, below, bulk);
    }
    let count = |group: &Range<usize>| Some(group.len());
    let beyond = |group: &Range<usize>| {
        values.get(group.clone()).map(|values| values.iter().filter(|&&x| x > high).count())
    };
    if let Some([above, below, bulk]) = &all {
        (report.count_above, report.count_below, report.count_bulk) =
            (count(above), count(below), count(bulk));
        (report.above_band_above, report.above_band_below, report.above_band_bulk) =
            (beyond(above), beyond(below), beyond(bulk));
    }
    let lists = TRACE_SHARES.iter().zip(dimensions).zip(&overlaps.projections);
    for ((&trace, &dimension), values) in lists {
        let null = ProjectionNull::new(length, dimension)?;
        let band = null.band();
        let mut projection = ProjectionReport {
            trace,
            dimension,
            null_mean: null.mean(),
            band_low: band.map(|[low, _]| low),
            band_high: band.map(|[_, high]| high),
            ..ProjectionReport::default()
        };
        let figures = |group: &Range<usize>| {
            let mean = mean(values, group);
            (mean, mean.and_then(|mean| null.frame_p_value(group.len(), mean)))
        };
        if let Some([above, below, bulk]) = &all {
            (projection.above, projection.above_p) = figures(above);
            (projection.below, projection.below_p) = figures(below);
            (projection.bulk, projection.bulk_p) = figures(bulk);
        }
        if band.is_none() {
            let share = 100.0 * trace;
            found.notes.push(format!("{share} % of its trace take the whole space"));
        }
        report.projections.push(projection);
    }
    Ok(())
}

/// Principal angles of the outliers' spans with the leading `dimension` eigenvectors.
fn angles(
    found: &mut ActivationFigures,
    components: &Components,
    vectors: &RightVectors<'_>,
    groups: &Groups,
    dimension: usize,
) {
    if groups.above.is_empty() && groups.below.is_empty() {
        return;
    }
    let length = components.features();
    let leading = Basis::new(length, (0..dimension).map(|j| components.vector(j)));
    let mut of = |name: &str, group: &Range<usize>| {
        if group.is_empty() {
            return [None; 3];
        }
        let span = Basis::new(length, group.clone().map(|k| vectors.vector(k)));
        let pair = leading.as_ref().zip(span.as_ref());
        let Some(angles) = pair.and_then(|(leading, span)| principal_angles(leading, span)) else {
            found.notes.push(format!("the angles {name} could not be computed"));
            return [None; 3];
        };
        // min(g, d) angles with mean cos²θ = max(g, d)/N.
        let random = random_angle(group.len().max(dimension), length, length);
        [finite(mean_angle(&angles)), angles.first().copied().and_then(finite), finite(random)]
    };
    let (above, below) = (of("above", &groups.above), of("below", &groups.below));
    let report = &mut found.report;
    [report.angle_above, report.angle_above_smallest, report.angle_above_random] = above;
    [report.angle_below, report.angle_below_smallest, report.angle_below_random] = below;
}

/// What one half of the tokens says.
struct Half {
    rank: usize,
    effective_rank: Option<f64>,
    participation_ratio: Option<f64>,
    overlaps: Overlaps,
}

/// |x_A − x_B|/2 of every figure.
fn errors(
    found: &mut ActivationFigures,
    activation: &Activation,
    rank: usize,
    vectors: Option<(&RightVectors<'_>, Option<&Groups>)>,
    dimensions: &[usize],
) -> Result<(), RmtError> {
    if activation.halves().iter().any(|half| half.tokens() < 2) {
        found.notes.push("one half of the tokens has fewer than 2: no errors".into());
        return Ok(());
    }
    let half = |half: usize| -> Result<Half, RmtError> {
        let components = Components::new(activation.halves()[half].clone())?;
        let vectors = vectors.map(|(vectors, _)| overlaps(&components, vectors, dimensions));
        Ok(Half {
            rank: components.rank(),
            effective_rank: effective_rank(components.values()),
            participation_ratio: participation_ratio(components.values()),
            overlaps: vectors.unwrap_or_default(),
        })
    };
    // One after the other: each needs the room of four matrices.
    let halves = [half(0)?, half(1)?];
    if halves.iter().any(|half| half.rank < rank) {
        let [a, b] = halves.each_ref().map(|half| half.rank);
        found
            .notes
            .push(format!("its halves have ranks {a} and {b}, below {rank}: errors too large"));
    }
    let error = |x: Option<f64>, y: Option<f64>| x.zip(y).map(|(x, y)| 0.5 * (x - y).abs());
    let [a, b] = &halves;
    let report = &mut found.report;
    report.effective_rank_error = error(a.effective_rank, b.effective_rank);
    report.participation_ratio_error = error(a.participation_ratio, b.participation_ratio);
    let Some((_, groups)) = vectors else { return Ok(()) };
    let pairs = a.overlaps.overlaps.iter().zip(&b.overlaps.overlaps);
    found.overlap_errors = pairs.map(|(x, y)| 0.5 * (x - y).abs()).collect();
    let Some(groups) = groups else { return Ok(()) };
    let of =
        |x: &[f64], y: &[f64]| groups.all().map(|group| error(mean(x, &group), mean(y, &group)));
    [report.overlap_above_error, report.overlap_below_error, report.overlap_bulk_error] =
        of(&a.overlaps.overlaps, &b.overlaps.overlaps);
    let lists = a.overlaps.projections.iter().zip(&b.overlaps.projections);
    for (projection, (x, y)) in report.projections.iter_mut().zip(lists) {
        [projection.above_error, projection.below_error, projection.bulk_error] = of(x, y);
    }
    Ok(())
}
