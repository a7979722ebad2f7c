//! How often the page is written.

use super::Duration;
use std::time::Instant;

/// Shortest time from one page to the next.
const LEAST: Duration = Duration::from_secs(10);
/// The page may take one part in so many of the time: 2 %.
const SHARE: u32 = 50;

/// Tells the time since some moment.
pub(super) type Clock = Box<dyn FnMut() -> Duration + Send>;

/// When a page may be written.
pub(super) struct Pace {
    clock: Clock,
    least: Duration,
    share: u32,
    /// From when on, by the shortest time and by the share.
    from: [Duration; 2],
    every_record: bool,
}

impl std::fmt::Debug for Pace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pace").field("from", &self.from).finish_non_exhaustive()
    }
}

impl Default for Pace {
    fn default() -> Self {
        let started = Instant::now();
        Self::by(Box::new(move || started.elapsed()))
    }
}

impl Pace {
    /// By this clock.
    pub(super) fn by(clock: Clock) -> Self {
        Self { clock, least: LEAST, share: SHARE, from: [Duration::ZERO; 2], every_record: false }
    }

    /// As often as there is something to write.
    pub(super) fn always() -> Self {
        Self { least: Duration::ZERO, share: 1, every_record: true, ..Self::default() }
    }

    pub(super) fn every_record(&self) -> bool {
        self.every_record
    }

    /// The first page of a session does not wait.
    pub(super) fn begin(&mut self) {
        self.from = [Duration::ZERO; 2];
    }

    /// Whether it may be written now. One that failed is tried again as soon as the share allows.
    pub(super) fn due(&mut self, failed: bool) -> bool {
        let [least, share] = self.from;
        (self.clock)() >= if failed { share } else { least.max(share) }
    }

    /// Does what is part of writing, and waits the longer with the next page the longer it took.
    pub(super) fn timed<T>(&mut self, action: impl FnOnce() -> T) -> T {
        let begun = (self.clock)();
        let done = action();
        let now = (self.clock)();
        let rest = now.saturating_sub(begun).saturating_mul(self.share.saturating_sub(1));
        // What was owed before is still owed.
        let owed = self.from[1].max(begun).saturating_sub(begun);
        self.from = [now.saturating_add(self.least), now.saturating_add(rest).saturating_add(owed)];
        done
    }
}
