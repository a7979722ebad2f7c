//! Every initializer of burn that draws independent entries is found random; offsets deviate; what
//! has no bulk is degenerate. Also with another seed than the one the example shows.

use crate::initializers::{Options, experiment};
use crate::support::{alone_with_device, test};
use clap::Parser;
use libtest_mimic::Trial;
use rmt_core::Verdict;
use rmt_core::sanity::Expectation;

pub(crate) fn tests() -> Vec<Trial> {
    vec![test(module_path!(), "at_three_seeds", seeds)]
}

fn seeds() {
    // The example draws from the device's generator, which other tests count on.
    let (_guard, _device) = alone_with_device();
    for seed in ["1", "2", "3"] {
        let report = experiment(&Options::parse_from(["initializers", "--seed", seed])).unwrap();
        assert!(report.passed(), "seed {seed}:\n{}\n{}", report.table(), report.conclusion());
        let count = |expectation, verdict| {
            let rows = report.rows.iter().filter(|row| row.expectation == expectation);
            rows.filter(|row| row.found == verdict).count()
        };
        // Twelve initializers at four shapes.
        assert_eq!(count(Expectation::Random, Verdict::Random), 6 * 4);
        assert_eq!(count(Expectation::Deviates, Verdict::Deviates), 4 * 4);
        assert_eq!(count(Expectation::Degenerate, Verdict::Degenerate), 2 * 4);
    }
}
