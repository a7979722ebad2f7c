//! The measured rates of every decision, and its power: the table that `bin/calibration.rs` prints.

mod interval;
mod planted;
mod samples;

pub use interval::{Interval, binomial_interval, level_interval, uniformity};
use planted::{
    PlantedSignal, PlantedSuppression, SignalFound, planted_signal, planted_suppression,
};
pub use samples::{Sample, samples};

use rand::{Rng, RngExt, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use rmt_core::statistics::signal::{AdditiveSpike, VarianceSpike};
use rmt_core::{Analyser, AnalysisOptions, Nulls, RmtError};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Seed of all matrices: cell i of the table draws from `SEED + i`.
const SEED: u64 = 20_261_124;
/// (rows, columns, matrices).
const SHAPES: [(usize, usize, usize); 8] = [
    (64, 64, 2000),
    (64, 256, 2000),
    (256, 256, 2000),
    (256, 1024, 2000),
    (768, 768, 500),
    (768, 3072, 500),
    (1000, 1100, 200),
    (2048, 2048, 200),
];
const LAWS: [&str; 3] = ["normal", "uniform", "truncated_normal"];
/// Nominal levels.
pub const LEVELS: [f64; 2] = [0.05, 0.01];
/// Probability that a table of a correct program has any count outside.
const FAMILY_WISE: f64 = 0.01;
/// θ/q^¼ of planted signals.
const STRENGTHS: [f64; 5] = [0.8, 1.0, 1.2, 1.5, 2.0];
/// ℓ/(1 − √q) of planted suppressions.
const VARIANCES: [f64; 5] = [1.2, 1.0, 0.8, 0.5, 0.2];
const POWER_SHAPES: [(usize, usize); 4] = [(64, 64), (64, 256), (256, 256), (256, 1024)];
const POWER_MATRICES: usize = 200;

/// One shape and one entry law.
#[derive(Debug, Clone, Copy)]
pub struct Cell {
    /// Of the entries.
    pub law: &'static str,
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub cols: usize,
    /// How many.
    pub matrices: usize,
    /// Place in the table, which its seeds come from.
    index: usize,
}

/// Every cell of the table.
pub fn cells() -> Vec<Cell> {
    let shapes = SHAPES.iter().flat_map(|&shape| LAWS.map(|law| (shape, law)));
    shapes
        .enumerate()
        .map(|(index, ((rows, cols, matrices), law))| Cell { law, rows, cols, matrices, index })
        .collect()
}

impl Cell {
    /// The p-values of the matrices `range` of this cell.
    ///
    /// # Errors
    /// Those of [`Analyser::analyse`].
    pub fn samples(
        &self,
        analyser: &Analyser,
        range: std::ops::Range<usize>,
    ) -> Result<Vec<Sample>, RmtError> {
        let matrices = range.map(|i| {
            let mut rng = generator(self.index, i);
            (0..self.rows * self.cols).map(|_| entry(self.law, &mut rng)).collect()
        });
        samples(analyser, self.rows, self.cols, matrices)
    }

    /// One row of kind `level`, and the counts that plain 99 % intervals allow.
    pub fn level_row(&self, sample: &Sample, level: f64, comparisons: usize) -> LevelRow {
        let trials = sample.p_values.len();
        let interval = |outside| level_interval(trials, level, sample.draws, outside);
        LevelRow {
            cell: *self,
            statistic: sample.statistic.clone(),
            level,
            draws: sample.draws,
            rejected: sample.rejected(level),
            allowed: interval(FAMILY_WISE / comparisons as f64),
            plain: interval(0.01),
        }
    }
}

/// A measured false-positive rate.
#[derive(Debug, Clone)]
pub struct LevelRow {
    cell: Cell,
    /// As in [`Sample::statistic`].
    pub statistic: String,
    /// The nominal level.
    pub level: f64,
    draws: usize,
    /// Matrices with p at most that.
    pub rejected: usize,
    /// Family-wise over the whole table.
    pub allowed: Interval,
    plain: Interval,
}

impl std::fmt::Display for LevelRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Cell { law, rows, cols, matrices, .. } = self.cell;
        let (name, level, count) = (&self.statistic, self.level, self.rejected);
        let rate = count as f64 / matrices as f64;
        let Interval { low, high, .. } = self.allowed;
        let draws = self.draws;
        write!(
            f,
            "level,{law},{rows},{cols},{name},{level},{matrices},{count},{rate:.5},{level},{low},\
             {high},{draws}"
        )
    }
}

/// How many levels the whole table has.
pub fn comparisons() -> usize {
    // Eight statistics a cell.
    cells().len() * 8 * LEVELS.len()
}

fn generator(cell: usize, matrix: usize) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(SEED ^ ((cell as u64) << 40) ^ matrix as u64)
}

fn entry(law: &str, rng: &mut impl Rng) -> f64 {
    match law {
        "uniform" => rng.random_range(-1.0..1.0),
        "truncated_normal" => loop {
            let x: f64 = StandardNormal.sample(rng);
            if x.abs() <= 2.0 {
                break x;
            }
        },
        _ => StandardNormal.sample(rng),
    }
}

/// Of an analysis, or of a file.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Every row of the table, in its order, to `write`. What is measured is kept in the directory `kept`, and taken from it; unless
/// `measuring` nothing else is.
///
/// # Errors
/// Those of the analyses, of files and of `write`.
pub fn table(
    kept: Option<&Path>,
    measuring: bool,
    write: &mut dyn FnMut(String) -> std::io::Result<()>,
) -> Result<(), Failure> {
    write(
        "kind,law,rows,cols,statistic,parameter,matrices,count,value,expected,low,high,draws"
            .into(),
    )?;
    let cells = cells();
    let mut p_values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let mut rng = generator(usize::MAX >> 40, 0);
    let mut rows = Vec::new();
    for (cell, samples) in cells.iter().zip(measure(&cells, kept, measuring)?) {
        let Some(samples) = samples else {
            write(format!(
                "missing,{},{},{},,,{},,,,,,",
                cell.law, cell.rows, cell.cols, cell.matrices
            ))?;
            continue;
        };
        for sample in &samples {
            if sample.statistic != "verdict" {
                let pooled = p_values.entry(sample.statistic.clone()).or_default();
                let spread = |(low, high): &(f64, f64)| low + (high - low) * rng.random::<f64>();
                pooled.extend(sample.p_values.iter().map(spread));
            }
            for level in LEVELS {
                let row = cell.level_row(sample, level, comparisons());
                write(row.to_string())?;
                rows.push(row);
            }
        }
    }
    let outside = rows.iter().filter(|row| !row.plain.contains(row.rejected)).count();
    let Interval { low, high, .. } = binomial_interval(rows.len(), 0.01, 0.01);
    let (of, share) = (rows.len(), outside as f64 / rows.len() as f64);
    write(format!("outside,all,,,all,,{of},{outside},{share:.5},0.01,{low},{high},"))?;
    let least = FAMILY_WISE / p_values.len() as f64;
    for (statistic, values) in p_values {
        let count = values.len();
        let (distance, p) = uniformity(values);
        write(format!("uniform,all,,,{statistic},,{count},,{p:.5},{distance:.5},{least:.5},1,"))?;
    }
    power(|_| true, write)
}

/// The samples of every cell; two threads take the matrices in portions, the small ones first.
fn measure(
    cells: &[Cell],
    kept: Option<&Path>,
    measuring: bool,
) -> Result<Vec<Option<Vec<Sample>>>, Failure> {
    let analyser = analyser()?;
    if let Some(directory) = kept {
        std::fs::create_dir_all(directory)?;
    }
    let mut portions: Vec<(usize, std::ops::Range<usize>)> = Vec::new();
    for (i, cell) in cells.iter().enumerate() {
        let size = if cell.matrices > 500 { 250 } else { 10 };
        let starts = (0..cell.matrices).step_by(size);
        portions.extend(starts.map(|start| (i, start..(start + size).min(cell.matrices))));
    }
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        let work = || -> Result<(), Failure> {
            while let Some((i, range)) = portions.get(next.fetch_add(1, Ordering::Relaxed)) {
                let path = kept.map(|d| d.join(format!("{i}-{}-{}.json", range.start, range.end)));
                let measuring = measuring.then_some(&analyser);
                let samples = portion(&cells[*i], range.clone(), measuring, path.as_deref())?;
                let mut done = done.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                done.insert((*i, range.start), samples);
                eprint!("\r{} of {} portions", done.len(), portions.len());
            }
            Ok(())
        };
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| match thread.join() {
            Ok(result) => result,
            Err(_) => Err("an analysis panicked".into()),
        })
    })?;
    let mut merged: Vec<Option<Vec<Sample>>> = vec![Some(Vec::new()); cells.len()];
    for ((i, _), samples) in done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
        match (&mut merged[i], samples) {
            (Some(all), Some(samples)) if all.is_empty() => *all = samples,
            (Some(all), Some(samples)) => {
                let pairs = all.iter_mut().zip(samples);
                pairs.for_each(|(all, more)| all.p_values.extend(more.p_values));
            }
            (cell, _) => *cell = None,
        }
    }
    Ok(merged)
}

/// From its file, if it is kept there whole; else measured, where that is wanted, and then kept.
fn portion(
    cell: &Cell,
    range: std::ops::Range<usize>,
    analyser: Option<&Analyser>,
    path: Option<&Path>,
) -> Result<Option<Vec<Sample>>, Failure> {
    let stored = path.and_then(|path| std::fs::read(path).ok());
    if let Some(samples) = stored.and_then(|text| serde_json::from_slice(&text).ok()) {
        return Ok(Some(samples));
    }
    let Some(analyser) = analyser else { return Ok(None) };
    let samples = cell.samples(analyser, range)?;
    if let Some(path) = path {
        let temporary = path.with_extension("tmp");
        std::fs::write(&temporary, serde_json::to_vec(&samples)?)?;
        std::fs::rename(&temporary, path)?;
    }
    Ok(Some(samples))
}

/// The analyser with default options.
///
/// # Errors
/// Those of [`Analyser::new`].
pub fn analyser() -> Result<Analyser, RmtError> {
    Analyser::new(AnalysisOptions::default(), Nulls::default())
}

/// The rows of planted signals and suppressions in matrices of the shapes that are `wanted`.
///
/// # Errors
/// If an analysis fails, or a row cannot be written.
pub fn power(
    wanted: impl Fn([usize; 2]) -> bool,
    write: &mut dyn FnMut(String) -> std::io::Result<()>,
) -> Result<(), Failure> {
    let analyser = analyser()?;
    for (k, (m, n)) in POWER_SHAPES.into_iter().enumerate() {
        if !wanted([m, n]) {
            continue;
        }
        let aspect = m as f64 / n as f64;
        for (j, parameter) in STRENGTHS.into_iter().enumerate() {
            let theta = parameter * aspect.powf(0.25);
            let mut found = Vec::new();
            for i in 0..POWER_MATRICES {
                let mut rng = generator(1000 + 10 * k + j, i);
                let (small, large) = (unit(m, &mut rng), unit(n, &mut rng));
                let signal = PlantedSignal { strength: theta, small: &small, large: &large };
                found.push(planted_signal(&analyser, noise(m, n, &mut rng), &signal)?);
            }
            let spike = AdditiveSpike::outlier(theta, aspect)
                .and_then(|y| AdditiveSpike::from_outlier(y, aspect));
            let expected = spike.map_or([0.0; 2], |s| [s.cosine2_small, s.cosine2_large]);
            rows("signal", [m, n], parameter, theta, expected, &found, write)?;
        }
        if m == n {
            continue;
        }
        for (j, parameter) in VARIANCES.into_iter().enumerate() {
            let variance = parameter * (1.0 - aspect.sqrt());
            let mut found = Vec::new();
            for i in 0..POWER_MATRICES {
                let mut rng = generator(2000 + 10 * k + j, i);
                let small = unit(m, &mut rng);
                let planted = PlantedSuppression { variance, small: &small };
                found.push(planted_suppression(&analyser, noise(m, n, &mut rng), &planted)?);
            }
            let expected = VarianceSpike::outlier(variance, aspect)
                .and_then(|y2| VarianceSpike::from_outlier(y2, aspect))
                .map_or(0.0, |s| s.cosine2);
            rows("suppression", [m, n], parameter, variance, [expected, f64::NAN], &found, write)?;
        }
    }
    Ok(())
}

fn rows(
    kind: &str,
    [m, n]: [usize; 2],
    parameter: f64,
    strength: f64,
    cosines2: [f64; 2],
    found: &[SignalFound],
    write: &mut dyn FnMut(String) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let total = found.len();
    let mut row = |name: &str, count: usize, value: f64, expected: Option<f64>| {
        let expected = expected.map(|x| format!("{x:.5}")).unwrap_or_default();
        write(format!(
            "{kind},normal,{m},{n},{name},{parameter},{total},{count},{value:.5},{expected},,,"
        ))
    };
    for (name, hit) in [
        ("detected", (|s: &SignalFound| s.rejected) as fn(&SignalFound) -> bool),
        ("deviates", |s: &SignalFound| s.deviates),
    ] {
        let count = found.iter().filter(|s| hit(s)).count();
        row(name, count, count as f64 / total as f64, None)?;
    }
    let strengths: Vec<f64> = found.iter().filter_map(|s| s.strength).collect();
    if !strengths.is_empty() {
        row("strength", strengths.len(), mean(&strengths), Some(strength))?;
    }
    for (side, name) in ["cosine2_small", "cosine2_large"].into_iter().enumerate() {
        if cosines2[side].is_finite() {
            let all: Vec<f64> = found.iter().map(|s| s.cosines[side].powi(2)).collect();
            row(name, total, mean(&all), Some(cosines2[side]))?;
        }
    }
    Ok(())
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn noise(m: usize, n: usize, rng: &mut impl Rng) -> Vec<f64> {
    (0..m * n).map(|_| StandardNormal.sample(rng)).collect()
}

fn unit(length: usize, rng: &mut impl Rng) -> Vec<f64> {
    let v = noise(length, 1, rng);
    let norm = v.iter().map(|x: &f64| x * x).sum::<f64>().sqrt();
    v.iter().map(|x| x / norm).collect()
}
