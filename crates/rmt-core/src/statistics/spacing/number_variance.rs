//! Fluctuation of the number of levels in an interval.

/// Σ²(L): the variance of the number of levels in [x, x+L), x uniform between the first level and
/// L before the last; `positions` are unfolded and ascending.
///
/// The count is constant between the points where a level enters or leaves, so the average over x
/// is exact, in O(m). Beside it stand [`goe_number_variance`](crate::laws::goe_number_variance) for
/// a random matrix and L itself for independent levels. `None` unless 0 < L and the levels span at
/// least 4·L.
///
/// ```
/// use rmt_core::statistics::spacing::number_variance;
/// let fence: Vec<f64> = (0..50).map(f64::from).collect();
/// assert!(number_variance(&fence, 2.0).unwrap() < 1e-12);
/// // Half a spacing holds a level or none: ½·½.
/// assert!((number_variance(&fence, 0.5).unwrap() - 0.25).abs() < 0.01);
/// ```
pub fn number_variance(positions: &[f64], length: f64) -> Option<f64> {
    let (first, last) = (*positions.first()?, *positions.last()?);
    if !(length > 0.0 && last - first >= 4.0 * length) {
        return None;
    }
    let end = last - length;
    let (mut left, mut entered) = (0, 0);
    let (mut sum, mut squares) = (0.0, 0.0);
    let mut x = first;
    while x < end {
        // Just beyond x, the levels up to x have left and those up to x + L have entered.
        while positions.get(left).is_some_and(|&e| e <= x) {
            left += 1;
        }
        while positions.get(entered).is_some_and(|&e| e - length <= x) {
            entered += 1;
        }
        let leaves = positions.get(left).copied().unwrap_or(end);
        let enters = positions.get(entered).map_or(end, |e| e - length);
        let next = leaves.min(enters).min(end);
        let (weight, count) = (next - x, (entered - left) as f64);
        sum += weight * count;
        squares += weight * count * count;
        x = next;
    }
    let total = end - first;
    let mean = sum / total;
    Some((squares / total - mean * mean).max(0.0))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    #[test]
    fn exact_over_every_start() {
        // Against the definition, at many starts.
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let mut levels: Vec<f64> = (0..60).map(|_| 60.0 * rng.random::<f64>()).collect();
        levels.sort_by(f64::total_cmp);
        for length in [0.3, 1.0, 7.7] {
            let (from, to) = (levels[0], levels[59] - length);
            let starts = 200_000;
            let (mut sum, mut squares) = (0.0, 0.0);
            for i in 0..starts {
                let x = from + (to - from) * (f64::from(i) + 0.5) / f64::from(starts);
                let count = levels.iter().filter(|&&e| e >= x && e < x + length).count() as f64;
                sum += count;
                squares += count * count;
            }
            let mean = sum / f64::from(starts);
            let expected = squares / f64::from(starts) - mean * mean;
            let found = number_variance(&levels, length).unwrap();
            assert!((found - expected).abs() < 1e-3, "{length}: {found} {expected}");
        }
    }

    #[test]
    fn independent_levels_have_the_length_itself() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
        let mut levels: Vec<f64> = (0..100_000).map(|_| 1e5 * rng.random::<f64>()).collect();
        levels.sort_by(f64::total_cmp);
        for length in [0.5, 1.0, 2.0] {
            let found = number_variance(&levels, length).unwrap();
            assert!((found / length - 1.0).abs() < 0.04, "{length}: {found}");
        }
    }

    #[test]
    fn degenerate_input() {
        assert_eq!(number_variance(&[], 1.0), None);
        assert_eq!(number_variance(&[0.0, 1.0], 1.0), None);
        assert_eq!(number_variance(&[0.0, 9.0], 0.0), None);
        assert_eq!(number_variance(&[0.0, f64::NAN], 1.0), None);
        // All levels at two places, far apart: empty in between.
        assert_eq!(number_variance(&[0.0, 0.0, 100.0], 1.0), Some(0.0));
    }
}
