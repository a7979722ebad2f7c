//! The exit status of a command.

use std::process::ExitCode;

/// The result of a command that ran to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// All went well.
    Success,
    /// Something failed. A message states what.
    Failed,
    /// The expectation does not hold.
    NotAsExpected,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(match status {
            Status::Success => 0,
            Status::Failed => 1,
            Status::NotAsExpected => 2,
        })
    }
}
