//! `--top`, `--bottom` and `--by`, and the means over the experts of a mixture.

use crate::checkpoint::{matrix, transformer, write};
use crate::{failure, printed};
use std::path::Path;

/// First cells of the first table, below its head.
fn names(text: &str) -> Vec<&str> {
    let rows = text.lines().skip(2).take_while(|line| !line.contains(" matrices"));
    rows.filter_map(|line| line.split("  ").next()).collect()
}

fn inspect(directory: &Path, options: &[&str]) -> String {
    let first = ["inspect", "model.safetensors", "--no-traps"];
    printed(directory, &[&first[..], options].concat(), 0)
}

#[test]
fn the_table_shows_the_first_of_a_column() {
    let directory = tempfile::tempdir().unwrap();
    write(&directory.path().join("model.safetensors"), &transformer(2.0));
    let of = |options: &[&str]| inspect(directory.path(), options);
    let text = of(&["--top", "2"]);
    let learned = ["attention.output", "intermediate"];
    let learned = learned.map(|name| format!("encoder.layer.1.{name}.dense.weight"));
    assert_eq!(names(&text), learned, "{text}");
    assert!(text.contains("2 of 13 matrices, those with the largest above; 1 have none"), "{text}");
    // Means and counts are over all of them.
    assert!(text.contains("13 matrices: 2 structure"), "{text}");
    let text = of(&["--bottom", "1", "--by", "eff-rank", "--exclude", "tiny*"]);
    assert_eq!(names(&text), learned[..1], "{text}");
    // A figure that has no column gets one.
    let text = of(&["--top", "20", "--by", "heavy_tail.log_norm"]);
    assert!(text.lines().next().unwrap().ends_with("heavy_tail.log_norm"), "{text}");
    assert_eq!(names(&text).len(), 13);
    let bad = ["inspect", "model.safetensors", "--top", "1", "--by", "size"];
    let said = crate::rmt(directory.path(), &bad);
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.contains("eff rank"), "{said}");
    let streamed = ["inspect", "model.safetensors", "--top", "1", "--format", "csv"];
    assert!(failure(directory.path(), &streamed, 1).contains("the table is ranked"));
}

#[test]
fn experts_have_their_least_and_largest() {
    let directory = tempfile::tempdir().unwrap();
    let expert = |number: u64| {
        let name = format!("layers.0.mlp.experts.{number}.up_proj.weight");
        matrix(&name, [64, 32], number + 1, if number == 1 { 3.0 } else { 0.0 })
    };
    let mut tensors: Vec<_> = (0..3).map(expert).collect();
    tensors.push(matrix("layers.0.mlp.shared_experts.up_proj.weight", [64, 32], 9, 0.0));
    write(&directory.path().join("model.safetensors"), &tensors);
    let text = inspect(directory.path(), &[]);
    let table = text.split("\n\n").find(|table| table.starts_with("experts")).unwrap();
    let rows: Vec<&str> = table.lines().skip(2).collect();
    let cells: Vec<&str> =
        rows[0].split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
    assert_eq!(cells[..4], ["layers.0.mlp.experts.*.up_proj.weight", "3", "1", "1.0 % (0.0–3.1)"]);
    assert!(!table.contains("shared_experts"), "{table}");
}
