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

/// A vector on the large side and what it is multiplied with, before and after.
pub(super) struct Across<'a> {
    pub(super) vector: &'a [f32],
    /// Added to the product with the transpose, times the vector.
    pub(super) along: Lanes,
    /// The vector times what is multiplied with the columns.
    pub(super) back: Lanes,
}

/// `entry` with the sign that each copy gives it, times `by`, added to `sum`.
#[inline(always)]
fn add<const FUSED: bool>(sum: &mut Lanes, entry: f32, signs: u32, by: &Lanes) {
    let bits = entry.to_bits();
    for l in 0..LANES {
        let signed = f32::from_bits(bits ^ ((signs << l) & (1 << 31)));
        sum[l] = if FUSED { signed.mul_add(by[l], sum[l]) } else { signed * by[l] + sum[l] };
    }
}

/// z ← (N∘R)(t + (N∘R)ᵀx) for every copy, where t is what `terms` add to the product with the transpose.
///
/// `entries` and `signs` have, for each block of columns, one element per row.
#[inline(always)]
pub(super) fn gram_times<const FUSED: bool>(
    entries: &[Entries],
    signs: &[Signs],
    terms: &mut [Across<'_>],
    x: &[Lanes],
    z: &mut [Lanes],
) {
    let m = x.len();
    z.fill([0.0; LANES]);
    let blocks = entries.chunks_exact(m).zip(signs.chunks_exact(m));
    for (block, (entries, signs)) in blocks.enumerate() {
        // One by one, so that each stays in registers.
        let [mut a, mut b, mut c, mut d] = [[0.0; LANES]; TOGETHER];
        for ((entries, signs), x) in entries.iter().zip(signs).zip(x) {
            add::<FUSED>(&mut a, entries[0], signs[0], x);
            add::<FUSED>(&mut b, entries[1], signs[1], x);
            add::<FUSED>(&mut c, entries[2], signs[2], x);
            add::<FUSED>(&mut d, entries[3], signs[3], x);
        }
        let mut sums = [a, b, c, d];
        let columns = block * TOGETHER;
        for Across { vector, along, .. } in terms.iter() {
            for (sum, &by) in sums.iter_mut().zip(vector.iter().skip(columns)) {
                axpy::<FUSED>(sum, by, along);
            }
        }
        // All that a column makes of x goes back through both terms.
        for Across { vector, back, .. } in terms.iter_mut() {
            for (sum, &by) in sums.iter().zip(vector.iter().skip(columns)) {
                axpy::<FUSED>(back, by, sum);
            }
        }
        for ((entries, signs), z) in entries.iter().zip(signs).zip(z.iter_mut()) {
            let mut sum = *z;
            for k in 0..TOGETHER {
                add::<FUSED>(&mut sum, entries[k], signs[k], &sums[k]);
            }
            *z = sum;
        }
    }
}

/// y + a·x.
#[inline(always)]
pub(super) fn axpy<const FUSED: bool>(y: &mut Lanes, a: f32, x: &Lanes) {
    for l in 0..LANES {
        y[l] = if FUSED { a.mul_add(x[l], y[l]) } else { a * x[l] + y[l] };
    }
}

/// Runs what the processor's vector instructions are for.
pub(super) fn vectorized(work: impl Vectorized) {
    let arch = Arch::new();
    // Without such an instruction a fused product is a call of a function.
    match arch {
        Arch::Scalar => arch.dispatch(By::<_, false>(work)),
        _ => arch.dispatch(By::<_, true>(work)),
    }
}

/// Work that is compiled for the processor's vectors: everything in it must be `#[inline(always)]`.
pub(super) trait Vectorized {
    /// With products and sums in one instruction, or apart.
    fn run<const FUSED: bool>(self);
}

struct By<T, const FUSED: bool>(T);

impl<T: Vectorized, const FUSED: bool> WithSimd for By<T, FUSED> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.0.run::<FUSED>();
    }
}
