//! Training with and without a monitor, one after the other in turns, on whatever the machine has: the
//! example `grokking`, and the transformer of `char_lm`.
//!
//! ```text
//! cargo build --release --workspace --example throughput
//! target/release/examples/throughput [--pairs 10] [--every 100] [--steps 1000,200]
//! ```
//!
//! Times are of the loop, until its last step was handed over; what `finish` waits for afterwards is
//! printed beside them. Prints Markdown.

// One example trains the transformer of the other.
#![allow(clippy::duplicate_mod)]

/// The first example whose training is timed.
#[path = "../examples/grokking.rs"]
#[allow(dead_code, unreachable_pub)]
mod grokking;

/// The second.
#[path = "../examples/char_lm.rs"]
#[allow(dead_code, unreachable_pub)]
mod char_lm;

use anyhow::Result;
use burn_rmt::{Monitor, MonitorConfig};
use clap::Parser;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

#[derive(Parser)]
struct Options {
    /// Pairs of runs
    #[arg(long, default_value_t = 10)]
    pairs: usize,
    /// The monitor looks every so many steps
    #[arg(long, default_value_t = 100)]
    every: u64,
    /// Steps of a run of grokking, and of one of char_lm
    #[arg(long, value_delimiter = ',', default_value = "1000,200")]
    steps: Vec<u64>,
    /// Whether the worker keeps its priority
    #[arg(long)]
    same_priority: bool,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let [of_grokking, of_char_lm] = options.steps[..] else {
        anyhow::bail!("--steps needs two numbers");
    };
    let stop = AtomicBool::new(false);
    println!(
        "| example | ms a step without | with | ratio of rates, median (least–most) of the pairs | seconds in `finish` |"
    );
    println!("|---|---|---|---|---|");
    let number = of_grokking.to_string();
    let grokking = grokking::Options::try_parse_from(["grokking", "--steps", &number])?;
    pairs(&options, "grokking", of_grokking, |monitor| {
        let start = Instant::now();
        grokking::train(&grokking, monitor, &stop)?;
        Ok(start.elapsed().as_secs_f64())
    })?;
    let number = of_char_lm.to_string();
    let char_lm = char_lm::Options::try_parse_from(["char_lm", "--steps", &number])?;
    pairs(&options, "char_lm", of_char_lm, |monitor| {
        let (_, corpus, model) = char_lm::prepare(&char_lm)?;
        let start = Instant::now();
        char_lm::fit(model, &corpus, &char_lm.hyperparameters()?, monitor, &stop)?;
        Ok(start.elapsed().as_secs_f64())
    })
}

/// Seconds of `run` without and with a monitor, in turns.
fn pairs(
    options: &Options,
    name: &str,
    steps: u64,
    mut run: impl FnMut(&Monitor) -> Result<f64>,
) -> Result<()> {
    let (mut without, mut with, mut ratios, mut finish) = (vec![], vec![], vec![], vec![]);
    // Once, so that both find the same caches.
    run(&Monitor::disabled())?;
    for pair in 0..options.pairs {
        let base = tempfile::tempdir()?;
        let config = MonitorConfig::new(base.path().join("run")).with_every(options.every);
        let monitor = config.with_low_priority(!options.same_priority).init()?;
        let (off, mut times) = (Monitor::disabled(), [0.0; 2]);
        // Every second pair the other way round, so that a machine that slows down favours neither.
        for watched in [pair % 2 == 1, pair % 2 == 0] {
            times[usize::from(watched)] = run(if watched { &monitor } else { &off })?;
            if watched {
                let start = Instant::now();
                let summary = monitor.finish();
                anyhow::ensure!(
                    summary.complete && summary.counts.dropped.total() == 0,
                    "{summary:?}"
                );
                finish.push(start.elapsed().as_secs_f64());
            }
        }
        let [a, b] = times;
        without.push(1e3 * a / steps as f64);
        with.push(1e3 * b / steps as f64);
        ratios.push(a / b);
    }
    let [a, b, ratio, last] = [without, with, ratios, finish].map(spread);
    println!(
        "| {name} | {:.2} | {:.2} | {:.4} ({:.4}–{:.4}) | {:.2} |",
        a[1], b[1], ratio[1], ratio[0], ratio[2], last[1]
    );
    Ok(())
}

/// Least, median and most.
fn spread(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    let at = |k: usize| values.get(k).copied().unwrap_or(f64::NAN);
    let n = values.len();
    let median = (at(n.saturating_sub(1) / 2) + at(n / 2)) / 2.0;
    [at(0), median, at(n.saturating_sub(1))]
}
