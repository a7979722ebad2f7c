//! Steps from the names of checkpoints.

use crate::formats::natural;
use std::collections::HashSet;
use std::path::Path;

/// Steps, and how they were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Steps {
    pub(crate) steps: Vec<u64>,
    pub(crate) from: &'static str,
}

/// What a number in a name counts; the first that all names have, and that differs, is the step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Count {
    Step,
    Iteration,
    Epoch,
    Checkpoint,
    /// It stands alone.
    Bare,
}

/// Kinds of numbers in file names, and the words for a step taken from each. The first kind that a name has counts.
const COUNTS: [(Count, &str); 5] = [
    (Count::Step, "the number after `step` in their names"),
    (Count::Iteration, "the number after `iter` in their names"),
    (Count::Epoch, "the number after `epoch` in their names"),
    (Count::Checkpoint, "the number after `checkpoint` in their names"),
    (Count::Bare, "the number in their names"),
];
const ORDER: &str = "their order";
const NATURAL: &str = "the order of their names";

/// Words in front of a number that is no step.
const OTHERS: [&str; 24] = [
    "seed", "lr", "wd", "loss", "acc", "accuracy", "bs", "batch", "rank", "dim", "layers", "heads",
    "fold", "run", "version", "score", "auc", "f1", "bleu", "ppl", "mse", "mae", "gpu", "node",
];

fn count_of(word: &str) -> Option<Count> {
    Some(match word.to_ascii_lowercase().as_str() {
        "step" | "steps" | "globalstep" | "gs" | "update" | "updates" => Count::Step,
        "iter" | "iters" | "iteration" | "iterations" | "it" => Count::Iteration,
        "epoch" | "epochs" | "ep" => Count::Epoch,
        "checkpoint" | "ckpt" | "chkpt" | "cp" | "tokens" => Count::Checkpoint,
        _ => return None,
    })
}

/// A step for each path: by their names where these tell, else 0, 1, 2, …
///
/// # Errors
/// Where several numbers differ, and none says that it is the step.
pub(crate) fn steps_of<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Result<Steps, String> {
    let paths: Vec<&Path> = paths.into_iter().collect();
    let numbers: Vec<Vec<(Count, u64)>> = paths.iter().map(|path| numbers_of(path)).collect();
    for (count, from) in COUNTS {
        let of = |numbers: &Vec<(Count, u64)>| -> Vec<u64> {
            numbers.iter().filter(|(kind, _)| *kind == count).map(|(_, number)| *number).collect()
        };
        let found: Vec<Vec<u64>> = numbers.iter().map(of).collect();
        let least = found.iter().map(Vec::len).min().unwrap_or(0);
        // Of several numbers of one kind, the one that differs; the last, where there is one name alone.
        let column = |place: usize| -> Vec<u64> {
            found.iter().filter_map(|numbers| numbers.iter().rev().nth(place).copied()).collect()
        };
        let columns: Vec<Vec<u64>> = (0..least).map(column).collect();
        let varying: Vec<&Vec<u64>> = columns.iter().filter(|column| !all_equal(column)).collect();
        let steps = match varying.as_slice() {
            _ if paths.len() == 1 => columns.first(),
            [] => None,
            [one] => Some(*one),
            _ if count != Count::Bare => varying.first().copied(),
            _ => {
                let name = paths.last().map(|path| path.display().to_string()).unwrap_or_default();
                return Err(format!(
                    "which of the numbers in names such as {name} is the step? Give --step"
                ));
            }
        };
        if let Some(steps) = steps.filter(|steps| distinct(steps)) {
            return Ok(Steps { steps: steps.clone(), from });
        }
    }
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    let skeleton = |name: &String| name.replace(|c: char| c.is_ascii_digit(), "");
    let alike = names.windows(2).all(|pair| match pair {
        [one, other] => one != other && skeleton(one) == skeleton(other),
        _ => true,
    });
    if !alike || names.len() < 2 {
        return Ok(Steps { steps: (0..names.len() as u64).collect(), from: ORDER });
    }
    let rank = |name: &String| names.iter().filter(|other| natural(other, name).is_lt()).count();
    Ok(Steps { steps: names.iter().map(|name| rank(name) as u64).collect(), from: NATURAL })
}

fn all_equal(numbers: &[u64]) -> bool {
    numbers.windows(2).all(|pair| pair.first() == pair.last())
}

fn distinct(numbers: &[u64]) -> bool {
    numbers.iter().collect::<HashSet<_>>().len() == numbers.len()
}

/// The numbers in the name of the file or, where that has none, of its directory.
fn numbers_of(path: &Path) -> Vec<(Count, u64)> {
    let name = |path: &Path| Some(path.file_name()?.to_str()?.to_owned());
    let own = name(path).map(|name| numbers(&name)).unwrap_or_default();
    if !own.is_empty() {
        return own;
    }
    path.parent().and_then(name).map(|name| numbers(&name)).unwrap_or_default()
}

/// A piece of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece<'a> {
    Word(&'a str),
    Digits(&'a str),
    Mark(&'a str),
}

fn pieces(name: &str) -> Vec<Piece<'_>> {
    let kind = |c: char| (c.is_ascii_digit(), c.is_alphabetic());
    let mut pieces = Vec::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let same = |c: char| kind(c) == kind(first) && kind(first) != (false, false);
        let end = rest.find(|c| !same(c)).filter(|&end| end > 0).unwrap_or(match kind(first) {
            (false, false) => first.len_utf8(),
            _ => rest.len(),
        });
        let (piece, after) = rest.split_at(end);
        pieces.push(match kind(first) {
            (true, _) => Piece::Digits(piece),
            (_, true) => Piece::Word(piece),
            _ => Piece::Mark(piece),
        });
        rest = after;
    }
    pieces
}

/// The numbers of a name that may be steps: no decimals, exponents, dates, shards (`00001-of-00002`) and
/// parts of words (the 2 of `gpt2`). Behind a word for steps, `k`, `M` and `B` count.
fn numbers(name: &str) -> Vec<(Count, u64)> {
    let stem = match name.rsplit_once('.') {
        Some((stem, extension)) if !extension.bytes().all(|b| b.is_ascii_digit()) => stem,
        _ => name,
    };
    let stem = stem.strip_suffix(".pth").unwrap_or(stem);
    let pieces = pieces(stem);
    let piece = |at: Option<usize>| at.and_then(|at| pieces.get(at)).copied();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&this) = pieces.get(at) {
        let Piece::Digits(digits) = this else {
            at += 1;
            continue;
        };
        if let Some(after) = passed(&pieces, at) {
            at = after;
            continue;
        }
        let (attached, before) = match (piece(at.checked_sub(1)), piece(at.checked_sub(2))) {
            (Some(Piece::Word(word)), _) => (true, Some(word)),
            (Some(Piece::Mark(_)), Some(Piece::Word(word))) => (false, Some(word)),
            _ => (false, None),
        };
        let count = before.and_then(|word| match word {
            "s" | "S" if attached => Some(Count::Step),
            word => count_of(word),
        });
        let decimal = match (piece(Some(at + 1)), piece(Some(at + 2))) {
            (Some(Piece::Mark(".")), Some(Piece::Digits(decimals))) => Some(decimals),
            _ => None,
        };
        let end = if decimal.is_some() { at + 3 } else { at + 1 };
        let suffix = match piece(Some(end)) {
            Some(Piece::Word(word)) => Some(word),
            _ => None,
        };
        let factor = match suffix {
            Some("k" | "K") => Some(1_000),
            Some("m" | "M") => Some(1_000_000),
            Some("b" | "B") => Some(1_000_000_000),
            _ => None,
        };
        let whole = digits.parse::<u64>().ok();
        let number = match (count, decimal, suffix, factor) {
            (Some(count), None, Some(_), Some(factor)) => {
                whole.and_then(|number| number.checked_mul(factor)).map(|number| (count, number))
            }
            (Some(count), Some(decimals), _, Some(factor)) => {
                scaled(digits, decimals, factor).map(|number| (count, number))
            }
            (_, None, Some(word), None) => count_of(word).zip(whole),
            (Some(count), None, None, _) => whole.map(|number| (count, number)),
            // A number that stands alone.
            (None, None, None, _) if !attached && !is_other(before) => {
                whole.map(|number| (Count::Bare, number))
            }
            _ => None,
        };
        found.extend(number);
        at = end;
    }
    found
}

fn is_other(word: Option<&str>) -> bool {
    word.is_some_and(|word| OTHERS.contains(&word.to_ascii_lowercase().as_str()))
}

/// `whole.decimals` times a factor, where that is a whole number.
fn scaled(whole: &str, decimals: &str, factor: u64) -> Option<u64> {
    let parts = 10u64.checked_pow(u32::try_from(decimals.len()).ok()?)?;
    let number: u64 = format!("{whole}{decimals}").parse().ok()?;
    let product = number.checked_mul(factor)?;
    product.is_multiple_of(parts).then(|| product / parts)
}

/// Where a shard's number, an exponent or a date that begins at a piece ends.
fn passed(pieces: &[Piece<'_>], at: usize) -> Option<usize> {
    use Piece::{Digits, Mark, Word};
    let two = |text: &str, most: u32| text.len() == 2 && text.parse().is_ok_and(|n: u32| n <= most);
    let is_year = |text: &str| text.starts_with("19") || text.starts_with("20");
    let day = |text: &str| {
        text.len() == 8
            && is_year(text)
            && text.get(4..6).is_some_and(|month| two(month, 12))
            && text.get(6..).is_some_and(|day| two(day, 31))
    };
    match pieces.get(at..)? {
        [Digits(_), Mark(_), Word("of"), Mark(_), Digits(_), ..] => Some(at + 5),
        [Digits(_), Word("of"), Digits(_), ..] => Some(at + 3),
        [Digits(_), Mark("."), Digits(_), Word("e"), Mark("-" | "+"), Digits(_), ..] => {
            Some(at + 6)
        }
        [Digits(_), Word("e"), Mark("-" | "+"), Digits(_), ..] => Some(at + 4),
        [Digits(_), Word("e"), Digits(_), ..] => Some(at + 3),
        [Digits(date), rest @ ..] if day(date) => match rest {
            [Mark(_), Digits(time), ..] if time.len() == 6 || time.len() == 4 => Some(at + 3),
            [Word("T"), Digits(_), ..] => Some(at + 3),
            _ => Some(at + 1),
        },
        [Digits(year), Mark(a), Digits(month), Mark(b), Digits(day), rest @ ..]
            if year.len() == 4 && is_year(year) && a == b && two(month, 12) && two(day, 31) =>
        {
            // The time of the day, in two or three numbers.
            let clock = |text: &str| two(text, 60);
            match rest {
                [Mark(_) | Word("T"), Digits(h), Mark(_), Digits(m), Mark(_), Digits(s), ..]
                    if clock(h) && clock(m) && clock(s) =>
                {
                    Some(at + 11)
                }
                [Mark(_) | Word("T"), Digits(h), Mark(_), Digits(m), ..]
                    if clock(h) && clock(m) =>
                {
                    Some(at + 9)
                }
                _ => Some(at + 5),
            }
        }
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(paths: &[&str]) -> Vec<u64> {
        steps_of(paths.iter().map(Path::new)).unwrap().steps
    }

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
            ("step=1200-epoch=3.ckpt", Some(1200)),
            ("epoch=00-val_loss=0.93.ckpt", Some(0)),
            ("epoch=07-val_loss=0.93", Some(7)),
            ("ckpt_10k.pt", Some(10_000)),
            ("step-2.5M.pt", Some(2_500_000)),
            ("tokens_3B", Some(3_000_000_000)),
            ("step_1000_lr_1e-1.pt", Some(1000)),
            ("lr_1.5e-04_step_20.pt", Some(20)),
            ("step1000_seed_42.pt", Some(1000)),
            ("20240131_step_7.pt", Some(7)),
            ("2024-01-31_12-30-59_7.pt", Some(7)),
            ("2024-01-31-checkpoint.pt", None),
            ("20240131-123456.pt", None),
            ("model_5000steps.pt", Some(5000)),
            ("10epochs.pth.tar", Some(10)),
            ("checkpoint-8/model-00001-of-00002.safetensors", Some(8)),
            ("model-00001-of-00002.safetensors", None),
            ("gpt2.safetensors", None),
            ("llama-7b/model.safetensors", None),
            ("pythia-70m", None),
            ("seed_42.pt", None),
            ("model.safetensors", None),
            ("step99999999999999999999999.pt", None),
            ("", None),
            ("/", None),
        ] {
            let found = numbers_of(Path::new(path));
            let first = |(count, _): &(Count, &str)| {
                found.iter().rev().find(|(kind, _)| kind == count).map(|(_, number)| *number)
            };
            assert_eq!(COUNTS.iter().find_map(first), step, "{path}");
            assert_eq!(of(&[path]), [step.unwrap_or(0)], "{path}");
        }
    }

    #[test]
    fn all_names_tell_or_none_does() {
        assert_eq!(of(&["step10", "step2"]), [10, 2]);
        assert_eq!(of(&["a", "step2"]), [0, 1]);
        assert_eq!(of(&["a/step2", "b/step2", "c"]), [0, 1, 2]);
        assert_eq!(of(&["x.safetensors"]), [0]);
        assert_eq!(of(&["ckpt_1k.pt", "ckpt_10k.pt", "ckpt_2k.pt"]), [1000, 10_000, 2000]);
        assert_eq!(of(&["init.pt", "final.pt"]), [0, 1]);
        // The step is one and the same, so that it is the epoch that counts.
        assert_eq!(of(&["epoch=1-step=9.ckpt", "epoch=2-step=9.ckpt"]), [1, 2]);
        // Sizes, which are no steps, in their order.
        assert_eq!(of(&["llama-13b.pt", "llama-7b.pt"]), [1, 0]);
        // One number differs.
        assert_eq!(of(&["run_a-3-10.pt", "run_a-3-20.pt"]), [10, 20]);
    }

    #[test]
    fn where_several_numbers_differ_none_is_guessed() {
        let refused = steps_of(["a-1-30.pt", "a-2-20.pt"].map(Path::new)).unwrap_err();
        assert!(refused.contains("a-2-20.pt") && refused.contains("--step"), "{refused}");
        let steps = steps_of(["a-1-step-30.pt", "a-2-step-20.pt"].map(Path::new)).unwrap();
        assert_eq!(steps.steps, [30, 20]);
        assert!(steps.from.contains("`step`"));
    }
}
