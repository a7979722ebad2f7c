//! What of a training checkpoint of PyTorch is the model, and the names of its weights.

use std::collections::{HashMap, HashSet};

/// Top-level keys below which the weights are.
const MODEL: [&str; 5] = ["state_dict", "model_state_dict", "model_state", "model", "net"];
/// The same within another of them.
const WITHIN: [&str; 3] = ["state_dict.", "model_state_dict.", "model_state."];
/// Top-level keys of what an optimizer or a schedule remembers: no weights, though of their shapes.
const TRAINING: [&str; 15] = [
    "optimizer",
    "optimizers",
    "optimizer_state",
    "optimizer_states",
    "optimizer_state_dict",
    "optim",
    "scheduler",
    "scheduler_state_dict",
    "lr_scheduler",
    "lr_schedulers",
    "scaler",
    "rng_state",
    "random_state",
    "callbacks",
    "loops",
];
/// What data parallelism puts before every name.
const WRAPPER: &str = "module.";
/// What other wrappers (`torch.compile`, sharding, recomputation) put anywhere into names.
const INSERTED: [&str; 3] = ["_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"];
/// Wrappers in wrappers; a hostile name may be a million of them.
const MOST_WRAPPERS: usize = 8;

/// What a key at the top of the file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Top {
    /// A dict or a list.
    Tree,
    /// A tensor, a number, a text.
    Leaf,
}

/// Names of the weights.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Weights {
    /// Name in the file, and the name to give it.
    pub(super) names: Vec<(String, String)>,
    /// What was done.
    pub(super) notes: Vec<String>,
}

/// Tells the weights among the tensors of a file: their paths, and whether each lies in what an optimizer
/// keeps (a dict with `state` and `param_groups`).
///
/// A state dict is flat: its names have dots in them and hold tensors. So a key that holds a tree was
/// put there by whoever saved more than the weights.
pub(super) fn weights(top: &HashMap<String, Top>, tensors: Vec<(String, bool)>) -> Weights {
    let mut notes = Vec::new();
    let below = |name: &str, keys: &[&str]| {
        let key = name.split_once('.').map_or(name, |(key, _)| key);
        keys.contains(&key) && top.get(key) == Some(&Top::Tree)
    };
    let all = tensors.len();
    let mut names: Vec<(String, String)> = tensors
        .into_iter()
        .filter(|(name, optimizer)| !optimizer && !below(name, &TRAINING))
        .map(|(name, _)| (name.clone(), name))
        .collect();
    if names.len() < all {
        let left_out = all - names.len();
        notes.push(format!(
            "{left_out} tensors of the optimizer's and trainer's state are left out"
        ));
    }
    for key in MODEL {
        if top.get(key) != Some(&Top::Tree) {
            continue;
        }
        let prefix = format!("{key}.");
        if strip(&mut names, &prefix, false) {
            notes.push(format!("names start below the key {key:?}"));
            break;
        }
    }
    for prefix in WITHIN {
        if strip(&mut names, prefix, true) {
            notes.push(format!("{prefix:?} was removed from every name"));
        }
    }
    for inserted in INSERTED {
        if remove(&mut names, inserted) {
            notes.push(format!("{inserted:?} was removed from the names"));
        }
    }
    for _ in 0..MOST_WRAPPERS {
        if !strip(&mut names, WRAPPER, true) {
            break;
        }
        notes.push(format!("{WRAPPER:?} was removed from every name"));
    }
    Weights { names, notes }
}

/// Takes a prefix off the names that have it, if any has (or all have) and all names stay different.
fn strip(names: &mut [(String, String)], prefix: &str, all: bool) -> bool {
    // A name that is nothing but the prefix stays as it is.
    let has = |name: &str| name.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty());
    let having = names.iter().filter(|(_, name)| has(name)).count();
    if having == 0 || (all && having < names.len()) {
        return false;
    }
    rename(names, |name| name.strip_prefix(prefix).filter(|rest| !rest.is_empty()).map(Into::into))
}

/// Takes a component out of the names that have it, if any has and all names stay different.
fn remove(names: &mut [(String, String)], component: &str) -> bool {
    rename(names, |name| {
        let others: Vec<&str> = name.split('.').filter(|part| *part != component).collect();
        let shorter = others.join(".");
        (!shorter.is_empty() && shorter.len() < name.len()).then_some(shorter)
    })
}

/// Gives names anew where there is a new one, if any is and all names stay different.
fn rename(names: &mut [(String, String)], new: impl Fn(&str) -> Option<String>) -> bool {
    let renamed: Vec<Option<String>> = names.iter().map(|(_, name)| new(name)).collect();
    let all = names.iter().zip(&renamed).map(|((_, old), new)| new.as_ref().unwrap_or(old));
    let distinct: HashSet<&String> = all.collect();
    if distinct.len() < names.len() || renamed.iter().all(Option::is_none) {
        return false;
    }
    for ((_, name), new) in names.iter_mut().zip(renamed) {
        if let Some(new) = new {
            *name = new;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(top: &[(&str, Top)], tensors: &[&str]) -> (Vec<String>, Vec<String>) {
        let top = top.iter().map(|&(key, top)| (key.to_owned(), top)).collect();
        let weights = weights(&top, tensors.iter().map(|&name| (name.to_owned(), false)).collect());
        (weights.names.into_iter().map(|(_, name)| name).collect(), weights.notes)
    }

    #[test]
    fn a_flat_state_dict_keeps_its_names() {
        let names = ["model.layers.0.weight", "optimizer.weight", "state_dict.bias", "model"];
        let top: Vec<_> = names.iter().map(|&name| (name, Top::Leaf)).collect();
        let (told, notes) = told(&top, &names);
        assert_eq!(told, names);
        assert_eq!(notes, Vec::<String>::new());
    }

    #[test]
    fn a_training_checkpoint_gives_its_model() {
        let top = [
            ("epoch", Top::Leaf),
            ("state_dict", Top::Tree),
            ("optimizer_states", Top::Tree),
            ("ema", Top::Tree),
        ];
        let tensors = [
            "state_dict.fc.weight",
            "optimizer_states.0.state.0.exp_avg",
            "optimizer_states.0.state.0.step",
            "ema.fc.weight",
        ];
        let (told, notes) = told(&top, &tensors);
        assert_eq!(told, ["fc.weight", "ema.fc.weight"]);
        assert!(notes[0].starts_with("2 tensors"), "{notes:?}");
        assert!(notes[1].contains("\"state_dict\""), "{notes:?}");
    }

    #[test]
    fn wrappers_go_when_every_name_has_them() {
        let top = [("model", Top::Tree), ("optimizer", Top::Tree)];
        let tensors = ["model._orig_mod.module.a", "model._orig_mod.module.b.c"];
        assert_eq!(told(&top, &tensors).0, ["a", "b.c"]);
        let inner = ["encoder._orig_mod.a", "encoder.layer._checkpoint_wrapped_module.b"];
        let top_of = inner.map(|name| (name, Top::Leaf));
        assert_eq!(told(&top_of, &inner).0, ["encoder.a", "encoder.layer.b"]);
        let within = ["model.state_dict.a", "model.state_dict.b"];
        assert_eq!(told(&[("model", Top::Tree)], &within).0, ["a", "b"]);
        let flat = [("module.a", Top::Leaf), ("b", Top::Leaf)];
        assert_eq!(told(&flat, &["module.a", "b"]).0, ["module.a", "b"]);
        assert_eq!(told(&[("module.", Top::Leaf)], &["module."]).0, ["module."]);
        let many = "module.".repeat(10) + "a";
        assert_eq!(told(&[(&many, Top::Leaf)], &[&many]).0, ["module.module.a"]);
    }

    #[test]
    fn no_two_weights_get_one_name() {
        let top = [("model", Top::Tree), ("a", Top::Leaf)];
        assert_eq!(told(&top, &["model.a", "a"]).0, ["model.a", "a"]);
    }

    #[test]
    fn an_optimizer_has_no_weights_whatever_its_key() {
        let tensors = vec![("opt.state.0.square_avg".into(), true), ("model.a".into(), false)];
        let top = ["opt", "model"].map(|key| (key.to_owned(), Top::Tree)).into();
        let weights = weights(&top, tensors);
        assert_eq!(weights.names, [("model.a".to_owned(), "a".to_owned())]);
        assert!(weights.notes[0].starts_with("1 tensor"), "{:?}", weights.notes);
    }
}
