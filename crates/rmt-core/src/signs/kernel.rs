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

/// z ← (N∘R)(t + (N∘R)ᵀx) for every copy, where t is what a term of low rank adds to the product with the
/// transpose, and `seen` is handed what is multiplied with each column.
///
/// `entries` and `signs` have, for each block of columns, one element per row.
pub(super) struct GramTimes<'a, F> {
    pub(super) entries: &'a [Entries],
    pub(super) signs: &'a [Signs],
    pub(super) x: &'a [Lanes],
    pub(super) z: &'a mut [Lanes],
    /// Called with the number of the block, may add to what its columns make of x.
    pub(super) between: F,
}

impl<F: FnMut(usize, &mut [Lanes; TOGETHER])> GramTimes<'_, F> {
    pub(super) fn run(self) {
        let arch = Arch::new();
        // Without such an instruction a fused product is a call of a function.
        match arch {
            Arch::Scalar => arch.dispatch(By::<_, false>(self)),
            _ => arch.dispatch(By::<_, true>(self)),
        }
    }
}

/// With products and sums in one instruction, or apart.
struct By<T, const FUSED: bool>(T);

/// `entry` with the sign that each copy gives it, times `by`, added to `sum`.
#[inline(always)]
fn add<const FUSED: bool>(sum: &mut Lanes, entry: f32, signs: u32, by: &Lanes) {
    let bits = entry.to_bits();
    for l in 0..LANES {
        let signed = f32::from_bits(bits ^ ((signs << l) & (1 << 31)));
        sum[l] = if FUSED { signed.mul_add(by[l], sum[l]) } else { signed * by[l] + sum[l] };
    }
}

impl<F: FnMut(usize, &mut [Lanes; TOGETHER]), const FUSED: bool> WithSimd
    for By<GramTimes<'_, F>, FUSED>
{
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self(mut this) = self;
        let m = this.x.len();
        this.z.fill([0.0; LANES]);
        let blocks = this.entries.chunks_exact(m).zip(this.signs.chunks_exact(m));
        for (block, (entries, signs)) in blocks.enumerate() {
            // One by one, so that each stays in registers.
            let [mut a, mut b, mut c, mut d] = [[0.0; LANES]; TOGETHER];
            for ((entries, signs), x) in entries.iter().zip(signs).zip(this.x) {
                add::<FUSED>(&mut a, entries[0], signs[0], x);
                add::<FUSED>(&mut b, entries[1], signs[1], x);
                add::<FUSED>(&mut c, entries[2], signs[2], x);
                add::<FUSED>(&mut d, entries[3], signs[3], x);
            }
            let mut sums = [a, b, c, d];
            (this.between)(block, &mut sums);
            for ((entries, signs), z) in entries.iter().zip(signs).zip(this.z.iter_mut()) {
                let mut sum = *z;
                for k in 0..TOGETHER {
                    add::<FUSED>(&mut sum, entries[k], signs[k], &sums[k]);
                }
                *z = sum;
            }
        }
    }
}
