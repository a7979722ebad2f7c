//! Names of tensors: their order, and how they are written in a message.

use super::Entry;
use rmt_core::shown;
use std::cmp::Ordering;
use std::collections::HashSet;

/// Characters of a name that a message shows.
const SHOWN: usize = 120;
/// Characters of a message.
const MESSAGE: usize = 600;

/// Order of names with the numbers in them taken as numbers, so that layer 2 comes before layer 10.
pub(crate) fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.as_bytes(), b.as_bytes());
    loop {
        let (Some(&first), Some(&second)) = (left.first(), right.first()) else {
            // Names that differ only in leading zeros are still two names.
            return left.len().cmp(&right.len()).then_with(|| a.cmp(b));
        };
        let order = if first.is_ascii_digit() && second.is_ascii_digit() {
            let (x, y) = (number(&mut left), number(&mut right));
            x.len().cmp(&y.len()).then_with(|| x.cmp(y))
        } else {
            left = left.get(1..).unwrap_or_default();
            right = right.get(1..).unwrap_or_default();
            first.cmp(&second)
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Takes the digits at the start of the text, and gives them without leading zeros.
fn number<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    *text = rest;
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
    digits.get(zeros..).unwrap_or_default()
}

/// A name in a message: in quotes, without control characters, and cut when it is long.
pub(super) fn quoted(name: &str) -> String {
    let shown: String = name.chars().take(SHOWN).collect();
    let more = if shown.len() < name.len() { "…" } else { "" };
    format!("{shown:?}{more}")
}

/// A message as one line.
pub(super) fn one_line(text: &str) -> String {
    shown::line(text, MESSAGE)
}

/// That no two tensors have one name.
pub(super) fn distinct<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Result<(), String> {
    let mut seen = HashSet::new();
    match entries.into_iter().find(|entry| !seen.insert(entry.name.as_str())) {
        Some(twice) => Err(format!("two tensors have the name {}", quoted(&twice.name))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn numbers_in_names_are_numbers() {
        let mut names = ["l.10.w", "l.9.w", "l.2.b", "l", "l.02.b", "l.2", "m.1", "l.2.a"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["l", "l.2", "l.2.a", "l.02.b", "l.2.b", "l.9.w", "l.10.w", "m.1"]);
    }

    #[test]
    fn numbers_longer_than_any_integer_have_an_order() {
        let (small, large) = ("9".repeat(50), "1".repeat(51));
        assert_eq!(natural(&small, &large), Ordering::Less);
        assert_eq!(natural(&large, &small), Ordering::Greater);
    }

    #[test]
    fn a_hostile_message_is_one_short_line() {
        let line = one_line(&format!("a\nb\u{1b}[2J{}", "x".repeat(100_000)));
        assert!(line.starts_with("a\\nb\\u{1b}[2J"), "{line}");
        assert!(line.chars().count() < 700 && line.ends_with('…'));
        assert_eq!(quoted("a\n"), "\"a\\n\"");
    }
}
