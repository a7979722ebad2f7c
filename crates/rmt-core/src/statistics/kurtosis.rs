//! The effect of the fourth cumulant of independent entries at finite size.
//!
//! The laws of random matrix theory hold for any entry law, but at order 1/√(mn) the spectrum and
//! its vectors depend on the excess kurtosis κ of the entries. κ is −1.2 for the uniform law, with
//! which most layers are initialized. Without a correction the edge test of a 64×64 matrix of
//! uniform entries has half of its nominal level.
//!
//! With the fourth cumulant kept in the cumulant expansion of the resolvent (ε = κ/n; F = G₁G₂ of
//! the two sides' resolvents), z = (1 + F)(1 + qF)/F·(1 + εF) in place of the Marchenko–Pastur
//! equation, where F = e^{−iφ}/√q on the bulk and cos φ = (x − 1 − q)/(2√q). So, to first order,
//!
//! - every eigenvalue is displaced by the factor 1 + κ·cos φ/√(mn) (the edges by 1 ± κ/√(mn));
//! - the fourth moment N²E v⁴ of the singular vectors' entries changes from 3 to 3(1 + a²κ/n) on
//!   the small side, a = 1 + 2 cos φ/√q, and to 3(1 + a²κ/m) on the large one, a = 1 + 2√q cos φ,
//!   because the norms of rows and columns fluctuate with variance (2 + κ)/n and (2 + κ)/m.
//!
//! The cumulant expansion is that of Khorunzhy, Khoruzhenko & Pastur, J. Math. Phys. 37, 5033
//! (1996); checked by simulation in the tests of this module and in `data/calibration.csv`.

use super::entries::EntryMoments;
use crate::spectrum::Matrix;

/// Range of excess kurtosis that is corrected for: from that of two values to that of the Laplace
/// law. Beyond it the first order is no approximation, and such heavy tails should be noticed.
pub const RANGE: (f64, f64) = (-2.0, 3.0);
/// Largest correction to the fourth moment of a vector's entries.
const LARGEST_EXCESS: f64 = 0.5;

/// Excess kurtosis m₄/m₂² − 3 of the entries about their mean; `None` if they do not vary.
pub fn excess_kurtosis(matrix: &Matrix<'_>) -> Option<f64> {
    EntryMoments::of(matrix).excess_kurtosis()
}

/// The displacement of singular values by the excess kurtosis, for one shape and scale.
///
/// ```
/// use rmt_core::statistics::kurtosis::KurtosisCorrection;
/// // Uniform entries, 64×64: the upper edge lies at √(1 − 1.2/64) of the Gaussian one.
/// let (_, high) = KurtosisCorrection::new(-1.2, 64, 64, 1.0).edges();
/// assert!((high - (1.0_f64 - 1.2 / 64.0).sqrt()).abs() < 1e-15);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KurtosisCorrection {
    kurtosis: f64,
    small: f64,
    large: f64,
    scale: f64,
}

impl KurtosisCorrection {
    /// The correction for m×n matrices whose entries have scale σ and this excess kurtosis, cut to
    /// [`RANGE`].
    pub fn new(kurtosis: f64, small: usize, large: usize, scale: f64) -> Self {
        let (small, large) = (small as f64, large as f64);
        let kurtosis = if kurtosis.is_finite() { kurtosis.clamp(RANGE.0, RANGE.1) } else { 0.0 };
        Self { kurtosis, small, large, scale }
    }

    /// cos φ of the singular value `nu`, ±1 outside the bulk.
    fn cosine(&self, nu: f64) -> f64 {
        let q = self.small / self.large;
        let x = (nu / self.scale).powi(2) / self.large;
        let cosine = (x - 1.0 - q) / (2.0 * q.sqrt());
        if cosine.is_nan() { 0.0 } else { cosine.clamp(-1.0, 1.0) }
    }

    /// The factor √(1 + κ·cos φ/√(mn)) by which the kurtosis displaces the singular value `nu`.
    pub fn displacement(&self, nu: f64) -> f64 {
        self.factor(self.cosine(nu))
    }

    fn factor(&self, cosine: f64) -> f64 {
        (1.0 + self.kurtosis * cosine / (self.small * self.large).sqrt()).max(0.25).sqrt()
    }

    /// The factors by which the kurtosis displaces the lower and the upper edge.
    pub fn edges(&self) -> (f64, f64) {
        (self.factor(-1.0), self.factor(1.0))
    }

    /// The singular values with the displacement removed, in descending order.
    pub fn corrected(&self, descending: &[f64]) -> Vec<f64> {
        let mut values: Vec<f64> =
            descending.iter().map(|&nu| nu / self.displacement(nu)).collect();
        values.sort_by(|a, b| b.total_cmp(a));
        values
    }

    /// Change of the fourth moment N²E v⁴ of the small side's vector at `nu`.
    pub(crate) fn small_vector(&self, nu: f64) -> f64 {
        let a = 1.0 + 2.0 * self.cosine(nu) * (self.large / self.small).sqrt();
        self.excess(a, self.large)
    }

    /// Of the large side's.
    pub(crate) fn large_vector(&self, nu: f64) -> f64 {
        let a = 1.0 + 2.0 * self.cosine(nu) * (self.small / self.large).sqrt();
        self.excess(a, self.small)
    }

    fn excess(&self, a: f64, length: f64) -> f64 {
        (3.0 * a * a * self.kurtosis / length).clamp(-LARGEST_EXCESS, LARGEST_EXCESS)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::spectrum::{Orientation, decompose};
    use rand::{RngExt, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    /// Unit variance, excess kurtosis −2: the strongest effect there is.
    fn signs(count: usize, rng: &mut Xoshiro256PlusPlus) -> Vec<f64> {
        (0..count).map(|_| if rng.random::<bool>() { 1.0 } else { -1.0 }).collect()
    }

    #[test]
    fn kurtosis_of_known_laws() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let of = |a: &[f64]| {
            let matrix = Matrix::new(a, 1, a.len(), Orientation::OutIn).unwrap();
            excess_kurtosis(&matrix)
        };
        assert!((of(&signs(100_000, &mut rng)).unwrap() + 2.0).abs() < 1e-3);
        let uniform: Vec<f64> = (0..100_000).map(|_| 1e200 * rng.random::<f64>()).collect();
        assert!((of(&uniform).unwrap() + 1.2).abs() < 0.01);
        assert_eq!(of(&[3.0; 5]), None);
        assert_eq!(of(&[0.0; 5]), None);
    }

    #[test]
    fn displacement_and_fourth_moments_agree_with_simulation() {
        // Means over matrices of signs against those over Gaussian ones, at both edges, for the
        // singular values and for the vectors of the outer quarters of the spectrum.
        let (m, n, draws) = (40, 100, 1500);
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
        let correction = KurtosisCorrection::new(-2.0, m, n, 1.0);
        let quarters = [0..m / 4, 3 * m / 4..m];
        let mut values = [[0.0; 2]; 2];
        let mut moments = [[[0.0; 2]; 2]; 2];
        let mut expected = [[0.0; 3]; 2];
        for draw in 0..draws {
            let gaussian = crate::test_support::gaussian(m, n, draw);
            for (law, a) in [signs(m * n, &mut rng), gaussian].iter().enumerate() {
                let matrix = Matrix::new(&a[..], m, n, Orientation::OutIn).unwrap();
                let d = decompose(&matrix).unwrap();
                let nu = &d.singular_values;
                let share = 1.0 / draws as f64;
                let fourth = |v: &mut dyn Iterator<Item = f64>| v.map(|x| x.powi(4)).sum::<f64>();
                for (end, range) in quarters.clone().into_iter().enumerate() {
                    let part = share / range.len() as f64;
                    for k in range {
                        values[law][end] += part * nu[k] * nu[k];
                        moments[law][end][0] += part * m as f64 * fourth(&mut d.small_vector(k));
                        moments[law][end][1] += part * n as f64 * fourth(&mut d.large_vector(k));
                        if law == 1 {
                            let displaced = correction.displacement(nu[k]).powi(2) - 1.0;
                            expected[end][2] += part * nu[k] * nu[k] * displaced;
                            expected[end][0] += part * correction.small_vector(nu[k]);
                            expected[end][1] += part * correction.large_vector(nu[k]);
                        }
                    }
                }
            }
        }
        for end in 0..2 {
            let [shift, predicted] = [values[0][end] - values[1][end], expected[end][2]];
            assert!((shift / predicted - 1.0).abs() < 0.12, "end {end}: {shift} {predicted}");
            for side in 0..2 {
                let found = moments[0][end][side] - moments[1][end][side];
                let error = (found - expected[end][side]).abs();
                // Three standard errors of the difference of two means, and the next order in 1/√m.
                let variance = 24.0 / [m, n][side] as f64 / (draws * m as u64 / 4) as f64;
                let allowed = 3.0 * (2.0 * variance).sqrt() + 0.2 * expected[end][side].abs();
                assert!(error < allowed, "end {end} side {side}: {found} {:?}", expected[end]);
            }
        }
    }

    #[test]
    fn nothing_is_corrected_without_excess() {
        let none = KurtosisCorrection::new(0.0, 20, 30, 1.0);
        assert_eq!(none.corrected(&[5.0, 3.0, 1.0]), [5.0, 3.0, 1.0]);
        assert_eq!((none.small_vector(3.0), none.large_vector(3.0)), (0.0, 0.0));
        let not_a_number = KurtosisCorrection::new(f64::NAN, 20, 30, 1.0);
        assert_eq!(not_a_number.edges(), (1.0, 1.0));
    }
}
