//! What a monitor costs on a GPU, and what is worth doing there: the read-back of weights, training with
//! and without a monitor, a covariance on the device against copying its tokens, and singular values by
//! the device's tensor operations against the host's.
//!
//! ```text
//! cargo build --release --workspace --example gpu
//! target/release/examples/gpu [--software] [--width 2048] [--layers 12,119] [--sides 1024,2048,4096]
//! ```
//!
//! Prints Markdown. `--software` takes Mesa's device in software, to try the program.

use anyhow::{Context, Result, bail};
use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::activation::relu;
use burn::tensor::wgpu::WgpuBackend;
use burn::tensor::wgpu::wgpu::Backend;
use burn::tensor::{Device, DeviceKind, Distribution, Tensor};
use burn_rmt::{Monitor, MonitorConfig};
use clap::Parser;
use rmt_core::{Matrix, Orientation};
use std::hint::black_box;
use std::time::{Duration, Instant};

#[derive(Parser)]
struct Options {
    /// Mesa's device in software.
    #[arg(long)]
    software: bool,
    /// Side of each of the model's matrices.
    #[arg(long, default_value_t = 2048)]
    width: usize,
    /// Numbers of such matrices.
    #[arg(long, value_delimiter = ',', default_value = "12,119")]
    layers: Vec<usize>,
    /// Tokens of a step, and of a covariance.
    #[arg(long, default_value_t = 8192)]
    tokens: usize,
    /// Steps of which one is due.
    #[arg(long, default_value_t = 100)]
    every: u64,
    /// Pairs of runs without and with the monitor.
    #[arg(long, default_value_t = 3)]
    pairs: usize,
    /// Sides of the square matrices whose singular values are taken.
    #[arg(long, value_delimiter = ',', default_value = "1024,2048,4096")]
    sides: Vec<usize>,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let device = device(options.software)?;
    println!("\n### Covariance of {} tokens\n", options.tokens);
    println!("| features | on the device, n×n read | tokens copied |\n|---|---|---|");
    for features in [768, 2048] {
        covariance(&device, options.tokens, features)?;
    }
    println!("\n### Singular values of a Gaussian matrix\n");
    println!(
        "| n | device, single precision: bidiagonal form | host, one thread, all of it | largest relative error of the device's, upper half | of the smallest value |\n|---|---|---|---|---|"
    );
    for &side in &options.sides {
        values(&device, side)?;
    }
    println!("\n### Training, {}×{} matrices\n", options.width, options.width);
    println!(
        "| parameters | weights read back | ms a step without → with, every {} steps | ratio | `observe` when due | not due |\n|---|---|---|---|---|---|",
        options.every
    );
    for &layers in &options.layers {
        training(&device, &options, layers)?;
    }
    Ok(())
}

/// The Vulkan device that was asked for, and no other.
fn device(software: bool) -> Result<Device> {
    let kind = if software { DeviceKind::Cpu } else { DeviceKind::DiscreteGpu(0) };
    let options = Device::wgpu_options().graphics_api(WgpuBackend::Vulkan).device_kind(kind);
    let (device, setup) = options.init_with_setup()?;
    let info = setup.adapter.get_info();
    if info.backend != Backend::Vulkan || info.name.contains("llvmpipe") != software {
        bail!("there is no such Vulkan device, only {info:?}");
    }
    println!(
        "{} ({}), burn-wgpu through Vulkan, no fusion, no autotuning",
        info.name, info.driver_info
    );
    Ok(device)
}

fn sync(device: &Device) -> Result<()> {
    device.sync().map_err(|error| anyhow::anyhow!("{error}"))
}

/// As the worker reads: a second handle is kept until the bytes are there.
fn read<const D: usize>(tensor: &Tensor<D>) -> Result<Vec<f32>> {
    let keep = tensor.clone();
    let data = tensor.clone().try_into_data().context("reading a tensor")?;
    let values = data.try_into_vec_as::<f32>().context("reading a tensor")?;
    drop(keep);
    Ok(values)
}

/// Median of `times` runs, after one that is not counted.
fn median(times: usize, mut run: impl FnMut() -> Result<()>) -> Result<Duration> {
    run()?;
    let mut taken = Vec::with_capacity(times);
    for _ in 0..times {
        let start = Instant::now();
        run()?;
        taken.push(start.elapsed());
    }
    taken.sort();
    taken.get(times / 2).copied().context("nothing was timed")
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn covariance(device: &Device, tokens: usize, features: usize) -> Result<()> {
    let x = Tensor::<2>::random([tokens, features], Distribution::Normal(0.0, 1.0), device);
    sync(device)?;
    let on_device = median(10, || {
        let product = x.clone().transpose().matmul(x.clone());
        black_box(read(&product)?);
        Ok(())
    })?;
    let copied = median(10, || {
        black_box(read(&x)?);
        Ok(())
    })?;
    println!("| {features} | {:.2} ms | {:.2} ms |", ms(on_device), ms(copied));
    Ok(())
}

fn values(device: &Device, n: usize) -> Result<()> {
    device.seed(1);
    let a = Tensor::<2>::random([n, n], Distribution::Normal(0.0, 1.0), device);
    let entries = read(&a)?;
    // Compiles the kernels.
    bidiagonal(&a)?;
    let start = Instant::now();
    let (diagonal, above) = bidiagonal(&a)?;
    let on_device = start.elapsed();
    let matrix = Matrix::new(&entries[..], n, n, Orientation::OutIn)?;
    let start = Instant::now();
    let host = rmt_core::spectrum::singular_values(&matrix)?;
    let on_host = start.elapsed();
    let error = |k: usize| (value(&diagonal, &above, k) / host[k] - 1.0).abs();
    let upper = (0..n / 2).step_by((n / 64).max(1)).map(error).fold(0.0, f64::max);
    println!(
        "| {n} | {:.2} s | {:.2} s | {upper:.1e} | {:.1e} |",
        on_device.as_secs_f64(),
        on_host.as_secs_f64(),
        error(n - 1)
    );
    Ok(())
}

/// Diagonal and superdiagonal of a bidiagonal matrix with the singular values of a square one, by
/// Householder reflections from both sides (Golub and Kahan 1965), all on the device.
///
/// What is finished stays in the window until half of it is; shapes then change only log n times.
fn bidiagonal(a: &Tensor<2>) -> Result<(Vec<f64>, Vec<f64>)> {
    let device = a.device();
    let (mut diagonal, mut above) = (Vec::new(), Vec::new());
    let mut window = a.clone();
    loop {
        let n = window.dims()[0];
        let ones = Tensor::<2>::ones([n, n], &device);
        // Columns are masks: of row k and below, and of row k alone.
        let (lower, unit) = (ones.tril(0), Tensor::<2>::eye(n, &device));
        let steps = if n > 128 { n / 2 } else { n };
        for k in 0..steps {
            let column = |m: &Tensor<2>, k: usize| m.clone().slice([0..n, k..k + 1]);
            let x = column(&window, k) * column(&lower, k);
            let v = reflector(x, column(&unit, k));
            let projected = v.clone().transpose().matmul(window.clone());
            window = window - v.mul(projected);
            if k + 1 < n {
                let x = window.clone().slice([k..k + 1, 0..n]).transpose() * column(&lower, k + 1);
                let v = reflector(x, column(&unit, k + 1));
                let projected = window.clone().matmul(v.clone());
                window = window - projected.mul(v.transpose());
            }
        }
        let finished = read(&window.clone().slice([0..steps, 0..n]))?;
        let at = |row: usize, col: usize| finished.get(row * n + col).copied().map(f64::from);
        diagonal.extend((0..steps).filter_map(|k| at(k, k)));
        above.extend((0..steps).filter(|k| k + 1 < n).filter_map(|k| at(k, k + 1)));
        if steps == n {
            return Ok((diagonal, above));
        }
        window = window.slice([steps..n, steps..n]);
    }
}

/// v √β with (1 − β v vᵀ) x along `unit`.
fn reflector(x: Tensor<2>, unit: Tensor<2>) -> Tensor<2> {
    let norm = x.clone().square().sum().sqrt().reshape([1, 1]);
    let first = (x.clone() * unit.clone()).sum().reshape([1, 1]);
    let beta = (norm.clone() * (norm.clone() + first.clone().abs())).recip();
    (x + unit * (first.sign() * norm)) * beta.sqrt()
}

/// The k-th largest singular value of a bidiagonal matrix, by bisection on the number of eigenvalues of
/// the Golub–Kahan matrix that exceed a value (Golub and Van Loan, §8.4.1 and §8.6.1).
fn value(diagonal: &[f64], above: &[f64], k: usize) -> f64 {
    let beside: Vec<f64> = (0..diagonal.len())
        .flat_map(|i| diagonal.get(i).into_iter().chain(above.get(i)))
        .copied()
        .collect();
    let exceed = |x: f64| {
        let mut pivot = -x;
        let mut count = usize::from(pivot > 0.0);
        for b in &beside {
            pivot = -x - b * b / if pivot == 0.0 { f64::MIN_POSITIVE } else { pivot };
            count += usize::from(pivot > 0.0);
        }
        count
    };
    let (mut low, mut high) = (0.0, 2.0 * beside.iter().fold(0.0_f64, |a, b| a.max(b.abs())));
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if exceed(middle) > k { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

#[derive(Module, Debug)]
struct Stack {
    layers: Vec<Linear>,
}

impl Stack {
    fn new(width: usize, layers: usize, device: &Device) -> Self {
        let layer = LinearConfig::new(width, width).with_bias(false);
        Self { layers: (0..layers).map(|_| layer.init(device)).collect() }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.layers.iter().fold(x, |x, layer| relu(layer.forward(x.clone())) + x)
    }
}

fn training(device: &Device, options: &Options, layers: usize) -> Result<()> {
    let device = &device.clone().autodiff();
    device.seed(2);
    let (width, tokens) = (options.width, options.tokens / 16);
    let mut held = Some(Stack::new(width, layers, device));
    let parameters = (width * width * layers) as f64 / 1e6;
    let mut optim = AdamWConfig::new().init();
    let x = Tensor::<2>::random([tokens, width], Distribution::Normal(0.0, 1.0), device);
    let mut block = |monitor: &Monitor, steps: u64| -> Result<[Duration; 3]> {
        let mut observed = [Duration::ZERO; 2];
        let mut model = held.take().context("a model")?;
        let start = Instant::now();
        for step in 0..steps {
            let call = Instant::now();
            monitor.observe(step, &model);
            let kind = usize::from(!step.is_multiple_of(options.every));
            observed[kind] = observed[kind].max(call.elapsed());
            let loss = model.forward(x.clone()).square().mean();
            let grads = GradientsParams::from_grads(loss.backward(), &model);
            model = optim.step(1e-4, model, grads);
        }
        sync(device)?;
        let taken = start.elapsed();
        held = Some(model);
        Ok([taken, observed[0], observed[1]])
    };
    let off = Monitor::disabled();
    block(&off, 3)?;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    let mut observed = [Duration::ZERO; 2];
    for _ in 0..options.pairs {
        without.push(block(&off, options.every)?[0]);
        let base = tempfile::tempdir()?;
        let monitor = MonitorConfig::new(base.path())
            .with_every(options.every)
            .with_budget_bytes(16 << 30)
            .with_finish_timeout(Duration::from_secs(1))
            .init()?;
        let [time, due, not_due] = block(&monitor, options.every)?;
        with.push(time);
        observed = [observed[0].max(due), observed[1].max(not_due)];
        monitor.finish();
    }
    let model = held.context("a model")?;
    let weights: Vec<Tensor<2>> =
        model.layers.iter().map(|layer| layer.weight.val().without_autodiff()).collect();
    let back = median(3, || {
        for weight in &weights {
            black_box(read(weight)?);
        }
        Ok(())
    })?;
    let rate = 4e6 * parameters / back.as_secs_f64() / 1e9;
    let each = |times: &[Duration]| {
        let mut times: Vec<f64> = times.iter().map(|t| ms(*t) / options.every as f64).collect();
        times.sort_by(f64::total_cmp);
        (times[times.len() / 2], times[0], times[times.len() - 1])
    };
    let ((a, a0, a1), (b, b0, b1)) = (each(&without), each(&with));
    println!(
        "| {parameters:.0} M | {:.0} ms ({rate:.1} GB/s) | {a:.2} ({a0:.2}–{a1:.2}) → {b:.2} ({b0:.2}–{b1:.2}) | {:.3} | {:.0} µs ({layers} matrices) | {:.1} µs |",
        ms(back),
        b / a,
        ms(observed[0]) * 1e3,
        ms(observed[1]) * 1e3,
    );
    Ok(())
}
