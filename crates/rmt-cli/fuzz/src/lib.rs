//! What the targets share: a file of the input, opened and read to its end.

use rmt_cli::formats::open;
use std::fs;
use std::path::PathBuf;
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
    let line = |problem: &str| assert!(!problem.contains('\n'), "{problem:?}");
    let source = match open(&path) {
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

/// The input behind its length in so many bytes, little-endian.
pub fn with_length(digits: usize, bytes: &[u8]) -> Vec<u8> {
    let mut whole = (bytes.len() as u64).to_le_bytes()[..digits].to_vec();
    whole.extend(bytes);
    whole
}
