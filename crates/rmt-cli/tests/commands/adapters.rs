//! Adapters of PEFT on the command line.

use crate::checkpoint::{matrix, write};
use crate::{failure, printed};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// A base of two matrices, and an adapter of rank 2 on the first.
fn files(directory: &Path) {
    let named = [("h.0.attn.q_proj.weight", 1), ("h.0.attn.k_proj.weight", 4)];
    let base = named.map(|(name, seed)| matrix(name, [64, 48], seed, 0.0));
    write(&directory.join("base.safetensors"), &base);
    let adapter = directory.join("adapter");
    fs::create_dir(&adapter).unwrap();
    let factor = |end, shape, seed| {
        matrix(&format!("base_model.model.h.0.attn.q_proj.{end}.weight"), shape, seed, 0.0)
    };
    let factors = [factor("lora_A", [2, 48], 2), factor("lora_B", [64, 2], 3)];
    write(&adapter.join("adapter_model.safetensors"), &factors);
    let config = r#"{"peft_type": "LORA", "r": 2, "lora_alpha": 16}"#;
    fs::write(adapter.join("adapter_config.json"), config).unwrap();
}

fn rows(directory: &Path, arguments: &[&str]) -> Vec<Value> {
    let text = printed(directory, &[arguments, &["--format", "jsonl"]].concat(), 0);
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn an_adapter_is_its_change_alone_or_on_its_base() {
    let directory = tempfile::tempdir().unwrap();
    files(directory.path());
    let alone = rows(directory.path(), &["inspect", "adapter"]);
    assert_eq!(alone.len(), 1);
    assert_eq!(
        (&alone[0]["name"], &alone[0]["kind"]),
        (&"h.0.attn.q_proj.weight".into(), &"query".into())
    );
    assert_eq!(alone[0]["heavy_tail"]["matrix_rank"], 2);
    assert!(alone[0]["verdict"] != "random", "{}", alone[0]);
    let base = ["inspect", "adapter", "--base", "base.safetensors"];
    let added = rows(directory.path(), &base);
    assert_eq!(added.len(), 1);
    assert_eq!(added[0]["heavy_tail"]["matrix_rank"], 48);
    assert_eq!(added[0]["structure"]["above"]["count"], 2, "{}", added[0]);
    let nothing = ["inspect", "base.safetensors", "--base", "base.safetensors"];
    assert!(failure(directory.path(), &nothing, 1).contains("adapter_config.json"));
}

#[test]
fn an_adapter_is_compared_with_its_base() {
    let directory = tempfile::tempdir().unwrap();
    files(directory.path());
    let compared = rows(directory.path(), &["compare", "base.safetensors", "adapter"]);
    let of = |name: &str| compared.iter().find(|row| row["name"] == name).unwrap();
    let query = of("h.0.attn.q_proj.weight");
    assert_eq!(query["status"], "compared", "{query}");
    assert_eq!(query["drift"]["change"]["stable_rank"].as_f64().map(|rank| rank < 2.0), Some(true));
    assert_eq!(of("h.0.attn.k_proj.weight")["status"], "only_before");
    let text = printed(directory.path(), &["compare", "base.safetensors", "adapter"], 0);
    assert!(text.contains("1 of 1 moved; most: h.0.attn.q_proj.weight"), "{text}");
}
