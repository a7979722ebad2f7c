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

/// The deciles of the spectrum: [`groups`] of which there are ten.
///
/// # Errors
/// As [`groups`].
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
/// `loss` gives the mean loss of each batch, a cross-entropy in nats for the perplexity to mean
/// something, of the same batches in the same order at each call; the first is for the model as it
/// is.
///
/// # Errors
/// [`AblationError`]: nothing selected, a parameter that is no matrix, is not initialized, quantized
/// or not finite, or losses that cannot be compared.
pub fn groups<M: Module>(
    model: &M,
    select: Select,
    n: usize,
    loss: impl FnMut(&M) -> Vec<f64>,
) -> Result<AblationTable, AblationError> {
    Ablation::new(select).groups(model, n, loss)
}

/// Measures the loss without the values significantly above the bulk, and without those below, each
/// against as many bulk values of the same matrices, drawn uniformly.
///
/// Which values are outliers is what a report of default options says (`significant_above`,
/// `significant_below`). The four rows are `above`, `bulk (as above)`, `below` and `bulk (as
/// below)`; a bulk row is the mean of [`Ablation::with_draws`] draws. Where there are no outliers the
/// row says so, and is not measured.
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
/// As [`groups`].
pub fn outliers<M: Module>(
    model: &M,
    select: Select,
    loss: impl FnMut(&M) -> Vec<f64>,
) -> Result<AblationTable, AblationError> {
    Ablation::new(select).outliers(model, loss)
}

/// A copy of the model without the singular values for which `removed(k, m)` is true: k the rank,
/// 0 the largest, of the m values of each selected matrix. A matrix that loses none keeps its bits.
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
/// [`AblationError`]: nothing selected, or a parameter that is no matrix, is not initialized,
/// quantized or not finite.
pub fn remove<M: Module>(
    model: &M,
    select: Select,
    removed: impl FnMut(usize, usize) -> bool,
) -> Result<M, AblationError> {
    Ablation::new(select).remove(model, removed)
}

/// A copy of the model without the smallest `share` of the singular values of each selected matrix
/// (of m values share·m, rounded), to be measured or trained on.
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
/// As [`remove`], and [`AblationError::Share`] unless 0 ≤ `share` ≤ 1.
pub fn prune<M: Module>(model: &M, select: Select, share: f64) -> Result<M, AblationError> {
    Ablation::new(select).prune(model, share)
}

/// The kinds of the matrices that the model has, in the order of [`LayerKind::ALL`]: to ablate each
/// by itself, with [`Select::kind`].
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
