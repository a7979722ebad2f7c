//! The real TensorBoard, with both of its data loaders, serves the run's scalars and histograms
//! with the right steps and values.

use crate::support::tensorboard::{Environment, Loader, Server, encode, with_both_loaders};
use crate::support::{Capture, alone_with_device, test, train};
use burn_rmt::TensorBoardConfig;
use burn_rmt::{Detail, MonitorConfig};
use libtest_mimic::{Failed, Trial};
use rmt_core::LayerReport;
use rmt_core::Table;
use rmt_monitor::sinks::write_table;
use std::path::Path;

pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = with_both_loaders(module_path!(), served);
    tests.push(test(module_path!(), "values_that_are_not_finite_stay_out", not_finite));
    tests
}

const STEPS: u64 = 20;

/// A run of two sessions: the second begins again at step 10, and replaces what the first said.
fn run(directory: &Path) -> Vec<LayerReport> {
    let (_guard, device) = alone_with_device();
    let mut kept: Vec<LayerReport> = Vec::new();
    for (first_step, seed) in [(0, 1), (10, 2)] {
        let (capture, reports) = Capture::new();
        let config = MonitorConfig::new(directory).with_every(5).with_sink(capture);
        let config = config
            .with_resume(true)
            .with_tensorboard(TensorBoardConfig::new().with_detail(Detail::All));
        let monitor = config.init().unwrap();
        let (_, mut model) = train(&device, seed, 2, &burn_rmt::Monitor::disabled(), |_, _| {});
        for step in first_step..=STEPS {
            monitor.observe(step, &model);
            monitor.scalar(step, "loss/train", (100 * seed + step) as f64);
            let moved = model.first.weight.clone().map(|w| w.mul_scalar(1.01).detach());
            model.first.weight = moved;
        }
        monitor.finish();
        kept.retain(|report| report.step < first_step);
        kept.extend(reports.try_iter());
    }
    kept
}

/// Tables, into a directory of their own and into that of a run that is over.
fn log_tables(base: &Path) {
    let text = |cells: &[&str]| cells.iter().map(|&cell| cell.to_owned()).collect();
    let table = Table::new(text(&["law", "above"]), vec![text(&["uniform", "agree 0.5"])]);
    for run in ["table", "x"] {
        write_table(&base.join(run), "sanity", 0, &table).unwrap();
    }
}

/// The text page shows them as tables.
fn tables(server: &Server) -> Result<(), Failed> {
    let tag = "rmt_0_summary/sanity";
    for run in ["table", "x"] {
        let shown = |served: &serde_json::Value| {
            served[run].as_array().is_some_and(|tags| tags.iter().any(|there| there == tag))
        };
        server.wait_for("/data/plugin/text/tags", shown)?;
        let query = format!("/data/plugin/text/text?run={run}&tag={}", encode(tag));
        let page = server.get(&query)?;
        let html = page[0]["text"].as_str().unwrap_or_default();
        for cell in ["<table>", "<th>law</th>", "<td>uniform</td>", "<td>agree 0.5</td>"] {
            assert!(html.contains(cell), "{cell} is not in {page}");
        }
    }
    Ok(())
}

fn served(environment: &Environment, loader: Loader) -> Result<(), Failed> {
    let base = tempfile::tempdir()?;
    let reports = run(&base.path().join("x"));
    assert_eq!(reports.len(), 2 * 5);
    log_tables(base.path());
    let server = environment.serve(base.path(), loader)?;
    // First, so that the table's file has been read when the curves are asked for: it must not
    // replace them.
    tables(&server)?;

    // The user's scalars: session 0 up to step 9, then session 1.
    let expected: Vec<(u64, f64)> =
        (0..=STEPS).map(|s| (s, s as f64 + if s < 10 { 100.0 } else { 200.0 })).collect();
    assert_eq!(scalars(&server, "loss/train", expected.len())?, expected);

    let tags = server.get("/data/plugin/scalars/tags")?;
    for (tag, value) in curves() {
        for name in ["first.weight", "second.weight"] {
            let tag = tag.replace("{}", name);
            assert!(tags["x"].get(&tag).is_some(), "{tag} is not among {tags}");
            let expected: Vec<(u64, f64)> = reports
                .iter()
                .filter(|r| r.layer.name == name)
                .map(|r| (r.step, f64::from(value(r) as f32)))
                .collect();
            assert_eq!(scalars(&server, &tag, expected.len())?, expected, "{tag}");
        }
    }
    for name in ["first.weight", "second.weight"] {
        histogram(&server, name, &reports)?;
    }
    Ok(())
}

type Curve = (&'static str, fn(&LayerReport) -> f64);

/// One curve of each group, by its fixed tag.
fn curves() -> [Curve; 6] {
    [
        ("rmt_1_above/largest_over_edge/{}", |r| {
            r.report.largest.unwrap() / r.report.edge_high.unwrap()
        }),
        ("rmt_2_below/minus_log10_p/{}", |r| -r.report.p_below.unwrap().log10()),
        ("rmt_3_vectors/left_ipr/{}", |r| r.report.left.as_ref().unwrap().ipr),
        ("rmt_4_bulk/spacing_ratio/{}", |r| r.report.spacing_ratio.unwrap()),
        ("rmt_4_bulk/scale/{}", |r| r.report.scale.unwrap()),
        ("rmt_7_heavy_tail/stable_rank/{}", |r| {
            r.report.heavy_tail.as_ref().unwrap().stable_rank.unwrap()
        }),
    ]
}

/// Steps and values of a curve of the run `x`, once it has so many points.
pub(crate) fn scalars(server: &Server, tag: &str, count: usize) -> Result<Vec<(u64, f64)>, Failed> {
    scalars_of(server, "x", tag, count)
}

/// The same of another run.
pub(crate) fn scalars_of(
    server: &Server,
    run: &str,
    tag: &str,
    count: usize,
) -> Result<Vec<(u64, f64)>, Failed> {
    let query = format!("/data/plugin/scalars/scalars?run={run}&tag={}", encode(tag));
    let complete = |reply: &serde_json::Value| reply.as_array().is_some_and(|a| a.len() >= count);
    let reply = server.wait_for(&query, complete)?;
    // Rows are [wall time, step, value].
    let row = |row: &serde_json::Value| Some((row[1].as_u64()?, row[2].as_f64()?));
    let rows: Option<Vec<_>> = reply.as_array().and_then(|rows| rows.iter().map(row).collect());
    rows.ok_or_else(|| format!("unexpected reply for {tag}: {reply}").into())
}

fn histogram(server: &Server, name: &str, reports: &[LayerReport]) -> Result<(), Failed> {
    let tag = format!("rmt_4_bulk/singular_values/{name}");
    let query = format!("/data/plugin/histograms/histograms?run=x&tag={}", encode(&tag));
    let reply = server.wait_for(&query, |r| r.as_array().is_some_and(|a| a.len() >= 5))?;
    let rows = reply.as_array().unwrap();
    let reports: Vec<_> = reports.iter().filter(|r| r.layer.name == name).collect();
    assert_eq!(rows.len(), reports.len());
    for (row, report) in rows.iter().zip(reports) {
        assert_eq!(row[1].as_u64(), Some(report.step));
        let values = &report.profile.as_ref().unwrap().singular_values;
        let bins = row[2].as_array().unwrap();
        let number = |bin: &serde_json::Value, i: usize| bin[i].as_f64().unwrap();
        let counted: f64 = bins.iter().map(|bin| number(bin, 2)).sum();
        assert_eq!(counted, values.len() as f64);
        let (low, high) = (number(&bins[0], 0), number(&bins[bins.len() - 1], 1));
        assert_eq!((low, high), (values[values.len() - 1], values[0]));
        // Every bin holds what lies between its edges.
        for bin in bins {
            let (left, right) = (number(bin, 0), number(bin, 1));
            let inside = values.iter().filter(|&&x| left <= x && (x < right || right == high));
            assert_eq!(number(bin, 2), inside.count() as f64, "{left} … {right}");
        }
    }
    Ok(())
}

fn not_finite() {
    let base = tempfile::tempdir().unwrap();
    let monitor = MonitorConfig::new(base.path().join("x")).init().unwrap();
    for value in [f64::NAN, f64::INFINITY, 1.0] {
        monitor.scalar(1, "loss", value);
    }
    let summary = monitor.finish();
    assert_eq!((summary.scalars, summary.scalars_dropped), (1, 2));
}
