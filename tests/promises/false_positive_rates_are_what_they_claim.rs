//! The calibration table in the repository is what its program measures, and every rate in it is
//! inside its interval: a slice is measured again, the whole is read.

use crate::calibration::{LEVELS, analyser, cells, comparisons};
use crate::support::test;
use libtest_mimic::Trial;

const TABLE: &str = include_str!("../../crates/rmt-core/data/calibration.csv");

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test(module_path!(), "a_slice_is_measured_again", slice),
        test(module_path!(), "every_rate_is_inside_its_interval", rates),
        test(module_path!(), "the_level_is_not_kept_by_never_rejecting", power),
    ]
}

/// Rows of one kind, by column.
fn rows(kind: &str) -> Vec<Vec<&'static str>> {
    let rows: Vec<Vec<_>> = TABLE
        .lines()
        .map(|line| line.split(',').collect())
        .filter(|row: &Vec<_>| row[0] == kind)
        .collect();
    assert!(!rows.is_empty(), "{kind}");
    rows
}

fn slice() {
    let analyser = analyser().unwrap();
    let recorded = rows("level");
    for cell in cells() {
        if !matches!((cell.rows, cell.cols, cell.law), (64, 64, "normal") | (64, 256, "uniform")) {
            continue;
        }
        for sample in cell.samples(&analyser, 0..cell.matrices).unwrap() {
            for level in LEVELS {
                let row = cell.level_row(&sample, level, comparisons());
                assert!(row.allowed.contains(row.rejected), "{row}");
                let text = row.to_string();
                let key = text.split(',').take(7).collect::<Vec<_>>();
                let recorded = recorded.iter().find(|row| row[..7] == key).unwrap();
                let count: usize = recorded[7].parse().unwrap();
                // Rounding differs between processors; a p-value at the level may cross it.
                assert!(count.abs_diff(row.rejected) <= 2, "{text}, recorded {count}");
            }
        }
    }
}

fn rates() {
    let levels = rows("level");
    assert_eq!(levels.len(), comparisons());
    for row in levels {
        let [count, low, high] = [7, 10, 11].map(|i| row[i].parse::<usize>().unwrap());
        assert!((low..=high).contains(&count), "{row:?}");
    }
    for row in rows("outside") {
        let [count, low, high] = [7, 10, 11].map(|i| row[i].parse::<usize>().unwrap());
        assert!((low..=high).contains(&count), "{row:?}");
    }
    for row in rows("uniform") {
        let [p, least] = [8, 10].map(|i| row[i].parse::<f64>().unwrap());
        assert!(p > least, "{row:?}");
    }
}

fn power() {
    for kind in ["signal", "suppression"] {
        let detected: Vec<_> = rows(kind).into_iter().filter(|row| row[4] == "detected").collect();
        for row in &detected {
            let (parameter, rate): (f64, f64) = (row[5].parse().unwrap(), row[8].parse().unwrap());
            let strong = if kind == "signal" { parameter >= 2.0 } else { parameter <= 0.5 };
            assert!(!strong || rate >= 0.95, "{row:?}");
        }
    }
}
