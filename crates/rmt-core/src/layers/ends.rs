//! Shortens names by what all of them share.

use std::collections::HashSet;

/// Shortened names, and the ends that were removed.
#[derive(Debug, PartialEq, Eq)]
pub struct Shortened {
    /// The shortened names, in the given order.
    pub names: Vec<String>,
    /// The removed start of every name, such as `transformer.h.`.
    pub prefix: String,
    /// The removed end of every name, such as `.weight`.
    pub suffix: String,
}

/// Removes shared ends from the names, if not all of them fit: first the shared end, then the
/// shared start. Names are cut at dots, and a part of each remains. A list with one distinct name
/// stays unchanged.
pub fn without_shared_ends(names: &[&str], fits: impl Fn(&str) -> bool) -> Shortened {
    let owned = names.iter().map(|&name| name.to_owned()).collect();
    let mut short = Shortened { names: owned, prefix: String::new(), suffix: String::new() };
    let all_fit = |names: &[String]| names.iter().all(|name| fits(name));
    let different: HashSet<&str> = names.iter().copied().collect();
    if all_fit(&short.names) || different.len() < 2 {
        return short;
    }
    let first = short.names.first().cloned().unwrap_or_default();
    let suffixes = first.match_indices('.').filter_map(|(at, _)| first.get(at..));
    short.suffix = take_off(&mut short.names, suffixes, |name, end| name.strip_suffix(end));
    if !all_fit(&short.names) {
        let first = short.names.first().cloned().unwrap_or_default();
        let prefixes = first.rmatch_indices('.').filter_map(|(at, _)| first.get(..=at));
        short.prefix = take_off(&mut short.names, prefixes, |name, end| name.strip_prefix(end));
    }
    short
}

/// Takes the first of these ends that all names have, and more than it, off all of them.
fn take_off<'e>(
    names: &mut Vec<String>,
    mut ends: impl Iterator<Item = &'e str>,
    rest: for<'a> fn(&'a str, &str) -> Option<&'a str>,
) -> String {
    let without = |end: &'e str| -> Option<(&'e str, Vec<String>)> {
        let rests = names.iter().map(|name| rest(name, end).filter(|rest| !rest.is_empty()));
        Some((end, rests.map(|rest| rest.map(str::to_owned)).collect::<Option<_>>()?))
    };
    let Some((end, rests)) = ends.find_map(without) else { return String::new() };
    *names = rests;
    end.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(found: &Shortened) -> (Vec<&str>, &str, &str) {
        (found.names.iter().map(String::as_str).collect(), &found.prefix, &found.suffix)
    }

    #[test]
    fn what_all_share_goes_suffix_first_and_only_as_far_as_needed() {
        let all = ["transformer.h.0.attn.weight", "transformer.h.10.mlp.weight"];
        let within = |room| without_shared_ends(&all, move |name| name.len() <= room);
        assert_eq!(parts(&within(27)), (all.to_vec(), "", ""));
        let names = vec!["transformer.h.0.attn", "transformer.h.10.mlp"];
        assert_eq!(parts(&within(22)), (names, "", ".weight"));
        assert_eq!(parts(&within(16)), (vec!["0.attn", "10.mlp"], "transformer.h.", ".weight"));
    }

    #[test]
    fn something_remains_and_what_is_no_whole_part_stays() {
        let cut = |names: &[&str]| without_shared_ends(names, |_| false);
        let found = cut(&["model.weight", "model.weights.weight"]);
        assert_eq!(parts(&found), (vec!["model", "model.weights"], "", ".weight"));
        assert_eq!(parts(&cut(&["a.b", "a.b.b"])), (vec!["a", "a.b"], "", ".b"));
        assert_eq!(parts(&cut(&["a.weight", "weight"])).2, "");
        assert_eq!(parts(&cut(&[".b", "a.b"])), (vec![".b", "a.b"], "", ""));
        assert_eq!(parts(&cut(&["blocks10.attn", "blocks11.attn"])).1, "");
        assert_eq!(parts(&cut(&["a.b.c"; 2])), (vec!["a.b.c"; 2], "", ""));
        assert_eq!(parts(&cut(&[])), (vec![], "", ""));
    }
}
