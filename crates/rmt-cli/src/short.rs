//! Names in the room that a terminal has: their ends are kept, for they tell.

use rmt_core::layers::{Shortened, without_shared_ends};
use std::collections::HashSet;

/// `names` in at most `room` characters each. Where that is too few, what all end with goes first, then
/// what all start with, both at dots; then the parts before the last are cut to their first letters,
/// then the start is left out. Names that are different stay so where any of this allows it.
pub(crate) fn short(names: &[&str], room: usize) -> Shortened {
    let fits = |name: &str| length(name) <= room;
    let mut short = without_shared_ends(names, fits);
    if short.names.iter().all(|name| fits(name)) {
        return short;
    }
    let different = names.iter().collect::<HashSet<_>>().len();
    let apart = |names: &[String]| names.iter().collect::<HashSet<_>>().len() == different;
    let each = |change: &dyn Fn(&str) -> String| -> Vec<String> {
        short.names.iter().map(|name| change(name)).collect()
    };
    let initials = each(&|name| ending(&initials(name, room), 0, room));
    let starts = (0..room).map(|start| each(&|name| ending(name, start, room)));
    let mut ways = [initials.clone()].into_iter().chain(starts);
    short.names = ways.find(|names| apart(names)).unwrap_or(initials);
    short
}

fn length(name: &str) -> usize {
    name.chars().count()
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
    fn what_all_share_goes_first() {
        let all = ["transformer.h.0.attn.weight", "transformer.h.10.mlp.weight"];
        assert_eq!(names(&all, 27), all);
        let found = short(&all, 16);
        assert_eq!(found.names, ["0.attn", "10.mlp"]);
        assert_eq!((&*found.prefix, &*found.suffix), ("transformer.h.", ".weight"));
        assert_eq!(names(&["model.weight", "model.weights.weight"], 8), ["model", "…weights"]);
        // One name, in one row or in several, is all that it shares with itself.
        assert_eq!(names(&["model.layers.query"; 2], 9), ["m.l.query"; 2]);
        assert_eq!(names(&[], 5), Vec::<String>::new());
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
