//! Matrices that `tests/golden/generator.py` builds bit for bit as well.
//!
//! Only +, −, ×, ÷ and the square root in a fixed order; the program has the descriptions.

/// SplitMix64.
pub(crate) struct Generator(u64);

impl Generator {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn integer(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// In [0, 1).
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.integer() >> 11) as f64 * 2.0_f64.powi(-53)
    }

    fn normal(&mut self) -> f64 {
        (0..12).fold(0.0, |sum, _| sum + self.uniform()) - 6.0
    }

    fn normals(&mut self, count: usize) -> Vec<f64> {
        (0..count).map(|_| self.normal()).collect()
    }

    fn heavy_tail(&mut self) -> f64 {
        let size = 1.0 / (1.0 - self.uniform()).sqrt();
        if self.uniform() < 0.5 { -size } else { size }
    }
}

pub(crate) fn normal(rows: usize, cols: usize, seed: u64) -> Vec<f64> {
    Generator::new(seed).normals(rows * cols)
}

pub(crate) fn heavy_tailed(rows: usize, cols: usize, seed: u64) -> Vec<f64> {
    let mut generator = Generator::new(seed);
    (0..rows * cols).map(|_| generator.heavy_tail()).collect()
}

pub(crate) fn low_rank_plus_noise(rows: usize, cols: usize, rank: usize, seed: u64) -> Vec<f64> {
    let mut generator = Generator::new(seed);
    let mut a = generator.normals(rows * cols);
    for k in 0..rank {
        let (u, v) = (generator.normals(rows), generator.normals(cols));
        for (row, u) in a.chunks_mut(cols).zip(&u) {
            let factor = (k + 1) as f64 * 0.25 * u;
            row.iter_mut().zip(&v).for_each(|(x, v)| *x += factor * v);
        }
    }
    a
}

pub(crate) fn low_rank(rows: usize, cols: usize, rank: usize, seed: u64) -> Vec<f64> {
    let mut a = normal(rank, cols, seed);
    for i in 0..(rows - rank) * cols {
        a.push(a[i] * -0.5);
    }
    a
}

pub(crate) fn twice(rows: usize, cols: usize, seed: u64) -> Vec<f64> {
    let (half_rows, half_cols) = (rows / 2, cols / 2);
    let block = normal(half_rows, half_cols, seed);
    let mut a = vec![0.0; rows * cols];
    for i in 0..half_rows {
        for j in 0..half_cols {
            a[i * cols + j] = block[i * half_cols + j];
            a[(half_rows + i) * cols + half_cols + j] = block[i * half_cols + j];
        }
    }
    a
}

pub(crate) fn with_singular_values(
    values: &[f64],
    rows: usize,
    cols: usize,
    seed: u64,
) -> Vec<f64> {
    let mut a = vec![0.0; rows * cols];
    for (k, &value) in values.iter().enumerate() {
        a[k * cols + k] = value;
    }
    let squared_norm = |v: &[f64]| v.iter().fold(0.0, |sum, x| sum + x * x);
    let mut generator = Generator::new(seed);
    for _ in 0..3 {
        let (u, v) = (generator.normals(rows), generator.normals(cols));
        let mut total = vec![0.0; cols];
        for (row, u) in a.chunks(cols).zip(&u) {
            total.iter_mut().zip(row).for_each(|(t, x)| *t += u * x);
        }
        let factor = 2.0 / squared_norm(&u);
        total.iter_mut().for_each(|t| *t *= factor);
        for (row, u) in a.chunks_mut(cols).zip(&u) {
            row.iter_mut().zip(&total).for_each(|(x, t)| *x -= u * t);
        }
        let factor = 2.0 / squared_norm(&v);
        for row in a.chunks_mut(cols) {
            let total = row.iter().zip(&v).fold(0.0, |sum, (x, v)| sum + v * x) * factor;
            row.iter_mut().zip(&v).for_each(|(x, v)| *x -= v * total);
        }
    }
    a
}

pub(crate) fn geometric(count: usize, ratio: f64) -> Vec<f64> {
    std::iter::successors(Some(1.0), |x| Some(x * ratio)).take(count).collect()
}

pub(crate) fn cliff(count: usize, smallest: f64) -> Vec<f64> {
    let mut values: Vec<f64> =
        (0..count - 1).map(|k| 1.0 - k as f64 / (2.0 * count as f64)).collect();
    values.push(smallest);
    values
}

pub(crate) fn cluster(count: usize, smallest: f64, spacing: f64) -> Vec<f64> {
    let small = count / 4;
    let above = (0..count - small).map(|k| 1.0 - k as f64 / (2.0 * count as f64));
    above.chain((0..small).rev().map(|k| smallest * (1.0 + spacing * k as f64))).collect()
}

pub(crate) fn checksum(a: impl Iterator<Item = f64>) -> String {
    let hash = a.fold(0xCBF2_9CE4_8422_2325_u64, |h, x| {
        let h = (h ^ x.to_bits()).wrapping_mul(0x0000_0100_0000_01B3);
        h ^ (h >> 29)
    });
    format!("{hash:016x}")
}
