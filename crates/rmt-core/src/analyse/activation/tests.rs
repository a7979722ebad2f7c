#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::report::Verdict;
use crate::spectrum::{Orientation, Values};
use crate::statistics::activation::{ActivationReport, Covariance};
use crate::test_support::{binomial_interval, gaussian};
use crate::{Analyser, Analysis, AnalysisOptions, Context, MatrixReport, Nulls};

const SMALL: usize = 64;
const LARGE: usize = 256;

/// Tokens whose features are independent but along `direction`, where the deviation is 8.
fn tokens(count: usize, direction: &[f64], seed: u64) -> Vec<f64> {
    let features = direction.len();
    let strengths = gaussian(1, count, seed ^ 0x7000);
    let mut tokens = gaussian(count, features, seed);
    for (token, strength) in tokens.chunks_mut(features).zip(strengths) {
        token.iter_mut().zip(direction).for_each(|(x, f)| *x += 8.0 * strength * f);
    }
    tokens
}

fn activation(tokens: &[f64], features: usize) -> Activation {
    let half = tokens.len() / features / 2 * features;
    let of = |tokens| {
        let mut covariance = Covariance::new(features);
        covariance.add(Values::F64(tokens)).unwrap();
        covariance
    };
    Activation::new([of(&tokens[..half]), of(&tokens[half..])]).unwrap()
}

/// A unit vector with no zero.
fn direction(length: usize, seed: u64) -> Vec<f64> {
    let v = gaussian(1, length, seed);
    let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
    v.iter().map(|x| x / norm).collect()
}

fn analyse_with(
    options: AnalysisOptions,
    (values, rows, cols, orientation): (&[f64], usize, usize, Orientation),
    activation: &Activation,
) -> Analysis {
    let analyser = Analyser::new(options, Nulls::default()).unwrap();
    let matrix = Matrix::new(values, rows, cols, orientation).unwrap();
    let context = Context::default().with_activation(Some(activation));
    let analysis = analyser.analyse(&matrix, context).unwrap();
    // Valid JSON that reads back as itself, with no NaN; and a row without the key is read as well.
    let row = serde_json::to_string(&analysis.report).unwrap();
    assert_eq!(serde_json::from_str::<MatrixReport>(&row).unwrap(), analysis.report);
    let mut older: serde_json::Value = serde_json::from_str(&row).unwrap();
    older.as_object_mut().unwrap().remove("activation");
    assert_eq!(serde_json::from_value::<MatrixReport>(older).unwrap().activation, None);
    analysis
}

fn analyse(
    matrix: (&[f64], usize, usize, Orientation),
    activation: &Activation,
) -> (Analysis, ActivationReport) {
    let analysis = analyse_with(AnalysisOptions::default(), matrix, activation);
    let report = analysis.report.activation.clone().unwrap_or_else(|| panic!("{analysis:?}"));
    (analysis, report)
}

/// Of `count` random vectors no more lie above the band than chance has it in one test of 1000.
fn by_chance(count: usize, above: usize) {
    let (_, most) = binomial_interval(count, crate::nulls::OUTSIDE_BAND, 0.002);
    assert!(above <= most, "{above} of {count}");
}

#[test]
fn an_outlier_above_that_shares_a_direction_with_the_input_is_found() {
    // The input on the large side, rows stored as outputs.
    let f = direction(LARGE, 1);
    let u = direction(SMALL, 2);
    let mut a = gaussian(SMALL, LARGE, 3);
    for (row, u) in a.chunks_mut(LARGE).zip(&u) {
        row.iter_mut().zip(&f).for_each(|(x, f)| *x += 2.0 * (LARGE as f64).sqrt() * u * f);
    }
    let activation = activation(&tokens(1200, &f, 4), LARGE);
    let matrix = (&a[..], SMALL, LARGE, Orientation::OutIn);
    let (analysis, found) = analyse(matrix, &activation);
    let (report, profile) = (&analysis.report, &analysis.profile);
    assert_eq!((report.significant_above, report.significant_below), (Some(1), Some(0)));
    assert_eq!((found.tokens, found.features, found.rank), (1200, LARGE, Some(LARGE)));
    assert_eq!(
        (found.count_above, found.count_below, found.count_bulk),
        (Some(1), Some(0), Some(63))
    );
    // θ = 2: cos² = 1 − (q + 4)/(4·5) = .7875 on the large side.
    let above = found.overlap_above.unwrap();
    assert!((above - 0.7875_f64.sqrt()).abs() < 0.05, "{above}");
    assert_eq!(found.above_band_above, Some(1));
    by_chance(63, found.above_band_bulk.unwrap());
    let (low, high) = (found.band_low.unwrap(), found.band_high.unwrap());
    let bulk = found.overlap_bulk.unwrap();
    assert!(low < bulk && bulk < high && (bulk / found.null_mean.unwrap() - 1.0).abs() < 0.06);
    assert!(found.overlap_above_error.unwrap() < 0.02, "{found:?}");
    assert_eq!((found.overlap_below, found.overlap_below_error), (None, None));
    // One strong direction, and beside it the sample's own spread.
    assert_eq!(found.significant_above, Some(1));
    assert!((found.scale.unwrap() - 1.0).abs() < 0.02, "{found:?}");
    let edge = (1.0 + (256.0_f64 / 1199.0).sqrt()).powi(2);
    assert!((found.edge_high.unwrap() / edge - 1.0).abs() < 0.05, "{found:?}");
    assert!(found.effective_rank_error.unwrap() < 0.1 * found.effective_rank.unwrap());
    assert!(found.participation_ratio.unwrap() < 0.5 * found.effective_rank.unwrap());
    // The profile is in the order of the singular values.
    assert_eq!(profile.overlaps.len(), SMALL);
    assert!((profile.overlaps[0] - above).abs() < 1e-12);
    assert_eq!((profile.overlap_errors.len(), profile.activation_spectrum.len()), (SMALL, LARGE));
    assert!(profile.activation_spectrum.is_sorted_by(|x, y| x >= y));
    // v₁ lies in every leading subspace, more than by chance.
    for (projection, values) in found.projections.iter().zip(&profile.projections) {
        assert_eq!((projection.above.unwrap(), values.len()), (values[0], SMALL));
        assert!(projection.above.unwrap() > projection.null_mean);
        assert!(projection.bulk_p.unwrap() > 0.001, "{projection:?}");
    }
    let half = &found.projections[0];
    assert!(half.above.unwrap() > half.band_high.unwrap() && half.above_p.unwrap() < 1e-6);
    let angle = found.angle_above.unwrap();
    let ninety = found.projections[1].above.unwrap();
    assert!((angle.cos().powi(2) - ninety).abs() < 1e-9, "{angle} {ninety}");
    assert_eq!((found.angle_above_smallest, found.angle_below), (Some(angle), None));
    assert!(angle < found.angle_above_random.unwrap());
}

#[test]
fn an_outlier_below_that_shares_a_direction_with_the_input_is_found() {
    // Suppressed variance along one direction of the small side, which is the input, rows stored
    // as inputs: Up and Gate of a transformer.
    let f = direction(SMALL, 5);
    let mut a = gaussian(SMALL, LARGE, 6);
    let along: Vec<f64> =
        (0..LARGE).map(|j| (0..SMALL).map(|i| f[i] * a[i * LARGE + j]).sum()).collect();
    for (row, f) in a.chunks_mut(LARGE).zip(&f) {
        row.iter_mut().zip(&along).for_each(|(x, along)| *x -= 0.9 * f * along);
    }
    let activations = activation(&tokens(800, &f, 7), SMALL);
    for orientation in [Orientation::InOut, Orientation::Assumed] {
        let (analysis, found) = analyse((&a, SMALL, LARGE, orientation), &activations);
        assert_eq!(analysis.report.significant_below, Some(1), "{:?}", analysis.report);
        assert_eq!((found.count_above, found.count_below), (Some(0), Some(1)));
        assert!(found.overlap_below.unwrap() > 0.9, "{found:?}");
        assert_eq!((found.above_band_below, found.overlap_above), (Some(1), None));
        by_chance(63, found.above_band_bulk.unwrap());
        assert_eq!(found.overlap_below, analysis.profile.overlaps.last().copied());
        assert!(found.angle_below.unwrap() < 0.5, "{found:?}");
        // A whole basis but one vector: the sum is known from that one.
        assert!(found.projections[0].bulk_p.unwrap() > 0.99, "{found:?}");
    }
    // And on the large side, as Down: what is left of a suppressed row is learned.
    let f = direction(LARGE, 8);
    let mut a = gaussian(SMALL, LARGE, 9);
    a[..LARGE].iter_mut().zip(&f).for_each(|(x, f)| *x = 0.1 * *x + 3.0 * f);
    let activations = activation(&tokens(1200, &f, 10), LARGE);
    let (analysis, found) = analyse((&a, SMALL, LARGE, Orientation::OutIn), &activations);
    assert_eq!(analysis.report.significant_below, Some(1));
    assert!(found.overlap_below.unwrap() > 0.6 && found.above_band_below == Some(1), "{found:?}");
    by_chance(63, found.above_band_bulk.unwrap());
    assert!(found.projections[0].below_p.unwrap() < 1e-6, "{found:?}");
}

#[test]
fn features_that_are_not_the_input_give_a_note_and_no_figures() {
    let a = gaussian(SMALL, LARGE, 11);
    let activation = activation(&gaussian(100, SMALL, 12), SMALL);
    let matrix = (&a[..], SMALL, LARGE, Orientation::OutIn);
    let analysis = analyse_with(AnalysisOptions::default(), matrix, &activation);
    assert_eq!(analysis.report.activation, None);
    let note = "the activation has 64 features, but the weight takes 256";
    assert!(analysis.report.notes.contains(&note.into()), "{:?}", analysis.report.notes);
    assert!(analysis.profile.overlaps.is_empty());
}

#[test]
fn vectors_are_computed_for_an_activation_alone_and_the_tests_stay_the_same() {
    let a = gaussian(40, 64, 13);
    let activation = activation(&gaussian(300, 64, 14), 64).with_note("every second batch");
    let options = AnalysisOptions { vectors: false, ..AnalysisOptions::default() };
    let matrix = (&a[..], 40, 64, Orientation::OutIn);
    let without = analyse_with(options, matrix, &activation);
    assert!(without.report.right.is_none() && without.report.tests.len() == 3);
    let (with, found) = analyse(matrix, &activation);
    assert_eq!(without.profile.overlaps, with.profile.overlaps);
    assert_eq!(found.above_band_bulk, without.report.activation.unwrap().above_band_bulk);
    let note = "activation: every second batch".into();
    assert!(with.report.notes.contains(&note), "{:?}", with.report.notes);
    // Isotropic tokens have nothing above the Marchenko–Pastur law.
    assert_eq!(found.significant_above, Some(0));
}

#[test]
fn what_cannot_be_estimated_is_null_with_a_reason() {
    let noted = |report: &MatrixReport, what: &str| {
        assert!(
            report.notes.iter().any(|note| note.to_string().contains(what)),
            "{what}: {:?}",
            report.notes
        );
    };
    let (n, a) = (24, gaussian(24, 40, 15));
    let matrix = (&a[..], 24, 40, Orientation::InOut);
    // Ten tokens: rank 9, no spectrum to judge, and halves of rank 4.
    let few = activation(&gaussian(10, n, 16), n);
    let (analysis, found) = analyse(matrix, &few);
    assert_eq!((found.rank, found.significant_above, found.edge_high), (Some(9), None, None));
    noted(&analysis.report, "below the 16 that the tests need");
    noted(&analysis.report, "ranks 4 and 4, below 9");
    assert!(found.overlap_bulk.is_some() && found.overlap_bulk_error.is_some());
    // One half is empty, or has one token.
    for count in [0, 1] {
        let mut halves = [Covariance::new(n), Covariance::new(n)];
        halves[0].add(Values::F64(&gaussian(50, n, 17))).unwrap();
        halves[1].add(Values::F64(&gaussian(count, n, 18))).unwrap();
        let (analysis, found) = analyse(matrix, &Activation::new(halves).unwrap());
        assert!(found.overlap_bulk.is_some() && found.effective_rank.is_some());
        assert_eq!((found.overlap_bulk_error, found.effective_rank_error), (None, None));
        assert!(analysis.profile.overlap_errors.is_empty());
        noted(&analysis.report, "no errors");
    }
    // No token, one token, tokens that are all alike.
    for (tokens, reason) in [
        (vec![], "2 tokens, not 0"),
        (gaussian(1, n, 1), "2 tokens, not 1"),
        (vec![3.0; 9 * n], "do not vary"),
    ] {
        let (analysis, found) = analyse(matrix, &activation(&tokens, n));
        assert_eq!((found.overlap_bulk, found.effective_rank, found.null_mean), (None, None, None));
        assert!(found.projections.is_empty() && analysis.profile.overlaps.is_empty());
        noted(&analysis.report, reason);
        assert_ne!(analysis.report.verdict, Verdict::NotEstimable);
    }
    let huge: Vec<f64> = gaussian(20, n, 25).iter().map(|x| 1e200 * x).collect();
    let huge = activation(&huge, n);
    let analysis = analyse_with(AnalysisOptions::default(), matrix, &huge);
    noted(&analysis.report, "the covariance overflows a double");
    assert!(analysis.report.activation.is_none() && analysis.report.p_above.is_some());
    // One input.
    let one = activation(&gaussian(50, 1, 19), 1);
    let matrix = (&a[..40], 40, 1, Orientation::OutIn);
    let column = analyse_with(AnalysisOptions::default(), matrix, &one);
    assert_eq!(column.report.activation.unwrap().rank, Some(1));
}

#[test]
fn a_degenerate_matrix_gets_the_spectrum_of_its_input_alone() {
    let n = 32;
    let input = activation(&gaussian(200, n, 20), n);
    let identity: Vec<f64> = (0..n * n).map(|i| f64::from(u8::from(i % (n + 1) == 0))).collect();
    for a in [identity, vec![0.0; n * n]] {
        let (analysis, found) = analyse((&a, n, n, Orientation::OutIn), &input);
        assert_eq!(analysis.report.verdict, Verdict::Degenerate);
        assert_eq!((found.rank, found.significant_above), (Some(n), Some(0)));
        assert_eq!((found.overlap_bulk, found.null_mean, found.count_bulk), (None, None, None));
        assert!(found.effective_rank_error.is_some() && analysis.profile.overlaps.is_empty());
        assert_eq!(analysis.profile.activation_spectrum.len(), n);
    }
    // Vectors of vanishing singular values are in no group.
    let mut dead = gaussian(n, 2 * n, 21);
    dead[..4 * 2 * n].fill(0.0);
    let (analysis, found) = analyse((&dead, n, 2 * n, Orientation::InOut), &input);
    let counts = [found.count_above, found.count_below, found.count_bulk].map(Option::unwrap);
    assert_eq!((counts.iter().sum::<usize>(), analysis.profile.overlaps.len()), (n - 4, n - 4));
    // Without a bulk there are no counts, and no groups.
    let mut low_rank = vec![0.0; n * 2 * n];
    low_rank[..3 * 2 * n].copy_from_slice(&gaussian(3, 2 * n, 22));
    let (analysis, found) = analyse((&low_rank, n, 2 * n, Orientation::InOut), &input);
    assert_eq!((found.count_above, found.overlap_above), (None, None));
    assert_eq!(analysis.profile.overlaps.len(), 3);
    assert!(
        analysis.report.notes.iter().any(|note| note.to_string().contains("no vector belongs"))
    );
}

#[test]
fn a_small_matrix_gets_the_spectrum_of_its_input() {
    let input = activation(&gaussian(100, 20, 23), 20);
    let a = gaussian(4, 20, 24);
    let (analysis, found) = analyse((&a, 4, 20, Orientation::OutIn), &input);
    assert_eq!(analysis.report.verdict, Verdict::NotEstimable);
    assert_eq!((found.rank, found.overlap_bulk), (Some(20), None));
}
