//! Each page of the real TensorBoard has what the monitor wrote for it, with both data loaders: curves,
//! custom scalars, histograms, pictures, text and HParams; figures are those of metrics.jsonl.

use crate::support::tensorboard::{Environment, Loader, Server, encode, with_both_loaders};
use crate::support::{alone_with_device, train};
use crate::tensorboard_serves_the_run::scalars;
use burn_rmt::{AlertKind, MonitorConfig, Summary};
use libtest_mimic::{Failed, Trial};
use rmt_core::LayerReport;
use rmt_core::figures::{Figure, curves as curves_of_a_layer};
use rmt_monitor::read_reports;
use serde_json::{Value, json};
use std::path::Path;

pub(crate) fn tests() -> Vec<Trial> {
    with_both_loaders(module_path!(), every_page)
}

const STEPS: u64 = 20;
const EVERY: u64 = 5;
const LAYERS: [&str; 2] = ["first.weight", "second.weight"];

/// A run in which the first layer grows by a twentieth at each step, and the second stays as it is: at step 10 it has not
/// learned anything.
fn run(directory: &Path) -> Summary {
    let (_guard, device) = alone_with_device();
    let config = MonitorConfig::new(directory).with_every(EVERY);
    let config = config.with_hyperparameter("width", 24_usize);
    let monitor = config.with_hyperparameter("init", "uniform").init().unwrap();
    let (_, mut model) = train(&device, 1, 2, &burn_rmt::Monitor::disabled(), |_, _| {});
    for step in 0..=STEPS {
        monitor.observe(step, &model);
        monitor.scalar(step, "loss/train", 1.0 / (1 + step) as f64);
        model.first.weight =
            model.first.weight.clone().map(|w| w.mul_scalar(1.05).detach().require_grad());
    }
    monitor.finish()
}

fn every_page(environment: &Environment, loader: Loader) -> Result<(), Failed> {
    let base = tempfile::tempdir()?;
    let directory = base.path().join("x");
    let summary = run(&directory);
    let reports = read_reports(&directory)?.reports;
    assert_eq!(reports.len(), 2 * 5);
    let server = environment.serve(base.path(), loader)?;
    // Written last: all else is there with it.
    let tag = "rmt_0_summary/result";
    let ended = |tags: &Value| names(&tags["x"]).contains(&tag.to_owned());
    server.wait_for("/data/plugin/text/tags", ended)?;
    curves(&server, &reports)?;
    alerts(&server, &summary)?;
    custom_scalars(&server, &reports)?;
    histograms(&server)?;
    pictures(&server)?;
    texts(&server)?;
    hparams(&server, &summary)
}

fn names(list: &Value) -> Vec<String> {
    let texts = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

/// Steps and values of a curve of a layer, from metrics.jsonl.
fn rows(figure: &Figure, name: &str, reports: &[LayerReport]) -> Vec<(u64, f64)> {
    let of_layer = reports.iter().filter(|report| report.layer.name == name);
    let value = |report: &LayerReport| Some(f64::from(figure.drawn(&report.report)? as f32));
    of_layer.filter_map(|report| Some((report.step, value(report)?))).collect()
}

/// Every lean curve, and no other.
fn curves(server: &Server, reports: &[LayerReport]) -> Result<(), Failed> {
    let served = server.get("/data/plugin/scalars/tags")?;
    let mut checked = 0;
    for (curve, figure) in curves_of_a_layer() {
        for name in LAYERS {
            let tag = format!("{}/{}/{name}", curve.group, curve.name);
            let expected = rows(figure, name, reports);
            let there = curve.lean && !expected.is_empty();
            assert_eq!(served["x"].get(&tag).is_some(), there, "{tag}");
            if there {
                assert_eq!(scalars(server, &tag, expected.len())?, expected, "{tag}");
                checked += 1;
            }
        }
    }
    assert!(checked >= 2 * 12, "{checked} curves");
    Ok(())
}

/// Their number so far, and the findings with the one that the run provokes.
fn alerts(server: &Server, summary: &Summary) -> Result<(), Failed> {
    let shifts: Vec<_> =
        summary.alerts.iter().filter(|a| a.alert == AlertKind::LayerDoesNotLearn).collect();
    assert_eq!(shifts.len(), 1, "{shifts:?}");
    assert_eq!((shifts[0].step, shifts[0].layer.as_str()), (10, "second.weight"));
    let so_far = |step| summary.alerts.iter().filter(|alert| alert.step <= step).count() as f64;
    let expected: Vec<(u64, f64)> =
        (0..=STEPS).step_by(EVERY as usize).map(|step| (step, so_far(step))).collect();
    assert_eq!(scalars(server, "rmt_0_summary/alerts", expected.len())?, expected);
    let list = text(server, "rmt_0_summary/findings")?;
    // What happened and what to do.
    for part in [
        "A layer does not learn, step 10</h3>",
        "second.weight",
        "<strong>check</strong>",
        "layer_does_not_learn",
    ] {
        assert!(list.contains(part), "{part} is not in {list}");
    }
    Ok(())
}

/// The layout names curves that are there, and its expressions match one tag each.
fn custom_scalars(server: &Server, reports: &[LayerReport]) -> Result<(), Failed> {
    let there = server.get("/data/plugin/scalars/tags")?;
    let layout = server.get("/data/plugin/custom_scalars/layout")?;
    let categories = layout["category"].as_array().ok_or_else(|| layout.to_string())?;
    let charts: Vec<&Value> =
        categories.iter().flat_map(|c| c["chart"].as_array().into_iter().flatten()).collect();
    let (mut bands, mut lines) = (0, 0);
    for chart in charts {
        for series in chart["margin"]["series"].as_array().into_iter().flatten() {
            for part in ["value", "lower", "upper"] {
                let tag = series[part].as_str().unwrap_or_default();
                assert!(there["x"].get(tag).is_some(), "{part} `{tag}` of {chart}");
            }
            bands += 1;
        }
        for regex in names(&chart["multiline"]["tag"]) {
            let query = format!("run=x&tag={}", encode(&regex));
            let data = server.get(&format!("/data/plugin/custom_scalars/scalars?{query}"))?;
            assert_eq!(data["regex_valid"], true, "{regex}");
            let found = data["tag_to_events"].as_object().ok_or_else(|| data.to_string())?;
            assert_eq!(found.len(), 1, "{regex}: {data}");
            for (tag, events) in found {
                let mut all = curves_of_a_layer();
                let found = all.find(|(c, _)| tag.starts_with(&format!("{}/{}/", c.group, c.name)));
                let (_, figure) = found.ok_or_else(|| tag.clone())?;
                let name = tag.rsplit('/').next().unwrap_or_default();
                let row = |row: &Value| Some((row[1].as_u64()?, row[2].as_f64()?));
                let served: Vec<_> =
                    events.as_array().into_iter().flatten().filter_map(row).collect();
                assert_eq!(served, rows(figure, name, reports), "{tag}");
            }
            lines += 1;
        }
    }
    // Both ends of both layers.
    assert_eq!((bands, lines), (4, 4), "{layout}");
    Ok(())
}

fn histograms(server: &Server) -> Result<(), Failed> {
    let served = server.get("/data/plugin/histograms/tags")?;
    for name in LAYERS {
        // As often as pictures: at the first, second and fourth tick.
        for (tag, count) in [("rmt_3_vectors/left_p", 3), ("rmt_4_bulk/singular_values", 5)] {
            let tag = format!("{tag}/{name}");
            assert!(served["x"].get(&tag).is_some(), "{tag} is not among {served}");
            let query = format!("run=x&tag={}", encode(&tag));
            let rows = server.get(&format!("/data/plugin/histograms/histograms?{query}"))?;
            assert_eq!(rows.as_array().map(Vec::len), Some(count), "{tag}");
        }
    }
    Ok(())
}

/// Of the layers and of the whole run, the last one of the last step.
fn pictures(server: &Server) -> Result<(), Failed> {
    let of_layers = LAYERS.map(|name| format!("rmt_4_bulk/spectrum/{name}"));
    let heat_maps =
        ["evidence", "structure", "structure_norm"].map(|name| format!("rmt_0_summary/{name}"));
    for tag in of_layers.into_iter().chain(heat_maps) {
        let query = format!("run=x&tag={}&sample=0", encode(&tag));
        let rows = server.get(&format!("/data/plugin/images/images?{query}"))?;
        let last = rows.as_array().and_then(|rows| rows.last()).ok_or_else(|| tag.clone())?;
        assert_eq!(last["step"].as_u64(), Some(STEPS), "{tag}");
        let query = last["query"].as_str().ok_or_else(|| last.to_string())?;
        let png = server.bytes(&format!("/data/plugin/images/individualImage?{query}"))?;
        // A PNG begins with its signature and the chunk that has its size.
        let side =
            |at| png.get(at..at + 4).map(|s| s.iter().fold(0, |n, b| 256 * n + u64::from(*b)));
        assert!(png.starts_with(b"\x89PNG"), "{tag}");
        assert!(
            side(16) >= Some(640) && side(20) >= Some(200),
            "{tag}: {:?}",
            (side(16), side(20))
        );
    }
    Ok(())
}

/// The latest text of a tag, as HTML.
fn text(server: &Server, tag: &str) -> Result<String, Failed> {
    let rows = server.get(&format!("/data/plugin/text/text?run=x&tag={}", encode(tag)))?;
    let last = rows.as_array().and_then(|rows| rows.last()).ok_or_else(|| tag.to_owned())?;
    Ok(last["text"].as_str().unwrap_or_default().to_owned())
}

fn texts(server: &Server) -> Result<(), Failed> {
    let guide = text(server, "rmt_0_summary/guide")?;
    for part in ["<h2>How to read this</h2>", "2 matrices", "<code>", "\"every\""] {
        let unquoted = guide.replace("&quot;", "\"");
        assert!(unquoted.contains(part), "{part} is not in {guide}");
    }
    let result = text(server, "rmt_0_summary/result")?;
    for part in ["<table>", "<th>verdict</th>", "<td>first.weight</td>", "5 ticks; 10 of 10"] {
        assert!(result.contains(part), "{part} is not in {result}");
    }
    Ok(())
}

/// The run is a row, with its values and its last figures.
fn hparams(server: &Server, summary: &Summary) -> Result<(), Failed> {
    let query = |path: &str, request: Value| {
        let request = encode(&request.to_string());
        server.get(&format!("/data/plugin/hparams/{path}?request={request}"))
    };
    let experiment = query("experiment", json!({ "experimentName": "" }))?;
    let columns: Vec<&str> = experiment["hparamInfos"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|column| column["name"].as_str())
        .collect();
    assert!(columns.contains(&"width") && columns.contains(&"init"), "{experiment}");
    let statuses = ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"];
    let request =
        json!({ "allowedStatuses": statuses, "colParams": [], "startIndex": 0, "sliceSize": 10 });
    let groups = query("session_groups", request)?;
    let group = &groups["sessionGroups"][0];
    assert_eq!(group["hparams"]["width"].as_f64(), Some(24.0), "{groups}");
    assert_eq!(group["hparams"]["init"].as_str(), Some("uniform"), "{groups}");
    assert_eq!(group["sessions"][0]["status"], "STATUS_SUCCESS", "{groups}");
    let metric = |tag: &str| {
        let values = group["metricValues"].as_array().into_iter().flatten();
        values.filter(|v| v["name"]["tag"] == tag).find_map(|v| v["value"].as_f64())
    };
    let loss = f64::from((1.0 / (1 + STEPS) as f64) as f32);
    assert_eq!(metric("loss/train"), Some(loss), "{groups}");
    assert_eq!(metric("rmt_0_summary/alerts"), Some(summary.alerts_total as f64), "{groups}");
    Ok(())
}
