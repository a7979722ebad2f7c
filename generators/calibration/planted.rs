//! What a planted signal makes of the statistics, against the theory of spiked matrices.

use rmt_core::RmtError;
use rmt_core::report::TestName;
use rmt_core::spectrum::{Matrix, Orientation, decompose};
use rmt_core::{Analyser, Context};

/// A rank-one signal θ·√n·u vᵀ to be added to unit noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PlantedSignal<'a> {
    /// θ; q^{1/4} is the detection limit.
    pub(super) strength: f64,
    /// Unit vector over the rows, the small side.
    pub(super) small: &'a [f64],
    /// Unit vector over the columns.
    pub(super) large: &'a [f64],
}

/// A direction of the small side whose variance is multiplied by ℓ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PlantedSuppression<'a> {
    /// ℓ; 1 − √q is the limit below which a value leaves the bulk.
    pub(super) variance: f64,
    /// Unit vector over the rows, the small side.
    pub(super) small: &'a [f64],
}

/// What the analysis says of a matrix with a planted direction, and what is true.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub(super) struct SignalFound {
    /// Whether the end's own test rejects at its share of the level.
    pub(super) rejected: bool,
    /// Whether the verdict is that the matrix deviates.
    pub(super) deviates: bool,
    /// θ̂ (or ℓ̂) where the end has a significant value.
    pub(super) strength: Option<f64>,
    /// Expected cosines on the small and the large side (the large one for signals alone).
    pub(super) expected: Option<[f64; 2]>,
    /// Cosines between the end's singular vectors and the planted directions.
    pub(super) cosines: [f64; 2],
}

/// Adds `signal` to `noise` (m×n, m ≤ n, unit variance, row by row) and analyses the sum.
///
/// # Errors
/// Those of [`Analyser::analyse`]; [`RmtError::Shape`] where the noise has another shape.
pub(super) fn planted_signal(
    analyser: &Analyser,
    mut noise: Vec<f64>,
    signal: &PlantedSignal<'_>,
) -> Result<SignalFound, RmtError> {
    let (m, n) = (signal.small.len(), signal.large.len());
    let factor = signal.strength * (n as f64).sqrt();
    for (row, u) in noise.chunks_mut(n.max(1)).zip(signal.small) {
        row.iter_mut().zip(signal.large).for_each(|(x, v)| *x += factor * u * v);
    }
    let matrix = Matrix::new(&noise[..], m, n, Orientation::OutIn)?;
    let report = analyser.analyse(&matrix, Context::default().with_ladder(false))?.report;
    let d = decompose(&matrix)?;
    let found = report.signal.first();
    Ok(SignalFound {
        rejected: report.rejects(&TestName::Above),
        deviates: report.verdict.deviates(),
        strength: found.map(|s| s.strength),
        expected: found.map(|s| [s.cosine_left, s.cosine_right]),
        cosines: [cosine(d.small_vector(0), signal.small), cosine(d.large_vector(0), signal.large)],
    })
}

/// Multiplies the variance of `noise` (m×n, m ≤ n) along one direction of its small side and
/// analyses the result.
///
/// # Errors
/// Those of [`Analyser::analyse`]; [`RmtError::Shape`] where the noise is not m×n.
pub(super) fn planted_suppression(
    analyser: &Analyser,
    mut noise: Vec<f64>,
    planted: &PlantedSuppression<'_>,
) -> Result<SignalFound, RmtError> {
    let m = planted.small.len();
    let n = noise.len() / m.max(1);
    // (1 + (√ℓ − 1) u uᵀ) W
    let mut along = vec![0.0; n];
    for (row, u) in noise.chunks(n.max(1)).zip(planted.small) {
        along.iter_mut().zip(row).for_each(|(sum, x)| *sum += u * x);
    }
    let factor = planted.variance.sqrt() - 1.0;
    for (row, u) in noise.chunks_mut(n.max(1)).zip(planted.small) {
        row.iter_mut().zip(&along).for_each(|(x, a)| *x += factor * u * a);
    }
    let matrix = Matrix::new(&noise[..], m, n, Orientation::OutIn)?;
    let report = analyser.analyse(&matrix, Context::default().with_ladder(false))?.report;
    let d = decompose(&matrix)?;
    let found = report.suppression.first();
    Ok(SignalFound {
        rejected: report.rejects(&TestName::Below),
        deviates: report.verdict.deviates(),
        strength: found.map(|s| s.variance),
        expected: found.map(|s| [s.cosine, f64::NAN]),
        cosines: [cosine(d.small_vector(m.saturating_sub(1)), planted.small), f64::NAN],
    })
}

fn cosine(vector: impl Iterator<Item = f64>, planted: &[f64]) -> f64 {
    vector.zip(planted).map(|(x, y)| x * y).sum::<f64>().abs()
}
