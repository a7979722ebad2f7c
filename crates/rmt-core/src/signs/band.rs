//! Spectra of sign-flipped copies of what is left of a matrix without structure: the band that the eye compares with.

use crate::RmtError;
use crate::spectrum::{Reduction, symmetric_eigenvalues};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, Par};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};

/// Copies of which whole spectra are taken.
const COPIES: usize = 5;
/// How far right of the upper edge the band goes, in widths of the bulk.
const REACH: f64 = 4.0;

/// Bins of one width, of which two borders are the edges of the bulk.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Bins {
    /// ν₋, a border.
    pub from: f64,
    /// Width of a bin.
    pub width: f64,
}

impl Bins {
    /// 1.5·√m of them, from 8 to 60, between the edges ν₋ and ν₊ of the bulk of m singular values; `None` where
    /// the edges leave no room.
    pub fn between([low, high]: [f64; 2], values: usize) -> Option<Self> {
        let bins = (1.5 * (values as f64).sqrt()).round().clamp(8.0, 60.0);
        let width = (high - low) / bins;
        let usable = width > 0.0 && [width, 1.0 / width].iter().all(|x| x.is_normal());
        usable.then_some(Self { from: low, width })
    }

    /// The bin that a value is in; 0 begins at ν₋.
    pub fn of(&self, value: f64) -> i64 {
        ((value - self.from) / self.width).floor() as i64
    }

    /// Left border of a bin.
    pub fn left(&self, bin: i64) -> f64 {
        self.from + bin as f64 * self.width
    }
}

/// The least and the largest of each bin in the histograms of the spectra of a few sign-flipped copies.
///
/// The copies are of the residual: the matrix without the directions that are counted as structure, what noise lacks without them
/// made up for, and without massive entries, so that structure does not widen its own null. The directions
/// are taken out of each copy too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SpectrumBand {
    /// Step of the snapshot whose copies they are, where that is an earlier one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// Number of copies.
    pub copies: usize,
    /// Left border of the first bin, in the unit of the weights.
    pub from: f64,
    /// Width of a bin.
    pub width: f64,
    /// Density of each bin per unit of ν, of all values of the matrix: the least among the copies.
    pub least: Vec<f64>,
    /// The largest among them. Beyond the last bin, and before the first, no copy has a value, but for those far
    /// above the bulk.
    pub most: Vec<f64>,
}

impl SpectrumBand {
    /// Where the copies have values: from the left border of the first bin to the right one of the last.
    pub fn range(&self) -> [f64; 2] {
        [self.from, self.from + self.width * self.most.len() as f64]
    }

    /// As of the snapshot of `step`.
    #[must_use]
    pub fn with_since(self, step: u64) -> Self {
        Self { since: Some(step), ..self }
    }
}

/// What is left of an m×n matrix, m ≤ n, without structure and massive entries.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Residual {
    m: usize,
    /// Column by column.
    entries: Vec<f64>,
    /// What spans the directions in which the matrix has something else, on each side.
    pub(super) small: Vec<Vec<f64>>,
    pub(super) large: Vec<Vec<f64>>,
}

impl Residual {
    pub(super) fn new(m: usize, entries: Vec<f64>) -> Self {
        Self { m, entries, small: Vec::new(), large: Vec::new() }
    }

    /// In another unit.
    pub(super) fn times(mut self, unit: f64) -> Self {
        self.entries.iter_mut().for_each(|x| *x *= unit);
        self
    }

    /// The band of its copies, in the bins that a picture of the matrix has: of so many singular `values` between these
    /// `edges`; `None` where the edges leave no room. The same for the same seed.
    ///
    /// # Errors
    /// [`RmtError::NoConvergence`].
    pub(crate) fn band(
        &self,
        edges: [f64; 2],
        values: usize,
        seed: u64,
    ) -> Result<Option<SpectrumBand>, RmtError> {
        let Some(bins) = Bins::between(edges, values) else { return Ok(None) };
        let first = bins.of(0.0).max(-(values as i64));
        let last = bins.of(edges[1] + REACH * (edges[1] - edges[0]));
        let length = usize::try_from(last - first + 1).unwrap_or(0);
        let (mut least, mut most) = (vec![usize::MAX; length], vec![0; length]);
        let sides = [orthonormal(&self.small), orthonormal(&self.large)];
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        for _ in 0..COPIES {
            let mut counts = vec![0; length];
            for value in self.copy(&sides, &mut rng)? {
                let place = usize::try_from(bins.of(value) - first).ok();
                if let Some(count) = place.and_then(|place| counts.get_mut(place)) {
                    *count += 1;
                }
            }
            for (count, (least, most)) in counts.iter().zip(least.iter_mut().zip(&mut most)) {
                (*least, *most) = ((*least).min(*count), (*most).max(*count));
            }
        }
        let begin = most.iter().position(|&count| count > 0).unwrap_or(0);
        let end = most.iter().rposition(|&count| count > 0).map_or(0, |last| last + 1);
        let density = |counts: &[usize]| {
            let counts = counts.iter().take(end).skip(begin);
            counts.map(|&count| count as f64 / (values as f64 * bins.width)).collect()
        };
        Ok(Some(SpectrumBand {
            since: None,
            copies: COPIES,
            from: bins.left(first + begin as i64),
            width: bins.width,
            least: density(&least),
            most: density(&most),
        }))
    }

    /// The singular values of one copy, without the directions of `sides`.
    fn copy(
        &self,
        [small, large]: &[Mat<f64>; 2],
        rng: &mut Xoshiro256PlusPlus,
    ) -> Result<Vec<f64>, RmtError> {
        let (m, n) = (self.m, self.entries.len() / self.m.max(1));
        let mut flipped = self.entries.clone();
        for block in flipped.chunks_mut(64) {
            let mut signs = rng.next_u64();
            for x in block {
                if signs & 1 == 1 {
                    *x = -*x;
                }
                signs >>= 1;
            }
        }
        let mut copy = MatMut::from_column_major_slice_mut(&mut flipped, m, n);
        if large.ncols() > 0 {
            let along = copy.as_ref() * large;
            matmul(copy.as_mut(), Accum::Add, &along, large.transpose(), -1.0, Par::Seq);
        }
        if small.ncols() > 0 {
            let along = small.transpose() * copy.as_ref();
            matmul(copy.as_mut(), Accum::Add, small, &along, -1.0, Par::Seq);
        }
        let copy = copy.as_ref();
        let mut gram = vec![0.0; m * m];
        let into = MatMut::from_column_major_slice_mut(&mut gram, m, m);
        matmul(into, Accum::Replace, copy, copy.transpose(), 1.0, Par::Seq);
        let eigenvalues = symmetric_eigenvalues(&gram, m, Reduction::OneStage)?;
        // The smallest are those of what was taken out.
        Ok(eigenvalues.into_iter().skip(small.ncols()).map(|x| x.max(0.0).sqrt()).collect())
    }
}

/// An orthonormal basis of what these vectors span; they are independent, and not more than their length.
fn orthonormal(vectors: &[Vec<f64>]) -> Mat<f64> {
    let length = vectors.first().map_or(0, Vec::len);
    let columns = Mat::from_fn(length, vectors.len(), |i, k| vectors[k][i]);
    if vectors.is_empty() { columns } else { columns.qr().compute_thin_Q() }
}
