//! Error types. A message is one line that states the problem, its cause and a remedy. `source`
//! returns the cause too.

use std::io;
use std::path::PathBuf;

/// Why a monitor could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InitError {
    /// A setting is invalid.
    #[error("setting `{setting}`: {problem}")]
    Setting {
        /// Name of the setting.
        setting: &'static str,
        /// The problem, and the valid values.
        problem: String,
    },
    /// A name pattern does not parse.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// The analysis options are invalid.
    #[error(transparent)]
    Analysis(#[from] rmt_core::RmtError),
    /// The run directory cannot be made or written.
    #[error("run directory {}: {doing}: {cause}; choose another directory", .path.display())]
    RunDirectory {
        /// The directory.
        path: PathBuf,
        /// The operation that failed.
        doing: &'static str,
        /// The system's error.
        #[source]
        cause: io::Error,
    },
    /// The directory holds a `run.json` that this version cannot read.
    #[error("run directory {}: its run.json was not written by this tool ({problem}); choose another directory, or remove the file", .path.display())]
    ForeignRun {
        /// The directory.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// The directory holds a run, and `with_resume` is not set. Only processes that share a run get
    /// this error: a run of one process goes to a numbered directory instead.
    #[error("run directory {}: it holds {found}; to continue that run, set with_resume(true); for a new run, choose another directory, the same for all processes", .path.display())]
    RunExists {
        /// The directory.
        path: PathBuf,
        /// The files of a run that were found.
        found: String,
    },
    /// The worker thread could not be started.
    #[error("the worker thread could not be started: {0}")]
    Thread(#[source] io::Error),
}

impl InitError {
    pub(crate) fn setting(setting: &'static str, problem: impl Into<String>) -> Self {
        Self::Setting { setting, problem: problem.into() }
    }
}

/// Why a name pattern does not parse.
#[derive(Debug, Clone, thiserror::Error)]
#[error("pattern `{pattern}` in `{setting}`: {problem}")]
#[non_exhaustive]
pub struct PatternError {
    /// The setting with the pattern, such as `include`.
    pub setting: &'static str,
    /// The pattern.
    pub pattern: String,
    /// The parser's message.
    pub problem: String,
}

/// Why a run cannot be resumed after an epoch.
#[derive(Debug, thiserror::Error)]
#[error("run directory {}: its run.json has no step for the end of epoch {epoch} (it has {known}); {}", .path.display(), if *.resumed { "give the step with with_start_step" } else { "this is a new run: set with_resume(true) to go on with the one in the directory that MonitorConfig was given" })]
#[non_exhaustive]
pub struct ResumeError {
    /// The directory.
    pub path: PathBuf,
    /// The epoch asked for.
    pub epoch: u64,
    /// The epochs that the run knows, in words.
    pub known: String,
    /// Whether the monitor was configured with `with_resume(true)`.
    pub resumed: bool,
}

/// Why the reports of a run could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReaderError {
    /// The directory has no reports.
    #[error("{}: there is no metrics.jsonl in it, nor in a rank_* directory below; name the run directory of a monitor that writes JSONL files", .directory.display())]
    Nothing {
        /// The directory.
        directory: PathBuf,
    },
    /// A file or directory could not be read.
    #[error("{}: {cause}", .path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The system's error.
        #[source]
        cause: io::Error,
    },
    /// A line is neither a report nor cut short.
    #[error("{}, line {line}: it is not a report that this version can read ({problem}); remove the line, or read the file with the version that wrote it", .path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// Line number, from 1.
        line: usize,
        /// Why.
        problem: String,
    },
    /// Two processes of one session reported different figures of the same matrix.
    #[error("`{layer}` at step {step} has different reports of session {session} in {} and {}; if they are of different trainings, give each a run directory, and move one of the files away", .files[0].display(), .files[1].display())]
    Conflict {
        /// The step.
        step: u64,
        /// Path of the matrix.
        layer: String,
        /// The session.
        session: u32,
        /// The files with the two reports.
        files: [PathBuf; 2],
    },
}

/// Why a sink could not take a record. The worker counts the failure and continues.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// A file could not be written.
    #[error("{}: {cause}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        #[source]
        cause: io::Error,
    },
    /// A record could not be encoded.
    #[error("a record could not be encoded: {0}")]
    Encode(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
    /// Records that the sink had taken but not yet flushed were lost as well.
    #[error("{cause}; {records} records are lost")]
    Several {
        /// Number of lost records, including the one that could not be taken.
        records: u64,
        /// Why.
        #[source]
        cause: Box<SinkError>,
    },
}

impl From<serde_json::Error> for SinkError {
    fn from(cause: serde_json::Error) -> Self {
        Self::Encode(cause.into())
    }
}

impl SinkError {
    /// The reason in one word. Losses are counted by it.
    pub fn reason(&self) -> String {
        use io::ErrorKind::{
            FileTooLarge, NotADirectory, NotFound, PermissionDenied, QuotaExceeded,
            ReadOnlyFilesystem, StorageFull,
        };
        let word = match self {
            Self::Io { cause, .. } => match cause.kind() {
                StorageFull => "disk_full",
                QuotaExceeded => "quota_exceeded",
                FileTooLarge => "file_too_large",
                NotFound => "not_found",
                NotADirectory => "not_a_directory",
                ReadOnlyFilesystem => "read_only",
                PermissionDenied => "permission_denied",
                _ => "io",
            },
            Self::Encode(_) => "encode",
            Self::Other(_) => "other",
            Self::Several { cause, .. } => return cause.reason(),
        };
        word.to_owned()
    }

    /// Records that are lost with it.
    pub(crate) fn records(&self) -> u64 {
        match self {
            Self::Several { records, .. } => *records,
            _ => 1,
        }
    }
}

/// Why a weight or a scalar could not be read from its device.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct ReadError(pub String);
