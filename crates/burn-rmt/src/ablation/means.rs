//! Means over batches, and their errors.

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Standard deviation with n − 1 degrees of freedom; `None` of fewer than two values.
pub(super) fn deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values);
    let squares = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
    (values.len() > 1).then(|| (squares / (values.len() - 1) as f64).sqrt())
}

/// Mean over the batches of d_b = after_b − before_b, and its standard error s_d/√B.
pub(super) fn paired(before: &[f64], after: &[f64]) -> (f64, Option<f64>) {
    let differences: Vec<f64> =
        after.iter().zip(before).map(|(after, before)| after - before).collect();
    let error = deviation(&differences).map(|s| s / (differences.len() as f64).sqrt());
    (mean(&differences), error)
}
