//! Moments of the entries of a matrix, about their mean.

use crate::laws::wide::{Kernel, wide};
use crate::spectrum::{Matrix, Values};

/// Sums that are taken side by side.
const LANES: usize = 16;

/// Where no power of an entry over- or underflows.
const PLAIN: std::ops::RangeInclusive<f64> = 1e-70..=1e70;

/// What two passes over the entries give.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct EntryMoments {
    /// Largest |entry|; infinite where one is not finite, and then nothing else is known.
    pub(crate) largest: f64,
    /// Mean square about the mean, in units.
    second: f64,
    /// Mean fourth power.
    fourth: f64,
    /// A power of two.
    unit: f64,
}

impl EntryMoments {
    pub(crate) fn of(matrix: &Matrix<'_>) -> Self {
        match matrix.values() {
            Values::F32(entries) => Self::of_entries(entries),
            Values::F64(entries) => Self::of_entries(entries),
        }
    }

    fn of_entries<T: Copy + Into<f64>>(entries: &[T]) -> Self {
        let count = entries.len() as f64;
        let Sums { largest, least, most, mut sum } = wide(First { entries, inverse: 1.0 });
        if largest == f64::INFINITY {
            return Self { largest, second: f64::NAN, fourth: f64::NAN, unit: 1.0 };
        }
        if least >= most {
            // Exactly, which a rounded mean would not have.
            return Self { largest, second: 0.0, fourth: 0.0, unit: 1.0 };
        }
        let mut unit = 1.0;
        if !PLAIN.contains(&largest) {
            unit = largest.log2().floor().clamp(-1000.0, 1000.0).exp2();
            sum = wide(First { entries, inverse: 1.0 / unit }).sum;
        }
        let (second, fourth) = wide(Second { entries, mean: sum / count, inverse: 1.0 / unit });
        Self { largest, second: second / count, fourth: fourth / count, unit }
    }

    /// Standard deviation; NaN where it is not known.
    pub(crate) fn deviation(&self) -> f64 {
        self.unit * self.second.sqrt()
    }

    /// Excess kurtosis m₄/m₂² − 3; `None` where the entries do not vary.
    pub(crate) fn excess_kurtosis(&self) -> Option<f64> {
        let kurtosis = self.fourth / (self.second * self.second) - 3.0;
        kurtosis.is_finite().then_some(kurtosis)
    }
}

/// `add` for each entry with the number of a lane, all lanes at a time.
#[inline(always)]
fn in_lanes<T: Copy + Into<f64>>(entries: &[T], mut add: impl FnMut(usize, f64)) {
    let (chunks, rest) = entries.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, &x) in chunk.iter().enumerate() {
            add(lane, x.into());
        }
    }
    for (lane, &x) in rest.iter().enumerate() {
        add(lane, x.into());
    }
}

/// What the first pass gives.
struct Sums {
    /// max |x|, infinite where one is not finite.
    largest: f64,
    least: f64,
    most: f64,
    sum: f64,
}

/// [`Sums`] of x times the inverse of the unit.
struct First<'a, T> {
    entries: &'a [T],
    inverse: f64,
}

impl<T: Copy + Into<f64>> Kernel for First<'_, T> {
    type Output = Sums;

    #[inline(always)]
    fn run(self) -> Sums {
        let mut least = [f64::INFINITY; LANES];
        let mut most = [f64::NEG_INFINITY; LANES];
        let mut bad = [0.0_f64; LANES];
        let mut sum = [0.0; LANES];
        in_lanes(self.entries, |lane, x| {
            let x = x * self.inverse;
            least[lane] = if x < least[lane] { x } else { least[lane] };
            most[lane] = if x > most[lane] { x } else { most[lane] };
            // 0, or NaN.
            bad[lane] += x * 0.0;
            sum[lane] += x;
        });
        let least = least.iter().copied().fold(f64::INFINITY, f64::min);
        let most = most.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let bad = bad.iter().sum::<f64>().is_nan();
        let largest = if bad { f64::INFINITY } else { most.max(-least).max(0.0) };
        Sums { largest, least, most, sum: sum.iter().sum() }
    }
}

/// Σ(x − mean)² and Σ(x − mean)⁴ of x times the inverse of the unit.
struct Second<'a, T> {
    entries: &'a [T],
    mean: f64,
    inverse: f64,
}

impl<T: Copy + Into<f64>> Kernel for Second<'_, T> {
    type Output = (f64, f64);

    #[inline(always)]
    fn run(self) -> (f64, f64) {
        let (mut second, mut fourth) = ([0.0; LANES], [0.0; LANES]);
        in_lanes(self.entries, |lane, x| {
            let off = x * self.inverse - self.mean;
            let square = off * off;
            second[lane] += square;
            fourth[lane] += square * square;
        });
        (second.iter().sum(), fourth.iter().sum())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::spectrum::Orientation;
    use crate::test_support::gaussian;

    fn of(entries: &[f64]) -> EntryMoments {
        let matrix = Matrix::new(entries, 1, entries.len(), Orientation::OutIn).unwrap();
        EntryMoments::of(&matrix)
    }

    #[test]
    fn as_by_their_definitions() {
        for n in [2, 15, 16, 17, 1000] {
            let entries: Vec<f64> = gaussian(1, n, n as u64).iter().map(|x| 3.0 + x).collect();
            let mean = entries.iter().sum::<f64>() / n as f64;
            let central =
                |k: i32| entries.iter().map(|x| (x - mean).powi(k)).sum::<f64>() / n as f64;
            // The same at any scale, also where the powers would not be numbers.
            for scale in [1.0, 1e-290, 1e300, 1e-60] {
                let found = of(&entries.iter().map(|x| scale * x).collect::<Vec<_>>());
                let deviation = central(2).sqrt();
                assert!((found.deviation() / scale / deviation - 1.0).abs() < 1e-12, "{n} {scale}");
                let expected = central(4) / central(2).powi(2) - 3.0;
                let kurtosis = found.excess_kurtosis().unwrap();
                assert!((kurtosis - expected).abs() < 1e-12, "{n} {scale}: {kurtosis} {expected}");
            }
            let single: Vec<f32> = entries.iter().map(|&x| x as f32).collect();
            let widened: Vec<f64> = single.iter().map(|&x| f64::from(x)).collect();
            let matrix = Matrix::new(&single[..], 1, n, Orientation::OutIn).unwrap();
            assert_eq!(EntryMoments::of(&matrix), of(&widened));
        }
    }

    #[test]
    fn what_is_not_finite_is_the_largest() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for at in [0, 13, 39] {
                let mut entries = [1.0; 40];
                entries[at] = bad;
                let found = of(&entries);
                assert_eq!(found.largest, f64::INFINITY);
                assert!(found.deviation().is_nan() && found.excess_kurtosis().is_none());
            }
        }
        let zero = of(&[0.0; 20]);
        assert_eq!((zero.largest, zero.deviation(), zero.excess_kurtosis()), (0.0, 0.0, None));
        let constant = of(&[0.1; 70]);
        assert_eq!((constant.deviation(), constant.excess_kurtosis()), (0.0, None));
    }
}
