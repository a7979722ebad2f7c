//! The output of a small checkpoint, as recorded: the table to the letter, figures to rounding.
//!
//! `RMT_GOLDEN=write cargo test --release --workspace` records it anew.

use crate::checkpoint::{transformer, write};
use crate::printed;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// Relative difference of figures that counts as rounding.
const ROUNDING: f64 = 1e-9;
/// Figures that are rounding themselves, such as angles between equal directions.
const NOTHING: f64 = 1e-11;

/// Relative difference of figures of vectors that counts as rounding: 4e-4 decades of a p-value. `inspect` computes
/// them in single precision (`spectrum/single.rs`), and the record is of double precision.
const SINGLE: f64 = 1e-3;

fn recorded(name: &str, found: &str) -> String {
    let path: PathBuf =
        [env!("CARGO_MANIFEST_DIR"), "tests/commands/golden", name].iter().collect();
    if std::env::var_os("RMT_GOLDEN").is_some_and(|value| value == "write") {
        fs::write(&path, found).unwrap();
    }
    fs::read_to_string(&path).unwrap()
}

/// Two checkpoints, before and after.
fn checkpoints() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    write(&directory.path().join("step0.safetensors"), &transformer(0.0));
    write(&directory.path().join("step100.safetensors"), &transformer(2.0));
    directory
}

/// Whether they are the same figure, of the name `at` in a row.
fn close(found: f64, expected: f64, at: &str) -> bool {
    let size = found.abs().max(expected.abs());
    let vectors = at.starts_with("inspect")
        && ["left", "right", ".tests."].iter().any(|part| at.contains(part));
    let rounding = if vectors { SINGLE * size.max(0.1) } else { ROUNDING * size };
    size < NOTHING || (found - expected).abs() <= rounding
}

fn assert_same(found: &Value, expected: &Value, at: &str) {
    match (found, expected) {
        (Value::Number(a), Value::Number(b)) => {
            assert!(close(a.as_f64().unwrap(), b.as_f64().unwrap(), at), "{at}: {a} {b}");
        }
        (Value::Array(a), Value::Array(b)) => {
            assert_eq!(a.len(), b.len(), "{at}");
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                assert_same(a, b, &format!("{at}.{index}"));
            }
        }
        (Value::Object(a), Value::Object(b)) => {
            let keys = |o: &serde_json::Map<String, Value>| o.keys().cloned().collect::<Vec<_>>();
            assert_eq!(keys(a), keys(b), "{at}");
            a.iter().for_each(|(key, value)| assert_same(value, &b[key], &format!("{at}.{key}")));
        }
        // Notes have figures of their own.
        _ if at.contains(".notes") => {}
        (a, b) => assert_eq!(a, b, "{at}"),
    }
}

fn assert_jsonl(directory: &Path, arguments: &[&str], name: &str) {
    let found = printed(directory, arguments, 0);
    let expected = recorded(name, &found);
    let rows = |text: &str| -> Vec<Value> {
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let (found, expected) = (rows(&found), rows(&expected));
    assert!(!expected.is_empty() && found.len() == expected.len());
    for (number, (found, expected)) in found.iter().zip(&expected).enumerate() {
        assert_same(found, expected, &format!("{name} line {}", number + 1));
    }
}

fn assert_csv(directory: &Path, arguments: &[&str], name: &str) {
    let found = printed(directory, arguments, 0);
    let expected = recorded(name, &found);
    let rows = |text: &str| -> Vec<Vec<String>> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
    };
    let (found, expected) = (rows(&found), rows(&expected));
    assert_eq!(found.len(), expected.len());
    let head = &expected[0];
    assert_eq!(&found[0], head);
    for (found, expected) in found.iter().zip(&expected).skip(1) {
        for ((found, expected), column) in found.iter().zip(expected).zip(head) {
            let at = format!("{name}.{column}");
            let same = match (found.parse::<f64>(), expected.parse::<f64>()) {
                (Ok(found), Ok(expected)) => close(found, expected, &at),
                _ => found == expected || column.ends_with("notes"),
            };
            assert!(same, "{column}: {found} {expected}");
        }
    }
}

#[test]
fn inspect() {
    let directory = checkpoints();
    let path = directory.path();
    let table = printed(path, &["inspect", "step100.safetensors", "-v"], 0);
    assert_eq!(table, recorded("inspect.txt", &table));
    assert!(!table.contains('\u{1b}'));
    assert_jsonl(path, &["inspect", "step100.safetensors", "--format", "jsonl"], "inspect.jsonl");
    assert_csv(path, &["inspect", "step100.safetensors", "--format", "csv"], "inspect.csv");
}

#[test]
fn compare() {
    let directory = checkpoints();
    let path = directory.path();
    let both = ["compare", "step0.safetensors", "step100.safetensors"];
    let table = printed(path, &both, 0);
    assert_eq!(table, recorded("compare.txt", &table));
    let with = |format| [&both[..], &["--include", "*.1.*", "--format", format]].concat();
    assert_jsonl(path, &with("jsonl"), "compare.jsonl");
    assert_csv(path, &with("csv"), "compare.csv");
}
