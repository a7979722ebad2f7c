//! The exit status of a command.

use std::process::ExitCode;

/// What a command that ran to its end found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// All went well.
    Success,
    /// Something could not be done. A message has said what.
    Failed,
    /// What was expected does not hold.
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
