//! What must hold for every matrix, however strange: invariances, and an answer.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use rmt_core::{
    Analyser, AnalysisOptions, Context, Equilibrate, Matrix, MatrixReport, Nulls, Orientation,
    Profile, ScaleEstimator, Verdict,
};
use std::sync::LazyLock;

static NULLS: LazyLock<Nulls> = LazyLock::new(Nulls::default);

fn analyse(values: &[f64], rows: usize, cols: usize) -> (MatrixReport, Profile) {
    analyse_with(AnalysisOptions::default(), values, rows, cols, Orientation::OutIn)
}

fn analyse_with(
    options: AnalysisOptions,
    values: &[f64],
    rows: usize,
    cols: usize,
    orientation: Orientation,
) -> (MatrixReport, Profile) {
    let analyser = Analyser::new(options, NULLS.clone()).unwrap();
    let matrix = Matrix::new(values, rows, cols, orientation).unwrap();
    let analysis = analyser.analyse(&matrix, Context::default()).unwrap();
    (analysis.report, analysis.profile)
}

/// Sides of a matrix that is analysed in full.
fn sides() -> impl Strategy<Value = (usize, usize)> {
    (16_usize..40, 16_usize..40)
}

/// A matrix of well-behaved entries.
fn matrix() -> impl Strategy<Value = (usize, usize, Vec<f64>)> {
    sides().prop_flat_map(|(rows, cols)| {
        let entries = proptest::collection::vec(-1.0..1.0_f64, rows * cols);
        (Just(rows), Just(cols), entries)
    })
}

/// An entry of any kind.
fn entry() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => -1.0..1.0_f64,
        2 => Just(0.0),
        1 => (-3..3_i32).prop_map(f64::from),
        1 => prop_oneof![
            Just(1e300), Just(-1e300), Just(1e-300), Just(5e-324), Just(f64::MAX), Just(1e154)
        ],
        1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY)],
    ]
}

/// Matrices of any kind: a few sorts of entries, and lines repeated, zeroed or rescaled.
fn any_matrix() -> impl Strategy<Value = (usize, usize, Vec<f64>)> {
    let shape = prop_oneof![
        1 => (0_usize..3, 0_usize..40),
        2 => (1_usize..40, 1_usize..3),
        6 => (1_usize..40, 1_usize..40),
    ];
    shape.prop_flat_map(|(rows, cols)| {
        let kinds = proptest::collection::vec(entry(), 1..6);
        let tame = proptest::collection::vec(-1.0..1.0_f64, rows * cols);
        let picks = proptest::collection::vec(0_usize..100, rows * cols);
        let lines = proptest::collection::vec((0..rows.max(1), 0..rows.max(1), 0..4_u8), 0..4);
        (Just(rows), Just(cols), kinds, tame, picks, 0_usize..100, lines).prop_map(
            |(rows, cols, kinds, tame, picks, share, lines)| {
                let mut values: Vec<f64> = tame
                    .into_iter()
                    .zip(picks)
                    .map(|(x, pick)| if pick < share { kinds[pick % kinds.len()] } else { x })
                    .collect();
                for (from, to, what) in lines {
                    for j in 0..cols {
                        let Some(&x) = values.get(from * cols + j) else { continue };
                        let y = match what {
                            0 => 0.0,
                            1 => x,
                            2 => x * 1e-200,
                            _ => x * 1e3,
                        };
                        values[to * cols + j] = y;
                    }
                }
                (rows, cols, values)
            },
        )
    })
}

fn transposed(values: &[f64], rows: usize, cols: usize) -> Vec<f64> {
    (0..rows * cols).map(|i| values[(i % rows) * cols + i / rows]).collect()
}

/// Relative to the larger, or absolute below 1.
fn close(x: Option<f64>, y: Option<f64>) -> bool {
    match (x, y) {
        (None, None) => true,
        (Some(x), Some(y)) => (x - y).abs() <= 1e-6 * x.abs().max(y.abs()).max(1.0),
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn transposition_swaps_the_sides_and_nothing_else((rows, cols, a) in matrix()) {
        let (one, _) = analyse(&a, rows, cols);
        let (two, _) = analyse(&transposed(&a, rows, cols), cols, rows);
        // Which side is "small" is a convention where both are equal: the statistics are not.
        for (x, y) in [
            (one.p_above, two.p_above), (one.p_below, two.p_below), (one.p_bulk, two.p_bulk),
            (one.scale, two.scale), (one.bulk_distance, two.bulk_distance),
            (one.edge_low, two.edge_low), (one.edge_high, two.edge_high),
            (one.excess_kurtosis, two.excess_kurtosis), (one.spacing_ratio, two.spacing_ratio),
        ] {
            prop_assert!(close(x, y), "{:?} {:?}", x, y);
        }
        prop_assert_eq!(one.significant_above, two.significant_above);
        prop_assert_eq!(one.significant_below, two.significant_below);
        let (left, right) = (one.left.unwrap(), one.right.unwrap());
        let (other_left, other_right) = (two.left.unwrap(), two.right.unwrap());
        for (x, y) in [(&left, &other_right), (&right, &other_left)] {
            prop_assert!(close(Some(x.ipr), Some(y.ipr)) && close(Some(x.p), Some(y.p)));
            prop_assert_eq!(x.ks_rejected, y.ks_rejected);
        }
    }

    #[test]
    fn the_orientation_swaps_the_sides_alone((rows, cols, a) in matrix()) {
        let of = |orientation| {
            analyse_with(AnalysisOptions::default(), &a, rows, cols, orientation).0
        };
        let (one, mut two) = (of(Orientation::OutIn), of(Orientation::InOut));
        std::mem::swap(&mut two.left, &mut two.right);
        prop_assert_eq!(&one.left, &two.left);
        prop_assert_eq!(&one.right, &two.right);
        prop_assert_eq!(one.p_above, two.p_above);
        prop_assert_eq!(one.verdict, two.verdict);
    }

    #[test]
    fn scaling_changes_units_and_nothing_else((rows, cols, a) in matrix(), exponent in -900..900_i32) {
        let factor = f64::from(exponent).exp2();
        let b: Vec<f64> = a.iter().map(|x| x * factor).collect();
        // Entries that became subnormal have lost digits.
        prop_assume!(a.iter().all(|x| *x == 0.0 || (x * factor).abs() > 1e-290));
        let (one, _) = analyse(&a, rows, cols);
        let (two, _) = analyse(&b, rows, cols);
        for (x, y) in [
            (one.p_above, two.p_above), (one.p_below, two.p_below), (one.p_bulk, two.p_bulk),
            (one.spacing_ratio, two.spacing_ratio), (one.excess_kurtosis, two.excess_kurtosis),
            (one.left.as_ref().map(|s| s.p), two.left.as_ref().map(|s| s.p)),
            (one.scale.map(|s| s * factor), two.scale),
            (one.largest.map(|s| s * factor), two.largest),
        ] {
            let relative = match (x, y) {
                (Some(x), Some(y)) => (x - y).abs() <= 1e-9 * x.abs(),
                (x, y) => x == y,
            };
            prop_assert!(relative, "{:?} {:?}", x, y);
        }
        prop_assert_eq!(one.verdict, two.verdict);
    }

    #[test]
    fn rotations_leave_the_spectrum_alone((rows, cols, a) in matrix(), angle in 0.0..6.0_f64) {
        // A rotation in the plane of the first two rows, then of the first two columns.
        let (sin, cos) = angle.sin_cos();
        let mut b = a.clone();
        for j in 0..cols {
            let (x, y) = (b[j], b[cols + j]);
            (b[j], b[cols + j]) = (cos * x - sin * y, sin * x + cos * y);
        }
        for i in 0..rows {
            let (x, y) = (b[i * cols], b[i * cols + 1]);
            (b[i * cols], b[i * cols + 1]) = (cos * x - sin * y, sin * x + cos * y);
        }
        let (one, first) = analyse(&a, rows, cols);
        let (two, second) = analyse(&b, rows, cols);
        let largest = one.largest.unwrap();
        for (x, y) in first.singular_values.iter().zip(&second.singular_values) {
            prop_assert!((x - y).abs() <= 1e-9 * largest, "{} {}", x, y);
        }
        // The entries' law is not invariant, and the scale is corrected by their kurtosis: to first
        // order in what that changed.
        let moved = (one.excess_kurtosis.unwrap() - two.excess_kurtosis.unwrap()).abs();
        let allowed = moved / ((rows * cols) as f64).sqrt() + 1e-9;
        let (x, y) = (one.scale.unwrap(), two.scale.unwrap());
        prop_assert!((x / y - 1.0).abs() <= allowed, "{} {} {}", x, y, allowed);
        prop_assert!(close(one.spacing_ratio, two.spacing_ratio));
    }

    #[test]
    fn permuting_lines_leaves_every_figure((rows, cols, a) in matrix(), shift in 1_usize..15) {
        let b: Vec<f64> = (0..rows)
            .flat_map(|i| {
                let row = (i + shift) % rows;
                (0..cols).map(move |j| row * cols + (j + 2 * shift) % cols)
            })
            .map(|index| a[index])
            .collect();
        let (one, _) = analyse(&a, rows, cols);
        let (two, _) = analyse(&b, rows, cols);
        for (x, y) in [(one.p_above, two.p_above), (one.p_bulk, two.p_bulk), (one.scale, two.scale)] {
            prop_assert!(close(x, y), "{:?} {:?}", x, y);
        }
        let (left, other) = (one.left.unwrap(), two.left.unwrap());
        prop_assert!(close(Some(left.p), Some(other.p)) && close(Some(left.ipr), Some(other.ipr)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_input_gets_a_report_that_reads_back(
        (rows, cols, a) in any_matrix(),
        // Those whose nulls are shipped: simulating every small shape would take its time.
        scale_estimator in prop_oneof![
            Just(ScaleEstimator::TrimmedQuantiles), Just(ScaleEstimator::Fit),
        ],
        equilibrate in prop_oneof![
            Just(Equilibrate::Off), Just(Equilibrate::Rows), Just(Equilibrate::Columns), Just(Equilibrate::Both)
        ],
    ) {
        let mut options = AnalysisOptions::default();
        options.scale_estimator = scale_estimator;
        options.equilibrate = equilibrate;
        let (report, profile) = analyse_with(options, &a, rows, cols, Orientation::OutIn);
        let row = serde_json::to_string(&report).unwrap();
        prop_assert_eq!(serde_json::from_str::<MatrixReport>(&row).unwrap(), report.clone());
        let spectrum = serde_json::to_string(&profile).unwrap();
        prop_assert_eq!(serde_json::from_str::<Profile>(&spectrum).unwrap(), profile);
        for test in &report.tests {
            prop_assert!((0.0..=1.0).contains(&test.p), "{:?}", test);
        }
        // What could not be estimated has a reason.
        if matches!(report.verdict, Verdict::NotEstimable | Verdict::Degenerate) {
            prop_assert!(!report.notes.is_empty(), "{:?}", report);
        } else {
            prop_assert!(report.tests.len() == 5 || !report.notes.is_empty(), "{:?}", report);
        }
    }
}
