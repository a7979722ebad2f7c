//! Eigenvalues of a symmetric tridiagonal matrix, for the simulation of nulls.

/// Sweeps allowed for one eigenvalue; two are usual.
const MAX_SWEEPS: usize = 60;

/// All eigenvalues of the symmetric tridiagonal matrix with diagonal `d` and SQUARED off-diagonal
/// `e2` (`e2[i]` couples rows i and i+1; `e2.len() + 1 == d.len()`), left ascending in `d`.
///
/// The rational QL algorithm (Reinsch 1973, Algorithm 464): square-root free, O(m²), absolute error
/// a few ε·‖T‖. Returns `false` when it did not converge (never seen for finite input).
pub(crate) fn eigenvalues(d: &mut [f64], e2: &mut Vec<f64>) -> bool {
    let n = d.len();
    if n < 2 {
        return true;
    }
    e2.resize(n, 0.0);
    e2[n - 1] = 0.0;
    let (mut shift, mut scale) = (0.0_f64, 0.0_f64);
    let (mut tiny, mut tiny_squared) = (0.0_f64, 0.0_f64);
    for l in 0..n {
        let size = d[l].abs() + e2[l].sqrt();
        if scale <= size {
            scale = size;
            tiny = f64::EPSILON * scale;
            tiny_squared = tiny * tiny;
        }
        // e2[n-1] = 0, so a split is always found.
        let m = (l..n).find(|&i| e2[i] <= tiny_squared).unwrap_or(n - 1);
        if m > l {
            let mut sweeps = 0;
            loop {
                if sweeps == MAX_SWEEPS {
                    return false;
                }
                sweeps += 1;
                // Shift from the leading 2×2 block.
                let s0 = e2[l].sqrt();
                let g0 = d[l];
                let p0 = (d[l + 1] - g0) / (2.0 * s0);
                let r0 = p0.hypot(1.0);
                d[l] = s0 / (p0 + r0.copysign(p0));
                let h0 = g0 - d[l];
                for x in &mut d[l + 1..n] {
                    *x -= h0;
                }
                shift += h0;
                // One rational QL sweep from row m up to row l.
                let nonzero = |g: f64| if g == 0.0 { tiny } else { g };
                let mut g = nonzero(d[m]);
                let (mut h, mut s) = (g, 0.0);
                for i in (l..m).rev() {
                    let p = g * h;
                    let r = p + e2[i];
                    e2[i + 1] = s * r;
                    s = e2[i] / r;
                    d[i + 1] = h + s * (h + d[i]);
                    g = nonzero(d[i] - e2[i] / g);
                    h = g * p / r;
                }
                e2[l] = s * g * h;
                d[l] = h;
                if h == 0.0 || e2[l].abs() <= tiny_squared {
                    break;
                }
            }
        }
        d[l] += shift;
    }
    d.sort_unstable_by(f64::total_cmp);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_difference_matrix_in_closed_form() {
        // Eigenvalues of tridiag(−1, 2, −1): 4 sin²(kπ / (2(n+1))).
        for n in [1_usize, 2, 3, 10, 257] {
            let mut d = vec![2.0; n];
            let mut e2 = vec![1.0; n - 1];
            assert!(eigenvalues(&mut d, &mut e2));
            for (k, found) in d.iter().enumerate() {
                let angle = (k + 1) as f64 * std::f64::consts::PI / (2.0 * (n + 1) as f64);
                let expected = 4.0 * angle.sin().powi(2);
                assert!((found - expected).abs() < 1e-13, "n={n} k={k}: {found} {expected}");
            }
        }
    }

    #[test]
    fn zeros_and_splits() {
        let mut d = vec![3.0, 1.0, 2.0, 0.0];
        assert!(eigenvalues(&mut d, &mut vec![0.0, 0.0, 0.0]));
        assert_eq!(d, [0.0, 1.0, 2.0, 3.0]);
        let mut zero = vec![0.0; 5];
        assert!(eigenvalues(&mut zero, &mut vec![0.0; 4]));
        assert_eq!(zero, [0.0; 5]);
        // [[0,1],[1,0]] ⊕ [5]
        let mut d = vec![0.0, 0.0, 5.0];
        assert!(eigenvalues(&mut d, &mut vec![1.0, 0.0]));
        for (found, expected) in d.iter().zip([-1.0, 1.0, 5.0]) {
            assert!((found - expected).abs() < 1e-15);
        }
    }
}
