//! `rmt inspect` holds one matrix a worker: at its peak at most seven copies of it in double precision, four with
//! `--no-signs`, and 64 MiB. A hostile pickle makes it hold nothing: what opening one takes is counted in
//! `tests/pickles.rs`.

use crate::checkpoint::write;
use crate::{command, hostile};
use std::fs;
use std::process::{Command, Stdio};

const SIDE: usize = 1536;
const MIB: u64 = 1 << 20;

/// Most memory that a process has held so far, as the system counts it.
fn peak(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes << 10)
}

#[test]
fn of_a_wide_matrix_no_more_than_the_dry_run_says() {
    let (rows, cols) = (8192, 1024);
    let names = ["a.weight", "b.weight"];
    let tensors = names.map(|name| crate::checkpoint::matrix(name, [rows, cols], 1, 0.0));
    let (most, matrix) = (
        measured(&tensors, &["--no-signs"]) as f64,
        rmt_core::shard::peak_bytes(rows, cols, false),
    );
    let program = (64 * MIB) as f64;
    // Nor is it far from that, or the forecast says nothing.
    assert!((0.8 * matrix..=matrix + program).contains(&most), "{most} {matrix}");
}

/// Most memory that `rmt inspect` holds for these tensors, in bytes.
fn measured(tensors: &[crate::checkpoint::Tensor], options: &[&str]) -> u64 {
    let directory = tempfile::tempdir().unwrap();
    write(&directory.path().join("m.safetensors"), tensors);
    let mut child = command(directory.path(), &["inspect", "m.safetensors", "--jobs", "1"])
        .args(options)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        most = peak(child.id()).map_or(most, |now| now.max(most));
        std::thread::yield_now();
    }
    assert!(child.wait().unwrap().success());
    most
}

fn within_the_limit(most: u64, copies: u64) {
    let copy = (8 * SIDE * SIDE) as u64;
    // It holds the matrix and its decomposition at least, or nothing was measured.
    assert!(most > copy, "{most}");
    assert!(most <= copies * copy + 64 * MIB, "{} MiB, {} MiB a copy", most / MIB, copy / MIB);
}

#[test]
fn at_its_peak() {
    // Several, so that keeping them would show.
    let names = ["a.weight", "b.weight", "c.weight"];
    let tensors = names.map(|name| crate::checkpoint::matrix(name, [SIDE, SIDE], 1, 0.0));
    within_the_limit(measured(&tensors, &[]), 4);
}

#[test]
fn at_its_peak_for_a_singular_matrix() {
    let (name, dtype, shape, mut bytes) =
        crate::checkpoint::matrix("a.weight", [SIDE, SIDE], 1, 0.0);
    let row = bytes.len() / SIDE;
    bytes[..row].fill(0);
    let tensors = [(name, dtype, shape, bytes)];
    within_the_limit(measured(&tensors, &["--no-signs"]), 4);
    // Where structure is told from scale.
    within_the_limit(measured(&tensors, &[]), 7);
}

#[test]
fn of_a_hostile_pickle() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hostile.pt");
    // In no more of addresses than this, in KiB; an ordinary file opens in it.
    let inspect = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        let program = env!("CARGO_BIN_EXE_rmt");
        let script = format!("ulimit -v 131072; exec {program} inspect hostile.pt --jobs 1");
        let mut shell = Command::new("sh");
        shell.env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR")).current_dir(directory.path());
        shell.args(["-c", &script]).output().unwrap()
    };
    let ordinary = inspect(include_bytes!("../files/types.pt"));
    assert!(ordinary.status.success(), "{}", String::from_utf8_lossy(&ordinary.stderr));
    for (what, name, bytes) in hostile::files() {
        // A megabyte may take its multiple.
        if name != "a.pt" || bytes.len() > 100_000 {
            continue;
        }
        let output = inspect(&bytes);
        let said = String::from_utf8_lossy(&output.stderr);
        // There is no matrix in it.
        assert_eq!(output.status.code(), Some(1), "{what}: {said}");
        assert!(said.starts_with("error: "), "{what}: {said}");
    }
}
