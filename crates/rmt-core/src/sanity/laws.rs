//! Laws of independent entries, and others that only look like it.

use super::Expectation;
use faer::Mat;
use rand::{Rng, RngExt, SeedableRng};
use rand_distr::{Distribution, StandardNormal, StudentT};
use rand_xoshiro::Xoshiro256PlusPlus;

/// How a random matrix is drawn. All but the offset have mean 0; scales do not matter.
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
    /// Standard normal, all but one entry in 64 set to zero: excess kurtosis 189.
    Sparse,
    /// Standard normal + 1: one direction, the constant one, is a signal.
    Offset,
    /// Normal, the standard deviation of each row drawn uniformly in the logarithm from ¼ to 4.
    RowScale,
    /// The same by columns.
    ColumnScale,
    /// Uniform on the orthogonal matrices (of the small side): all singular values are equal.
    Orthogonal,
}

impl EntryLaw {
    /// Every law.
    pub const ALL: [Self; 11] = [
        Self::Normal,
        Self::Uniform,
        Self::TruncatedNormal,
        Self::Bf16Normal,
        Self::Laplace,
        Self::StudentT,
        Self::Sparse,
        Self::Offset,
        Self::RowScale,
        Self::ColumnScale,
        Self::Orthogonal,
    ];

    /// Name in tables and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Uniform => "uniform",
            Self::TruncatedNormal => "truncated_normal",
            Self::Bf16Normal => "bf16_normal",
            Self::Laplace => "laplace",
            Self::StudentT => "student_t3",
            Self::Sparse => "sparse",
            Self::Offset => "offset",
            Self::RowScale => "row_scale",
            Self::ColumnScale => "column_scale",
            Self::Orthogonal => "orthogonal",
        }
    }

    /// The law called `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|law| law.name() == name)
    }

    /// What the analysis must say of a matrix of this shape.
    ///
    /// Whether Student's t stands out depends on the largest of its entries: of 60 matrices each, at
    /// the level of a test among fifty matrices, 42 of 64×64 deviated, 57 of 128×128 and all of
    /// 256×256.
    pub fn expectation(self, rows: usize, cols: usize) -> Expectation {
        match self {
            Self::StudentT if rows * cols < 256 * 256 => Expectation::Either,
            Self::Normal
            | Self::Uniform
            | Self::TruncatedNormal
            | Self::Bf16Normal
            | Self::Laplace => Expectation::Random,
            Self::Orthogonal => Expectation::Degenerate,
            _ => Expectation::Deviates,
        }
    }

    /// A `rows`×`cols` matrix, row by row. The same seed gives the same matrix.
    pub fn draw(self, rows: usize, cols: usize, seed: u64) -> Vec<f64> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let rng = &mut rng;
        match self {
            Self::Orthogonal => return orthogonal(rows, cols, rng),
            Self::RowScale => {
                let scales: Vec<f64> = (0..rows).map(|_| scale(rng)).collect();
                let scales = scales.iter().flat_map(|s| std::iter::repeat_n(*s, cols));
                return scales.map(|s| s * normal(rng)).collect();
            }
            Self::ColumnScale => {
                let scales: Vec<f64> = (0..cols).map(|_| scale(rng)).collect();
                return (0..rows * cols).map(|i| scales[i % cols] * normal(rng)).collect();
            }
            _ => {}
        }
        (0..rows * cols).map(|_| self.entry(rng)).collect()
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
                let u: f64 = rng.random_range(-0.5..0.5);
                -u.signum() * (-2.0 * u.abs()).ln_1p()
            }
            Self::StudentT => match StudentT::new(3.0) {
                Ok(law) => law.sample(rng),
                Err(_) => f64::NAN,
            },
            Self::Sparse if rng.random_range(0..64) > 0 => 0.0,
            Self::Offset => 1.0 + normal(rng),
            _ => normal(rng),
        }
    }
}

impl std::fmt::Display for EntryLaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
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
        let inside = 2.0 * crate::laws::porter_thomas::normal_cdf(2.0) - 1.0;
        let second = 1.0 - 4.0 * h / inside;
        let fourth = 3.0 * second - 16.0 * h / inside;
        let truncated = fourth / (second * second) - 3.0;
        for (law, mean, variance, kurtosis, allowed) in [
            (EntryLaw::Normal, 0.0, 1.0, 0.0, 0.06),
            (EntryLaw::Bf16Normal, 0.0, 1.0, 0.0, 0.06),
            (EntryLaw::Uniform, 0.0, 1.0 / 3.0, -1.2, 0.02),
            (EntryLaw::TruncatedNormal, 0.0, second, truncated, 0.03),
            (EntryLaw::Laplace, 0.0, 2.0, 3.0, 0.3),
            (EntryLaw::Sparse, 0.0, 1.0 / 64.0, 189.0, 20.0),
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
            assert_eq!(EntryLaw::from_name(law.name()), Some(law));
        }
        assert_eq!(EntryLaw::from_name("cauchy"), None);
        assert_eq!(bf16(1.0 + 1.0 / 256.0), 1.0);
        assert_eq!(bf16(1.0 + 3.0 / 256.0), 1.0 + 1.0 / 64.0);
        assert_eq!(bf16(-0.1), -0.10009765625);
    }
}
