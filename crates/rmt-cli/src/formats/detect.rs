//! Which reader a path is for.

use super::file::Input;
use super::npz::Npz;
use super::pytorch::{self, PyTorch};
use super::shards::{self, Shards};
use super::{FormatError, Source, archive, burnpack, npy, safetensors};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// First bytes that are looked at.
const HEAD: u64 = 512;
/// Formats that are known and not read, by their first bytes.
const UNREAD: [(&[u8], &str); 2] = [(b"GGUF", "GGUF"), (b"\x89HDF", "HDF5")];
/// Extensions of files that may be checkpoints.
const EXTENSIONS: [&str; 8] = ["safetensors", "pt", "pth", "ckpt", "bin", "bpk", "npy", "npz"];
/// What trainers put beside a model that is none.
const BESIDE: [&str; 7] = [
    "optim",
    "scheduler",
    "scaler",
    "rng_state",
    "training_args",
    "trainer_state",
    "random_states",
];
/// Candidates that a message names.
const NAMED: usize = 8;

/// As [`super::open`].
pub(super) fn open(path: &Path) -> Result<Box<dyn Source>, FormatError> {
    let metadata = fs::metadata(path).map_err(|e| FormatError::new(path, e.to_string()))?;
    if metadata.is_dir() { file(&in_directory(path)?) } else { file(path) }
}

fn file(path: &Path) -> Result<Box<dyn Source>, FormatError> {
    let input = Input::open(path)?;
    let head = input.head(HEAD).map_err(|problem| input.error(problem))?;
    let named = extension(path);
    if let Some(format) =
        UNREAD.iter().find_map(|(magic, name)| head.starts_with(magic).then_some(name))
    {
        return Err(input.error(format!("{format} files are not read")));
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return zip(Arc::new(input));
    }
    if head.starts_with(npy::MAGIC) {
        return Ok(Box::new(npy::open(input)?));
    }
    if head.starts_with(burnpack::MAGIC) {
        return Ok(Box::new(burnpack::open(input)?));
    }
    if safetensors::is_one(&head, input.length()) || named == "safetensors" {
        return Ok(Box::new(safetensors::open(input)?));
    }
    if pytorch::is_pickle(&head) || pytorch::EXTENSIONS.contains(&named.as_str()) {
        return Ok(Box::new(PyTorch::open(Arc::new(input), &head)?));
    }
    if head.trim_ascii_start().starts_with(b"{") || named == "json" {
        return Ok(Box::new(Shards::open(&input)?));
    }
    Err(input.error(format!(
        "it is no checkpoint of a known format ({}, or an index of safetensors shards)",
        EXTENSIONS.map(|extension| format!(".{extension}")).join(", ")
    )))
}

fn zip(input: Arc<Input>) -> Result<Box<dyn Source>, FormatError> {
    let archive = archive::open(&input).map_err(|problem| input.error(problem))?;
    let members = archive::members(&archive, input.length());
    let members = members.map_err(|problem| input.error(problem))?;
    if pytorch::is_archive(&members) {
        return Ok(Box::new(PyTorch::open_zip(input, archive, &members)?));
    }
    if members.iter().any(|member| member.name.ends_with(".npy")) {
        return Ok(Box::new(Npz::open(input, archive, &members)?));
    }
    Err(input.error("a zip archive with neither arrays of NumPy nor a checkpoint of PyTorch"))
}

fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase()
}

/// The one checkpoint of a directory.
fn in_directory(directory: &Path) -> Result<PathBuf, FormatError> {
    let index = directory.join(shards::INDEX);
    if index.is_file() {
        return Ok(index);
    }
    let failed = |error: std::io::Error| FormatError::new(directory, error.to_string());
    let mut candidates = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_file() && may_be_checkpoint(&path) {
            candidates.push(path);
        }
    }
    candidates.sort();
    match &candidates[..] {
        [one] => Ok(one.clone()),
        [] => Err(FormatError::new(
            directory,
            format!(
                "there is no checkpoint in this directory: no {}, and no .{}",
                shards::INDEX,
                EXTENSIONS.join(", .")
            ),
        )),
        several => {
            let names = several.iter().filter_map(|path| path.file_name());
            let names: Vec<_> = names.take(NAMED).map(|name| name.to_string_lossy()).collect();
            let more = if several.len() > NAMED { ", …" } else { "" };
            let problem = format!(
                "which of the {} checkpoints in it? {}{more}",
                several.len(),
                names.join(", ")
            );
            Err(FormatError::new(directory, problem))
        }
    }
}

fn may_be_checkpoint(path: &Path) -> bool {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    EXTENSIONS.contains(&extension(path).as_str())
        && !BESIDE.iter().any(|beside| stem.starts_with(beside))
}
