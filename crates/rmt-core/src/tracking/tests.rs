use super::*;
use crate::Verdict;
use crate::report::{FAMILY, TestName};
use crate::test_support::gaussian;
use crate::{Analyser, AnalysisOptions, Context, Nulls, Orientation};

fn analyser() -> Analyser {
    let options = AnalysisOptions { correlation_traps: false, ..AnalysisOptions::default() };
    Analyser::new(options, Nulls::default()).unwrap()
}

fn matrix(entries: &[f64], m: usize, n: usize) -> Matrix<'_> {
    Matrix::new(entries, m, n, Orientation::OutIn).unwrap()
}

fn full(entries: &[f64], m: usize, n: usize) -> (MatrixReport, Option<Tracker>) {
    let context = Context::default().with_tracking(Some(TrackingOptions::default()));
    let analysis = analyser().analyse(&matrix(entries, m, n), context).unwrap();
    (analysis.report, analysis.tracker)
}

/// Noise that moves a little, a signal θ·uvᵀ√n that grows above and a row that shrinks below: by how much
/// at each of the snapshots.
fn snapshots(m: usize, n: usize, theta: &[f64], row: &[f64]) -> Vec<Vec<f64>> {
    let (noise, moves) = (gaussian(m, n, 1), gaussian(m, n, 2));
    let (u, v) = (gaussian(m, 1, 3), gaussian(n, 1, 4));
    let unit = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
    let size = (n as f64).sqrt() / (unit(&u) * unit(&v));
    (0..theta.len())
        .map(|t| {
            // A rotation of the noise in the space of matrices: it stays noise of one scale.
            let (s, c) = (0.01 * t as f64).sin_cos();
            (0..m * n)
                .map(|k| {
                    let (i, j) = (k / n, k % n);
                    let random = c * noise[k] + s * moves[k];
                    if i == 7 { row[t] * random } else { random + theta[t] * size * u[i] * v[j] }
                })
                .collect()
        })
        .collect()
}

#[test]
fn outliers_are_found_at_the_look_where_they_cross() {
    let (m, n) = (512, 768);
    // A tenth at a time. Detectable from θ = (2/3)^¼ = .904 on; a row from ρ² = 1 − √(2/3), ρ = .43, down.
    let theta: Vec<f64> = (0..12).map(|t| 0.7 * 1.1_f64.powi(t)).collect();
    let row: Vec<f64> = (0..12).map(|t| 0.6 * 0.9_f64.powi(t)).collect();
    let snapshots = snapshots(m, n, &theta, &row);
    let (first, tracker) = full(&snapshots[0], m, n);
    let (analyser, mut tracker) = (analyser(), tracker.unwrap());
    let mut counts = Vec::new();
    for (t, entries) in snapshots.iter().enumerate().skip(1) {
        let tracked = analyser.track(&matrix(entries, m, n), &mut tracker).unwrap().unwrap();
        let (exact, _) = full(entries, m, n);
        assert_eq!(tracked.significant_above, exact.significant_above, "{t}");
        assert_eq!(tracked.significant_below, exact.significant_below, "{t}");
        counts.push((exact.significant_above.unwrap(), exact.significant_below.unwrap()));
        let close = |found: Option<f64>, exact: Option<f64>, within: f64| {
            let (found, exact) = (found.unwrap(), exact.unwrap());
            assert!((found / exact - 1.0).abs() <= within, "{t}: {found} {exact}");
        };
        close(tracked.scale, exact.scale, 2e-3);
        close(tracked.scale_entries, exact.scale_entries, 1e-12);
        let what = tracked.tracked.as_ref().unwrap();
        // The bound holds, and is small where the value is an outlier.
        close(tracked.largest, exact.largest, what.error_above);
        close(tracked.smallest, exact.smallest, what.error_below.unwrap());
        assert!(tracked.largest <= exact.largest.map(|x| x * (1.0 + 1e-12)));
        assert!(tracked.smallest >= exact.smallest.map(|x| x * (1.0 - 1e-9)));
        if exact.significant_above > Some(0) {
            close(tracked.largest, exact.largest, 1e-4);
            assert_eq!(tracked.verdict, Verdict::Deviates);
            close(Some(tracked.signal[0].strength), Some(exact.signal[0].strength), 1e-2);
        }
        if exact.significant_below > Some(0) {
            close(tracked.smallest, exact.smallest, 5e-3);
        }
        if theta[t] > 1.1 {
            assert!(what.error_above < 0.02, "{t}: {}", what.error_above);
        }
        assert!(tracked.left.is_none() && tracked.p_bulk.is_none() && tracked.levels.is_none());
        let p = |name: &TestName| tracked.test(name).unwrap().p;
        assert_eq!(
            (Some(p(&TestName::Above)), Some(p(&TestName::Below))),
            (tracked.p_above, tracked.p_below)
        );
        let before = |name: &TestName| first.test(name).unwrap().p;
        assert!(FAMILY[2..].iter().all(|name| p(name) == before(name)));
    }
    assert_eq!(counts.first(), Some(&(0, 0)));
    assert_eq!(counts.last(), Some(&(1, 1)));
}

#[test]
fn noise_that_moves_stays_noise() {
    let (m, n) = (400, 400);
    let snapshots = snapshots(m, n, &[0.0; 12], &[1.0; 12]);
    let mut tracker = full(&snapshots[0], m, n).1.unwrap();
    for entries in &snapshots[1..] {
        let report = analyser().track(&matrix(entries, m, n), &mut tracker).unwrap().unwrap();
        assert_eq!((report.verdict, report.significant_above), (Verdict::Random, Some(0)));
        // A square matrix has no lower edge.
        assert!(report.smallest.is_none() && report.p_below.is_none());
        let tracked = report.tracked.unwrap();
        assert!(tracked.error_below.is_none() && !tracked.fields.contains(&"smallest".into()));
    }
}

#[test]
fn what_is_not_followed_counts_as_the_last_full_analysis_left_it() {
    // Equal entries in half of the columns: rejected by the vectors, and by more.
    let (m, n) = (400, 500);
    let entries = snapshots(m, n, &[3.0], &[1.0]).remove(0);
    let (report, tracker) = full(&entries, m, n);
    let (analyser, mut tracker) = (analyser(), tracker.unwrap());
    assert!(report.rejects(&TestName::Above));
    let noise = gaussian(m, n, 9);
    let found = analyser.track(&matrix(&noise, m, n), &mut tracker).unwrap().unwrap();
    let others = FAMILY[2..].iter().any(|name| report.rejects(name));
    let expected = if others { Verdict::Deviates } else { Verdict::Random };
    assert_eq!((found.significant_above, found.verdict), (Some(0), expected));
}

#[test]
fn it_says_where_a_full_analysis_is_needed() {
    let (m, n) = (400, 500);
    let noise = gaussian(m, n, 5);
    let analyser = analyser();
    let (_, tracker) = full(&noise, m, n);
    let tracker = tracker.unwrap();
    let track = |entries: &[f64], m: usize, n: usize| {
        analyser.track(&matrix(entries, m, n), &mut tracker.clone()).unwrap()
    };
    assert!(track(&noise, m, n).is_some());
    assert!(track(&noise, n, m).is_none() && track(&noise[n..], m - 1, n).is_none());
    for bad in [f64::NAN, f64::INFINITY] {
        let mut entries = noise.clone();
        entries[77] = bad;
        assert!(track(&entries, m, n).is_none());
    }
    assert!(track(&vec![0.0; m * n], m, n).is_none());
    // As many outliers as are followed.
    let mut entries = noise.clone();
    for i in 0..TrackingOptions::default().leading {
        entries[i * n..(i + 1) * n].iter_mut().for_each(|x| *x *= 4.0 + i as f64 / 4.0);
    }
    assert!(track(&entries, m, n).is_none());
    // Of a rank below the block's.
    let mut low = vec![0.0; m * n];
    low[..3 * n].copy_from_slice(&noise[..3 * n]);
    assert!(track(&low, m, n).is_none());
    // Huge entries, whose squares overflow.
    let huge: Vec<f64> = noise.iter().map(|x| x * 1e200).collect();
    let report = track(&huge, m, n);
    assert!(report.is_none_or(|report| report.largest.is_some()));
    // Small, zero or without a bulk: nothing to follow by.
    assert!(full(&noise[..60 * 80], 60, 80).1.is_none());
    assert!(full(&vec![0.0; m * n], m, n).1.is_none());
}

#[test]
fn the_same_every_time() {
    let (m, n) = (400, 500);
    let snapshots = snapshots(m, n, &[0.0, 1.5, 2.0], &[1.0; 3]);
    let run = || {
        let mut tracker = full(&snapshots[0], m, n).1.unwrap();
        let track = |entries: &Vec<f64>| analyser().track(&matrix(entries, m, n), &mut tracker);
        snapshots[1..].iter().map(track).map(|r| r.unwrap().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
}
