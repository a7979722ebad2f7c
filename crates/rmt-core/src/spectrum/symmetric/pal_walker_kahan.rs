//! Eigenvalues alone of a symmetric tridiagonal matrix.
//!
//! The QL algorithm of Pal, Walker and Kahan, without square roots: only the squares of the off-diagonal entries are
//! turned, a dozen operations and three divisions an entry, O(n²) in all, errors a few ε·‖T‖ however many
//! sweeps there are. Where the larger end of a block is at its head it is turned around, so that the small
//! eigenvalues are found first.
//!
//! Source: Parlett, The Symmetric Eigenvalue Problem (1998), §8.14–8.15 (Pal, Walker & Kahan).

use super::tridiagonal::Tridiagonal;
use faer::linalg::evd::EvdError;

/// Sweeps allowed for one eigenvalue, on average; two are usual.
const MAX_SWEEPS: usize = 30;

/// Largest entries beyond which cubes might overflow, or underflow where they count.
const RANGE: (f64, f64) = (1e-75, 1e100);

/// Squares of cosines below the inverse of this are as good as 0, and what they divide may underflow.
const STEEPEST: f64 = 1e200;

/// Eigenvalues in ascending order.
pub(in crate::spectrum) fn eigenvalues(matrix: &Tridiagonal) -> Result<Vec<f64>, EvdError> {
    let mut d = matrix.diagonal.clone();
    let mut e = matrix.off_diagonal.clone();
    let largest = d.iter().chain(&e).fold(0.0_f64, |largest, x| largest.max(x.abs()));
    let scale = if largest == 0.0 || (RANGE.0..RANGE.1).contains(&largest) { 1.0 } else { largest };
    d.iter_mut().chain(&mut e).for_each(|x| *x /= scale);
    let mut sweeps = MAX_SWEEPS * d.len();
    let mut from = 0;
    while from < d.len() {
        let rows = (from..e.len()).find(|&i| splits(e[i] * e[i], d[i], d[i + 1]));
        let to = rows.unwrap_or(e.len());
        let (d, e) = (&mut d[from..=to], &mut e[from..to]);
        if d[0].abs() > d[d.len() - 1].abs() {
            d.reverse();
            e.reverse();
        }
        e.iter_mut().for_each(|x| *x *= *x);
        block(d, e, &mut sweeps).ok_or(EvdError::NoConvergence)?;
        from = to + 1;
    }
    d.iter_mut().for_each(|x| *x *= scale);
    d.sort_unstable_by(f64::total_cmp);
    Ok(d)
}

/// Whether an off-diagonal entry, squared, is nothing between these two on it.
#[inline(always)]
fn splits(squared: f64, above: f64, below: f64) -> bool {
    squared <= f64::EPSILON * f64::EPSILON * 0.25 * (above * below).abs()
}

/// Of an unreduced block, in any order: `e` are the squares.
fn block(d: &mut [f64], e: &mut [f64], sweeps: &mut usize) -> Option<()> {
    let mut l = 0;
    while l < d.len() {
        let m = (l..e.len()).find(|&i| splits(e[i], d[i], d[i + 1])).unwrap_or(e.len());
        if let Some(e) = e.get_mut(m) {
            *e = 0.0;
        }
        if m == l {
            l += 1;
            continue;
        }
        if m == l + 1 {
            (d[l], d[m]) = of_two(d[l], e[l].sqrt(), d[m]);
            e[l] = 0.0;
            l += 2;
            continue;
        }
        *sweeps = sweeps.checked_sub(1)?;
        let off_diagonal = e[l].sqrt();
        let sigma = (d[l + 1] - d[l]) / (2.0 * off_diagonal);
        let shift = d[l] - off_diagonal / (sigma + sigma.hypot(1.0).copysign(sigma));
        sweep(&mut d[l..=m], &mut e[l..m], shift);
    }
    Some(())
}

/// One sweep of QL, from the last row up to the first. The squares of a turn's cosine and sine are p/r and
/// e/r: written so, each row waits for one division of the row before, and not for two.
#[inline(always)]
fn sweep(d: &mut [f64], e: &mut [f64], shift: f64) {
    let last = e.len();
    let (mut sine, mut before) = (0.0, (1.0, 1.0));
    let mut gamma = d[last] - shift;
    let mut p = gamma * gamma;
    for i in (0..last).rev() {
        let squared = e[i];
        let r = p + squared;
        if let Some(e) = e.get_mut(i + 1) {
            *e = sine * r;
        }
        sine = squared / r;
        let old = gamma;
        let alpha = d[i];
        gamma = (p * (alpha - shift) - squared * old) / r;
        d[i + 1] = old + (alpha - gamma);
        let inverse = r / p;
        let plain = inverse < STEEPEST;
        let next = if plain { gamma * gamma * inverse } else { before.0 / before.1 * squared };
        before = (p, r);
        p = next;
    }
    e[0] = sine * p;
    d[0] = shift + gamma;
}

/// Eigenvalues of [[a, b], [b, c]].
fn of_two(a: f64, b: f64, c: f64) -> (f64, f64) {
    let (sum, half) = (a + c, (a - c) / 2.0);
    let root = half.hypot(b);
    if root == 0.0 {
        return (a, c);
    }
    // The one larger in size without cancellation, the other from the determinant.
    let (large, small) = if a.abs() > c.abs() { (a, c) } else { (c, a) };
    let first = sum / 2.0 + root.copysign(sum);
    if first == 0.0 {
        return (-root, root);
    }
    (first, (large / first) * small - (b / first) * b)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_head_of_any_size_before_a_zero_diagonal() {
        // Shifts that are next to nothing beside what they are taken from.
        for exponent in 0..320 {
            for n in [3, 4, 7, 20] {
                let head = 10_f64.powi(-exponent);
                let mut matrix = Tridiagonal::zeros(n);
                matrix.off_diagonal.fill(1.0);
                matrix.off_diagonal[0] = head;
                let found = eigenvalues(&matrix).unwrap();
                let trace: f64 = found.iter().sum();
                let squares: f64 = found.iter().map(|x| x * x).sum();
                let expected = 2.0 * head * head + 2.0 * (n - 2) as f64;
                assert!(trace.abs() < 1e-13 * n as f64, "1e-{exponent}, {n}: {trace}");
                assert!((squares / expected - 1.0).abs() < 1e-13, "1e-{exponent}, {n}: {squares}");
            }
        }
    }
}
