//! Fine-tuning, watched from its first step.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};
use burn::optim::{AdamWConfig, GradientsParams};
use burn_rmt::ablation::{Ablation, AblationTable, Select};
use burn_rmt::sinks::write_table;
use burn_rmt::{LayerReport, Monitor, MonitorConfig, Overflow, Table};

use super::batches::Batch;
use super::figures::{Figures, Keeper, PATIENCE, activations, overlaps_by_end, with_error};
use super::subject::Subject;
use super::{Pretrained, batch_losses};

/// That of BERT's own fine-tunings, at its upper end: they are longer.
const LEARNING_RATE: f64 = 1e-4;
const WEIGHT_DECAY: f32 = 0.01;

/// One step a batch.
pub fn fine_tune<M: Pretrained>(mut model: M, batches: &[Batch], monitor: &Monitor) -> M {
    let mut optim = AdamWConfig::new().with_weight_decay(WEIGHT_DECAY).init();
    monitor.observe(0, &model);
    for (step, batch) in (1..).zip(batches) {
        let loss = model.loss(batch);
        let grads = GradientsParams::from_grads(loss.backward(), &model);
        model = optim.step(LEARNING_RATE, model, grads);
        monitor.observe(step, &model);
        monitor.scalar(step, "loss/train", &loss);
    }
    model
}

/// How many snapshots there are of a fine-tuning.
const SNAPSHOTS: usize = 5;

/// Which matrices a fine-tuning moves, at which end, and in how many directions.
fn moved(rows: &[LayerReport], last: u64) -> Figures {
    let mut figures = Figures::new(
        "moved",
        "What fine-tuning changed: ‖W − W₀‖/‖W₀‖ in %; significant singular values of W − W₀; root mean \
         square angle in degrees of the leading and of the trailing subspace with those before, and of \
         random ones; overlap beyond the bare edges and between them, with the new data",
        &[
            ("moved by %", 2),
            ("directions", 1),
            ("angle top", 1),
            ("angle bottom", 1),
            ("random", 1),
            ("overlap above", 3),
            ("below", 3),
            ("bulk", 3),
        ],
    );
    for row in rows.iter().filter(|row| row.step == last) {
        let Some(drift) = &row.report.drift else { continue };
        let directions = drift.change.as_ref().and_then(|change| change.spectrum.significant_above);
        let [above, below, bulk] = overlaps_by_end(row).unwrap_or([f64::NAN; 3]);
        figures.add(
            row.layer.kind,
            &[
                drift.relative_norm.map(|x| 100.0 * x),
                directions.map(|count| count as f64),
                drift.angle_top.map(f64::to_degrees),
                drift.angle_bottom.map(f64::to_degrees),
                drift.angle_random.map(f64::to_degrees),
                Some(above),
                Some(below),
                Some(bulk),
            ],
        );
    }
    figures
}

/// Fine-tunes, watched; and prunes each part of the spectrum of all blocks before it, and after.
///
/// # Errors
/// Where a loss is not finite, or a table cannot be written.
pub fn fine_tuning<M: Pretrained>(subject: &Subject<M>, groups: usize, run: &Path) -> Result<()> {
    let steps = subject.training.len();
    ensure!(steps >= SNAPSHOTS, "--steps must be at least {SNAPSHOTS}, not {steps}");
    let (start, blocks) = (Instant::now(), || Select::glob("blocks.*"));
    let losses = |model: &M| batch_losses(&model.valid(), &subject.held_out);
    let keeper = Keeper::default();
    let monitor = MonitorConfig::new(run.join("tuned"))
        .with_every((steps / SNAPSHOTS) as u64)
        .with_overflow(Overflow::Block)
        .with_activations(activations())
        .with_finish_timeout(PATIENCE)
        .with_sink(keeper.clone())
        .init()?;
    let tuned = fine_tune(subject.model.clone(), &subject.training, &monitor);
    for batch in &subject.held_out {
        let _ = tuned.valid().loss(batch);
    }
    monitor.finish_at(steps as u64, &tuned);
    let (before, after) = (losses(&subject.model), losses(&tuned));
    let [[before, error], [whole, tuned_error]] = [&before, &after].map(|x| with_error(x));
    println!(
        "loss {before:.4} ± {error:.4} before {steps} steps, {whole:.4} ± {tuned_error:.4} after"
    );
    let figures = moved(&keeper.all(), steps as u64);
    println!("\n{}\n{}", figures.title, figures.table());
    write_table(run, figures.name, 0, &figures.table())?;

    let without = |model: &M| {
        Ablation::new(blocks())
            .groups(&model.valid(), groups, |model| batch_losses(model, &subject.held_out))
    };
    let (published, pruned) = (without(&subject.model)?, without(&tuned)?);
    let mut rows = Vec::new();
    for group in 0..groups {
        let gone = |k: usize, m: usize| (group * m / groups..(group + 1) * m / groups).contains(&k);
        let first = Ablation::new(blocks()).remove(&subject.model, gone)?;
        let first = losses(&fine_tune(first, &subject.training, &Monitor::disabled()));
        let deltas: Vec<f64> = first.iter().zip(&after).map(|(a, b)| a - b).collect();
        let cell = |[mean, error]: [f64; 2]| format!("{mean:+.4} ± {error:.4}");
        let of = |table: &AblationTable| {
            let row = table.rows.get(group);
            row.map_or_else(String::new, |row| {
                cell([row.delta_loss, row.delta_error.unwrap_or(f64::NAN)])
            })
        };
        let number = (group + 1).to_string();
        rows.push(vec![number, of(&published), of(&pruned), cell(with_error(&deltas))]);
        eprintln!("part {}: done", group + 1);
    }
    let heads = ["part", "as published", "fine-tuned, then pruned", "pruned, then fine-tuned"];
    let table = Table::new(heads.map(str::to_owned).into(), rows);
    println!(
        "\nΔ loss in nats without each part of the spectrum of all blocks, 1 the largest\n{table}"
    );
    write_table(run, "pruning", 0, &table)?;
    println!(
        "± standard error over {} batches, paired; {:.0} s; also in {}",
        subject.held_out.len(),
        start.elapsed().as_secs_f64(),
        run.display()
    );
    Ok(())
}
