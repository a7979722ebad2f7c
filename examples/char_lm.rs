//! A transformer learns to write like this repository, character by character.
//!
//! ```text
//! cargo run --release --example char_lm
//! cargo run --release --example char_lm -- --text shakespeare.txt --preset base --device wgpu
//! ```
//!
//! It reads documentation and sources of this workspace as they were once (`texts/`), or the file that
//! `--text` names, and learns to predict the next character. The model (`transformer.rs`) is a decoder in the manner of GPT-2, with
//! queries, keys and values in matrices of their own. The preset `small` takes a few minutes on two CPU
//! cores; `base` is for a GPU.
//!
//! Meanwhile a monitor compares its weights with random matrices, and their singular vectors with what
//! the layers are given. At the end a table shows which layers have left random matrix theory, since
//! when, and whether the vectors behind their outliers point where the data do; others, what the loss is
//! without a tenth of the singular values.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use burn::grad_clipping::GradientClippingConfig;
use burn::module::Module;
use burn::optim::{AdamWConfig, GradientsParams};
use burn_rmt::ablation::{AblationError, AblationTable, Select, deciles, kinds};
use burn_rmt::sinks::write_table;
use burn_rmt::{Monitor, MonitorConfig, Summary};
use clap::{Parser, ValueEnum};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use rmt_core::Table;
use rmt_core::shown::{NONE, above, at_least, below, percent, shape, verdict};
use rmt_examples::Backend;
use rmt_examples::text::{Batch, Corpus, Vocabulary, prose, sources};
use rmt_examples::transformer::{Hyperparameters, Transformer, batch_losses, mean, write_text};

// ------------------------------------------------------------------------------------------------
// Options

/// Trains a transformer to tell the next character of a text.
#[derive(Parser, Clone, Debug)]
pub struct Options {
    /// Text to learn; by default an old copy of this workspace's documentation and sources
    #[arg(long)]
    pub text: Option<PathBuf>,
    /// Size of the model, and length of its training
    #[arg(long, value_enum, default_value_t)]
    pub preset: Preset,
    /// Number of optimizer steps instead of that of the preset
    #[arg(long)]
    pub steps: Option<u64>,
    /// Number of steps between validations, and between observations of the weights
    #[arg(long, default_value_t = 100)]
    pub every: u64,
    /// Directory for the run; a number is appended if it exists
    #[arg(long, default_value = "runs/char_lm")]
    pub run: PathBuf,
    /// Seed of the initial weights, the batches and the text that is written at the end
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Device to train on
    #[arg(long, value_enum, default_value_t)]
    pub device: Backend,
}

/// Sizes that go together.
#[derive(ValueEnum, Clone, Copy, Debug, Default)]
pub enum Preset {
    /// For two CPU cores.
    #[default]
    Small,
    /// For a GPU.
    Base,
}

impl Options {
    /// Fails, with one line that says why, where these options cannot be trained with.
    pub fn hyperparameters(&self) -> Result<Hyperparameters> {
        let Self { every, seed, .. } = *self;
        let (width, blocks, batch, context, steps, learning_rate) = match self.preset {
            Preset::Small => (128, 4, 16, 64, 1000, 2e-3),
            Preset::Base => (384, 6, 64, 256, 5000, 1e-3),
        };
        let steps = self.steps.unwrap_or(steps);
        ensure!(steps >= 1, "--steps must be at least 1, not {steps}");
        ensure!(every >= 1, "--every must be at least 1, not {every}");
        Ok(Hyperparameters { width, blocks, batch, context, steps, learning_rate, every, seed })
    }
}

const WEIGHT_DECAY: f32 = 0.1;
const BETA_2: f32 = 0.99;
const CLIPPED_NORM: f32 = 1.0;
/// Share of the steps in which the learning rate rises.
const WARM_UP: f64 = 0.05;
/// What the learning rate falls to, as a share of the largest.
const LAST_RATE: f64 = 0.1;

// ------------------------------------------------------------------------------------------------
// Training

/// What training reached.
#[derive(Clone, Debug)]
pub struct Losses {
    /// Steps taken: fewer than asked for when the run was stopped.
    pub steps: u64,
    /// Mean cross-entropy of the last batch, in nats.
    pub train: f64,
    /// Over [`Corpus::validation`], before the first step.
    pub first_validation: f64,
    /// The same after the last step.
    pub validation: f64,
}

/// Trains `model` for `sizes.steps` steps, or until `stop` is set.
pub fn fit(
    mut model: Transformer,
    corpus: &Corpus,
    sizes: &Hyperparameters,
    monitor: &Monitor,
    stop: &AtomicBool,
) -> Result<(Transformer, Losses)> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(sizes.seed);
    let mut optim = AdamWConfig::new()
        .with_weight_decay(WEIGHT_DECAY)
        .with_beta_2(BETA_2)
        .with_grad_clipping(Some(GradientClippingConfig::Norm(CLIPPED_NORM)))
        .init();

    let first_validation = mean(&batch_losses(&model, &corpus.validation));
    monitor.scalar(0, "loss/validation", first_validation);
    let (mut train, mut validation) = (f64::NAN, first_validation);
    let bar = rmt_examples::progress_bar(sizes.steps)?;
    let mut step = 0;
    while step < sizes.steps && !stop.load(Ordering::Relaxed) {
        monitor.observe(step, &model); // the weights after so many updates
        let rate = learning_rate(step, sizes);
        let loss = model.loss(&corpus.draw(&mut rng));
        let grads = GradientsParams::from_grads(loss.backward(), &model);
        model = optim.step(rate, model, grads);
        step += 1;

        monitor.scalar(step, "loss/train", &loss);
        monitor.scalar(step, "learning_rate", rate);

        bar.set_position(step);
        if step.is_multiple_of(sizes.every) || step == sizes.steps {
            train = loss.try_into_scalar::<f64>()?;
            validation = mean(&batch_losses(&model, &corpus.validation));
            monitor.scalar(step, "loss/validation", validation);
            bar.set_message(format!("loss {train:.3}  validation {validation:.3}"));
        }
    }
    bar.finish_and_clear();
    monitor.observe(step, &model);
    let _ = model.loss(&corpus.draw(&mut rng)); // what the layers are given with the last weights
    monitor.observe_last(step, &model);
    Ok((model, Losses { steps: step, train, first_validation, validation }))
}

/// Of the step after `step` ones: rising in a straight line, then falling along a cosine.
fn learning_rate(step: u64, sizes: &Hyperparameters) -> f64 {
    let (done, warm_up) = ((step + 1) as f64 / sizes.steps as f64, WARM_UP);
    if done < warm_up {
        return sizes.learning_rate * done / warm_up;
    }
    let fallen = (1.0 - (std::f64::consts::PI * (done - warm_up) / (1.0 - warm_up)).cos()) / 2.0;
    sizes.learning_rate * (1.0 - (1.0 - LAST_RATE) * fallen)
}

/// A whole run, from the text to what the monitor says.
#[derive(Debug)]
pub struct Outcome {
    /// What training reached.
    pub losses: Losses,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// The trained model.
    pub model: Transformer,
    /// The characters that it knows.
    pub vocabulary: Vocabulary,
    /// The text.
    pub corpus: Corpus,
    /// What the monitor found.
    pub summary: Summary,
    /// Where that is recorded.
    pub directory: PathBuf,
}

/// The characters, the text and a random model, on the device that the options name.
pub fn prepare(options: &Options) -> Result<(Vocabulary, Corpus, Transformer)> {
    let sizes = options.hyperparameters()?;
    let given = options.text.as_ref().map(|path| {
        std::fs::read_to_string(path).with_context(|| format!("--text {}", path.display()))
    });
    let given = given.transpose()?;
    let texts = given.as_deref().map_or_else(|| [prose(), sources()].concat(), |text| vec![text]);

    let device = options.device.device()?.autodiff();
    device.seed(sizes.seed);
    let vocabulary = Vocabulary::of(&texts);
    let corpus = Corpus::new(&texts, &vocabulary, [sizes.batch, sizes.context], &device)?;
    let model = Transformer::new(&vocabulary, &sizes, &device);
    Ok((vocabulary, corpus, model))
}

/// Trains a model from scratch, until `stop` is set, watched by a monitor.
pub fn train(options: &Options, stop: &AtomicBool) -> Result<Outcome> {
    let sizes = options.hyperparameters()?;
    let (vocabulary, corpus, model) = prepare(options)?;
    let monitor = MonitorConfig::new(&options.run).with_every(sizes.every).init()?;
    let start = Instant::now();
    let (model, losses) = fit(model, &corpus, &sizes, &monitor, stop)?;
    let seconds = start.elapsed().as_secs_f64();
    let summary = monitor.finish();
    let directory = summary.run_directory.clone();
    Ok(Outcome { losses, seconds, model, vocabulary, corpus, summary, directory })
}

// ------------------------------------------------------------------------------------------------
// Result

fn main() -> ExitCode {
    rmt_examples::exit_code(run(&Options::parse()))
}

fn run(options: &Options) -> Result<()> {
    options.hyperparameters()?;
    let outcome = train(options, rmt_examples::stop_on_ctrl_c()?)?;
    let Outcome { losses, seconds, model, vocabulary, corpus, summary, directory } = &outcome;

    let device = rmt_examples::name(&options.device.device()?);
    let rate = losses.steps as f64 / seconds;
    println!("{} steps in {seconds:.0} s on {device}, {rate:.1} a second", losses.steps);
    println!(
        "loss: {:.3} nats on the last batch; validation: {:.3}, from {:.3} before the first step; \
         {:.3} knowing how often each character occurs",
        losses.train, losses.validation, losses.first_validation, corpus.unigram_loss
    );
    println!("\n{}\n\n{}", table(summary), kind_table(summary));
    for warning in &summary.warnings {
        println!("warning at step {}: {}", warning.step, warning.message);
    }
    let ablated = ablate(model, &corpus.validation)?;
    println!(
        "\nΔ loss in nats without each tenth of the singular values of all matrices of a kind:"
    );
    println!("{}", ablation_table(&ablated));
    let all = ablated.iter().map(AblationTable::to_table).reduce(|mut all, table| {
        all.rows.extend(table.rows);
        all
    });
    if let Some(all) = all {
        write_table(directory, "ablation", losses.steps, &all)?;
    }
    println!("\nIt writes:\n{}\n", write_text(model, vocabulary, "\n", 300, options.seed)?);
    print!("{}\n{}", summary.what_was_found(), summary.where_to_look());
    Ok(())
}

/// The loss without each decile of the singular values of each kind of matrix in turn.
pub fn ablate(model: &Transformer, batches: &[Batch]) -> Result<Vec<AblationTable>, AblationError> {
    let model = model.valid();
    let losses = |model: &Transformer| batch_losses(model, batches);
    kinds(&model).into_iter().map(|kind| deciles(&model, Select::kind(kind), losses)).collect()
}

/// A table of these columns.
fn of_columns<const N: usize>(columns: [&str; N], rows: Vec<Vec<String>>) -> Table {
    Table::new(columns.map(str::to_owned).into(), rows)
}

/// One column per kind, one row per decile.
fn ablation_table(ablated: &[AblationTable]) -> Table {
    let kinds = ablated.iter().map(|of_kind| of_kind.selection.replace("kind ", ""));
    let columns = std::iter::once("decile".to_owned()).chain(kinds);
    let first = ablated.first().map(|first| first.rows.as_slice()).unwrap_or_default();
    let rows = first.iter().enumerate().map(|(decile, row)| {
        let deltas = ablated.iter().filter_map(|of_kind| of_kind.rows.get(decile));
        let deltas = deltas.map(|row| format!("{:+.4}", row.delta_loss));
        std::iter::once(row.group.clone()).chain(deltas).collect()
    });
    Table::new(columns.collect(), rows.collect())
}

fn step(step: Option<u64>) -> String {
    step.map_or(NONE.into(), |step| step.to_string())
}

fn overlap(x: Option<f64>) -> String {
    x.map_or(NONE.into(), |x| format!("{x:.3}"))
}

/// Means over the matrices of a kind, as they were last observed.
fn kind_table(summary: &Summary) -> Table {
    let rows = summary.kinds.iter().map(|of_kind| {
        let means = &of_kind.aggregate;
        vec![
            of_kind.kind.to_string(),
            means.matrices.to_string(),
            means.deviating.to_string(),
            step(of_kind.first_deviation),
            at_least(percent(means.structure_above), means.structure_cut_off > 0),
            at_least(percent(means.significant_below), means.below_cut_off > 0),
            overlap(means.overlap_above),
            overlap(means.overlap_below),
        ]
    });
    let columns = [
        "kind",
        "matrices",
        "deviate",
        "first deviates",
        "above",
        "below",
        "overlap above",
        "overlap below",
    ];
    of_columns(columns, rows.collect())
}

/// What every weight matrix is at its last observation.
fn table(summary: &Summary) -> Table {
    let rows = summary.layers.iter().map(|layer| {
        let report = &layer.last.report;
        let overlaps = report.activation.as_ref();
        let band = overlaps.and_then(|a| Some(format!("{:.3}–{:.3}", a.band_low?, a.band_high?)));
        vec![
            layer.last.layer.name.clone(),
            shape(report.shape),
            verdict(report.verdict),
            step(layer.first_deviation),
            above(report),
            below(report),
            overlap(overlaps.and_then(|a| a.overlap_above)),
            overlap(overlaps.and_then(|a| a.overlap_below)),
            overlap(overlaps.and_then(|a| a.overlap_bulk)),
            band.unwrap_or(NONE.into()),
        ]
    });
    let columns = [
        "weight",
        "shape",
        "verdict",
        "first deviates",
        "above",
        "below",
        "overlap above",
        "overlap below",
        "of the bulk",
        "band of random ones",
    ];
    of_columns(columns, rows.collect())
}
