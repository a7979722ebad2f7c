//! Error types.

/// A request that cannot be answered with a number or a report.
///
/// A matrix that is merely unusual (not finite, zero, too small, rank deficient) is no error: its
/// report says so in `verdict` and `notes`.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RmtError {
    /// The number of values is not rows × columns.
    #[error("a {rows}×{cols} matrix needs {expected} values, {found} were given")]
    Shape {
        /// Rows as stated.
        rows: usize,
        /// Columns as stated.
        cols: usize,
        /// rows × columns.
        expected: usize,
        /// Values given.
        found: usize,
    },
    /// A shape or parameter lies outside the domain of a law.
    #[error("{law}: {requirement}")]
    Domain {
        /// The law.
        law: &'static str,
        /// What it needs.
        requirement: &'static str,
    },
    /// A setting has no meaning.
    #[error("{setting} = {value}: {requirement}")]
    Setting {
        /// Name of the setting.
        setting: &'static str,
        /// Its value.
        value: f64,
        /// What it must be.
        requirement: &'static str,
    },
    /// There is no such process.
    #[error(
        "rank {rank} of {world}: ranks count from 0 to world − 1, and there must be at least one"
    )]
    Shard {
        /// Number of the process.
        rank: usize,
        /// How many there are.
        world: usize,
    },
    /// The decomposition did not converge.
    #[error("the singular value decomposition of a {rows}×{cols} matrix did not converge")]
    NoConvergence {
        /// Rows as stored.
        rows: usize,
        /// Columns as stored.
        cols: usize,
    },
}
