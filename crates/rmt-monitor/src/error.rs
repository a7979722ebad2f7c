//! Error types. A message is one line, says what to do, and includes its cause, which `source` gives too.

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
        #[source]
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
    /// The directory holds a run, and nothing says that it is gone on with. (A run of one process gets a
    /// numbered directory instead.)
    #[error("run directory {}: it holds {found}; to go on with that run, set with_resume(true); for a new run, choose another directory, the same for all processes", .path.display())]
    RunExists {
        /// The directory.
        path: PathBuf,
        /// What of a run is there.
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
    /// The setting that it is of, such as `include`.
    pub setting: &'static str,
    /// As given.
    pub pattern: String,
    /// What the parser says.
    pub problem: String,
}

/// Why a run cannot be resumed after an epoch.
#[derive(Debug, thiserror::Error)]
#[error("run directory {}: its run.json says no step for the end of epoch {epoch} (it has {known}); {}", .path.display(), if *.resumed { "give the step with with_start_step" } else { "this is a new run: set with_resume(true) to go on with the one in the directory that MonitorConfig was given" })]
#[non_exhaustive]
pub struct ResumeError {
    /// The directory.
    pub path: PathBuf,
    /// The epoch asked for.
    pub epoch: u64,
    /// The epochs it has, in words.
    pub known: String,
    /// Whether the directory was opened to go on with the run in it.
    pub resumed: bool,
}

/// Why the reports of a run could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReaderError {
    /// There are no reports.
    #[error("{}: there is no metrics.jsonl in it, nor in a rank_* directory below; name the run directory of a monitor that writes JSONL files", .directory.display())]
    Nothing {
        /// The directory.
        directory: PathBuf,
    },
    /// A file or directory could not be read.
    #[error("{}: {cause}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// A line is no report, and not one that was cut short either.
    #[error("{}, line {line}: it is no report that this version can read ({problem}); remove the line, or read the file with the version that wrote it", .path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// Number of the line, from 1.
        line: usize,
        /// Why.
        problem: String,
    },
    /// Two processes of one session differ on the same matrix.
    #[error("`{layer}` at step {step} has different reports of session {session} in {} and {}; if they are of different trainings, give each a run directory, and move one of the files away", .files[0].display(), .files[1].display())]
    Conflict {
        /// The step.
        step: u64,
        /// Path of the matrix.
        layer: String,
        /// The session.
        session: u32,
        /// Where the reports are.
        files: [PathBuf; 2],
    },
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
        #[source]
        cause: io::Error,
    },
    /// A record could not be encoded.
    #[error("a record could not be encoded: {0}")]
    Encode(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
    /// Earlier records, taken and not yet flushed, were lost too.
    #[error("{cause}; {records} records are lost")]
    Several {
        /// How many, with the one that could not be taken.
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
    /// In one word, by which losses are counted.
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
