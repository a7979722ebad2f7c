//! The null of the largest overlap of a unit vector with several orthonormal directions.

use super::TailTable;
use crate::RmtError;
use rand::SeedableRng;
use rand_distr::{ChiSquared, Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};
use statrs::function::erf::{erf, erfc};
use statrs::function::gamma::ln_gamma;

/// Distribution of O = max_j |v·f_j| over J orthonormal directions f_j for v uniform on the sphere
/// in N dimensions.
///
/// With g a standard normal vector, v = g/‖g‖, the distribution function is
///
/// P(O ≤ x) = P(max|g_j| ≤ xr | ‖g‖ = r) = erf(xr/√2)^J·p(r² | max|g_j| ≤ xr)/p(r²)
///
/// for any r. Below N = 64 it is simulated; from there on r is chosen such that r² is the mean of
/// ‖g‖² under the condition, and p(r² | …) is that of a sum of N independent terms at its mean, to
/// second order (Daniels, Ann. Math. Stat. 25, 631 (1954)); p(r²) is χ²_N. In 400 000 draws at
/// N = 64 no difference could be seen. (2Φ(x√N) − 1)^J, which forgets that the norm is fixed, is
/// still wrong by a factor of 2.4 in the .135 % tail at N = 768.
///
/// ```
/// use rmt_core::Nulls;
/// let null = Nulls::default().overlap(768, 768)?;
/// let [low, high] = null.band();
/// assert!((null.mean() - 0.1214).abs() < 1e-4);
/// assert!((low - 0.0964).abs() < 1e-4 && (high - 0.1714).abs() < 1e-4);
/// # Ok::<(), rmt_core::RmtError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OverlapNull {
    length: usize,
    directions: usize,
    mean: f64,
    band: [f64; 2],
    /// Of O, where it is simulated.
    table: Option<TailTable>,
}

/// P(|x| > 3σ)/2 of a normal variable, on either side of the bands.
pub(crate) const OUTSIDE_BAND: f64 = 0.001_349_898_031_630_094_6;

impl OverlapNull {
    /// Draws where it is simulated.
    pub const DRAWS: usize = 199_999;
    /// N from which on the distribution has a formula.
    pub(crate) const FORMULA_FROM: usize = 64;

    /// The distribution by the formula.
    ///
    /// # Errors
    /// [`RmtError::Domain`] unless 1 ≤ `directions` ≤ `length` and 64 ≤ `length`.
    pub fn new(length: usize, directions: usize) -> Result<Self, RmtError> {
        check(length, directions)?;
        if length < Self::FORMULA_FROM {
            let requirement = "the formula holds from 64 dimensions on";
            return Err(RmtError::Domain { law: LAW, requirement });
        }
        let quantile =
            |p: f64| bisect(0.0, 1.0, |x| distribution(x, length as f64, directions as f64) < p);
        let band = [quantile(OUTSIDE_BAND), quantile(1.0 - OUTSIDE_BAND)];
        Ok(Self { length, directions, mean: mean(length, directions), band, table: None })
    }

    /// Draws `draws` overlaps from `seed`.
    ///
    /// # Errors
    /// [`RmtError::Domain`] unless 1 ≤ `directions` ≤ `length` and 2 ≤ `length`,
    /// [`RmtError::Setting`] for fewer than 40 draws.
    pub fn simulate(
        length: usize,
        directions: usize,
        draws: usize,
        seed: u64,
    ) -> Result<Self, RmtError> {
        check(length, directions)?;
        let key = ((directions as u64) << 32) ^ length as u64;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed ^ 0x0e1a_0000_0000_0000 ^ key);
        let others = ChiSquared::new((length - directions) as f64).ok();
        let found = (0..draws).map(|_| {
            let (mut largest, mut squares) = (0.0_f64, 0.0);
            for _ in 0..directions {
                let x: f64 = StandardNormal.sample(&mut rng);
                largest = largest.max(x.abs());
                squares += x * x;
            }
            squares += others.as_ref().map_or(0.0, |law| law.sample(&mut rng));
            largest / squares.sqrt()
        });
        let table = TailTable::simulated(found.collect())?;
        Ok(Self::from_table(length, directions, table))
    }

    pub(super) fn from_table(length: usize, directions: usize, table: TailTable) -> Self {
        let quantile = |p: f64| table.upper_quantile(1.0 - p).clamp(0.0, 1.0);
        let band = [quantile(OUTSIDE_BAND), quantile(1.0 - OUTSIDE_BAND)];
        let mean = mean(length, directions);
        Self { length, directions, mean, band, table: Some(table) }
    }

    /// E O = E max|g_j|/E‖g‖, exact: ‖g‖ is independent of v.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// The quantiles at .135 % and 99.865 %, as 3σ of a normal variable.
    pub fn band(&self) -> [f64; 2] {
        self.band
    }

    /// P(O ≤ `x`).
    pub fn distribution(&self, x: f64) -> f64 {
        match &self.table {
            Some(table) => 1.0 - table.p_value(x).p,
            None => distribution(x, self.length as f64, self.directions as f64),
        }
    }

    /// N and J.
    pub fn shape(&self) -> (usize, usize) {
        (self.length, self.directions)
    }

    /// Quantiles of O, where it is simulated.
    pub(super) fn table(&self) -> Option<&TailTable> {
        self.table.as_ref()
    }
}

const LAW: &str = "null of the overlap";

pub(super) fn check(length: usize, directions: usize) -> Result<(), RmtError> {
    if length < 2 || directions == 0 || directions > length {
        let requirement = "there must be at least 2 dimensions, and 1 to as many directions";
        return Err(RmtError::Domain { law: LAW, requirement });
    }
    Ok(())
}

/// Where `below` turns false between `low` and `high`.
pub(crate) fn bisect(mut low: f64, mut high: f64, below: impl Fn(f64) -> bool) -> f64 {
    // To the last digit of a double.
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// E max|g_j|/E‖g‖, E max = ∫(1 − erf(s/√2)^J) ds by the trapezoidal rule: the integrand is smooth
/// and flat at both ends but for J = 1, where the mean is √(2/π).
fn mean(length: usize, directions: usize) -> f64 {
    let n = length as f64;
    let norm = std::f64::consts::SQRT_2 * (ln_gamma(0.5 * (n + 1.0)) - ln_gamma(0.5 * n)).exp();
    let step = 2e-3;
    let survival = |s: f64| -> f64 { -(directions as f64 * ln_erf(s)).exp_m1() };
    // At s = 12 the integrand is below 1e-32·J. Its slope at 0 is that of J = 1 alone, for which
    // the rule's first correction is added.
    let inner: f64 = (1..6000).map(|i| survival(f64::from(i) * step)).sum();
    let slope = if directions == 1 { (2.0 / std::f64::consts::PI).sqrt() } else { 0.0 };
    let largest = step * (0.5 + inner) - step * step / 12.0 * slope;
    largest / norm
}

/// ln erf(s/√2) = ln(2Φ(s) − 1).
fn ln_erf(s: f64) -> f64 {
    let x = s * std::f64::consts::FRAC_1_SQRT_2;
    if x > 0.5 { (-erfc(x)).ln_1p() } else { erf(x).ln() }
}

/// P(O ≤ x) in the saddle point approximation.
fn distribution(x: f64, n: f64, j: f64) -> f64 {
    if x.is_nan() {
        return f64::NAN;
    }
    if x >= 1.0 {
        return 1.0;
    }
    if x <= 0.0 {
        return 0.0;
    }
    // 2aφ(a)/(2Φ(a) − 1): 1 − the mean of g² under |g| ≤ a.
    let deficit = |a: f64| {
        let density = (-0.5 * a * a).exp() * 0.398_942_280_401_432_7;
        2.0 * a * density / ln_erf(a).exp()
    };
    let excess = |r: f64| r * r + j * deficit(x * r) - n;
    let lowest = 0.02 * n.sqrt();
    if excess(lowest) >= 0.0 {
        // All |v_j| nearly equal: far below the band.
        return 0.0;
    }
    let r = bisect(lowest, n.sqrt(), |r| excess(r) < 0.0);
    let a = x * r;
    let h = deficit(a);
    // Moments of y = g² under |g| ≤ a, and its cumulants.
    let mut moments = [0.0; 4];
    let mut last = 1.0;
    for (k, moment) in moments.iter_mut().enumerate() {
        last = (2 * k + 1) as f64 * last - a.powi(2 * k as i32) * h;
        *moment = last;
    }
    let [m1, m2, m3, m4] = moments;
    let second = m2 - m1 * m1;
    let third = m3 - 3.0 * m2 * m1 + 2.0 * m1.powi(3);
    let fourth = m4 - 4.0 * m3 * m1 - 3.0 * m2 * m2 + 12.0 * m2 * m1 * m1 - 6.0 * m1.powi(4);
    let free = n - j;
    let variance = j * second + 2.0 * free;
    let (third, fourth) = (j * third + 8.0 * free, j * fourth + 48.0 * free);
    let order =
        fourth / (8.0 * variance * variance) - 5.0 * third * third / (24.0 * variance.powi(3));
    let conditional = order.ln_1p() - 0.5 * (2.0 * std::f64::consts::PI * variance).ln();
    let half = 0.5 * n;
    let chi_squared =
        (half - 1.0) * (r * r).ln() - 0.5 * r * r - half * std::f64::consts::LN_2 - ln_gamma(half);
    (j * ln_erf(a) + conditional - chi_squared).exp().clamp(0.0, 1.0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::nulls::Nulls;
    use crate::test_support::binomial_interval;

    #[test]
    fn oracles() {
        let nulls = Nulls::default();
        let whole = nulls.overlap(768, 768).unwrap();
        let [low, high] = whole.band();
        assert!((whole.mean() - 0.1214).abs() < 1e-4, "{}", whole.mean());
        assert!((low - 0.0964).abs() < 5e-4, "{low}");
        // Two entries so large at once are negligible, so that P(O > x) = J·P(|v_1| > x).
        let exact = 768.0 * (1.0 - statrs::function::beta::beta_reg(0.5, 383.5, high * high));
        assert!((exact / OUTSIDE_BAND - 1.0).abs() < 2e-3, "{high} {exact}");
        let [low, high] = nulls.overlap(64, 64).unwrap().band();
        assert!((low - 0.235).abs() < 1e-3 && (high - 0.500).abs() < 5e-3, "{low} {high}");
    }

    #[test]
    fn the_band_holds_its_level_on_random_vectors() {
        // Drawn as unit vectors, from another seed than any simulated null.
        let nulls = Nulls::default();
        let shapes = [
            (8, 8),
            (20, 5),
            (63, 63),
            (64, 64),
            (64, 1),
            (64, 20),
            (384, 384),
            (384, 90),
            (768, 768),
        ];
        for (length, directions) in shapes {
            let draws = 40_000;
            let null = nulls.overlap(length, directions).unwrap();
            let [low, high] = null.band();
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(77);
            let (mut below, mut above, mut sum, mut squares, mut half) = (0, 0, 0.0, 0.0, 0);
            let mut v = vec![0.0_f64; length];
            for _ in 0..draws {
                v.iter_mut().for_each(|x| *x = StandardNormal.sample(&mut rng));
                let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
                let overlap = v[..directions].iter().fold(0.0_f64, |a, x| a.max(x.abs())) / norm;
                below += usize::from(overlap < low);
                above += usize::from(overlap > high);
                half += usize::from(null.distribution(overlap) <= 0.5);
                sum += overlap;
                squares += overlap * overlap;
            }
            let (least, most) = binomial_interval(draws, OUTSIDE_BAND, 0.01 / 18.0);
            let name = format!("N={length} J={directions}: {below} {above} in {least}..={most}");
            assert!((least..=most).contains(&below) && (least..=most).contains(&above), "{name}");
            let (least, most) = binomial_interval(draws, 0.5, 0.01 / 9.0);
            assert!((least..=most).contains(&half), "{name}: half {half}");
            let mean = sum / draws as f64;
            let error = ((squares / draws as f64 - mean * mean) / draws as f64).sqrt();
            assert!((mean - null.mean()).abs() < 4.0 * error, "{name}: {mean} {}", null.mean());
        }
    }

    #[test]
    fn one_direction_is_a_beta_variable() {
        // v₁² ~ Beta(1/2, (N−1)/2).
        let null = OverlapNull::new(100, 1).unwrap();
        for x in [0.01, 0.05, 0.1, 0.2, 0.3] {
            let exact = statrs::function::beta::beta_reg(0.5, 49.5, x * x);
            let found = null.distribution(x);
            assert!((found - exact).abs() < 2e-4, "{x}: {found} {exact}");
        }
        let exact = (ln_gamma(50.0) - ln_gamma(50.5)).exp() / std::f64::consts::PI.sqrt();
        assert!((null.mean() / exact - 1.0).abs() < 1e-9, "{} {exact}", null.mean());
        assert_eq!((null.distribution(0.0), null.distribution(1.0)), (0.0, 1.0));
        assert!(null.distribution(f64::NAN).is_nan());
        assert!(OverlapNull::new(14_336, 14_336).unwrap().band().is_sorted());
    }

    #[test]
    fn domain() {
        for (length, directions) in [(1, 1), (100, 0), (100, 101), (20, 20)] {
            assert!(OverlapNull::new(length, directions).is_err());
        }
        assert!(OverlapNull::simulate(20, 20, 10, 1).is_err());
        assert!(Nulls::default().overlap(20, 21).is_err());
    }
}
