//! How well the ends of a spectrum are followed between full analyses, on real updates: the base
//! transformer of `char_lm`, with smaller batches.
//!
//! ```text
//! cargo build --release --workspace --example following
//! target/release/examples/following [--steps 200] [--every 10] [--full-every 10]
//! ```
//!
//! Trains twice with the same seeds, bit for bit the same: once every look is full, once one of
//! `full_every`. Prints Markdown: by the number of looks since the last full one, the relative errors of the
//! largest and the smallest singular values of all matrices, and whether the counts of significant ones
//! agree.

/// The example whose transformer is trained.
#[path = "../examples/char_lm.rs"]
#[allow(dead_code, unreachable_pub)]
mod char_lm;

use anyhow::{Result, ensure};
use burn::tensor::Device;
use burn_rmt::ActivationConfig;
use burn_rmt::rmt_core::LayerReport;
use burn_rmt::{MonitorConfig, Overflow};
use clap::Parser;
use rmt_examples::text::{Corpus, Vocabulary, prose, sources};
use rmt_examples::transformer::Transformer;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

#[derive(Parser)]
struct Options {
    /// Steps of each of the two runs
    #[arg(long, default_value_t = 200)]
    steps: u64,
    /// The monitor looks every so many steps
    #[arg(long, default_value_t = 10)]
    every: u64,
    /// One of so many looks is full
    #[arg(long, default_value_t = 10)]
    full_every: u64,
    /// Sequences in a batch
    #[arg(long, default_value_t = 4)]
    batch: usize,
}

/// What one matrix was found to be, by both.
#[derive(Default)]
struct Group {
    above: Vec<f64>,
    below: Vec<f64>,
    /// Matrices, and of how many the counts above and below and the verdict are the same.
    counts: [usize; 4],
}

fn main() -> Result<()> {
    let options = Options::parse();
    let full = run(&options, 1)?;
    let followed = run(&options, options.full_every)?;
    ensure!(full.len() == followed.len(), "{} rows and {}", full.len(), followed.len());
    let mut groups: BTreeMap<u64, Group> = BTreeMap::new();
    for (exact, found) in full.iter().zip(&followed) {
        ensure!((exact.step, &exact.layer) == (found.step, &found.layer), "other rows");
        let (exact, report) = (&exact.report, &found.report);
        let Some(tracked) = &report.tracked else { continue };
        let looks = (found.step - tracked.since.unwrap_or(0)).div_ceil(options.every);
        let group = groups.entry(looks).or_default();
        let error = |x: Option<f64>, y: Option<f64>| x.zip(y).map(|(x, y)| (x / y - 1.0).abs());
        group.above.extend(error(report.largest, exact.largest));
        group.below.extend(error(report.smallest, exact.smallest));
        group.counts[0] += 1;
        group.counts[1] += usize::from(report.significant_above == exact.significant_above);
        let below = report.significant_below == exact.significant_below;
        group.counts[2] += usize::from(below);
        group.counts[3] += usize::from(report.verdict == exact.verdict);
    }
    println!(
        "| looks since the last full one | matrices | ν₁ in error by, median (most) | ν_m | \
         significant above the same | below | verdict |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (looks, group) in groups {
        let [all, above, below, verdict] = group.counts;
        println!(
            "| {looks} | {all} | {} | {} | {above} | {below} | {verdict} |",
            spread(group.above),
            spread(group.below)
        );
    }
    let followed = followed.iter().filter(|row| row.report.tracked.is_some()).count();
    println!("\n{} of {} reports were followed.", followed, full.len());
    Ok(())
}

/// Every report of a run.
fn run(options: &Options, full_every: u64) -> Result<Vec<LayerReport>> {
    let (steps, every) = (options.steps.to_string(), options.every.to_string());
    let arguments = ["char_lm", "--preset", "base", "--steps", &steps, "--every", &every];
    let mut char_lm = char_lm::Options::try_parse_from(arguments)?.hyperparameters()?;
    // Validation is not what is looked at.
    (char_lm.batch, char_lm.every) = (options.batch, options.steps);
    let base = tempfile::tempdir()?;
    let directory = base.path().join("run");
    let monitor = MonitorConfig::new(&directory)
        .with_every(options.every)
        .with_full_every(full_every)
        .with_overflow(Overflow::Block)
        .with_finish_timeout(Duration::from_secs(600))
        .with_tensorboard(false)
        .with_drift(false)
        .with_activations(ActivationConfig::new().with_tokens(0))
        .init()?;
    let device = Device::flex().autodiff();
    device.seed(char_lm.seed);
    let texts = [prose(), sources()].concat();
    let vocabulary = Vocabulary::of(&texts);
    let size = [char_lm.batch, char_lm.context];
    let corpus = Corpus::new(&texts, &vocabulary, size, &device)?;
    let model = Transformer::new(&vocabulary, &char_lm, &device);
    char_lm::fit(model, &corpus, &char_lm, &monitor, &AtomicBool::new(false))?;
    let summary = monitor.finish();
    ensure!(summary.complete && summary.counts.dropped.total() == 0, "{summary:?}");
    Ok(rmt_monitor::read_reports(&directory)?.reports)
}

/// Median and most.
fn spread(mut values: Vec<f64>) -> String {
    values.sort_by(f64::total_cmp);
    match (values.get(values.len() / 2), values.last()) {
        (Some(median), Some(most)) => format!("{median:.1e} ({most:.1e})"),
        _ => String::new(),
    }
}
