//! How strong the counted directions are.

use crate::statistics::signal::AdditiveSpike;

/// Figures of the directions above in the whitened matrix, noise taken off.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Graded {
    /// Strength θ₁/(σ√n) of the strongest, and its standard error.
    pub(super) strength: Option<f64>,
    pub(super) strength_error: Option<f64>,
    /// Σθₖ² over Σθₖ² + mσ²n, over the counted directions and over the most there may be.
    pub(super) norm_share: f64,
    pub(super) norm_share_most: f64,
    /// Standard error of the first.
    pub(super) norm_share_error: f64,
}

impl Graded {
    /// From `strengths` θₖ/(σ√n), the largest first, of the most directions that there may be, of which `counted` are, of an
    /// m×n matrix, m ≤ n.
    ///
    /// A scale that is estimated from n entries has a relative variance of 2/n, and its inverse a mean that is larger by 2/n: so is
    /// the square of a direction's length in the whitened matrix, and that is taken back.
    /// The error of the share s is (1 − s)·√Σ(2θₖ·SE(θₖ))²/total: the total has the same fluctuation.
    pub(super) fn of(mut strengths: Vec<f64>, counted: usize, (m, n): (usize, usize)) -> Self {
        let larger = 1.0 + (m as f64).recip() + (n as f64).recip();
        strengths.iter_mut().for_each(|x| *x /= larger);
        // An empty sum of `sum` is −0.
        let sum = |terms: &mut dyn Iterator<Item = f64>| terms.fold(0.0, |sum, x| sum + x);
        let signal = |count: usize| sum(&mut strengths.iter().take(count).map(|x| x * x));
        // ‖X‖²/(σ²n): that of noise is m.
        let total = m as f64 + signal(counted);
        let share = |count: usize| (signal(count) / total).min(1.0);
        let norm_share = share(counted);
        // θ² of a direction that is just seen; its error is no larger where the normal law does not hold.
        let limit = (m as f64 / n as f64).sqrt();
        let variance = sum(&mut strengths.iter().take(counted).map(|x| {
            let error = 2.0 * x * AdditiveSpike::standard_error(*x, m, n);
            error.min(limit.max(x * x)).powi(2)
        }));
        let strength = strengths.first().copied().filter(|_| counted > 0);
        let strength_error = strength.map(|x| AdditiveSpike::standard_error(x, m, n));
        Self {
            strength,
            strength_error: strength_error.filter(|x| x.is_finite()),
            norm_share,
            norm_share_most: share(strengths.len()),
            norm_share_error: (1.0 - norm_share) * variance.sqrt() / total,
        }
    }

    /// Of no direction, with what there may be.
    pub(super) fn withhold(&mut self) {
        *self = Self { norm_share_most: self.norm_share_most, ..Self::default() };
    }
}
