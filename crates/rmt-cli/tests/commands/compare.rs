//! What `rmt compare` says of two checkpoints.

use crate::checkpoint::{matrix, write};
use crate::printed;
use serde_json::Value;
use std::path::Path;

fn rows(directory: &Path, arguments: &[&str]) -> Vec<Value> {
    let all = [&["compare"], arguments, &["--format", "jsonl"]].concat();
    let text = printed(directory, &all, 0);
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn matrices_are_matched_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let same = matrix("same.weight", [32, 48], 1, 0.0);
    let old = [
        same.clone(),
        matrix("moved.weight", [32, 48], 2, 0.0),
        matrix("shape.weight", [32, 48], 3, 0.0),
        matrix("gone.weight", [32, 48], 4, 0.0),
    ];
    let new = [
        matrix("new.weight", [32, 48], 5, 0.0),
        matrix("shape.weight", [32, 64], 3, 0.0),
        matrix("moved.weight", [32, 48], 2, 2.0),
        same,
    ];
    write(&path.join("a.safetensors"), &old);
    write(&path.join("b.safetensors"), &new);
    let rows = rows(path, &["a.safetensors", "b.safetensors"]);
    let of = |name: &str| rows.iter().find(|row| row["name"] == name).unwrap();
    let status = |name: &str| of(name)["status"].as_str().unwrap().to_owned();
    assert_eq!(rows.len(), 5);
    assert_eq!(status("gone.weight"), "only_before");
    assert_eq!(status("new.weight"), "only_after");
    assert_eq!(status("shape.weight"), "shape_changed");
    assert_eq!(of("shape.weight")["reason"], "32×48 before, 32×64 after");
    let norm = |name: &str| of(name)["drift"]["relative_norm"].as_f64().unwrap();
    assert_eq!((status("same.weight"), norm("same.weight")), ("compared".into(), 0.0));
    // ‖2·u vᵀ‖ = 2 beside ‖W‖ ≈ √32 of entries of variance 1/48.
    assert!((norm("moved.weight") / (2.0 / 32_f64.sqrt()) - 1.0).abs() < 0.1);
    assert_eq!(of("moved.weight")["drift"]["change"]["significant_above"], 1);
    let verdict = |side: &str| of("moved.weight")[side]["verdict"].as_str().unwrap().to_owned();
    assert_eq!((verdict("before"), verdict("after")), ("random".into(), "structure".into()));
    let text = printed(path, &["compare", "a.safetensors", "b.safetensors"], 0);
    for line in ["only before: gone.weight", "only after: new.weight", "not compared: shape.weight"]
    {
        assert!(text.contains(line), "{text}");
    }
}

#[test]
fn structure_is_what_a_random_order_loses() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write(&path.join("m.safetensors"), &[matrix("learned.weight", [48, 96], 1, 2.0)]);
    let of = |seed: &str| rows(path, &["m.safetensors", "--random", "--seed", seed]).remove(0);
    let row = of("7");
    let verdict = |side: &str| row[side]["verdict"].as_str().unwrap();
    assert_eq!((verdict("before"), verdict("after")), ("random", "structure"));
    // The entries are the same ones.
    let scale = |side: &str| row[side]["scale_entries"].as_f64().unwrap();
    assert!((scale("before") / scale("after") - 1.0).abs() < 1e-12);
    assert_eq!(row, of("7"));
    assert_ne!(row["before"]["largest"], of("8")["before"]["largest"]);
}

/// An array of doubles as NumPy writes it.
fn npy(path: &Path, [rows, cols]: [usize; 2], factor: f64) {
    let head = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({rows}, {cols}), }}");
    let head = format!("{head:<117}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((head.len() as u16).to_le_bytes());
    bytes.extend(head.as_bytes());
    let value = |i: usize| factor * (((i * i) as f64 * 0.754_877).fract() - 0.5);
    bytes.extend((1..=rows * cols).flat_map(|i| value(i).to_le_bytes()));
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn two_files_of_one_matrix_are_a_pair_whatever_their_names() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    npy(&path.join("a.npy"), [32, 48], 1.0);
    npy(&path.join("b.npy"), [32, 48], 2.0);
    // A note says so, beside the rows.
    let rows = |files: &[&str]| -> Vec<Value> {
        let output = crate::rmt(path, &[&["compare", "--format", "jsonl"], files].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let found = rows(&["a.npy", "b.npy"]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["status"], "compared");
    assert!((found[0]["drift"]["relative_norm"].as_f64().unwrap() - 1.0).abs() < 1e-12);
    let output = crate::rmt(path, &["compare", "a.npy", "b.npy"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("note: `a` of a.npy is compared with `b` of b.npy"), "{said}");
    // Another shape is one, too; a second matrix on one side is a choice that names must make.
    npy(&path.join("c.npy"), [32, 64], 1.0);
    assert_eq!(rows(&["a.npy", "c.npy"])[0]["status"], "shape_changed");
    let two =
        [("x.weight", 1), ("y.weight", 2)].map(|(name, seed)| matrix(name, [32, 48], seed, 0.0));
    write(&path.join("two.safetensors"), &two);
    let statuses = |found: Vec<Value>| found.iter().all(|row| row["status"] != "compared");
    assert!(statuses(rows(&["a.npy", "two.safetensors"])));
    let one_of_two = ["a.npy", "two.safetensors", "--include", "*x*", "--include", "a"];
    assert!(statuses(rows(&one_of_two)));
}
