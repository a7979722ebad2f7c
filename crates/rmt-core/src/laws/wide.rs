//! The widest vector instructions that the machine has.

/// A loop that is worth them. What it calls must be inlined into it.
pub(crate) trait Kernel {
    /// What comes out.
    type Output;

    /// The loop, to be marked `#[inline(always)]`: it is compiled with the instructions of its caller.
    fn run(self) -> Self::Output;
}

/// `kernel`, compiled once for each set of instructions that there is and run with the widest that this
/// machine has. Products and sums are never fused, so that the result is the same everywhere.
pub(crate) fn wide<K: Kernel>(kernel: K) -> K::Output {
    pulp::Arch::new().dispatch(Dispatched(kernel))
}

struct Dispatched<K>(K);

impl<K: Kernel> pulp::WithSimd for Dispatched<K> {
    type Output = K::Output;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> K::Output {
        self.0.run()
    }
}
