#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::report::TestName;
use crate::test_support::binomial_interval;
use crate::{AnalysisOptions, Nulls, ScaleEstimator, Verdict};

fn analyser() -> Analyser {
    Analyser::new(AnalysisOptions::default(), Nulls::default()).unwrap()
}

fn run(
    laws: &[EntryLaw],
    shapes: &[[usize; 2]],
    repetitions: usize,
    level: f64,
    seed: u64,
) -> SanityReport {
    let cases = draws(laws, shapes, repetitions, seed).unwrap();
    sanity(&analyser(), level, cases, |_| {}).unwrap()
}

const RANDOM: [EntryLaw; 4] =
    [EntryLaw::Normal, EntryLaw::Uniform, EntryLaw::TruncatedNormal, EntryLaw::Bf16Normal];

#[test]
fn every_law_is_found_to_be_what_it_is() {
    for seed in 0..3 {
        let shapes = [[16, 16], [24, 40], [64, 64], [64, 256], [256, 160]];
        let report = run(&EntryLaw::ALL, &shapes, 1, 0.01, seed);
        assert!(report.passed(), "seed {seed}: {}\n{}", report.conclusion(), report.table());
    }
}

#[test]
fn what_is_planted_in_scales_is_counted() {
    for seed in 0..2 {
        let planted: Vec<Population> =
            Population::all().into_iter().filter(|law| law.planted > 0).collect();
        assert_eq!(planted.len(), 5);
        let cases = draws(&planted, &[[64, 64], [64, 256], [256, 160]], 1, seed).unwrap();
        let report = sanity(&analyser(), 0.01, cases, |_| {}).unwrap();
        assert!(report.passed(), "seed {seed}: {report}");
        let counted = report.rows.iter().filter(|row| row.expectation.structure_above == Some(5));
        // All but the sparse one of 64×64, which has one entry per row.
        assert_eq!(counted.count(), 14);
    }
    // The same matrix without the plant misses the expectation, and the problem names it.
    let mut case = Case::draw(EntryLaw::RowScale, 64, 64, 1);
    case.expectation = Expectation::structure(5);
    let cases = std::iter::once(Ok::<_, RmtError>(case));
    let report = sanity(&analyser(), 0.01, cases, |_| {}).unwrap();
    let problems = &report.rows[0].problems;
    assert_eq!(problems[0], "scale instead of structure");
    assert!(problems[1].starts_with("signs must deviate (p = "), "{problems:?}");
    assert_eq!(problems[2], "5 direction(s) of structure above, found 0");
}

#[test]
fn a_run_fails_wrongly_no_more_often_than_it_says() {
    // 200 runs at level .3: half of it for 64 matrices each, half for the counts of 8 repetitions.
    let (runs, level) = (200, 0.3);
    let failed = (0..runs)
        .filter(|seed| !run(&RANDOM, &[[20, 20], [20, 32]], 8, level, 100 + *seed).passed())
        .count();
    let (_, high) = binomial_interval(runs as usize, level, 0.01);
    // Nor never: the single tests alone are to fail in about one run of seven.
    let (low, _) = binomial_interval(runs as usize, 0.12, 0.01);
    assert!((low..=high).contains(&failed), "{failed} not in {low}..={high}");
}

#[test]
fn what_deviates_deviates_for_its_own_reason() {
    let report = run(&EntryLaw::ALL, &[[128, 256]], 1, 0.01, 9);
    let of = |law: EntryLaw| report.rows.iter().find(|r| r.label == law.to_string()).unwrap();
    let deviating = |law| -> Vec<String> {
        let tests = of(law).tests.iter();
        tests.filter(|t| t.outcome == Outcome::Deviate).map(|t| t.name.to_string()).collect()
    };
    assert_eq!(of(EntryLaw::Offset).structure, [Some(1), Some(0)]);
    assert_eq!(of(EntryLaw::RowColumnScale).found, Verdict::Scale);
    // A constant offset is one signal above; its vectors are the constant ones.
    assert_eq!(of(EntryLaw::Offset).significant, [Some(1), Some(0)]);
    assert_eq!(deviating(EntryLaw::Offset), ["p_above", "left", "right"]);
    // Scales of rows localize the left vectors and spread the spectrum; the right ones stay.
    assert_eq!(deviating(EntryLaw::RowScale), ["p_above", "p_below", "p_bulk", "left"]);
    assert_eq!(deviating(EntryLaw::ColumnScale), ["p_above", "p_below", "p_bulk", "right"]);
    let both = ["p_above", "p_below", "p_bulk", "left", "right"];
    assert_eq!(deviating(EntryLaw::RowColumnScale), both);
    // Single entries are localized on both sides.
    let sparse = deviating(EntryLaw::Sparse { one_in: 64 });
    assert!(
        ["left", "right"].iter().all(|side| sparse.iter().any(|name| name == side)),
        "{sparse:?}"
    );
    // The largest of many entries with heavy tails stands out for certain.
    let heavy = run(&[EntryLaw::StudentT], &[[512, 512]], 1, 0.01, 9);
    assert!(heavy.passed() && heavy.rows[0].found == Verdict::Scale, "{heavy}");
    let vectors = &of(EntryLaw::Orthogonal).tests[3..];
    assert!(vectors.iter().all(|test| test.outcome == Outcome::Degenerate && test.p.is_none()));
}

#[test]
fn left_is_the_output_side_whatever_the_storage_order() {
    let mut case = Case::draw(EntryLaw::RowScale, 96, 96, 4);
    case.orientation = Orientation::InOut;
    // Rows are inputs now, so it is the right vectors that must deviate.
    let cases = std::iter::once(Ok::<_, RmtError>(case.clone()));
    let report = sanity(&analyser(), 0.01, cases, |_| {}).unwrap();
    let [row] = &report.rows[..] else { unreachable!() };
    assert_eq!(row.problems.len(), 2, "{row:?}");
    assert!(row.problems[0].starts_with("left must deviate (p = "), "{row:?}");
    assert!(row.problems[1].starts_with("right must agree (p = "), "{row:?}");
    case.expectation = EntryLaw::ColumnScale.expectation(96, 96);
    let cases = std::iter::once(Ok::<_, RmtError>(case));
    assert!(sanity(&analyser(), 0.01, cases, |_| {}).unwrap().passed());
}

#[test]
fn an_orthogonal_matrix_is_as_far_from_the_law_as_can_be() {
    let m = 96;
    for (scale_estimator, expected) in
        [(ScaleEstimator::Median, 0.5), (ScaleEstimator::TrimmedQuantiles, 0.57)]
    {
        let options = AnalysisOptions { scale_estimator, ..AnalysisOptions::default() };
        let analyser = Analyser::new(options, Nulls::default()).unwrap();
        let case = Ok::<_, RmtError>(Case::draw(EntryLaw::Orthogonal, m, m, 1));
        let report = sanity(&analyser, 0.01, std::iter::once(case), |_| {}).unwrap();
        let distance = report.rows[0].bulk_distance.unwrap() / m as f64;
        assert!((distance - expected).abs() < 0.01, "{scale_estimator:?}: {distance}");
    }
}

#[test]
fn rates_of_rejection_that_are_too_high_fail() {
    // Called random, three of four matrices have a weak signal: no single test need reject at the
    // level of the run, but the count of p ≤ .05 tells.
    let cases = (0..60_usize).map(|seed| {
        let mut case = Case::draw(EntryLaw::Normal, 48, 48, seed as u64);
        let strength = if seed % 4 == 0 { 0.0 } else { 0.16 };
        case.values.iter_mut().for_each(|x| *x += strength);
        Ok::<_, RmtError>(case)
    });
    let report = sanity(&analyser(), 0.01, cases, |_| {}).unwrap();
    let [group] = &report.repetitions[..] else { panic!("{report:?}") };
    assert!(!report.passed() && !group.counts_as_expected(), "{group:?}");
    assert!(group.tests[0].rejected > group.tests[0].at_most.unwrap(), "{group:?}");
    assert!(report.conclusion().contains("normal 48×48 (p_above rejects "));
    assert!(report.repetitions_table().to_string().contains("NO"));
    // Of random ones they are not; a law that deviates has counts but no limit.
    let report = run(&[EntryLaw::Normal, EntryLaw::Offset], &[[32, 48]], 30, 0.01, 3);
    assert!(report.passed(), "{}", report.conclusion());
    let [normal, offset] = &report.repetitions[..] else { panic!("{report:?}") };
    assert!(normal.tests.iter().all(|test| test.at_most.is_some_and(|k| (5..12).contains(&k))));
    let above = &offset.tests[0];
    assert_eq!((above.made, above.rejected, above.at_most), (30, 30, None));
}

#[test]
fn a_missed_expectation_says_which_and_bad_input_is_an_error() {
    let one = |case: &Case| std::iter::once(Ok::<_, RmtError>(case.clone()));
    let mut wrong = Case::draw(EntryLaw::Offset, 32, 32, 1);
    wrong.expectation = Expectation::random();
    let report = sanity(&analyser(), 0.01, one(&wrong), |_| {}).unwrap();
    assert!(!report.passed());
    let problems = &report.failures().next().unwrap().problems;
    assert_eq!(problems[0], "structure instead of random");
    assert!(problems[1].starts_with("p_above must agree (p < "), "{problems:?}");
    assert_eq!(report.failures_table().rows.len(), 1);

    wrong.expectation = Expectation::deviates(&[TestName::Below]).with_significant_above(2);
    let report = sanity(&analyser(), 0.01, one(&wrong), |_| {}).unwrap();
    let conclusion = report.conclusion();
    assert!(conclusion.contains("p_below must deviate (p = 0."), "{conclusion}");
    assert!(conclusion.contains("2 significant outlier(s) above, found 1"), "{conclusion}");

    // A test that must be made and cannot be is no agreement.
    let mut zeros = Case { values: vec![0.0; 1024], ..wrong.clone() };
    zeros.expectation = Expectation::degenerate().with(&TestName::Left, Requirement::Agree);
    let report = sanity(&analyser(), 0.01, one(&zeros), |_| {}).unwrap();
    assert_eq!(report.rows[0].problems, ["left must agree (undefined)"]);
    let small = Case::draw(EntryLaw::Normal, 5, 9, 1);
    let report = sanity(&analyser(), 0.01, one(&small), |_| {}).unwrap();
    assert_eq!(report.rows[0].problems, ["not_estimable instead of random"]);
    assert!(report.rows[0].tests.iter().all(|t| t.outcome == Outcome::NotEstimable));

    wrong.values.pop();
    assert!(sanity(&analyser(), 0.01, one(&wrong), |_| {}).is_err());
    for level in [0.0, 1.0, -1.0, f64::NAN] {
        assert!(sanity(&analyser(), level, one(&wrong), |_| {}).is_err());
    }
    assert!(run(&[], &[], 3, 0.01, 1).passed());
    assert!(draws(&EntryLaw::ALL, &[[16, 16]], usize::MAX, 1).is_none());
}

#[test]
fn rows_are_valid_json_that_reads_back() {
    let report = run(&EntryLaw::ALL, &[[16, 24]], 2, 0.01, 5);
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<SanityReport>(&text).unwrap(), report);
    assert_eq!(report.rows.len(), 24);
    assert!(report.rows.iter().all(|row| row.found != Verdict::NotEstimable));
    // Repetitions, laws and shapes have random streams of their own.
    let [first, second, ..] = &report.rows[..] else { unreachable!() };
    assert_ne!(first.tests, second.tests);
}
