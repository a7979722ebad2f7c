//! Damaged files: each is answered, with values or with one line, and nothing panics.

use crate::burnpack::WRITTEN;
use crate::numpy::{header, npy, npz};
use crate::safetensors::sample;
use crate::support::answer;
use std::fs;
use std::path::PathBuf;
use zip::CompressionMethod;

/// Where files are written many times: in memory where there is such a place.
fn scratch() -> tempfile::TempDir {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

/// One file of each format.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let array = npy(&header("<f4", true, "(2, 3)"), &[0x41; 24]);
    let other = npy(&header(">f2", false, "(3,)"), &[0x41; 6]);
    let members: [(&str, &[u8]); 2] = [("a.npy", &array), ("b.npy", &other)];
    vec![
        ("a.safetensors", sample()),
        ("eight.safetensors", crate::float8::sample()),
        ("a.bpk", WRITTEN.to_vec()),
        ("a.gguf", crate::gguf::sample()),
        ("a.onnx", crate::onnx::sample()),
        ("a.h5", crate::hdf5::KERAS_2.to_vec()),
        ("a.keras", crate::hdf5::KERAS_3.to_vec()),
        ("a.npy", array.clone()),
        ("stored.npz", npz(&members, CompressionMethod::Stored)),
        ("deflated.npz", npz(&members, CompressionMethod::Deflated)),
        ("types.pt", include_bytes!("../files/types.pt").to_vec()),
        ("legacy.pt", include_bytes!("../files/legacy.pt").to_vec()),
        ("views.pt", include_bytes!("../files/views.pt").to_vec()),
        ("hostile.pkl", include_bytes!("../files/hostile.pkl").to_vec()),
    ]
}

/// A stream of numbers that is the same on every machine.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

#[test]
fn a_file_cut_anywhere_is_answered() {
    let directory = scratch();
    for (name, bytes) in files() {
        let path = directory.path().join(name);
        let mut whole = 0;
        for length in 0..bytes.len() {
            fs::write(&path, &bytes[..length]).unwrap();
            whole += usize::from(answer(&path));
        }
        // What a format puts behind its data may be missing.
        assert!(whole < 16, "{name}: {whole} of {} cuts go unnoticed", bytes.len());
        fs::write(&path, &bytes).unwrap();
        answer(&path);
    }
}

#[test]
fn a_file_with_a_wrong_byte_is_answered() {
    let directory = scratch();
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    for (name, bytes) in files() {
        let path = directory.path().join(name);
        for at in 0..bytes.len() {
            // Padding needs no more than one try a byte; headers get three.
            let tries = if at < 512 { 3 } else { 1 };
            for _ in 0..tries {
                let mut damaged = bytes.clone();
                damaged[at] = numbers.below(256) as u8;
                fs::write(&path, &damaged).unwrap();
                answer(&path);
            }
        }
    }
}

#[test]
fn a_file_with_bytes_moved_or_repeated_is_answered() {
    let directory = scratch();
    let mut numbers = Numbers(7);
    // More of them in the long tests.
    let times = std::env::var("RMT_DAMAGES").map_or(1000, |number| number.parse().unwrap());
    for (name, bytes) in files() {
        let path = directory.path().join(name);
        for _ in 0..times {
            let mut damaged = bytes.clone();
            for _ in 0..1 + numbers.below(4) {
                let from = numbers.below(damaged.len());
                let length = numbers.below(16.min(damaged.len() - from) + 1);
                let piece: Vec<u8> = damaged[from..from + length].to_vec();
                let to = numbers.below(damaged.len());
                match numbers.below(4) {
                    // A byte that is wrong, or a bit.
                    3 => damaged[to] ^= (1 + numbers.below(255)) as u8,
                    0 => drop(damaged.splice(to..to, piece)),
                    1 => drop(damaged.splice(from..from + length, [])),
                    _ => {
                        let end = (to + length).min(damaged.len());
                        damaged[to..end].copy_from_slice(&piece[..end - to]);
                    }
                }
                if damaged.is_empty() {
                    damaged.push(0);
                }
            }
            fs::write(&path, &damaged).unwrap();
            answer(&path);
        }
    }
}
