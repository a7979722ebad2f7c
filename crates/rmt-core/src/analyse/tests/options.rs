//! What the options change.

use super::*;
use crate::spectrum::{Equilibrate, singular_values};
use crate::statistics::spectrum_test::Judge;
use crate::test_support::binomial_interval;

#[test]
fn equalizing_takes_differences_of_scale_away_and_keeps_the_level() {
    let (rows, cols, draws) = (48, 96, 400);
    let options = AnalysisOptions { equilibrate: Equilibrate::Both, ..AnalysisOptions::default() };
    let mut rejected = 0;
    for seed in 0..draws {
        let mut a = gaussian(rows, cols, 5000 + seed);
        for (i, row) in a.chunks_mut(cols).enumerate() {
            row.iter_mut()
                .enumerate()
                .for_each(|(j, x)| *x *= (1 + i % 5) as f64 / (1 + j % 3) as f64);
        }
        if seed == 0 {
            assert_eq!(report_of(&a, rows, cols).verdict, Verdict::Scale);
        }
        let report = analyse_with(options.clone(), &a, rows, cols);
        rejected += usize::from(report.verdict.deviates());
        if seed == 0 {
            assert!(
                report.notes.iter().any(|note| note.to_string().contains("equalized")),
                "{report:?}"
            );
        }
    }
    // At .01, one-sided: normalized lines fluctuate less than Gaussian ones, so fewer may reject.
    let (_, high) = binomial_interval(draws as usize, 0.01, 0.01);
    assert!(rejected <= high, "{rejected} of {draws}");
    // A signal is still found.
    let mut a = gaussian(rows, cols, 7);
    let n = cols as f64;
    for (i, row) in a.chunks_mut(cols).enumerate() {
        row.iter_mut().enumerate().for_each(|(j, x)| {
            let sign = |k: usize| if k.is_multiple_of(2) { 1.0 } else { -1.0 };
            *x += 2.0 * n.sqrt() * sign(i) * sign(j) / ((rows * cols) as f64).sqrt();
        });
    }
    assert_eq!(analyse_with(options, &a, rows, cols).significant_above, Some(1));
}

#[test]
fn a_permutation_null_finds_heavy_tails_random_and_structure_not() {
    let (rows, cols) = (24, 40);
    let null_model = NullModel::Permutation { permutations: 199 };
    let options = AnalysisOptions { null_model, ..AnalysisOptions::default() };
    let (mut heavy, mut found) = (0, 0);
    for seed in 0..30 {
        // Student t(3) entries: Gaussian nulls reject most of them at this size or larger.
        let a = crate::sanity::EntryLaw::StudentT.draw(rows, cols, seed);
        let report = analyse_with(options.clone(), &a, rows, cols);
        heavy += usize::from(report.verdict.deviates());
        if seed == 0 {
            assert!(
                report.notes.iter().any(|note| note.to_string().contains("199 orders")),
                "{report:?}"
            );
            assert!(report.tests.iter().all(|test| test.draws == Some(199)), "{report:?}");
        }
        // The same entries sorted by size are the same law, and all structure.
        let mut sorted = a.clone();
        sorted.sort_by(f64::total_cmp);
        let report = analyse_with(options.clone(), &sorted, rows, cols);
        found += usize::from(report.verdict.deviates());
    }
    // 1 % of 30, with a tail fitted to 20 of 199 draws: P(Bin(30, .02) > 3) = .003.
    assert!(heavy <= 3, "{heavy}");
    assert_eq!(found, 30);
    // What no permutation changes is judged against Gaussian entries, and says so.
    let constant = analyse_with(options.clone(), &[1.0; 24 * 40], rows, cols);
    assert!(
        constant.notes.iter().any(|note| note.to_string().contains("changes nothing")),
        "{constant:?}"
    );
    let few = NullModel::Permutation { permutations: 10 };
    let options = AnalysisOptions { null_model: few, ..options };
    assert!(matches!(Analyser::new(options, nulls()), Err(RmtError::Setting { .. })));
    let one_copy = AnalysisOptions::default().with_sign_copies(1);
    assert!(matches!(Analyser::new(one_copy, nulls()), Err(RmtError::Setting { .. })));
}

#[test]
fn a_fitted_scale_survives_many_outliers() {
    // A fifth of the rows stand out: trimmed quantiles are biased, the fit is not.
    let (rows, cols) = (60, 150);
    let mut a = gaussian(rows, cols, 12);
    a[..12 * cols].iter_mut().for_each(|x| *x *= 4.0);
    let of = |scale_estimator| {
        let options = AnalysisOptions { scale_estimator, ..AnalysisOptions::default() };
        analyse_with(options, &a, rows, cols)
    };
    let (trimmed, fit) = (of(ScaleEstimator::TrimmedQuantiles), of(ScaleEstimator::Fit));
    let error = |report: &MatrixReport| (report.scale.unwrap() - 1.0).abs();
    assert!(error(&fit) < 0.05 && error(&trimmed) > 0.15, "{:?} {:?}", fit.scale, trimmed.scale);
    assert_eq!(fit.significant_above, Some(12));
    assert!(fit.notes.iter().any(|note| note.to_string().contains("rounds")), "{:?}", fit.notes);
    // Without outliers the two are one.
    let plain = gaussian(40, 70, 3);
    let of = |scale_estimator| {
        let options = AnalysisOptions { scale_estimator, ..AnalysisOptions::default() };
        analyse_with(options, &plain, 40, 70)
    };
    let (trimmed, fit) = (of(ScaleEstimator::TrimmedQuantiles), of(ScaleEstimator::Fit));
    assert_eq!((trimmed.scale, trimmed.p_above), (fit.scale, fit.p_above));
}

#[test]
fn without_vectors_the_family_is_the_spectrum_and_keeps_its_level() {
    let (rows, cols, draws) = (32, 64, 2000);
    let options = AnalysisOptions { vectors: false, level: 0.05, ..AnalysisOptions::default() };
    assert_eq!(options.family(), &FAMILY[..3]);
    assert!((options.test_level() - 0.05 / 3.0).abs() < 1e-15);
    let whole = AnalysisOptions { level: 0.05, ..AnalysisOptions::default() };
    let mut rejected = 0;
    for seed in 0..draws {
        let a = gaussian(rows, cols, 9000 + seed);
        let report = analyse_with(options.clone(), &a, rows, cols);
        let deviates = report.tests.iter().any(|test| test.p <= 0.05 / 3.0);
        assert_eq!(report.verdict.deviates(), deviates);
        rejected += usize::from(deviates);
        if seed < 20 {
            // The same figures, fewer of them.
            let with = analyse_with(whole.clone(), &a, rows, cols);
            assert_eq!((report.left.is_none(), report.right.is_none()), (true, true));
            assert_eq!(report.tests.len(), 3);
            let close = |x: Option<f64>, y: Option<f64>| (x.unwrap() - y.unwrap()).abs() < 1e-9;
            assert!(close(report.p_above, with.p_above) && close(report.p_bulk, with.p_bulk));
            assert_eq!(report.scale_entries, with.scale_entries);
        }
    }
    // Three tests of one spectrum are correlated, so at most .05 and at least one test's share.
    let (low, _) = binomial_interval(draws as usize, 0.05 / 3.0, 0.01);
    let (_, high) = binomial_interval(draws as usize, 0.05, 0.01);
    assert!((low..=high).contains(&rejected), "{rejected} not in {low}..={high}");
    // Equal singular values are still degenerate, and drift still has its angles.
    let identity: Vec<f64> = (0..rows * rows).map(|i| f64::from(i % (rows + 1) == 0)).collect();
    assert_eq!(analyse_with(options.clone(), &identity, rows, rows).verdict, Verdict::Degenerate);
    let a = gaussian(rows, cols, 1);
    let matrix = Matrix::new(&a[..], rows, cols, Orientation::OutIn).unwrap();
    let analyser = Analyser::new(options, nulls()).unwrap();
    let first = analyser.analyse(&matrix, Context::default().with_keep(true)).unwrap().reference;
    let context = Context::default().with_reference(first.as_ref());
    let report = analyser.analyse(&matrix, context).unwrap().report;
    assert!(report.drift.unwrap().angle_top.unwrap() < 1e-6 && report.left.is_none());
}

#[test]
fn a_permutation_null_without_vectors() {
    let null_model = NullModel::Permutation { permutations: 99 };
    let options = AnalysisOptions { null_model, vectors: false, ..AnalysisOptions::default() };
    let mut sorted = gaussian(24, 40, 5);
    assert_eq!(analyse_with(options.clone(), &sorted, 24, 40).verdict, Verdict::Random);
    sorted.sort_by(f64::total_cmp);
    let report = analyse_with(options, &sorted, 24, 40);
    assert_eq!((report.verdict, report.tests.len()), (Verdict::Structure, 3));
    assert!(report.tests.iter().all(|test| test.draws == Some(99)));
}

/// A change, or the matrix with its entries permuted, is tested as the matrix itself is.
#[test]
fn other_spectra_are_judged_by_the_same_test() {
    let (m, n) = (64, 96);
    let mut entries = gaussian(m, n, 3);
    // A fifth of the rows stands out: more than the trimmed estimator bears.
    entries[..13 * n].iter_mut().for_each(|x| *x *= 4.0);
    let matrix = Matrix::new(&entries[..], m, n, Orientation::OutIn).unwrap();
    for estimator in [ScaleEstimator::TrimmedQuantiles, ScaleEstimator::Fit, ScaleEstimator::Median]
    {
        let mut options =
            AnalysisOptions { scale_estimator: estimator, ..AnalysisOptions::default() };
        // By the values alone, as there.
        (options.vectors, options.change_spectra) = (false, false);
        let level = options.test_level();
        let nulls = Nulls::default();
        let report = Analyser::new(options, Nulls::default())
            .unwrap()
            .analyse(&matrix, Context::default())
            .unwrap()
            .report;
        let nu = singular_values(&matrix).unwrap();
        let judge = Judge::new(estimator, level, 16, &nulls);
        let (judged, _) = judge.spectrum(&nu, n, report.excess_kurtosis, true).unwrap();
        assert!(report.significant_above > Some(5), "{estimator:?}");
        assert_eq!(judged.scale, report.scale, "{estimator:?}");
        assert_eq!(judged.edge_high, report.edge_high, "{estimator:?}");
        assert_eq!(judged.significant_above, report.significant_above, "{estimator:?}");
        assert_eq!(judged.significant_below, report.significant_below, "{estimator:?}");
        assert_eq!((judged.p_above, judged.p_below), (report.p_above, report.p_below));
        assert_eq!((judged.bulk_distance, judged.p_bulk), (report.bulk_distance, report.p_bulk));
    }
}
