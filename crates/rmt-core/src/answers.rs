//! Answers to questions about one matrix, from its report.
//!
//! Each answer was held against the loss of small networks; `docs/answers.md` in the repository has
//! the experiment. None of them replaces a measurement of the loss: they choose where to measure.

use crate::counts::StructureCount;
use crate::report::{MatrixReport, Verdict};
use crate::statistics::drift::Drift;

/// Whether the matrix has learned nothing that shows: its verdict is [`Verdict::Random`].
/// `None` without a verdict.
///
/// In the experiment such a matrix could be put back to its first weights at next to no loss.
/// A matrix with the verdict [`Verdict::Scale`] could not.
pub fn learned_nothing(report: &MatrixReport) -> Option<bool> {
    match report.verdict {
        Verdict::Random => Some(true),
        Verdict::Scale | Verdict::Structure | Verdict::Deviates => Some(false),
        Verdict::Degenerate | Verdict::NotEstimable => None,
    }
}

/// The rank to which the matrix can be truncated: its effective rank exp(−Σ p ln p), p = λ/Σλ (Roy &
/// Vetterli, 2007), rounded up. `None` if the spectrum is not known.
///
/// The count of learned directions is no such rank: what a network computes also needs the bulk.
pub fn truncation_rank(report: &MatrixReport) -> Option<usize> {
    let rank = report.heavy_tail.as_ref()?.effective_rank?;
    Some((rank.ceil() as usize).min(report.small_side))
}

/// The rank that an adapter needs for this change: the number of its directions that no scale of
/// its rows and columns explains. `None` if they were not counted
/// ([`Context::change_ladder`](crate::Context::change_ladder)).
pub fn adapter_rank(drift: &Drift) -> Option<StructureCount> {
    Some(drift.change.as_ref()?.structure.as_ref()?.above)
}

/// Rows of an embedding that carry nothing of their own: those of zeros, and those that equal an
/// earlier row. `None` if rows were not compared.
pub fn empty_rows(report: &MatrixReport) -> Option<[usize; 2]> {
    let rows = &report.magnitudes.as_ref()?.rows;
    Some([rows.zero.count, rows.equal.count])
}

/// Rows that never moved, or only shrank. Of an embedding they are unused, or too rare for this
/// many steps.
pub fn still_rows(drift: &Drift) -> usize {
    drift.still.as_ref().map_or(0, |still| still.rows.count)
}

/// What a fine-tuning did to a matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Touch {
    /// Every entry is the same.
    Untouched,
    /// Every row or every column only shrank, as by weight decay.
    Shrunk,
    /// It moved, and the change has no direction beyond the scale of its rows and columns.
    Undirected,
    /// It moved along directions, or they were not counted.
    Directed,
}

/// What the change did to a matrix of this shape. `None` if the change is not known.
pub fn touch(drift: &Drift, shape: [usize; 2]) -> Option<Touch> {
    let norm = drift.change.as_ref().and_then(|change| change.norm).or(drift.relative_norm)?;
    if norm == 0.0 {
        return Some(Touch::Untouched);
    }
    if drift.still.as_ref().is_some_and(|still| still.is_whole(shape)) {
        return Some(Touch::Shrunk);
    }
    match adapter_rank(drift) {
        Some(StructureCount { count: 0, cut_off: false, .. }) => Some(Touch::Undirected),
        _ => Some(Touch::Directed),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::test_support::gaussian;
    use crate::{Analyser, AnalysisOptions, Context, Matrix, Nulls, Orientation};

    const SHAPE: [usize; 2] = [64, 96];

    fn weights() -> Vec<f64> {
        gaussian(SHAPE[0], SHAPE[1], 1)
    }

    /// The report of `after` beside `weights`.
    fn report(after: &[f64]) -> MatrixReport {
        let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default()).unwrap();
        let before = weights();
        let matrix = |values| Matrix::new(values, SHAPE[0], SHAPE[1], Orientation::OutIn).unwrap();
        let keep = Context::default().with_keep(true);
        let reference = analyser.analyse(&matrix(&before[..]), keep).unwrap().reference;
        let context = Context::default().with_reference(reference.as_ref());
        analyser.analyse(&matrix(after), context.with_change_ladder(true)).unwrap().report
    }

    fn touched(after: &[f64]) -> (Option<Touch>, Option<usize>) {
        let drift = report(after).drift.unwrap();
        (touch(&drift, SHAPE), adapter_rank(&drift).map(|rank| rank.count))
    }

    fn plus(scale: f64, change: impl Fn(usize, usize) -> f64) -> Vec<f64> {
        let cols = SHAPE[1];
        let one = |(k, w): (usize, f64)| scale * w + change(k / cols, k % cols);
        weights().into_iter().enumerate().map(one).collect()
    }

    #[test]
    fn what_was_left_alone_shrank_or_moved_is_told_apart() {
        assert_eq!(touched(&weights()).0, Some(Touch::Untouched));
        assert_eq!(touched(&plus(0.99, |_, _| 0.0)).0, Some(Touch::Shrunk));
        // Noise whose rows differ in scale.
        let noise = gaussian(SHAPE[0], SHAPE[1], 2);
        let rows = |i: usize| 1e-3 * (1.0 + (i % 4) as f64);
        let undirected = plus(1.0, |i, j| rows(i) * noise[i * SHAPE[1] + j]);
        assert_eq!(touched(&undirected), (Some(Touch::Undirected), Some(0)));
        // Three directions in it.
        let (u, v) = (gaussian(3, SHAPE[0], 3), gaussian(3, SHAPE[1], 4));
        let directed = plus(1.0, |i, j| {
            let along = |k: usize| u[k * SHAPE[0] + i] * v[k * SHAPE[1] + j];
            1e-3 * (noise[i * SHAPE[1] + j] + (0..3).map(along).sum::<f64>())
        });
        assert_eq!(touched(&directed), (Some(Touch::Directed), Some(3)));
    }

    #[test]
    fn rows_that_are_empty_or_never_moved_are_counted() {
        let cols = SHAPE[1];
        let mut after = plus(1.0, |i, j| if i < 5 { 0.0 } else { 1e-3 * (j as f64 + 1.0) });
        after[10 * cols..12 * cols].fill(0.0);
        after.copy_within(20 * cols..21 * cols, 21 * cols);
        let report = report(&after);
        assert_eq!(empty_rows(&report), Some([2, 1]));
        // A row of zeros only shrank.
        assert_eq!(still_rows(&report.drift.unwrap()), 7);
    }

    #[test]
    fn a_random_matrix_has_learned_nothing_and_a_rank_one_matrix_needs_rank_one() {
        let random = report(&weights());
        assert_eq!(learned_nothing(&random), Some(true));
        // The entropy of a Marchenko–Pastur law is less than that of equal values.
        let rank = truncation_rank(&random).unwrap();
        assert!((40..64).contains(&rank), "{rank}");
        let (u, v) = (gaussian(1, SHAPE[0], 5), gaussian(1, SHAPE[1], 6));
        let learned = plus(1.0, |i, j| u[i] * v[j]);
        assert_eq!(learned_nothing(&report(&learned)), Some(false));
        let alone = plus(0.0, |i, j| u[i] * v[j]);
        assert_eq!(truncation_rank(&report(&alone)), Some(1));
        assert_eq!(learned_nothing(&report(&plus(0.0, |_, _| 0.0))), None);
    }
}
