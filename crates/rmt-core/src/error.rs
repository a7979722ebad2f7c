//! Error types.

/// Why a function could not return a number or a report.
///
/// An unusual matrix (not finite, zero, too small, rank deficient) is no error. The `verdict` and
/// `notes` of its report state what is unusual.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RmtError {
    /// The number of values differs from rows × columns.
    #[error("a {rows}×{cols} matrix needs {expected} values, {found} were given")]
    Shape {
        /// The stated number of rows.
        rows: usize,
        /// The stated number of columns.
        cols: usize,
        /// rows × columns.
        expected: usize,
        /// The number of values.
        found: usize,
    },
    /// A shape or parameter lies outside the domain of a law.
    #[error("{law}: {requirement}")]
    Domain {
        /// The law.
        law: &'static str,
        /// The requirement of the law.
        requirement: &'static str,
    },
    /// A setting is invalid.
    #[error("{setting} = {value}: {requirement}")]
    Setting {
        /// Name of the setting.
        setting: &'static str,
        /// The value of the setting.
        value: f64,
        /// The valid values.
        requirement: &'static str,
    },
    /// The rank of a process does not exist.
    #[error(
        "rank {rank} of {world}: ranks count from 0 to world − 1, and there must be at least one"
    )]
    Shard {
        /// The rank.
        rank: usize,
        /// The number of processes.
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
