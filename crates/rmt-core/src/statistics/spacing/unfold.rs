//! Unfolding: levels on a scale where their mean spacing is 1 everywhere.

use crate::RmtError;
use crate::laws::MarchenkoPastur;
use crate::laws::normal::NormalTable;
use crate::laws::wide::{Kernel, wide};

/// Levels to either side that the width of a broadened level spans (Thamm et al. 2022).
pub(crate) const HALF_WINDOW: usize = 15;
/// Levels dropped at each end after unfolding: the staircase has no neighbours beyond the ends.
pub(crate) const DROPPED: usize = 30;
/// Widths beyond which a broadened step counts as complete: Φ(−8) = 6e-16.
const REACH: f64 = 8.0;

/// The smoothed staircase N̄(ν) = Σ_k Φ((ν − ν_k)/w_k), w_k = (ν_{k+15} − ν_{k−15})/2, at every
/// level, ascending; `descending` are the singular values.
///
/// Follows the density of any spectrum, but suppresses fluctuations longer than about 30 spacings:
/// number variances beyond L = 2 come out too small. Within 15 levels of an end the width is that
/// of the levels there are. Only neighbours within 8 widths are summed, so the cost is
/// O(m·15·16). `None` unless every width is positive and finite: fewer than two levels, or more
/// than 30 equal ones.
///
/// Source: Thamm, Staats & Rosenow, Phys. Rev. E 106, 054124 (2022).
pub fn by_broadening(descending: &[f64]) -> Option<Vec<f64>> {
    let levels: Vec<f64> = descending.iter().rev().copied().collect();
    let last = levels.len().checked_sub(1)?;
    let table = NormalTable::get();
    let mut positions = vec![0.0; levels.len()];
    // complete[j]: steps that are 1 at level j and were 0, or partial, at level j − 1.
    let mut complete = vec![0_usize; levels.len() + 1];
    for (k, &level) in levels.iter().enumerate() {
        let (low, high) = (k.saturating_sub(HALF_WINDOW), (k + HALF_WINDOW).min(last));
        let width = (levels[high] - levels[low]) * HALF_WINDOW as f64 / (high - low) as f64;
        if !(width > 0.0 && width.is_finite()) {
            return None;
        }
        let from = levels.partition_point(|&x| x < level - REACH * width);
        let to = levels.partition_point(|&x| x <= level + REACH * width);
        let (levels, positions) = (&levels[from..to], &mut positions[from..to]);
        wide(Step { levels, positions, at: level, width, table });
        complete[to] += 1;
    }
    let mut below = 0;
    for (position, steps) in positions.iter_mut().zip(complete) {
        below += steps;
        *position += below as f64;
    }
    Some(positions)
}

/// Steps that are taken side by side.
const LANES: usize = 8;

/// The broadened step of one level, which is added at the others.
struct Step<'a> {
    levels: &'a [f64],
    positions: &'a mut [f64],
    at: f64,
    width: f64,
    table: &'a NormalTable,
}

impl Kernel for Step<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { levels, positions, at, width, table } = self;
        let (levels, rest) = levels.as_chunks::<LANES>();
        let (positions, rest_of_positions) = positions.as_chunks_mut::<LANES>();
        for (positions, levels) in positions.iter_mut().zip(levels) {
            let mut steps = [0.0; LANES];
            for (step, x) in steps.iter_mut().zip(levels) {
                *step = (x - at) / width;
            }
            for (position, step) in positions.iter_mut().zip(table.cdfs(steps)) {
                *position += step;
            }
        }
        for (position, x) in rest_of_positions.iter_mut().zip(rest) {
            *position += table.cdf((x - at) / width);
        }
    }
}

/// m·F(ν²/(σ²n)) by the Marchenko–Pastur law of an m×n matrix with entries' standard deviation
/// `scale`, at every level, ascending; `descending` are the m singular values, `large` is n.
///
/// Keeps long fluctuations, but is right only where the bulk follows the law: levels outside its
/// support all come to lie at 0 or m.
///
/// # Errors
/// [`RmtError::Domain`] unless 1 ≤ m ≤ n and σ is positive and finite.
pub(crate) fn by_law(descending: &[f64], scale: f64, large: usize) -> Result<Vec<f64>, RmtError> {
    let law = MarchenkoPastur::for_shape(descending.len(), large)?;
    if !(scale > 0.0 && scale.is_finite()) {
        return Err(RmtError::Domain {
            law: "Marchenko–Pastur law",
            requirement: "the scale must be positive and finite",
        });
    }
    let (m, unit) = (descending.len() as f64, scale * (large as f64).sqrt());
    Ok(descending.iter().rev().map(|nu| m * law.cdf((nu / unit).powi(2))).collect())
}

/// The unfolded levels without the 30 at each end; empty where none are left.
pub fn interior(positions: &[f64]) -> &[f64] {
    let end = positions.len().saturating_sub(DROPPED);
    positions.get(DROPPED..end).unwrap_or_default()
}

/// Differences of neighbouring positions, divided by their mean; empty unless that is positive.
pub fn spacings(positions: &[f64]) -> Vec<f64> {
    let (Some(first), Some(last)) = (positions.first(), positions.last()) else {
        return Vec::new();
    };
    let mean = (last - first) / (positions.len() - 1) as f64;
    if !(mean > 0.0 && mean.is_finite()) {
        return Vec::new();
    }
    positions.windows(2).map(|pair| (pair[1] - pair[0]) / mean).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::laws::normal::normal_cdf;
    use crate::nulls::WishartSampler;
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    #[test]
    fn the_windowed_sum_is_the_whole_sum() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        for (m, n) in [(2, 2), (10, 12), (300, 310)] {
            let mut sampler = WishartSampler::new(m, n).unwrap();
            let nu = sampler.draw(&mut rng);
            let found = by_broadening(nu).unwrap();
            let ascending: Vec<f64> = nu.iter().rev().copied().collect();
            for (j, x) in ascending.iter().enumerate() {
                let mut whole = 0.0;
                for (k, level) in ascending.iter().enumerate() {
                    let (low, high) = (k.saturating_sub(15), (k + 15).min(m - 1));
                    let width = (ascending[high] - ascending[low]) / (high - low) as f64 * 15.0;
                    whole += normal_cdf((x - level) / width);
                }
                assert!((found[j] - whole).abs() < 1e-10, "{m}×{n} {j}: {} {whole}", found[j]);
            }
        }
    }

    #[test]
    fn a_picket_fence_is_unfolded_to_itself() {
        let fence: Vec<f64> = (0..200).rev().map(|k| 3.0 + 0.01 * f64::from(k)).collect();
        let positions = by_broadening(&fence).unwrap();
        for s in spacings(interior(&positions)) {
            // The ends are 30 levels, two widths, away.
            assert!((s - 1.0).abs() < 0.02, "{s}");
        }
        for s in spacings(&positions[80..120]) {
            assert!((s - 1.0).abs() < 1e-6, "{s}");
        }
    }

    #[test]
    fn both_ways_agree_on_random_matrices() {
        let (m, n) = (400, 700);
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
        let nu = WishartSampler::new(m, n).unwrap().draw(&mut rng).to_vec();
        let (broad, law) = (by_broadening(&nu).unwrap(), by_law(&nu, 1.0, n).unwrap());
        // Both count levels: rigidity keeps them within a few of the rank, where independent ones
        // would be off by 10.
        let (broad, law) = (interior(&broad), interior(&law));
        for (j, (x, y)) in broad.iter().zip(law).enumerate() {
            let rank = (j + DROPPED) as f64 + 0.5;
            assert!((x - rank).abs() < 4.0 && (y - rank).abs() < 4.0, "{rank}: {x} {y}");
        }
    }

    #[test]
    fn degenerate_input() {
        assert_eq!(by_broadening(&[]), None);
        assert_eq!(by_broadening(&[1.0]), None);
        assert_eq!(by_broadening(&[1.0; 40]), None);
        assert_eq!(by_broadening(&[f64::NAN, 1.0]), None);
        assert!(by_law(&[2.0, 1.0], 0.0, 3).is_err() && by_law(&[2.0, 1.0], 1.0, 1).is_err());
        assert!(interior(&[0.0; 60]).is_empty() && interior(&[]).is_empty());
        assert_eq!(interior(&[0.0; 61]).len(), 1);
        assert!(spacings(&[1.0]).is_empty() && spacings(&[]).is_empty());
        assert!(spacings(&[2.0, 2.0]).is_empty());
        assert_eq!(spacings(&[0.0, 1.0, 4.0]), [0.5, 1.5]);
    }
}
