//! The calibration table in the repository is what its program measures, and every rate in it is
//! inside the interval of its level: slices are measured again, the whole is read.

use crate::support::test;
use libtest_mimic::Trial;
use rmt_generators::calibration::{
    LEVELS, analyser, cells, comparisons, level_interval, power as measured_power,
};
use std::collections::BTreeMap;

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

/// The intervals are those of the levels, of as many matrices as the table should have, and not what the file
/// says of itself.
fn rates() {
    let levels = rows("level");
    assert_eq!(levels.len(), comparisons());
    let matrices: BTreeMap<[String; 3], usize> = cells()
        .iter()
        .map(|cell| {
            ([cell.law.into(), cell.rows.to_string(), cell.cols.to_string()], cell.matrices)
        })
        .collect();
    for row in levels {
        let [trials, count, low, high, draws] =
            [6, 7, 10, 11, 12].map(|i| row[i].parse::<usize>().unwrap());
        let level: f64 = row[5].parse().unwrap();
        assert_eq!(matrices[&[row[1].into(), row[2].into(), row[3].into()]], trials, "{row:?}");
        assert!(LEVELS.contains(&level) && row[9].parse() == Ok(level), "{row:?}");
        let allowed = level_interval(trials, level, draws, 0.01 / comparisons() as f64);
        assert_eq!((allowed.low, allowed.high), (low, high), "{row:?}");
        assert!(allowed.contains(count), "{row:?}");
        // Wherever the level is exact, no interval is wider than a normal law's of six deviations.
        let deviation = (trials as f64 * level * (1.0 - level)).sqrt();
        let near = (count as f64 - trials as f64 * level).abs() <= 6.0 * deviation + 1.0;
        assert!(near || draws > 0, "{row:?}");
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

/// Rejects what is strong, does not reject what is below the limit of detection: as measured, and as recorded.
fn assert_power(row: &[&str]) {
    let (parameter, rate): (f64, f64) = (row[5].parse().unwrap(), row[8].parse().unwrap());
    let (strong, hidden) = match row[0] {
        "signal" => (parameter >= 2.0, parameter < 1.0),
        _ => (parameter <= 0.5, parameter > 1.0),
    };
    assert!(!strong || rate >= 0.95, "{row:?}");
    assert!(!hidden || rate <= 0.05, "{row:?}");
}

fn power() {
    let mut measured = Vec::new();
    measured_power(|shape| shape == [64, 256], &mut |line| {
        measured.push(line);
        Ok(())
    })
    .unwrap();
    let mut recorded = [rows("signal"), rows("suppression")].concat();
    recorded.retain(|row| row[4] == "detected");
    recorded.iter().for_each(|row| assert_power(row));
    let again: Vec<Vec<&str>> = measured.iter().map(|line| line.split(',').collect()).collect();
    let mut compared = 0;
    for row in again.iter().filter(|row| row[4] == "detected") {
        assert_power(row);
        let same = recorded.iter().find(|recorded| recorded[..7] == row[..7]).unwrap();
        let [now, then] = [row, same].map(|row| row[7].parse::<usize>().unwrap());
        assert!(now.abs_diff(then) <= 2, "{row:?}, recorded {then}");
        compared += 1;
    }
    assert_eq!(compared, 10);
}
