//! A slot for data that waits until the next observation.

use crate::guard::lock;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// Holds one thing. Whether it does costs one atomic load.
#[derive(Debug)]
pub(super) struct Slot<T> {
    full: AtomicBool,
    content: Mutex<Option<T>>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self { full: AtomicBool::new(false), content: Mutex::new(None) }
    }
}

impl<T> Slot<T> {
    pub(super) fn is_full(&self) -> bool {
        self.full.load(Ordering::Acquire)
    }

    /// Whether it holds something that `is` true of.
    pub(super) fn holds(&self, is: impl FnOnce(&T) -> bool) -> bool {
        lock(&self.content).as_ref().is_some_and(is)
    }

    /// Puts `next` in the place of what is held, and returns that.
    pub(super) fn replace(&self, next: Option<T>) -> Option<T> {
        let mut content = lock(&self.content);
        self.full.store(next.is_some(), Ordering::Release);
        std::mem::replace(&mut *content, next)
    }
}
