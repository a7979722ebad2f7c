//! Structure told from scale in a pretrained encoder, MiniLM-L6.

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Directions above by kind, the mean of six matrices, as a program of NumPy counts them: by three sign-flipped copies of what
/// is left of the matrix as it is, rows and columns not divided by their scale. Of matrices made with so many directions in
/// noise of the same scale it and this program find as many. Of these this one finds more: the limits are lower ones.
const AT_LEAST: [(&str, f64); 5] =
    [("attention_output", 13.3), ("key", 22.7), ("query", 31.0), ("value", 26.0), ("up", 37.5)];

/// The untrained pooler is random and all else is structure. The counts lie between [`AT_LEAST`] and what deflation
/// finds, which takes scale for structure; below the bulk most of what lies beyond the bare edge is scale.
pub(crate) fn check(file: &Path) {
    let output = Command::new(env!("CARGO_BIN_EXE_rmt"))
        .args(["inspect", "--format", "jsonl", "--no-traps", "--no-vectors"])
        .args(["--exclude", "*embeddings*"])
        .arg(file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows = String::from_utf8(output.stdout).unwrap();
    let rows: Vec<Value> = rows.lines().map(|row| serde_json::from_str(row).unwrap()).collect();
    assert_eq!(rows.len(), 37);
    let mut by_kind: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for row in &rows {
        let pooler = row["name"].as_str().unwrap().contains("pooler");
        assert_eq!(row["verdict"], if pooler { "random" } else { "structure" }, "{}", row["name"]);
        assert!(!row["notes"].to_string().contains("half of the values"), "{}", row["notes"]);
        by_kind.entry(row["kind"].as_str().unwrap()).or_default().push(row);
    }
    let mean = |kind: &str, pointer: &str| {
        let counts =
            by_kind[kind].iter().map(|row| row.pointer(pointer).unwrap().as_f64().unwrap());
        counts.sum::<f64>() / by_kind[kind].len() as f64
    };
    for (kind, at_least) in AT_LEAST {
        let found = mean(kind, "/structure/above/count");
        let deflation = mean(kind, "/significant_above");
        assert!((at_least..=deflation).contains(&found), "{kind}: {found}, {deflation}");
    }
    for kind in ["up", "down"] {
        let (found, edge) = (mean(kind, "/structure/below/count"), mean(kind, "/outliers_below"));
        assert!(found < edge / 3.0, "{kind}: {found}, {edge}");
    }
}
