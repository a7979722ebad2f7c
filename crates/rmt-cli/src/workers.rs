//! Work on several threads whose results come in order.

use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// One thread a core.
pub(crate) fn cores() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Calls `work` for every number below `count`, `jobs` of them at once, and `take` with the results
/// in order, on this thread. A call that panics gives its message instead of a result. When `take`
/// fails, no further work is begun.
///
/// # Errors
/// That of `take`, or when no thread can be started.
pub(crate) fn in_order<T: Send>(
    count: usize,
    jobs: NonZeroUsize,
    work: impl Fn(usize) -> T + Sync,
    mut take: impl FnMut(usize, Result<T, String>) -> Result<()>,
) -> Result<()> {
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (work, next, stop) = (&work, &next, &stop);
    thread::scope(|scope| {
        let (sender, results) = mpsc::channel();
        for _ in 0..jobs.get().min(count) {
            let sender = sender.clone();
            let run = move || {
                while !stop.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        break;
                    }
                    let result = catch_unwind(AssertUnwindSafe(|| work(number)));
                    if sender.send((number, result.map_err(|_| PANICKED.to_owned()))).is_err() {
                        break;
                    }
                }
            };
            let started = thread::Builder::new().spawn_scoped(scope, run);
            started.inspect_err(|_| stop.store(true, Ordering::Relaxed)).context("a thread")?;
        }
        drop(sender);
        let mut early = BTreeMap::new();
        let mut due = 0;
        for (number, result) in results {
            early.insert(number, result);
            while let Some(result) = early.remove(&due) {
                let taken = take(due, result);
                taken.inspect_err(|_| stop.store(true, Ordering::Relaxed))?;
                due += 1;
            }
        }
        Ok(())
    })
}

/// The panic hook has said where.
const PANICKED: &str = "the analysis panicked: a bug of this program";

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;
    use anyhow::bail;
    use std::sync::Mutex;

    fn jobs(number: usize) -> NonZeroUsize {
        NonZeroUsize::new(number).unwrap()
    }

    #[test]
    fn results_come_in_order_whoever_is_first() {
        for threads in [1, 4, 50] {
            // The first to begin ends after the second, where there are two threads.
            let (second_ended, gate) = mpsc::sync_channel(1);
            let gate = Mutex::new(gate);
            let work = |i: usize| {
                match i {
                    0 if threads > 1 => gate.lock().unwrap().recv().unwrap(),
                    1 => second_ended.send(()).unwrap(),
                    _ => {}
                }
                i * i
            };
            let mut found = Vec::new();
            in_order(20, jobs(threads), work, |i, x| {
                found.push((i, x.unwrap()));
                Ok(())
            })
            .unwrap();
            assert_eq!(found, (0..20).map(|i| (i, i * i)).collect::<Vec<_>>());
        }
        in_order(0, jobs(2), |_| (), |_, _| bail!("never")).unwrap();
    }

    #[test]
    fn an_error_stops_and_a_panic_does_not() {
        // There is more to do than would ever end.
        let result = in_order(
            usize::MAX,
            jobs(2),
            |_| (),
            |i, _| match i {
                2 => bail!("full"),
                _ => Ok(()),
            },
        );
        assert_eq!(result.unwrap_err().to_string(), "full");
        let mut failed = Vec::new();
        let work = |i: usize| assert!(i != 1, "a test panics on purpose");
        in_order(3, jobs(2), work, |i, result| {
            failed.extend(result.err().map(|_| i));
            Ok(())
        })
        .unwrap();
        assert_eq!(failed, [1]);
    }
}
