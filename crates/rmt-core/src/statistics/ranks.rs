//! Effective numbers of directions in a spectrum.

/// Effective rank exp(H), with H = −Σ p ln p the entropy of p_j = λ_j/Σλ (Roy & Vetterli, EUSIPCO
/// 2007). It is the number of directions in use. `None` unless the sum is positive and finite.
///
/// ```
/// use rmt_core::statistics::activation::{effective_rank, participation_ratio};
/// assert!((effective_rank(&[2.0, 2.0, 2.0, 0.0]).unwrap() - 3.0).abs() < 1e-12);
/// assert!((participation_ratio(&[3.0, 1.0]).unwrap() - 1.6).abs() < 1e-12);
/// ```
pub fn effective_rank(eigenvalues: &[f64]) -> Option<f64> {
    let largest = largest(eigenvalues)?;
    let sum: f64 = eigenvalues.iter().map(|x| x / largest).sum();
    let terms = eigenvalues.iter().map(|x| x / largest / sum).filter(|&p| p > 0.0);
    Some((-terms.map(|p| p * p.ln()).sum::<f64>()).exp())
}

/// Participation ratio (Σλ)²/Σλ²: the number of directions in use, weighted towards the largest.
/// `None` unless the sum is positive and finite.
pub fn participation_ratio(eigenvalues: &[f64]) -> Option<f64> {
    let largest = largest(eigenvalues)?;
    let sum: f64 = eigenvalues.iter().map(|x| x / largest).sum();
    Some(sum * sum / eigenvalues.iter().map(|x| (x / largest).powi(2)).sum::<f64>())
}

/// What the eigenvalues are divided by, so that no power overflows.
fn largest(eigenvalues: &[f64]) -> Option<f64> {
    let largest = eigenvalues.iter().copied().fold(0.0, f64::max);
    (largest > 0.0 && eigenvalues.iter().all(|x| x.is_finite())).then_some(largest)
}
