//! The product that all of the time goes into: a matrix under many patterns of signs at once.

use pulp::{Arch, Simd, WithSimd};

/// Copies that are multiplied at once, one per lane: three vectors of eight, or one and a half of sixteen.
pub(super) const LANES: usize = 24;
/// Columns that are taken together, so that the vectors are read once for all of them.
pub(super) const TOGETHER: usize = 4;

/// One number per copy.
pub(super) type Lanes = [f32; LANES];

/// [`TOGETHER`] entries of one row.
pub(super) type Entries = [f32; TOGETHER];

/// The sign bits of such entries: that of copy l is bit 31 − l of a word.
pub(super) type Signs = [u32; TOGETHER];

/// The factors of a term of rank one that is added to every copy.
#[derive(Clone, Copy)]
pub(super) struct Across {
    /// Factor of the term's vector on the large side, which is added to the product with the transpose.
    pub(super) along: Lanes,
    /// Product of that vector with the factors of the columns.
    pub(super) back: Lanes,
}

/// How a processor makes the sums: in the same order on each, so that those that fuse products and sums agree to the last bit.
/// Everything in it must be `#[inline(always)]`.
pub(super) trait Processor: Copy {
    /// y + a·x.
    fn axpy(self, y: &mut Lanes, a: f32, x: &Lanes);

    /// Σᵢ ±entryᵢₖ·xᵢ of each of the columns k taken together.
    fn forward(self, entries: &[Entries], signs: &[Signs], x: &[Lanes]) -> [Lanes; TOGETHER];

    /// zᵢ + Σₖ ±entryᵢₖ·sumₖ, k after k.
    fn back(self, entries: &[Entries], signs: &[Signs], sums: &[Lanes; TOGETHER], z: &mut [Lanes]);
}

/// z ← (N∘R)(t + (N∘R)ᵀx) for every copy, where t is what `terms` add to the product with the transpose.
///
/// `entries` and `signs` have, for each block of columns, one element per row, and `large` has one per term: its vector on
/// the large side.
#[inline(always)]
pub(super) fn gram_times(
    processor: impl Processor,
    entries: &[Entries],
    signs: &[Signs],
    (terms, large): (&mut [Across], &[Entries]),
    x: &[Lanes],
    z: &mut [Lanes],
) {
    let m = x.len();
    z.fill([0.0; LANES]);
    let blocks = entries.chunks_exact(m).zip(signs.chunks_exact(m));
    for (block, (entries, signs)) in blocks.enumerate() {
        let mut sums = processor.forward(entries, signs, x);
        let vectors = &large[block * terms.len()..][..terms.len()];
        for (vector, Across { along, .. }) in vectors.iter().zip(terms.iter()) {
            for (sum, &by) in sums.iter_mut().zip(vector) {
                processor.axpy(sum, by, along);
            }
        }
        // All that a column makes of x goes back through both terms.
        for (vector, Across { back, .. }) in vectors.iter().zip(terms.iter_mut()) {
            for (sum, &by) in sums.iter().zip(vector) {
                processor.axpy(back, by, sum);
            }
        }
        processor.back(entries, signs, &sums, z);
    }
}

/// What the compiler makes of the loops.
#[derive(Clone, Copy)]
struct Portable<const FUSED: bool>;

impl<const FUSED: bool> Portable<FUSED> {
    /// `entry` with the sign that each copy gives it, times `by`, added to `sum`.
    #[inline(always)]
    fn add(sum: &mut Lanes, entry: f32, signs: u32, by: &Lanes) {
        let bits = entry.to_bits();
        for l in 0..LANES {
            let signed = f32::from_bits(bits ^ ((signs << l) & (1 << 31)));
            sum[l] = if FUSED { signed.mul_add(by[l], sum[l]) } else { signed * by[l] + sum[l] };
        }
    }
}

impl<const FUSED: bool> Processor for Portable<FUSED> {
    #[inline(always)]
    fn axpy(self, y: &mut Lanes, a: f32, x: &Lanes) {
        for l in 0..LANES {
            y[l] = if FUSED { a.mul_add(x[l], y[l]) } else { a * x[l] + y[l] };
        }
    }

    #[inline(always)]
    fn forward(self, entries: &[Entries], signs: &[Signs], x: &[Lanes]) -> [Lanes; TOGETHER] {
        // One by one, so that each stays in registers.
        let [mut a, mut b, mut c, mut d] = [[0.0; LANES]; TOGETHER];
        for ((entries, signs), x) in entries.iter().zip(signs).zip(x) {
            Self::add(&mut a, entries[0], signs[0], x);
            Self::add(&mut b, entries[1], signs[1], x);
            Self::add(&mut c, entries[2], signs[2], x);
            Self::add(&mut d, entries[3], signs[3], x);
        }
        [a, b, c, d]
    }

    #[inline(always)]
    fn back(self, entries: &[Entries], signs: &[Signs], sums: &[Lanes; TOGETHER], z: &mut [Lanes]) {
        for ((entries, signs), z) in entries.iter().zip(signs).zip(z) {
            let mut sum = *z;
            for k in 0..TOGETHER {
                Self::add(&mut sum, entries[k], signs[k], &sums[k]);
            }
            *z = sum;
        }
    }
}

/// Vectors of sixteen and of eight: the compiler would mix those of eight of different columns.
#[cfg(target_arch = "x86_64")]
mod sixteen {
    use crate::signs::kernel::{Entries, LANES, Lanes, Processor, Signs, TOGETHER};
    use pulp::x86::V4;
    use pulp::{cast, f32x8, f32x16, u32x8, u32x16};

    /// By how much the signs are shifted for each copy.
    type Shifts = (u32x16, u32x8);

    #[inline(always)]
    fn shifts(simd: V4) -> Shifts {
        let low: [u32; 16] = std::array::from_fn(|l| l as u32);
        let high: [u32; 8] = std::array::from_fn(|l| 16 + l as u32);
        // Not to be known, or the compiler would treat the shift by 0 apart; but that they are below 32.
        let (low, high): Shifts = std::hint::black_box((cast(low), cast(high)));
        (simd.and_u32x16(low, simd.splat_u32x16(31)), simd.and_u32x8(high, simd.splat_u32x8(31)))
    }

    type Pair = (f32x16, f32x8);

    #[inline(always)]
    fn loaded(x: &Lanes) -> Pair {
        let (Some(low), Some(high)) = (x.first_chunk::<16>(), x.last_chunk::<8>()) else {
            return (cast([0.0_f32; 16]), cast([0.0_f32; 8]));
        };
        (cast(*low), cast(*high))
    }

    #[inline(always)]
    fn stored((low, high): Pair, x: &mut Lanes) {
        if let Some(into) = x.first_chunk_mut::<16>() {
            *into = cast(low);
        }
        if let Some(into) = x.last_chunk_mut::<8>() {
            *into = cast(high);
        }
    }

    #[inline(always)]
    fn plus(simd: V4, sum: Pair, a: f32, x: Pair) -> Pair {
        let low = simd.mul_add_f32x16(simd.splat_f32x16(a), x.0, sum.0);
        (low, simd.mul_add_f32x8(simd.splat_f32x8(a), x.1, sum.1))
    }

    #[inline(always)]
    fn signed_plus(
        simd: V4,
        sum: Pair,
        (entry, signs): (f32, u32),
        shifts: Shifts,
        x: Pair,
    ) -> Pair {
        let sign = 1 << 31;
        let low = simd.shl_dyn_u32x16(simd.splat_u32x16(signs), shifts.0);
        let high = simd.shl_dyn_u32x8(simd.splat_u32x8(signs), shifts.1);
        let low = simd.and_u32x16(low, simd.splat_u32x16(sign));
        let high = simd.and_u32x8(high, simd.splat_u32x8(sign));
        let low = simd.xor_u32x16(low, cast(simd.splat_f32x16(entry)));
        let high = simd.xor_u32x8(high, cast(simd.splat_f32x8(entry)));
        let low = simd.mul_add_f32x16(cast(low), x.0, sum.0);
        (low, simd.mul_add_f32x8(cast(high), x.1, sum.1))
    }

    impl Processor for V4 {
        #[inline(always)]
        fn axpy(self, y: &mut Lanes, a: f32, x: &Lanes) {
            stored(plus(self, loaded(y), a, loaded(x)), y);
        }

        #[inline(always)]
        fn forward(self, entries: &[Entries], signs: &[Signs], x: &[Lanes]) -> [Lanes; TOGETHER] {
            let (zero, shifts) = (loaded(&[0.0; LANES]), shifts(self));
            let [mut a, mut b, mut c, mut d] = [zero; TOGETHER];
            for ((entries, signs), x) in entries.iter().zip(signs).zip(x) {
                let x = loaded(x);
                a = signed_plus(self, a, (entries[0], signs[0]), shifts, x);
                b = signed_plus(self, b, (entries[1], signs[1]), shifts, x);
                c = signed_plus(self, c, (entries[2], signs[2]), shifts, x);
                d = signed_plus(self, d, (entries[3], signs[3]), shifts, x);
            }
            let mut sums = [[0.0; LANES]; TOGETHER];
            for (sum, into) in [a, b, c, d].into_iter().zip(&mut sums) {
                stored(sum, into);
            }
            sums
        }

        #[inline(always)]
        fn back(
            self,
            entries: &[Entries],
            signs: &[Signs],
            sums: &[Lanes; TOGETHER],
            z: &mut [Lanes],
        ) {
            let [a, b, c, d] = [0, 1, 2, 3].map(|k| loaded(&sums[k]));
            let shifts = shifts(self);
            for ((entries, signs), z) in entries.iter().zip(signs).zip(z) {
                let sum = signed_plus(self, loaded(z), (entries[0], signs[0]), shifts, a);
                let sum = signed_plus(self, sum, (entries[1], signs[1]), shifts, b);
                let sum = signed_plus(self, sum, (entries[2], signs[2]), shifts, c);
                stored(signed_plus(self, sum, (entries[3], signs[3]), shifts, d), z);
            }
        }
    }
}

/// Runs what the processor's vector instructions are for.
pub(super) fn vectorized(work: impl Vectorized) {
    let arch = Arch::new();
    match arch {
        // Without such an instruction a fused product is a call of a function.
        Arch::Scalar => arch.dispatch(By(work, Portable::<false>)),
        #[cfg(target_arch = "x86_64")]
        Arch::V4(simd) => arch.dispatch(By(work, simd)),
        _ => arch.dispatch(By(work, Portable::<true>)),
    }
}

/// Work that is compiled for the processor's vectors: everything in it must be `#[inline(always)]`.
pub(super) trait Vectorized {
    /// Does it.
    fn run(self, processor: impl Processor);
}

struct By<T, P>(T, P);

impl<T: Vectorized, P: Processor> WithSimd for By<T, P> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.0.run(self.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::gaussian;
    use rand::{Rng, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    struct Product<'a>(&'a [Entries], &'a [Signs], &'a [Entries], &'a [Lanes], &'a mut Vec<u32>);

    impl Vectorized for Product<'_> {
        #[inline(always)]
        fn run(self, processor: impl Processor) {
            let Self(entries, signs, large, x, bits) = self;
            let mut z = vec![[0.0; LANES]; x.len()];
            let mut terms = [Across { along: x[0], back: [0.0; LANES] }; 2];
            gram_times(processor, entries, signs, (&mut terms, large), x, &mut z);
            let all = z.iter().chain(terms.iter().map(|term| &term.back)).flatten();
            bits.extend(all.map(|x| x.to_bits()));
        }
    }

    /// This processor against the portable loop with fused products.
    #[test]
    fn the_same_to_the_last_bit_on_every_processor_that_fuses() {
        let (m, blocks) = (37, 5);
        let entries = gaussian(m * blocks, TOGETHER, 1);
        let entries: Vec<Entries> =
            entries.chunks(TOGETHER).map(|e| std::array::from_fn(|k| e[k] as f32)).collect();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
        let signs: Vec<Signs> =
            entries.iter().map(|_| std::array::from_fn(|_| rng.next_u32())).collect();
        let large = &entries[..2 * blocks];
        let x: Vec<Lanes> = gaussian(m, LANES, 3)
            .chunks(LANES)
            .map(|x| std::array::from_fn(|l| x[l] as f32))
            .collect();
        let (mut found, mut expected) = (Vec::new(), Vec::new());
        vectorized(Product(&entries, &signs, large, &x, &mut found));
        match Arch::new() {
            Arch::Scalar => {
                Product(&entries, &signs, large, &x, &mut expected).run(Portable::<false>);
            }
            _ => Product(&entries, &signs, large, &x, &mut expected).run(Portable::<true>),
        }
        assert!(found == expected && found.len() == (m + 2) * LANES);
    }
}
