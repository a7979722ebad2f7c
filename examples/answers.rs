//! Holds the answers that weights give against the loss: ranks, layers that have learned nothing, and plateaus.
//!
//! ```text
//! cargo run --release --example answers
//! cargo run --release --example answers -- --model rxnfp
//! cargo run --release --example answers -- --watched runs/grokking --curve accuracy/test
//! ```

use anyhow::{Context, Result};
use burn::tensor::Device;
use burn_rmt::{LayerReport, Monitor, read_reports};
use clap::Parser;
use rmt_core::Table;
use rmt_examples::gallery::answers::answered;
use rmt_examples::gallery::{Case, Fault, Half, Losses, Network, run};
use rmt_examples::models::subject::{Choice, Sample, Subject, bert, gpt2};
use rmt_examples::models::tuning::fine_tune;
use rmt_examples::models::{Pretrained, batch_losses};
use rmt_examples::ranks::{Ranks, Rule};
use rmt_examples::spread;
use rmt_examples::transformer::mean;
use rmt_examples::weights::paired;
use rmt_monitor::{plateau_step, read_scalars};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Holds the answers that weights give against the loss.
#[derive(Parser, Clone, Debug)]
struct Options {
    /// Number of seeds of each network
    #[arg(long, default_value_t = 10)]
    seeds: u64,
    /// Ask this pretrained model for ranks, and train no small network
    #[arg(long, value_enum)]
    model: Option<Choice>,
    /// Look for plateaus in these runs, and train no network
    #[arg(long, num_args = 1..)]
    watched: Vec<PathBuf>,
    /// The curve of those runs that is shown at the plateau and at the end
    #[arg(long, default_value = "loss/validation")]
    curve: String,
    /// Held-out text and training of the pretrained model
    #[command(flatten)]
    sample: Sample,
}

/// Looks without a gain that a plateau is tried with.
const LOOKS: [u64; 3] = [5, 8, 10];

fn main() -> ExitCode {
    let options = Options::parse();
    rmt_examples::exit_code(match options.model {
        _ if !options.watched.is_empty() => of_runs(&options.watched, &options.curve),
        Some(model) => of_pretrained(model, &options.sample),
        None => of_networks(options.seeds),
    })
}

fn case(network: Network, seed: u64) -> Case {
    let half = Half::Test;
    Case { network, fault: None, size: 0.0, half, seed: half.first_seed() + seed }
}

fn of_networks(seeds: u64) -> Result<()> {
    let mut ranks = Vec::new();
    let mut resets = Vec::new();
    for network in Network::ALL {
        let all =
            (0..seeds).map(|seed| answered(case(network, seed))).collect::<Result<Vec<_>>>()?;
        for (number, what) in ["weights", "change by fine-tuning"].into_iter().enumerate() {
            let of: Vec<&Ranks> = all.iter().map(|answered| &answered.ranks[number]).collect();
            ranks.extend(of_rules(&format!("{}, {what}", network.name()), &of));
        }
        for nothing in [true, false] {
            let of_kind = all.iter().flat_map(|answered| &answered.resets);
            let mut lost: Vec<f64> = of_kind
                .filter(|reset| reset.nothing == nothing)
                .map(|reset| 100.0 * reset.lost)
                .collect();
            lost.sort_unstable_by(f64::total_cmp);
            let at = |place: usize| lost.get(place).map_or("–".into(), |x| format!("{x:.2}"));
            let middle = lost.len() / 2;
            resets.push(vec![
                network.name().to_owned(),
                if nothing { "nothing that shows" } else { "something" }.to_owned(),
                lost.len().to_string(),
                at(middle),
                at(lost.len().saturating_sub(1)),
            ]);
        }
    }
    println!("{RANKS}\n{}\n", rank_table(ranks));
    let heads = ["network", "it has learned", "layers", "median lost %", "most lost %"];
    println!("{RESETS}\n{}\n", Table::new(heads.map(str::to_owned).into(), resets));
    println!("{PLATEAUS}\n{}", plateaus(seeds)?);
    Ok(())
}

const RANKS: &str =
    "All matrices cut to a rank at once: share of the gain in loss that is kept, in %";
const RESETS: &str =
    "One layer put back to its first weights: share of the gain in loss that is lost, in %";
const PLATEAUS: &str = "No learned direction gained for so many looks, of 20 in 200 steps";

fn rank_table(rows: Vec<Vec<String>>) -> Table {
    let heads =
        ["of", "rank", "share of the side %", "kept", "kept at half", "kept at an equal share"];
    Table::new(heads.map(str::to_owned).into(), rows)
}

/// One row per rule, over seeds.
fn of_rules(what: &str, of: &[&Ranks]) -> Vec<Vec<String>> {
    let row = |(number, rule): (usize, Rule)| {
        let over = |figure: &dyn Fn(&rmt_examples::ranks::Cut) -> f64| {
            let all: Vec<f64> =
                of.iter().map(|ranks| 100.0 * figure(&ranks.cuts[number])).collect();
            spread(&all, 1)
        };
        let kept = (0..3).map(|k| over(&|cut| cut.kept[k]));
        [what.to_owned(), rule.name().to_owned(), over(&|cut| cut.share)]
            .into_iter()
            .chain(kept)
            .collect()
    };
    Rule::ALL.into_iter().enumerate().map(row).collect()
}

fn plateaus(seeds: u64) -> Result<Table> {
    let mut rows = Vec::new();
    for network in Network::ALL {
        let few = Fault::Repeated.sizes(network).iter().map(|size| (Some(Fault::Repeated), *size));
        for (fault, size) in std::iter::once((None, 0.0)).chain(few) {
            let name =
                fault.map_or_else(|| "as it should be".to_owned(), |_| format!("few data: {size}"));
            let mut found: Vec<(Vec<LayerReport>, Vec<Losses>)> = Vec::new();
            for seed in 0..seeds {
                let directory =
                    std::env::temp_dir().join(format!("answers-{}-{seed}", std::process::id()));
                let outcome = run(Case { fault, size, ..case(network, seed) }, &directory)?;
                let rows = read_reports(&directory)?.reports;
                std::fs::remove_dir_all(&directory)?;
                found.push((rows, outcome.losses));
            }
            rows.extend(LOOKS.map(|looks| of_looks(network.name(), &name, looks, &found)));
        }
    }
    let heads = [
        "network",
        "data",
        "looks",
        "reached",
        "median step",
        "validation loss there",
        "at the end",
        "least",
        "at step",
    ];
    Ok(Table::new(heads.map(str::to_owned).into(), rows))
}

fn of_looks(
    network: &str,
    data: &str,
    looks: u64,
    runs: &[(Vec<LayerReport>, Vec<Losses>)],
) -> Vec<String> {
    let mut steps = Vec::new();
    let [mut there, mut last, mut least] = [const { Vec::new() }; 3];
    let mut best = Vec::new();
    for (rows, losses) in runs {
        let Some(step) = plateau_step(rows, looks) else { continue };
        let validation: Vec<(u64, f64)> =
            losses.iter().filter_map(|loss| Some((loss.step, loss.validation?))).collect();
        steps.push(step);
        there.extend(validation.iter().find(|(at, _)| *at == step).map(|(_, loss)| *loss));
        last.extend(validation.last().map(|(_, loss)| *loss));
        let lowest = validation.iter().min_by(|a, b| a.1.total_cmp(&b.1));
        least.extend(lowest.map(|(_, loss)| *loss));
        best.extend(lowest.map(|(step, _)| *step));
    }
    let median = |steps: &mut Vec<u64>| {
        steps.sort_unstable();
        steps.get(steps.len() / 2).map_or("–".to_owned(), u64::to_string)
    };
    let reached = format!("{} of {}", steps.len(), runs.len());
    vec![
        network.to_owned(),
        data.to_owned(),
        looks.to_string(),
        reached,
        median(&mut steps),
        spread(&there, 3),
        spread(&last, 3),
        spread(&least, 3),
        median(&mut best),
    ]
}

/// Plateaus of runs that were made before.
fn of_runs(runs: &[PathBuf], curve: &str) -> Result<()> {
    let mut rows = Vec::new();
    for run in runs {
        let reports = read_reports(run)?.reports;
        let last = reports.last().map_or(0, |row| row.step);
        let values = values(run, curve)?;
        let at = |step: u64| {
            let before = values.iter().rev().find(|(at, _)| *at <= step);
            before.map_or("–".to_owned(), |(_, value)| format!("{value:.3}"))
        };
        for looks in [10, 20, 40] {
            let step = plateau_step(&reports, looks);
            rows.push(vec![
                run.display().to_string(),
                looks.to_string(),
                step.map_or("–".to_owned(), |step| step.to_string()),
                last.to_string(),
                step.map_or("–".to_owned(), at),
                at(last),
            ]);
        }
    }
    let heads =
        ["run", "looks", "plateau at step", "last step", &format!("{curve} there"), "at the end"];
    println!("{}", Table::new(heads.map(str::to_owned).into(), rows));
    Ok(())
}

fn values(run: &Path, curve: &str) -> Result<Vec<(u64, f64)>> {
    let mut all = read_scalars(run)?;
    let names = || all.keys().cloned().collect::<Vec<_>>().join(", ");
    let missing = || format!("{}: no curve {curve}; it has {}", run.display(), names());
    all.contains_key(curve).then_some(()).with_context(missing)?;
    Ok(all.remove(curve).unwrap_or_default())
}

/// Ranks of a pretrained model, and of its change by a fine-tuning.
fn of_pretrained(model: Choice, sample: &Sample) -> Result<()> {
    let device = Device::flex().autodiff();
    match model {
        Choice::Mgm => ask(&gpt2(sample, &device)?, sample),
        model => ask(&bert(model, sample, &device)?, sample),
    }
}

fn ask<M: Pretrained>(subject: &Subject<M>, sample: &Sample) -> Result<()> {
    let published = subject.model.valid();
    let loss = |model: &M| mean(&batch_losses(model, &subject.held_out));
    let blocks = |path: &str| path.starts_with("blocks.");
    let losses = [loss(&subject.random.valid()), loss(&published)];
    let weights = Ranks::of(&published, blocks, sample.seed, losses, |cut| Ok(loss(&cut)))?;
    let tuned = fine_tune(subject.model.clone(), &subject.training, &Monitor::disabled()).valid();
    let moved = paired(&tuned, &published, |a, b| a - b);
    let losses = [loss(&published), loss(&tuned)];
    let change = Ranks::of(&moved, blocks, sample.seed, losses, |cut| {
        Ok(loss(&paired(&published, &cut, |a, b| a + b)))
    })?;
    let rows = of_rules("weights of the blocks", &[&weights]).into_iter();
    let rows = rows.chain(of_rules("change by fine-tuning", &[&change]));
    println!("{RANKS}\n{}", rank_table(rows.collect()));
    println!(
        "losses: {:.3} before training, {:.3} as published, {:.3} fine-tuned",
        weights.losses[0], losses[0], losses[1]
    );
    Ok(())
}
