//! Groups notes that many matrices share.

use std::collections::HashMap;
use std::fmt::Display;

/// Names that are written out, at most.
const NAMED: usize = 3;

/// Texts that differ only in their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Group<'a> {
    masked: String,
    first: String,
    alike: bool,
    /// Names of the matrices with these texts, in order.
    pub names: Vec<&'a str>,
}

impl Group<'_> {
    /// The common text. Numbers that differ are replaced by `…`.
    pub fn text(&self) -> &str {
        if self.alike { &self.first } else { &self.masked }
    }

    /// The first three names, and the number of further ones.
    pub fn whose(&self) -> String {
        let named = self.names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
        match self.names.len().saturating_sub(NAMED) {
            0 => named,
            more => format!("{named} and {more} more"),
        }
    }
}

/// Groups notes or other texts of named things, in the order of first occurrence.
pub fn grouped<'a, T: Display + 'a>(
    notes: impl IntoIterator<Item = (&'a str, &'a [T])>,
) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let notes = notes.into_iter().flat_map(|(name, notes)| notes.iter().map(move |n| (name, n)));
    for (name, note) in notes {
        let text = note.to_string();
        let masked = masked(&text);
        match places.get(&masked).and_then(|place| groups.get_mut(*place)) {
            Some(group) => {
                group.alike &= group.first == text;
                group.names.push(name);
            }
            None => {
                places.insert(masked.clone(), groups.len());
                groups.push(Group { masked, first: text, alike: true, names: vec![name] });
            }
        }
    }
    groups
}

/// `text` with every number replaced.
fn masked(text: &str) -> String {
    let mut masked = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, number) = rest.split_at(start);
        masked.push_str(before);
        masked.push('…');
        let mut last = ' ';
        let end = number.find(|c: char| {
            let goes_on = c.is_ascii_digit()
                || (last.is_ascii_digit() && matches!(c, '.' | 'e'))
                || (last == 'e' && c == '-');
            last = c;
            !goes_on
        });
        let end = end.unwrap_or(number.len());
        // A full stop, or an e that begins a word, is no part of the number.
        let end = number.get(..end).map_or(end, |n| n.trim_end_matches(['.', 'e', '-']).len());
        rest = number.get(end..).unwrap_or_default();
    }
    masked + rest
}

#[cfg(test)]
mod tests {
    use super::super::Note;
    use super::*;

    #[test]
    fn texts_that_differ_in_numbers_are_one() {
        assert_eq!(masked("square: t = 0.0234"), "square: t = …");
        assert_eq!(masked("47 of 48 vanish"), "… of … vanish");
        assert_eq!(masked("size 1e-7 is 3."), "size … is ….");
        assert_eq!(masked("none"), "none");
        assert_eq!(masked("3even 2."), "…even ….");
        let one = [Note::from("t = 1")];
        let notes = [Note::from("t = 2"), Note::from("u = 3")];
        let groups = grouped([("a", &one[..]), ("b", &notes)]);
        let found: Vec<(&str, usize)> =
            groups.iter().map(|group| (group.text(), group.names.len())).collect();
        assert_eq!(found, [("t = …", 2), ("u = 3", 1)]);
        let same = grouped([("a", &one[..]), ("b", &one)]);
        assert_eq!(same.iter().map(Group::text).collect::<Vec<_>>(), ["t = 1"]);
        let many = grouped(["a", "b", "c", "d", "e"].map(|name| (name, &one[..])));
        assert_eq!(many[0].whose(), "a, b, c and 2 more");
    }
}
