//! Parts of an inspection: they are everything once, and whatever is missing or doubled is refused.

use crate::checkpoint::{matrix, transformer, write};
use crate::{failure, printed};
use std::fs;
use std::path::Path;

fn checkpoints() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    write(&directory.path().join("step0.safetensors"), &transformer(0.0));
    write(&directory.path().join("step100.safetensors"), &transformer(2.0));
    directory
}

const INSPECT: [&str; 5] =
    ["inspect", "step0.safetensors", "step100.safetensors", "--format", "jsonl"];

/// Writes all parts of `world` and gives their names.
fn parts(directory: &Path, world: usize) -> Vec<String> {
    let part = |rank: usize| {
        let name = format!("part{rank}of{world}.jsonl");
        let shard = format!("{rank}/{world}");
        printed(directory, &[&INSPECT[..], &["--shard", &shard, "-o", &name]].concat(), 0);
        name
    };
    (0..world).map(part).collect()
}

fn merge(names: &[String]) -> Vec<&str> {
    ["merge"].into_iter().chain(names.iter().map(String::as_str)).collect()
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn merged_parts_are_the_whole() {
    let directory = checkpoints();
    let path = directory.path();
    for extra in [&[][..], &["--spectrum"]] {
        let whole = printed(path, &[&INSPECT[..], extra].concat(), 0);
        for world in [1, 2, 7] {
            let part = |rank: usize| {
                let (name, shard) = (format!("{rank}.jsonl"), format!("{rank}/{world}"));
                let own = ["--shard", &shard, "-o", &name];
                printed(path, &[&INSPECT[..], extra, &own].concat(), 0);
                name
            };
            let mut names: Vec<String> = (0..world).map(part).collect();
            // Whatever their order is.
            names.reverse();
            let merged = printed(path, &merge(&names), 0);
            assert_eq!(sorted(&merged), sorted(&whole), "{world} parts");
            assert_eq!(merged, whole);
            printed(path, &[&merge(&names)[..], &["-o", "all.jsonl"]].concat(), 0);
            assert_eq!(fs::read_to_string(path.join("all.jsonl")).unwrap(), whole);
        }
    }
}

#[test]
fn missing_and_doubled_parts_are_named() {
    let directory = checkpoints();
    let path = directory.path();
    let names = parts(path, 3);
    let refused = |arguments: &[&str]| failure(path, arguments, 1);

    let error = refused(&["merge", &names[0], &names[2]]);
    assert!(error.contains("part 1/3 missing"), "{error}");
    let second = fs::read_to_string(path.join(&names[1])).unwrap();
    let name_in = |line: usize| -> String {
        let row: serde_json::Value =
            serde_json::from_str(second.lines().nth(line).unwrap()).unwrap();
        row["name"].as_str().unwrap().to_owned()
    };
    assert!(error.contains(&name_in(1)), "{error}");
    let error = refused(&["merge", &names[0]]);
    assert!(error.contains("parts 1/3, 2/3 missing"), "{error}");

    fs::copy(path.join(&names[1]), path.join("again.jsonl")).unwrap();
    let error = refused(&[&merge(&names)[..], &["again.jsonl"]].concat());
    assert!(error.contains("again.jsonl") && error.contains("both part 1/3"), "{error}");

    // A process that was killed: at the end of a line, and within one.
    let (whole, last) = second.trim_end().rsplit_once('\n').unwrap();
    let lost = name_in(second.lines().count() - 1);
    for cut in [format!("{whole}\n"), format!("{whole}\n{}", &last[..last.len() / 2])] {
        fs::write(path.join("cut.jsonl"), cut).unwrap();
        let error = refused(&["merge", &names[0], "cut.jsonl", &names[2]]);
        assert!(error.contains("cut.jsonl: part 1/3 is not complete"), "{error}");
        assert!(error.contains(&lost), "{error}");
    }
    fs::write(path.join("twice.jsonl"), format!("{second}{last}\n")).unwrap();
    let error = refused(&["merge", &names[0], "twice.jsonl", &names[2]]);
    assert!(error.contains("there twice") && error.contains(&lost), "{error}");

    // Of another inspection: another number of parts, other matrices, other options.
    let others = parts(path, 2);
    let error = refused(&["merge", &names[0], &others[1]]);
    assert!(error.contains("different numbers of parts"), "{error}");
    let other = ["--shard", "1/3", "--level", ".05", "-o", "level.jsonl"];
    printed(path, &[&INSPECT[..], &other].concat(), 0);
    let error = refused(&["merge", &names[0], "level.jsonl", &names[2]]);
    assert!(error.contains("options"), "{error}");
    let other = ["--shard", "1/3", "--include", "*.0.*", "-o", "fewer.jsonl"];
    printed(path, &[&INSPECT[..], &other].concat(), 0);
    let error = refused(&["merge", &names[0], "fewer.jsonl", &names[2]]);
    assert!(error.contains("different matrices"), "{error}");

    // No part at all, and one that is the output.
    printed(path, &[&INSPECT[..], &["-o", "whole.jsonl"]].concat(), 0);
    let error = refused(&["merge", "whole.jsonl"]);
    assert!(error.contains("whole.jsonl: its first line"), "{error}");
    let error = refused(&[&merge(&names)[..], &["-o", &names[0]]].concat());
    assert!(error.contains("choose another file"), "{error}");
    assert_eq!(fs::read_to_string(path.join(&names[1])).unwrap(), second);
}

#[test]
fn options_that_need_all_matrices_are_refused_for_a_part() {
    let directory = checkpoints();
    let path = directory.path();
    let error = failure(path, &["inspect", "step0.safetensors", "--shard", "0/2"], 1);
    assert!(error.contains("--format jsonl"), "{error}");
    for other in [["--expect", "random"], ["--tensorboard", "run"]] {
        let arguments = [&INSPECT[..], &["--shard", "0/2"], &other].concat();
        assert_eq!(crate::rmt(path, &arguments).status.code(), Some(1), "{other:?}");
    }
}

#[test]
fn a_dry_run_prints_the_plan_and_analyses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let layer = |i: u64| matrix(&format!("layers.{i}.mlp.up.weight"), [64, 96], i, 0.0);
    write(&path.join("model.safetensors"), &(0..8).map(layer).collect::<Vec<_>>());
    let dry = ["inspect", "model.safetensors", "--dry-run"];
    let text = printed(path, &[&dry[..], &["--shard", "1/4"]].concat(), 0);
    // Two matrices of eight, and four parts of a quarter each.
    assert_eq!(text.matches("12.5 %").count(), 2, "{text}");
    assert_eq!(text.matches("25.0 %").count(), 4, "{text}");
    assert!(text.contains("1/4 *") && text.contains("forecast"), "{text}");
    assert!(!text.contains("verdict"), "{text}");
    let text = printed(path, &dry, 0);
    assert_eq!(text.matches("mlp.up.weight").count(), 8, "{text}");
    assert!(text.contains("100.0 %"), "{text}");
}
