//! `rmt inspect` holds one matrix a worker: at its peak at most four copies of it in double precision,
//! and 64 MiB.

use crate::checkpoint::write;
use crate::command;
use std::fs;
use std::process::Stdio;

const SIDE: usize = 1536;
const MIB: u64 = 1 << 20;

/// Most memory that a process has held so far, as the system counts it.
fn peak(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes << 10)
}

/// Most memory that `rmt inspect` holds for these tensors, in bytes.
fn measured(tensors: &[crate::checkpoint::Tensor]) -> u64 {
    let directory = tempfile::tempdir().unwrap();
    write(&directory.path().join("m.safetensors"), tensors);
    let mut child = command(directory.path(), &["inspect", "m.safetensors", "--jobs", "1"])
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

fn within_the_limit(most: u64) {
    let copy = (8 * SIDE * SIDE) as u64;
    // It holds the matrix and its decomposition at least, or nothing was measured.
    assert!(most > copy, "{most}");
    assert!(most <= 4 * copy + 64 * MIB, "{} MiB, {} MiB a copy", most / MIB, copy / MIB);
}

#[test]
fn at_its_peak() {
    // Several, so that keeping them would show.
    let names = ["a.weight", "b.weight", "c.weight"];
    let tensors = names.map(|name| crate::checkpoint::matrix(name, [SIDE, SIDE], 1, 0.0));
    within_the_limit(measured(&tensors));
}

#[test]
fn at_its_peak_for_a_singular_matrix() {
    let (name, dtype, shape, mut bytes) =
        crate::checkpoint::matrix("a.weight", [SIDE, SIDE], 1, 0.0);
    let row = bytes.len() / SIDE;
    bytes[..row].fill(0);
    within_the_limit(measured(&[(name, dtype, shape, bytes)]));
}
