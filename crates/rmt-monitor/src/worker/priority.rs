//! The worker yields to training.

use thread_priority::{ThreadPriority, ThreadPriorityValue, set_current_thread_priority};

/// Of 0 to 99; on Linux the nice value below.
const LOW: u8 = 22;
/// A tenth of the time of a thread that wants all of it.
const NICE: i32 = 10;

/// Lowers the priority of the calling thread, and of no other, where the system allows.
pub(super) fn lower() {
    // Of a program that was started with less, it is not raised.
    if nice().is_some_and(|nice| nice >= NICE) {
        return;
    }
    let low = ThreadPriorityValue::try_from(LOW).map(ThreadPriority::Crossplatform);
    if let Ok(Err(error)) = low.map(set_current_thread_priority) {
        tracing::debug!(target: "rmt", "the worker keeps its priority: {error:?}");
    }
}

/// Nice value of the calling thread, on Linux: field 19 of its line, of which the name, in parentheses,
/// is the second.
fn nice() -> Option<i32> {
    let line = std::fs::read_to_string("/proc/thread-self/stat").ok()?;
    line.rsplit(')').next()?.split_whitespace().nth(16)?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{Bare, MonitorConfig, Record, Sink, SinkError};
    use std::sync::mpsc::{Sender, channel};

    struct Niceness(Sender<i32>);

    impl Sink for Niceness {
        fn name(&self) -> &str {
            "niceness"
        }

        fn write(&mut self, _: &Record<'_>) -> Result<(), SinkError> {
            let _ = self.0.send(nice().unwrap());
            Ok(())
        }
    }

    #[test]
    fn the_worker_is_lowered_and_nobody_else() {
        let own = nice().unwrap();
        let of_the_worker = |low: bool| {
            let base = tempfile::tempdir().unwrap();
            let (sender, receiver) = channel();
            let config = MonitorConfig::<Bare>::new(base.path()).with_sink(Niceness(sender));
            let _ = config.with_low_priority(low).init().unwrap().finish();
            receiver.recv().unwrap()
        };
        // As low as it was, where that was lower already.
        assert_eq!(of_the_worker(true), own.max(NICE));
        assert_eq!(of_the_worker(false), own);
        assert_eq!(nice(), Some(own));
    }
}
