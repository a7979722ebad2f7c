//! Runs that are fed what nobody means to feed: used by tests, and by a program of its own that is
//! built to abort on any panic.

use rmt_core::Orientation;
use rmt_core::layers::LayerId;
use rmt_monitor::DriftConfig;
use rmt_monitor::{Admission, Bare, Engine, LayerSnapshot, MonitorConfig, Summary, WeightValues};
use std::path::Path;

fn start(run: &Path) -> Engine {
    let config = MonitorConfig::<Bare>::new(run).with_every(1).with_null_cache(None);
    let config = config.with_profiles_every(1).with_overflow(rmt_monitor::Overflow::Block);
    config
        .with_drift(DriftConfig::new().with_spectral_edge_window(3))
        .init()
        .expect("the run directory can be made")
}

fn layer(name: &str, shape: [usize; 2], values: WeightValues) -> LayerSnapshot {
    let mut layer =
        LayerSnapshot::new(LayerId::from_name(name), shape, Orientation::Assumed, Box::new(values));
    layer.dtype = "f64".into();
    layer.bytes = 1;
    layer
}

/// SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut x = *state;
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

fn unit(state: &mut u64) -> f64 {
    (next(state) >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
}

/// Two snapshots and scalars under every name; the matrices' names.
pub(crate) fn names(run: &Path) -> (Vec<String>, Summary) {
    let long = "layer.".repeat(1700);
    let names = [
        "",
        ".",
        "a/b//c///",
        "a_b__c___",
        "/",
        "..",
        "../../etc/passwd",
        "\u{1b}[2J\u{1b}]0;title\u{7}",
        "\u{9b}31mred",
        "nul\0byte",
        "line\nbreak\r\n",
        "\u{7f}",
        "\u{202e}backwards",
        "rmt_0_summary/dropped",
        "{\"json\": [1",
        "quote\"back\\slash",
        "<script>alert(1)</script>",
        "emoji 🦀",
        "%s%n%x",
        "blocks.00000000000000000000000000000001.up",
        "blocks.1.up",
        "twice",
        "twice",
        "twice",
        "twice#2",
        &long,
    ];
    let engine = start(run);
    let mut state = 1;
    for step in 0..2 {
        let values = |state: &mut u64| (0..16 * 24).map(|_| unit(state)).collect();
        let snapshot = names
            .iter()
            .map(|name| layer(name, [16, 24], WeightValues::F64(values(&mut state))))
            .collect();
        engine.submit(step, Admission::Wait, snapshot);
        names.iter().for_each(|name| engine.scalar(step, name, Box::new(unit(&mut state))));
    }
    let mut expected: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    // `twice#2` is there already.
    let mut seen = std::collections::HashSet::new();
    let mut number = 2;
    for name in &mut expected {
        if !seen.insert(name.clone()) {
            number += 1;
            *name = format!("{name}#{number}");
        }
    }
    (expected, engine.finish())
}

/// Snapshots of matrices with entries, sizes and scales of every kind.
pub(crate) fn numbers(run: &Path, steps: u64) -> Summary {
    const SPECIAL: [f64; 14] = [
        0.0,
        -0.0,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MIN_POSITIVE,
        5e-324,
        -1e-310,
        1e308,
        -1e308,
        f64::MAX,
        f64::MIN,
        1.0,
        f64::EPSILON,
    ];
    let engine = start(run);
    let mut state = 7;
    let s = &mut state;
    for step in 0..steps {
        // Some too small to be judged, most not.
        let shapes =
            [[0, 4], [1, 1], [1, 9], [9, 1], [5, 5], [16, 16], [16, 16], [24, 24], [18, 30]];
        let shapes = [&shapes[..], &[[30, 18], [17, 70], [70, 17]]].concat();
        let shape = shapes[next(s) as usize % shapes.len()];
        let entries = shape[0] * shape[1];
        let special = SPECIAL[next(s) as usize % SPECIAL.len()];
        let scale = SPECIAL[next(s) as usize % SPECIAL.len()];
        let values: Vec<f64> = match next(s) % 7 {
            0 => vec![special; entries],
            1 => (0..entries).map(|_| unit(s) * scale).collect(),
            2 => (0..entries).map(|_| SPECIAL[next(s) as usize % SPECIAL.len()]).collect(),
            3 => {
                let mut values: Vec<f64> = (0..entries).map(|_| unit(s)).collect();
                let place = next(s) as usize % entries.max(1);
                values.iter_mut().skip(place).take(1).for_each(|value| *value = special);
                values
            }
            // Of rank one.
            4 => (0..entries).map(|k| (k / shape[1].max(1)) as f64 * scale).collect(),
            // Scales that have nothing in common.
            5 => (0..entries).map(|_| 10_f64.powi((next(s) % 600) as i32 - 300)).collect(),
            _ => (0..entries).map(|_| unit(s)).collect(),
        };
        let claimed = match next(s) % 12 {
            0 => [usize::MAX, usize::MAX],
            1 => [shape[0] + 1, shape[1]],
            _ => shape,
        };
        let narrow = WeightValues::F32(values.iter().map(|&x| x as f32).collect());
        let values = if next(s).is_multiple_of(3) { narrow } else { WeightValues::F64(values) };
        // One of three names: matrices change shape and kind under the same name.
        let name = ["a.0.weight", "b", "c"][next(s) as usize % 3];
        engine.submit(step, Admission::Wait, vec![layer(name, claimed, values)]);
        engine.scalar(u64::MAX - step, "scalar", Box::new(special));
    }
    engine.finish()
}
