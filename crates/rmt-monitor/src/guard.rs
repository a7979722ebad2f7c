//! Keeps what others' code does from spreading: panics are caught, and waiting has an end.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// What `action` returns, or what it said when it panicked.
pub(crate) fn guarded<T>(action: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(action)).map_err(said)
}

/// Lets a value of another's type go, whose destructor may panic: two panics at once would abort the
/// process.
pub(crate) fn discard<T>(value: T) -> Result<(), String> {
    guarded(|| drop(value))
}

/// The content of a mutex, also after a panic of who held it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn said(payload: Box<dyn Any + Send>) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    match text.or_else(|| payload.downcast_ref::<&str>().copied()) {
        Some(text) => text.to_owned(),
        None => {
            // Its destructor is unknown: let it be.
            std::mem::forget(payload);
            "it did not say why".to_owned()
        }
    }
}

/// What `action` returns, done by a thread of its own; `None` if that takes longer than `limit`. The
/// thread is then left to itself.
pub(crate) fn within<T: Send + 'static>(
    limit: Duration,
    action: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (sender, receiver) = channel();
    let thread = thread::Builder::new().name("rmt-writer".into()).spawn(move || {
        let _ = sender.send(action());
    });
    // Without a thread the action is gone too: it counts as not done.
    thread.ok()?;
    receiver.recv_timeout(limit).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    /// Panics when it is dropped.
    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped on purpose");
        }
    }

    #[test]
    fn panics_are_caught_with_what_they_say() {
        assert_eq!(guarded(|| 3), Ok(3));
        assert_eq!(guarded(|| -> u8 { panic!("in {}", "words") }), Err("in words".into()));
        assert_eq!(guarded(|| -> u8 { panic!("plain") }), Err("plain".into()));
        let hostile = || -> u8 { std::panic::panic_any(Bomb) };
        assert_eq!(guarded(hostile), Err("it did not say why".into()));
        assert_eq!(discard(Bomb), Err("dropped on purpose".into()));
    }

    #[test]
    fn waiting_has_an_end() {
        let (opener, gate) = channel::<()>();
        let (told, done) = channel();
        let held = within(Duration::from_millis(1), move || {
            let _ = gate.recv();
            told.send(()).unwrap();
        });
        assert_eq!(held, None);
        // What was left to itself still ends.
        drop(opener);
        done.recv().unwrap();
        assert_eq!(within(Duration::from_secs(60), || 7), Some(7));
        assert_eq!(within(Duration::from_secs(60), || -> u8 { panic!("on purpose") }), None);
    }
}
