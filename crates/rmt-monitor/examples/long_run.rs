//! Writes the files of a long run of a large model, from simulated reports, and says how large they get
//! and what they cost: to see whether readers cope.
//!
//! ```text
//! cargo run --release -p rmt-monitor --example long_run -- DIRECTORY [TICKS] [LAYERS] [SIDE] [all] [no-jsonl]
//! ```
//!
//! Layers are Gaussian matrices to which a spike is added that grows with the step, at another rate in
//! each layer; each of sixteen stages is analysed once. 10,000 ticks of 200 layers by default.

use rmt_core::layers::LayerId;
use rmt_core::{
    Analyser, AnalysisOptions, Context, LayerReport, Matrix, Nulls, Orientation, RmtError,
};
use rmt_monitor::sinks::{Jsonl, TensorBoard};
use rmt_monitor::{Detail, MatrixNumbers, Record, Settings, Sink, Tick};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const STAGES: u64 = 16;
const KINDS: [&str; 7] = ["query", "key", "value", "out_proj", "up", "gate", "down"];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let directory = PathBuf::from(arguments.first().ok_or("a directory is needed")?);
    let number = |k: usize, default: u64| {
        arguments.get(k).and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (ticks, layers, side) = (number(1, 10_000), number(2, 200), number(3, 128));
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    std::fs::create_dir_all(&directory)?;
    let stages = (0..STAGES).map(|k| stage(k, side)).collect::<Result<Vec<_>, _>>()?;
    let mut settings = Settings::default();
    if has("all") {
        settings.tensorboard.detail = Detail::All;
    }
    let mut sinks: Vec<Box<dyn Sink>> =
        vec![Box::new(TensorBoard::new(&directory).with_settings(&settings))];
    if !has("no-jsonl") {
        sinks.push(Box::new(Jsonl::new(&directory, settings.profiles_every)));
    }
    let mut taken = vec![Duration::ZERO; sinks.len()];
    let mut slowest = taken.clone();
    for sink in &mut sinks {
        sink.write(&Record::Start { session: 0, step: 0 })?;
    }
    let mut numbers = MatrixNumbers::default();
    for step in 0..ticks {
        let reports = (0..layers).filter_map(|layer| report(&stages, step, ticks, layer)).collect();
        let tick = Tick::new(0, step, reports, &mut numbers);
        for (k, sink) in sinks.iter_mut().enumerate() {
            let start = Instant::now();
            sink.write(&Record::Tick(&tick))?;
            sink.flush()?;
            let time = start.elapsed();
            taken[k] += time;
            // The first ticks draw the first pictures.
            if step > 1 && !step.is_power_of_two() && !(step + 1).is_power_of_two() {
                slowest[k] = slowest[k].max(time);
            }
        }
    }
    println!("{ticks} ticks of {layers} layers");
    for (k, sink) in sinks.iter().enumerate() {
        let mean = taken[k].as_secs_f64() * 1e3 / ticks.max(1) as f64;
        let slowest = slowest[k].as_secs_f64() * 1e3;
        println!("{}: {mean:.2} ms a tick, {slowest:.1} at most without pictures", sink.name());
    }
    drop(sinks);
    sizes(&directory)?;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    println!("{peak}");
    Ok(())
}

/// A matrix whose spike is the stronger the later the stage; none in the first.
fn stage(k: u64, side: u64) -> Result<LayerReport, RmtError> {
    let (rows, cols) = (side as usize, 2 * side as usize);
    let mut state = k + 1;
    // A sum of uniforms is near enough to a Gaussian.
    let mut uniform = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1_u64 << 24) as f64 - 0.5
    };
    let mut values: Vec<f64> =
        (0..rows * cols).map(|_| (0..6).map(|_| uniform()).sum::<f64>()).collect();
    let strength = 0.03 * k as f64;
    values.iter_mut().for_each(|value| *value += strength);
    let matrix = Matrix::new(&values[..], rows, cols, Orientation::OutIn)?;
    let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default())?;
    let analysis = analyser.analyse(&matrix, Context::default())?;
    let layer = LayerId::from_name("stage");
    Ok(LayerReport::new(0, 0, layer, "f32".into(), analysis.report).with_profile(analysis.profile))
}

/// The same layer is further along at a later step, and a later layer is behind.
fn report(stages: &[LayerReport], step: u64, ticks: u64, layer: u64) -> Option<LayerReport> {
    let stage = (step * STAGES / ticks.max(1)).saturating_sub(layer % 8);
    let mut report = stages.get(stage as usize).or(stages.last())?.clone();
    let kind = KINDS[layer as usize % KINDS.len()];
    report.layer =
        LayerId::from_name(format!("blocks.{}.{kind}.weight", layer / KINDS.len() as u64));
    report.step = step;
    Some(report)
}

fn sizes(directory: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let bytes = entry.metadata()?.len();
        println!("{}: {:.1} MB", entry.file_name().display(), bytes as f64 / 1e6);
    }
    Ok(())
}
