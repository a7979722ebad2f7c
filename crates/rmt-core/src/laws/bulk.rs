//! The distance of the whole spectrum from the Marchenko–Pastur law.

use crate::laws::MarchenkoPastur;

/// m·D, D = sup|F_m − F| between the empirical distribution of x = ν²/(σ²n) and the
/// Marchenko–Pastur law, from singular values in descending order.
///
/// Singular values are rigid: m·D grows only like log m, so the textbook Kolmogorov–Smirnov table
/// would never reject. Its null is simulated: [`SpectralNull::bulk`](crate::nulls::SpectralNull).
///
/// ```
/// use rmt_core::laws::MarchenkoPastur;
/// use rmt_core::laws::bulk::scaled_distance;
/// // Equal values, all at the median of the law: half of them are on the wrong side of it.
/// let law = MarchenkoPastur::for_shape(40, 80)?;
/// let nu = vec![(80.0 * law.median()).sqrt(); 40];
/// assert!((scaled_distance(&nu, 1.0, 80, &law) - 20.0).abs() < 1e-9);
/// # Ok::<(), rmt_core::RmtError>(())
/// ```
pub fn scaled_distance(descending: &[f64], scale: f64, large: usize, law: &MarchenkoPastur) -> f64 {
    let m = descending.len() as f64;
    let mut largest = 0.0_f64;
    for (i, nu) in descending.iter().rev().enumerate() {
        let f = m * law.cdf((nu / scale).powi(2) / large as f64);
        largest = largest.max(f - i as f64).max((i + 1) as f64 - f);
    }
    largest
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::laws::scale::{ScaleEstimator, ScaleRule};

    #[test]
    fn quantiles_themselves_are_half_a_step_away() {
        let (m, n) = (40, 100);
        let law = MarchenkoPastur::for_shape(m, n).unwrap();
        let nu: Vec<f64> = (0..m)
            .rev()
            .map(|i| (law.quantile((i as f64 + 0.5) / m as f64) * n as f64).sqrt())
            .collect();
        assert!((scaled_distance(&nu, 1.0, n, &law) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn equal_singular_values_are_as_far_as_can_be() {
        // An orthogonal matrix: m·D = m/2 with the median, .57·m with trimmed quantiles.
        let m = 200;
        let law = MarchenkoPastur::for_shape(m, m).unwrap();
        let nu = vec![1.0; m];
        for (estimator, expected) in
            [(ScaleEstimator::Median, 0.5), (ScaleEstimator::TrimmedQuantiles, 0.57)]
        {
            let scale = ScaleRule::new(estimator, m, m).unwrap().estimate(&nu);
            let d = scaled_distance(&nu, scale, m, &law) / m as f64;
            assert!((d - expected).abs() < 5e-3, "{estimator:?}: {d}");
        }
    }
}
