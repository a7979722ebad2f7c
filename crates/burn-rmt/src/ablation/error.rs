//! Error types.

use rmt_core::RmtError;
use rmt_monitor::{Layout, PatternError, ReadError};

/// Why singular values could not be removed, or the loss without them not measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AblationError {
    /// The selection matches no matrix.
    #[error("{selection}: this selects no matrix of the model, which has {known}")]
    NothingSelected {
        /// The selection, in words.
        selection: String,
        /// Names of the model's matrices.
        known: String,
    },
    /// A name pattern does not parse.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// The parameter has more than two axes, and its layout is unknown.
    #[error(
        "`{layer}`: the shape {shape:?} is not a matrix, and its layout is unknown; state one with with_layout, or exclude the parameter with except"
    )]
    NotAMatrix {
        /// Name of the parameter.
        layer: String,
        /// Shape of the parameter.
        shape: Vec<usize>,
    },
    /// The layout that was given does not fit the parameter.
    #[error("`{layer}`: the shape {shape:?} does not fit the layout {layout:?}")]
    Unfit {
        /// Name of the parameter.
        layer: String,
        /// Shape of the parameter.
        shape: Vec<usize>,
        /// The layout.
        layout: Layout,
    },
    /// The parameter is quantized.
    #[error("`{layer}` is quantized: ablate the model before it is quantized, or dequantize it")]
    Quantized {
        /// Name of the parameter.
        layer: String,
    },
    /// burn has not drawn the parameter yet.
    #[error(
        "`{layer}` is not initialized; call forward once, load the weights, or pass model.valid()"
    )]
    Uninitialized {
        /// Name of the parameter.
        layer: String,
    },
    /// The parameter holds NaN or infinities.
    #[error("`{layer}`: {count} values are not finite; use an earlier checkpoint")]
    NotFinite {
        /// Name of the parameter.
        layer: String,
        /// Number of such entries.
        count: usize,
    },
    /// Two parameters have the same identity and different values.
    #[error(
        "`{layer}` has the ParamId of `{first}` but other values; give it its own ParamId, or the same values"
    )]
    Untied {
        /// Name of the parameter.
        layer: String,
        /// Name of the first parameter with this identity.
        first: String,
    },
    /// The parameter could not be read from its device, or could not be written in its type.
    #[error("`{layer}` could not be read: {cause}")]
    Read {
        /// Name of the parameter.
        layer: String,
        /// The cause.
        #[source]
        cause: ReadError,
    },
    /// The matrix could not be decomposed or analysed.
    #[error("`{layer}`: {cause}")]
    Analysis {
        /// Name of the matrix.
        layer: String,
        /// The cause.
        #[source]
        cause: RmtError,
    },
    /// A setting is invalid.
    #[error("{setting} = {value}: {requirement}")]
    Setting {
        /// Name of the setting.
        setting: &'static str,
        /// The value.
        value: usize,
        /// The valid values.
        requirement: &'static str,
    },
    /// The share of singular values to remove is not between 0 and 1.
    #[error("share = {0}: the share of singular values to remove must lie between 0 and 1")]
    Share(f64),
    /// The closure returned no loss.
    #[error("{group}: the closure returned no loss; it must return one per batch")]
    NoLosses {
        /// The measured group of singular values.
        group: String,
    },
    /// The closure returned another number of losses than for the unchanged model.
    #[error(
        "{group}: the closure returned {found} losses, but {expected} for the unchanged model; return the losses of the same batches each time"
    )]
    LossCount {
        /// The measured group of singular values.
        group: String,
        /// Number of losses of the unchanged model.
        expected: usize,
        /// Number of losses returned now.
        found: usize,
    },
    /// A loss is NaN or infinite.
    #[error("{group}: the loss of batch {batch} is {value}; it must be finite")]
    LossNotFinite {
        /// The measured group of singular values.
        group: String,
        /// Index of the batch, from 0.
        batch: usize,
        /// The loss.
        value: f64,
    },
}
