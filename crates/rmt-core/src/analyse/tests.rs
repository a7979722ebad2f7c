#![allow(clippy::unwrap_used, clippy::panic)]

mod options;

use super::*;
use crate::ScaleEstimator;
use crate::report::TestName;
use crate::test_support::gaussian;

fn analyser() -> Analyser {
    Analyser::new(AnalysisOptions::default(), nulls()).unwrap()
}

/// Simulated once for all tests.
fn nulls() -> Nulls {
    static NULLS: std::sync::LazyLock<Nulls> = std::sync::LazyLock::new(Nulls::default);
    NULLS.clone()
}

fn report_of(values: &[f64], rows: usize, cols: usize) -> MatrixReport {
    let matrix = Matrix::new(values, rows, cols, Orientation::OutIn).unwrap();
    let analysis = analyser().analyse(&matrix, Context::default()).unwrap();
    // Never NaN: a row always is valid JSON that reads back as itself.
    let row = serde_json::to_string(&analysis.report).unwrap();
    match serde_json::from_str::<MatrixReport>(&row) {
        Ok(read) => assert_eq!(read, analysis.report),
        Err(error) => panic!("{error}: {row}"),
    }
    analysis.report
}

#[test]
fn gaussian_matrices_are_random_and_a_spike_deviates() {
    let mut a = gaussian(40, 90, 1);
    let random = report_of(&a, 40, 90);
    assert_eq!(random.verdict, Verdict::Random, "{random:?}");
    assert_eq!(random.tests.len(), FAMILY.len());
    assert!((random.scale.unwrap() - 1.0).abs() < 0.03);
    assert_eq!((random.significant_above, random.significant_below), (Some(0), Some(0)));
    a[0] += 40.0;
    let spiked = report_of(&a, 40, 90);
    // One massive entry is no direction of structure.
    assert_eq!(spiked.verdict, Verdict::Scale);
    let massive = &spiked.magnitudes.as_ref().unwrap().massive;
    assert_eq!(massive.iter().map(|e| (e.row, e.col)).collect::<Vec<_>>(), [(0, 0)]);
    assert_eq!(spiked.structure.as_ref().unwrap().above.count, 0);
    assert_eq!(spiked.significant_above, Some(1));
    // θ = 40/√90, and vectors that are all but aligned with it, the shorter ones more so.
    let [signal] = spiked.signal[..] else { panic!("{:?}", spiked.signal) };
    assert!((signal.strength / (40.0 / 90.0_f64.sqrt()) - 1.0).abs() < 0.05, "{signal:?}");
    assert!(0.95 < signal.cosine_right && signal.cosine_right < signal.cosine_left);
    assert!(random.signal.is_empty());
    let traps = spiked.traps.as_ref().unwrap();
    assert_eq!(traps.unpermuted_count, Some(1));
    let over_edge = spiked.largest.unwrap() / spiked.edge_high.unwrap();
    assert_eq!(traps.unpermuted_largest_over_edge, Some(over_edge));
    for test in [TestName::Above, TestName::Left, TestName::Right] {
        assert!(spiked.rejects(&test), "{test}");
    }
}

#[test]
fn transposition_swaps_left_and_right_and_changes_nothing_else() {
    let (rows, cols) = (24, 50);
    let a = gaussian(rows, cols, 2);
    let transposed: Vec<f64> = (0..rows * cols).map(|i| a[(i % rows) * cols + i / rows]).collect();
    let one = report_of(&a, rows, cols);
    let two = report_of(&transposed, cols, rows);
    let close = |x: Option<f64>, y: Option<f64>| (x.unwrap() - y.unwrap()).abs() < 1e-9;
    assert!(close(one.p_above, two.p_above) && close(one.p_below, two.p_below));
    assert!(close(one.bulk_distance, two.bulk_distance));
    assert!((one.left.as_ref().unwrap().ipr - two.right.as_ref().unwrap().ipr).abs() < 1e-9);
    assert!((one.right.as_ref().unwrap().ipr - two.left.as_ref().unwrap().ipr).abs() < 1e-9);
}

#[test]
fn left_is_the_output_side_whatever_the_storage_order() {
    // One output row stands out: its left vector is the axis of that output.
    let (outputs, inputs) = (20, 60);
    let mut a = gaussian(outputs, inputs, 3);
    a[..inputs].iter_mut().for_each(|x| *x *= 12.0);
    let report =
        |matrix: &Matrix<'_>| analyser().analyse(matrix, Context::default()).unwrap().report;
    let out_in = report(&Matrix::new(&a[..], outputs, inputs, Orientation::OutIn).unwrap());
    let transposed: Vec<f64> =
        (0..outputs * inputs).map(|i| a[(i % outputs) * inputs + i / outputs]).collect();
    let in_out =
        report(&Matrix::new(&transposed[..], inputs, outputs, Orientation::InOut).unwrap());
    for r in [&out_in, &in_out] {
        assert!(r.left.as_ref().unwrap().localization_max > 0.98);
        assert!(r.right.as_ref().unwrap().localization_max < 0.7);
    }
    let assumed =
        report(&Matrix::new(&transposed[..], inputs, outputs, Orientation::Assumed).unwrap());
    assert_eq!(assumed.left, in_out.left);
    assert!(assumed.notes.iter().any(|note| note.to_string().contains("assumed")));
}

#[test]
fn scaling_changes_units_only() {
    let a = gaussian(20, 33, 4);
    let scaled: Vec<f64> = a.iter().map(|x| x * 2.0_f64.powi(-40)).collect();
    let (one, two) = (report_of(&a, 20, 33), report_of(&scaled, 20, 33));
    assert_eq!((one.p_above, one.p_bulk, &one.left), (two.p_above, two.p_bulk, &two.left));
    assert_eq!(one.scale.unwrap() * 2.0_f64.powi(-40), two.scale.unwrap());
}

#[test]
fn every_unusual_matrix_gets_a_report() {
    let with = |value: f64| {
        let mut a = gaussian(20, 30, 5);
        a[17] = value;
        a
    };
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let report = report_of(&with(bad), 20, 30);
        assert_eq!(report.verdict, Verdict::NotEstimable);
        assert_eq!(report.notes, ["1 of 600 entries are not finite".into()]);
        assert_eq!(report.scale, None);
    }
    assert_eq!(report_of(&with(1e300), 20, 30).verdict, Verdict::Scale);
    assert_eq!(report_of(&[], 0, 30).verdict, Verdict::NotEstimable);
    let row = report_of(&gaussian(1, 600, 6), 1, 600);
    assert_eq!(row.verdict, Verdict::NotEstimable);
    assert_eq!(row.heavy_tail.unwrap().stable_rank, Some(1.0));
    assert_eq!(report_of(&[0.0; 600], 20, 30).verdict, Verdict::Degenerate);
    let identity: Vec<f64> = (0..400).map(|i| f64::from(u8::from(i % 21 == 0))).collect();
    let report = report_of(&identity, 20, 20);
    assert_eq!((report.verdict, &report.left), (Verdict::Degenerate, &None));
    // Rank 5 of 20: the bulk is zero.
    let mut low_rank = vec![0.0; 600];
    low_rank[..150].copy_from_slice(&gaussian(5, 30, 7));
    let report = report_of(&low_rank, 20, 30);
    assert!(report.verdict.deviates());
    assert!(
        report
            .notes
            .iter()
            .any(|note| note.to_string().contains("15 of 20 singular values vanish"))
    );
    // Duplicated columns: rank 15 of 20.
    let mut twice = gaussian(15, 30, 8);
    twice.extend_from_within(..150);
    assert_eq!(report_of(&twice, 20, 30).verdict, Verdict::Structure);
    assert_eq!(report_of(&vec![1e-300; 600], 20, 30).verdict, Verdict::Structure);
    let integers: Vec<f64> = gaussian(20, 30, 9).iter().map(|x| x.round()).collect();
    assert!(matches!(report_of(&integers, 20, 30).verdict, Verdict::Random));
}

#[test]
fn a_constant_offset_is_one_outlier_above_and_lowers_the_rejection_of_vectors() {
    // Every other vector is orthogonal to the constant one: its entries sum to 0.
    let (mut plain, mut shifted) = (0.0, 0.0);
    for seed in 0..20 {
        let a = gaussian(64, 128, 40 + seed);
        let b: Vec<f64> = a.iter().map(|x| x + 1.0).collect();
        let (r, s) = (report_of(&a, 64, 128), report_of(&b, 64, 128));
        assert_eq!((s.significant_above, s.significant_below), (Some(1), Some(0)), "{s:?}");
        // The constant vector itself is rejected on both sides; it is one of 64.
        plain += r.left.unwrap().ks_rejected + r.right.unwrap().ks_rejected;
        shifted += s.left.unwrap().ks_rejected + s.right.unwrap().ks_rejected - 2.0 / 64.0;
    }
    assert!(shifted < plain, "{shifted} {plain}");
}

#[test]
fn every_scale_estimator_finds_random_matrices_random() {
    use crate::ScaleEstimator::{Entries, Median, TrimmedQuantiles};
    for scale_estimator in [Median, TrimmedQuantiles, Entries] {
        let options = AnalysisOptions { scale_estimator, ..AnalysisOptions::default() };
        let analyser = Analyser::new(options, nulls()).unwrap();
        let a = gaussian(32, 80, 21);
        let matrix = Matrix::new(&a[..], 32, 80, Orientation::OutIn).unwrap();
        let report = analyser.analyse(&matrix, Context::default()).unwrap().report;
        assert_eq!(report.verdict, Verdict::Random, "{report:?}");
        assert_eq!(report.scale_estimator, scale_estimator.name());
        assert!((report.scale.unwrap() - 1.0).abs() < 0.06);
    }
}

#[test]
fn drift_against_a_reference() {
    let a = gaussian(20, 30, 10);
    let b: Vec<f64> = a.iter().map(|x| 1.1 * x).collect();
    let matrix = Matrix::new(&a[..], 20, 30, Orientation::OutIn).unwrap();
    let first = analyser().analyse(&matrix, Context::default().with_keep(true)).unwrap();
    assert_eq!(first.report.drift, None);
    let reference = first.reference.unwrap();
    assert_eq!(reference.singular_values(), first.profile.singular_values);
    let later = Matrix::new(&b[..], 20, 30, Orientation::OutIn).unwrap();
    let context =
        Context::default().with_reference(Some(&reference)).with_previous(Some(&reference));
    let analysis = analyser().analyse(&later, context).unwrap();
    assert!(analysis.reference.is_none());
    let drift = analysis.report.drift.unwrap();
    assert!((drift.relative_norm.unwrap() - 0.1).abs() < 1e-12);
    assert!(drift.spectrum_distance.unwrap() > 0.0);
    assert_eq!((drift.angle_top, drift.dimension), (drift.previous.unwrap().angle_top, Some(5)));
    // A multiple of W₀ is as random as W₀ itself.
    let change = drift.change.unwrap().spectrum;
    assert_eq!((change.significant_above, change.significant_below), (Some(0), Some(0)));
    let options =
        AnalysisOptions { change_spectra: false, correlation_traps: false, ..Default::default() };
    let report = Analyser::new(options, nulls()).unwrap().analyse(&later, context).unwrap().report;
    assert_eq!((report.drift.unwrap().change, report.traps), (None, None));
}

#[test]
fn directions_of_a_change_are_told_from_its_scale() {
    let (m, n) = (128, 192);
    let before = gaussian(m, n, 31);
    fn matrix(values: &[f64]) -> Matrix<'_> {
        Matrix::new(values, 128, 192, Orientation::OutIn).unwrap()
    }
    let first = matrix(&before[..]);
    let first = analyser().analyse(&first, Context::default().with_keep(true)).unwrap();
    let reference = first.reference.unwrap();
    // An update whose rows differ in scale by a factor of 16, without directions and with four.
    let noise = gaussian(m, n, 32);
    let scale = |row: usize| f64::from(1_u32 << (row % 5)) / 100.0;
    for directions in [0, 4] {
        let update = |row: usize, col: usize| {
            let sign = |i: usize, k: usize| if (i >> (k + 2)) & 1 == 0 { 1.0 } else { -1.0 };
            let planted: f64 = (0..directions).map(|k| sign(row, k) * sign(col, k)).sum();
            scale(row) * (noise[row * n + col] + planted)
        };
        let entries = (0..m * n).map(|i| before[i] + update(i / n, i % n));
        let entries: Vec<f64> = entries.collect();
        let context = Context::default().with_reference(Some(&reference));
        let later = matrix(&entries[..]);
        let report = analyser().analyse(&later, context).unwrap().report;
        assert_eq!(report.drift.unwrap().change.unwrap().structure, None);
        let report = analyser().analyse(&later, context.with_change_ladder(true)).unwrap().report;
        let change = report.drift.unwrap().change.unwrap();
        let found = change.structure.map_or(0, |found| found.above.count);
        assert_eq!(found, directions);
        assert!(change.spectrum.significant_above > Some(found + 3));
    }
}

#[test]
fn settings_are_checked() {
    for level in [0.0, 1.0, -0.1, f64::NAN] {
        let options = AnalysisOptions { level, ..AnalysisOptions::default() };
        assert!(matches!(Analyser::new(options, Nulls::default()), Err(RmtError::Setting { .. })));
    }
    let options = AnalysisOptions { min_side: 1, ..AnalysisOptions::default() };
    assert!(Analyser::new(options, Nulls::default()).is_err());
    let options = AnalysisOptions { subspace_dimension: 0, ..AnalysisOptions::default() };
    assert!(Analyser::new(options, Nulls::default()).is_err());
    let short = Matrix::new(&[1.0_f64][..], 2, 2, Orientation::OutIn).unwrap_err();
    assert_eq!(short.to_string(), "a 2×2 matrix needs 4 values, 1 were given");
}

fn analyse_with(
    options: AnalysisOptions,
    values: &[f64],
    rows: usize,
    cols: usize,
) -> MatrixReport {
    let analyser = Analyser::new(options, nulls()).unwrap();
    let matrix = Matrix::new(values, rows, cols, Orientation::OutIn).unwrap();
    analyser.analyse(&matrix, Context::default()).unwrap().report
}

#[test]
fn suppressed_directions_and_the_threshold_rank_are_reported() {
    let (rows, cols) = (60, 200);
    let mut a = gaussian(rows, cols, 9);
    a[..cols].iter_mut().for_each(|x| *x *= 0.1);
    a[cols + 3] += 60.0;
    let report = report_of(&a, rows, cols);
    let [suppression] = report.suppression[..] else { panic!("{:?}", report.suppression) };
    // ℓ = .01 with 200 entries: sd of the estimate ≈ .001.
    assert!((suppression.variance - 0.01).abs() < 0.004, "{suppression:?}");
    assert!(suppression.cosine > 0.99);
    assert_eq!(report.threshold_rank, Some(1));
    assert_eq!(report.significant_below, Some(1));
}

#[test]
fn a_matrix_that_could_not_be_read_says_why() {
    let report = analyser().unread([30, 50], Orientation::InOut, "file: torn");
    assert_eq!((report.verdict, report.shape), (Verdict::NotEstimable, [30, 50]));
    assert_eq!((report.small_side, report.notes), (30, vec!["file: torn".into()]));
}
