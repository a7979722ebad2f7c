//! Trains healthy networks and broken ones, and says which findings name what is wrong.
//!
//! ```text
//! cargo run --release --example failures
//! ```

use anyhow::{Context, Result};
use clap::Parser;
use rmt_core::Table;
use rmt_examples::gallery::judged::{self, Band};
use rmt_examples::gallery::{Case, Fault, Half, Network, Outcome, run};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Trains healthy networks and broken ones, and says which findings name what is wrong.
#[derive(Parser, Clone, Debug)]
struct Options {
    /// Directory for the outcomes (outcomes.jsonl)
    #[arg(long, default_value = "runs/failures")]
    run: PathBuf,
    /// The half of the seeds; both by default
    #[arg(long, value_enum)]
    half: Vec<Half>,
    /// The network; both by default
    #[arg(long, value_enum)]
    network: Vec<Network>,
    /// The fault; all by default
    #[arg(long, value_enum)]
    fault: Vec<Fault>,
    /// Healthy runs of each network in each half
    #[arg(long, default_value_t = 10)]
    healthy: u64,
    /// Runs of each fault of each network in each half, over its sizes
    #[arg(long, default_value_t = 6)]
    broken: u64,
    /// Judge these outcomes of an earlier run, and train nothing
    #[arg(long)]
    outcomes: Option<PathBuf>,
    /// Keep what the monitor writes of each run
    #[arg(long)]
    keep: bool,
}

fn main() -> ExitCode {
    rmt_examples::exit_code(gallery(&Options::parse()))
}

fn gallery(options: &Options) -> Result<()> {
    let outcomes = match &options.outcomes {
        Some(path) => read(path)?,
        None => run_all(options)?,
    };
    let band = Band::of(&outcomes);
    for half in [Half::Tuning, Half::Test] {
        let of_half: Vec<Outcome> =
            outcomes.iter().filter(|o| o.case.half == half).cloned().collect();
        if of_half.is_empty() {
            continue;
        }
        let [healthy, with, warnings, left] = judged::of_healthy(&of_half, &band);
        let [named, kinds] = judged::kinds_in_time(&of_half, &band);
        println!("{half:?} seeds");
        println!(
            "healthy runs: {healthy}; {with} with a warning, {warnings} warnings; the loss of {left} leaves the band"
        );
        println!("kinds of fault named in time in at least half of their runs: {named} of {kinds}");
        println!("\n{}\n", markdown(&judged::of_faults(&of_half, &band)));
        println!("{}\n", markdown(&judged::of_findings(&of_half)));
    }
    Ok(())
}

fn markdown(table: &Table) -> String {
    let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
    let rule = vec!["---".to_owned(); table.columns.len()];
    let lines = [line(&table.columns), line(&rule)]
        .into_iter()
        .chain(table.rows.iter().map(|row| line(row)));
    lines.collect::<Vec<_>>().join("\n")
}

fn read(path: &Path) -> Result<Vec<Outcome>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

fn run_all(options: &Options) -> Result<Vec<Outcome>> {
    fs::create_dir_all(&options.run)?;
    let mut file = File::create(options.run.join("outcomes.jsonl")).context("outcomes.jsonl")?;
    let cases = cases(options);
    let bar = rmt_examples::progress_bar(cases.len() as u64)?;
    let mut outcomes = Vec::new();
    for case in cases {
        let name = match case.fault {
            Some(fault) => format!("{:?}_{fault:?}_{}_{}", case.network, case.size, case.seed),
            None => format!("{:?}_healthy_{}", case.network, case.seed),
        };
        let directory = options.run.join(&name);
        let outcome = run(case, &directory).context(name)?;
        writeln!(file, "{}", serde_json::to_string(&outcome)?)?;
        if !options.keep {
            fs::remove_dir_all(&directory)?;
        }
        outcomes.push(outcome);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(outcomes)
}

fn cases(options: &Options) -> Vec<Case> {
    let all = |given: &[Half]| {
        if given.is_empty() { vec![Half::Tuning, Half::Test] } else { given.to_vec() }
    };
    let networks =
        if options.network.is_empty() { Network::ALL.to_vec() } else { options.network.clone() };
    let mut cases = Vec::new();
    for half in all(&options.half) {
        for &network in &networks {
            let first = half.first_seed();
            let case = |fault, size, seed| Case { network, fault, size, half, seed: first + seed };
            cases.extend((0..options.healthy).map(|seed| case(None, 0.0, seed)));
            let wanted = |fault: &Fault| options.fault.is_empty() || options.fault.contains(fault);
            for fault in Fault::ALL.into_iter().filter(wanted) {
                // Seeds of broken runs are those of no healthy one.
                let of_size = |k: u64, sizes: &[f64]| {
                    case(Some(fault), sizes[k as usize % sizes.len()], 100 + k)
                };
                let sizes = fault.sizes(network);
                let runs = if sizes.is_empty() { 0 } else { options.broken };
                cases.extend((0..runs).map(|k| of_size(k, sizes)));
            }
        }
    }
    cases
}
