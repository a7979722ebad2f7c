//! Fewer points for a curve that keeps its extremes.

/// Points of a curve that are drawn: about twice as many as a small picture has room for.
pub(crate) const MOST: usize = 200;

/// At most [`MOST`] points: the first and the last, and the lowest and the highest of each of equally
/// many neighbours between, so that no peak is lost.
pub(crate) fn decimate(points: Vec<(u64, f64)>) -> Vec<(u64, f64)> {
    if points.len() <= MOST {
        return points;
    }
    let (Some(first), Some(last)) = (points.first().copied(), points.last().copied()) else {
        return points;
    };
    let inner = points.get(1..points.len() - 1).unwrap_or_default();
    let size = inner.len().div_ceil((MOST - 2) / 2).max(1);
    let mut kept = vec![first];
    for group in inner.chunks(size) {
        let by_value = |a: &&(u64, f64), b: &&(u64, f64)| a.1.total_cmp(&b.1);
        let ends = [group.iter().min_by(by_value), group.iter().max_by(by_value)];
        let mut ends: Vec<(u64, f64)> = ends.into_iter().flatten().copied().collect();
        ends.sort_by_key(|point| point.0);
        ends.dedup_by_key(|point| point.0);
        kept.extend(ends);
    }
    kept.push(last);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_and_ends_are_kept() {
        for count in [0, 1, 2, 200, 201, 500, 9999] {
            let mut points: Vec<(u64, f64)> = (0..count).map(|i| (i, (i % 7) as f64)).collect();
            let at = points.len() / 3;
            if let Some(point) = points.get_mut(at) {
                point.1 = 99.0;
            }
            let kept = decimate(points.clone());
            assert!(kept.len() <= MOST && kept.len() >= points.len().min(MOST / 2), "{count}");
            assert_eq!((kept.first(), kept.last()), (points.first(), points.last()));
            assert!(kept.is_sorted_by_key(|point| point.0));
            assert!(kept.iter().all(|point| points.contains(point)));
            assert_eq!(count > 0, kept.iter().any(|point| point.1 == 99.0));
        }
    }
}
