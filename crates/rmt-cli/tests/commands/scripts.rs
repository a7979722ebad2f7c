//! `rmt inspect` as a script runs it.

use crate::checkpoint::{Tensor, matrix, write};
use crate::{command, printed, rmt};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use rmt_core::LayerReport;
use safetensors::Dtype;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

/// A Gaussian matrix, by Box and Muller's method.
fn gaussian(name: &str, [rows, cols]: [usize; 2], seed: u64) -> Tensor {
    use rand::RngExt;
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut entry = || {
        let (u, v): (f64, f64) = (1.0 - rng.random::<f64>(), rng.random());
        ((-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()) as f32
    };
    let bytes = (0..rows * cols).flat_map(|_| entry().to_le_bytes()).collect();
    (name.to_owned(), Dtype::F32, vec![rows, cols], bytes)
}

fn rows(directory: &Path, arguments: &[&str]) -> Vec<LayerReport> {
    let all = [&["inspect"], arguments, &["--format", "jsonl"]].concat();
    let text = printed(directory, &all, 0);
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Checkpoints of sixty matrices each, as many as are called not random with a probability of 1 % each:
/// over 20 of them more than two is an event of probability 0.001.
#[test]
fn many_random_matrices_are_random() {
    const CHECKPOINTS: u64 = 20;
    const MATRICES: u64 = 60;
    let shapes = [[24, 24], [24, 48], [32, 40], [64, 24], [16, 96], [48, 48]];
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let (mut wrong, mut deviating) = (0, 0);
    for checkpoint in 0..CHECKPOINTS {
        let tensors: Vec<Tensor> = (0..MATRICES)
            .map(|number| {
                let shape = shapes[number as usize % shapes.len()];
                gaussian(&format!("m.{number}.weight"), shape, 1000 * checkpoint + number)
            })
            .collect();
        write(&path.join("random.safetensors"), &tensors);
        let arguments = ["inspect", "random.safetensors", "--format", "jsonl"];
        let output = rmt(path, &[&arguments[..], &["--expect", "random"]].concat());
        assert!(matches!(output.status.code(), Some(0 | 2)));
        wrong += usize::from(output.status.code() == Some(2));
        let verdicts = String::from_utf8(output.stdout).unwrap();
        let verdicts =
            verdicts.lines().map(|line| serde_json::from_str::<LayerReport>(line).unwrap());
        deviating += verdicts.filter(|row| row.report.verdict.deviates()).count();
    }
    assert!(wrong <= 2, "{wrong} of {CHECKPOINTS}");
    // Of the matrices alone 1 % may deviate: 12 of 1200 with a standard deviation of 3.5.
    assert!((1..=26).contains(&deviating), "{deviating}");
    // One that has learned is found among as many.
    let mut tensors: Vec<Tensor> =
        (0..59).map(|number| gaussian(&format!("m.{number}.weight"), [24, 48], number)).collect();
    tensors.push(matrix("learned.weight", [48, 48], 7, 4.0));
    write(&path.join("learned.safetensors"), &tensors);
    let output = rmt(path, &["inspect", "learned.safetensors", "--expect", "random"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("learned.weight"));
}

#[test]
fn it_ends_without_a_word_when_its_reader_goes_away() {
    let directory = tempfile::tempdir().unwrap();
    // More than a pipe holds (64 KiB): it is closed while there is more to write.
    let tensors: Vec<Tensor> =
        (0..300).map(|number| gaussian(&format!("m.{number}"), [16, 24], number)).collect();
    write(&directory.path().join("m.safetensors"), &tensors);
    for format in ["jsonl", "csv", "table"] {
        let arguments = ["inspect", "m.safetensors", "--format", format];
        let whole = rmt(directory.path(), &arguments).stdout.len();
        assert!(format == "table" || whole > 1 << 17, "{format}: {whole}");
        let mut child = command(directory.path(), &arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::with_capacity(16, child.stdout.take().unwrap());
        // A table comes at once, when all is measured.
        if format != "table" {
            let mut first = String::new();
            output.read_line(&mut first).unwrap();
            assert!(first.ends_with('\n'));
        }
        drop(output);
        let ended = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(ended.stderr).unwrap(), "", "{format}");
        // Not all was written, unless a table came before the pipe was closed.
        let status = ended.status.code();
        assert!(
            status == Some(1) || (format == "table" && status == Some(0)),
            "{format}: {status:?}"
        );
    }
}

#[test]
fn heads_are_matrices_of_their_own() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let names = ["q_proj", "k_proj", "v_proj", "o_proj"];
    let tensors: Vec<Tensor> = (1..)
        .zip(names)
        .map(|(seed, name)| {
            let shape = if name == "k_proj" || name == "v_proj" { [32, 64] } else { [64, 64] };
            matrix(&format!("model.layers.0.self_attn.{name}.weight"), shape, seed, 0.0)
        })
        .collect();
    write(&path.join("m.safetensors"), &tensors);
    let found = rows(path, &["m.safetensors", "--split-heads", "--heads", "4:2"]);
    let of = |name: &str| {
        let found = found.iter().filter(|row| row.layer.name.contains(name));
        found.map(|row| (row.layer.part.clone().unwrap(), row.report.shape)).collect::<Vec<_>>()
    };
    let heads = |count: usize, shape: [usize; 2]| {
        (0..count).map(|head| (format!("head{head}"), shape)).collect::<Vec<_>>()
    };
    assert_eq!(of("q_proj"), heads(4, [16, 64]));
    assert_eq!(of("k_proj"), heads(2, [16, 64]));
    assert_eq!(of("v_proj"), heads(2, [16, 64]));
    assert_eq!(of("o_proj"), heads(4, [64, 16]));
}

#[test]
fn an_option_for_names_that_are_not_there_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write(&path.join("a.safetensors"), &[matrix("a.weight", [32, 48], 1, 0.0)]);
    let both = ["a.weight", "b.weight"].map(|name| matrix(name, [32, 48], 2, 0.0));
    write(&path.join("b.safetensors"), &both);
    let said = |arguments: &[&str]| {
        let output = rmt(path, arguments);
        assert!(output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let nothing = ["--layout", "*.attn.*=in-out", "--kind-of", "*.out=head"];
    let notes = "note: --layout: no matrix has a name like *.attn.*\n\
                 note: --kind-of: no matrix has a name like *.out\n";
    assert_eq!(said(&[&["inspect", "a.safetensors"], &nothing[..]].concat()), notes);
    assert_eq!(
        said(&["inspect", "a.safetensors", "--layout", "a.*=in-out", "--kind-of", "a.*=up"]),
        ""
    );
    // It is enough that one of the checkpoints has such a name.
    let both = ["a.safetensors", "b.safetensors", "--kind-of", "b.*=head"];
    assert_eq!(said(&[&["inspect"], &both[..]].concat()), "");
    assert_eq!(said(&[&["compare"], &both[..]].concat()), "");
}

#[test]
fn that_sides_are_assumed_is_said_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let (_, _, _, bytes) = matrix("w", [32, 48], 1, 0.0);
    let mut header = b"\x93NUMPY\x01\0".to_vec();
    let dict =
        format!("{:<117}\n", "{'descr': '<f4', 'fortran_order': False, 'shape': (32, 48), }");
    header.extend((dict.len() as u16).to_le_bytes());
    header.extend(dict.into_bytes());
    header.extend(bytes);
    fs::write(path.join("w.npy"), header).unwrap();
    let found = rows(path, &["w.npy"]).remove(0);
    let notes = found.report.notes.iter().map(ToString::to_string);
    let notes: Vec<String> = notes.filter(|note| note.contains("assumed")).collect();
    assert_eq!(notes, ["sides assumed [in, out]; --layout overrides"]);
    let text = printed(path, &["inspect", "w.npy"], 0);
    assert_eq!(text.matches("assumed").count(), 1, "{text}");
}
