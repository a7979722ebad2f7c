//! Names of the files that a run is written to and read back from.

/// Reports, one row per analysed matrix.
pub(crate) const METRICS: &str = "metrics.jsonl";
/// Spectra, one row per matrix and recorded snapshot.
pub(crate) const PROFILES: &str = "profiles.jsonl";
/// Scalars.
pub(crate) const SCALARS: &str = "scalars.jsonl";
/// Alerts.
pub(crate) const ALERTS: &str = "alerts.jsonl";
/// Warnings of the monitor.
pub(crate) const WARNINGS: &str = "warnings.jsonl";
