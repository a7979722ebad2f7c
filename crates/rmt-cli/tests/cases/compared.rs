//! Checkpoints whose names differ.

use crate::Test;
use crate::support::{Cases, path};
use serde_json::Value;

pub(crate) const TESTS: &[Test] = &[
    ("wrappers_within_names_do_not_part_them", wrappers_within_names),
    ("a_base_is_compared_with_its_fine_tuning", a_base_is_compared),
    ("nothing_in_common_is_an_error", nothing_in_common_is_an_error),
    ("unequal_vocabularies_are_compared_on_request", unequal_vocabularies),
];

fn pairs(cases: &Cases, arguments: &[&str]) -> (Vec<Value>, String) {
    let all = [&["compare", "--format", "jsonl"], arguments].concat();
    let (printed, said) = cases.said(&all, 0);
    (printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), said)
}

fn compared(rows: &[Value]) -> Vec<String> {
    rows.iter().filter(|row| row["status"] == "compared").map(path).collect()
}

fn wrappers_within_names(cases: &Cases) {
    let (rows, _) = pairs(cases, &["compiled.pt", "plain.pt"]);
    assert_eq!(compared(&rows), ["encoder.fc1.weight", "head.weight"]);
    assert_eq!(rows.len(), 2);
}

fn a_base_is_compared(cases: &Cases) {
    for files in
        [["base.safetensors", "tuned.safetensors"], ["tuned.safetensors", "base.safetensors"]]
    {
        let (rows, said) = pairs(cases, &files);
        assert_eq!(compared(&rows).len(), 4, "{rows:?}");
        assert!(said.contains("`bert.`") && said.starts_with("note: "), "{said}");
        let status = |status: &str| rows.iter().filter(|row| row["status"] == status).count();
        assert_eq!(status("shape_changed"), 1);
        assert_eq!(status("only_before") + status("only_after"), 1);
    }
}

fn nothing_in_common_is_an_error(cases: &Cases) {
    let (printed, said) = cases.said(&["compare", "foreign.safetensors", "stacks.safetensors"], 1);
    assert!(said.contains("no matrix in common"), "{said}");
    assert!(printed.contains("only before: alpha.beta.weight"), "{printed}");
}

fn unequal_vocabularies(cases: &Cases) {
    let files = ["base.safetensors", "tuned.safetensors", "--common-rows"];
    let (rows, _) = pairs(cases, &files);
    let words = rows.iter().find(|row| path(row).contains("word_embeddings")).unwrap();
    assert_eq!(words["status"], "compared");
    assert_eq!(words["shape"], serde_json::json!([100, 48]));
    assert!(words["after"]["notes"].to_string().contains("first 100 of 104 rows"), "{words}");
}
