//! Readers of checkpoints. They list the tensors of a file, and read values on demand.
//!
//! Opening reads headers only. Values are read by position, one tensor at a time. No file is mapped
//! into memory, so a file that shrinks while it is read gives an error instead of a crash. Every
//! claim of a file is checked against its length before memory is allocated for it. No pickle is
//! executed.

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

/// Storage type of a tensor.
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
    /// A quantized block type, by its name. Each block shares a scale, and values are read in
    /// single precision.
    Quantized(String),
    /// A type that is not read as weights, such as integers, by its name in the file.
    Other(String),
    /// A tensor that cannot be read, with the reason. Its shape is empty if unknown.
    Unread(String),
}

impl Element {
    /// The name in reports.
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

    /// Whether values are rounded to a few bits.
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
    /// Storage type.
    pub element: Element,
    /// Size in the file.
    pub bytes: u64,
}

/// The input side of stored matrices by the convention of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convention {
    /// PyTorch's convention: linear layers are [out, in].
    OutIn,
    /// The format has no convention. A rule by name is used, and reports note that it is assumed.
    Unknown,
}

/// How a model uses a tensor, if its format records that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Usage {
    /// As a matrix with this orientation.
    Linear(Orientation),
    /// As an embedding, whose rows are looked up.
    Embedding,
    /// As filters [out, in/groups, k…].
    Convolution,
    /// As filters [k…, in, out].
    Kernel,
}

/// Why a checkpoint cannot be read: one line with the file, the problem and a remedy.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", .path.display())]
#[non_exhaustive]
pub struct FormatError {
    /// The file.
    pub path: PathBuf,
    /// The problem and a remedy.
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
    /// The tensors, always in the same order: that of the file, or by name.
    fn entries(&self) -> &[Entry];

    /// The input side of stored matrices.
    fn convention(&self) -> Convention;

    /// Notes on the file for the reader of a report, such as tensors that are left out.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// The whole path of the tensor with this number, whose name may be only the end of it. Empty
    /// if there is no such tensor.
    fn path(&self, entry: usize) -> &str {
        self.entries().get(entry).map_or("", |entry| &entry.name)
    }

    /// How the model uses the tensor with this number, if the format records that.
    fn usage(&self, _entry: usize) -> Option<Usage> {
        None
    }

    /// A fingerprint of the tensor's bytes, if it is known without reading them. Tensors of one
    /// type and shape with different fingerprints differ.
    fn fingerprint(&self, _entry: usize) -> Option<Vec<u64>> {
        None
    }

    /// Reads the values of the tensor with this number in row-major order, widened from half
    /// precision. It holds nothing else in memory. Several threads call it.
    ///
    /// # Errors
    /// [`FormatError`] if the file contradicts its header, or the type is not supported.
    fn read(&self, entry: usize) -> Result<WeightValues, FormatError>;
}

/// Opens a checkpoint of any known format. The content decides the format, and the extension only
/// if the content does not. In a directory it opens the index of the shards, or the only
/// checkpoint.
///
/// # Errors
/// [`FormatError`] if it cannot be read, or its format is unknown.
pub fn open(path: &Path) -> Result<Box<dyn Source>, FormatError> {
    open_on(path, None)
}

/// Like [`open`], but adds a PEFT adapter to this base model.
///
/// # Errors
/// Those of [`open`], for both files.
pub fn open_on(path: &Path, base: Option<&Path>) -> Result<Box<dyn Source>, FormatError> {
    let source = float8::scaled(path, detect::open(path)?);
    match adapter::config_beside(path) {
        Some(config) => adapter::over(path, &config, source, base.map(open).transpose()?),
        None => Ok(source),
    }
}

/// Whether the settings of an adapter lie beside the checkpoint.
pub fn is_adapter(path: &Path) -> bool {
    adapter::config_beside(path).is_some()
}
