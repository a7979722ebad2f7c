//! What the targets share: a file of the input, opened and read to its end.

use rmt_cli::formats::open;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A directory of this process, in memory where there is such a place.
pub fn directory() -> &'static PathBuf {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let memory = PathBuf::from("/dev/shm");
        let parent = if memory.is_dir() { memory } else { std::env::temp_dir() };
        let directory = parent.join(format!("rmt-fuzz-{}", std::process::id()));
        fs::create_dir_all(&directory).expect("a directory for the input");
        directory
    })
}

/// Writes the input as a file of this name, opens it, and reads every tensor.
pub fn answer(name: &str, bytes: &[u8]) {
    let path = directory().join(name);
    fs::write(&path, bytes).expect("the input is written");
    answer_in(&path);
}

/// Opens a file, and reads every tensor.
pub fn answer_in(path: &Path) {
    let line = |problem: &str| assert!(!problem.contains('\n'), "{problem:?}");
    let source = match open(path) {
        Ok(source) => source,
        Err(error) => return line(&error.problem),
    };
    let _ = (source.notes(), source.convention());
    for number in 0..source.entries().len() {
        if let Err(error) = source.read(number) {
            line(&error.problem);
        }
    }
}

/// A directory with the two factors of a module.
pub fn adapter() -> &'static PathBuf {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let directory = directory().join("adapter");
        fs::create_dir_all(&directory).expect("a directory for the adapter");
        let header = br#"{"base_model.model.h.0.fc.lora_A.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},
            "base_model.model.h.0.fc.lora_B.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[24,40]}}"#;
        let whole = [&with_length(8, header)[..], &[0; 40]].concat();
        let file = directory.join("adapter_model.safetensors");
        fs::write(file, whole).expect("the adapter is written");
        directory
    })
}

/// The input behind its length in so many bytes, little-endian.
pub fn with_length(digits: usize, bytes: &[u8]) -> Vec<u8> {
    let mut whole = (bytes.len() as u64).to_le_bytes()[..digits].to_vec();
    whole.extend(bytes);
    whole
}
