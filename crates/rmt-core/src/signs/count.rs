//! How many directions are structure: counted against sign-flipped copies of what is left without them.

use super::band::Residual;
use super::beside::Term;
use super::copies::{Copies, Ends, Found};
use super::graded::Graded;
use super::whitened::Profile;
use crate::RmtError;
use crate::counts::StructureCount;
use crate::spectrum::{Decomposition, Matrix, Orientation, decompose};
use crate::statistics::heavy_tail::matrix_rank;
use crate::statistics::signal::AdditiveSpike;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, Par};

/// Profiles that are fitted anew to what is left, at most.
const PROFILES: usize = 8;
/// Thresholds from copies per profile, at most; three are usual.
const THRESHOLDS: usize = 8;
/// Share of a line's noise that is left beside the directions that are taken out, at least.
const LEAST_LEFT: f64 = 0.05;

/// Directions that are structure.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Structure {
    pub(super) above: StructureCount,
    /// `None` where the lower edge cannot be seen.
    pub(super) below: Option<StructureCount>,
    pub(super) graded: Graded,
    /// What is left without them, where it is asked for.
    pub(super) residual: Option<Residual>,
}

impl Structure {
    /// Leaves open what was counted: the test does not reject that it is none.
    pub(super) fn withhold(&mut self) {
        for count in [Some(&mut self.above), self.below.as_mut()].into_iter().flatten() {
            *count = StructureCount { count: 0, cut_off: false, ..*count };
        }
        self.graded.withhold();
    }
}

/// One whitened matrix and its decomposition.
struct Whitened<'a> {
    copies: &'a Copies,
    entries: Vec<f64>,
    m: usize,
    n: usize,
    decomposition: Decomposition,
    /// Values beyond are rounding.
    rank: usize,
    /// Σ over k ≥ index of ν².
    rest: Vec<f64>,
}

/// Counts in the m×n matrix of `entries`, column by column. `first` are the ends of its copies when it is whitened by the
/// profile of all of it.
///
/// X = D_a^{−1/2} W D_b^{−1/2} with the profile a, b of what is left of W without the counted directions, and
/// E = (X − X_K)ᵢⱼ/√((1 − hᵢ)(1 − gⱼ)), h the leverages of the rows in the K directions above and the K′ below, g those of the
/// columns in the K above. Above: K ← #{k : ν_k(X) > max_b ν₁(E∘R_b)·(√n + √(m − K′))/(√n + √m)} until it repeats. Below:
/// K′ ← #{k : ν_k(X) < min_b ν_m(S + E∘R_b)}, E with K′ = 0 and S the K directions above, as strong as they are without
/// noise. (Copies that lack the K′ counted directions reach less far down; what is taken for structure by mistake then draws
/// more after it.) K is settled with K′ = 0 first and begun anew for each K′, each with the profile of D_a^{1/2} E D_b^{1/2}, until both repeat.
///
/// Sources: parallel analysis by signs, Hong, Sheng & Dobriban, arXiv 2012.02985 (2020); deflation, Dobriban & Owen,
/// arXiv 1711.04155 (2019). The whitening, and the lower end, are ours.
///
/// # Errors
/// [`RmtError::NoConvergence`].
pub(super) fn count(
    entries: &[f64],
    copies: &Copies,
    lower: bool,
    first: &Found,
    residual: bool,
) -> Result<Structure, RmtError> {
    let m = copies.m();
    let found = Thresholds::of(first);
    let own = &first.itself;
    if own.largest <= found.above.0 && (!lower || own.smallest >= found.below.0) {
        let none = |most: bool| StructureCount { most: usize::from(most), ..Default::default() };
        let below = lower.then(|| none(own.smallest < found.below.1));
        return Ok(Structure {
            above: none(own.largest > found.above.1),
            below,
            residual: residual.then(|| Residual::new(m, entries.to_vec())),
            ..Default::default()
        });
    }
    let profile = Profile::of(entries, m);
    let whitened = Whitened::of(copies, profile.whitened(entries))?;
    let mut reach = None;
    let top = whitened.above(0, Some(found), &mut reach);
    let mut state = State { entries, profile, whitened, top, reach };
    state.settle(0)?;
    let mut bottom = StructureCount::default();
    let mut seen = Vec::new();
    while lower && !seen.contains(&bottom.count) && seen.len() < PROFILES {
        if bottom.count > 0 {
            state.begin(bottom.count)?;
            state.settle(bottom.count)?;
        }
        seen.push(bottom.count);
        bottom = state.whitened.below(state.top.count);
    }
    let State { whitened, top, profile, .. } = state;
    let noise = whitened.noise(top.count, bottom.count);
    let unit = whitened.unit(&noise);
    let graded = Graded::of(whitened.strengths(top.most, unit, &noise), top.count, (m, copies.n()));
    let residual = residual.then(|| whitened.residual(&profile, noise, top.count, bottom.count));
    Ok(Structure { above: top, below: lower.then_some(bottom), graded, residual })
}

/// The profile of what is left without the counted directions, and the count above that it gives.
struct State<'a> {
    entries: &'a [f64],
    profile: Profile,
    whitened: Whitened<'a>,
    top: StructureCount,
    reach: Reach,
}

impl State<'_> {
    /// The profile of what is left without the directions that are taken out now.
    fn next(&self, below: usize) -> Profile {
        let noise = self.whitened.noise(self.top.count, below);
        Profile::of(&self.profile.coloured(&noise), self.whitened.m)
    }

    fn take(&mut self, profile: Profile, below: usize) -> Result<(), RmtError> {
        self.whitened = Whitened::of(self.whitened.copies, profile.whitened(self.entries))?;
        self.profile = profile;
        self.top = self.whitened.above(below, None, &mut self.reach);
        Ok(())
    }

    /// Begins anew beside `below` directions. A noise direction that was taken for structure makes the profile of
    /// what is left too small along it, and would be found again.
    fn begin(&mut self, below: usize) -> Result<(), RmtError> {
        self.top = StructureCount::default();
        self.take(self.next(below), below)
    }

    /// Goes on until the count and the profile agree.
    fn settle(&mut self, below: usize) -> Result<(), RmtError> {
        for _ in 1..PROFILES {
            let next = self.next(below);
            if next.is_near(&self.profile) {
                break;
            }
            let before = self.top.count;
            self.take(next, below)?;
            if before == self.top.count {
                break;
            }
        }
        Ok(())
    }
}

/// How far the copies reach beyond the scale of what is left. It changes little from one set of copies to the next: so it
/// gives the number at which the next copies are drawn, and no count.
type Reach = Option<f64>;

/// What the copies' ends make of thresholds: the most extreme, and the mean.
#[derive(Debug, Clone, Copy)]
struct Thresholds {
    above: (f64, f64),
    below: (f64, f64),
}

impl Thresholds {
    fn of(found: &Found) -> Self {
        let count = found.copies.len().max(1) as f64;
        let of = |end: fn(&Ends) -> f64, worse: fn(f64, f64) -> f64, from: f64| {
            let values = found.copies.iter().map(end);
            (values.clone().fold(from, worse), values.sum::<f64>() / count)
        };
        Self {
            above: of(|ends| ends.largest, f64::max, 0.0),
            below: of(|ends| ends.smallest, f64::min, f64::INFINITY),
        }
    }
}

/// The first k ≥ `from` that `next` does not raise.
fn agreed(from: usize, next: impl Fn(usize) -> usize) -> usize {
    let mut k = from;
    loop {
        let raised = next(k);
        if raised <= k {
            return k;
        }
        k = raised;
    }
}

impl<'a> Whitened<'a> {
    fn of(copies: &'a Copies, entries: Vec<f64>) -> Result<Self, RmtError> {
        let (m, n) = (copies.m(), copies.n());
        let decomposition = decompose(&Matrix::new(&entries[..], n, m, Orientation::OutIn)?)?;
        let nu = &decomposition.singular_values;
        let rank = matrix_rank(nu, n);
        let mut rest = vec![0.0; m + 1];
        for k in (0..m).rev() {
            rest[k] = rest[k + 1] + nu[k] * nu[k];
        }
        Ok(Self { copies, entries, m, n, rank, rest, decomposition })
    }

    fn nu(&self) -> &[f64] {
        &self.decomposition.singular_values
    }

    /// The k-th singular vector along the rows of X, of length m.
    fn small(&self, k: usize) -> Box<dyn Iterator<Item = f64> + '_> {
        let d = &self.decomposition;
        // X is stored column by column, and of a square matrix the stored rows count as the smaller side.
        if self.m < self.n { Box::new(d.small_vector(k)) } else { Box::new(d.large_vector(k)) }
    }

    /// Along its columns, of length n.
    fn large(&self, k: usize) -> Box<dyn Iterator<Item = f64> + '_> {
        let d = &self.decomposition;
        if self.m < self.n { Box::new(d.large_vector(k)) } else { Box::new(d.small_vector(k)) }
    }

    /// What makes the entries of X without K directions above and K′ below as large as they were with those of noise in
    /// their place.
    fn degrees(&self, above: usize, below: usize) -> f64 {
        let (m, n) = (self.m as f64, self.n as f64);
        let left = (m - (above + below) as f64).max(1.0) * (n - above as f64).max(1.0);
        (m * n / left).sqrt()
    }

    /// σ√n, of noise like these entries.
    fn unit(&self, noise: &[f64]) -> f64 {
        (noise.iter().map(|x| x * x).sum::<f64>() / self.m as f64).sqrt()
    }

    /// X without `above` directions, and what noise lacks without those and without the `below` made up for in each
    /// entry: its variance is (1 − hᵢ)(1 − gⱼ) of what it was, h and g the leverages of the row in the left and of the column in the
    /// right singular vectors (Hoaglin & Welsch 1978).
    fn noise(&self, above: usize, below: usize) -> Vec<f64> {
        let mut left = self.without(above);
        let (mut h, mut g) = (vec![1.0; self.m], vec![1.0; self.n]);
        for k in (0..above).chain(self.m - below..self.m) {
            h.iter_mut().zip(self.small(k)).for_each(|(h, u)| *h -= u * u);
        }
        for k in 0..above {
            g.iter_mut().zip(self.large(k)).for_each(|(g, v)| *g -= v * v);
        }
        // A row or column that is all structure has no noise to be known by.
        let over = |x: Vec<f64>| -> Vec<f64> {
            x.into_iter().map(|x| x.max(LEAST_LEFT).sqrt().recip()).collect()
        };
        let (h, g) = (over(h), over(g));
        for (column, g) in left.chunks_exact_mut(self.m).zip(&g) {
            column.iter_mut().zip(&h).for_each(|(x, h)| *x *= h * g);
        }
        left
    }

    /// `noise` with the scale of rows and columns, and the directions in which W has something else.
    fn residual(&self, profile: &Profile, noise: Vec<f64>, above: usize, below: usize) -> Residual {
        let scaled = |vector: &mut dyn Iterator<Item = f64>, by: &dyn Fn(usize) -> f64| {
            vector.enumerate().map(|(i, x)| x * by(i)).collect::<Vec<f64>>()
        };
        let mut residual = Residual::new(self.m, profile.coloured(&noise));
        for k in 0..above {
            residual.small.push(scaled(&mut *self.small(k), &|i| profile.rows[i]));
            residual.large.push(scaled(&mut *self.large(k), &|j| profile.cols[j]));
        }
        for k in self.m - below..self.m {
            residual.small.push(scaled(&mut *self.small(k), &|i| profile.rows[i].recip()));
        }
        residual
    }

    /// X without its leading `above` directions.
    fn without(&self, above: usize) -> Vec<f64> {
        let mut left = self.entries.clone();
        let (m, n) = (self.m, self.n);
        if above > 0 {
            let mut small = Mat::zeros(m, above);
            let mut large = Mat::zeros(n, above);
            for (k, nu) in self.nu().iter().enumerate().take(above) {
                let vectors = self.small(k).zip(small.col_mut(k).iter_mut());
                vectors.for_each(|(x, into)| *into = x * nu);
                let vectors = self.large(k).zip(large.col_mut(k).iter_mut());
                vectors.for_each(|(x, into)| *into = x);
            }
            let into = MatMut::from_column_major_slice_mut(&mut left, m, n);
            matmul(into, Accum::Add, &small, large.transpose(), -1.0, Par::Seq);
        }
        left
    }

    /// Directions above beside `below` ones; `first` where the thresholds of the whole matrix are known.
    fn above(
        &self,
        below: usize,
        mut first: Option<Thresholds>,
        reach: &mut Reach,
    ) -> StructureCount {
        let narrower = {
            let (m, n) = (self.m as f64, self.n as f64);
            (n.sqrt() + (m - below as f64).sqrt()) / (n.sqrt() + m.sqrt())
        };
        let beyond =
            |threshold: f64| self.nu().iter().filter(|&&x| x > threshold).count().min(self.rank);
        let scale = |k: usize| self.rest[k].sqrt() * self.degrees(k, below);
        let known = reach.filter(|_| first.is_none());
        let mut k = known.map_or(0, |reach| agreed(0, |k| beyond(reach * scale(k))));
        let mut seen = Vec::new();
        loop {
            let thresholds = first.take().unwrap_or_else(|| {
                let mut noise = self.noise(k, below);
                noise.iter_mut().for_each(|x| *x *= narrower);
                Thresholds::of(&self.copies.ends(&noise, &[], false))
            });
            let found = thresholds.above.0 / scale(k);
            *reach = Some(found);
            let mut next = beyond(thresholds.above.0);
            if next > k {
                next = agreed(next, |k| beyond(found * scale(k)));
            }
            let rests = next == k || next >= self.rank;
            let repeats = seen.contains(&next);
            if rests || repeats || seen.len() == THRESHOLDS {
                let most = beyond(thresholds.above.1).clamp(next, self.rank.max(next));
                return StructureCount { count: next, most, cut_off: !rests && !repeats };
            }
            seen.push(k);
            k = next;
        }
    }

    /// Directions below beside `above` ones.
    fn below(&self, above: usize) -> StructureCount {
        let within = |threshold: f64| self.nu().iter().filter(|&&x| x < threshold).count();
        let most_below = (self.m / 2).saturating_sub(above);
        let noise = self.noise(above, 0);
        let unit = self.unit(&noise);
        let beside = (0..above).map(|j| {
            let strength = self.strength(j, unit) * unit;
            (self.small(j).map(|x| x * strength).collect(), self.large(j).collect())
        });
        let beside: Vec<Term> = beside.collect();
        let thresholds = Thresholds::of(&self.copies.ends(&noise, &beside, true));
        let found = within(thresholds.below.0);
        let count = found.min(most_below);
        let most = within(thresholds.below.1).max(count);
        StructureCount { count, most, cut_off: found > count }
    }

    /// θ/(σ√n) of the leading directions, where `noise` is left: with the scale of its rows and columns, from which the profile may
    /// still be half an error away.
    fn strengths(&self, count: usize, unit: f64, noise: &[f64]) -> Vec<f64> {
        let Profile { rows, cols } = Profile::of(noise, self.m);
        let norm = |vector: &mut dyn Iterator<Item = f64>, by: &[f64]| {
            vector.zip(by).map(|(x, by)| (x / by).powi(2)).sum::<f64>().sqrt()
        };
        // Nothing but rounding may be left.
        let unit = unit.max(f64::EPSILON);
        let of = |k| {
            let scale = norm(&mut *self.small(k), &rows) * norm(&mut *self.large(k), &cols);
            self.strength(k, unit) * unit / (self.n as f64).sqrt() * scale
        };
        (0..count).map(of).collect()
    }

    /// θ of direction `k` over σ√n.
    fn strength(&self, k: usize, unit: f64) -> f64 {
        let aspect = self.m as f64 / self.n as f64;
        AdditiveSpike::from_outlier(self.nu()[k] / unit, aspect).map_or(0.0, |spike| spike.strength)
    }
}
