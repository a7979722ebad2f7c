//! What one pass over the entries of a vector gives: sums in eight lanes, so that they are taken side by
//! side, always in the same order.

use super::wide::{Kernel, wide};

const LANES: usize = 8;

/// Sums over the entries x of a vector.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Moments {
    /// Σx².
    pub(crate) second: f64,
    /// Σx⁴.
    pub(crate) fourth: f64,
    /// max |x|.
    pub(crate) largest: f64,
    /// Σ x² ln x².
    pub(crate) logarithmic: f64,
}

impl Moments {
    pub(crate) fn of(entries: &[f64]) -> Self {
        wide(Pass(entries))
    }

    /// Shannon entropy −Σ p ln p of p = x²/Σx².
    pub(crate) fn entropy(&self) -> f64 {
        self.second.ln() - self.logarithmic / self.second
    }
}

struct Pass<'a>(&'a [f64]);

impl Kernel for Pass<'_> {
    type Output = Moments;

    #[inline(always)]
    fn run(self) -> Moments {
        let entries = self.0;
        let mut second = [0.0; LANES];
        let mut fourth = [0.0; LANES];
        let mut largest = [0.0_f64; LANES];
        let mut logarithmic = [0.0; LANES];
        let mut add = |lane: usize, x: f64| {
            let square = x * x;
            second[lane] += square;
            fourth[lane] += square * square;
            let x = x.abs();
            largest[lane] = if x > largest[lane] { x } else { largest[lane] };
            logarithmic[lane] += square * ln(square);
        };
        let chunks = entries.chunks_exact(LANES);
        let rest = chunks.remainder();
        for chunk in chunks {
            for (lane, &x) in chunk.iter().enumerate() {
                add(lane, x);
            }
        }
        for (lane, &x) in rest.iter().enumerate() {
            add(lane, x);
        }
        Moments {
            second: second.iter().sum(),
            fourth: fourth.iter().sum(),
            largest: largest.iter().copied().fold(0.0, f64::max),
            logarithmic: logarithmic.iter().sum(),
        }
    }
}

/// Largest |x|, or infinity where an entry is not finite.
pub(crate) fn largest(entries: &[f64]) -> f64 {
    let mut lanes = [0.0_f64; LANES];
    for chunk in entries.chunks(LANES) {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            let x = if x.is_nan() { f64::INFINITY } else { x.abs() };
            *lane = if x > *lane { x } else { *lane };
        }
    }
    lanes.iter().copied().fold(0.0, f64::max)
}

/// Σf(x), in lanes.
pub(crate) fn sum(entries: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    let mut lanes = [0.0; LANES];
    for chunk in entries.chunks(LANES) {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane += f(x);
        }
    }
    lanes.iter().sum()
}

/// ln x to 1e-15 for positive normal numbers; that of the least of them below. Without branches, unlike
/// the system's: x = 2^k·m with m between √½ and √2, and ln m = 2 artanh(s), s = (m − 1)/(m + 1), by the
/// polynomial of fdlibm's `log` in s², whose relative error is below 2^−58; odd and even terms apart, so that
/// none waits for long.
#[inline(always)]
fn ln(x: f64) -> f64 {
    const ROOT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
    let bits = x.max(f64::MIN_POSITIVE).to_bits();
    let k = (bits.wrapping_sub(ROOT_HALF) as i64) >> 52;
    let m = f64::from_bits(bits.wrapping_sub((k << 52) as u64));
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let w = z * z;
    let odd = 6.666_666_666_666_735e-1
        + w * (2.857_142_874_366_239e-1
            + w * (1.818_357_216_161_805e-1 + w * 1.479_819_860_511_658_6e-1));
    let even = 3.999_999_999_940_942e-1
        + w * (2.222_219_843_214_978_4e-1 + w * 1.531_383_769_920_937_3e-1);
    f64::from(k as i32) * std::f64::consts::LN_2 + s * (2.0 + (z * odd + w * even))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::gaussian;

    #[test]
    fn logarithms() {
        for k in -3000..3000 {
            let x = (f64::from(k) * 0.23).exp();
            let exact = x.max(f64::MIN_POSITIVE).ln();
            if x.is_finite() {
                assert!((ln(x) - exact).abs() <= 4e-16 * (1.0 + exact.abs()), "{x:e}");
            }
        }
        assert_eq!((ln(1.0), ln(0.0)), (0.0, f64::MIN_POSITIVE.ln()));
        for x in [1.0 - 1e-9, 1.0 + 1e-9, std::f64::consts::FRAC_1_SQRT_2, 0.5_f64.sqrt() - 1e-16] {
            assert!((ln(x) - x.ln()).abs() < 3e-16, "{x}");
        }
    }

    #[test]
    fn what_is_not_finite_is_the_largest() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut entries = [1.0; 20];
            entries[13] = bad;
            assert_eq!(largest(&entries), f64::INFINITY);
        }
    }

    #[test]
    fn as_by_their_definitions() {
        for n in [0, 1, 7, 8, 9, 100, 1001] {
            let mut entries = gaussian(1, n, n as u64);
            if let Some(entry) = entries.get_mut(3) {
                *entry = 0.0;
            }
            let moments = Moments::of(&entries);
            let sum = |f: fn(f64) -> f64| entries.iter().map(|&x| f(x)).sum::<f64>();
            let near = |a: f64, b: f64| (a - b).abs() <= 1e-13 * (1.0 + b.abs());
            assert!(
                near(moments.second, sum(|x| x * x))
                    && near(super::sum(&entries, |x| x * x), moments.second)
            );
            assert!(near(moments.fourth, sum(|x| x.powi(4))));
            let logarithmic = sum(|x| if x == 0.0 { 0.0 } else { x * x * (x * x).ln() });
            assert!(near(moments.logarithmic, logarithmic));
            assert_eq!(moments.largest, entries.iter().fold(0.0, |a: f64, x| a.max(x.abs())));
            assert_eq!(largest(&entries), moments.largest);
        }
    }
}
