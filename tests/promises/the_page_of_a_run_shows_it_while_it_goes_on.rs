//! The run directory's page, opened from disk in a real browser: in the middle of a run its figures are
//! those of metrics.jsonl, it reloads itself and keeps what its reader did, and when the run is over it says
//! so and reloads no more. It loads nothing.

use crate::support::{Capture, require_all, rows};
use libtest_mimic::{Completion, Failed, Trial};
use rmt_core::Orientation;
use rmt_core::layers::LayerId;
use rmt_monitor::{Admission, Bare, Engine, LayerSnapshot, MonitorConfig, WeightValues};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

pub(crate) fn tests() -> Vec<Trial> {
    let module = module_path!().rsplit("::").next().unwrap_or_default();
    let name = format!("{module}::in_a_browser");
    vec![Trial::ignorable_test(name, || match missing() {
        Some(why) if require_all() => Err(why.into()),
        Some(why) => Ok(Completion::ignored_with(why)),
        None => in_a_browser().map(|()| Completion::Completed),
    })]
}

fn missing() -> Option<&'static str> {
    let runs = |program: &std::ffi::OsStr| {
        Command::new(program).arg("--version").output().is_ok_and(|said| said.status.success())
    };
    let chromium = std::env::var_os("CHROMIUM").unwrap_or_else(|| "chromium".into());
    match (runs(&chromium), runs("python3".as_ref())) {
        (false, _) => Some("Chromium is not installed"),
        (_, false) => Some("Python 3 is not installed"),
        _ => None,
    }
}

const LAYERS: [&str; 2] = ["blocks.0.up.weight", "blocks.1.up.weight"];

/// Matrices that grow with the step, the first with one large value more and more.
fn snapshot(step: u64) -> Vec<LayerSnapshot> {
    let layer = |(number, name): (u64, &str)| {
        let mut x = 7 + number;
        let mut value = || {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (x >> 40) as f32 / (1 << 23) as f32 - 1.0
        };
        let grown = |k: usize| if number == 0 { step as f32 * 0.1 * (k % 7) as f32 } else { 0.0 };
        let values = (0..40 * 60).map(|k| (1.0 + step as f32) * value() + grown(k)).collect();
        let weights = Box::new(WeightValues::F32(values));
        LayerSnapshot::new(LayerId::from_name(name), [40, 60], Orientation::OutIn, weights)
    };
    (0..).zip(LAYERS).map(layer).collect()
}

fn train(engine: &Engine, steps: std::ops::RangeInclusive<u64>) {
    for step in steps {
        engine.reached(step);
        engine.submit(step, Admission::Normal, snapshot(step));
    }
}

/// A browser with the page open.
struct Reader {
    child: Child,
    asks: Option<ChildStdin>,
    says: Lines<BufReader<ChildStdout>>,
}

impl Reader {
    fn open(page: &Path) -> Result<Self, Failed> {
        let helper = Path::new(env!("CARGO_MANIFEST_DIR")).join("promises/support/page.py");
        let mut child = Command::new("python3")
            .arg("-B")
            .arg(helper)
            .arg(page)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let says = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        Ok(Self { asks: child.stdin.take(), says, child })
    }

    /// What the page shows once it says `text` of the run.
    fn once(&mut self, text: &str) -> Result<Value, Failed> {
        let asks = self.asks.as_mut().ok_or("no input")?;
        writeln!(asks, "{text}")?;
        let line = self.says.next().ok_or_else(|| format!("no page that says {text}"))??;
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // At the end of its input it closes the browser.
        self.asks = None;
        let _ = self.child.wait();
    }
}

/// The figures on the page are those of the last rows, in full.
fn assert_figures(page: &Value, directory: &Path, step: u64) {
    let logged = rows(directory, "metrics.jsonl");
    let column = |head: &str| {
        let heads = page["heads"].as_array().unwrap();
        heads.iter().position(|found| found == head).unwrap()
    };
    let shown = page["rows"].as_array().unwrap();
    assert_eq!(shown.len(), LAYERS.len());
    for line in shown {
        let row = logged.iter().find(|row| row["name"] == line[0] && row["step"] == step).unwrap();
        for (head, key) in [
            ("σ", "scale"),
            ("largest", "largest"),
            ("edge", "edge_high"),
            ("⟨r⟩", "spacing_ratio"),
        ] {
            assert!(row[key].is_f64(), "{key}");
            assert_eq!(line[column(head)], row[key], "{head}");
        }
        for test in row["tests"].as_array().unwrap() {
            let name = test["name"].as_str().unwrap();
            let head = match name {
                "left" | "right" => format!("p {name}"),
                name => name.to_owned(),
            };
            assert_eq!(line[column(&head)].as_f64(), test["p"].as_f64(), "{head}");
        }
        assert_eq!(line[column("step")].as_f64(), Some(step as f64));
        assert_eq!(line[column("verdict")], row["verdict"]);
    }
}

fn in_a_browser() -> Result<(), Failed> {
    let base = tempfile::tempdir()?;
    let directory = base.path().join("run");
    // Told of each report after the page was.
    let (capture, reports) = Capture::new();
    let config = MonitorConfig::<Bare>::new(&directory).with_every(1).with_sink(capture);
    let engine = config.init()?;
    train(&engine, 0..=0);
    reports.recv()?;
    let mut reader = Reader::open(&directory.join("index.html"))?;
    let first = reader.once("at step 0,")?;
    assert_figures(&first, &directory, 0);
    assert_eq!((first["loads"].as_u64(), first["sorted"].as_str()), (Some(1), None));
    assert!(first["state"].as_str().unwrap().contains("This page reloads itself"));
    let folded = first["folded"].as_u64().unwrap();

    // The next page comes in its time, and the browser finds it by itself.
    train(&engine, 1..=5);
    let middle = reader.once("at step 5,")?;
    assert!(middle["state"].as_str().unwrap().starts_with("Running."), "{middle}");
    assert_figures(&middle, &directory, 5);
    assert!(middle["loads"].as_u64() > Some(1), "{middle}");
    assert!(middle["timers"].as_u64() > Some(0) && middle["refreshes"] == 1, "{middle}");
    // What the reader did is as it was.
    assert_eq!(middle["sorted"], "largest");
    assert_eq!(middle["folded"].as_u64(), Some(folded + 1));
    let held = fs::read_to_string(directory.join("index.html"))?;
    assert!(!held.contains("//") && !held.contains("http:") && !held.contains("src="));

    train(&engine, 6..=6);
    let summary = engine.finish();
    assert!(summary.complete && summary.warnings_total == 0, "{:?}", summary.warnings);
    let last = reader.once("Finished.")?;
    assert_figures(&last, &directory, 6);
    assert!(last["state"].as_str().unwrap().contains("at step 6,"));
    // Nothing is left that could load it again.
    assert_eq!((last["timers"].as_u64(), last["refreshes"].as_u64()), (Some(0), Some(0)));
    assert_eq!(last["sorted"], "largest");
    for seen in [&first, &middle, &last] {
        assert_eq!(seen["fetched"].as_array().map(Vec::len), Some(0), "{seen}");
    }
    Ok(())
}
