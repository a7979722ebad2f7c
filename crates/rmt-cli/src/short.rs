//! Names in the room that a terminal has: their ends are kept, for they tell.

use std::collections::HashSet;

/// Names brought to a width, and what was taken off all of them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Short {
    pub(crate) names: Vec<String>,
    /// What every name starts with, such as `transformer.h.`.
    pub(crate) prefix: String,
    /// What every name ends with, such as `.weight`.
    pub(crate) suffix: String,
}

/// `names` in at most `room` characters each. Where that is too few, what all end with goes first, then
/// what all start with, both at dots; then the parts before the last are cut to their first letters,
/// then the start is left out. Names that are different stay so where any of this allows it.
pub(crate) fn short(names: &[&str], room: usize) -> Short {
    let mut short = Short { names: owned(names), prefix: String::new(), suffix: String::new() };
    if fits(&short.names, room) {
        return short;
    }
    let different: HashSet<&str> = names.iter().copied().collect();
    if different.len() > 1 {
        short.suffix = shared(names, suffix_from);
        strip(&mut short);
        if !fits(&short.names, room) {
            let rest: Vec<&str> = short.names.iter().map(String::as_str).collect();
            short.prefix = shared(&rest, prefix_to);
            strip(&mut short);
        }
    }
    let apart = |names: &[String]| names.iter().collect::<HashSet<_>>().len() == different.len();
    let initials = each(&short.names, |name| ending(&initials(name, room), 0, room));
    let starts = (0..room).map(|start| each(&short.names, |name| ending(name, start, room)));
    let mut ways = [initials.clone()].into_iter().chain(starts);
    short.names = ways.find(|names| apart(names)).unwrap_or(initials);
    short
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn each(names: &[String], change: impl Fn(&str) -> String) -> Vec<String> {
    names.iter().map(|name| change(name)).collect()
}

fn length(name: &str) -> usize {
    name.chars().count()
}

fn fits(names: &[String], room: usize) -> bool {
    names.iter().all(|name| length(name) <= room)
}

/// Takes the shared ends off names that still have them.
fn strip(short: &mut Short) {
    for name in &mut short.names {
        let rest = name.strip_suffix(&short.suffix).unwrap_or(name);
        let rest = rest.strip_prefix(&short.prefix).unwrap_or(rest);
        *name = rest.to_owned();
    }
}

/// The longest end that all names have, among those that `ends` gives of the first.
fn shared<'a>(names: &[&'a str], ends: fn(&'a str) -> Vec<(&'a str, bool)>) -> String {
    let Some((first, others)) = names.split_first() else { return String::new() };
    let has = |name: &str, (end, at_start): (&str, bool)| {
        let found = if at_start { name.starts_with(end) } else { name.ends_with(end) };
        found && name.len() > end.len()
    };
    let all = |end: &(&str, bool)| others.iter().all(|name| has(name, *end));
    let longest = ends(first).into_iter().find(all);
    longest.map_or(String::new(), |(end, _)| end.to_owned())
}

/// Suffixes of whole parts, the longest first; something remains before each.
fn suffix_from(name: &str) -> Vec<(&str, bool)> {
    let dots = name.match_indices('.').filter(|(at, _)| *at > 0);
    dots.filter_map(|(at, _)| Some((name.get(at..)?, false))).collect()
}

/// Prefixes of whole parts with the dot behind them, the longest first.
fn prefix_to(name: &str) -> Vec<(&str, bool)> {
    let dots = name.rmatch_indices('.').filter(|(at, _)| at + 1 < name.len());
    dots.filter_map(|(at, _)| Some((name.get(..=at)?, true))).collect()
}

/// The parts before the last as their first letters, from the left on, until the name fits. Numbers stay.
fn initials(name: &str, room: usize) -> String {
    let mut parts: Vec<String> = name.split('.').map(str::to_owned).collect();
    let mut excess = length(name).saturating_sub(room);
    let last = parts.len().saturating_sub(1);
    for part in parts.iter_mut().take(last) {
        if excess == 0 {
            break;
        }
        if part.chars().any(|c| !c.is_ascii_digit()) {
            excess = excess.saturating_sub(length(part).saturating_sub(1));
            *part = part.chars().take(1).collect();
        }
    }
    parts.join(".")
}

/// A name in at most `room` characters, with `start` of its first and else its last ones.
fn ending(name: &str, start: usize, room: usize) -> String {
    let count = length(name);
    if count <= room {
        return name.to_owned();
    }
    let Some(kept) = room.checked_sub(1) else { return "…".to_owned() };
    let start = start.min(kept);
    let head = name.chars().take(start);
    let tail = name.chars().skip(count - (kept - start));
    head.chain(['…']).chain(tail).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str], room: usize) -> Vec<String> {
        short(names, room).names
    }

    #[test]
    fn names_that_fit_stay_as_they_are() {
        let all = ["h.0.attn.weight", "h.1.attn.weight"];
        let expected = Short { names: owned(&all), prefix: String::new(), suffix: String::new() };
        assert_eq!(short(&all, 15), expected);
        assert_eq!(names(&[], 5), Vec::<String>::new());
    }

    #[test]
    fn what_all_share_goes_first_and_is_told() {
        let all = ["transformer.h.0.attn.weight", "transformer.h.10.mlp.weight"];
        let found = short(&all, 22);
        assert_eq!(found.names, ["transformer.h.0.attn", "transformer.h.10.mlp"]);
        assert_eq!((&*found.prefix, &*found.suffix), ("", ".weight"));
        let found = short(&all, 16);
        assert_eq!(found.names, ["0.attn", "10.mlp"]);
        assert_eq!((&*found.prefix, &*found.suffix), ("transformer.h.", ".weight"));
        // Something remains of each, and what is no whole part stays.
        let found = short(&["model.weight", "model.weights.weight"], 8);
        assert_eq!((&*found.prefix, &*found.suffix), ("", ".weight"));
        assert_eq!(found.names, ["model", "…weights"]);
        assert_eq!(short(&["a.weight", "weight"], 5).suffix, "");
        assert_eq!(short(&["blocks10.attn", "blocks11.attn"], 9).prefix, "");
        // One name, in one row or in several, is all that it shares with itself.
        assert_eq!(names(&["model.layers.query"; 2], 9), ["m.l.query"; 2]);
    }

    #[test]
    fn the_parts_before_the_last_become_letters() {
        let all = [
            "embeddings.word_embeddings",
            "encoder.layer.0.attention.output.dense",
            "encoder.layer.0.attention.self.query",
            "encoder.layer.11.attention.self.query",
        ];
        let expected =
            ["e.word_embeddings", "e.l.0.a.o.dense", "e.l.0.a.s.query", "e.l.11.a.s.query"];
        assert_eq!(names(&all, 17), expected);
        let expected = [
            "e.word_embeddings",
            "e.l.0.a.output.dense",
            "e.l.0.a.self.query",
            "e.l.11.a.self.query",
        ];
        assert_eq!(names(&all, 20)[1..], expected[1..]);
    }

    #[test]
    fn different_names_stay_different() {
        // Their letters are the same.
        let all = ["b.attention.query", "b.attraction.query", "b.attraction.values"];
        assert_eq!(names(&all, 9), ["atte…uery", "attr…uery", "attr…lues"]);
        // What tells them apart is at the start, of names that have no parts.
        let all = ["first_of_all_the_matrices", "second_of_all_the_matrices"];
        assert_eq!(names(&all, 10), ["f…matrices", "s…matrices"]);
        for room in 0..40 {
            let found = names(&all, room);
            assert!(found.iter().all(|name| length(name) <= room.max(1)), "{room}: {found:?}");
        }
    }

    #[test]
    fn letters_are_not_bytes() {
        assert_eq!(names(&["größe.größe", "größe.maße"], 5), ["größe", "maße"]);
        assert_eq!(ending("äöüßäöüß", 0, 4), "…öüß");
        assert_eq!(ending("äöüßäöüß", 1, 4), "ä…üß");
        assert_eq!((ending("abc", 0, 1), ending("abc", 0, 0)), ("…".into(), "…".into()));
    }
}
