//! Ablation of singular values: how much the loss rises when they are removed.
//!
//! Random matrix theory tells which singular values of a weight matrix stand out. Ablation tells
//! which of them matter. It zeroes one group of singular values in all selected matrices at once,
//! in a copy of the model, and measures the loss again (Staats, Thamm & Rosenow, arXiv 2410.17770).
//! [`deciles`] removes each decile of the spectrum in turn. [`outliers`] removes the significant
//! values above and below the bulk, and compares each with as many values of the bulk. [`remove`]
//! and [`prune`] return the copy, for example to fine-tune it.
//!
//! # Should I use this?
//!
//! Use it on a trained model, with held-out batches that are the same at every call. The loss of
//! each batch is compared with the loss of the same batch before. So the standard error is that of
//! paired differences, which is far smaller than that of either loss. The cost is one decomposition
//! per selected matrix, and eleven measurements for ten deciles. All decompositions are kept in
//! memory: rows·cols + m² entries in double precision each, m the smaller side.
//!
//! # The argument of the closure
//!
//! The closure receives a copy of the model with the same `ParamId`s and gradient settings. Pass
//! `model.valid()` to measure without dropout and without autodiff. In training mode, all copies of
//! a model share burn's running statistics (batch norm), and a forward changes them.
//!
//! ```
//! use burn::nn::LinearConfig;
//! use burn::tensor::{Device, Distribution, Tensor};
//! use burn_rmt::ablation::{self, Select};
//!
//! let device = Device::flex();
//! let model = LinearConfig::new(24, 40).init(&device);
//! let x = Tensor::<2>::random([64, 24], Distribution::Default, &device);
//! let wanted = model.forward(x.clone());
//! let table = ablation::deciles(&model, Select::all(), |model| {
//!     let error = (model.forward(x.clone()) - wanted.clone()).square();
//!     let batches = error.mean_dim(1).chunk(4, 0); // four batches of 16
//!     batches.into_iter().map(|batch| f64::from(batch.mean().into_scalar::<f32>())).collect()
//! })?;
//! assert_eq!((table.rows.len(), table.batches, table.baseline_loss), (10, 4, 0.0));
//! assert!(table.rows[0].delta_loss > table.rows[9].delta_loss);
//! println!("{table}");
//! # let base = tempfile::tempdir()?;
//! # let directory = base.path().join("run");
//! burn_rmt::sinks::write_table(&directory, "ablation", 0, &table.to_table())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which parameters are matrices
//!
//! The same ones that the monitor watches: see the [crate's](crate) documentation.
//! [`Ablation::with_layout`] states what a parameter does not show, such as the groups of a
//! convolution. Each stored matrix counts separately: of a LoRA layer the base and both factors. A
//! tied matrix counts once. Biases stay unchanged.

mod error;
mod losses;
mod means;
mod options;
mod outliers;
mod select;
mod selected;
mod surgery;
mod table;
#[cfg(test)]
mod tests;
mod walk;

pub use error::AblationError;
pub use options::Ablation;
pub use select::Select;
pub use table::{AblationRow, AblationTable};

use burn_core::module::Module;
use rmt_core::layers::LayerKind;

/// Measures the loss without each decile of the spectrum in turn: [`groups`] with n = 10.
///
/// # Errors
/// Those of [`groups`].
pub fn deciles<M: Module>(
    model: &M,
    select: Select,
    loss: impl FnMut(&M) -> Vec<f64>,
) -> Result<AblationTable, AblationError> {
    Ablation::new(select).deciles(model, loss)
}

/// Measures the loss without each of `n` groups of singular values in turn. Group g (0 the largest
/// values) holds the ranks ⌊g·m/n⌋ to ⌊(g+1)·m/n⌋ − 1 of the m values of each selected matrix.
///
/// `loss` returns the mean loss of each batch, for the same batches in the same order at every
/// call. The first call is for the unchanged model. A perplexity needs losses that are
/// cross-entropies in nats.
///
/// # Errors
/// [`AblationError`] if nothing is selected, if a parameter is not a matrix, not
/// initialized, quantized or not finite, or if the losses cannot be compared.
pub fn groups<M: Module>(
    model: &M,
    select: Select,
    n: usize,
    loss: impl FnMut(&M) -> Vec<f64>,
) -> Result<AblationTable, AblationError> {
    Ablation::new(select).groups(model, n, loss)
}

/// Measures the loss without the values significantly above the bulk, and without those below. Each
/// is compared with as many bulk values of the same matrices, drawn uniformly.
///
/// The outliers are those of a report with default options (`significant_above`,
/// `significant_below`). The four rows are `above`, `bulk (as above)`, `below` and `bulk (as
/// below)`. A bulk row is the mean over [`Ablation::with_draws`] draws. If there are no outliers,
/// the row states this and is not measured.
///
/// ```
/// use burn::nn::LinearConfig;
/// use burn::tensor::{Device, Tensor};
/// use burn_rmt::ablation::{self, Select};
///
/// let device = Device::flex();
/// let mut model = LinearConfig::new(32, 48).with_bias(false).init(&device);
/// // A strong rank-one signal along the ones on both sides.
/// model.weight = model.weight.map(|w| w + 0.5);
/// let ones = Tensor::<2>::ones([1, 32], &device);
/// let table = ablation::outliers(&model, Select::name("weight"), |model| {
///     let y = model.forward(ones.clone()) - 16.0;
///     vec![f64::from(y.square().mean().into_scalar::<f32>())]
/// })?;
/// let [above, bulk, ..] = &table.rows[..] else { panic!() };
/// assert_eq!((above.removed, bulk.removed), (1, 1));
/// assert!(above.delta_loss > 100.0 * bulk.delta_loss.abs());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Those of [`groups`].
pub fn outliers<M: Module>(
    model: &M,
    select: Select,
    loss: impl FnMut(&M) -> Vec<f64>,
) -> Result<AblationTable, AblationError> {
    Ablation::new(select).outliers(model, loss)
}

/// Returns a copy of the model without the singular values for which `removed(k, m)` is true. k is
/// the rank of the value, 0 for the largest, among the m values of each selected matrix. A matrix
/// that loses no value keeps its bits.
///
/// ```
/// use burn::nn::LinearConfig;
/// use burn::tensor::Device;
/// use burn_rmt::ablation::{self, Select};
///
/// let model = LinearConfig::new(8, 6).init(&Device::flex());
/// let weight = model.weight.val(); // initialized
/// let all_gone = ablation::remove(&model, Select::name("weight"), |_, _| true)?;
/// assert_eq!(all_gone.weight.val().abs().max().into_scalar::<f32>(), 0.0);
/// assert_eq!(model.weight.val().into_data(), weight.into_data());
/// # Ok::<(), burn_rmt::ablation::AblationError>(())
/// ```
///
/// # Errors
/// [`AblationError`] if nothing is selected, or a parameter is not a matrix, not
/// initialized, quantized or not finite.
pub fn remove<M: Module>(
    model: &M,
    select: Select,
    removed: impl FnMut(usize, usize) -> bool,
) -> Result<M, AblationError> {
    Ablation::new(select).remove(model, removed)
}

/// Returns a copy of the model without the smallest `share` of the singular values of each selected
/// matrix: share·m of m values, rounded.
///
/// ```
/// use burn::nn::LinearConfig;
/// use burn::tensor::Device;
/// use burn_rmt::ablation::{self, Select};
///
/// let model = LinearConfig::new(20, 30).init(&Device::flex());
/// let _ = model.weight.val(); // initialized
/// let pruned = ablation::prune(&model, Select::all(), 0.25)?; // rank 15
/// assert_eq!(pruned.weight.id, model.weight.id);
/// assert!(ablation::prune(&model, Select::all(), 25.0).is_err());
/// # Ok::<(), burn_rmt::ablation::AblationError>(())
/// ```
///
/// # Errors
/// Those of [`remove`], and [`AblationError::Share`] unless 0 ≤ `share` ≤ 1.
pub fn prune<M: Module>(model: &M, select: Select, share: f64) -> Result<M, AblationError> {
    Ablation::new(select).prune(model, share)
}

/// The kinds of the model's matrices, in the order of [`LayerKind::ALL`]. Use it to ablate each
/// kind by itself, with [`Select::kind`].
///
/// ```
/// use burn::nn::{EmbeddingConfig, LinearConfig};
/// use burn::tensor::Device;
/// use burn_rmt::ablation::kinds;
/// use burn_rmt::rmt_core::layers::LayerKind;
///
/// let device = Device::flex();
/// let model = (EmbeddingConfig::new(50, 16).init(&device), LinearConfig::new(16, 50).init(&device));
/// assert_eq!(kinds(&model), [LayerKind::Embedding, LayerKind::Other]);
/// ```
pub fn kinds<M: Module>(model: &M) -> Vec<LayerKind> {
    let found: Vec<LayerKind> = walk::walk(model)
        .found
        .iter()
        .filter_map(|found| Some(found.reading(None).ok()?.layer(&found.name, found.part).kind))
        .collect();
    LayerKind::ALL.into_iter().filter(|kind| found.contains(kind)).collect()
}
