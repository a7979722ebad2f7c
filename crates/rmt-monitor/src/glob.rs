//! Patterns on names: `*`, `?`, `[ab]`, `[a-z]`, `[!ab]`, `{one,two}`, and `\` before what is meant as it is.

use std::fmt;

/// Alternatives that a pattern may stand for, at most: `{a,b}` twice are four.
const MOST_ALTERNATIVES: usize = 1 << 12;

/// What is wrong with a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum GlobError {
    /// A `[` without its `]`.
    OpenClass,
    /// A `[` whose range ends before it begins, such as `[z-a]`.
    EmptyRange,
    /// A `{` without its `}`.
    OpenAlternatives,
    /// A `}` without its `{`.
    NoAlternatives,
    /// A `\` at the end.
    NothingEscaped,
    /// Alternatives of alternatives beyond 4,096.
    TooMany,
}

impl fmt::Display for GlobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OpenClass => "a `[` has no `]`",
            Self::EmptyRange => "a range ends before it begins",
            Self::OpenAlternatives => "a `{` has no `}`",
            Self::NoAlternatives => "a `}` has no `{`",
            Self::NothingEscaped => "nothing follows the last `\\`",
            Self::TooMany => "its braces stand for more than 4096 patterns",
        })
    }
}

impl std::error::Error for GlobError {}

/// A pattern that a whole name matches or not.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Glob {
    /// It matches if one of these does: its braces multiplied out.
    alternatives: Vec<Vec<Part>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Exactly(char),
    /// `?`
    Any,
    /// `*`
    AnyMany,
    /// Ranges, and whether a character must be outside of them.
    Class(Vec<(char, char)>, bool),
}

impl Part {
    fn takes(&self, c: char) -> bool {
        match self {
            Self::Exactly(own) => *own == c,
            Self::Any | Self::AnyMany => true,
            Self::Class(ranges, outside) => {
                ranges.iter().any(|&(from, to)| (from..=to).contains(&c)) != *outside
            }
        }
    }
}

impl Glob {
    pub(crate) fn new(pattern: &str) -> Result<Self, GlobError> {
        let mut rest = pattern.chars().peekable();
        let alternatives = sequence(&mut rest, 0)?;
        Ok(Self { alternatives })
    }

    pub(crate) fn is_match(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().collect();
        self.alternatives.iter().any(|parts| matches(parts, &name))
    }
}

type Rest<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// Reads up to the end, or within braces up to a `,` or a `}`, which is left.
fn sequence(rest: &mut Rest<'_>, depth: usize) -> Result<Vec<Vec<Part>>, GlobError> {
    let mut found = vec![Vec::new()];
    while let Some(&c) = rest.peek() {
        if depth > 0 && matches!(c, ',' | '}') {
            return Ok(found);
        }
        rest.next();
        let part = match c {
            '*' => Part::AnyMany,
            '?' => Part::Any,
            '[' => class(rest)?,
            '{' => {
                let inner = alternatives(rest, depth + 1)?;
                if found.len() * inner.len() > MOST_ALTERNATIVES {
                    return Err(GlobError::TooMany);
                }
                let with = |before: &Vec<Part>| {
                    let before = before.clone();
                    inner.iter().map(move |after| [&before[..], after].concat())
                };
                found = found.iter().flat_map(with).collect();
                continue;
            }
            '}' => return Err(GlobError::NoAlternatives),
            '\\' => Part::Exactly(rest.next().ok_or(GlobError::NothingEscaped)?),
            c => Part::Exactly(c),
        };
        found.iter_mut().for_each(|parts| parts.push(part.clone()));
    }
    if depth > 0 { Err(GlobError::OpenAlternatives) } else { Ok(found) }
}

/// What stands between braces, whose first is read.
fn alternatives(rest: &mut Rest<'_>, depth: usize) -> Result<Vec<Vec<Part>>, GlobError> {
    // The reader calls itself: braces within braces are not to exhaust the stack.
    if depth > 16 {
        return Err(GlobError::TooMany);
    }
    let mut found = Vec::new();
    loop {
        found.extend(sequence(rest, depth)?);
        if found.len() > MOST_ALTERNATIVES {
            return Err(GlobError::TooMany);
        }
        if rest.next() != Some(',') {
            return Ok(found);
        }
    }
}

/// What stands between brackets, whose first is read. A `]` that comes first is meant as it is.
fn class(rest: &mut Rest<'_>) -> Result<Part, GlobError> {
    let outside = rest.next_if(|c| matches!(c, '!' | '^')).is_some();
    let mut ranges = Vec::new();
    loop {
        let from = rest.next().ok_or(GlobError::OpenClass)?;
        if from == ']' && !ranges.is_empty() {
            return Ok(Part::Class(ranges, outside));
        }
        let mut ahead = rest.clone();
        let to = match (ahead.next(), ahead.next()) {
            (Some('-'), Some(to)) if to != ']' => {
                *rest = ahead;
                to
            }
            _ => from,
        };
        if to < from {
            return Err(GlobError::EmptyRange);
        }
        ranges.push((from, to));
    }
}

/// Where it does not go on, the last `*` takes one more: its time is at most the product of the lengths.
fn matches(parts: &[Part], name: &[char]) -> bool {
    let (mut part, mut at) = (0, 0);
    // Behind the last `*`, and the first character that it does not take.
    let mut last: Option<(usize, usize)> = None;
    while at < name.len() {
        match parts.get(part) {
            Some(Part::AnyMany) => {
                part += 1;
                last = Some((part, at));
            }
            Some(own) if own.takes(name[at]) => {
                part += 1;
                at += 1;
            }
            _ => {
                let Some((behind, taken)) = &mut last else { return false };
                *taken += 1;
                (part, at) = (*behind, *taken);
            }
        }
    }
    parts[part..].iter().all(|part| *part == Part::AnyMany)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_matches_and_what_does_not() {
        for (pattern, yes, no) in [
            ("a.b", &["a.b"][..], &["a", "a.b.c", "axb", ""][..]),
            ("", &[""], &["a"]),
            ("*", &["", "a", "a.b/c"], &[]),
            ("**.w", &["a.w", ".w"], &["w", "a.w.b"]),
            ("l.*.q.*", &["l.0.q.weight", "l.q.q.q.q", "l..q."], &["l.q.w", "l.0.k.weight"]),
            ("*ab*ab", &["abab", "ababab", "xabyab"], &["ab", "aba"]),
            ("b?", &["b1", "bé"], &["b", "b12"]),
            ("[a-cx].[!0-3]", &["a.4", "x.a", "c.z"], &["d.4", "a.0", "a.3"]),
            ("[]]", &["]"], &["["]),
            ("[^]a]", &["b"], &["]", "a"]),
            ("[a-]", &["a", "-"], &["b"]),
            ("{up,gate,}.w", &["up.w", "gate.w", ".w"], &["down.w"]),
            ("a{b{c,d},e}f", &["abcf", "abdf", "aef"], &["abf", "acf"]),
            ("a,b", &["a,b"], &["a"]),
            ("\\*\\{", &["*{"], &["a{"]),
        ] {
            let glob = Glob::new(pattern).unwrap();
            yes.iter().for_each(|name| assert!(glob.is_match(name), "{pattern} {name}"));
            no.iter().for_each(|name| assert!(!glob.is_match(name), "{pattern} {name}"));
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (pattern, error) in [
            ("a[b", GlobError::OpenClass),
            ("[]", GlobError::OpenClass),
            ("[z-a]", GlobError::EmptyRange),
            ("{a,b", GlobError::OpenAlternatives),
            ("a}", GlobError::NoAlternatives),
            ("a\\", GlobError::NothingEscaped),
            (&"{a,b}".repeat(13), GlobError::TooMany),
            (&"{".repeat(100_000), GlobError::TooMany),
        ] {
            assert_eq!(Glob::new(pattern), Err(error), "{pattern}");
        }
    }

    #[test]
    fn a_pattern_made_to_be_slow_is_not() {
        let glob = Glob::new(&"a*".repeat(60)).unwrap();
        assert!(!glob.is_match(&format!("{}b", "b".repeat(20_000))));
        let glob = Glob::new(&format!("{}b", "*a".repeat(60))).unwrap();
        assert!(!glob.is_match(&"a".repeat(5_000)));
    }
}
