//! Which reader a path is for.

use super::file::Input;
use super::joined::Joined;
use super::npz::Npz;
use super::pytorch::{self, PyTorch};
use super::shards::{self, Shards};
use super::{
    Convention, Entry, FormatError, Source, Usage, archive, burnpack, gguf, hdf5, known, npy, onnx,
    safetensors,
};
use rmt_monitor::WeightValues;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// First bytes that are looked at.
const HEAD: u64 = 512;
/// Extensions of files that may be checkpoints.
const EXTENSIONS: [&str; 14] = [
    "safetensors",
    "pt",
    "pth",
    "ckpt",
    "bin",
    "gguf",
    "bpk",
    "npy",
    "npz",
    "onnx",
    "h5",
    "hdf5",
    "keras",
    "jit",
];
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
    if !metadata.is_dir() {
        return file(path);
    }
    let Choice { path, others } = in_directory(path)?;
    let source = file(&path)?;
    if others.is_empty() {
        return Ok(source);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let note = format!("{name} is read, and not {}, which lie beside it", others.join(", "));
    Ok(Box::new(Chosen { source, note }))
}

fn file(path: &Path) -> Result<Box<dyn Source>, FormatError> {
    let input = Input::open(path)?;
    let head = input.head(HEAD).map_err(|problem| input.error(problem))?;
    let named = extension(path);
    if let Some(what) = known::unread(&head, path) {
        return Err(input.error(what));
    }
    if head.starts_with(gguf::MAGIC) {
        return Ok(Box::new(gguf::open(input)?));
    }
    if head.starts_with(hdf5::MAGIC) {
        return Ok(Box::new(hdf5::open(Arc::new(input))?));
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
    if onnx::is_one(&head) || named == "onnx" {
        return Ok(Box::new(onnx::open(input)?));
    }
    if head.trim_ascii_start().starts_with(b"{") || named == "json" {
        if path.file_name().is_some_and(|name| name.to_string_lossy().contains(".bin.index")) {
            return Ok(Box::new(Joined::open(&input, file)?));
        }
        return Ok(Box::new(Shards::open(&input)?));
    }
    Err(input.error(format!(
        "it is not a checkpoint of a known format ({}, or an index of safetensors shards)",
        EXTENSIONS.map(|extension| format!(".{extension}")).join(", ")
    )))
}

fn zip(input: Arc<Input>) -> Result<Box<dyn Source>, FormatError> {
    let mut archive = archive::open(&input).map_err(|problem| {
        let cut = "which stands at its end: if the download was cut short, download the file again";
        input.error(format!("{problem}, {cut}"))
    })?;
    let members = archive::members(&archive, input.length());
    let members = members.map_err(|problem| input.error(problem))?;
    if pytorch::is_archive(&members) {
        return Ok(Box::new(PyTorch::open_zip(input, archive, &members)?));
    }
    if members.iter().any(|member| member.name.ends_with(".npy")) {
        return Ok(Box::new(Npz::open(input, archive, &members)?));
    }
    if members.iter().any(|member| member.name.ends_with(".h5")) {
        return Ok(Box::new(hdf5::open_zip(&input, &mut archive, &members)?));
    }
    Err(input.error("a zip archive with neither NumPy arrays nor a PyTorch checkpoint"))
}

fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase()
}

/// A file of a directory, and what else could have been meant.
struct Choice {
    path: PathBuf,
    others: Vec<String>,
}

/// A checkpoint that was chosen from several.
struct Chosen {
    source: Box<dyn Source>,
    note: String,
}

impl Source for Chosen {
    fn entries(&self) -> &[Entry] {
        self.source.entries()
    }

    fn convention(&self) -> Convention {
        self.source.convention()
    }

    fn path(&self, entry: usize) -> &str {
        self.source.path(entry)
    }

    fn notes(&self) -> Vec<String> {
        [vec![self.note.clone()], self.source.notes()].concat()
    }

    fn usage(&self, entry: usize) -> Option<Usage> {
        self.source.usage(entry)
    }

    fn fingerprint(&self, entry: usize) -> Option<Vec<u64>> {
        self.source.fingerprint(entry)
    }

    fn read(&self, entry: usize) -> Result<WeightValues, FormatError> {
        self.source.read(entry)
    }
}

/// Names that libraries save a whole model under, the preferred first: the other formats and variants beside
/// it are the same model.
const WHOLE: [&str; 6] = [
    shards::INDEX,
    "model.safetensors",
    "diffusion_pytorch_model.safetensors",
    shards::PICKLED,
    "pytorch_model.bin",
    "adapter_model.safetensors",
];

/// How the names of such copies begin.
const COPIES: [&str; 5] =
    ["model", "pytorch_model", "diffusion_pytorch_model", "adapter_model", "consolidated"];

/// The one checkpoint of a directory, or the one that the others are copies of.
fn in_directory(directory: &Path) -> Result<Choice, FormatError> {
    let failed = |error: std::io::Error| FormatError::new(directory, error.to_string());
    let (mut candidates, mut names) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        names.push(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
        if path.is_file() && may_be_checkpoint(&path) {
            candidates.push(path);
        }
    }
    candidates.sort();
    let name = |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let is_copy = |path: &PathBuf| COPIES.iter().any(|start| name(path).starts_with(start));
    let mut whole = WHOLE.iter().map(|name| directory.join(name));
    if let Some(whole) = whole.find(|path| path.is_file())
        && candidates.iter().all(is_copy)
    {
        let shard = |path: &PathBuf| name(path).contains("-of-");
        let others = candidates.iter().filter(|path| **path != whole && !shard(path));
        let others: Vec<String> = others.take(NAMED).map(name).collect();
        return Ok(Choice { path: whole, others });
    }
    match &candidates[..] {
        [one] => Ok(Choice { path: one.clone(), others: Vec::new() }),
        [] => Err(FormatError::new(
            directory,
            known::unread_directory(&names).unwrap_or_else(|| {
                format!(
                    "there is no checkpoint in this directory: no {}, and no .{}",
                    shards::INDEX,
                    EXTENSIONS.join(", .")
                )
            }),
        )),
        several => {
            let names = several.iter().filter_map(|path| path.file_name());
            let names: Vec<_> = names.take(NAMED).map(|name| name.to_string_lossy()).collect();
            let more = if several.len() > NAMED { ", …" } else { "" };
            let problem = format!(
                "it holds {} checkpoints; name one: {}{more}",
                several.len(),
                names.join(", ")
            );
            Err(FormatError::new(directory, problem))
        }
    }
}

fn may_be_checkpoint(path: &Path) -> bool {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let tar = path.to_string_lossy().to_ascii_lowercase().ends_with(".pth.tar");
    (EXTENSIONS.contains(&extension(path).as_str()) || tar)
        && !BESIDE.iter().any(|beside| stem.starts_with(beside))
}
