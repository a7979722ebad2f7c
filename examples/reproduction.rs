//! What small transformers show of the claims of Staats, Thamm & Rosenow
//! (2024, <https://arxiv.org/abs/2410.17770>), over several seeds.
//!
//! ```text
//! cargo run --release --example reproduction
//! ```
//!
//! The transformer of the example `char_lm` is trained once per seed, watched from the start. There is one table
//! per claim with mean and standard deviation over the seeds; `docs/reproduction.md` discusses them.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, ensure};
use burn::module::Module;
use burn_rmt::ablation::{self, Select};
use burn_rmt::sinks::write_table;
use burn_rmt::{
    MonitorConfig, Overflow, Record, Schedule, Sink, SinkError, Summary, Table,
    unused_run_directory,
};
use clap::Parser;
use rmt_core::LayerReport;
pub use rmt_examples::area_under_curve;
use rmt_examples::text::Corpus;
use rmt_examples::transformer::{Transformer, batch_losses};

#[path = "char_lm.rs"]
#[allow(dead_code, unreachable_pub)]
mod char_lm;

/// Trains a transformer once a seed and measures what the paper claims.
#[derive(Parser, Clone, Debug)]
pub struct Options {
    /// Number of seeds of weights and batches
    #[arg(long, default_value_t = 3)]
    pub seeds: u64,
    /// Number of snapshots per power of ten of the steps
    #[arg(long, default_value_t = 16)]
    pub snapshots: u32,
    /// Model, training and device; `--seed` is the first seed
    #[command(flatten)]
    pub model: char_lm::Options,
}

// ------------------------------------------------------------------------------------------------
// Figures

/// One a claim, in the order of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Claim {
    /// Random matrices before the first step.
    Initialization,
    /// At both ends where a matrix is rectangular, above where it is square.
    Outliers,
    /// When the large and the small end leave the bulk.
    Onset,
    /// Vectors of outliers point where the data do.
    Overlap,
    /// So that the weights alone tell which vectors do.
    Prediction,
    /// The loss falls with the decile that is removed.
    Deciles,
    /// But for the smallest of rectangular matrices.
    SmallestDecile,
    /// Outliers matter more than as many of the bulk: not in the paper.
    OutliersAgainstBulk,
}

impl Claim {
    fn title(self) -> &'static str {
        match self {
            Self::Initialization => "Before training: matrices that deviate, of all",
            Self::Outliers => {
                "After training, in % of the singular values: structure, significant by deflation, beyond the bare edge"
            }
            Self::Onset => {
                "First step with a significant value, median over the matrices that ever have one, \
                 and how many have"
            }
            Self::Overlap => {
                "Overlap of right singular vectors with the input's covariance: of the significant \
                 values above, below, and of the bulk"
            }
            Self::Prediction => {
                "Area under the ROC curve: from the weights alone, which right vectors overlap more \
                 than random ones; by distance of the value from the bulk, by the test of the vector"
            }
            Self::Deciles => "Δ loss in nats without each decile of a kind, 0 the largest values",
            Self::SmallestDecile => {
                "Δ loss without the smallest decile less that of the mean of its two neighbours, in \
                 millinats"
            }
            Self::OutliersAgainstBulk => {
                "Δ loss in nats without the significant values above, below, and as many of the bulk"
            }
        }
    }

    fn digits(self) -> usize {
        match self {
            Self::Initialization | Self::Onset | Self::Outliers => 1,
            Self::SmallestDecile => 2,
            Self::Overlap | Self::Prediction => 3,
            Self::Deciles | Self::OutliersAgainstBulk => 4,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Initialization => "before_training",
            Self::Outliers => "outliers",
            Self::Onset => "onset",
            Self::Overlap => "overlap",
            Self::Prediction => "prediction",
            Self::Deciles => "deciles",
            Self::SmallestDecile => "smallest_decile",
            Self::OutliersAgainstBulk => "outliers_against_bulk",
        }
    }
}

/// What the seeds gave: row, column → a value a seed that has one.
type Cells = BTreeMap<(String, String), Vec<f64>>;

/// All figures, of all seeds.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    claims: BTreeMap<Claim, (Vec<String>, Vec<String>, Cells)>,
}

impl Figures {
    /// Adds that of one seed; one that is not finite is left out.
    fn add(&mut self, claim: Claim, row: &str, column: &str, value: Option<f64>) {
        let (rows, columns, cells) = self.claims.entry(claim).or_default();
        for (known, name) in [(rows, row), (columns, column)] {
            if !known.iter().any(|other| other == name) {
                known.push(name.to_owned());
            }
        }
        let values = cells.entry((row.to_owned(), column.to_owned())).or_default();
        values.extend(value.filter(|value| value.is_finite()));
    }

    /// The values of one figure, one a seed that has it.
    pub fn values(&self, claim: Claim, row: &str, column: &str) -> &[f64] {
        let cells = self.claims.get(&claim).map(|(_, _, cells)| cells);
        let values = cells.and_then(|cells| cells.get(&(row.to_owned(), column.to_owned())));
        values.map_or(&[], Vec::as_slice)
    }

    /// Mean ± standard deviation over `seeds` seeds; in brackets how many have one, if not all.
    fn tables(&self, seeds: u64) -> Vec<(Claim, Table)> {
        let table = |(&claim, (rows, columns, _)): (&Claim, &(Vec<String>, Vec<String>, Cells))| {
            let heads = std::iter::once("").chain(columns.iter().map(String::as_str));
            let cell = |row: &str, column: &str| {
                let values = self.values(claim, row, column);
                let text = rmt_examples::spread(values, claim.digits());
                match values.len() as u64 {
                    some if 0 < some && some < seeds => format!("{text} ({some})"),
                    _ => text,
                }
            };
            let row = |row: &String| {
                let cells = columns.iter().map(|column| cell(row, column));
                std::iter::once(row.clone()).chain(cells).collect()
            };
            let rows = rows.iter().map(row).collect();
            (claim, Table::new(heads.map(str::to_owned).collect(), rows))
        };
        self.claims.iter().map(table).collect()
    }
}

// ------------------------------------------------------------------------------------------------
// Observation

/// What is kept of a matrix beyond the summary.
#[derive(Clone, Debug)]
struct Observed {
    /// First step with a significant value above, and below.
    first: [Option<u64>; 2],
    last: LayerReport,
}

/// Keeps it while the monitor runs.
#[derive(Clone, Default)]
struct Keeper(Arc<Mutex<Vec<Observed>>>);

impl Keeper {
    fn all(&self) -> Vec<Observed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Sink for Keeper {
    fn name(&self) -> &str {
        "reproduction"
    }

    fn write(&mut self, record: &Record<'_>) -> Result<(), SinkError> {
        let Record::Tick(tick) = record else { return Ok(()) };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for row in &tick.reports {
            let counts = [row.report.significant_above, row.report.significant_below];
            let now = counts.map(|count| (count > Some(0)).then_some(row.step));
            match kept.iter_mut().find(|known| known.last.layer == row.layer) {
                Some(known) => {
                    known.first = [0, 1].map(|end| known.first[end].or(now[end]));
                    known.last = row.clone();
                }
                None => kept.push(Observed { first: now, last: row.clone() }),
            }
        }
        Ok(())
    }
}

/// Of the right vectors of a matrix: by its weights alone, how far the value is outside the bulk and
/// how little the vector is like a random one; and whether it overlaps with the input as few random
/// vectors do.
fn scores(row: &LayerReport) -> Vec<([f64; 2], bool)> {
    let (report, Some(profile)) = (&row.report, &row.profile) else { return Vec::new() };
    let (Some(low), Some(high)) = (report.edge_low, report.edge_high) else { return Vec::new() };
    let Some(band) = report.activation.as_ref().and_then(|a| a.band_high) else {
        return Vec::new();
    };
    let values = profile.singular_values.iter().zip(&profile.right_p).zip(&profile.overlaps);
    let score = |((value, p), overlap): ((&f64, &f64), &f64)| {
        // The lower edge of a square matrix is 0: nothing is below it.
        ([(value / high).max(low / value).ln(), -p.ln()], *overlap > band)
    };
    values.map(score).collect()
}

fn median(mut values: Vec<u64>) -> Option<f64> {
    values.sort_unstable();
    let half = values.len() / 2;
    let [low, high] = [values.get(half.checked_sub(1).unwrap_or(half)), values.get(half)];
    let pair = if values.len().is_multiple_of(2) { low.zip(high) } else { high.zip(high) };
    pair.map(|(x, y)| (x + y) as f64 / 2.0)
}

fn of_weights(figures: &mut Figures, summary: &Summary, observed: &[Observed]) {
    for of_kind in &summary.kinds {
        let kind = of_kind.kind.to_string();
        let layers = || summary.layers.iter().filter(|l| l.last.layer.kind == of_kind.kind);
        let deviating = layers().filter(|l| l.first.report.verdict.deviates()).count();
        let mut add = |claim, column, value| figures.add(claim, &kind, column, value);
        let number = layers().count() as f64;
        add(Claim::Initialization, "matrices", Some(number));
        add(Claim::Initialization, "deviate", Some(deviating as f64));

        let means = &of_kind.aggregate;
        for (column, share) in [
            ("structure above", means.structure_above),
            ("below", means.structure_below),
            ("by deflation above", means.significant_above),
            ("below by deflation", means.significant_below),
            ("bare edge above", means.outliers_above),
            ("below bare edge", means.outliers_below),
        ] {
            add(Claim::Outliers, column, share.map(|x| 100.0 * x));
        }

        let observed: Vec<_> =
            observed.iter().filter(|o| o.last.layer.kind == of_kind.kind).collect();
        for (end, [step, count]) in
            [["above", "matrices above"], ["below", "matrices below"]].into_iter().enumerate()
        {
            let steps: Vec<u64> = observed.iter().filter_map(|o| o.first[end]).collect();
            add(Claim::Onset, count, Some(steps.len() as f64));
            add(Claim::Onset, step, median(steps));
        }

        let overlaps: Vec<_> =
            observed.iter().filter_map(|o| o.last.report.activation.as_ref()).collect();
        if overlaps.is_empty() {
            continue;
        }
        let bulk: Vec<f64> = overlaps.iter().filter_map(|a| a.overlap_bulk).collect();
        add(Claim::Overlap, "above", means.overlap_above);
        add(Claim::Overlap, "below", means.overlap_below);
        add(Claim::Overlap, "bulk", Some(bulk.iter().sum::<f64>() / bulk.len() as f64));
        let scores: Vec<_> = observed.iter().flat_map(|o| scores(&o.last)).collect();
        for (which, column) in ["by the value", "by the vector"].into_iter().enumerate() {
            let scored: Vec<_> = scores.iter().map(|(score, high)| (score[which], *high)).collect();
            add(Claim::Prediction, column, area_under_curve(&scored));
        }
        let high = scores.iter().filter(|(_, high)| *high).count() as f64;
        add(Claim::Prediction, "% that overlap more", Some(100.0 * high / scores.len() as f64));
    }
}

fn of_ablation(figures: &mut Figures, model: &Transformer, corpus: &Corpus) -> Result<()> {
    let model = model.valid();
    let losses = |model: &Transformer| batch_losses(model, &corpus.validation);
    for of_kind in ablation::kinds(&model) {
        let (select, kind) = (Select::kind(of_kind), of_kind.to_string());
        let deciles = ablation::deciles(&model, select.clone(), losses)?.rows;
        for row in &deciles {
            figures.add(Claim::Deciles, &row.group, &kind, Some(row.delta_loss));
        }
        if let [.., a, b, smallest] = deciles.as_slice() {
            let excess = smallest.delta_loss - (a.delta_loss + b.delta_loss) / 2.0;
            figures.add(Claim::SmallestDecile, &kind, "excess", Some(1e3 * excess));
        }
        for row in ablation::outliers(&model, select, losses)?.rows {
            let delta = (row.removed > 0).then_some(row.delta_loss);
            figures.add(Claim::OutliersAgainstBulk, &kind, &row.group, delta);
        }
    }
    Ok(())
}

/// How long a snapshot may wait for room, and the end for the last one.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Trains and measures with one seed.
fn experiment(
    options: &Options,
    seed: u64,
    stop: &AtomicBool,
    figures: &mut Figures,
) -> Result<()> {
    let of_seed = char_lm::Options { seed, ..options.model.clone() };
    let sizes = of_seed.hyperparameters()?;
    let (_, corpus, model) = char_lm::prepare(&of_seed)?;
    let keeper = Keeper::default();
    let run = of_seed.run.join(format!("seed_{seed}"));
    let monitor = MonitorConfig::new(run)
        .with_schedule(Schedule::LogSpaced(options.snapshots))
        // No snapshot is missing: training may wait.
        .with_overflow(Overflow::Block)
        .with_finish_timeout(PATIENCE)
        .with_sink(keeper.clone())
        .init()?;
    let (model, reached) = char_lm::fit(model, &corpus, &sizes, &monitor, stop)?;
    let summary = monitor.finish();
    ensure!(reached.steps == sizes.steps, "stopped at step {} of seed {seed}", reached.steps);
    let dropped = summary.counts.dropped.total();
    ensure!(
        dropped == 0,
        "{dropped} matrices were not analysed: the figures would not be complete"
    );
    println!("seed {seed}: validation {:.3} nats", reached.validation);
    of_weights(figures, &summary, &keeper.all());
    of_ablation(figures, &model, &corpus)
}

/// All seeds, into runs in `options.model.run`: the figures of those that came to their end, and how
/// many those are; with the reason where one did not.
pub fn reproduce(options: &Options, stop: &AtomicBool) -> (Figures, u64, Result<()>) {
    let mut figures = Figures::default();
    for done in 0..options.seeds {
        let mut more = figures.clone();
        if let Err(error) = experiment(options, options.model.seed + done, stop, &mut more) {
            return (figures, done, Err(error));
        }
        figures = more;
    }
    (figures, options.seeds, Ok(()))
}

fn main() -> ExitCode {
    rmt_examples::exit_code(run(Options::parse()))
}

fn run(mut options: Options) -> Result<()> {
    ensure!(options.seeds >= 1, "--seeds must be at least 1, not {}", options.seeds);
    options.model.run = unused_run_directory(&options.model.run)?;
    let (figures, seeds, ended) = reproduce(&options, rmt_examples::stop_on_ctrl_c()?);
    for (claim, table) in figures.tables(seeds) {
        println!("\n{}\n{}", claim.title(), table);
        write_table(&options.model.run, claim.name(), 0, &table)?;
    }
    println!(
        "\nMean ± standard deviation over {seeds} seeds, in brackets how many have a value if not"
    );
    println!("all; also in {}", options.model.run.display());
    ended
}
