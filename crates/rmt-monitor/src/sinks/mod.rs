//! Sinks for records: JSONL files, TensorBoard, the page, and your own.

mod files;
mod jsonl;
#[cfg(feature = "pictures")]
mod page;
#[cfg(feature = "tensorboard")]
mod tensorboard;

pub use jsonl::Jsonl;
#[cfg(feature = "pictures")]
pub use page::Page;
#[cfg(feature = "tensorboard")]
pub use tensorboard::TensorBoard;

use crate::error::SinkError;
use crate::record::Record;
use rmt_core::Table;
use std::path::Path;

/// A destination for records. It is called on the worker thread only.
///
/// A failure is counted, and the sink is called again with the next record. A sink that panics is
/// not called again. Neither stops training or the other sinks.
pub trait Sink: Send {
    /// A short name for counts and messages.
    fn name(&self) -> &str;

    /// Takes one record.
    ///
    /// # Errors
    /// If the record could not be written. It is then lost for this sink.
    fn write(&mut self, record: &Record<'_>) -> Result<(), SinkError>;

    /// Makes written records visible to readers. The default does nothing, for sinks whose `write`
    /// does that.
    ///
    /// # Errors
    /// If that failed.
    fn flush(&mut self) -> Result<(), SinkError> {
        Ok(())
    }
}

/// Writes a table into a run directory without a monitor: to `tables.jsonl` and, with the feature
/// `tensorboard`, for TensorBoard. `step` is 0 outside training. The directory is made if it does
/// not exist. Existing records of a run in it stay as they are.
///
/// ```
/// use rmt_core::Table;
/// use rmt_monitor::sinks::write_table;
/// # let base = tempfile::tempdir()?;
/// # let directory = base.path().join("run");
/// let table = Table::new(vec!["decile".into()], vec![vec!["1".into()]]);
/// write_table(&directory, "losses", 0, &table)?;
/// let rows = std::fs::read_to_string(directory.join("tables.jsonl"))?;
/// assert_eq!(rows, "{\"table\":\"losses\",\"step\":0,\"decile\":\"1\"}\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`SinkError::Io`] with the file or directory that could not be written.
pub fn write_table(
    directory: &Path,
    name: &str,
    step: u64,
    table: &Table,
) -> Result<(), SinkError> {
    std::fs::create_dir_all(directory)
        .map_err(|cause| SinkError::Io { path: directory.to_owned(), cause })?;
    let record = Record::Table { name, step, table };
    Jsonl::new(directory, 0).write(&record)?;
    #[cfg(feature = "tensorboard")]
    {
        let mut tensorboard = TensorBoard::beside_a_run(directory);
        tensorboard.write(&record)?;
        tensorboard.flush()?;
    }
    Ok(())
}
