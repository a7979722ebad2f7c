//! The unit of training's time.

/// A number of optimizer updates. Step s stands for the weights after s updates, and step 0 for the
/// weights before the first.
///
/// Any integer type converts to it. A negative number becomes step 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step(u64);

impl Step {
    /// The number.
    pub fn get(self) -> u64 {
        self.0
    }
}

macro_rules! from_integers {
    ($($integer:ty),+) => {$(
        impl From<$integer> for Step {
            fn from(step: $integer) -> Self {
                Self(u64::try_from(step).unwrap_or(0))
            }
        }
    )+};
}
from_integers!(u32, u64, usize, i32, i64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_integer_that_a_loop_counts_in_is_a_step() {
        fn step(step: impl Into<Step>) -> u64 {
            step.into().get()
        }
        assert_eq!([step(3), step(3_usize), step(3_u32), step(3_i64), step(3_u64)], [3; 5]);
        assert_eq!([step(-1), step(i64::MIN), step(u64::MAX)], [0, 0, u64::MAX]);
    }
}
