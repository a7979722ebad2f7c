//! burn-wgpu on a Vulkan device whose identity is known.

use super::require_all;
use burn::tensor::wgpu::WgpuBackend;
use burn::tensor::wgpu::wgpu::Backend;
use burn::tensor::{Device, DeviceKind};
use libtest_mimic::{Completion, Trial};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Names the kind of device: a GPU instead of the one in software.
const GPU: &str = "RMT_VULKAN_GPU";
/// Mesa's Vulkan device in software.
const SOFTWARE: &str = "llvmpipe";

/// A test on Mesa's software device, or on the first GPU where `RMT_VULKAN_GPU=1`. Without one it is
/// ignored, with the reason, or fails if nothing may be skipped.
pub(crate) fn test_on_vulkan(module: &str, name: &str, body: fn(&Device)) -> Trial {
    let module = module.rsplit("::").next().unwrap_or(module);
    Trial::ignorable_test(format!("{module}::{name}"), move || match device() {
        Ok(device) => {
            // It has one seeded generator for the whole process.
            static ALONE: Mutex<()> = Mutex::new(());
            let _guard = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
            body(&device);
            Ok(Completion::Completed)
        }
        Err(reason) if require_all() => Err(reason.into()),
        Err(reason) => Ok(Completion::ignored_with(reason)),
    })
}

/// The device with autodiff, started once a process.
fn device() -> Result<Device, String> {
    static STARTED: OnceLock<Result<Device, String>> = OnceLock::new();
    STARTED.get_or_init(start).clone().map(Device::autodiff)
}

fn start() -> Result<Device, String> {
    let gpu = std::env::var_os(GPU).is_some_and(|value| value == "1");
    let kind = if gpu { DeviceKind::DiscreteGpu(0) } else { DeviceKind::Cpu };
    let options = Device::wgpu_options().graphics_api(WgpuBackend::Vulkan).device_kind(kind);
    let (device, setup) = options.init_with_setup().map_err(|error| error.to_string())?;
    // Selection may fall back silently: what was asked for must be what is used.
    let info = setup.adapter.get_info();
    let software = info.name.contains(SOFTWARE);
    if setup.backend != Backend::Vulkan || info.backend != Backend::Vulkan || software == gpu {
        return Err(format!("a Vulkan device was asked for (a GPU: {gpu}), not {info:?}"));
    }
    Ok(device)
}
