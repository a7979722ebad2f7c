//! Names of tensors in an adapter.

use std::collections::BTreeMap;

/// What PEFT puts before the names of the base model.
const WRAPPERS: [&str; 2] = ["base_model", "model"];
/// A module that is trained whole.
const SAVED: &str = "modules_to_save";

/// What a tensor is to its module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The factor on the input side, and on the output side.
    A,
    B,
    /// The same of an embedding.
    EmbeddingA,
    EmbeddingB,
    /// Norms of the weight's outputs.
    Magnitude,
}

/// The tensors of a module, by number.
#[derive(Debug, Clone, Default)]
pub(super) struct Factors {
    pub(super) a: Option<usize>,
    pub(super) b: Option<usize>,
    pub(super) magnitude: Option<usize>,
    /// Of an embedding, whose product is stored the other way round.
    pub(super) embedding: bool,
}

impl Factors {
    fn put(&mut self, role: Role, number: usize) {
        match role {
            Role::A | Role::EmbeddingA => self.a = Some(number),
            Role::B | Role::EmbeddingB => self.b = Some(number),
            Role::Magnitude => self.magnitude = Some(number),
        }
        self.embedding |= matches!(role, Role::EmbeddingA | Role::EmbeddingB);
    }
}

/// The tensors of an adapter.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    /// Of each module of the base model.
    pub(super) factors: BTreeMap<String, Factors>,
    /// What is no factor: number, and its name in the base model.
    pub(super) whole: Vec<(usize, String)>,
}

/// Sorts the tensors by what they are to the base model.
pub(super) fn sorted<'a>(names: impl IntoIterator<Item = &'a str>) -> Sorted {
    let mut sorted = Sorted::default();
    for (number, name) in names.into_iter().enumerate() {
        let parts: Vec<&str> = name.split('.').collect();
        let role = parts.iter().enumerate().find_map(|(at, part)| Some((at, role(part)?)));
        match role {
            Some((at, role)) if parts.last() != Some(&"bias") => {
                let module = in_base(parts.get(..at).unwrap_or_default());
                sorted.factors.entry(module).or_default().put(role, number);
            }
            _ => sorted.whole.push((number, in_base(&parts))),
        }
    }
    sorted
}

fn role(part: &str) -> Option<Role> {
    Some(match part {
        "lora_A" => Role::A,
        "lora_B" => Role::B,
        "lora_embedding_A" => Role::EmbeddingA,
        "lora_embedding_B" => Role::EmbeddingB,
        "lora_magnitude_vector" => Role::Magnitude,
        _ => return None,
    })
}

/// The name that the base model has for it.
fn in_base(parts: &[&str]) -> String {
    let parts = parts.strip_prefix(&WRAPPERS).unwrap_or(parts);
    let saved = parts.iter().position(|part| *part == SAVED);
    // Behind it may be the name of the adapter, before the name of the parameter.
    let adapter = saved.filter(|at| parts.len() > at + 2).map(|at| at + 1);
    let kept = parts
        .iter()
        .enumerate()
        .filter(|(at, part)| Some(*at) != saved && Some(*at) != adapter && **part != "base_layer");
    kept.map(|(_, part)| *part).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_belong_to_modules_of_the_base() {
        let found = sorted([
            "base_model.model.h.0.attn.lora_A.weight",
            "base_model.model.h.0.attn.lora_B.default.weight",
            "base_model.model.wte.lora_embedding_A",
            "base_model.model.wte.lora_embedding_B.default",
            "base_model.model.score.modules_to_save.weight",
            "base_model.model.score.modules_to_save.default.bias",
            "base_model.model.h.0.attn.base_layer.bias",
        ]);
        let modules: Vec<_> =
            found.factors.iter().map(|(name, f)| (name.as_str(), f.a, f.b, f.embedding)).collect();
        assert_eq!(
            modules,
            [("h.0.attn", Some(0), Some(1), false), ("wte", Some(2), Some(3), true)]
        );
        let whole: Vec<&str> = found.whole.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(whole, ["score.weight", "score.bias", "h.0.attn.bias"]);
    }
}
