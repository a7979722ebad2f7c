//! What the examples share: the device that they train on, as `--device` names it, a progress bar, how
//! they end, texts, a transformer, and pretrained ones.

pub mod gallery;
pub mod models;
pub mod ranks;
pub mod text;
pub mod transformer;
pub mod weights;

use anyhow::{Context, Result};
use burn::tensor::Device;
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use std::fmt;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(feature = "wgpu")]
use std::sync::{Mutex, PoisonError};

/// A backend of burn.
#[derive(ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backend {
    /// The CPU, by burn-flex.
    #[default]
    Flex,
    /// A GPU, by burn-wgpu on whichever graphics API it finds.
    Wgpu,
    /// A GPU, by burn-wgpu on Vulkan and nothing else.
    Vulkan,
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_possible_value() {
            Some(value) => f.write_str(value.get_name()),
            None => write!(f, "{self:?}"),
        }
    }
}

impl Backend {
    /// Its best device, which is started.
    ///
    /// # Errors
    /// Where there is none (burn itself would panic, at the first tensor), or the program was built without
    /// it.
    pub fn device(self) -> Result<Device> {
        match self {
            Self::Flex => Ok(Device::flex()),
            Self::Wgpu | Self::Vulkan => self.gpu(),
        }
    }

    #[cfg(not(feature = "wgpu"))]
    fn gpu(self) -> Result<Device> {
        let program = std::env::current_exe().unwrap_or_default();
        let example = program.file_stem().unwrap_or_default().display();
        anyhow::bail!(
            "--device {self}: burn-wgpu is not built in; cargo run --release --features wgpu \
             --example {example} -- --device {self}"
        )
    }

    #[cfg(feature = "wgpu")]
    fn gpu(self) -> Result<Device> {
        use burn::tensor::wgpu::WgpuBackend;
        /// burn starts each of its wgpu runtimes once per process.
        static STARTED: Mutex<Vec<(Backend, Device)>> = Mutex::new(Vec::new());
        let api = if self == Self::Vulkan { WgpuBackend::Vulkan } else { WgpuBackend::Auto };
        let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, device)) = started.iter().find(|(backend, _)| *backend == self) {
            return Ok(device.clone());
        }
        let device = Device::wgpu_options().graphics_api(api).init();
        let device = device.with_context(|| format!("--device {self}: no GPU can be used"))?;
        started.push((self, device.clone()));
        Ok(device)
    }
}

/// The device's own name, such as that of the GPU; what burn calls it where it has none.
pub fn name(device: &Device) -> String {
    // burn asks a GPU only.
    #[cfg(feature = "wgpu")]
    if let Some(identity) = device.identity() {
        return identity.name;
    }
    format!("{device:?}")
}

/// A bar on standard error, which draws nothing where that is not a terminal.
///
/// # Errors
/// If its template is not one.
pub fn progress_bar(steps: u64) -> Result<ProgressBar> {
    let style = ProgressStyle::with_template("{bar:24} step {pos}/{len}  {msg}  {eta} left")?;
    Ok(ProgressBar::new(steps).with_style(style))
}

/// The flag that Ctrl-C sets from now on. It ends the training loop, not the program, so the result so far is reported.
///
/// # Errors
/// If Ctrl-C has a handler already.
pub fn stop_on_ctrl_c() -> Result<&'static AtomicBool> {
    static STOP: AtomicBool = AtomicBool::new(false);
    on_ctrl_c(|| STOP.store(true, Ordering::Relaxed))?;
    Ok(&STOP)
}

/// Makes Ctrl-C do this instead of ending the program.
///
/// # Errors
/// If Ctrl-C has a handler already.
pub fn on_ctrl_c(action: impl FnMut() + Send + 'static) -> Result<()> {
    ctrlc::set_handler(action).context("cannot listen for Ctrl-C")
}

/// Of a program that ended like this; says why it failed, in one line.
pub fn exit_code(result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Mean ± standard deviation of what several seeds gave; the mean alone of one, a dash for none.
pub fn spread(values: &[f64], digits: usize) -> String {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
    match values.len() {
        0 => "–".into(),
        1 => format!("{mean:.digits$}"),
        _ => format!("{mean:.digits$} ± {:.digits$}", (squares / (n - 1.0)).sqrt()),
    }
}

/// Area under the receiver operating characteristic: the odds that a positive has the higher score, a
/// tie for half (Mann & Whitney, 1947). `None` without positives or without negatives.
pub fn area_under_curve(scored: &[(f64, bool)]) -> Option<f64> {
    let mut sorted = scored.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let positives = sorted.iter().filter(|(_, positive)| *positive).count() as f64;
    let negatives = sorted.len() as f64 - positives;
    let (mut below, mut wins) = (0.0, 0.0);
    for tied in sorted.chunk_by(|a, b| a.0 == b.0) {
        let higher = tied.iter().filter(|(_, positive)| *positive).count() as f64;
        let lower = tied.len() as f64 - higher;
        wins += higher * (below + lower / 2.0);
        below += lower;
    }
    (positives > 0.0 && negatives > 0.0).then(|| wins / (positives * negatives))
}

#[cfg(all(test, not(feature = "wgpu")))]
#[allow(clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_is_not_built_in_names_the_command_that_has_it() {
        for backend in [Backend::Wgpu, Backend::Vulkan] {
            let line = backend.device().map(|_| ()).map_err(|error| format!("{error:#}"));
            let line = line.expect_err("burn-wgpu is not built in");
            assert!(!line.contains('\n'), "{line}");
            assert!(line.contains("cargo run --release --features wgpu --example"), "{line}");
            assert!(line.ends_with(&format!("-- --device {backend}")), "{line}");
        }
    }
}
