//! Shows in which layers of a burn model structure emerges while it trains, and when.
//!
//! # Should I use this?
//!
//! Use it if you train a model with burn and want to see, live in TensorBoard or in a browser,
//! which weight matrices have learned something. It tests each matrix against random matrix theory
//! on a side thread, every N steps. You do not need it for checkpoints of other frameworks: the
//! program `rmt` reads those.
//!
//! At a step that is not due it costs the training thread a few integer tests. At a due step it
//! takes handles of the weights, not copies. On burn's CPU backend weights, losses and random
//! streams are bit-identical with and without the monitor.
//!
//! # A training loop
//!
//! ```no_run
//! # fn train() -> Result<(), Box<dyn std::error::Error>> {
//! # use burn::{module::Module, nn::{Linear, LinearConfig}, tensor::{Device, Tensor}};
//! # let mut model: Linear = LinearConfig::new(64, 64).init(&Device::flex());
//! # let loss = Tensor::<1>::zeros([1], &Device::flex());
//! use burn_rmt::MonitorConfig;
//!
//! let monitor = MonitorConfig::new("runs/x").with_every(100).init()?;
//! for step in 0..1000 {
//!     monitor.observe(step, &model); // the weights after so many updates
//!     // … the forward pass
//!     monitor.scalar(step, "loss/train", &loss);
//!     // … model = optim.step(lr, model, grads);
//! }
//! let summary = monitor.finish_at(1000, &model); // the last weights
//! # Ok(()) }
//! ```
//!
//! # Meaning of a step
//!
//! Step s stands for the weights after s optimizer updates, and step 0 for the weights before the
//! first. burn initializes parameters lazily, at their first forward. At a due step with
//! uninitialized parameters, the monitor keeps a clone of the model and takes its weights at the
//! next call of [`observe`](Monitor::observe) or [`finish`](Monitor::finish). So the monitor never
//! initializes a parameter itself, and never changes the order in which weights are drawn.
//!
//! # burn's `Learner`
//!
//! With the feature `train`, `Monitor::wrap` makes a model that burn's `Learner` trains exactly
//! like the bare one, and whose optimizer steps are watched. `Monitor::metric_logger` writes burn's
//! metrics to the same run.
//!
//! # Gradients
//!
//! With the feature `optim` (part of `train`), call `Monitor::gradients` between the backward pass
//! and the optimizer step. It adds the norm, the spectrum and the update-to-weight ratio of each
//! gradient. With the `Learner`, set `with_gradients(true)` instead.
//!
//! # Activations
//!
//! Call [`tap`] in a forward, or use `Tapped<Linear>` (feature `nn`) instead of `Linear`, to record
//! the inputs of a layer in the forwards of a due step. The report of its weight then has the
//! overlap of each right singular vector with the principal directions of the inputs, beside that
//! of a random direction.
//!
//! # Ablation
//!
//! [`ablation`] zeroes singular values of a trained model, a decile of the spectrum or its
//! outliers, and measures the loss without them.
//!
//! # Which parameters are watched
//!
//! Linear, embedding and convolution weights are read with their orientation. A convolution is read
//! as one matrix, whatever its groups. A bare `Param<Tensor<2>>` is read as [in, out], and a bare
//! `Param<Tensor<3>>` as a stack of such matrices (experts); their reports note that the
//! orientation is assumed. `with_layout` states another layout. Vectors (biases, norms) are
//! skipped.
//!
//! A frozen matrix is analysed once, and again if its values change. The factors of a LoRA adapter
//! are watched under `….lora.a` and `….lora.b`, and their product on request
//! (`with_lora_products`). Quantized weights are dequantized on the worker and never get the
//! verdict `random`.

#![warn(clippy::missing_errors_doc)]

pub mod ablation;
#[cfg(feature = "train")]
mod clock;
#[cfg(feature = "optim")]
mod gradients;
mod handles;
mod layout;
#[cfg(feature = "train")]
mod learner;
mod monitor;
mod probe;
#[cfg(any(feature = "nn", feature = "train"))]
mod transparent;
mod visitor;

pub use handles::IntoScalar;
#[cfg(feature = "train")]
pub use learner::{MonitorLogger, MonitorMetric, Monitored, PlateauStopping};
pub use monitor::{Burn, Monitor};
#[cfg(feature = "nn")]
pub use probe::Tapped;
pub use probe::{tap, tap_masked};
pub use rmt_core;
pub use rmt_core::layers::LayerKind;
pub use rmt_core::tracking::TrackingOptions;
pub use rmt_core::{AnalysisOptions, LayerReport, Table, Verdict};
pub use rmt_monitor::{
    ActivationConfig, Alert, AlertKind, AlertLevel, AlertSettings, Counts, Detail, DriftConfig,
    Finding, Hyperparameter, InitError, KindSummary, LayerSummary, Layout, Overflow, Plateau,
    Record, ResumeError, Schedule, Settings, SignNull, Sink, SinkError, Status, Step, Summary,
    TensorBoardConfig, Tick, Trigger, Warning, read_reports, sinks, unused_run_directory,
};

/// Builds a [`Monitor`]: its run directory, its schedule, and the parameters it watches.
pub type MonitorConfig = rmt_monitor::MonitorConfig<Burn>;

// The example of the README is one of the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
