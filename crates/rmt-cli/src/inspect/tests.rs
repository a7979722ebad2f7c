use super::options::Options;
use super::run::inspect;
use crate::checkpoint::Checkpoint;
use crate::formats::{Convention, Element, Entry, FormatError, Source};
use crate::matrices::{Wanted, plan};
use crate::status::Status;
use clap::Parser;
use rmt_core::{Analyser, AnalysisOptions, Nulls};
use rmt_monitor::WeightValues;
use std::path::PathBuf;

/// Three matrices, of which the second cannot be read and the third makes the reader panic.
struct Faulty {
    entries: Vec<Entry>,
}

impl Faulty {
    fn new() -> Self {
        let names = ["a.weight", "b\u{1b}.weight", "c.weight", "d.weight"];
        let entry = |name: &str| Entry {
            name: name.into(),
            shape: vec![20, 30],
            element: Element::F32,
            bytes: 2400,
        };
        Self { entries: names.map(entry).into() }
    }
}

impl Source for Faulty {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn convention(&self) -> Convention {
        Convention::OutIn
    }

    fn read(&self, entry: usize) -> Result<WeightValues, FormatError> {
        let path = PathBuf::from("faulty.bin");
        match entry {
            1 => Err(FormatError { path, problem: "the disk is gone".into() }),
            2 => panic!("a test panics on purpose"),
            _ => Ok(WeightValues::F32(
                (0..600_u32).map(|i| (i * i * 7919 % 1009) as f32 - 504.0).collect(),
            )),
        }
    }
}

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    options: Options,
}

/// What is printed over the faulty checkpoint, and what the run says.
fn run(options: &[&str]) -> (String, Status) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("out");
    let line = ["inspect", "faulty.bin", "-o", file.to_str().unwrap()];
    let options = Line::parse_from([&line[..], options].concat()).options;
    let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default()).unwrap();
    let source: Box<dyn Source> = Box::new(Faulty::new());
    let plan = plan(source.as_ref(), &Wanted::default()).unwrap();
    let checkpoint =
        Checkpoint { path: "faulty.bin".into(), step: 4, step_from: None, source, plan };
    let status = inspect(&options, &analyser, &[checkpoint]).unwrap();
    (std::fs::read_to_string(&file).unwrap(), status)
}

#[test]
fn a_matrix_that_fails_loses_no_other() {
    for jobs in ["1", "3"] {
        let (text, status) = run(&["--format", "jsonl", "--jobs", jobs]);
        assert_eq!(status, Status::Failed);
        let rows: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let verdicts: Vec<&str> = rows.iter().map(|row| row["verdict"].as_str().unwrap()).collect();
        assert_eq!(verdicts[1..3], ["not_estimable"; 2]);
        assert!(verdicts[0] != "not_estimable" && verdicts[3] == verdicts[0], "{verdicts:?}");
        assert_eq!(rows[1]["notes"][0], "faulty.bin: the disk is gone");
        assert!(rows[2]["notes"][0].as_str().unwrap().contains("panicked"));
        assert!(rows.iter().all(|row| row["step"] == 4 && row["shape"][1] == 30));
    }
    let (table, status) = run(&["--expect", "deviates"]);
    assert_eq!(status, Status::Failed);
    assert!(table.contains("failed: b\u{fffd}.weight: faulty.bin: the disk is gone\n"), "{table}");
    assert!(table.lines().any(|line| line.starts_with("c.weight") && line.contains("failed")));
    assert!(table.contains("2 failed") && table.contains("d.weight"));
    let (csv, _) = run(&["--format", "csv"]);
    assert_eq!(csv.lines().count(), 5);
}
