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
/// Each block of tokens is centred by its own mean before it is multiplied, and blocks are merged by
/// M₂ = M₂ᴬ + M₂ᴮ + δδᵀ·T_A·T_B/(T_A + T_B), δ = h̄_B − h̄_A (Chan, Golub & LeVeque, Am. Stat. 37,
/// 242 (1983), equation 2.1), so that a mean far from 0 costs no digits. How the tokens are split
/// into calls makes no difference beyond rounding. Holds 8·N² bytes.
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
    /// Of no tokens yet.
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

    /// From the sums over T `tokens` x of S = Σ(x − c) and P = Σ(x − c)(x − c)ᵀ (row-major), as a
    /// device accumulates them, c = `shift` a fixed point near the mean: h̄ = c + S/T,
    /// C = P/T − (S/T)(S/T)ᵀ. The nearer c is to the mean, the fewer digits are lost.
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

    /// The same, where its sums were rounded to `epsilon` relative to their largest (1.2e-7 for a
    /// device that adds in single precision) instead of a double's precision: eigenvalues below
    /// that count as 0. Not lowered below a double's.
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

    /// T.
    pub fn tokens(&self) -> u64 {
        self.tokens
    }

    /// N.
    pub fn features(&self) -> usize {
        self.mean.len()
    }

    /// h̄; zeros before the first token.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// C_ij; `None` without tokens, or where there is no such feature.
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
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::test_support::gaussian;

    /// C by two passes in the order of the definition.
    fn two_pass(values: &[f64], n: usize) -> Vec<f64> {
        let count = (values.len() / n) as f64;
        let mean: Vec<f64> = (0..n)
            .map(|j| {
                let shift = values[j];
                shift + values.iter().skip(j).step_by(n).map(|x| x - shift).sum::<f64>() / count
            })
            .collect();
        let product = |i: usize, j: usize| {
            values.chunks(n).map(|x| (x[i] - mean[i]) * (x[j] - mean[j])).sum::<f64>() / count
        };
        (0..n * n).map(|k| product(k / n, k % n)).collect()
    }

    fn of(values: &[f64], n: usize) -> Covariance {
        let mut covariance = Covariance::new(n);
        covariance.add(Values::F64(values)).unwrap();
        covariance
    }

    fn entries(covariance: &Covariance) -> Vec<f64> {
        let n = covariance.features();
        (0..n * n).map(|k| covariance.entry(k / n, k % n).unwrap()).collect()
    }

    /// Largest difference relative to the largest entry.
    fn error(found: &[f64], expected: &[f64]) -> f64 {
        let largest = expected.iter().fold(0.0_f64, |a, x| a.max(x.abs()));
        found.iter().zip(expected).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max) / largest
    }

    /// Tokens with correlated features of unit variance about `mean`.
    fn tokens(count: usize, n: usize, mean: f64, seed: u64) -> Vec<f64> {
        let mut values = gaussian(count, n, seed);
        for token in values.chunks_mut(n) {
            for j in 1..n {
                token[j] = 0.6 * token[j - 1] + 0.8 * token[j];
            }
            token.iter_mut().enumerate().for_each(|(j, x)| *x += mean * (1.0 + j as f64));
        }
        values
    }

    #[test]
    fn equal_to_two_passes_however_far_the_mean_is() {
        for (mean, n, count) in [(0.0, 7, 500), (1e3, 7, 500), (1e6, 40, 3000)] {
            let values = tokens(count, n, mean, 1);
            let expected = two_pass(&values, n);
            let found = entries(&of(&values, n));
            assert!(error(&found, &expected) < 1e-10, "{mean:e}: {}", error(&found, &expected));
            // Token by token: as many merges as there are.
            let mut single = Covariance::new(n);
            values.chunks(n).for_each(|token| single.add(Values::F64(token)).unwrap());
            assert_eq!(single.tokens(), count as u64);
            let found = entries(&single);
            assert!(error(&found, &expected) < 1e-10, "{mean:e}: {}", error(&found, &expected));
        }
    }

    #[test]
    fn blocks_of_bounded_size_are_one_large_block() {
        let n = 1500;
        let values = tokens(2 * (BLOCK / n) + 9, n, 3.0, 2);
        let found = of(&values, n);
        let count = (values.len() / n) as f64;
        for (i, j) in [(0, 0), (700, 699), (1499, 3), (3, 1499)] {
            let mean = |j: usize| values.iter().skip(j).step_by(n).sum::<f64>() / count;
            let (x, y) = (mean(i), mean(j));
            let expected = values.chunks(n).map(|t| (t[i] - x) * (t[j] - y)).sum::<f64>() / count;
            assert!((found.entry(i, j).unwrap() - expected).abs() < 1e-11);
        }
    }

    #[test]
    fn micro_batches_equal_one_batch_and_merging_is_associative() {
        let n = 24;
        let values = tokens(400, n, 50.0, 3);
        let whole = of(&values, n);
        let mut batches = Covariance::new(n);
        values.chunks(100 * n).for_each(|batch| batches.add(Values::F64(batch)).unwrap());
        assert!(error(&entries(&batches), &entries(&whole)) < 1e-12);
        assert!(error(batches.mean(), whole.mean()) < 1e-14);
        let parts: Vec<Covariance> = [0..30, 30..31, 31..400]
            .map(|rows| of(&values[rows.start * n..rows.end * n], n))
            .into();
        let merged = |a: &Covariance, b: &Covariance| {
            let mut sum = a.clone();
            sum.merge(b).unwrap();
            sum
        };
        let left = merged(&merged(&parts[0], &parts[1]), &parts[2]);
        let right = merged(&parts[0], &merged(&parts[1], &parts[2]));
        assert_eq!((left.tokens(), right.tokens()), (400, 400));
        for sum in [&left, &right, &merged(&Covariance::new(n), &whole)] {
            assert!(error(&entries(sum), &entries(&whole)) < 1e-12);
            assert!(error(sum.mean(), whole.mean()) < 1e-14);
        }
        assert_eq!(entries(&merged(&whole, &Covariance::new(n))), entries(&whole));
        assert!(merged(&whole, &whole).merge(&Covariance::new(n + 1)).is_err());
    }

    #[test]
    fn single_precision_is_widened() {
        let values = tokens(300, 9, 2.0, 4);
        let single: Vec<f32> = values.iter().map(|&x| x as f32).collect();
        let widened: Vec<f64> = single.iter().map(|&x| f64::from(x)).collect();
        let mut found = Covariance::new(9);
        found.add(Values::F32(&single)).unwrap();
        assert_eq!(entries(&found), entries(&of(&widened, 9)));
        assert!(error(&entries(&found), &two_pass(&widened, 9)) < 1e-13);
    }

    #[test]
    fn what_is_refused_leaves_nothing() {
        let values = tokens(50, 6, 1.0, 5);
        let mut covariance = of(&values, 6);
        let (before, mean) = (entries(&covariance), covariance.mean().to_vec());
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut more = tokens(20, 6, 1.0, 6);
            more[100] = bad;
            let refused = covariance.add(Values::F64(&more)).unwrap_err();
            assert!(matches!(refused, RmtError::Domain { .. }));
        }
        let refused = covariance.add(Values::F64(&values[..7])).unwrap_err();
        assert!(matches!(refused, RmtError::Shape { rows: 2, cols: 6, found: 7, .. }));
        covariance.add(Values::F32(&[])).unwrap();
        assert_eq!((covariance.tokens(), covariance.mean()), (50, &mean[..]));
        assert_eq!(entries(&covariance), before);
        assert_eq!((covariance.entry(6, 0), Covariance::new(2).entry(0, 0)), (None, None));
        let mut none = Covariance::new(0);
        assert!(none.add(Values::F32(&[])).is_ok() && none.add(Values::F32(&[1.0])).is_err());
    }

    #[test]
    fn shifted_sums_are_the_same_covariance() {
        let (n, count) = (5, 200);
        let values = tokens(count, n, 100.0, 7);
        let shift: Vec<f64> = values[..n].to_vec();
        let moved: Vec<f64> = values.iter().enumerate().map(|(k, x)| x - shift[k % n]).collect();
        let sums: Vec<f64> = (0..n).map(|j| moved.iter().skip(j).step_by(n).sum()).collect();
        let products: Vec<f64> =
            (0..n * n).map(|k| moved.chunks(n).map(|x| x[k / n] * x[k % n]).sum()).collect();
        let found = Covariance::from_shifted_sums(200, &shift, &sums, &products).unwrap();
        let whole = of(&values, n);
        assert!(error(&entries(&found), &entries(&whole)) < 1e-12);
        assert!(error(found.mean(), whole.mean()) < 1e-14);
        let empty = Covariance::from_shifted_sums(0, &shift, &[0.0; 5], &[0.0; 25]).unwrap();
        assert_eq!(empty.tokens(), 0);
        for (tokens, sums, products) in
            [(0, &sums[..], &products[..]), (9, &sums[1..], &products), (9, &sums, &products[1..])]
        {
            assert!(Covariance::from_shifted_sums(tokens, &shift, sums, products).is_err());
        }
        let mut bad = products.clone();
        bad[3] = f64::NAN;
        assert!(Covariance::from_shifted_sums(9, &shift, &sums, &bad).is_err());
    }
}
