//! What observing costs the training thread, and what analysing costs the worker.
//!
//! ```text
//! cargo bench -p rmt-benches
//! ```

#![allow(clippy::unwrap_used)]

/// The example whose model is measured.
#[path = "../examples/grokking.rs"]
#[allow(dead_code, unreachable_pub)]
mod grokking;

use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Int, Tensor};
use burn_rmt::{Monitor, MonitorConfig, Tapped, tap};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use grokking::Network;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use rmt_core::nulls::WishartSampler;
use rmt_core::{Analyser, AnalysisOptions, Context, Matrix, Nulls, Orientation};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;
use std::time::Duration;

/// Larger than any step that is reached.
const NEVER: u64 = 1 << 60;

thread_local! {
    /// Allocations of this thread.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: all is left to the allocator of the system; only calls are counted.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A thread that ends has no counter any more.
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn network() -> Network {
    let device = Device::flex().autodiff();
    device.seed(0);
    let network = Network::new(59, &device);
    // Parameters are drawn at the first forward.
    let _ = network.forward(Tensor::<2, Int>::zeros([1, 2], &device));
    network
}

fn monitor(directory: &std::path::Path, every: u64) -> Monitor {
    MonitorConfig::new(directory)
        .with_every(every)
        .with_budget_bytes(1)
        .with_tensorboard(false)
        .with_jsonl(false)
        .with_page(false)
        .with_finish_timeout(Duration::from_secs(1))
        .init()
        .unwrap()
}

fn observe(criterion: &mut Criterion) {
    let network = network();
    let base = tempfile::tempdir().unwrap();
    let mut group = criterion.benchmark_group("observe");
    let disabled = Monitor::disabled();
    group.bench_function("disabled", |b| b.iter(|| disabled.observe(black_box(1), &network)));
    let unsampled = monitor(&base.path().join("unsampled"), NEVER);
    // Step 0 is always due.
    unsampled.observe(0, &network);
    for (monitor, name) in [(&disabled, "disabled"), (&unsampled, "unsampled")] {
        let before = ALLOCATIONS.get();
        (1..1_000_000).for_each(|step| monitor.observe(black_box(step), &network));
        assert_eq!(ALLOCATIONS.get(), before, "{name}: a step that is not due allocates");
    }
    group.bench_function("unsampled_step", |b| {
        b.iter(|| unsampled.observe(black_box(1), &network));
    });
    // A budget of one byte lets nothing in: what is left is the walk, the handles and the count,
    // which is all that a sampled step costs the training thread.
    let sampled = monitor(&base.path().join("sampled"), 1);
    group.bench_function("sampled_step_3_matrices", |b| {
        b.iter(|| sampled.observe(black_box(1), &network));
    });
    // The whole of it, the hand-over to the worker included.
    let config = MonitorConfig::new(base.path().join("queued")).with_every(1);
    let queued = config.with_tensorboard(false).with_jsonl(false).with_page(false).init().unwrap();
    group.bench_function("sampled_step_3_matrices_queued", |b| {
        b.iter_batched(|| (), |()| queued.observe(black_box(1), &network), BatchSize::SmallInput);
    });
    group.finish();
}

/// A tap that no due step has armed: what every layer of every forward pays.
fn taps(criterion: &mut Criterion) {
    let device = Device::flex().autodiff();
    let x = Tensor::<2>::zeros([64, 128], &device);
    let layer = LinearConfig::new(128, 128).init(&device);
    let tapped: Tapped<Linear> = layer.clone().into();
    let network = network();
    let base = tempfile::tempdir().unwrap();
    // A monitor that observes on this thread, at a step that is not due.
    let monitor = monitor(&base.path().join("taps"), NEVER);
    tap("hidden", &x);
    monitor.observe(0, &network);
    monitor.observe(1, &network);
    let before = ALLOCATIONS.get();
    (0..1_000_000).for_each(|_| tap(black_box("hidden"), black_box(&x)));
    assert_eq!(ALLOCATIONS.get(), before, "an unarmed tap allocates");
    let mut group = criterion.benchmark_group("tap");
    group.bench_function("unarmed", |b| b.iter(|| tap(black_box("hidden"), black_box(&x))));
    group.bench_function("linear_forward", |b| b.iter(|| layer.forward(black_box(x.clone()))));
    group.bench_function("tapped_forward", |b| b.iter(|| tapped.forward(black_box(x.clone()))));
    group.finish();
}

fn analyse(criterion: &mut Criterion) {
    let network = network();
    let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default()).unwrap();
    let weights = [&network.embedding.weight, &network.hidden.weight, &network.output.weight];
    let matrices = weights.map(|weight| {
        let tensor = weight.val();
        (tensor.dims(), tensor.into_data().try_into_vec_as::<f32>().unwrap())
    });
    let all = || {
        for ([rows, cols], values) in &matrices {
            let matrix = Matrix::new(&values[..], *rows, *cols, Orientation::InOut).unwrap();
            black_box(analyser.analyse(&matrix, Context::default()).unwrap());
        }
    };
    // The nulls are simulated once, before anything is timed.
    all();
    criterion.bench_function("analyse/whole_model_3_matrices", |b| b.iter(all));
}

/// Draws of the null of a spectrum, as many as are made together; the first look at a shape takes thousands.
fn null_draws(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("null_draws");
    group.throughput(Throughput::Elements(WishartSampler::TOGETHER as u64));
    for side in [128, 256, 512, 1024] {
        let mut sampler = WishartSampler::new(side, 2 * side).unwrap();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        group.bench_function(format!("{side}x{}", 2 * side), |b| {
            let draws = WishartSampler::TOGETHER;
            b.iter(|| sampler.for_each(draws, &mut rng, |nu| _ = black_box(nu[0])));
        });
    }
    group.finish();
}

criterion_group!(benches, observe, taps, analyse, null_draws);
criterion_main!(benches);
