//! The Tracy–Widom law for β = 1: fluctuations of the largest eigenvalue of real noise.
//!
//! The largest eigenvalue of a large real symmetric matrix, or of a large real Wishart matrix
//! `XᵀX`, centred and scaled to its edge, follows this law when the matrix is pure noise. It answers
//! how far above the edge of the bulk an eigenvalue must lie before it counts as signal. It is a law
//! of the largest eigenvalue alone: the bulk has its own (Wigner, Marchenko–Pastur), and complex
//! matrices have another (β = 2).
//!
//! In all functions `s` is the eigenvalue after centring and scaling. The distribution is
//!
//! ```text
//! F1(s) = det(I − A),   A(x, y) = Ai(x + y + s)   on L²(0, ∞)
//! ```
//!
//! tabulated from this determinant with 80 digits (`data/tracy_widom.csv`, by `data/tracy_widom_beta1.py`), as `ln F1` below the
//! median and `ln(1 − F1)` above it, with two derivatives each, and interpolated by quintics. Outside
//! the table, −10 to 20, the known asymptotic series continue it. So both tails are accurate
//! relative to themselves: `survival` above the median to 1e-11, `cdf` below it to 1e-11 down to −10 and
//! to 1e-6 beyond, where it is less than 1e-21.
//!
//! For probabilities below about 1e-16 use [`survival`] and [`upper_quantile`]: `1 − cdf(s)` is
//! nothing but rounding there.
//!
//! # Sources
//!
//! * C. A. Tracy, H. Widom, *On orthogonal and symplectic matrix ensembles*, Commun. Math. Phys. 177
//!   (1996) 727–754: the law.
//! * P. L. Ferrari, H. Spohn, *A determinantal formula for the GOE Tracy–Widom distribution*,
//!   J. Phys. A 38 (2005) L557–L561: the determinant.
//! * F. Bornemann, *On the numerical evaluation of Fredholm determinants*, Math. Comp. 79 (2010)
//!   871–915: its computation.
//! * J. Baik, R. Buckingham, J. DiFranco, *Asymptotics of Tracy–Widom distributions and the total
//!   integral of a Painlevé II function*, Commun. Math. Phys. 280 (2008) 463–497: the lower tail.
//!
//! # Example
//!
//! ```
//! use rmt_core::laws::tracy_widom;
//!
//! // One noise matrix in a hundred has its largest eigenvalue above this.
//! let threshold = tracy_widom::upper_quantile(0.01);
//! assert!((threshold - 2.023449).abs() < 1e-6);
//! assert!((tracy_widom::cdf(threshold) - 0.99).abs() < 1e-12);
//! ```

use std::f64::consts::{PI, SQRT_2};
use std::sync::LazyLock;

/// The first grid point.
const START: f64 = -10.0;
/// Where the table of `ln F1` ends and that of `ln(1 − F1)` begins; just above the median.
const SWITCH: f64 = -1.25;
/// The last grid point.
const END: f64 = 20.0;
/// The distance of two grid points.
const STEP: f64 = 0.125;

/// A logarithm and its first two derivatives, by grid point.
type Rows = Vec<[f64; 3]>;

/// `ln F1` from `START` to `SWITCH`, and `ln(1 − F1)` from there to `END`.
static TABLE: LazyLock<[Rows; 2]> = LazyLock::new(|| {
    let rows = |tail: &str| {
        let of = |line: &str| -> Option<[f64; 3]> {
            let fields = line.strip_prefix(tail)?.split(',').skip(2).map(str::parse);
            fields.collect::<Result<Vec<f64>, _>>().ok()?.try_into().ok()
        };
        include_str!("../../data/tracy_widom.csv").lines().filter_map(of).collect()
    };
    [rows("lower"), rows("upper")]
});

/// Mean of the law. The moments are printed by the program that computes the table.
pub const MEAN: f64 = -1.2065335745820248;

/// Variance of the law.
pub const VARIANCE: f64 = 1.607781034581361;

/// Skewness of the law.
pub const SKEWNESS: f64 = 0.2934645240865233;

/// Excess kurtosis of the law: zero for a normal law.
pub const EXCESS_KURTOSIS: f64 = 0.16524293845555975;

/// Constant term of `ln F1` at −∞: `ζ'(−1)/2 − (11/48) ln 2`.
const LOWER_CONSTANT: f64 = -0.24155680072854627;

/// Below the first, `F1`, and above the second, `1 − F1`, is less than the smallest positive `f64`.
const UNDERFLOW: (f64, f64) = (-30.0, 120.0);

/// Probability `F1(s)` of a value of at most `s`.
///
/// Any `s` is allowed; `NaN` gives `NaN`. The absolute error is below 1e-11. Below the median the
/// relative error is below 1e-11 down to `s = −10` and below 1e-6 beyond.
///
/// ```
/// use rmt_core::laws::tracy_widom::cdf;
///
/// assert!((cdf(0.0) - 0.83190807).abs() < 1e-8);
/// assert_eq!(cdf(f64::NEG_INFINITY), 0.0);
/// ```
pub fn cdf(s: f64) -> f64 {
    if s <= SWITCH { ln_lower(s).value.exp() } else { -ln_upper(s).value.exp_m1() }
}

/// Probability `1 − F1(s)` of a value above `s`: the p-value of a largest eigenvalue.
///
/// Any `s` is allowed; `NaN` gives `NaN`. The relative error is below 1e-11 where the table is used
/// and below 1e-10 beyond, as long as the result is a normal number, up to `s` about 100.
///
/// ```
/// use rmt_core::laws::tracy_widom::survival;
///
/// assert!((survival(8.1875) / 4.6432632082792556e-9 - 1.0).abs() < 1e-9);
/// assert_eq!(survival(f64::INFINITY), 0.0);
/// ```
pub fn survival(s: f64) -> f64 {
    if s <= SWITCH { -ln_lower(s).value.exp_m1() } else { ln_upper(s).value.exp() }
}

/// Natural logarithm of [`survival`], also where that underflows.
///
/// Any `s` is allowed; `NaN` gives `NaN`. The error is below 1e-11, or some units in the last place
/// where the result is large.
///
/// ```
/// use rmt_core::laws::tracy_widom::{ln_survival, survival};
///
/// assert!((ln_survival(3.0) - survival(3.0).ln()).abs() < 1e-12);
/// assert!(ln_survival(1000.0) < -21_000.0);
/// ```
pub fn ln_survival(s: f64) -> f64 {
    if s <= SWITCH { (-ln_lower(s).value.exp()).ln_1p() } else { ln_upper(s).value }
}

/// The `s` with `cdf(s) = p`.
///
/// Domain 0 ≤ p ≤ 1: `−∞` at 0, `+∞` at 1, `NaN` elsewhere. The result is as accurate as [`cdf`]; for
/// `p` close to 1 state the complement and use [`upper_quantile`].
///
/// ```
/// use rmt_core::laws::tracy_widom::quantile;
///
/// assert!((quantile(0.5) + 1.2686).abs() < 5e-5);
/// assert!(quantile(1.5).is_nan());
/// ```
pub fn quantile(p: f64) -> f64 {
    quantile_of_logs(p.ln(), (-p).ln_1p())
}

/// The `s` with `survival(s) = p`: the threshold that noise exceeds with probability `p`.
///
/// Domain 0 ≤ p ≤ 1: `+∞` at 0, `−∞` at 1, `NaN` elsewhere. Accurate for the smallest `p`.
///
/// ```
/// use rmt_core::laws::tracy_widom::{survival, upper_quantile};
///
/// let s = upper_quantile(1e-12);
/// assert!((survival(s) / 1e-12 - 1.0).abs() < 1e-10);
/// ```
pub fn upper_quantile(p: f64) -> f64 {
    quantile_of_logs((-p).ln_1p(), p.ln())
}

/// A function and its slope at one point.
#[derive(Clone, Copy)]
struct Jet {
    value: f64,
    slope: f64,
}

/// `ln F1` at or below `SWITCH`.
fn ln_lower(s: f64) -> Jet {
    if s < START { lower_tail(s) } else { interpolate(&TABLE[0], (s - START) / STEP) }
}

/// `ln(1 − F1)` at or above `SWITCH`.
fn ln_upper(s: f64) -> Jet {
    if s > END { upper_tail(s) } else { interpolate(&TABLE[1], (s - SWITCH) / STEP) }
}

/// The quintic through values and two derivatives at both neighbours, at `u` grid steps from the
/// first row.
fn interpolate(rows: &[[f64; 3]], u: f64) -> Jet {
    // The last row belongs to the last interval. A NaN becomes row 0 and stays NaN in `t`.
    let row = (u as usize).min(rows.len().saturating_sub(2));
    let (Some(&[y0, d0, c0]), Some(&[y1, d1, c1])) = (rows.get(row), rows.get(row + 1)) else {
        return Jet { value: f64::NAN, slope: f64::NAN };
    };
    let t = u - row as f64;
    let (d0, d1, c0, c1) = (d0 * STEP, d1 * STEP, c0 * STEP * STEP / 2.0, c1 * STEP * STEP / 2.0);
    // What the parabola from the left misses at the right: value, slope, half the curvature.
    let (e, f, g) = (y1 - y0 - d0 - c0, d1 - d0 - 2.0 * c0, c1 - c0);
    let a3 = 10.0 * e - 4.0 * f + g;
    let a4 = -15.0 * e + 7.0 * f - 2.0 * g;
    let a5 = 6.0 * e - 3.0 * f + g;
    let value = y0 + t * (d0 + t * (c0 + t * (a3 + t * (a4 + t * a5))));
    let slope = d0 + t * (2.0 * c0 + t * (3.0 * a3 + t * (4.0 * a4 + t * 5.0 * a5)));
    Jet { value, slope: slope / STEP }
}

/// `ln F1` below the table, with `x = −s`:
/// `−x³/24 − x^{3/2}/(3√2) − ln(x)/16 + const − 1/(24√2 x^{3/2}) + k/x³`.
fn lower_tail(s: f64) -> Jet {
    // The last term is small and of the known order; its factor makes the law continuous.
    let (edge, rest) = (lower_series(-START), TABLE[0].first().map_or(0.0, |row| row[0]));
    let k = (rest - edge.value) * -START.powi(3);
    let series = lower_series(-s);
    let term = k / (-s).powi(3);
    // The slope is with respect to s.
    Jet { value: series.value + term, slope: -series.slope - 3.0 * term / s }
}

/// The known terms of [`lower_tail`].
fn lower_series(x: f64) -> Jet {
    let root = x.sqrt();
    let power = x * root;
    let inverse = 1.0 / (24.0 * SQRT_2 * power);
    Jet {
        value: LOWER_CONSTANT - x * x * x / 24.0 - power / (3.0 * SQRT_2) - x.ln() / 16.0 - inverse,
        slope: -x * x / 8.0 - root / (2.0 * SQRT_2) - 1.0 / (16.0 * x) + 1.5 * inverse / x,
    }
}

/// `ln(1 − F1)` above the table.
fn upper_tail(s: f64) -> Jet {
    // The series misses the table's end by less than 1e-12; the shift makes the law continuous.
    let shift = TABLE[1].last().map_or(0.0, |row| row[0]) - upper_series(END).value;
    let series = upper_series(s);
    Jet { value: series.value + shift, slope: series.slope }
}

/// `ln` of half the integral of `Ai` over `(s, ∞)`, from which `1 − F1` differs by its square only:
/// `exp(−ζ) / (4 √π s^{3/4}) · (1 − (41/48) s^{−3/2} + …)` with `ζ = (2/3) s^{3/2}`.
fn upper_series(s: f64) -> Jet {
    let root = s.sqrt();
    let power = s * root;
    // Ai has the coefficients `u`; those of its integral, `c`, follow by comparing derivatives.
    let (mut u, mut c, mut scale, mut sum, mut sum_airy) = (1.0, 1.0, 1.0, 1.0, 1.0);
    for k in 1..=10 {
        let k = f64::from(k);
        u *= -(6.0 * k - 5.0) * (6.0 * k - 3.0) * (6.0 * k - 1.0) / (144.0 * k * (2.0 * k - 1.0));
        c = u - 0.75 * (2.0 * k - 1.0) * c;
        scale /= power;
        sum += c * scale;
        sum_airy += u * scale;
    }
    Jet {
        value: f64::ln_1p(sum - 1.0) - power / 1.5 - 0.75 * s.ln() - (4.0 * PI.sqrt()).ln(),
        slope: -root * sum_airy / sum,
    }
}

/// The point where `ln F1` and `ln(1 − F1)` have these values; the smaller one decides.
fn quantile_of_logs(ln_cdf: f64, ln_survival: f64) -> f64 {
    if ln_cdf.is_nan() || ln_survival.is_nan() {
        f64::NAN
    } else if ln_cdf == f64::NEG_INFINITY {
        f64::NEG_INFINITY
    } else if ln_survival == f64::NEG_INFINITY {
        f64::INFINITY
    } else if ln_cdf <= ln_lower(SWITCH).value {
        root_of(UNDERFLOW.0, SWITCH, |s| {
            let Jet { value, slope } = ln_lower(s);
            Jet { value: value - ln_cdf, slope }
        })
    } else {
        root_of(SWITCH, UNDERFLOW.1, |s| {
            let Jet { value, slope } = ln_upper(s);
            Jet { value: ln_survival - value, slope: -slope }
        })
    }
}

/// The root of an increasing function between `low` and `high`: Newton's method, or bisection where
/// its step leaves the bracket.
fn root_of(mut low: f64, mut high: f64, function: impl Fn(f64) -> Jet) -> f64 {
    let mut s = 0.5 * (low + high);
    for _ in 0..100 {
        let Jet { value, slope } = function(s);
        if value < 0.0 {
            low = s;
        } else {
            high = s;
        }
        let newton = s - value / slope;
        let next = if low <= newton && newton <= high { newton } else { 0.5 * (low + high) };
        if (next - s).abs() <= 4.0 * f64::EPSILON * s.abs().max(1.0) {
            return next;
        }
        s = next;
    }
    s
}

#[cfg(test)]
mod tests;
