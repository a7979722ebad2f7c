//! Verdicts and notes of matrices, and the steps of checkpoints.

use crate::Test;
use crate::support::{Cases, notes};

pub(crate) const TESTS: &[Test] = &[
    ("what_cannot_be_judged_fails_an_expectation", what_cannot_be_judged),
    ("steps_are_those_of_the_names", steps_are_those_of_the_names),
    ("blocks_of_two_stacks_are_not_pooled", blocks_of_two_stacks),
    ("entries_beyond_the_correction_are_said", entries_beyond_the_correction),
    ("zero_rows_are_counted", zero_rows_are_counted),
];

fn what_cannot_be_judged(cases: &Cases) {
    for (file, name) in [
        ("nan.safetensors", "b.weight"),
        ("zero.safetensors", "b.weight"),
        ("unread.pt", "meta.weight"),
    ] {
        let (_, said) = cases.said(&["inspect", file, "--expect", "random"], 2);
        assert!(said.contains("could not be judged") && said.contains(name), "{file}: {said}");
    }
    let (_, said) = cases.said(&["inspect", "device_tensor.pt", "--expect", "random"], 2);
    assert!(said.contains("1 of 2 matrices deviate: fc1.weight"), "{said}");
    // What is too small for any test says nothing against it.
    cases.said(&["inspect", "tiny.safetensors", "--expect", "random"], 0);
}

fn steps_are_those_of_the_names(cases: &Cases) {
    let files = [
        "epoch=02-val_loss=0.47.safetensors",
        "epoch=00-val_loss=0.93.safetensors",
        "epoch=01-val_loss=0.51.safetensors",
    ];
    let rows = cases.rows(&files);
    let steps: Vec<u64> = rows.iter().map(|row| row["step"].as_u64().unwrap()).collect();
    assert_eq!(steps, [2, 0, 1]);
    let (table, _) = cases.said(&[&["inspect"], &files[..]].concat(), 0);
    assert!(table.contains("steps: 2, 0, 1, by the number after `epoch`"), "{table}");
}

fn blocks_of_two_stacks(cases: &Cases) {
    let (table, _) = cases.said(&["inspect", "stacks.safetensors"], 0);
    for block in ["encoder.layers.0", "encoder.layers.1", "decoder.layers.0", "decoder.layers.1"] {
        let rows = table.lines().filter(|line| line.split_whitespace().next() == Some(block));
        assert_eq!(rows.count(), 1, "{block}: {table}");
    }
}

fn entries_beyond_the_correction(cases: &Cases) {
    let row = cases.rows(&["pruned.safetensors"]).remove(0);
    assert!(notes(&row, "% of the entries are zero"), "{row}");
    assert!(notes(&row, "the verdict does not rest on them"), "{row}");
    let row = cases.rows(&["pruned.safetensors", "--no-signs"]).remove(0);
    assert!(notes(&row, "--null permutation"), "{row}");
}

fn zero_rows_are_counted(cases: &Cases) {
    let row = cases.rows(&["padded.safetensors"]).remove(0);
    assert!(notes(&row, "56 of 256 rows are zero"), "{row}");
}
