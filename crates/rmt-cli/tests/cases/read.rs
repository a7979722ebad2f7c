//! What is in a checkpoint is analysed, or named with the reason.

use crate::Test;
use crate::support::{Cases, notes, path};

pub(crate) const TESTS: &[Test] = &[
    ("what_has_a_shape_is_read_or_named", what_has_a_shape_is_read_or_named),
    ("arrays_in_a_pickle_are_read", arrays_in_a_pickle_are_read),
    ("state_of_an_optimizer_is_no_weight_whatever_its_key", state_of_an_optimizer),
    ("metadata_of_any_kind_refuses_nothing", metadata_of_any_kind_refuses_nothing),
    ("a_list_a_tuple_or_a_tensor_at_the_root", at_the_root),
    ("an_expanded_view_is_named_and_the_rest_read", an_expanded_view),
    ("a_weight_norm_is_formed_or_said_not_to_be", a_weight_norm),
    ("tied_matrices_are_analysed_once", tied_matrices_are_analysed_once),
    ("grouped_queries_go_by_the_configuration", grouped_queries),
];

fn what_has_a_shape_is_read_or_named(cases: &Cases) {
    cases.agree("device_tensor.pt");
    cases.agree("subclass.pt");
    assert_eq!(cases.names("unread.pt"), ["fc1.weight", "fc2.weight"]);
    let (table, _) = cases.said(&["inspect", "unread.pt", "-v"], 0);
    for (name, why) in [
        ("meta.weight", "meta tensor"),
        ("sparse.weight", "sparse"),
        ("quantized.weight", "quantized"),
        ("wrapped.weight", "_rebuild_wrapper_subclass"),
        ("complex.weight", "C64"),
        ("eight.weight", "float8_e4m3fnuz"),
    ] {
        let lines: Vec<&str> = table.lines().collect();
        let at = lines.iter().position(|line| line.trim() == name);
        let at = at.unwrap_or_else(|| panic!("{name} is not named: {table}"));
        let reason = lines[..at].iter().rev().find(|line| line.starts_with("skipped: "));
        assert!(reason.is_some_and(|line| line.contains(why)), "{name}: {reason:?}");
    }
}

fn arrays_in_a_pickle_are_read(cases: &Cases) {
    cases.agree("arrays2.pt");
    cases.agree("arrays4.pt");
}

fn state_of_an_optimizer(cases: &Cases) {
    assert_eq!(cases.names("optimizers.pt"), ["fc1.weight", "fc2.weight"]);
    let (table, _) = cases.said(&["inspect", "optimizers.pt"], 0);
    assert!(table.contains("9 tensors of the optimizer's and trainer's state"), "{table}");
}

fn metadata_of_any_kind_refuses_nothing(cases: &Cases) {
    assert_eq!(cases.names("metadata.ckpt"), ["fc1.weight", "fc2.weight"]);
    assert_eq!(cases.names("keys.pt"), ["(a, 1)", "0.5"]);
}

fn at_the_root(cases: &Cases) {
    assert_eq!(cases.names("list.pt"), ["0", "1"]);
    assert_eq!(cases.names("tuple.pt"), ["0", "1.a"]);
    assert_eq!(cases.names("tensor.pt").len(), 1);
}

fn an_expanded_view(cases: &Cases) {
    assert_eq!(cases.names("expanded.pt"), ["fc1.weight", "fc2.weight"]);
    let (table, _) = cases.said(&["inspect", "expanded.pt", "-v"], 0);
    assert!(table.contains("alibi") && table.contains("repeats its values"), "{table}");
}

fn a_weight_norm(cases: &Cases) {
    cases.agree("weight_norm.safetensors");
    let rows = cases.rows(&["weight_norm.safetensors"]);
    let said = |name: &str, says: &str| {
        let row = rows.iter().find(|row| path(row) == name).unwrap();
        assert!(notes(row, says), "{row}");
    };
    said("old.weight", "formed from its direction");
    said("new.weight", "formed from its direction");
    said("odd.weight_v", "not the weight");
    assert_eq!(rows.len(), 3);
}

fn tied_matrices_are_analysed_once(cases: &Cases) {
    for (file, name, alias) in [
        ("tied.pt", "transformer.wte.weight", "lm_head.weight"),
        ("tied.safetensors", "model.embed_tokens.weight", "lm_head.weight"),
    ] {
        let rows = cases.rows(&[file]);
        let row = rows.iter().find(|row| path(row) == name).unwrap();
        assert!(notes(row, alias), "{row}");
        assert!(rows.iter().all(|row| path(row) != alias));
    }
    // Zeros are equal by chance.
    assert_eq!(cases.names("tied.safetensors").len(), 4);
    // One that is asked for is there.
    let asked = cases.rows(&["tied.pt", "--include", "lm_head.*"]);
    assert_eq!(asked.iter().map(path).collect::<Vec<_>>(), ["lm_head.weight"]);
}

fn grouped_queries(cases: &Cases) {
    let rows = cases.rows(&["grouped"]);
    let widths: Vec<u64> = rows.iter().map(|row| row["shape"][0].as_u64().unwrap()).collect();
    assert_eq!(widths, [64, 32, 32]);
}
