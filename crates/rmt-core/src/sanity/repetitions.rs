//! The rejection rate of each test over several matrices of one law and shape.

use super::{Requirement, Row};
use crate::Verdict;
use crate::report::{FAMILY, TestName};
use serde::{Deserialize, Serialize};
use statrs::distribution::{Binomial, DiscreteCDF};
use std::collections::HashMap;

/// Level at which rejections are counted: p at or below it counts.
pub const COUNTED_LEVEL: f64 = 0.05;

/// Number of rejections of one test among the repetitions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RejectionCount {
    /// Name of the test.
    pub name: TestName,
    /// Number of matrices for which the test could be made.
    pub made: u64,
    /// Number of these with p ≤ [`COUNTED_LEVEL`].
    pub rejected: u64,
    /// Most rejections that random matrices give, except for the stated false alarms; `None` if the
    /// test need not agree.
    pub at_most: Option<u64>,
}

impl RejectionCount {
    /// Whether the test rejects at most as often as allowed.
    pub fn as_expected(&self) -> bool {
        self.at_most.is_none_or(|limit| self.rejected <= limit)
    }
}

/// Several matrices of one label and shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Repetitions {
    /// Entry law or initializer.
    pub label: String,
    /// [rows, columns].
    pub shape: [usize; 2],
    /// Number of matrices.
    pub matrices: u64,
    /// Number of matrices whose own outcome was as expected.
    pub as_expected: u64,
    /// Counts of every test of the family.
    pub tests: Vec<RejectionCount>,
}

impl Repetitions {
    /// Whether every test rejects at most as often as allowed.
    pub fn counts_as_expected(&self) -> bool {
        self.tests.iter().all(RejectionCount::as_expected)
    }
}

/// Groups `rows` by label and shape, in the order of their first appearance, and holds the count of
/// each test that must agree against Bin(matrices, [`COUNTED_LEVEL`]), at `level` for all counts
/// together (Bonferroni).
///
/// One-sided: a test that rejects too seldom is found by the laws that must deviate. Counted are the
/// laws that must be random; where rows or columns differ in scale, the vectors of the other side
/// are uniform too, but their test is then corrected for the excess kurtosis that the scales feign.
pub(super) fn repetitions(rows: &[Row], level: f64) -> Vec<Repetitions> {
    let mut groups: Vec<Vec<&Row>> = Vec::new();
    let mut places: HashMap<(&str, [usize; 2]), usize> = HashMap::new();
    for row in rows {
        let place = *places.entry((row.label.as_str(), row.shape)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    groups.retain(|group| group.len() > 1);
    let judged: usize = groups
        .iter()
        .map(|group| (0..FAMILY.len()).filter(|i| must_agree(group, *i)).count())
        .sum();
    let each = level / judged.max(1) as f64;
    groups.iter().filter_map(|group| repetition(group, each)).collect()
}

/// Whether the test is one whose level is known for all of these matrices.
fn must_agree(group: &[&Row], test: usize) -> bool {
    group.iter().all(|row| {
        let expectation = &row.expectation;
        expectation.allows(Verdict::Random)
            && expectation.tests.get(test) == Some(&Requirement::Agree)
    })
}

fn repetition(group: &[&Row], level: f64) -> Option<Repetitions> {
    let first = group.first()?;
    let matrices = group.len() as u64;
    let count = |(test, name): (usize, &TestName)| {
        let p_values = || group.iter().filter_map(|row| row.tests.get(test)?.p);
        let rejected = p_values().filter(|&p| p <= COUNTED_LEVEL).count() as u64;
        let at_most = must_agree(group, test).then(|| most(matrices, level)).flatten();
        RejectionCount { name: name.clone(), made: p_values().count() as u64, rejected, at_most }
    };
    Some(Repetitions {
        label: first.label.clone(),
        shape: first.shape,
        matrices,
        as_expected: group.iter().filter(|row| row.as_expected).count() as u64,
        tests: FAMILY.iter().enumerate().map(count).collect(),
    })
}

/// The least k with P(Bin(`trials`, [`COUNTED_LEVEL`]) > k) ≤ `level`.
fn most(trials: u64, level: f64) -> Option<u64> {
    let law = Binomial::new(COUNTED_LEVEL, trials).ok()?;
    // By halves; sf falls from P(> 0) to P(> trials) = 0.
    let (mut low, mut high) = (0, trials);
    while low < high {
        let middle = low + (high - low) / 2;
        if law.sf(middle) <= level {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(low)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_binomial_quantiles() {
        // P(Bin(2, .05) > 1) = .0025; P(Bin(2, .05) > 0) = .0975.
        assert_eq!(most(2, 0.0026), Some(1));
        assert_eq!(most(2, 0.0024), Some(2));
        assert_eq!(most(2, 0.098), Some(0));
        // P(Bin(100, .05) > 10) = .01147, P(> 11) = .00427, P(> 12) = .00146, summed term by term.
        assert_eq!(most(100, 0.0042), Some(12));
        assert_eq!(most(100, 0.0043), Some(11));
    }
}
