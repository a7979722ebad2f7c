use super::*;

/// Written by `python3 data/tracy_widom_beta1.py -11 -12.5 …`, with the first column for arguments:
/// s, F1, 1 − F1. Between −10 and 20 nearly all are midpoints of the grid, where the interpolation
/// is worst.
const OFF_GRID: [[f64; 3]; 18] = [
    [-11.0, 1.0229980962076023e-28, 1.0],
    [-12.5, 9.107004253136712e-41, 1.0],
    [-10.0, 3.159037903199564e-22, 1.0],
    [-9.9375, 7.365420653692028e-22, 1.0],
    [-7.3125, 5.502692039304565e-10, 0.9999999994497308],
    [-4.4375, 0.0020667835555575106, 0.9979332164444424],
    [-2.0625, 0.25697404240341065, 0.7430259575965893],
    [-1.3125, 0.48602461351382403, 0.5139753864861759],
    [-1.1875, 0.5256544926501346, 0.4743455073498654],
    [-0.6875, 0.674451304660936, 0.32554869533906405],
    [0.4375, 0.8984392261016922, 0.10156077389830775],
    [1.9375, 0.9884523421283157, 0.011547657871684292],
    [4.0625, 0.9998075545705369, 0.00019244542946306173],
    [8.1875, 0.9999999953567368, 4.643263208279256e-09],
    [13.0625, 0.9999999999999996, 4.324321539410946e-16],
    [19.9375, 1.0, 2.486027647144438e-28],
    [20.5, 1.0, 1.9415859906508005e-29],
    [25.0, 1.0, 8.068259397849226e-39],
];

fn close(left: f64, right: f64, tolerance: f64) {
    assert!((left - right).abs() <= tolerance, "{left} and {right}");
}

#[test]
fn agrees_with_the_determinant_off_the_grid() {
    for [s, f, complement] in OFF_GRID {
        let relative = if s < START { 1e-6 } else { 1e-11 };
        close(cdf(s) / f, 1.0, relative);
        close(cdf(s), f, 1e-11);
        close(survival(s) / complement, 1.0, 1e-11);
        close(ln_survival(s), complement.ln(), 1e-11);
    }
}

#[test]
fn agrees_with_published_values() {
    close(cdf(-3.0), 0.0696001189, 1e-10);
    close(cdf(-1.0), 0.5837898955, 1e-10);
    close(cdf(0.0), 0.83190807, 5e-9);
    close(cdf(2.0), 0.9895975711, 1e-10);
    close(quantile(0.01), -3.8954, 5e-5);
    close(quantile(0.05), -3.1804, 5e-5);
    close(quantile(0.5), -1.2686, 5e-5);
    close(quantile(0.95), 0.9793, 5e-5);
    close(quantile(0.99), 2.023449, 5e-7);
    close(quantile(0.999), 3.2722, 5e-5);
    close(upper_quantile(1e-6), 6.256354, 5e-7);
}

#[test]
fn moments() {
    close(MEAN, -1.2065335746, 5e-11);
    close(VARIANCE, 1.6077810346, 5e-11);
    close(SKEWNESS, 0.29346452, 5e-9);
    close(EXCESS_KURTOSIS, 0.16524294, 5e-9);

    // By parts: E s^k is the integral of k s^(k−1) (1 − F1) above 0 less that of k s^(k−1) F1
    // below. Simpson's rule.
    let integral = |low: f64, high: f64, f: &dyn Fn(f64) -> f64| {
        let n = 4000;
        let h = (high - low) / f64::from(n);
        let weight = |i: i32| [if i == 0 || i == n { 1.0 } else { 2.0 }, 4.0][(i % 2) as usize];
        (0..=n).map(|i| weight(i) * f(low + h * f64::from(i))).sum::<f64>() * h / 3.0
    };
    let raw = |k: i32| {
        let power = move |s: f64| f64::from(k) * s.powi(k - 1);
        integral(0.0, 30.0, &|s| power(s) * survival(s))
            - integral(-14.0, 0.0, &|s| power(s) * cdf(s))
    };
    let (m1, m2, m3, m4) = (raw(1), raw(2), raw(3), raw(4));
    let variance = m2 - m1 * m1;
    let third = m3 - 3.0 * m1 * m2 + 2.0 * m1.powi(3);
    let fourth = m4 - 4.0 * m1 * m3 + 6.0 * m1 * m1 * m2 - 3.0 * m1.powi(4);
    close(m1, MEAN, 1e-9);
    close(variance, VARIANCE, 1e-9);
    close(third / variance.powf(1.5), SKEWNESS, 1e-9);
    close(fourth / (variance * variance) - 3.0, EXCESS_KURTOSIS, 1e-8);
}

#[test]
fn continuous_and_smooth_where_the_formula_changes() {
    for s in [START, SWITCH, END] {
        let (left, right) = (s.next_down(), s.next_up());
        close(cdf(left) / cdf(right), 1.0, 1e-13);
        close(survival(left) / survival(right), 1.0, 1e-13);
        close(ln_survival(left), ln_survival(right), 1e-13);
    }
    let (lower, upper) = (ln_lower(START).slope, ln_lower(START.next_down()).slope);
    close(lower / upper, 1.0, 1e-5);
    let (lower, upper) = (ln_upper(END).slope, ln_upper(END.next_up()).slope);
    close(lower / upper, 1.0, 1e-11);
    close(cdf(SWITCH) + survival(SWITCH), 1.0, 1e-15);
}

#[test]
fn slopes_are_the_derivatives() {
    let h = 1e-4;
    for s in [-25.0, -12.0, -9.97, -4.3, -1.3] {
        let difference = (ln_lower(s + h).value - ln_lower(s - h).value) / (2.0 * h);
        close(ln_lower(s).slope / difference, 1.0, 1e-7);
    }
    for s in [-1.2, 0.3, 7.01, 19.9, 20.5, 60.0] {
        let difference = (ln_upper(s + h).value - ln_upper(s - h).value) / (2.0 * h);
        close(ln_upper(s).slope / difference, 1.0, 1e-7);
    }
}

#[test]
fn monotone() {
    let step = 1.0 / 512.0;
    let points = (0..75_000).map(|i| -32.0 + step * f64::from(i));
    for s in points {
        assert!(cdf(s) <= cdf(s + step) && survival(s) >= survival(s + step), "{s}");
        assert!(ln_survival(s) >= ln_survival(s + step), "{s}");
        if s <= SWITCH - step {
            assert!(ln_lower(s).value < ln_lower(s + step).value, "{s}");
        } else if s >= SWITCH {
            assert!(ln_upper(s).value > ln_upper(s + step).value, "{s}");
        }
    }
}

#[test]
fn quantiles_invert() {
    for exponent in 0..=300 {
        let p = 0.7 * 10f64.powi(-exponent);
        close(cdf(quantile(p)) / p, 1.0, 1e-11);
        close(survival(upper_quantile(p)) / p, 1.0, 1e-11);
    }
    for i in 1..1000 {
        let p = f64::from(i) / 1000.0;
        close(cdf(quantile(p)), p, 1e-14);
        close(quantile(p), upper_quantile(1.0 - p), 1e-11);
    }
    let smallest = f64::from_bits(1);
    assert!(quantile(smallest) > UNDERFLOW.0 && upper_quantile(smallest) < UNDERFLOW.1);
}

#[test]
fn limits_and_bad_input() {
    let (infinity, nan) = (f64::INFINITY, f64::NAN);
    assert_eq!([cdf(-infinity), survival(-infinity), ln_survival(-infinity)], [0.0, 1.0, 0.0]);
    assert_eq!([cdf(infinity), survival(infinity)], [1.0, 0.0]);
    assert_eq!(ln_survival(infinity), -infinity);
    assert_eq!([cdf(-f64::MAX), survival(f64::MAX)], [0.0, 0.0]);
    assert_eq!([cdf(f64::MAX), survival(-f64::MAX)], [1.0, 1.0]);
    assert!(cdf(nan).is_nan() && survival(nan).is_nan() && ln_survival(nan).is_nan());
    assert_eq!([quantile(0.0), quantile(1.0)], [-infinity, infinity]);
    assert_eq!([upper_quantile(0.0), upper_quantile(1.0)], [infinity, -infinity]);
    for p in [nan, -1e-300, 1.0 + f64::EPSILON, infinity, -infinity] {
        assert!(quantile(p).is_nan() && upper_quantile(p).is_nan(), "{p}");
    }
}
