//! Where records go.

mod event_file;
mod jsonl;
mod tensorboard;

pub use jsonl::Jsonl;
pub use tensorboard::TensorBoard;

use crate::error::SinkError;
use crate::record::Record;

/// A place that records are written to, called on the worker thread only.
///
/// A sink that fails is counted and called again with the next record; a sink that panics is not
/// called again. Neither stops training or the other sinks.
pub trait Sink: Send {
    /// A short name for counts and messages.
    fn name(&self) -> &str;

    /// Takes one record.
    ///
    /// # Errors
    /// When the record could not be written; it is then lost to this sink.
    fn write(&mut self, record: &Record<'_>) -> Result<(), SinkError>;

    /// Makes what was written visible to readers.
    ///
    /// # Errors
    /// When it could not be.
    fn flush(&mut self) -> Result<(), SinkError>;
}
