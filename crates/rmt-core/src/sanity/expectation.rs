//! The expected outcome for a matrix, test by test.

use crate::Verdict;
use crate::report::{FAMILY, TestName};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The required outcome of one test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Requirement {
    /// The test must not reject.
    Agree,
    /// The test must reject.
    Deviate,
    /// The test may reject or not, or be undefined.
    Either,
}

/// The expected outcome for a matrix.
///
/// ```
/// use rmt_core::report::TestName;
/// use rmt_core::sanity::{Expectation, Requirement};
/// // Rows of different scale: the spectrum and the left vectors show it, the right ones do not.
/// let expectation = Expectation::deviates(&[TestName::Above, TestName::Left])
///     .with(&TestName::Right, Requirement::Agree);
/// assert_eq!(expectation.to_string(), "deviates in p_above, left");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Expectation {
    /// Required verdict; `None` if any is allowed.
    pub found: Option<Verdict>,
    /// Required outcome of each test, in the order of [`FAMILY`].
    pub tests: [Requirement; FAMILY.len()],
    /// Number of significant outliers above, if it is certain.
    pub significant_above: Option<usize>,
    /// Required outcomes of the comparison with copies: with other signs, and with the entries in
    /// another order.
    #[serde(default = "open")]
    pub rungs: [Requirement; 2],
    /// Number of directions above that must be counted. At most [`NOISE`] more may be counted.
    #[serde(default)]
    pub structure_above: Option<usize>,
}

/// Most noise directions that a count may include, at level 1/20 each. In 40 draws per law and
/// shape no count included more than one.
pub const NOISE: usize = 2;

fn open() -> [Requirement; 2] {
    [Requirement::Either; 2]
}

impl Expectation {
    fn new(found: Option<Verdict>, every: Requirement) -> Self {
        let tests = [every; FAMILY.len()];
        Self { found, tests, significant_above: None, rungs: open(), structure_above: None }
    }

    /// No test may reject.
    pub fn random() -> Self {
        Self::new(Some(Verdict::Random), Requirement::Agree)
    }

    /// These tests must reject. The others may.
    pub fn deviates(tests: &[TestName]) -> Self {
        let none = Self::new(Some(Verdict::Deviates), Requirement::Either);
        tests.iter().fold(none, |expectation, test| expectation.with(test, Requirement::Deviate))
    }

    /// These tests must reject, and the comparison with sign-flipped copies must not.
    pub fn scale(tests: &[TestName]) -> Self {
        let rungs = [Requirement::Agree, Requirement::Either];
        Self { found: Some(Verdict::Scale), rungs, ..Self::deviates(tests) }
    }

    /// This number of directions above, which no scale explains, must be counted.
    pub fn structure(count: usize) -> Self {
        Self::deviates(&[]).with_structure(count)
    }

    /// Any verdict except `not_estimable` is allowed.
    pub fn either() -> Self {
        Self::new(None, Requirement::Either)
    }

    /// The verdict must be `degenerate`: there is no bulk, or its vectors are undefined.
    pub fn degenerate() -> Self {
        Self::new(Some(Verdict::Degenerate), Requirement::Either)
    }

    /// Changes the requirement on one test. The required verdict stays the same, except that a
    /// matrix required to be random may deviate if one of its tests may reject.
    #[must_use]
    pub fn with(mut self, test: &TestName, requirement: Requirement) -> Self {
        for (required, _) in self.tests.iter_mut().zip(&FAMILY).filter(|(_, name)| *name == test) {
            *required = requirement;
        }
        if self.found == Some(Verdict::Random) && requirement != Requirement::Agree {
            self.found = None;
        }
        self
    }

    /// Requires this number of significant outliers above.
    #[must_use]
    pub fn with_significant_above(mut self, count: usize) -> Self {
        self.significant_above = Some(count);
        self
    }

    /// Sets the required outcomes of the comparison with copies: with other signs, and with the
    /// entries in another order.
    #[must_use]
    pub fn with_rungs(mut self, signs: Requirement, permuted: Requirement) -> Self {
        self.rungs = [signs, permuted];
        self
    }

    /// Requires this number of directions above that no scale explains.
    #[must_use]
    pub fn with_structure(mut self, count: usize) -> Self {
        self.found = Some(Verdict::Structure);
        self.rungs = [Requirement::Deviate, Requirement::Either];
        self.structure_above = Some(count);
        self
    }

    /// The required outcome of `test`.
    pub fn requirement(&self, test: &TestName) -> Requirement {
        let place = FAMILY.iter().position(|name| name == test);
        place.map_or(Requirement::Either, |place| self.tests[place])
    }

    /// Whether a verdict is allowed.
    pub fn allows(&self, found: Verdict) -> bool {
        match self.found {
            Some(Verdict::Deviates) => found.deviates(),
            Some(expected) => found == expected,
            None => found != Verdict::NotEstimable,
        }
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.found {
            Some(found) => write!(f, "{found}")?,
            None => write!(f, "any finding")?,
        }
        let required = FAMILY
            .iter()
            .filter(|test| self.requirement(test) == Requirement::Deviate)
            .map(TestName::to_string)
            .collect::<Vec<_>>();
        if !required.is_empty() {
            write!(f, " in {}", required.join(", "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_words() {
        assert_eq!(Expectation::random().to_string(), "random");
        assert_eq!(Expectation::degenerate().to_string(), "degenerate");
        let above = Expectation::random().with(&TestName::Above, Requirement::Either);
        assert_eq!(above.to_string(), "any finding");
        assert!(above.allows(Verdict::Deviates) && !above.allows(Verdict::NotEstimable));
        assert_eq!(above.requirement(&TestName::Left), Requirement::Agree);
        let signal = Expectation::deviates(&[TestName::Above, TestName::Right]);
        assert_eq!(signal.to_string(), "deviates in p_above, right");
        assert!(!signal.allows(Verdict::Random));
    }
}
