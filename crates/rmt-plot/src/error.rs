//! Errors of writing a picture.

/// Why a picture could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlotError {
    /// The pixels could not be encoded.
    #[error("the picture could not be encoded as PNG")]
    Png(#[source] Box<dyn std::error::Error + Send + Sync>),
}
