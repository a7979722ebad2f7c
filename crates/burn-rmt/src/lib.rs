//! Watches the weights of a burn model leave random matrix theory while it trains.
//!
//! # Should I use this?
//!
//! Use it to see, live in TensorBoard, in which layers of a burn model structure emerges from
//! random initialization, and when. It costs the training thread a few integer tests at steps that
//! are not due, and handles (not copies) of the weights at those that are. Weights, losses and
//! random streams stay bit-identical with the monitor on or off on burn's CPU backend.
//!
//! # Five lines
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
//! Step s stands for the weights after s optimizer updates; step 0 for those before the first.
//! burn initializes parameters lazily, at their first forward: at a due step with parameters that
//! are not initialized yet, the monitor keeps a clone of the model and takes its weights at the
//! next call of [`observe`](Monitor::observe) or [`finish`](Monitor::finish), so it never
//! initializes anything itself and never changes the order in which weights are drawn.
//!
//! # burn's `Learner`
//!
//! With feature `train`, `Monitor::wrap` makes a model that burn's `Learner` trains as it would the
//! bare one, and whose optimizer steps are watched; `Monitor::metric_logger` brings burn's metrics
//! into the same run.
//!
//! # Gradients
//!
//! With feature `optim` (part of `train`), `Monitor::gradients`, called between the backward pass and
//! the optimizer step, adds the norm, the spectrum and the update-to-weight ratio of each gradient.
//! Around the `Learner`, `with_gradients(true)` does.
//!
//! # Activations
//!
//! [`tap`] in a forward, or (feature `nn`) `Tapped<Linear>` in the place of `Linear`, records what a
//! layer is given in the forwards of a due step. The report of its weight then says how far each right
//! singular vector points where the data do, beside what a random direction would.
//!
//! # Ablation
//!
//! [`ablation`] zeroes singular values of a trained model, a decile of the spectrum or its outliers,
//! and measures what the loss is without them.
//!
//! # What is not watched
//!
//! Vectors (biases, norms) are not matrices and are skipped. Linear, embedding and convolution
//! weights are read with their orientation. A bare `Param<Tensor<2>>` is read as [in, out], a bare
//! `Param<Tensor<3>>` as a stack of such matrices (experts), and their reports say "assumed"; a
//! convolution is read as one matrix, whatever its groups. `with_layout` says what is so.
//!
//! A frozen matrix is analysed once, and again where its values change. The factors of a LoRA
//! adapter are watched under `….lora.a` and `….lora.b`, their product on request
//! (`with_lora_products`). Quantised weights are dequantised on the worker, and never called random.

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
pub use learner::{MonitorLogger, MonitorMetric, Monitored};
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
    Finding, Hyperparameter, InitError, KindSummary, LayerSummary, Layout, Overflow, Record,
    ResumeError, Schedule, Settings, SignNull, Sink, SinkError, Status, Step, Summary,
    TensorBoardConfig, Tick, Trigger, Warning, read_reports, sinks, unused_run_directory,
};

/// Builds a [`Monitor`]: where the run goes, how often weights are taken, which are watched.
pub type MonitorConfig = rmt_monitor::MonitorConfig<Burn>;

// The example of the README is one of the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
