//! The end of a run: everything submitted is analysed and written, or counted as dropped.

use crate::guard::lock;
use crate::ledger::DropReason;
use crate::shared::Shared;
#[cfg(feature = "pictures")]
use crate::sinks::Page;
use crate::summary::Summary;
use crate::worker::Job;
use crossbeam::channel::{self, Receiver, Sender};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

/// Finishes the run when the last handle goes, also while a panic unwinds.
#[derive(Debug)]
pub(super) struct Owner {
    pub(super) shared: Arc<Shared>,
    pub(super) jobs: Sender<Job>,
    /// Disconnected when the worker thread has ended.
    pub(super) ended: Receiver<()>,
    pub(super) summary: Mutex<Option<Summary>>,
}

impl Owner {
    pub(super) fn finish(&self) -> Summary {
        let mut finished = lock(&self.summary);
        if let Some(summary) = finished.as_ref() {
            return summary.clone();
        }
        let shared = &self.shared;
        shared.ledger.close();
        let _ = self.jobs.send(Job::Finish);
        let ended = self.ended.recv_timeout(shared.settings.finish_timeout);
        let timed_out = matches!(ended, Err(channel::RecvTimeoutError::Timeout));
        let step = shared.latest_step.load(Ordering::Relaxed);
        if timed_out {
            shared.ledger.abandon(DropReason::FinishTimeout);
            let seconds = shared.settings.finish_timeout.as_secs_f64();
            shared.warn(step, format!("the worker did not finish within {seconds} s"));
        }
        // What another thread let in just before may have been sent just after the end.
        shared.ledger.abandon(DropReason::Finished);
        let mut summary = shared.summary();
        summary.complete &= !timed_out;
        let (directory, kept) = (shared.directory.clone(), summary.clone());
        let info = lock(&shared.info).clone();
        #[cfg(feature = "pictures")]
        let hangs = timed_out && shared.settings.page;
        let write = move || {
            // A worker that hangs does not say on the page that the run is over. The page may be missing.
            #[cfg(feature = "pictures")]
            let _ = if hangs { Page::end(directory.path()) } else { Ok(()) };
            directory.restore_run(&info).and(directory.write_summary(&kept))
        };
        if let Err(error) = shared.patiently(write) {
            let message = format!("summary.json: {error}");
            summary.warnings.push(shared.warn(step, message));
            summary.warnings_total += 1;
        }
        shared.directory.release();
        *finished = Some(summary.clone());
        summary
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.finish();
    }
}
