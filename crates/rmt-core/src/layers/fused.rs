//! Parameters that hold several projections in one, and how their outputs are told apart.

use super::LayerKind::{self, *};
use super::cut::Lanes;
use super::names::{ends, owner};
use crate::spectrum::Orientation;

/// Number of attention heads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heads {
    /// Of queries.
    pub query: usize,
    /// Of keys and values: fewer with grouped queries.
    pub key_value: usize,
}

impl Heads {
    /// As many keys and values as queries.
    pub fn equal(heads: usize) -> Self {
        Self { query: heads, key_value: heads }
    }
}

/// A parameter that holds several projections in one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fused {
    /// They can be told apart.
    Parts(Vec<FusedPart>),
    /// They cannot: why, and what would help.
    Whole(&'static str),
}

/// One projection within a fused parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FusedPart {
    /// Its part in the network; its name is the name of the part.
    pub kind: LayerKind,
    /// Its place on the parameter's output side.
    pub outputs: Lanes,
}

/// In what order the outputs of a fused parameter are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// All queries, all keys, all values.
    QueryKeyValue,
    /// Query, key and value of the first head, those of the next, …
    ByHead,
    /// All keys, all values.
    KeyValue,
    /// All gates, then what they gate.
    GateUp,
    /// Queries, keys and values, in an order that the name does not tell.
    Unknown,
}

/// (End of the module's path, order), as the table of kinds; the first that fits counts.
const FUSED: &[(&str, Order)] = &[
    ("in_proj_weight", Order::QueryKeyValue),
    ("crossattention.c_attn", Order::KeyValue),
    ("c_attn", Order::QueryKeyValue),
    ("self_attn.qkv_proj", Order::QueryKeyValue),
    ("attn.qkv", Order::QueryKeyValue),
    ("attn_qkv", Order::QueryKeyValue),
    ("attn.Wqkv", Order::QueryKeyValue),
    ("W_pack", Order::QueryKeyValue),
    ("query_key_value", Order::ByHead),
    ("gate_up_proj", Order::GateUp),
    // Others go by groups of heads, or by shards of the machines that they were trained on.
    ("*qkv*", Order::Unknown),
];

const NEEDS_HEADS: &str = "query, key and value in one matrix, interleaved by head: give --heads to \
                           take them apart";
const UNFIT_HEADS: &str = "query, key and value in one matrix, whose outputs are no multiple of the \
                           number of heads: give the right --heads to take them apart";
const NEEDS_GROUPS: &str = "query, key and value in one matrix, of unequal widths: give --heads \
                            QUERY:KEY_VALUE to take them apart";
const GROUPED: &str = "query, key and value in one matrix, with fewer keys and values than queries, \
                       in an order that differs between models: left whole";
const UNKNOWN: &str = "query, key and value in one matrix, in an order that differs between models: \
                       left whole";
const NO_HALVES: &str = "two projections in one matrix, but not two halves: left whole";

/// How the projections in the parameter of this name and shape are told apart; `None` where it
/// holds one alone.
///
/// ```
/// use rmt_core::Orientation;
/// use rmt_core::layers::{Fused, fused};
/// let parts = fused("h.0.attn.c_attn.weight", [768, 2304], Orientation::InOut, None);
/// assert!(matches!(parts, Some(Fused::Parts(parts)) if parts.len() == 3));
/// ```
pub fn fused(
    name: &str,
    [rows, columns]: [usize; 2],
    orientation: Orientation,
    heads: Option<Heads>,
) -> Option<Fused> {
    let parts: Vec<&str> = name.split('.').collect();
    let owner = owner(&parts);
    // The factors of an adapter have the rank on one side.
    if owner.adapter {
        return None;
    }
    let (_, order) = FUSED.iter().find(|(pattern, _)| ends(owner.module, pattern))?;
    let rows_are_outputs = orientation.rows_are_outputs();
    let (outputs, inputs) = if rows_are_outputs { (rows, columns) } else { (columns, rows) };
    let cut = match order {
        Order::QueryKeyValue => query_key_value(outputs, inputs, heads),
        Order::ByHead => by_head(outputs, inputs, heads),
        Order::KeyValue => halves(outputs, [Key, Value]),
        Order::GateUp => halves(outputs, [Gate, Up]),
        Order::Unknown => Err(UNKNOWN),
    };
    Some(cut.map_or_else(Fused::Whole, Fused::Parts))
}

fn part(kind: LayerKind, outputs: Lanes) -> FusedPart {
    FusedPart { kind, outputs }
}

fn halves(outputs: usize, kinds: [LayerKind; 2]) -> Result<Vec<FusedPart>, &'static str> {
    if outputs == 0 || !outputs.is_multiple_of(2) {
        return Err(NO_HALVES);
    }
    let half = outputs / 2;
    let [first, second] = kinds;
    Ok(vec![part(first, Lanes::run(0, half)), part(second, Lanes::run(half, half))])
}

fn query_key_value(
    outputs: usize,
    inputs: usize,
    heads: Option<Heads>,
) -> Result<Vec<FusedPart>, &'static str> {
    let (query, key) = if is_triple(outputs, inputs) {
        // Whatever the heads: those that are known may be of another part of the model.
        (inputs, inputs)
    } else if let Some(Heads { query, key_value }) = heads {
        let all = key_value.saturating_mul(2).saturating_add(query);
        if all == 0 || !outputs.is_multiple_of(all) {
            return Err(UNFIT_HEADS);
        }
        let width = outputs / all;
        (query * width, key_value * width)
    } else {
        // Grouped queries, as wide as what they read.
        match outputs.checked_sub(inputs) {
            Some(rest) if rest > 0 && rest.is_multiple_of(2) && rest / 2 < inputs => {
                (inputs, rest / 2)
            }
            _ => return Err(NEEDS_GROUPS),
        }
    };
    Ok(vec![
        part(Query, Lanes::run(0, query)),
        part(Key, Lanes::run(query, key)),
        part(Value, Lanes::run(query + key, key)),
    ])
}

fn by_head(
    outputs: usize,
    inputs: usize,
    heads: Option<Heads>,
) -> Result<Vec<FusedPart>, &'static str> {
    if !is_triple(outputs, inputs) {
        return Err(GROUPED);
    }
    let heads = heads.ok_or(NEEDS_HEADS)?.query;
    if heads == 0 || !inputs.is_multiple_of(heads) {
        return Err(UNFIT_HEADS);
    }
    let width = inputs / heads;
    let lanes = |number: usize| Lanes::runs(number * width, width, 3 * width, heads);
    Ok(vec![part(Query, lanes(0)), part(Key, lanes(1)), part(Value, lanes(2))])
}

fn is_triple(outputs: usize, inputs: usize) -> bool {
    inputs > 0 && inputs.checked_mul(3) == Some(outputs)
}

/// Which side of a projection is one of heads, and how many they are.
pub fn heads_of(kind: LayerKind, heads: Heads) -> Option<(Side, usize)> {
    match kind {
        Query => Some((Side::Output, heads.query)),
        Key | Value => Some((Side::Output, heads.key_value)),
        AttentionOutput => Some((Side::Input, heads.query)),
        _ => None,
    }
}

/// A side of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// What the layer gives.
    Output,
    /// What it is given.
    Input,
}

impl Side {
    /// Whether it is the rows of a matrix stored like this.
    pub fn is_rows(self, orientation: Orientation) -> bool {
        (self == Self::Output) == orientation.rows_are_outputs()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::cut::Cut;
    use super::*;
    use proptest::prelude::*;

    const OUT_IN: Orientation = Orientation::OutIn;
    const IN_OUT: Orientation = Orientation::InOut;

    /// (kind, first outputs, number) of each part.
    fn parts(
        name: &str,
        shape: [usize; 2],
        orientation: Orientation,
        heads: Option<Heads>,
    ) -> Vec<(LayerKind, Lanes)> {
        match fused(name, shape, orientation, heads) {
            Some(Fused::Parts(parts)) => parts.iter().map(|p| (p.kind, p.outputs)).collect(),
            _ => Vec::new(),
        }
    }

    fn runs<const N: usize>(kinds: [LayerKind; N], widths: [usize; N]) -> Vec<(LayerKind, Lanes)> {
        let mut start = 0;
        let run = |(kind, width)| {
            start += width;
            (kind, Lanes::run(start - width, width))
        };
        kinds.into_iter().zip(widths).map(run).collect()
    }

    #[test]
    fn contiguous_projections() {
        let qkv = [Query, Key, Value];
        for name in [
            "layers.0.self_attn.in_proj_weight",
            "transformer.resblocks.3.attn.in_proj_weight",
            "model.layers.0.self_attn.qkv_proj.weight",
            "blocks.0.attn.qkv.weight",
            "model.layers.0.attn.Wqkv.weight",
            "model.layers.0.self_attn.W_pack.weight",
            "h.0.attn.c_attn.weight",
        ] {
            assert_eq!(parts(name, [12, 4], OUT_IN, None), runs(qkv, [4, 4, 4]), "{name}");
            assert_eq!(parts(name, [4, 12], IN_OUT, None), runs(qkv, [4, 4, 4]), "{name}");
        }
        // Phi-3-medium: 40 heads, 10 of keys and values.
        let phi = "model.layers.0.self_attn.qkv_proj.weight";
        let grouped = Some(Heads { query: 40, key_value: 10 });
        let wide = runs(qkv, [5120, 1280, 1280]);
        assert_eq!(parts(phi, [7680, 5120], OUT_IN, grouped), wide);
        assert_eq!(parts(phi, [7680, 5120], OUT_IN, None), wide);
        // StarCoder: one head of keys and values.
        let multi_query = parts("transformer.h.0.attn.c_attn.weight", [6400, 6144], OUT_IN, None);
        assert_eq!(multi_query, runs(qkv, [6144, 128, 128]));
        // Heads of a language model do not cut the thirds of its picture encoder.
        let wrong = Some(Heads { query: 32, key_value: 8 });
        let vision = parts("visual.blocks.0.attn.qkv.weight", [3840, 1280], OUT_IN, wrong);
        assert_eq!(vision, runs(qkv, [1280, 1280, 1280]));
        let gates = parts("model.layers.0.mlp.gate_up_proj.weight", [20, 4], OUT_IN, None);
        assert_eq!(gates, runs([Gate, Up], [10, 10]));
        let cross = parts("h.0.crossattention.c_attn.weight", [4, 8], IN_OUT, None);
        assert_eq!(cross, runs([Key, Value], [4, 4]));
    }

    #[test]
    fn what_cannot_be_told_apart_stays_whole() {
        let neox = "gpt_neox.layers.0.attention.query_key_value.weight";
        let falcon = "transformer.h.0.self_attention.query_key_value.weight";
        let qkv_proj = "model.layers.0.self_attn.qkv_proj.weight";
        for (name, shape, heads, says) in [
            (neox, [12, 4], None, "--heads"),
            (neox, [12, 4], Some(Heads::equal(3)), "right --heads"),
            (neox, [12, 4], Some(Heads::equal(0)), "right --heads"),
            (falcon, [4672, 4544], Some(Heads::equal(71)), "left whole"),
            (qkv_proj, [5, 4], None, "QUERY:KEY_VALUE"),
            (qkv_proj, [2, 4], None, "QUERY:KEY_VALUE"),
            (qkv_proj, [7, 4], Some(Heads::equal(2)), "right --heads"),
            (qkv_proj, [7, 4], Some(Heads::equal(usize::MAX)), "right --heads"),
            (qkv_proj, [7, 4], Some(Heads::equal(0)), "right --heads"),
            ("model.layers.0.attention.wqkv.weight", [6144, 4096], None, "left whole"),
            ("transformer.h.0.attn.qkv_proj.weight", [12, 4], None, "left whole"),
            ("model.layers.0.mlp.gate_up_proj.weight", [7, 4], None, "not two halves"),
        ] {
            let Some(Fused::Whole(why)) = fused(name, shape, OUT_IN, heads) else {
                unreachable!("{name} is cut")
            };
            assert!(why.contains(says), "{name}: {why}");
        }
        for name in [
            "layers.0.self_attn.q_proj.weight",
            // Mamba's is something else.
            "layers.0.mixer.in_proj.weight",
            "base_model.model.h.0.attn.c_attn.lora_B.weight",
            "",
        ] {
            assert_eq!(fused(name, [12, 4], OUT_IN, None), None, "{name}");
        }
    }

    proptest! {
        /// The formula of NeoX: view as [heads, 3, width], take one of the three.
        #[test]
        fn interleaved_heads_are_neox_view(
            (heads, width, other) in (1usize..6, 1usize..5, 1usize..4),
            by_rows: bool,
        ) {
            let inputs = heads * width;
            prop_assume!(other > 0);
            let shape = if by_rows { [3 * inputs, inputs] } else { [inputs, 3 * inputs] };
            let orientation = if by_rows { OUT_IN } else { IN_OUT };
            let name = "layers.0.attention.query_key_value.weight";
            let cut = fused(name, shape, orientation, Some(Heads::equal(heads)));
            let Some(Fused::Parts(parts)) = cut else { unreachable!() };
            let values: Vec<usize> = (0..3 * inputs * inputs).collect();
            let mut seen = Vec::new();
            for (which, part) in parts.iter().enumerate() {
                let whole = Cut::of(0, shape);
                let cut = if by_rows {
                    whole.with_rows(part.outputs)
                } else {
                    whole.with_columns(part.outputs)
                };
                let [rows, columns] = cut.shape();
                let stored = |output: usize| {
                    (output / width) * 3 * width + which * width + output % width
                };
                let naive: Vec<usize> = (0..rows)
                    .flat_map(|r| (0..columns).map(move |c| (r, c)))
                    .map(|(r, c)| if by_rows { (stored(r), c) } else { (r, stored(c)) })
                    .map(|(r, c)| r * shape[1] + c)
                    .collect();
                let taken = cut.take(&values).unwrap();
                prop_assert_eq!(&taken, &naive);
                seen.extend(taken);
            }
            seen.sort_unstable();
            prop_assert_eq!(seen, values);
        }

        /// Every entry is in one head of one part, whatever the order, the sides and the heads.
        #[test]
        fn parts_and_heads_hold_each_entry_once(
            (groups, queries, width, wider) in (1usize..4, 1usize..4, 1usize..4, 0usize..3),
            which in 0usize..4,
            by_rows: bool,
        ) {
            let heads = Heads { query: groups * queries, key_value: groups };
            let even = Heads::equal(heads.query);
            let inputs = heads.query * width;
            let (name, outputs, inputs, heads) = match which {
                0 => ("h.0.attention.query_key_value.weight", 3 * inputs, inputs, even),
                1 => ("self_attn.in_proj_weight", 3 * inputs, inputs, even),
                2 => {
                    let outputs = inputs + 2 * groups * width;
                    ("self_attn.qkv_proj.weight", outputs, inputs + wider, heads)
                }
                _ => ("mlp.gate_up_proj.weight", 2 * inputs, inputs, heads),
            };
            // Three times as wide by accident: then the heads are not asked.
            prop_assume!(which != 2 || outputs != 3 * inputs);
            let shape = if by_rows { [outputs, inputs] } else { [inputs, outputs] };
            let orientation = if by_rows { OUT_IN } else { IN_OUT };
            let Some(Fused::Parts(parts)) = fused(name, shape, orientation, Some(heads)) else {
                unreachable!("{name} {shape:?} stays whole")
            };
            let values: Vec<usize> = (0..outputs * inputs).collect();
            let mut seen = Vec::new();
            for part in parts {
                let whole = Cut::of(0, shape);
                let cut = if by_rows {
                    whole.with_rows(part.outputs)
                } else {
                    whole.with_columns(part.outputs)
                };
                let number = heads_of(part.kind, heads).map_or(1, |(_, number)| number);
                for head in cut.split(by_rows, number).unwrap() {
                    seen.extend(head.take(&values).unwrap());
                }
            }
            seen.sort_unstable();
            prop_assert_eq!(seen, values);
        }
    }
}
