//! Every initializer of burn that draws independent entries is found random; offsets deviate; what
//! has no bulk is degenerate. Also with another seed than the one the example shows.

use crate::initializers::{Options, experiment};
use crate::support::{alone_with_device, test};
use clap::Parser;
use libtest_mimic::Trial;
use rmt_core::Verdict;
use rmt_core::sanity::{Expectation, Row};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test(module_path!(), "at_three_seeds", seeds),
        test(module_path!(), "rates_of_rejection_over_repetitions", rates),
    ]
}

const RANDOM: [&str; 6] =
    ["Uniform", "Normal", "KaimingUniform", "KaimingNormal", "XavierUniform", "XavierNormal"];

fn seeds() {
    // The example draws from the device's generator, which other tests count on.
    let (_guard, _device) = alone_with_device();
    for seed in ["1", "2", "3"] {
        let report = experiment(&Options::parse_from(["initializers", "--seed", seed])).unwrap();
        assert!(report.passed(), "seed {seed}:\n{report}");
        // Twelve initializers at four shapes, each by its name.
        assert_eq!(report.rows.len(), 12 * 4);
        let all = |labels: &[&str], right: fn(&Row) -> bool| {
            let rows = report.rows.iter().filter(|row| labels.contains(&row.label.as_str()));
            assert_eq!(rows.clone().count(), labels.len() * 4);
            rows.for_each(|row| assert!(right(row), "seed {seed}: {row:?}"));
        };
        all(&RANDOM, |row| {
            row.found == Verdict::Random && row.expectation == Expectation::random()
        });
        all(&["Uniform from 0", "Normal, mean 0.02"], |row| {
            row.found == Verdict::Structure && row.significant == [Some(1), Some(0)]
        });
        all(&["Ones", "Constant"], |row| row.found == Verdict::Structure);
        all(&["Zeros"], |row| row.found == Verdict::Degenerate && row.bulk_distance.is_none());
        all(&["Orthogonal"], |row| {
            // As far from the law as can be: .57·m for a square matrix.
            let [rows, cols] = row.shape;
            let share = row.bulk_distance.unwrap() / rows.min(cols) as f64;
            let far = if rows == cols { (share - 0.57).abs() < 0.01 } else { share > 0.49 };
            row.found == Verdict::Degenerate && far
        });
    }
}

fn rates() {
    let (_guard, _device) = alone_with_device();
    let report =
        experiment(&Options::parse_from(["initializers", "--repetitions", "5", "--seed", "4"]));
    let report = report.unwrap();
    assert!(report.passed(), "{report}");
    assert_eq!(report.repetitions.len(), 12 * 4);
    for group in &report.repetitions {
        assert_eq!((group.matrices, group.as_expected), (5, 5));
        let limited = group.tests.iter().all(|test| test.at_most.is_some());
        assert_eq!(limited, RANDOM.contains(&group.label.as_str()), "{group:?}");
    }
}
