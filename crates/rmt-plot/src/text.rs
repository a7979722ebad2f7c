//! Text from outside: made harmless, and short enough for its place.

use crate::font;
use rmt_core::layers::without_shared_ends;
use rmt_core::shown::is_hidden;

/// Characters of a name that are looked at: what is longer loses its middle before it is measured.
const LONGEST: usize = 256;

/// The mark of what was left out.
const ELLIPSIS: char = '…';

/// Without what a picture cannot show: control characters and line breaks become spaces, other hidden characters
/// ([`is_hidden`]) are dropped, and so is space at the ends. Longer than 256 characters: the middle is left out.
pub(crate) fn clean(text: &str) -> String {
    let spaced = |c: char| if c.is_control() || c.is_whitespace() { ' ' } else { c };
    let shown: String = text.chars().map(spaced).filter(|c| !is_hidden(*c)).collect();
    let characters: Vec<char> = shown.trim().chars().collect();
    if characters.len() <= LONGEST {
        return characters.into_iter().collect();
    }
    joined(&characters, LONGEST / 2, LONGEST - LONGEST / 2 - 1)
}

/// The first `head` and the last `tail` characters, with an ellipsis between them.
fn joined(characters: &[char], head: usize, tail: usize) -> String {
    let head = characters.iter().take(head);
    let tail = characters.iter().skip(characters.len().saturating_sub(tail));
    head.chain(std::iter::once(&ELLIPSIS)).chain(tail).collect()
}

/// `text`, or its beginning and end, no wider than `limit` pixels at this size; `share` of what is
/// kept is the beginning. Empty where not even the ellipsis fits.
pub(crate) fn fit_sharing(text: &str, size: f64, limit: f64, share: f64) -> String {
    if font::width(text, size) <= limit {
        return text.to_owned();
    }
    let characters: Vec<char> = text.chars().collect();
    let cut = |kept: usize| {
        let head = (kept as f64 * share).round() as usize;
        joined(&characters, head, kept - head)
    };
    let (mut low, mut high) = (0, characters.len());
    if font::width(&cut(0), size) > limit {
        return String::new();
    }
    // The longest that fits: `low` does, `high` does not.
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if font::width(&cut(middle), size) <= limit {
            low = middle;
        } else {
            high = middle;
        }
    }
    cut(low)
}

/// [`fit_sharing`] with as much of the end as of the beginning: both ends of a layer's name tell it
/// from others.
pub(crate) fn fit(text: &str, size: f64, limit: f64) -> String {
    fit_sharing(text, size, limit, 0.5)
}

/// Names in one column: what all have in common is cut off, and each is shortened so that it stays
/// distinguishable.
pub(crate) struct Names {
    /// One label per name.
    pub(crate) labels: Vec<String>,
    /// What was cut off all of them, in words.
    pub(crate) note: Option<String>,
}

impl Names {
    /// Labels no wider than `limit` pixels at this size.
    pub(crate) fn new(names: &[String], size: f64, limit: f64) -> Self {
        let names: Vec<String> = names.iter().map(|name| clean(name)).collect();
        let all: Vec<&str> = names.iter().map(String::as_str).collect();
        // Where one is too wide, both ends go, so that labels are short.
        let all_fit = all.iter().all(|name| font::width(name, size) <= limit);
        let shortened = without_shared_ends(&all, |_| all_fit);
        let note = match (shortened.prefix.as_str(), shortened.suffix.as_str()) {
            ("", "") => None,
            (prefix, "") => Some(format!("names begin with {prefix}")),
            ("", suffix) => Some(format!("names end with {suffix}")),
            (prefix, suffix) => Some(format!("names: {prefix} {ELLIPSIS} {suffix}")),
        };
        let mut taken = std::collections::HashSet::new();
        let labels = shortened
            .names
            .iter()
            .enumerate()
            .map(|(row, name)| {
                let shortened = [0.5, 0.3, 0.7, 0.0, 1.0]
                    .map(|share| fit_sharing(name, size, limit, share))
                    .into_iter()
                    .find(|label| !label.is_empty() && taken.insert(label.clone()));
                // Names that are equal, or as good as equal: their row tells them apart.
                shortened.unwrap_or_else(|| {
                    let mark = format!(" [{}]", row + 1);
                    let left = limit - font::width(&mark, size);
                    let label = fit(name, size, left) + &mark;
                    taken.insert(label.clone());
                    label
                })
            })
            .collect();
        Self { labels, note }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn hostile_text_is_made_harmless() {
        assert_eq!(clean("a\0b\nc\u{1b}[31m"), "a b c [31m");
        assert_eq!(clean("safe\u{202e}gpj.exe"), "safegpj.exe");
        let long = clean(&"x".repeat(10_000));
        assert_eq!(long.chars().count(), LONGEST);
        assert!(long.contains(ELLIPSIS));
    }

    #[test]
    fn both_ends_of_a_name_are_kept() {
        let name = "model.decoder.layers.11.self_attention.query.weight";
        let short = fit(name, 12.0, 150.0);
        assert!(short.starts_with("model.") && short.ends_with(".weight") && short.contains('…'));
        assert!(font::width(&short, 12.0) <= 150.0);
        assert_eq!(fit("short", 12.0, 150.0), "short");
        assert_eq!(fit("short", 12.0, 1.0), "");
    }

    #[test]
    fn what_names_have_in_common_is_said_once() {
        let names = owned(&["model.layers.0.query.weight", "model.layers.10.value.weight"]);
        let found = Names::new(&names, 12.0, 100.0);
        assert_eq!(found.labels, ["0.query", "10.value"]);
        assert_eq!(found.note.as_deref(), Some("names: model.layers. … .weight"));
        // Names that fit are left whole.
        let found = Names::new(&names, 12.0, 1000.0);
        assert_eq!((found.labels, found.note), (names, None));
    }

    proptest! {
        #[test]
        fn labels_are_distinct_and_fit(names in prop::collection::vec("[ab.<é]{0,40}", 0..30)) {
            let found = Names::new(&names, 11.0, 90.0);
            prop_assert_eq!(found.labels.len(), names.len());
            let distinct: std::collections::HashSet<_> = found.labels.iter().collect();
            prop_assert_eq!(distinct.len(), names.len());
            for label in &found.labels {
                prop_assert!(font::width(label, 11.0) <= 90.0, "{}", label);
            }
        }

        #[test]
        fn fitted_text_fits(text in ".{0,80}", limit in 0.0..200.0_f64, share in 0.0..=1.0_f64) {
            let text = clean(&text);
            let fitted = fit_sharing(&text, 13.0, limit, share);
            prop_assert!(font::width(&fitted, 13.0) <= limit);
        }
    }
}
