#![allow(clippy::unwrap_used)]

use super::*;
use crate::ScaleEstimator;
use crate::nulls::Nulls;
use crate::spectrum::{Matrix, Orientation, Values, decompose};
use crate::statistics::spectrum_test::Judge;
use crate::test_support::{binomial_interval, gaussian};
use serde_json::Value;

fn covariance(tokens: &[f64], features: usize) -> Covariance {
    let mut covariance = Covariance::new(features);
    covariance.add(Values::F64(tokens)).unwrap();
    covariance
}

/// Alternate tokens in either half.
fn activation(tokens: &[f64], features: usize) -> Activation {
    let mut halves = [Covariance::new(features), Covariance::new(features)];
    for (i, token) in tokens.chunks(features).enumerate() {
        halves[i % 2].add(Values::F64(token)).unwrap();
    }
    Activation::new(halves).unwrap()
}

fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(0.0_f64, |a, x| a.max(x.abs()));
    for (x, y) in found.iter().zip(expected) {
        assert!((x - y).abs() <= tolerance * largest, "{what}: {x} {y}");
    }
}

#[test]
fn figures_agree_with_numpy() {
    let golden = include_str!("../../../../../tests/golden/activation.json");
    let golden: Value = serde_json::from_str(golden).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 3);
    let nulls = Nulls::default();
    let judge = Judge::new(ScaleEstimator::default(), 0.002, 16, &nulls);
    for case in cases {
        let size = |name: &str| usize::try_from(case[name].as_u64().unwrap()).unwrap();
        let list = |name: &str| numbers(&case[name]);
        let (features, outputs) = (size("features"), size("outputs"));
        let activation = activation(&list("tokens"), features);
        let pooled = activation.pooled().unwrap();
        let entries: Vec<f64> = (0..features * features)
            .map(|k| pooled.entry(k / features, k % features).unwrap())
            .collect();
        // np.cov takes the mean away first as well, but is rounded at the size of the tokens.
        close(&entries, &list("covariance"), 1e-12, "covariance");
        close(pooled.mean(), &list("mean"), 1e-14, "mean");
        let weights = list("weights");
        let matrix = Matrix::new(&weights[..], outputs, features, Orientation::OutIn).unwrap();
        let d = decompose(&matrix).unwrap();
        let count = outputs.min(features);
        close(&d.singular_values, &list("singular_values"), 1e-13, "singular values");
        let right = RightVectors::new(&d, outputs > features, features, count);
        let groups = Groups::new(count, count, 0, 0);
        let found = measure(&activation, &judge, Some((&right, Some(&groups)))).unwrap();
        let report = &found.report;
        close(&found.spectrum, &list("eigenvalues"), 1e-12, "eigenvalues");
        assert_eq!(report.rank, Some(found.spectrum.len()));
        close(&found.overlaps.overlaps, &list("overlaps"), 1e-9, "overlaps");
        close(&found.overlap_errors, &list("overlap_errors"), 1e-8, "overlap errors");
        for (name, figure) in [
            ("effective_rank", report.effective_rank),
            ("effective_rank_error", report.effective_rank_error),
            ("participation_ratio", report.participation_ratio),
            ("participation_ratio_error", report.participation_ratio_error),
        ] {
            close(&[figure.unwrap()], &[case[name].as_f64().unwrap()], 1e-10, name);
        }
        let (dimensions, errors) = (list("dimensions"), list("projection_errors_of_all"));
        assert_eq!(report.projections.len(), TRACE_SHARES.len());
        for (i, projection) in report.projections.iter().enumerate() {
            let expected = numbers(&case["projections"][i]);
            close(&found.overlaps.projections[i], &expected, 1e-9, "projections");
            assert_eq!(projection.dimension as f64, dimensions[i]);
            let mean = expected.iter().sum::<f64>() / count as f64;
            close(&[projection.bulk.unwrap()], &[mean], 1e-9, "mean projection");
            // Where a whole basis is projected both halves give d/N but for rounding.
            assert!((projection.bulk_error.unwrap() - errors[i]).abs() < 1e-9);
        }
    }
}

#[test]
fn overlaps_of_a_random_matrix_are_in_their_band() {
    // Anisotropic tokens, a random matrix: 1 in 370 overlaps lies outside the band.
    let (rows, features) = (40, 64);
    let mut tokens = gaussian(600, features, 1);
    for token in tokens.chunks_mut(features) {
        token.iter_mut().enumerate().for_each(|(j, x)| *x *= (1.0 + j as f64).recip());
    }
    let components = Components::new(covariance(&tokens, features)).unwrap();
    assert_eq!(components.rank(), features);
    let [low, high] = Nulls::default().overlap(features, features).unwrap().band();
    let dimension = components.dimension(0.5);
    let (mut below, mut above, mut count, mut projected) = (0, 0, 0, 0.0);
    for seed in 0..500 {
        let a = gaussian(rows, features, 1000 + seed);
        let matrix = Matrix::new(&a[..], rows, features, Orientation::OutIn).unwrap();
        let d = decompose(&matrix).unwrap();
        let right = RightVectors::new(&d, false, features, rows);
        let found = overlaps(&components, &right, &[dimension]);
        below += found.overlaps.iter().filter(|&&x| x < low).count();
        above += found.overlaps.iter().filter(|&&x| x > high).count();
        count += found.overlaps.len();
        projected += found.projections[0].iter().sum::<f64>();
    }
    let (least, most) = binomial_interval(count, crate::nulls::OUTSIDE_BAND, 0.01);
    assert!((least..=most).contains(&below) && (least..=most).contains(&above), "{below} {above}");
    let expected = dimension as f64 / features as f64;
    assert!((projected / count as f64 - expected).abs() < 2e-3);
}

#[test]
fn ranks_of_known_spectra() {
    // Four tokens: rank 3 at most, whatever the features.
    let few = Components::new(covariance(&gaussian(4, 20, 2), 20)).unwrap();
    assert_eq!((few.rank(), few.tokens(), few.features()), (3, 4, 20));
    // Two dead features and one that repeats another.
    let mut tokens = gaussian(100, 6, 3);
    tokens.chunks_mut(6).for_each(|x| (x[1], x[4], x[5]) = (7.0, 7.0, 2.0 * x[0]));
    let dead = Components::new(covariance(&tokens, 6)).unwrap();
    assert_eq!(dead.rank(), 3);
    for j in 0..3 {
        let v: Vec<f64> = dead.vector(j).collect();
        assert!((v.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(v[1].abs() < 1e-12 && (v[5] - 2.0 * v[0]).abs() < 1e-12);
    }
    assert_eq!(dead.vector(3).count(), 0);
    // Sums in single precision cannot tell a direction of 1e-8 of the variance from rounding.
    let mut faint = gaussian(200, 3, 4);
    faint.chunks_mut(3).for_each(|x| x[2] *= 1e-4);
    let exact = covariance(&faint, 3);
    let rounded = exact.clone().with_rounding(f64::from(f32::EPSILON));
    assert_eq!(Components::new(exact).unwrap().rank(), 3);
    assert_eq!(Components::new(rounded).unwrap().rank(), 2);
    // Powers of two change the eigenvalues alone, however large.
    let tokens = gaussian(50, 5, 5);
    let scaled: Vec<f64> = tokens.iter().map(|x| x * 400.0_f64.exp2()).collect();
    let (one, two) = (covariance(&tokens, 5), covariance(&scaled, 5));
    let (one, two) = (Components::new(one).unwrap(), Components::new(two).unwrap());
    let down: Vec<f64> = two.values().iter().map(|x| x * (-800.0_f64).exp2()).collect();
    assert_eq!(down, one.values());
    assert_eq!(effective_rank(one.values()), effective_rank(two.values()));
    let overflown = covariance(&[1e200, -1e200, -1e200, 3e200], 2);
    assert!(matches!(Components::new(overflown), Err(RmtError::Domain { .. })));
    assert_eq!(Components::new(Covariance::new(3)).unwrap().rank(), 0);
    assert_eq!((effective_rank(&[]), participation_ratio(&[0.0])), (None, None));
    // The whole trace takes every eigenvector, and less takes fewer.
    assert_eq!((one.dimension(1.0), one.dimension(0.0), few.dimension(0.01)), (5, 0, 1));
}

#[test]
fn an_error_of_two_halves_is_that_of_the_mean() {
    // Over many sets of tokens the mean square of |x_A − x_B|/2 is the variance of the figure.
    let (features, tokens, sets) = (6, 4000, 300);
    let (mut sum, mut squares, mut errors) = (0.0, 0.0, 0.0);
    for seed in 0..sets {
        let mut values = gaussian(tokens, features, 70 + seed);
        values.chunks_mut(features).for_each(|x| {
            x.iter_mut().enumerate().for_each(|(j, x)| *x *= (1 + j) as f64);
        });
        let activation = activation(&values, features);
        let ratio = |covariance: Covariance| {
            participation_ratio(Components::new(covariance).unwrap().values()).unwrap()
        };
        let whole = ratio(activation.pooled().unwrap());
        let [a, b] = activation.halves().clone().map(ratio);
        sum += whole;
        squares += whole * whole;
        errors += (0.5 * (a - b)).powi(2);
    }
    let sets = sets as f64;
    let variance = squares / sets - (sum / sets).powi(2);
    let estimated = errors / sets;
    // Each estimate has one degree of freedom: relative error √(2/300), and as much of the variance.
    assert!((estimated / variance - 1.0).abs() < 0.4, "{estimated} {variance}");
}

#[test]
fn groups_leave_out_what_vanishes() {
    let groups = Groups::new(20, 20, 3, 2);
    assert_eq!((groups.above, groups.bulk, groups.below), (0..3, 3..18, 18..20));
    let groups = Groups::new(20, 15, 3, 2);
    assert_eq!((groups.above, groups.bulk, groups.below), (0..3, 3..15, 15..15));
    let groups = Groups::new(20, 19, 3, 2);
    assert_eq!((groups.bulk, groups.below), (3..18, 18..19));
    let groups = Groups::new(20, 2, 3, 2);
    assert_eq!((groups.above, groups.bulk, groups.below), (0..2, 2..2, 2..2));
    let groups = Groups::new(4, 4, 3, 9);
    assert_eq!((groups.above, groups.bulk, groups.below), (0..3, 3..3, 3..4));
}

#[test]
fn halves_must_agree() {
    assert!(Activation::new([Covariance::new(2), Covariance::new(3)]).is_err());
    let noted = activation(&gaussian(10, 2, 1), 2).with_note("one").with_note(String::from("two"));
    assert_eq!((noted.notes(), noted.tokens()), (&["one".to_owned(), "two".to_owned()][..], 10));
    assert_eq!(noted.features(), 2);
}
