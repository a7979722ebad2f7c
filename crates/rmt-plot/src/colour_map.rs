//! Viridis, a colour map of evenly growing lightness, for every kind of colour vision.

/// Coefficients of t⁰ … t⁶ for red, green and blue: least-squares polynomials of matplotlib's
/// viridis (van der Walt & Smith 2015) by Matt Zucker (2017, <https://www.shadertoy.com/view/WlfXRN>,
/// public domain).
const VIRIDIS: [[f64; 3]; 7] = [
    [0.2777273272234177, 0.005407344544966578, 0.3340998053353061],
    [0.1050930431085774, 1.404613529898575, 1.384590162594685],
    [-0.3308618287255563, 0.214847559468213, 0.09509516302823659],
    [-4.634230498983486, -5.799100973351585, -19.33244095627987],
    [6.228269936347081, 14.17993336680509, 56.69055260068105],
    [4.776384997670288, -13.74514537774601, -65.35303263337234],
    [-5.435455855934631, 4.645852612178535, 26.3124352495832],
];

/// Colour of t in \[0, 1\]: from dark violet to yellow.
pub(crate) fn viridis(t: f64) -> [u8; 3] {
    let t = if t.is_nan() { 0.0 } else { t.clamp(0.0, 1.0) };
    [0, 1, 2].map(|channel| {
        let value = VIRIDIS.iter().rev().fold(0.0, |sum, terms| sum * t + terms[channel]);
        (255.0 * value.clamp(0.0, 1.0)).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_those_of_matplotlib() {
        // matplotlib 3.8: cm.viridis(t).
        for (t, expected) in [
            (0.0, [68, 1, 84]),
            (0.25, [59, 82, 139]),
            (0.5, [33, 145, 140]),
            (0.75, [94, 201, 98]),
            (1.0, [253, 231, 37]),
        ] {
            let found = viridis(t);
            for (a, b) in found.into_iter().zip(expected) {
                assert!(u8::abs_diff(a, b) <= 6, "{t}: {found:?} {expected:?}");
            }
        }
        assert_eq!(viridis(f64::NAN), viridis(-1.0));
        assert_eq!(viridis(f64::INFINITY), viridis(1.0));
    }

    #[test]
    fn lightness_grows() {
        let luma = |t: f64| {
            let [r, g, b] = viridis(t).map(f64::from);
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        for i in 0..100 {
            let t = f64::from(i) / 100.0;
            assert!(luma(t + 0.01) > luma(t) - 0.5, "{t}");
        }
        assert!(luma(1.0) > luma(0.5) + 50.0 && luma(0.5) > luma(0.0) + 50.0);
    }
}
