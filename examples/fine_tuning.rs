//! Prunes a transformer before or after fine-tuning it, to see how much the small singular values matter.
//!
//! ```text
//! cargo run --release --example fine_tuning
//! ```
//!
//! The transformer of the example `char_lm` learns the sources of this workspace, then its
//! documentation. One decile of the singular values of all matrices in its blocks is taken away before
//! or after the second, and the loss compared with that of the model which keeps them all, over several
//! seeds: an experiment of Staats, Thamm & Rosenow (2024, <https://arxiv.org/abs/2410.17770>), in little.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use burn::module::Module;
use burn_rmt::Table;
use burn_rmt::ablation::{self, Select};
use burn_rmt::sinks::write_table;
use burn_rmt::{Monitor, unused_run_directory};
use clap::Parser;
use rmt_examples::Backend;
use rmt_examples::text::{Corpus, Vocabulary, prose, sources};
use rmt_examples::transformer::{HEAD_WIDTH, Hyperparameters, Transformer, batch_losses, mean};

#[path = "char_lm.rs"]
#[allow(dead_code, unreachable_pub)]
mod char_lm;

use char_lm::fit;

/// Prunes a transformer before and after fine-tuning.
#[derive(Parser, Clone, Debug)]
pub struct Options {
    /// Number of optimizer steps on the sources
    #[arg(long, default_value_t = 1000)]
    pub steps: u64,
    /// Number of optimizer steps on the documentation
    #[arg(long, default_value_t = 200)]
    pub fine_tuning_steps: u64,
    /// Number of seeds of weights and batches
    #[arg(long, default_value_t = 3)]
    pub seeds: u64,
    /// Width of the model: a multiple of 32
    #[arg(long, default_value_t = 64)]
    pub width: usize,
    /// Directory for the table; a number is appended if it exists
    #[arg(long, default_value = "runs/fine_tuning")]
    pub run: PathBuf,
    /// Device to train on
    #[arg(long, value_enum, default_value_t)]
    pub device: Backend,
}

const DECILES: usize = 10;

/// The learning rate of fine-tuning, as a share of that of pre-training.
const FINE_TUNING_RATE: f64 = 0.25;

/// The matrices that singular values are taken from.
fn pruned() -> Select {
    Select::glob("blocks.*")
}

/// Δ loss, in nats, without each decile, the largest values first.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Of the pre-trained model on the sources, as it is.
    pub pre_trained: Vec<f64>,
    /// Of the fine-tuned model on the documentation.
    pub fine_tuned_then_pruned: Vec<f64>,
    /// Of a model that was pruned, then fine-tuned, on the documentation.
    pub pruned_then_fine_tuned: Vec<f64>,
}

/// The experiment with one seed.
pub fn experiment(options: &Options, seed: u64) -> Result<Outcome> {
    let device = options.device.device()?.autodiff();
    device.seed(seed);
    let pre_training = Hyperparameters {
        width: options.width,
        blocks: 2,
        batch: 16,
        context: 64,
        steps: options.steps,
        learning_rate: 2e-3,
        every: options.steps,
        seed,
    };
    let fine_tuning = Hyperparameters {
        steps: options.fine_tuning_steps,
        learning_rate: FINE_TUNING_RATE * pre_training.learning_rate,
        every: options.fine_tuning_steps,
        ..pre_training.clone()
    };
    let (prose, sources) = (prose(), sources());
    let vocabulary = Vocabulary::of(&[prose.as_slice(), &sources].concat());
    let sizes = [pre_training.batch, pre_training.context];
    let sources = Corpus::new(&sources, &vocabulary, sizes, &device)?;
    let prose = Corpus::new(&prose, &vocabulary, sizes, &device)?;
    let train = |model, corpus: &Corpus, sizes: &Hyperparameters| {
        let stop = std::sync::atomic::AtomicBool::new(false);
        Ok::<_, anyhow::Error>(fit(model, corpus, sizes, &Monitor::disabled(), &stop)?.0)
    };
    let losses_of = |model: &Transformer, corpus: &Corpus| batch_losses(model, &corpus.validation);
    let without_each = |model: &Transformer, corpus: &Corpus| {
        let table = ablation::deciles(&model.valid(), pruned(), |m| losses_of(m, corpus))?;
        Ok::<_, anyhow::Error>(table.rows.iter().map(|row| row.delta_loss).collect())
    };

    let model = Transformer::new(&vocabulary, &pre_training, &device);
    let model = train(model, &sources, &pre_training)?;
    let tuned = train(model.clone(), &prose, &fine_tuning)?;
    let whole = mean(&losses_of(&tuned, &prose));
    println!(
        "seed {seed}: {:.3} nats on the sources after pre-training; on the documentation {:.3}, and \
         {whole:.3} after fine-tuning",
        mean(&losses_of(&model, &sources)),
        mean(&losses_of(&model, &prose)),
    );
    let pruned_then_fine_tuned = (0..DECILES).map(|decile| {
        let gone = |k, m| (decile * m / DECILES..(decile + 1) * m / DECILES).contains(&k);
        let tuned = train(ablation::remove(&model, pruned(), gone)?, &prose, &fine_tuning)?;
        Ok(mean(&losses_of(&tuned, &prose)) - whole)
    });
    Ok(Outcome {
        pruned_then_fine_tuned: pruned_then_fine_tuned.collect::<Result<_>>()?,
        pre_trained: without_each(&model, &sources)?,
        fine_tuned_then_pruned: without_each(&tuned, &prose)?,
    })
}

fn main() -> ExitCode {
    rmt_examples::exit_code(run(&Options::parse()))
}

fn run(options: &Options) -> Result<()> {
    for (name, value) in [
        ("steps", options.steps),
        ("fine-tuning-steps", options.fine_tuning_steps),
        ("seeds", options.seeds),
    ] {
        ensure!(value >= 1, "--{name} must be at least 1, not {value}");
    }
    let fits = options.width >= HEAD_WIDTH && options.width.is_multiple_of(HEAD_WIDTH);
    ensure!(fits, "--width must be a multiple of {HEAD_WIDTH}, not {}", options.width);
    let outcomes: Vec<Outcome> =
        (1..=options.seeds).map(|seed| experiment(options, seed)).collect::<Result<_>>()?;
    let table = table(&outcomes);
    println!("\nΔ loss in nats, mean ± standard deviation over {} seeds", options.seeds);
    println!("{}", table);
    let directory = unused_run_directory(&options.run)?;
    write_table(&directory, "fine_tuning", 0, &table)?;
    println!("also in {}", directory.display());
    Ok(())
}

/// One of the losses of a seed.
type Column = fn(&Outcome) -> &[f64];

fn table(outcomes: &[Outcome]) -> Table {
    let columns: [(&str, Column); 3] = [
        ("pre-trained", |o| &o.pre_trained),
        ("fine-tuned, then pruned", |o| &o.fine_tuned_then_pruned),
        ("pruned, then fine-tuned", |o| &o.pruned_then_fine_tuned),
    ];
    let cell = |decile: usize, column: Column| {
        let all: Vec<f64> = outcomes.iter().map(|outcome| column(outcome)[decile]).collect();
        rmt_examples::spread(&all, 4)
    };
    let heads = ["decile"].into_iter().chain(columns.map(|(head, _)| head)).map(str::to_owned);
    let rows = (0..DECILES).map(|decile| {
        let name = match decile {
            0 => "1 (largest)".to_owned(),
            _ if decile + 1 == DECILES => format!("{DECILES} (smallest)"),
            _ => (decile + 1).to_string(),
        };
        std::iter::once(name).chain(columns.map(|(_, column)| cell(decile, column))).collect()
    });
    Table::new(heads.collect(), rows.collect())
}
