//! The spectral edge of a trajectory, which shows how many directions recent updates share.

use crate::RmtError;
use crate::spectrum::Values;
use faer::{Mat, Side};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// σ_k/σ₁ below which a singular value of the window counts as zero: squares of it are rounding in
/// the Gram matrix.
const VANISHING: f64 = 1e-6;

/// A rolling window over the last K updates ΔW of a matrix, flattened, and their K×K Gram matrix.
///
/// The Gram matrix needs inner products only, so the Gram matrix of a whole model is the sum over
/// its matrices ([`Edge::from_gram`]). The window holds K copies of the update in single precision,
/// 4·K·mn bytes.
///
/// Source: Xu, arXiv 2603.15678 (2026).
///
/// ```
/// use rmt_core::statistics::drift::SpectralEdge;
/// let mut window = SpectralEdge::new(3)?;
/// // Two directions, one of them twice.
/// assert!(window.push([3.0_f32, 0.0].as_slice())?.is_none());
/// assert!(window.push([0.0_f32, 1.0].as_slice())?.is_none());
/// let edge = window.push([4.0_f32, 0.0].as_slice())?.unwrap();
/// // σ = 5, 1, 0: the updates span two dimensions only.
/// assert!((edge.singular_values[0] - 5.0).abs() < 1e-12);
/// assert_eq!((edge.position, edge.ratio), (2, None));
/// # Ok::<(), rmt_core::RmtError>(())
/// ```
#[derive(Debug, Clone)]
pub struct SpectralEdge {
    window: usize,
    updates: VecDeque<Vec<f32>>,
    /// K×K, oldest first; only the part of the updates held is filled.
    gram: Vec<f64>,
}

impl SpectralEdge {
    /// Makes a window of K updates.
    ///
    /// # Errors
    /// [`RmtError::Setting`] unless K ≥ 2.
    pub fn new(window: usize) -> Result<Self, RmtError> {
        if window < 2 {
            return Err(RmtError::Setting {
                setting: "spectral_edge_window",
                value: window as f64,
                requirement: "a ratio of singular values needs a window of at least 2 updates",
            });
        }
        Ok(Self { window, updates: VecDeque::new(), gram: vec![0.0; window * window] })
    }

    /// Adds an update, and drops the oldest beyond the window. Returns the edge once the window is
    /// full. `None` before that, and if no update of the window moved anything.
    ///
    /// # Errors
    /// [`RmtError::Shape`] when the number of entries has changed (the window is kept as it is),
    /// [`RmtError::Domain`] for an entry that is not finite in single precision.
    pub fn push<'a>(&mut self, update: impl Into<Values<'a>>) -> Result<Option<Edge>, RmtError> {
        let update = update.into();
        if let Some(held) = self.updates.front()
            && held.len() != update.len()
        {
            let (expected, found) = (held.len(), update.len());
            return Err(RmtError::Shape { rows: 1, cols: expected, expected, found });
        }
        let update: Vec<f32> = update.iter().map(|x| x as f32).collect();
        if !update.iter().all(|x| x.is_finite()) {
            return Err(RmtError::Domain {
                law: "spectral edge",
                requirement: "every entry of an update must be finite",
            });
        }
        if self.updates.len() == self.window {
            self.updates.pop_front();
            let k = self.window;
            for i in 1..k {
                self.gram.copy_within(i * k + 1..(i + 1) * k, (i - 1) * k);
            }
        }
        let new = self.updates.len();
        self.updates.push_back(update);
        let Some(latest) = self.updates.back() else { return Ok(None) };
        for (i, other) in self.updates.iter().enumerate() {
            let product = dot(latest, other);
            self.gram[new * self.window + i] = product;
            self.gram[i * self.window + new] = product;
        }
        let entries = latest.len();
        Ok(self.gram().and_then(|gram| Edge::from_gram(gram, entries)))
    }

    /// The Gram matrix of the window's updates, oldest first, K×K; `None` until the window is full.
    pub fn gram(&self) -> Option<&[f64]> {
        (self.updates.len() == self.window).then_some(self.gram.as_slice())
    }

    /// Number of entries per update; 0 before the first.
    pub fn entries(&self) -> usize {
        self.updates.front().map_or(0, Vec::len)
    }

    /// Memory in bytes.
    pub fn bytes(&self) -> usize {
        let updates: usize = self.updates.iter().map(|u| size_of_val(u.as_slice())).sum();
        updates + size_of_val(self.gram.as_slice())
    }
}

/// In eight interleaved sums, so that it neither drifts nor waits for each addition.
fn dot(a: &[f32], b: &[f32]) -> f64 {
    let mut sums = [0.0_f64; 8];
    let (a, a_rest) = a.as_chunks::<8>();
    let (b, b_rest) = b.as_chunks::<8>();
    for (x, y) in a.iter().zip(b) {
        for k in 0..8 {
            sums[k] += f64::from(x[k]) * f64::from(y[k]);
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum();
    sums.iter().sum::<f64>() + rest
}

/// The spectral edge of a window of updates: the end of the directions that they share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Edge {
    /// The number k of singular values before the largest ratio.
    pub position: usize,
    /// The largest ratio of consecutive singular values, σ_k/σ_{k+1}; null if σ_{k+1} vanishes,
    /// because the updates span only k dimensions.
    pub ratio: Option<f64>,
    /// The singular values σ₁ ≥ … ≥ σ_K of the K flattened updates.
    pub singular_values: Vec<f64>,
    /// (√P+√K)/(√P−√K): σ₁/σ_K of K independent updates of P entries each and of equal size, which
    /// no ratio of theirs exceeds by more than its fluctuation; null unless P > K. Updates of
    /// different sizes have ratios of their own.
    pub ratio_random: Option<f64>,
}

impl Edge {
    /// Computes the edge from the K×K Gram matrix of K updates, or from the sum of those of several
    /// matrices. `entries` is the total number P of entries of an update. `None` unless the matrix
    /// is square, finite and not zero, with K ≥ 2.
    pub fn from_gram(gram: &[f64], entries: usize) -> Option<Self> {
        let window = gram.len().isqrt();
        if window < 2 || window * window != gram.len() || !gram.iter().all(|x| x.is_finite()) {
            return None;
        }
        let matrix = Mat::from_fn(window, window, |i, j| gram[i * window + j]);
        let ascending = matrix.self_adjoint_eigenvalues(Side::Lower).ok()?;
        let singular_values: Vec<f64> = ascending.iter().rev().map(|x| x.max(0.0).sqrt()).collect();
        let least = singular_values[0] * VANISHING;
        if singular_values[0] <= 0.0 {
            return None;
        }
        let rank = singular_values.iter().filter(|&&sigma| sigma > least).count();
        let (position, ratio) = if rank < window {
            (rank, None)
        } else {
            let ratios = singular_values.windows(2).map(|pair| pair[0] / pair[1]);
            let best = ratios.enumerate().max_by(|x, y| x.1.total_cmp(&y.1))?;
            (best.0 + 1, Some(best.1))
        };
        let (p, k) = ((entries as f64).sqrt(), (window as f64).sqrt());
        let ratio_random = (p > k).then(|| (p + k) / (p - k));
        Some(Self { position, ratio, singular_values, ratio_random })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::spectrum::{Matrix, Orientation, singular_values};
    use crate::test_support::gaussian;

    #[test]
    fn the_window_rolls_and_agrees_with_a_decomposition() {
        let (window, entries, pushes) = (4, 300, 9);
        let all = gaussian(pushes, entries, 1);
        let updates: Vec<&[f64]> = all.chunks(entries).collect();
        let mut edge = SpectralEdge::new(window).unwrap();
        for (i, update) in updates.iter().enumerate() {
            let found = edge.push(*update).unwrap();
            if i + 1 < window {
                assert!(found.is_none() && edge.gram().is_none());
                continue;
            }
            let held: Vec<f64> = updates[i + 1 - window..=i].concat();
            let matrix = Matrix::new(&held[..], window, entries, Orientation::OutIn).unwrap();
            let expected = singular_values(&matrix).unwrap();
            let found = found.unwrap();
            for (x, y) in found.singular_values.iter().zip(&expected) {
                assert!((x / y - 1.0).abs() < 1e-6, "{i}: {x} {y}");
            }
            let ratio = found.ratio.unwrap();
            let largest = expected.windows(2).map(|p| p[0] / p[1]).fold(0.0, f64::max);
            assert!((ratio / largest - 1.0).abs() < 1e-6);
            let k = found.position;
            assert!((expected[k - 1] / expected[k] - largest).abs() < 1e-12);
            // Independent updates.
            assert!(ratio < found.ratio_random.unwrap());
        }
        assert_eq!(edge.bytes(), window * entries * 4 + window * window * 8);
        assert_eq!(edge.entries(), entries);
    }

    #[test]
    fn a_shared_direction_is_found_and_grams_add_up() {
        // Two directions that all updates share, in noise, over two matrices.
        let (window, sizes) = (8, [400, 900]);
        let noise = gaussian(window, 1300, 2);
        let shared = gaussian(2, 1300, 3);
        let mut edges = sizes.map(|_| SpectralEdge::new(window).unwrap());
        let mut whole = SpectralEdge::new(window).unwrap();
        let mut last = None;
        for i in 0..window {
            let phase = i as f64;
            let update: Vec<f64> = (0..1300)
                .map(|j| {
                    0.2 * noise[i * 1300 + j]
                        + phase.cos() * shared[j]
                        + phase.sin() * shared[1300 + j]
                })
                .collect();
            edges[0].push(&update[..400]).unwrap();
            edges[1].push(&update[400..]).unwrap();
            last = whole.push(&update[..]).unwrap();
        }
        let last = last.unwrap();
        assert_eq!(last.position, 2);
        assert!(last.ratio.unwrap() > 3.0 * last.ratio_random.unwrap(), "{last:?}");
        let gram: Vec<f64> = std::iter::zip(edges[0].gram().unwrap(), edges[1].gram().unwrap())
            .map(|(x, y)| x + y)
            .collect();
        let summed = Edge::from_gram(&gram, 1300).unwrap();
        assert_eq!((summed.position, summed.ratio_random), (2, last.ratio_random));
        assert!((summed.ratio.unwrap() / last.ratio.unwrap() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn unusual_updates() {
        assert!(matches!(SpectralEdge::new(1), Err(RmtError::Setting { .. })));
        let mut edge = SpectralEdge::new(2).unwrap();
        assert_eq!(edge.push([1.0_f32, 2.0].as_slice()).unwrap(), None);
        let shape = edge.push([1.0_f32].as_slice());
        assert!(matches!(shape, Err(RmtError::Shape { expected: 2, found: 1, .. })));
        for bad in [f64::NAN, f64::INFINITY, 1e300] {
            let domain = edge.push([bad, 1.0].as_slice());
            assert!(matches!(domain, Err(RmtError::Domain { .. })));
        }
        // What was refused left no trace; the same update again spans one dimension.
        let same = edge.push([1.0_f32, 2.0].as_slice()).unwrap().unwrap();
        assert_eq!((same.position, same.ratio), (1, None));
        let mut still = SpectralEdge::new(2).unwrap();
        still.push([0.0_f32; 3].as_slice()).unwrap();
        assert_eq!(still.push([0.0_f32; 3].as_slice()).unwrap(), None);
        assert!(Edge::from_gram(&[1.0, 0.0, 0.0], 5).is_none());
        assert!(Edge::from_gram(&[f64::NAN; 4], 5).is_none());
        assert_eq!(Edge::from_gram(&[1.0, 0.0, 0.0, 1.0], 2).unwrap().ratio_random, None);
    }
}
