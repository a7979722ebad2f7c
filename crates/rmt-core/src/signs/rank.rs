//! The test: where the matrix stands among its copies.

use super::copies::Ends;
use crate::laws::tracy_widom;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::function::erf::erfc_inv;

/// One end of the spectrum among those of the copies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RankTest {
    /// p = (1 + #{copies at least as extreme})/(B + 1): for the signs exact at every size (Hong, Sheng & Dobriban,
    /// arXiv 2012.02985). The copies in another order share that order, so that their p is an approximation.
    pub p: f64,
    /// (x − mean)/standard deviation of the copies, positive where the matrix is more extreme; x = ν₁², or −ν_m².
    pub deviations: f64,
    /// p by the tail of a Tracy–Widom law with the copies' mean and standard deviation. The errors of both are in it,
    /// as Student's t has them for a normal law. It is an approximation, and decides nothing that `p` does not allow.
    pub p_tail: f64,
}

/// A rung of the ladder: both ends of the spectrum among those of copies, and the two as one test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RungTest {
    /// Rank p of the larger of the two deviations, each by the mean and standard deviation of all B + 1 matrices. It is
    /// at least 1/(B + 1).
    pub p: f64,
    /// The smaller of the tail p-values of both ends, times their number.
    pub p_tail: f64,
    /// Whether the rung is rejected: the rank allows it, and where 1/(B + 1) is above the level, the tail p is below it.
    pub rejected: bool,
    /// The largest singular value.
    pub above: RankTest,
    /// The smallest one; null where the matrix is square or nearly so.
    pub below: Option<RankTest>,
}

/// `itself` among `copies`, at `level`; the lower end where it was found.
pub(super) fn ranked(itself: Ends, copies: &[Ends], lower: bool, level: f64) -> RungTest {
    let upper = |ends: &Ends| ends.largest.powi(2);
    let down = |ends: &Ends| -ends.smallest.powi(2);
    let above = one(upper(&itself), copies.iter().map(upper).collect());
    let below = lower.then(|| one(down(&itself), copies.iter().map(down).collect()));
    let all: Vec<Ends> = copies.iter().copied().chain([itself]).collect();
    let ups = standardized(all.iter().map(upper).collect());
    let downs = standardized(all.iter().map(down).collect());
    let larger = |k: usize| if lower { ups[k].max(downs[k]) } else { ups[k] };
    let own = larger(copies.len());
    let as_extreme = (0..copies.len()).filter(|&k| larger(k) >= own).count();
    let p = rank_p(as_extreme, copies.len());
    let p_tail = match &below {
        Some(below) => (2.0 * above.p_tail.min(below.p_tail)).min(1.0),
        None => above.p_tail,
    };
    let rejected = p <= level || (as_extreme == 0 && p_tail <= level);
    RungTest { p, p_tail, rejected, above, below }
}

fn rank_p(as_extreme: usize, copies: usize) -> f64 {
    (1 + as_extreme) as f64 / (copies + 1) as f64
}

fn moments(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let square = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, square.sqrt())
}

/// Zero where nothing varies.
fn standardized(values: Vec<f64>) -> Vec<f64> {
    let (mean, deviation) = moments(&values);
    let over = if deviation > 0.0 { deviation.recip() } else { 0.0 };
    values.into_iter().map(|x| (x - mean) * over).collect()
}

fn one(x: f64, copies: Vec<f64>) -> RankTest {
    let as_extreme = copies.iter().filter(|&&y| y >= x).count();
    let p = rank_p(as_extreme, copies.len());
    let (mean, deviation) = moments(&copies);
    // Copies that are all alike leave nothing but the rank.
    let z = (x - mean) / deviation;
    if !(deviation > 0.0 && z.is_finite()) {
        return RankTest { p, deviations: 0.0, p_tail: p };
    }
    RankTest { p, deviations: z, p_tail: predictive_tail(z, copies.len()) }
}

/// P(a further draw of a Tracy–Widom law lies `z` standard deviations of `count` draws above their mean).
///
/// z goes to the normal deviate of the same tail as z/√(1 + 1/B) has in Student's t with B − 1 degrees of freedom, which is exact for
/// normal draws.
fn predictive_tail(z: f64, count: usize) -> f64 {
    let b = count as f64;
    let Ok(student) = StudentsT::new(0.0, 1.0, b - 1.0) else { return 1.0 };
    let t = z / (1.0 + 1.0 / b).sqrt();
    // The lower tail, which keeps its digits.
    let tail = student.cdf(-t.abs()).max(f64::MIN_POSITIVE);
    let deviate = (std::f64::consts::SQRT_2 * erfc_inv(2.0 * tail)).copysign(t);
    tracy_widom::survival(tracy_widom::MEAN + tracy_widom::VARIANCE.sqrt() * deviate)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    fn ends(largest: f64, smallest: f64) -> Ends {
        Ends { largest, smallest }
    }

    #[test]
    fn ranks_count_what_is_as_extreme() {
        let copies: Vec<Ends> = (1..=19).map(|k| ends(f64::from(k), f64::from(k))).collect();
        let test = ranked(ends(18.5, 1.5), &copies, true, 0.05);
        assert_eq!((test.above.p, test.below.unwrap().p), (0.1, 0.1));
        let test = ranked(ends(19.0, 30.0), &copies, true, 0.05);
        assert_eq!((test.above.p, test.below.unwrap().p), (0.1, 1.0));
        let test = ranked(ends(40.0, 10.0), &copies, true, 0.05);
        assert_eq!((test.p, test.above.p, test.rejected), (0.05, 0.05, true));
        assert_eq!(ranked(ends(40.0, 10.0), &copies, false, 0.05).below, None);
    }

    #[test]
    fn as_one_test_both_ends_keep_the_level() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let mut draw = || {
            let quantile = tracy_widom::quantile(rng.random_range(0.0..1.0));
            let other = tracy_widom::quantile(rng.random_range(0.0..1.0));
            ends((100.0 + quantile).sqrt(), (50.0 - other).sqrt())
        };
        let (trials, mut by_rank, mut by_tail) = (4000, 0, 0);
        for _ in 0..trials {
            let copies: Vec<Ends> = (0..19).map(|_| draw()).collect();
            let test = ranked(draw(), &copies, true, 0.01);
            by_rank += usize::from(test.p <= 0.05);
            by_tail += usize::from(test.rejected);
        }
        let inside = |count, p| {
            let (low, high) = crate::test_support::binomial_interval(trials, p, 0.01);
            (low..=high).contains(&count)
        };
        assert!(inside(by_rank, 0.05), "{by_rank}");
        assert!(inside(by_tail, 0.01), "{by_tail}");
    }

    #[test]
    fn copies_that_are_alike() {
        let test = ranked(ends(2.0, 1.0), &[ends(1.0, 1.0); 19], true, 0.05);
        assert_eq!((test.above.p, test.above.p_tail), (0.05, 0.05));
        assert_eq!(test.below.unwrap().p, 1.0);
    }
}
