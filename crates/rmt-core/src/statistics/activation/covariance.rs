//! The covariance of a stream of tokens.

use crate::RmtError;
use crate::spectrum::Values;
use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, Mat, Par};

/// Entries of a block that is centred and multiplied at once: 8 MiB.
const BLOCK: usize = 1 << 20;

const LAW: &str = "covariance of activations";

/// Covariance C = mean((h − h̄)(h − h̄)ᵀ) of tokens h of N features, accumulated as they come.
///
/// Each block of tokens is centred by its own mean before it is multiplied, and blocks are merged
/// by M₂ = M₂ᴬ + M₂ᴮ + δδᵀ·T_A·T_B/(T_A + T_B), δ = h̄_B − h̄_A (Chan, Golub & LeVeque, Am. Stat.
/// 37, 242 (1983), equation 2.1), so that a mean far from 0 costs no digits. How the tokens are
/// split into calls makes no difference beyond rounding. It holds 8·N² bytes.
///
/// ```
/// use rmt_core::Values;
/// use rmt_core::statistics::activation::Covariance;
/// let mut covariance = Covariance::new(2);
/// covariance.add(Values::F32(&[1.0, 5.0, 3.0, 5.0]))?;
/// assert_eq!((covariance.tokens(), covariance.mean()), (2, &[2.0, 5.0][..]));
/// assert_eq!((covariance.entry(0, 0), covariance.entry(1, 0)), (Some(1.0), Some(0.0)));
/// # Ok::<(), rmt_core::RmtError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Covariance {
    tokens: u64,
    /// A point among the tokens, and the mean relative to it: a sum of the two would lose the digits
    /// of the second where the mean is far from 0.
    origin: Vec<f64>,
    offset: Vec<f64>,
    mean: Vec<f64>,
    /// T·C; only the lower triangle has a meaning.
    scatter: Mat<f64>,
    rounding: f64,
}

impl Covariance {
    /// A covariance without tokens.
    pub fn new(features: usize) -> Self {
        let zeros = vec![0.0; features];
        Self {
            tokens: 0,
            origin: zeros.clone(),
            offset: zeros.clone(),
            mean: zeros,
            scatter: Mat::zeros(features, features),
            rounding: f64::EPSILON,
        }
    }

    /// Computes the covariance from sums over T `tokens` x that a device accumulated: S = Σ(x − c)
    /// and P = Σ(x − c)(x − c)ᵀ (row-major), with c = `shift` a fixed point near the mean. Then h̄
    /// = c + S/T and C = P/T − (S/T)(S/T)ᵀ. The nearer c is to the mean, the fewer digits are lost.
    ///
    /// # Errors
    /// [`RmtError::Shape`] unless S has as many entries as c, and P their square;
    /// [`RmtError::Domain`] for an entry that is not finite, or sums over no tokens that are not 0.
    pub fn from_shifted_sums(
        tokens: u64,
        shift: &[f64],
        sums: &[f64],
        products: &[f64],
    ) -> Result<Self, RmtError> {
        let n = shift.len();
        shape(1, n, sums.len())?;
        shape(n, n, products.len())?;
        if !shift.iter().chain(sums).chain(products).all(|x| x.is_finite()) {
            return Err(not_finite());
        }
        let mut covariance = Self::new(n);
        if tokens == 0 {
            let requirement = "sums over no tokens must be 0";
            let empty = sums.iter().chain(products).all(|&x| x == 0.0);
            return if empty { Ok(covariance) } else { Err(domain(requirement)) };
        }
        let count = tokens as f64;
        covariance.tokens = tokens;
        covariance.origin = shift.to_vec();
        covariance.offset = sums.iter().map(|s| s / count).collect();
        covariance.settle();
        for j in 0..n {
            for i in j..n {
                // A device rounds the two halves differently.
                let product = 0.5 * products[i * n + j] + 0.5 * products[j * n + i];
                covariance.scatter[(i, j)] = product - sums[i] * (sums[j] / count);
            }
        }
        Ok(covariance)
    }

    /// States that the sums were rounded to `epsilon` relative to the largest, such as 1.2e-7 for
    /// sums in single precision. Eigenvalues below that count as 0. The precision of doubles is the
    /// lower limit.
    #[must_use]
    pub fn with_rounding(mut self, epsilon: f64) -> Self {
        self.rounding = self.rounding.max(epsilon);
        self
    }

    /// Adds tokens, row-major tokens×features.
    ///
    /// # Errors
    /// [`RmtError::Shape`] unless the length is a multiple of the features, [`RmtError::Domain`]
    /// for an entry that is not finite; nothing is added then.
    pub fn add(&mut self, tokens: Values<'_>) -> Result<(), RmtError> {
        let n = self.features();
        let rows = if n == 0 { 1 } else { tokens.len().div_ceil(n) };
        shape(rows, n, tokens.len())?;
        if !tokens.iter().all(f64::is_finite) {
            return Err(not_finite());
        }
        match tokens {
            Values::F32(values) => self.add_blocks(values),
            Values::F64(values) => self.add_blocks(values),
        }
        Ok(())
    }

    fn add_blocks<T: Copy + Into<f64>>(&mut self, values: &[T]) {
        let n = self.features();
        if n == 0 {
            return;
        }
        for block in values.chunks((BLOCK / n).max(1) * n) {
            self.add_block(block);
        }
    }

    fn add_block<T: Copy + Into<f64>>(&mut self, block: &[T]) {
        let n = self.features();
        let rows = block.len() / n;
        if self.tokens == 0 {
            self.origin.iter_mut().zip(block).for_each(|(origin, &x)| *origin = x.into());
        }
        // One token a column, relative to the mean so far: then δ itself is a sum of small terms.
        let mut centred = Mat::<f64>::zeros(n, rows + 1);
        let mut shift = vec![0.0; n];
        for (t, token) in block.chunks_exact(n).enumerate() {
            let column = centred.col_mut(t);
            let means = self.origin.iter().zip(&self.offset).zip(&mut shift);
            for ((place, &x), ((origin, offset), sum)) in column.iter_mut().zip(token).zip(means) {
                *place = (x.into() - origin) - offset;
                *sum += *place;
            }
        }
        shift.iter_mut().for_each(|sum| *sum /= rows as f64);
        for t in 0..rows {
            centred.col_mut(t).iter_mut().zip(&shift).for_each(|(x, mean)| *x -= mean);
        }
        // The last column makes the product add δδᵀ·T_A·T_B/(T_A + T_B) as well.
        let (before, added) = (self.tokens as f64, rows as f64);
        let weight = (before * (added / (before + added))).sqrt();
        let last = centred.col_mut(rows);
        last.iter_mut().zip(&shift).for_each(|(x, shift)| *x = weight * shift);
        matmul(
            self.scatter.as_mut(),
            BlockStructure::TriangularLower,
            Accum::Add,
            centred.as_ref(),
            BlockStructure::Rectangular,
            centred.transpose(),
            BlockStructure::Rectangular,
            1.0,
            Par::Seq,
        );
        self.tokens += rows as u64;
        self.move_mean(&shift, added / (before + added));
    }

    /// h̄ moves by `share`·`shift`.
    fn move_mean(&mut self, shift: &[f64], share: f64) {
        self.offset.iter_mut().zip(shift).for_each(|(offset, shift)| *offset += share * shift);
        self.settle();
    }

    fn settle(&mut self) {
        let parts = self.origin.iter().zip(&self.offset);
        self.mean
            .iter_mut()
            .zip(parts)
            .for_each(|(mean, (origin, offset))| *mean = origin + offset);
    }

    /// Adds the tokens of `other`.
    ///
    /// # Errors
    /// [`RmtError::Domain`] for other features; nothing is added then.
    pub fn merge(&mut self, other: &Self) -> Result<(), RmtError> {
        let n = self.features();
        if n != other.features() {
            return Err(domain("merged covariances must have the same features"));
        }
        self.rounding = self.rounding.max(other.rounding);
        if self.tokens == 0 {
            let rounding = self.rounding;
            *self = Self { rounding, ..other.clone() };
            return Ok(());
        }
        if other.tokens == 0 {
            return Ok(());
        }
        let (before, added) = (self.tokens as f64, other.tokens as f64);
        let ours = self.origin.iter().zip(&self.offset);
        let theirs = other.origin.iter().zip(&other.offset);
        let shift: Vec<f64> =
            theirs.zip(ours).map(|((x, dx), (y, dy))| (x - y) + (dx - dy)).collect();
        let weight = before * (added / (before + added));
        for j in 0..n {
            let column = self.scatter.col_mut(j).subrows_mut(j, n - j);
            let others = other.scatter.col(j).subrows(j, n - j);
            for ((x, y), shift_i) in column.iter_mut().zip(others.iter()).zip(&shift[j..]) {
                *x += y + weight * shift_i * shift[j];
            }
        }
        self.tokens += other.tokens;
        self.move_mean(&shift, added / (before + added));
        Ok(())
    }

    /// The number T of tokens.
    pub fn tokens(&self) -> u64 {
        self.tokens
    }

    /// The number N of features.
    pub fn features(&self) -> usize {
        self.mean.len()
    }

    /// The mean h̄; zeros before the first token.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The entry C_ij; `None` without tokens, or if a feature does not exist.
    pub fn entry(&self, i: usize, j: usize) -> Option<f64> {
        let there = self.tokens > 0 && i.max(j) < self.features();
        there.then(|| self.scatter[(i.max(j), i.min(j))] / self.tokens as f64)
    }

    /// Relative rounding error of the sums.
    pub(super) fn rounding(&self) -> f64 {
        self.rounding
    }

    /// T·C, of which only the lower triangle has a meaning.
    pub(super) fn into_scatter(self) -> Mat<f64> {
        self.scatter
    }
}

fn shape(rows: usize, cols: usize, found: usize) -> Result<(), RmtError> {
    let expected = rows.saturating_mul(cols);
    if found == expected { Ok(()) } else { Err(RmtError::Shape { rows, cols, expected, found }) }
}

fn domain(requirement: &'static str) -> RmtError {
    RmtError::Domain { law: LAW, requirement }
}

fn not_finite() -> RmtError {
    domain("every entry must be finite")
}

#[cfg(test)]
mod tests;
