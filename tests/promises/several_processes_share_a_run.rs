//! Processes that train one model, each a rank of a data-parallel strategy, analyse each matrix once
//! between them; the run's directory, read as one, says what a single process would have said.
//!
//! burn's own strategy needs devices with collective operations, which the CPU has not: here the ranks
//! are processes that make the same updates, as ranks do once their gradients are averaged.

use crate::support::tensorboard::{Environment, Loader, with_both_loaders};
use crate::support::{alone_with_device, test, train};
use crate::tensorboard_serves_the_run::scalars_of;
use burn_rmt::MonitorConfig;
use libtest_mimic::{Failed, Trial};
use rmt_core::LayerReport;
use rmt_monitor::{Summary, read_reports};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Child, Command, ExitCode};

pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = vec![test(module_path!(), "as_one_would_have_written_it", joined)];
    tests.extend(with_both_loaders(module_path!(), served));
    tests
}

/// Set for a process that is a rank: its number, how many there are, and the run directory.
const RANK: &str = "RMT_TEST_RANK";
const STEPS: u64 = 20;
const LAYERS: [&str; 2] = ["second.weight", "first.weight"];

/// The rank, world and run directory, if this process is one of several.
pub(crate) fn rank() -> Option<(usize, usize, String)> {
    let text = std::env::var(RANK).ok()?;
    let mut parts = text.splitn(3, ':');
    let (rank, world) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some((rank, world, parts.next()?.to_owned()))
}

/// What a rank does.
pub(crate) fn train_as((rank, world, run): (usize, usize, String)) -> ExitCode {
    let (_guard, device) = alone_with_device();
    let Ok(monitor) = MonitorConfig::new(run).with_every(5).with_shard(rank, world).init() else {
        return ExitCode::FAILURE;
    };
    train(&device, 3, STEPS, &monitor, |_, _| {});
    let summary = monitor.finish();
    let clean = summary.complete && summary.warnings_total == 0;
    if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Starts all ranks at once and waits for them.
fn run_all(world: usize, run: &Path) {
    let program = std::env::current_exe().unwrap();
    let start = |rank| {
        let value = format!("{rank}:{world}:{}", run.display());
        Command::new(&program).env(RANK, value).spawn().unwrap()
    };
    let children: Vec<Child> = (0..world).map(start).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
}

fn alone(run: &Path) -> (Vec<LayerReport>, Summary) {
    let (_guard, device) = alone_with_device();
    let monitor = MonitorConfig::new(run).with_every(5).init().unwrap();
    train(&device, 3, STEPS, &monitor, |_, _| {});
    let summary = monitor.finish();
    (read_reports(run).unwrap().reports, summary)
}

fn joined() {
    let base = tempfile::tempdir().unwrap();
    let (expected, whole) = alone(&base.path().join("alone"));
    assert_eq!((expected.len(), whole.counts.analysed), (10, 10));
    // One process, one a matrix, and one that has none.
    for world in [1, 2, 3] {
        let run = base.path().join(format!("world-{world}"));
        run_all(world, &run);
        let found = read_reports(&run).unwrap();
        assert_eq!(found.reports, expected, "{world}");
        assert_eq!((found.replaced, found.torn_lines), (0, 0));
        let mut of = BTreeMap::new();
        let (mut submitted, mut analysed) = (0, 0);
        for rank in 0..world {
            let directory = run.join(format!("rank_{rank}"));
            let text = std::fs::read(directory.join("summary.json")).unwrap();
            let summary: Summary = serde_json::from_slice(&text).unwrap();
            submitted += summary.counts.submitted;
            analysed += summary.counts.analysed;
            // Each logs its own losses.
            assert_eq!(summary.scalars, STEPS);
            for layer in summary.layers {
                assert_eq!(of.insert(layer.first.layer.name, rank), None);
            }
        }
        assert_eq!((submitted, analysed), (10, 10));
        let mut names: Vec<_> = of.keys().map(String::as_str).collect();
        names.reverse();
        assert_eq!(names, LAYERS);
        let ranks: BTreeSet<_> = of.values().collect();
        assert_eq!(ranks.len(), world.min(2), "the work is shared: {of:?}");
    }
}

fn served(environment: &Environment, loader: Loader) -> Result<(), Failed> {
    let base = tempfile::tempdir()?;
    let run = base.path().join("x");
    run_all(2, &run);
    let server = environment.serve(&run, loader)?;
    let both = |r: &serde_json::Value| r.as_array().is_some_and(|runs| runs.len() == 2);
    let runs = server.wait_for("/data/runs", both)?;
    let names: BTreeSet<_> =
        runs.as_array().into_iter().flatten().filter_map(|r| r.as_str()).collect();
    assert_eq!(names, BTreeSet::from(["rank_0", "rank_1"]));
    let reports = read_reports(&run)?.reports;
    for layer in LAYERS {
        let directories = [0, 1].map(|rank| format!("rank_{rank}"));
        let own = directories.iter().find(|directory| {
            let of = read_reports(run.join(directory)).map(|found| found.reports);
            of.is_ok_and(|reports| reports.iter().any(|report| report.layer.name == layer))
        });
        let own = own.ok_or("no rank has the layer")?;
        let expected: Vec<(u64, f64)> = reports
            .iter()
            .filter(|report| report.layer.name == layer)
            .map(|report| (report.step, f64::from(report.report.scale.unwrap_or(0.0) as f32)))
            .collect();
        let tag = format!("rmt_4_bulk/scale/{layer}");
        assert_eq!(scalars_of(&server, own, &tag, expected.len())?, expected);
    }
    Ok(())
}
