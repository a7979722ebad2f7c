//! The null made of a matrix's own magnitudes: its entries with other signs.
//!
//! Under the null the signs are independent and fair, given the magnitudes: so they are where entries are independent and
//! symmetric, of any variance profile, sparsity and tail. A matrix and its sign-flipped copies W∘R_b are then exchangeable, and the
//! rank of any statistic among them gives an exact p at every size (Hong, Sheng & Dobriban, arXiv 2012.02985). The statistics
//! are the two ends of the spectrum of the whitened matrix, whose profile is one of the magnitudes alone.
//! A mean other than zero is structure: a direction of its own.

mod band;
mod copies;
mod count;
mod graded;
mod kernel;
mod lines;
mod magnitudes;
mod rank;
mod whitened;

pub use crate::listed::{LISTED, Listed};
pub use band::{Bins, SpectrumBand};
pub use count::StructureCount;
pub use lines::{MASSIVE, MassiveEntry};
pub use magnitudes::{LineScales, Magnitudes, OUTSTANDING};
pub use rank::{RankTest, RungTest};

use crate::RmtError;
use crate::spectrum::Matrix;
use band::Residual;
use copies::{Copies, Ends, Found, MOST_TOGETHER, resolved};
use count::{Structure, count};
use lines::Lines;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};
use whitened::Profile;

/// Copies by default: the least rank p is 1/20.
pub const COPIES: usize = 19;

/// What the ladder says of a matrix.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SignNull {
    /// The scale of rows and columns, and what is unusual in it.
    pub magnitudes: Magnitudes,
    /// The rungs; `None` without copies, and where fewer than two rows or columns are not zero.
    pub signs: Option<SignReport>,
    /// The directions; likewise.
    pub structure: Option<StructureReport>,
}

/// A matrix among copies of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SignReport {
    /// Copies B of each rung.
    pub copies: usize,
    /// Its own magnitudes with other signs.
    pub signs: RungTest,
    /// Its own entries in another order and with other signs; null where the signs are rejected, which are the
    /// weaker assumption.
    pub permuted: Option<RungTest>,
}

/// Directions that no scale of rows and columns explains, counted in the whitened matrix.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StructureReport {
    /// Step of the snapshot in which they were counted, where that is an earlier one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// Those with large singular values.
    pub above: StructureCount,
    /// Those with small ones; null where the matrix is square or nearly so.
    pub below: Option<StructureCount>,
    /// Share of the smaller side that is above.
    pub share_above: f64,
    /// The most of it that the copies leave open.
    #[serde(default)]
    pub share_above_most: f64,
    /// Share of it that is below.
    pub share_below: Option<f64>,
    /// The most of it that the copies leave open.
    #[serde(default)]
    pub share_below_most: Option<f64>,
    /// Share of the squared norm that the directions above have, noise taken off.
    pub norm_share: f64,
    /// Its standard error, the count given: that of the strengths.
    #[serde(default)]
    pub norm_share_error: f64,
    /// The same share of all directions that the copies leave open.
    pub norm_share_most: f64,
    /// Strength θ/(σ√n) of the strongest direction above.
    pub strength: Option<f64>,
    /// Its standard error: [`AdditiveSpike::standard_error`](crate::statistics::signal::AdditiveSpike::standard_error).
    #[serde(default)]
    pub strength_error: Option<f64>,
}

impl StructureReport {
    /// None at all, of a matrix that independent entries explain.
    pub(crate) fn none(m: usize, n: usize) -> Self {
        let below = resolved(m, n).then(StructureCount::default);
        let share_below = below.map(|_| 0.0);
        Self { below, share_below, share_below_most: share_below, ..Self::default() }
    }

    /// Whether one of the counts is a lower bound.
    pub fn is_cut_off(&self) -> bool {
        self.above.cut_off || self.below.is_some_and(|below| below.cut_off)
    }

    /// As of the snapshot of `step`.
    #[must_use]
    pub fn with_since(self, step: u64) -> Self {
        Self { since: Some(step), ..self }
    }

    fn of(found: &Structure, m: usize) -> Self {
        let share = |count: StructureCount| count.count as f64 / m as f64;
        let most = |count: StructureCount| count.most as f64 / m as f64;
        let graded = &found.graded;
        Self {
            since: None,
            above: found.above,
            below: found.below,
            share_above: share(found.above),
            share_above_most: most(found.above),
            share_below: found.below.map(share),
            share_below_most: found.below.map(most),
            norm_share: graded.norm_share,
            norm_share_error: graded.norm_share_error,
            norm_share_most: graded.norm_share_most,
            strength: graded.strength,
            strength_error: graded.strength_error,
        }
    }
}

/// The magnitudes of a matrix of finite entries, and with `copies` ≥ 2 its place among so many sign-flipped copies, tested at
/// `level`; `None` where all entries are zero. The copies are the same for the same seed.
///
/// # Errors
/// [`RmtError::NoConvergence`] when a decomposition fails.
pub fn sign_null(
    matrix: &Matrix<'_>,
    copies: usize,
    level: f64,
    seed: u64,
) -> Result<Option<SignNull>, RmtError> {
    Ok(sign_null_with(matrix, copies, level, seed, false)?.map(|(found, _)| found))
}

/// [`sign_null`], and with `residual` what is left without structure and massive entries.
pub(crate) fn sign_null_with(
    matrix: &Matrix<'_>,
    copies: usize,
    level: f64,
    seed: u64,
    residual: bool,
) -> Result<Option<(SignNull, Option<Residual>)>, RmtError> {
    let Some(lines) = Lines::of(matrix) else { return Ok(None) };
    let magnitudes = Magnitudes::of(matrix, &lines);
    let Some(tested) = Tested::of(&lines, copies, level, seed) else {
        return Ok(Some((SignNull { magnitudes, signs: None, structure: None }, None)));
    };
    let Tested { flipped, first, lower, test } = tested;
    let SignTest { copies, signs } = test;
    let entries = lines.entries;
    let permuted = (!signs.rejected).then(|| permuted(&entries, &flipped, seed, lower, level));
    let mut structure = count(&entries, &flipped, lower, &first, residual)?;
    if !signs.rejected {
        structure.withhold();
        structure.residual = residual.then(|| Residual::new(flipped.m(), entries));
    }
    let residual = structure.residual.take().map(|residual| residual.times(lines.unit));
    let found = SignNull {
        magnitudes,
        signs: Some(SignReport { copies, signs, permuted }),
        structure: Some(StructureReport::of(&structure, matrix.small_side())),
    };
    Ok(Some((found, residual)))
}

/// The test of [`sign_null`] alone.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct SignTest {
    /// Copies B that were drawn.
    pub copies: usize,
    /// Where the matrix stands among them.
    pub signs: RungTest,
}

/// The test of [`sign_null`], without the counts; `None` where there is none.
pub fn sign_test(matrix: &Matrix<'_>, copies: usize, level: f64, seed: u64) -> Option<SignTest> {
    Some(Tested::of(&Lines::of(matrix)?, copies, level, seed)?.test)
}

/// A test, and what the counts go on from.
struct Tested {
    flipped: Copies,
    first: Found,
    lower: bool,
    test: SignTest,
}

impl Tested {
    fn of(lines: &Lines, copies: usize, level: f64, seed: u64) -> Option<Self> {
        let Lines { m, n, ref entries, .. } = *lines;
        if copies < 2 || m < 2 {
            return None;
        }
        let lower = resolved(m, n);
        let whitened = Profile::of(entries, m).whitened(entries);
        let flipped = Copies::new(m, n, copies.min(COPIES), seed);
        let first = flipped.ends(&whitened, &[], lower);
        let mut all = first.copies.clone();
        let rung = |all: &[Ends]| rank::ranked(first.itself, all, lower, level);
        let mut signs = rung(&all);
        // More copies only while none is as extreme.
        let mut next = seed;
        while all.len() < copies && signs.p * (all.len() + 1) as f64 <= 1.0 {
            next = next.wrapping_add(1 << 32);
            let more = Copies::new(m, n, (copies - all.len()).min(MOST_TOGETHER), next);
            all.extend(more.ends(&whitened, &[], lower).copies);
            signs = rung(&all);
        }
        Some(Self { flipped, first, lower, test: SignTest { copies: all.len(), signs } })
    }
}

/// The matrix among copies with the entries in another order, which they share, and with signs of their own.
fn permuted(entries: &[f64], copies: &Copies, seed: u64, lower: bool, level: f64) -> RungTest {
    let Found { itself, .. } = copies.ends(entries, &[], lower);
    let mut shuffled = entries.to_vec();
    shuffled.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(seed));
    let Found { copies, .. } = copies.ends(&shuffled, &[], lower);
    rank::ranked(itself, &copies, lower, level)
}

#[cfg(test)]
mod tests;
