//! What can go wrong, and what to do about it. Each message is whole in one line, its cause included.

use std::io;
use std::path::PathBuf;

/// Why a monitor could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InitError {
    /// A setting has no meaning.
    #[error("setting `{setting}`: {problem}")]
    Setting {
        /// Name of the setting.
        setting: &'static str,
        /// What is wrong and what it must be.
        problem: String,
    },
    /// A name pattern does not parse.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// The analysis options have no meaning.
    #[error(transparent)]
    Analysis(#[from] rmt_core::RmtError),
    /// The run directory cannot be made or written.
    #[error("run directory {}: {doing}: {cause}; choose another directory", .path.display())]
    RunDirectory {
        /// The directory.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        cause: io::Error,
    },
    /// The directory holds a `run.json` that this version cannot read.
    #[error("run directory {}: its run.json is not one of this tool's ({problem}); choose another directory, or remove the file", .path.display())]
    ForeignRun {
        /// The directory.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// The worker thread could not be started.
    #[error("the worker thread could not be started: {0}")]
    Thread(io::Error),
}

/// Why a name pattern does not parse.
#[derive(Debug, Clone, thiserror::Error)]
#[error("pattern `{pattern}` in `{setting}`: {cause}")]
#[non_exhaustive]
pub struct PatternError {
    /// The setting that it is of, such as `include`.
    pub setting: &'static str,
    /// As given.
    pub pattern: String,
    /// What the parser says.
    pub cause: globset::Error,
}

/// Why a run cannot be resumed after an epoch.
#[derive(Debug, thiserror::Error)]
#[error("run directory {}: its run.json says no step for the end of epoch {epoch} (it has {known}); give the step with with_start_step", .path.display())]
#[non_exhaustive]
pub struct ResumeError {
    /// The directory.
    pub path: PathBuf,
    /// The epoch asked for.
    pub epoch: u64,
    /// The epochs it has, in words.
    pub known: String,
}

/// Why a sink could not take a record. The worker counts it and goes on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// A file could not be written.
    #[error("{}: {cause}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// A record could not be encoded.
    #[error("a record could not be encoded: {0}")]
    Encode(#[from] serde_json::Error),
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

/// Why a weight or a scalar could not be read from its device.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct ReadError(pub String);
