//! How much memory a pickle may take.

/// Bytes of memory that a pickle may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    /// In any case.
    pub(super) floor: u64,
    /// For each of its bytes.
    pub(super) multiple: u64,
}

impl Limit {
    /// Once so many bytes are read.
    pub(super) fn after(self, consumed: u64) -> u64 {
        self.multiple.saturating_mul(consumed).saturating_add(self.floor)
    }
}
