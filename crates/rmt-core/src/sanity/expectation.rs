//! What a matrix must be found to be, test by test.

use crate::Verdict;
use crate::report::{FAMILY, TestName};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What one test must say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Requirement {
    /// It must not reject.
    Agree,
    /// It must reject.
    Deviate,
    /// It may do either, or be undefined.
    Either,
}

/// What a matrix must be found to be.
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
    /// What all tests say together; `None` where that is open.
    pub found: Option<Verdict>,
    /// What each test must say, in the order of [`FAMILY`].
    pub tests: [Requirement; FAMILY.len()],
    /// The number of significant outliers above, where it is certain.
    pub significant_above: Option<usize>,
    /// What the ladder must say where it is climbed: of the magnitudes with other signs, and of the entries in another
    /// order.
    #[serde(default = "open")]
    pub rungs: [Requirement; 2],
    /// Directions above that must be counted, and at most [`NOISE`] more.
    #[serde(default)]
    pub structure_above: Option<usize>,
}

/// Directions of noise that a count may have, at level 1/20 each: no count of 40 draws per law and shape had more than one.
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

    /// These tests must reject, and the others may.
    pub fn deviates(tests: &[TestName]) -> Self {
        let none = Self::new(Some(Verdict::Deviates), Requirement::Either);
        tests.iter().fold(none, |expectation, test| expectation.with(test, Requirement::Deviate))
    }

    /// These tests must reject, and the magnitudes with other signs must agree.
    pub fn scale(tests: &[TestName]) -> Self {
        let rungs = [Requirement::Agree, Requirement::Either];
        Self { found: Some(Verdict::Scale), rungs, ..Self::deviates(tests) }
    }

    /// There must be so many directions above that no scale explains.
    pub fn structure(count: usize) -> Self {
        Self::deviates(&[]).with_structure(count)
    }

    /// Any finding but "not_estimable": this law at this shape may deviate or not.
    pub fn either() -> Self {
        Self::new(None, Requirement::Either)
    }

    /// There is no bulk, or its vectors are undefined; the verdict must say so.
    pub fn degenerate() -> Self {
        Self::new(Some(Verdict::Degenerate), Requirement::Either)
    }

    /// With another requirement on one test. What all tests say together is unchanged, except that a
    /// matrix which must be random, and of which one test may reject, may deviate.
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

    /// With this number of significant outliers above.
    #[must_use]
    pub fn with_significant_above(mut self, count: usize) -> Self {
        self.significant_above = Some(count);
        self
    }

    /// With what the ladder must say of the magnitudes with other signs, and of the entries in another order.
    #[must_use]
    pub fn with_rungs(mut self, signs: Requirement, permuted: Requirement) -> Self {
        self.rungs = [signs, permuted];
        self
    }

    /// With this number of directions above that no scale explains.
    #[must_use]
    pub fn with_structure(mut self, count: usize) -> Self {
        self.found = Some(Verdict::Structure);
        self.rungs = [Requirement::Deviate, Requirement::Either];
        self.structure_above = Some(count);
        self
    }

    /// What `test` must say.
    pub fn requirement(&self, test: &TestName) -> Requirement {
        let place = FAMILY.iter().position(|name| name == test);
        place.map_or(Requirement::Either, |place| self.tests[place])
    }

    /// Whether a finding is allowed.
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
