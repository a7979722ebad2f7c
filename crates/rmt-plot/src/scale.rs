//! From data to a place on an axis, and the ticks of an axis.

use crate::number::{LARGE, SMALL, figure, in_units, power, superscript, written};

/// Least width of a linear axis, relative to the largest value on it: what is narrower is drawn as
/// if all values were equal, since its ticks would need more digits than fit.
const LEAST_SPAN: f64 = 1e-5;

/// An axis: the range that it shows.
///
/// Everything is computed in multiples of a power of ten near the largest value, so that no range of
/// doubles overflows or vanishes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scale {
    /// Ends, in units.
    low: f64,
    high: f64,
    /// 10^exponent; 1 on a logarithmic axis.
    exponent: i32,
    logarithmic: bool,
    whole: bool,
}

/// A mark on an axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    /// Its place: 0 at the low end, 1 at the high end.
    pub(crate) at: f64,
    pub(crate) label: String,
}

/// The marks of an axis.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Ticks {
    pub(crate) ticks: Vec<Tick>,
    /// The power of ten that all labels are to be multiplied by, such as `×10⁶`.
    pub(crate) factor: Option<String>,
}

/// Least and largest of the finite values.
pub(crate) fn range(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values.into_iter().filter(|x| x.is_finite()).fold(None, |range, x| match range {
        None => Some((x, x)),
        Some((low, high)) => Some((x.min(low), x.max(high))),
    })
}

impl Scale {
    /// A linear axis from `low` to `high`. Where they are (nearly) equal, an axis around them.
    pub(crate) fn linear(low: f64, high: f64) -> Self {
        let (low, high) = ordered(low, high);
        let largest = low.abs().max(high.abs());
        if largest == 0.0 {
            let (low, high) = (0.0, 1.0);
            return Self { low, high, exponent: 0, logarithmic: false, whole: false };
        }
        let exponent = largest.log10().floor() as i32;
        let (mut low, mut high) = (in_units(low, exponent), in_units(high, exponent));
        let largest = low.abs().max(high.abs());
        if high - low < LEAST_SPAN * largest {
            (low, high) = (low - 0.1 * largest, high + 0.1 * largest);
        }
        Self { low, high, exponent, logarithmic: false, whole: false }
    }

    /// A logarithmic axis; both ends must be positive, else it is that of one decade.
    pub(crate) fn logarithmic(low: f64, high: f64) -> Self {
        let (low, high) = ordered(low, high);
        let (mut low, mut high) = if low > 0.0 { (low.log10(), high.log10()) } else { (-1.0, 0.0) };
        if high - low < LEAST_SPAN {
            (low, high) = (low - 0.1, high + 0.1);
        }
        Self { low, high, exponent: 0, logarithmic: true, whole: false }
    }

    /// The same axis, wider by these shares of its length.
    pub(crate) fn padded(mut self, below: f64, above: f64) -> Self {
        let span = self.high - self.low;
        (self.low, self.high) = (self.low - below * span, self.high + above * span);
        self
    }

    /// The same axis, wider by a share of its length at both ends, but not across zero.
    pub(crate) fn padded_to_zero(self, share: f64) -> Self {
        let (low, high) = (self.low, self.high);
        let mut padded = self.padded(share, share);
        if !padded.logarithmic {
            if low >= 0.0 {
                padded.low = padded.low.max(0.0);
            }
            if high <= 0.0 {
                padded.high = padded.high.min(0.0);
            }
        }
        padded
    }

    /// The same axis with ticks at whole numbers only.
    pub(crate) fn whole(self) -> Self {
        Self { whole: true, ..self }
    }

    /// Place of a value: 0 at the low end, 1 at the high end; `None` for what has no place on it.
    pub(crate) fn at(&self, value: f64) -> Option<f64> {
        let place = if self.logarithmic { value.log10() } else { in_units(value, self.exponent) };
        let at = (place - self.low) / (self.high - self.low);
        at.is_finite().then_some(at)
    }

    /// The value at a place.
    fn value(&self, at: f64) -> f64 {
        let place = self.low + at * (self.high - self.low);
        if self.logarithmic { 10_f64.powf(place) } else { place * power(self.exponent) }
    }

    /// At most `most` marks at round numbers: 1, 2 or 5 times a power of ten; powers of ten on a
    /// logarithmic axis.
    pub(crate) fn ticks(&self, most: usize) -> Ticks {
        let most = most.clamp(2, 20);
        if self.logarithmic { self.decades(most) } else { self.round(most) }
    }

    fn round(&self, most: usize) -> Ticks {
        let span = self.high - self.low;
        let Some(mut power_of_step) = floor_log10(span / most as f64) else {
            return Ticks::default();
        };
        // No tick between whole numbers.
        let whole = -self.exponent;
        let mut step = 0.0;
        'found: for _ in 0..3 {
            for factor in [1.0, 2.0, 5.0] {
                step = factor * power(power_of_step);
                let fits = ((span / step + 1e-9).floor() as usize) < most;
                if fits && (!self.whole || power_of_step >= whole) {
                    break 'found;
                }
            }
            power_of_step =
                if self.whole { (power_of_step + 1).max(whole) } else { power_of_step + 1 };
        }
        let common = (self.exponent >= LARGE || self.exponent <= SMALL) && {
            !(self.whole && self.exponent <= LARGE)
        };
        let shift = if common { 0 } else { self.exponent };
        let decimals = (-(power_of_step + shift)).max(0) as usize;
        let first = ((self.low - 1e-9 * span) / step).ceil();
        let ticks = (0..most)
            .map(|i| (first + i as f64) * step)
            .take_while(|place| *place <= self.high + 1e-9 * span)
            .map(|place| Tick {
                at: (place - self.low) / span,
                label: written(place * power(shift), decimals),
            })
            .collect();
        Ticks { ticks, factor: common.then(|| format!("×10{}", superscript(self.exponent))) }
    }

    fn decades(&self, most: usize) -> Ticks {
        let span = self.high - self.low;
        let at = |place: f64| (place - self.low) / span;
        let (first, last) = ((self.low - 1e-9).ceil(), (self.high + 1e-9).floor());
        let decades = (last - first + 1.0).max(0.0);
        if decades < 2.0 {
            return self.within_a_decade(most);
        }
        let mut step = 1.0;
        for candidate in [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0] {
            step = candidate;
            if decades / step <= most as f64 {
                break;
            }
        }
        let begin = (first / step).ceil() * step;
        let ticks = (0..most)
            .map(|i| begin + i as f64 * step)
            .take_while(|place| *place <= last)
            .map(|place| Tick {
                at: at(place),
                label: match place as i32 {
                    0 => "1".into(),
                    1 => "10".into(),
                    exponent => format!("10{}", superscript(exponent)),
                },
            })
            .collect();
        Ticks { ticks, factor: None }
    }

    /// Ticks of an axis with at most one power of ten on it: round numbers at their places.
    fn within_a_decade(&self, most: usize) -> Ticks {
        let base = self.low.floor();
        let candidates = [1.0, 2.0, 5.0].map(f64::log10);
        let within = |place: &f64| *place >= self.low - 1e-9 && *place <= self.high + 1e-9;
        let places: Vec<f64> = (0..3)
            .flat_map(|decade| candidates.map(|digit| base + f64::from(decade) + digit))
            .filter(within)
            .take(most)
            .collect();
        let at = |place: f64| (place - self.low) / (self.high - self.low);
        if places.len() < 2 {
            // Between two such numbers: those of a linear axis, at their places on this one.
            let linear = Self::linear(10_f64.powf(self.low), 10_f64.powf(self.high));
            let Ticks { ticks, factor } = linear.ticks(most);
            let moved = |tick: Tick| Tick { at: at(linear.value(tick.at).log10()), ..tick };
            let on_axis = |tick: &Tick| (-1e-9..=1.0 + 1e-9).contains(&tick.at);
            return Ticks { ticks: ticks.into_iter().map(moved).filter(on_axis).collect(), factor };
        }
        let tick = |place: f64| Tick { at: at(place), label: figure(10_f64.powf(place), 3) };
        Ticks { ticks: places.into_iter().map(tick).collect(), factor: None }
    }
}

fn ordered(low: f64, high: f64) -> (f64, f64) {
    range([low, high]).unwrap_or((0.0, 0.0))
}

fn floor_log10(x: f64) -> Option<i32> {
    (x > 0.0 && x.is_finite()).then(|| x.log10().floor() as i32)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels(scale: &Scale, most: usize) -> (Vec<String>, Option<String>) {
        let ticks = scale.ticks(most);
        (ticks.ticks.into_iter().map(|tick| tick.label).collect(), ticks.factor)
    }

    #[test]
    fn ticks_are_round_numbers() {
        let found = labels(&Scale::linear(0.0, 1.0), 6);
        assert_eq!(found.0, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(found.1, None);
        assert_eq!(labels(&Scale::linear(-30.0, 70.0), 6).0, ["−20", "0", "20", "40", "60"]);
        let (large, factor) = labels(&Scale::linear(0.0, 4e7), 5);
        assert_eq!(
            (large, factor.as_deref()),
            (vec!["0".into(), "1".into(), "2".into(), "3".into(), "4".into()], Some("×10⁷"))
        );
        let (small, factor) = labels(&Scale::linear(0.0, 3e-9), 4);
        assert_eq!((small.len(), factor.as_deref()), (4, Some("×10⁻⁹")));
        let (least, factor) = labels(&Scale::linear(0.0, 5e-324), 4);
        assert_eq!((least.len(), factor.as_deref()), (3, Some("×10⁻³²⁴")));
        assert_eq!(labels(&Scale::linear(1.0, 3.0).whole(), 20).0, ["1", "2", "3"]);
        assert_eq!(
            labels(&Scale::linear(1.0, 512.0).whole(), 6).0,
            ["100", "200", "300", "400", "500"]
        );
    }

    #[test]
    fn logarithmic_ticks_are_powers_of_ten_or_round_numbers() {
        let found = labels(&Scale::logarithmic(1e-3, 100.0), 8).0;
        assert_eq!(found, ["10⁻³", "10⁻²", "10⁻¹", "1", "10", "10²"]);
        assert_eq!(labels(&Scale::logarithmic(1e-300, 1.0), 8).0.len(), 7);
        assert_eq!(labels(&Scale::logarithmic(1.5, 6.0), 8).0, ["2", "5"]);
        let narrow = Scale::logarithmic(2.1, 2.3).ticks(3).ticks;
        assert_eq!(
            narrow.iter().map(|tick| tick.label.as_str()).collect::<Vec<_>>(),
            ["2.1", "2.2", "2.3"]
        );
        assert!((narrow[1].at - (2.2_f64 / 2.1).ln() / (2.3_f64 / 2.1).ln()).abs() < 1e-12);
    }

    #[test]
    fn a_tick_stands_at_the_place_of_its_label() {
        let scale = Scale::linear(0.037, 0.912).padded(0.05, 0.05);
        for tick in scale.ticks(6).ticks {
            let value: f64 = tick.label.parse().unwrap();
            assert!((scale.value(tick.at) - value).abs() < 1e-12);
            assert!((scale.at(value).unwrap() - tick.at).abs() < 1e-12);
        }
    }

    #[test]
    fn degenerate_ranges_have_an_axis() {
        for (low, high) in [
            (0.0, 0.0),
            (5.0, 5.0),
            (f64::NAN, f64::NAN),
            (f64::MIN, f64::MAX),
            (1e-308, 2e-308),
            (0.0, 5e-324),
            (1.0, 1.0 + 1e-12),
            (f64::NEG_INFINITY, 3.0),
        ] {
            for scale in [
                Scale::linear(low, high),
                Scale::linear(low, high).whole(),
                Scale::logarithmic(low, high),
            ] {
                let found = scale.ticks(6);
                assert!(found.ticks.len() <= 6, "{low} {high}");
                assert!(
                    found.ticks.iter().all(|tick| tick.at.is_finite() && tick.label.len() < 24),
                    "{found:?}"
                );
            }
        }
        assert_eq!(range([f64::NAN, f64::INFINITY]), None);
        assert_eq!(range([f64::NAN, 2.0, 1.0]), Some((1.0, 2.0)));
    }

    proptest! {
        #[test]
        fn ticks_lie_on_the_axis_and_are_distinct(a: f64, b: f64, most in 2..12_usize, whole: bool) {
            prop_assume!(a.is_finite() && b.is_finite());
            let mut scale = Scale::linear(a, b).padded(0.03, 0.03);
            scale.whole = whole;
            let ticks = scale.ticks(most).ticks;
            prop_assert!(ticks.len() <= most);
            for pair in ticks.windows(2) {
                prop_assert!(pair[0].at < pair[1].at && pair[0].label != pair[1].label, "{:?}", pair);
            }
            for tick in &ticks {
                prop_assert!((-1e-6..=1.0 + 1e-6).contains(&tick.at));
            }
            // Ends of the data have their place.
            prop_assert!((0.0..=1.0).contains(&scale.at(a).unwrap()));
        }

        #[test]
        fn ordinary_axes_have_several_ticks(low in -1e6..1e6_f64, span in 1e-3..1e6_f64) {
            let found = Scale::linear(low, low + span).ticks(6).ticks.len();
            prop_assert!((2..=6).contains(&found), "{}", found);
        }
    }
}
