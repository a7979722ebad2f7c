//! Laws of random matrices: with independent entries, and others that only look like it.

use super::{Expectation, Requirement};
use crate::report::TestName;
use faer::Mat;
use rand::{Rng, RngExt, SeedableRng};
use rand_distr::{Distribution, Exp1, StandardNormal, StudentT};
use rand_xoshiro::Xoshiro256PlusPlus;

/// A law of random matrices. All laws except the offset have mean 0. The analysis does not depend
/// on the scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EntryLaw {
    /// Standard normal.
    Normal,
    /// Uniform on (−1, 1), as most layers are initialized.
    Uniform,
    /// Standard normal, drawn again beyond two standard deviations.
    TruncatedNormal,
    /// Standard normal, rounded to bf16 (8 significant bits).
    Bf16Normal,
    /// Density e^{−|x|}/2: excess kurtosis 3.
    Laplace,
    /// Student's t with 3 degrees of freedom: no fourth moment, so single entries stand out.
    StudentT,
    /// Standard normal, each entry kept with probability 1/`one_in` and else zero: excess kurtosis
    /// 3(`one_in` − 1).
    Sparse {
        /// 1/density. 0 stands for 1.
        one_in: u32,
    },
    /// Standard normal + 1: one direction, the constant one, is a signal.
    Offset,
    /// Normal, the standard deviation of each row drawn uniformly in the logarithm from ¼ to 4.
    RowScale,
    /// Normal, the standard deviation of each column drawn in the same way.
    ColumnScale,
    /// Normal, rows and columns scaled in this way.
    RowColumnScale,
    /// Uniform on the orthogonal matrices (of the small side): all singular values are equal.
    Orthogonal,
}

impl EntryLaw {
    /// Every law.
    pub const ALL: [Self; 12] = [
        Self::Normal,
        Self::Uniform,
        Self::TruncatedNormal,
        Self::Bf16Normal,
        Self::Laplace,
        Self::StudentT,
        Self::Sparse { one_in: 64 },
        Self::Offset,
        Self::RowScale,
        Self::ColumnScale,
        Self::RowColumnScale,
        Self::Orthogonal,
    ];

    /// The law called `name`; `sparse:8` keeps one entry in 8, `sparse` one in 64.
    pub fn from_name(name: &str) -> Option<Self> {
        if let Some(one_in) = name.strip_prefix("sparse:") {
            return one_in.parse().ok().filter(|&k| k > 0).map(|one_in| Self::Sparse { one_in });
        }
        Self::ALL.into_iter().find(|law| law.to_string() == name)
    }

    /// The expected outcome for a matrix of this shape whose rows are outputs.
    ///
    /// A requirement stands where 200 or more simulated matrices left no doubt (for a test that must
    /// reject, p < 1e-6 in each of them); the figures are at a test's level of 2e-5.
    ///
    /// - Normal, uniform, truncated and rounded normal: every test agrees.
    /// - Laplace: the far tail of the test above is too light for an excess kurtosis of 3 (of 10,000
    ///   matrices 7 of 64×64 and 19 of 16×16 had p ≤ 1e-4); the other tests agree.
    /// - Student t(3): decided by the largest of its entries. The test above rejected 66 of 100
    ///   matrices of 64×64, 89 of 64×256 and all of 300 from 512×512 on; the vectors 8, 54 and most.
    /// - Sparse: one entry in 64 rejects in the bulk and in the vectors of both sides from 32×32 on;
    ///   where n is below some 500, rows without entries are values below. Other densities are left
    ///   open.
    /// - Offset: one significant outlier above, whose vectors are the constant ones. It is structure.
    /// - Row scale: above, in the bulk and in the left vectors, whose entries have the rows' scales; a
    ///   rotation of the columns leaves the law as it is, so the right vectors are uniform. Below the
    ///   sizes named in the code the test has too few values. Column scale: the same, sides exchanged.
    ///   Both scales: the vectors of both sides.
    /// - Orthogonal: m·D is about m/2 and the vectors are undefined.
    ///
    /// If independent entries of one variance are rejected, the comparison with sign-flipped copies
    /// must accept all laws except the offset, because these laws differ in scale only. The
    /// comparison with the entries in another order must reject if enough rows or columns have
    /// their own scale.
    pub fn expectation(self, rows: usize, cols: usize) -> Expectation {
        use Requirement::{Agree, Deviate, Either};
        use TestName::{Above, Bulk, Left, Right};
        let (m, n) = (rows.min(cols), rows.max(cols));
        let reordered = if m >= 128 { Deviate } else { Either };
        match self {
            Self::Normal | Self::Uniform | Self::TruncatedNormal | Self::Bf16Normal => {
                Expectation::random()
            }
            Self::Laplace => Expectation::random().with(&Above, Either).with_rungs(Agree, Either),
            Self::StudentT if m >= 512 => Expectation::scale(&[Above]).with_rungs(Agree, Either),
            Self::Sparse { one_in: 64 } if m >= 32 && n <= 1024 => {
                Expectation::scale(&[Bulk, Left, Right]).with_rungs(Agree, Either)
            }
            Self::StudentT | Self::Sparse { .. } => Expectation::either().with_rungs(Agree, Either),
            Self::Offset if m >= 24 => {
                let tests = Expectation::deviates(&[Above, Left, Right]);
                tests.with_significant_above(1).with_structure(1)
            }
            Self::Offset => Expectation::deviates(&[Above]),
            Self::RowScale => scaled(m, n, [Deviate, Agree]).with_rungs(Agree, reordered),
            Self::ColumnScale => scaled(m, n, [Agree, Deviate]).with_rungs(Agree, reordered),
            Self::RowColumnScale => scaled(m, n, [Deviate; 2]).with_rungs(Agree, reordered),
            Self::Orthogonal => Expectation::degenerate().with(&Bulk, Deviate),
        }
    }

    /// A `rows`×`cols` matrix, row by row. The same seed gives the same matrix; matrices of another
    /// law, shape or seed are independent of it.
    pub fn draw(self, rows: usize, cols: usize, seed: u64) -> Vec<f64> {
        let parts = [seed, self.code(), rows as u64, cols as u64];
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(mixed(&parts));
        let rng = &mut rng;
        match self {
            Self::Orthogonal => return orthogonal(rows, cols, rng),
            Self::RowScale | Self::ColumnScale | Self::RowColumnScale => {
                let scales = |count: usize, of: bool, rng: &mut Xoshiro256PlusPlus| -> Vec<f64> {
                    (0..count).map(|_| if of { scale(rng) } else { 1.0 }).collect()
                };
                let of_rows = scales(rows, self != Self::ColumnScale, rng);
                let of_cols = scales(cols, self != Self::RowScale, rng);
                let scales = of_rows.iter().flat_map(|a| of_cols.iter().map(move |b| a * b));
                return scales.map(|s| s * normal(rng)).collect();
            }
            _ => {}
        }
        (0..rows * cols).map(|_| self.entry(rng)).collect()
    }

    /// Distinguishes the random streams of the laws.
    fn code(self) -> u64 {
        match self {
            Self::Normal => 0,
            Self::Uniform => 1,
            Self::TruncatedNormal => 2,
            Self::Bf16Normal => 3,
            Self::Laplace => 4,
            Self::StudentT => 5,
            Self::Offset => 6,
            Self::RowScale => 7,
            Self::ColumnScale => 8,
            Self::Orthogonal => 9,
            Self::RowColumnScale => 10,
            Self::Sparse { one_in } => 16 + u64::from(one_in),
        }
    }

    fn entry(self, rng: &mut impl Rng) -> f64 {
        match self {
            Self::Uniform => rng.random_range(-1.0..1.0),
            Self::TruncatedNormal => loop {
                let x = normal(rng);
                if x.abs() <= 2.0 {
                    break x;
                }
            },
            Self::Bf16Normal => bf16(normal(rng)),
            Self::Laplace => {
                let size: f64 = Exp1.sample(rng);
                if rng.random() { size } else { -size }
            }
            Self::StudentT => match StudentT::new(3.0) {
                Ok(law) => law.sample(rng),
                Err(_) => f64::NAN,
            },
            Self::Sparse { one_in } if rng.random_range(0..one_in.max(1)) > 0 => 0.0,
            Self::Offset => 1.0 + normal(rng),
            _ => normal(rng),
        }
    }
}

/// The name in tables and on the command line.
impl std::fmt::Display for EntryLaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Normal => "normal",
            Self::Uniform => "uniform",
            Self::TruncatedNormal => "truncated_normal",
            Self::Bf16Normal => "bf16_normal",
            Self::Laplace => "laplace",
            Self::StudentT => "student_t3",
            Self::Sparse { one_in: 64 } => "sparse",
            Self::Sparse { one_in } => return f.pad(&format!("sparse:{one_in}")),
            Self::Offset => "offset",
            Self::RowScale => "row_scale",
            Self::ColumnScale => "column_scale",
            Self::RowColumnScale => "row_column_scale",
            Self::Orthogonal => "orthogonal",
        })
    }
}

/// One number of several: each is mixed in by the finalizer of SplitMix64 (Steele, Lea & Flood
/// 2014), so that neighbouring seeds have unrelated streams.
pub(super) fn mixed(parts: &[u64]) -> u64 {
    parts.iter().fold(0, |state, part| {
        let mut z = (state ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}

/// Rows, columns or both of different scale: their sides deviate, another does not.
fn scaled(m: usize, n: usize, sides: [Requirement; 2]) -> Expectation {
    use TestName::{Above, Bulk, Left, Right};
    let large = m >= 96 || n >= 128;
    // Nor do smaller ones say anything of the other side: the correction for the excess kurtosis that
    // the scales feign rejects 339 of 1500 uniform vectors' sides of 16×2000 at 0.05.
    if m < 48 {
        return Expectation::either();
    }
    let required = [(Left, sides[0]), (Right, sides[1])];
    required.iter().fold(Expectation::scale(&[Above, Bulk]), |expectation, (side, required)| {
        match required {
            Requirement::Deviate if !large => expectation,
            _ => expectation.with(side, *required),
        }
    })
}

fn normal(rng: &mut impl Rng) -> f64 {
    StandardNormal.sample(rng)
}

/// ¼ to 4, uniform in the logarithm.
fn scale(rng: &mut impl Rng) -> f64 {
    rng.random_range(-2.0_f64..2.0).exp2()
}

/// Rounded to the nearest bf16, ties to even.
fn bf16(x: f64) -> f64 {
    let bits = (x as f32).to_bits();
    let rounded = bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) & 0xffff_0000;
    f64::from(f32::from_bits(rounded))
}

/// The Q factor of a Gaussian matrix with the signs of R's diagonal (Mezzadri 2007).
fn orthogonal(rows: usize, cols: usize, rng: &mut impl Rng) -> Vec<f64> {
    let (small, large) = (rows.min(cols), rows.max(cols));
    let gaussian: Mat<f64> = Mat::from_fn(large, small, |_, _| normal(rng));
    let qr = gaussian.qr();
    let (q, r) = (qr.compute_thin_Q(), qr.thin_R());
    let at = |i: usize, j: usize| q[(i, j)] * r[(j, j)].signum();
    (0..rows * cols)
        .map(|index| (index / cols, index % cols))
        .map(|(i, j)| if rows >= cols { at(i, j) } else { at(j, i) })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::spectrum::{Matrix, Orientation, singular_values};

    fn moments(law: EntryLaw) -> (f64, f64, f64) {
        let a = law.draw(500, 400, 3);
        let count = a.len() as f64;
        let mean = a.iter().sum::<f64>() / count;
        let second = a.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
        let fourth = a.iter().map(|x| (x - mean).powi(4)).sum::<f64>() / count;
        (mean, second, fourth / (second * second) - 3.0)
    }

    #[test]
    fn moments_are_those_of_the_laws() {
        // Variance and excess kurtosis in closed form; 200,000 entries.
        let h = (-2.0_f64).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let inside = 2.0 * crate::laws::normal::normal_cdf(2.0) - 1.0;
        let second = 1.0 - 4.0 * h / inside;
        let fourth = 3.0 * second - 16.0 * h / inside;
        let truncated = fourth / (second * second) - 3.0;
        for (law, mean, variance, kurtosis, allowed) in [
            (EntryLaw::Normal, 0.0, 1.0, 0.0, 0.06),
            (EntryLaw::Bf16Normal, 0.0, 1.0, 0.0, 0.06),
            (EntryLaw::Uniform, 0.0, 1.0 / 3.0, -1.2, 0.02),
            (EntryLaw::TruncatedNormal, 0.0, second, truncated, 0.03),
            (EntryLaw::Laplace, 0.0, 2.0, 3.0, 0.3),
            (EntryLaw::Sparse { one_in: 64 }, 0.0, 1.0 / 64.0, 189.0, 20.0),
            (EntryLaw::Sparse { one_in: 4 }, 0.0, 0.25, 9.0, 0.4),
            (EntryLaw::Offset, 1.0, 1.0, 0.0, 0.06),
        ] {
            let (m, v, k) = moments(law);
            assert!((m - mean).abs() < 0.01, "{law}: {m}");
            assert!((v / variance - 1.0).abs() < 0.06, "{law}: {v} {variance}");
            assert!((k - kurtosis).abs() < allowed, "{law}: {k} {kurtosis}");
        }
    }

    #[test]
    fn orthogonal_matrices_are() {
        for (rows, cols) in [(20, 20), (20, 50), (50, 20)] {
            let a = EntryLaw::Orthogonal.draw(rows, cols, 1);
            let matrix = Matrix::new(&a[..], rows, cols, Orientation::OutIn).unwrap();
            assert!(singular_values(&matrix).unwrap().iter().all(|x| (x - 1.0).abs() < 1e-13));
        }
    }

    #[test]
    fn seeded_named_and_rounded() {
        for law in EntryLaw::ALL {
            assert_eq!(law.draw(5, 7, 2), law.draw(5, 7, 2));
            assert_ne!(law.draw(16, 16, 2), law.draw(16, 16, 3));
            assert_eq!(EntryLaw::from_name(&law.to_string()), Some(law));
        }
        let sparse = EntryLaw::from_name("sparse:8");
        assert_eq!(sparse, Some(EntryLaw::Sparse { one_in: 8 }));
        assert_eq!(sparse.map(|law| law.to_string()), Some("sparse:8".into()));
        for wrong in ["cauchy", "sparse:", "sparse:0", "sparse:-1", ""] {
            assert_eq!(EntryLaw::from_name(wrong), None);
        }
        let codes: std::collections::HashSet<u64> = EntryLaw::ALL.map(EntryLaw::code).into();
        assert_eq!(codes.len(), EntryLaw::ALL.len());
        // One stream for all laws and shapes would make their findings depend on each other.
        assert_ne!(EntryLaw::Normal.draw(4, 4, 2)[0], EntryLaw::Normal.draw(4, 5, 2)[0]);
        assert_ne!(EntryLaw::Normal.draw(4, 4, 2)[0], EntryLaw::Bf16Normal.draw(4, 4, 2)[0]);
        assert_eq!(bf16(1.0 + 1.0 / 256.0), 1.0);
        assert_eq!(bf16(1.0 + 3.0 / 256.0), 1.0 + 1.0 / 64.0);
        assert_eq!(bf16(-0.1), -0.10009765625);
    }
}
