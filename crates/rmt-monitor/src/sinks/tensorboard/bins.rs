//! Histograms on a grid that is the same at every step.

/// Bins from 0 to the bulk's upper edge as first seen.
pub(super) const BINS_TO_EDGE: f64 = 32.0;
/// Beyond this many edges, everything is in one last bin.
const EDGES_SHOWN: f64 = 16.0;

/// Counts of `descending` on the grid of multiples of `width`, the outer edges trimmed to the data, empty
/// neighbours as one; empty without values or width.
pub(super) fn bins(descending: &[f64], width: f64) -> Vec<[f64; 3]> {
    let (Some(&high), Some(&low)) = (descending.first(), descending.last()) else {
        return Vec::new();
    };
    if !(width > 0.0 && high.is_finite()) {
        return Vec::new();
    }
    let last = BINS_TO_EDGE * EDGES_SHOWN;
    let bin = |x: f64| (x / width).floor().min(last) as usize;
    let first = bin(low);
    let mut counts = vec![0.0; bin(high) - first + 1];
    for &x in descending {
        if let Some(count) = counts.get_mut(bin(x) - first) {
            *count += 1.0;
        }
    }
    let mut bins: Vec<[f64; 3]> = Vec::new();
    for (k, count) in (first..).zip(counts) {
        let end = (k + 1) as f64 * width;
        match bins.last_mut() {
            Some(before) if count == 0.0 && before[2] == 0.0 => before[1] = end,
            _ => bins.push([k as f64 * width, end, count]),
        }
    }
    if let Some(outer) = bins.first_mut() {
        outer[0] = low;
    }
    if let Some(outer) = bins.last_mut() {
        outer[1] = high;
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_lie_on_one_grid_and_count_everything() {
        let found = bins(&[5.2, 2.9, 1.5, 1.1, 0.4], 1.0);
        let expected =
            [[0.4, 1.0, 1.0], [1.0, 2.0, 2.0], [2.0, 3.0, 1.0], [3.0, 5.0, 0.0], [5.0, 5.2, 1.0]];
        assert_eq!(found, expected);
        // A runaway outlier costs one bin, not a million.
        let far = bins(&[1e9, 1.5], 1.0);
        assert_eq!(far, [[1.5, 2.0, 1.0], [2.0, 512.0, 0.0], [512.0, 1e9, 1.0]]);
        assert_eq!(bins(&[2.5; 3], 1.0), [[2.5, 2.5, 3.0]]);
        assert!(bins(&[], 1.0).is_empty() && bins(&[0.0], 0.0).is_empty());
    }
}
