//! Readers of checkpoints: what tensors a file holds, and their values on demand.
//!
//! Opening reads headers only. Values are read by position, one tensor at a time: no file is mapped
//! into memory, so one that shrinks while it is read is an error and not a crash. Whatever a file
//! claims is checked against its length before memory is taken for it. No pickle is executed.

mod adapter;
mod archive;
mod burnpack;
mod checkpoint;
mod decode;
mod detect;
mod file;
mod float8;
mod ggml;
mod gguf;
mod hdf5;
mod joined;
mod known;
mod literal;
mod names;
mod npy;
mod npz;
mod onnx;
mod pickle;
mod pytorch;
mod raw;
mod renamed;
mod safetensors;
mod shards;
mod unique;

pub(crate) use names::natural;
pub use renamed::Names;
use rmt_core::Orientation;
use rmt_monitor::WeightValues;
use std::path::{Path, PathBuf};

/// What an entry of a tensor is stored as.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Element {
    /// IEEE half precision.
    F16,
    /// bfloat16.
    BF16,
    /// Single precision.
    F32,
    /// Double precision.
    F64,
    /// Eight bits: four of exponent, three of fraction.
    F8E4M3,
    /// Eight bits: five of exponent, two of fraction.
    F8E5M2,
    /// Blocks that share a scale, by the name of the type: read in single precision.
    Quantized(String),
    /// A type that is not read as weights (integers, quantized blocks), by its name in the file.
    Other(String),
    /// A tensor that cannot be read, and why. Its sides are empty where they are not known.
    Unread(String),
}

impl Element {
    /// Its name in reports.
    pub fn name(&self) -> &str {
        match self {
            Self::F16 => "f16",
            Self::BF16 => "bf16",
            Self::F8E4M3 => "f8_e4m3",
            Self::F8E5M2 => "f8_e5m2",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::Quantized(name) | Self::Other(name) => name,
            Self::Unread(_) => "unread",
        }
    }

    /// Whether its values are rounded to a few bits.
    pub fn is_coarse(&self) -> bool {
        matches!(self, Self::Quantized(_) | Self::F8E4M3 | Self::F8E5M2)
    }
}

/// One tensor of a checkpoint, as its header says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Name of the parameter.
    pub name: String,
    /// Sides, in row-major order.
    pub shape: Vec<usize>,
    /// What it is stored as.
    pub element: Element,
    /// Size in the file.
    pub bytes: u64,
}

/// Which side of a stored matrix is the layer's input, as far as the format tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convention {
    /// PyTorch's: linear layers are [out, in]. Formats that PyTorch models are saved in.
    OutIn,
    /// The format stores none: a rule by name, said to be assumed.
    Unknown,
}

/// How a model uses a tensor, where its format tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Usage {
    /// As a matrix with these sides.
    Linear(Orientation),
    /// Its rows are looked up.
    Embedding,
    /// As filters [out, in/groups, k…].
    Convolution,
    /// As filters [k…, in, out].
    Kernel,
}

/// Why a checkpoint cannot be read: one line with the file, what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", .path.display())]
#[non_exhaustive]
pub struct FormatError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong, and what to do.
    pub problem: String,
}

impl FormatError {
    /// Part of what it says may come from a hostile file: it is cut to one line that fits a screen.
    fn new(path: &Path, problem: impl AsRef<str>) -> Self {
        Self { path: path.to_owned(), problem: names::one_line(problem.as_ref()) }
    }
}

/// A reader of one file (or of one set of shards).
pub trait Source: Send + Sync {
    /// Its tensors, in the order of the file or by name, always the same.
    fn entries(&self) -> &[Entry];

    /// Which side is the input.
    fn convention(&self) -> Convention;

    /// What the reader of a report should know of this file, such as tensors that are left out.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// The whole path of the tensor of this number in the file, where its name is only the end of it; empty
    /// where there is no such tensor.
    fn path(&self, entry: usize) -> &str {
        self.entries().get(entry).map_or("", |entry| &entry.name)
    }

    /// How the model uses the tensor of this number, where the format tells.
    fn usage(&self, _entry: usize) -> Option<Usage> {
        None
    }

    /// What tensors of equal bytes have in common, where that is known without reading them: tensors of one
    /// type and shape whose fingerprints differ are not the same.
    fn fingerprint(&self, _entry: usize) -> Option<Vec<u64>> {
        None
    }

    /// The values of the tensor of this number in row-major order, widened from half precision;
    /// nothing else is held in memory. Called from several threads.
    ///
    /// # Errors
    /// [`FormatError`] when the file is not what its header says, or the type is not read.
    fn read(&self, entry: usize) -> Result<WeightValues, FormatError>;
}

/// Opens a checkpoint of any format that is known, by its content, and by its extension where the
/// content does not tell. Of a directory, the index of its shards, or its only checkpoint.
///
/// # Errors
/// [`FormatError`] when it cannot be read, or is of no known format.
pub fn open(path: &Path) -> Result<Box<dyn Source>, FormatError> {
    open_on(path, None)
}

/// The same; an adapter (of PEFT) is added to the base model that is given.
///
/// # Errors
/// As [`open`], of both.
pub fn open_on(path: &Path, base: Option<&Path>) -> Result<Box<dyn Source>, FormatError> {
    let source = float8::scaled(path, detect::open(path)?);
    match adapter::config_beside(path) {
        Some(config) => adapter::over(path, &config, source, base.map(open).transpose()?),
        None => Ok(source),
    }
}

/// Whether there are the settings of an adapter beside it.
pub fn is_adapter(path: &Path) -> bool {
    adapter::config_beside(path).is_some()
}
