//! Terms of rank one that are added to every copy.

use super::kernel::{Across, Entries, LANES, Lanes, Processor, TOGETHER};

/// a bᵀ, of a on the small side and b on the large.
pub(crate) type Term = (Vec<f64>, Vec<f64>);

/// Terms in single precision and in the iteration's unit.
pub(super) struct Beside {
    count: usize,
    /// In blocks of terms, of each one element per row.
    small: Vec<Entries>,
    /// In blocks of columns, of each one element per term.
    pub(super) large: Vec<Entries>,
}

impl Beside {
    pub(super) fn new(terms: &[Term], m: usize, n: usize, unit: f64) -> Self {
        let count = terms.len();
        let mut small = vec![[0.0; TOGETHER]; count.div_ceil(TOGETHER) * m];
        let mut large = vec![[0.0; TOGETHER]; n.div_ceil(TOGETHER) * count];
        for (t, (a, b)) in terms.iter().enumerate() {
            for (into, x) in small[t / TOGETHER * m..].iter_mut().zip(a) {
                into[t % TOGETHER] = (x / unit) as f32;
            }
            for (j, x) in b.iter().enumerate() {
                large[j / TOGETHER * count + t][j % TOGETHER] = *x as f32;
            }
        }
        Self { count, small, large }
    }

    /// Products of the terms' vectors on the small side with x.
    #[inline(always)]
    pub(super) fn across(&self, processor: impl Processor, x: &[Lanes]) -> Vec<Across> {
        let mut terms = Vec::with_capacity(self.count.next_multiple_of(TOGETHER));
        for block in self.small.chunks_exact(x.len()) {
            let [mut a, mut b, mut c, mut d] = [[0.0; LANES]; TOGETHER];
            for (entries, x) in block.iter().zip(x) {
                processor.axpy(&mut a, entries[0], x);
                processor.axpy(&mut b, entries[1], x);
                processor.axpy(&mut c, entries[2], x);
                processor.axpy(&mut d, entries[3], x);
            }
            terms.extend([a, b, c, d].map(|along| Across { along, back: [0.0; LANES] }));
        }
        terms.truncate(self.count);
        terms
    }

    /// z ← z + Σ a·back over the terms.
    #[inline(always)]
    pub(super) fn back(&self, processor: impl Processor, terms: &[Across], z: &mut [Lanes]) {
        for (block, terms) in self.small.chunks_exact(z.len()).zip(terms.chunks(TOGETHER)) {
            for (entries, z) in block.iter().zip(&mut *z) {
                for (&a, Across { back, .. }) in entries.iter().zip(terms) {
                    processor.axpy(z, a, back);
                }
            }
        }
    }
}
