//! A small training run, sinks that can be held, and readers of what was written.

use libtest_mimic::Trial;
use protobuf::Message as _;
use rmt_core::Orientation;
use rmt_core::layers::LayerId;
use rmt_monitor::{LayerSnapshot, Record, Sink, SinkError, WeightValues, Weights};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use tensorboard_proto::event::Event;
use tensorboard_rs::masked_crc32c::masked_crc32c;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record as Fields};
use tracing::{Metadata, Subscriber};

/// A test that fails by a panic.
pub(crate) fn test(name: &str, body: fn()) -> Trial {
    Trial::test(name, move || {
        body();
        Ok(())
    })
}

/// Shape of each of the two matrices that are trained.
pub(crate) const SHAPE: [usize; 2] = [20, 30];
/// Bytes of one of them.
pub(crate) const BYTES: u64 = 4 * (SHAPE[0] * SHAPE[1]) as u64;

/// Pseudo-random numbers, the same everywhere.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// Below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// From -1 to 1.
    pub(crate) fn signed(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}

/// Two linear maps fitted to a third by gradient descent, as deterministic as it gets.
pub(crate) struct Model {
    pub(crate) layers: [Vec<f32>; 2],
    data: Random,
}

impl Model {
    pub(crate) fn new(seed: u64) -> Self {
        let mut data = Random(seed);
        let mut layer = || (0..SHAPE[0] * SHAPE[1]).map(|_| data.signed()).collect();
        Self { layers: [layer(), layer()], data }
    }

    /// One update; its loss.
    pub(crate) fn update(&mut self) -> f64 {
        let [rows, cols] = SHAPE;
        let mut loss = 0.0;
        let x: Vec<f32> = (0..cols).map(|_| self.data.signed()).collect();
        for layer in &mut self.layers {
            for (row, weights) in layer.chunks_mut(cols).enumerate() {
                let y: f32 = weights.iter().zip(&x).map(|(w, x)| w * x).sum();
                let error = y - x[row];
                loss += f64::from(error * error) / rows as f64;
                weights.iter_mut().zip(&x).for_each(|(w, x)| *w -= 0.01 * error * x);
            }
        }
        loss
    }

    /// Its weights, in one number.
    pub(crate) fn fingerprint(&self) -> u64 {
        let bits = self.layers.iter().flatten().map(|w| u64::from(w.to_bits()));
        bits.fold(0, |sum, bits| Random(sum ^ bits).next())
    }

    pub(crate) fn snapshot(&self) -> Vec<LayerSnapshot> {
        let names = ["blocks.0.up.weight", "blocks.1.up.weight"];
        names.into_iter().zip(&self.layers).map(|(name, layer)| snapshot(name, layer)).collect()
    }
}

pub(crate) fn snapshot(name: &str, layer: &[f32]) -> LayerSnapshot {
    handle(name, Box::new(WeightValues::F32(layer.to_owned())))
}

pub(crate) fn handle(name: &str, weights: Box<dyn Weights>) -> LayerSnapshot {
    let mut layer =
        LayerSnapshot::new(LayerId::from_name(name), SHAPE, Orientation::OutIn, weights);
    layer.bytes = BYTES;
    layer
}

/// Tells of each tick once all sinks before it have flushed it, and holds the worker if asked to.
pub(crate) struct Turnstile {
    told: Option<u64>,
    ticks: Sender<u64>,
    /// Steps at which the worker is held until the other end is gone.
    holds: Option<(u64, Receiver<()>)>,
}

impl Turnstile {
    pub(crate) fn new() -> (Self, Receiver<u64>) {
        let (ticks, told) = channel();
        (Self { told: None, ticks, holds: None }, told)
    }

    /// Held at `step`.
    pub(crate) fn held(self, step: u64) -> (Self, Sender<()>) {
        let (opener, gate) = channel();
        (Self { holds: Some((step, gate)), ..self }, opener)
    }
}

impl Sink for Turnstile {
    fn name(&self) -> &str {
        "turnstile"
    }

    fn write(&mut self, record: &Record<'_>) -> Result<(), SinkError> {
        if let Record::Tick(tick) = record {
            self.told = Some(tick.step);
            if let Some((_, gate)) = self.holds.take_if(|(step, _)| *step == tick.step) {
                let _ = gate.recv();
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        if let Some(step) = self.told.take() {
            let _ = self.ticks.send(step);
        }
        Ok(())
    }
}

/// Steps of the reports that can be read, and lines that were cut short.
pub(crate) fn steps_in_jsonl(directory: &Path) -> (BTreeSet<u64>, usize) {
    let found = rmt_monitor::read_reports(directory).unwrap();
    (found.reports.iter().map(|report| report.step).collect(), found.torn_lines)
}

/// Steps of the ticks in a directory's event files. Every record but the last of a file must have
/// right checksums.
pub(crate) fn steps_in_events(directory: &Path) -> BTreeSet<u64> {
    let mut steps = BTreeSet::new();
    for path in event_files(directory) {
        for event in events(&std::fs::read(path).unwrap()) {
            let is_tick = |tag: &str| tag.starts_with("rmt_1_above");
            if event.get_summary().value.iter().any(|value| is_tick(value.get_tag())) {
                steps.insert(event.get_step() as u64);
            }
        }
    }
    steps
}

/// In the order in which readers take them.
pub(crate) fn event_files(directory: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.to_string_lossy().contains("tfevents")).collect();
    files.sort();
    files
}

pub(crate) fn events(mut bytes: &[u8]) -> Vec<Event> {
    let crc = |data: &[u8]| masked_crc32c(data).to_le_bytes();
    let mut events = Vec::new();
    while bytes.len() >= 12 {
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        assert_eq!(bytes[8..12], crc(&bytes[..8]));
        if bytes.len() < length + 16 {
            break;
        }
        let data = &bytes[12..12 + length];
        assert_eq!(bytes[12 + length..16 + length], crc(data));
        events.push(Event::parse_from_bytes(data).unwrap());
        bytes = &bytes[16 + length..];
    }
    events
}

/// Keeps what the monitor says as `tracing` events.
pub(crate) struct Heard;

static HEARD: Mutex<Vec<String>> = Mutex::new(Vec::new());

impl Heard {
    /// For the whole process.
    pub(crate) fn listen() {
        tracing::subscriber::set_global_default(Heard).unwrap();
    }

    pub(crate) fn any(part: &str) -> bool {
        HEARD.lock().unwrap().iter().any(|message| message.contains(part))
    }
}

/// At this step the worker's thread panics where nothing is guarded: in the host's own subscriber.
pub(crate) static PANIC_AT: std::sync::atomic::AtomicU64 =
    std::sync::atomic::AtomicU64::new(u64::MAX);

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _ = write!(self.0, "{}={value:?} ", field.name());
    }
}

impl Subscriber for Heard {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "rmt"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut message = Message(String::new());
        span.record(&mut message);
        let at = PANIC_AT.load(std::sync::atomic::Ordering::Relaxed);
        assert!(message.0.trim() != format!("step={at}"), "on purpose, in the host's subscriber");
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Fields<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        HEARD.lock().unwrap().push(message.0);
    }

    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
