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
    /// Shortest time from one page to the next; with zero there is a page for every record.
    least: Duration,
    /// From when on, by the shortest time and by the share.
    least_from: Duration,
    share_from: Duration,
    /// None was tried in this session.
    first: bool,
}

impl std::fmt::Debug for Pace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pace").field("first", &self.first).finish_non_exhaustive()
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
        let (least_from, share_from) = (Duration::ZERO, Duration::ZERO);
        Self { clock, least: LEAST, least_from, share_from, first: true }
    }

    pub(super) fn with_least(self, least: Duration) -> Self {
        Self { least, ..self }
    }

    pub(super) fn every_record(&self) -> bool {
        self.least.is_zero()
    }

    /// A session begins: its first page does not wait.
    pub(super) fn begin(&mut self) {
        self.first = true;
    }

    /// Whether a page may be written now. One that failed is tried again as soon as the share allows.
    pub(super) fn due(&mut self, failed: bool) -> bool {
        let least = if failed { Duration::ZERO } else { self.least_from };
        self.first || (self.clock)() >= least.max(self.share_from)
    }

    /// Writes a page.
    pub(super) fn page<T>(&mut self, write: impl FnOnce() -> T) -> T {
        let written = self.timed(write);
        self.first = false;
        self.least_from = (self.clock)().saturating_add(self.least);
        written
    }

    /// Does what counts as time of the page: the next one waits the longer.
    pub(super) fn timed<T>(&mut self, action: impl FnOnce() -> T) -> T {
        let begun = (self.clock)();
        let done = action();
        let now = (self.clock)();
        let share = if self.every_record() { 1 } else { SHARE };
        let rest = now.saturating_sub(begun).saturating_mul(share - 1);
        // What is still owed of before comes on top.
        let owed = self.share_from.saturating_sub(begun);
        self.share_from = now.saturating_add(rest).saturating_add(owed);
        done
    }
}
