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
    assert_eq!((verdict("before"), verdict("after")), ("random".into(), "deviates".into()));
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
    assert_eq!((verdict("before"), verdict("after")), ("random", "deviates"));
    // The entries are the same ones.
    let scale = |side: &str| row[side]["scale_entries"].as_f64().unwrap();
    assert!((scale("before") / scale("after") - 1.0).abs() < 1e-12);
    assert_eq!(row, of("7"));
    assert_ne!(row["before"]["largest"], of("8")["before"]["largest"]);
}
