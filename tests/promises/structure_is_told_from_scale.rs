//! The sign null rejects no more often than it says where rows, columns, tails and zeros are all there is, and counts what is
//! planted in them: slices of the recorded tables are measured again, the whole is read.

use crate::support::test;
use libtest_mimic::Trial;
use rmt_generators::signs::{
    COUNT_SHAPES, Counts, DETECTION_MATRICES, DETECTION_SHAPES, DRAWS, Detection, LEVELS, Law,
    MATRICES, Planted, RATE_SHAPES, Rates, STRENGTHS, allowed_in_words, plain, plants,
};

const TABLES: &str = include_str!("../../docs/calibration_signs.md");

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test(module_path!(), "rates_are_measured_again", rates_again),
        test(module_path!(), "counts_are_measured_again", counts_again),
        test(module_path!(), "detection_is_measured_again", detection_again),
        test(module_path!(), "every_recorded_rate_is_inside_its_interval", recorded_rates),
        test(module_path!(), "every_recorded_count_is_as_near_as_it_says", recorded_counts),
    ]
}

/// The rows of the table whose rows have so many cells and begin with a law.
fn rows(count: usize) -> Vec<Vec<String>> {
    let laws = Law::ALL.map(|law| law.to_string());
    TABLES
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(cells)
        .filter(|row: &Vec<String>| row.len() == count && laws.contains(&row[0]))
        .collect()
}

const RATE_CELLS: usize = 9;
const COUNT_CELLS: usize = 11;

fn cells(line: &str) -> Vec<String> {
    line.trim_matches('|').split('|').map(|cell| cell.trim().replace("**", "")).collect()
}

/// The recorded row of the same law, shape and numbers.
fn recorded(found: &[String], same: usize) -> Vec<String> {
    let all = rows(found.len());
    let row = all.iter().find(|row| row[..same] == found[..same]);
    row.unwrap_or_else(|| panic!("{found:?} is not recorded")).clone()
}

fn rates_again() {
    let analyser = plain().unwrap();
    for (law, shape) in [(Law::BothWide, [48, 96]), (Law::Sparse, [64, 64])] {
        let found = Rates::measure(&analyser, law, shape, MATRICES).unwrap();
        assert!(found.outside().is_empty(), "{found}");
        // Nor is that because nothing is to be told apart.
        assert!(found.plain[0] * 5 > MATRICES * 9 / 10, "{found}");
        let now = cells(&found.to_string());
        let then = recorded(&now, 3);
        for (now, then) in now[3..8].iter().zip(&then[3..8]) {
            let [now, then]: [f64; 2] = [now, then].map(|cell| cell.parse().unwrap());
            // Rounding differs between processors, and may turn a few ranks.
            assert!((now - then).abs() < 0.55, "{found}, recorded {then:?}");
        }
    }
}

fn counts_again() {
    let analyser = plain().unwrap();
    let planted = Planted { above: 5, below: 5 };
    for law in [Law::Gaussian, Law::Both, Law::StudentT] {
        let found = Counts::measure(&analyser, law, [64, 256], planted, 10).unwrap();
        assert_eq!(found.missed(), [false; 2], "{found}");
    }
    let found = Counts::measure(
        &analyser,
        Law::BothWide,
        [128, 128],
        Planted { above: 5, below: 0 },
        DRAWS,
    )
    .unwrap();
    let now = cells(&found.to_string());
    let then = recorded(&now, 4);
    let first = |cell: &str| cell.split(' ').next().unwrap().parse::<f64>().unwrap();
    assert!((first(&now[4]) - first(&then[4])).abs() < 0.25, "{now:?}, recorded {then:?}");
    // The same matrices have many more beyond the plain edge.
    assert!(found.edge[0].error > 3.0 * found.targets()[0], "{found}");
}

/// Rows of the table of detection, by shape and strength.
fn detection_again() {
    let rows: Vec<Vec<String>> = TABLES
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(cells)
        .filter(|row| row.len() == 6 && row[0].contains('×'))
        .collect();
    assert_eq!(rows.len(), DETECTION_SHAPES.len() * STRENGTHS.len());
    for strength in [0.0, 1.6] {
        let found = Detection::measure([64, 64], strength, DETECTION_MATRICES).unwrap();
        let now = cells(&found.to_string());
        let then = rows.iter().find(|row| row[..4] == now[..4]);
        let then = then.unwrap_or_else(|| panic!("{found} is not recorded"));
        let [now, then]: [f64; 2] = [&now[4], &then[4]].map(|cell| cell.parse().unwrap());
        // Rounding differs between processors, and may turn a few counts.
        assert!((now - then).abs() < 0.01, "{found}, recorded {then}");
    }
}

/// The shapes of which there are rows. Whatever is recorded of a shape is recorded of every law.
fn shapes(of: &[[usize; 2]], rows: &[Vec<String>]) -> Vec<[usize; 2]> {
    let named = |shape: &[usize; 2]| format!("{}×{}", shape[0], shape[1]);
    of.iter().filter(|shape| rows.iter().any(|row| row[1] == named(shape))).copied().collect()
}

/// The intervals are those of the levels, and not what the table says of itself.
fn recorded_rates() {
    let all = rows(RATE_CELLS);
    assert!(TABLES.contains(&allowed_in_words(MATRICES)), "{}", allowed_in_words(MATRICES));
    let shapes = shapes(&RATE_SHAPES, &all);
    assert!(shapes.len() == 5 && all.len() == Law::ALL.len() * shapes.len());
    for shape in shapes {
        for law in Law::ALL {
            let label = [law.to_string(), format!("{}×{}", shape[0], shape[1])];
            let row = all.iter().find(|row| row[..2] == label).unwrap();
            let matrices: usize = row[2].parse().unwrap();
            assert_eq!(matrices, MATRICES, "{row:?}");
            let mut signs = [0; LEVELS.len()];
            for (count, cell) in signs.iter_mut().zip(&row[3..]) {
                *count = (cell.parse::<f64>().unwrap() / 100.0 * matrices as f64).round() as usize;
            }
            let rates = Rates::new(law, shape, matrices, signs);
            assert!(rates.outside().is_empty() && row[8] == "no", "{row:?}");
        }
    }
}

/// No count is further from what is planted than is asked for, in any law of which there are all plants.
fn recorded_counts() {
    let all = rows(COUNT_CELLS);
    let mut found = 0;
    for (shape, law) in COUNT_SHAPES.iter().flat_map(|shape| Law::ALL.map(|law| (*shape, law))) {
        let label = [law.to_string(), format!("{}×{}", shape[0], shape[1])];
        let of_law: Vec<_> = all.iter().filter(|row| row[..2] == label).collect();
        if of_law.is_empty() {
            continue;
        }
        for planted in plants(shape) {
            let label = format!("{} / {}", planted.above, planted.below);
            let row = of_law.iter().find(|row| row[2] == label).unwrap();
            assert_eq!(row[3].parse(), Ok(DRAWS), "{row:?}");
            let error = |cell: &str| -> f64 {
                let (_, error) = cell.trim_end_matches(')').split_once('(').unwrap();
                error.parse().unwrap()
            };
            let target = if law == Law::BothWide { 3.0 } else { 1.0 };
            assert!(error(&row[4]) <= target && row[10].is_empty(), "{row:?}");
            assert!(shape[0] == shape[1] || error(&row[5]) <= 2.0, "{row:?}");
            found += 1;
        }
    }
    assert!(found == all.len() && found == 135, "{found} of {}", all.len());
}
