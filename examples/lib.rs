//! What the examples share: the device that they train on, as `--device` names it.

use anyhow::{Context, Result};
use burn::tensor::Device;
use burn::tensor::wgpu::WgpuBackend;
use clap::ValueEnum;
use std::fmt;
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

/// burn starts each of its wgpu runtimes once a process.
static STARTED: Mutex<Vec<(Backend, Device)>> = Mutex::new(Vec::new());

impl Backend {
    /// Its best device, which is started.
    ///
    /// # Errors
    /// Where there is none; burn itself would panic, at the first tensor.
    pub fn device(self) -> Result<Device> {
        let api = match self {
            Self::Flex => return Ok(Device::flex()),
            Self::Wgpu => WgpuBackend::Auto,
            Self::Vulkan => WgpuBackend::Vulkan,
        };
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
    device.identity().map_or_else(|| format!("{device:?}"), |identity| identity.name)
}
