//! Steps from the names of checkpoints.

use std::collections::HashSet;
use std::path::Path;

/// Words that a step's number may follow without a separator.
const WORDS: [&str; 9] =
    ["step", "steps", "checkpoint", "ckpt", "epoch", "iter", "iteration", "it", "s"];

/// A step for each path: the numbers in their names where every path has one and no two are equal,
/// else 0, 1, 2, …
pub(crate) fn steps_of<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Vec<u64> {
    let named: Vec<Option<u64>> = paths.into_iter().map(step_of).collect();
    let steps: Vec<u64> = named.iter().copied().flatten().collect();
    let distinct = steps.iter().collect::<HashSet<_>>().len();
    if distinct == named.len() { steps } else { (0..named.len() as u64).collect() }
}

/// The last number in the name of the file or, where that has none, of its directory.
///
/// A number counts if it stands alone or behind a word such as `step`: the 7 of `llama-7b`, the 2 of
/// `gpt2` and the shards of `model-00001-of-00002.safetensors` are no steps.
fn step_of(path: &Path) -> Option<u64> {
    let name = |path: &Path| Some(path.file_name()?.to_str()?.to_owned());
    let own = name(path).and_then(|name| last_number(&name));
    own.or_else(|| last_number(&name(path.parent()?)?))
}

fn last_number(name: &str) -> Option<u64> {
    let stem = match name.rsplit_once('.') {
        Some((stem, extension)) if !extension.bytes().all(|b| b.is_ascii_digit()) => stem,
        _ => name,
    };
    let words: Vec<&str> = stem.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    let number = |(place, word): (usize, &&str)| {
        let next_to_of = |place: Option<usize>| {
            place.and_then(|place| words.get(place)).is_some_and(|word| *word == "of")
        };
        let shard = next_to_of(place.checked_sub(1)) || next_to_of(place.checked_add(1));
        if shard && is_number(word) {
            return None;
        }
        let digits = word.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let before = word.strip_suffix(digits)?.to_ascii_lowercase();
        let counts = before.is_empty() || WORDS.contains(&before.as_str());
        if counts && is_number(digits) { digits.parse().ok() } else { None }
    };
    words.iter().enumerate().rev().find_map(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_steps() {
        for (path, step) in [
            ("step1000", Some(1000)),
            ("runs/checkpoint-500", Some(500)),
            ("checkpoint-500/model.safetensors", Some(500)),
            ("model.0042.safetensors", Some(42)),
            ("a/global_step20/pytorch_model.bin", Some(20)),
            ("iter_0001000.pt", Some(1000)),
            ("checkpoint.7", Some(7)),
            ("epoch=3-step=1200.ckpt", Some(1200)),
            ("checkpoint-8/model-00001-of-00002.safetensors", Some(8)),
            ("model-00001-of-00002.safetensors", None),
            ("gpt2.safetensors", None),
            ("llama-7b/model.safetensors", None),
            ("pythia-70m", None),
            ("model.safetensors", None),
            ("step99999999999999999999999.pt", None),
            ("", None),
            ("/", None),
        ] {
            assert_eq!(step_of(Path::new(path)), step, "{path}");
        }
    }

    #[test]
    fn all_names_tell_or_none_does() {
        let of = |paths: &[&str]| steps_of(paths.iter().map(Path::new));
        assert_eq!(of(&["step10", "step2"]), [10, 2]);
        assert_eq!(of(&["a", "step2"]), [0, 1]);
        assert_eq!(of(&["a/step2", "b/step2", "c"]), [0, 1, 2]);
        assert_eq!(of(&["x.safetensors"]), [0]);
    }
}
