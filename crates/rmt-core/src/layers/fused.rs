//! Fused parameters, which hold several projections, and the place of each projection in them.

use super::LayerKind::{self, *};
use super::cut::Lanes;
use super::names::{components, ends, owner};
use crate::spectrum::Orientation;

/// Number of attention heads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heads {
    /// Number of query heads.
    pub query: usize,
    /// Number of key and value heads. It is smaller with grouped queries.
    pub key_value: usize,
    /// Outputs per head, if known.
    pub width: Option<usize>,
}

impl Heads {
    /// These numbers of query heads, and of key and value heads.
    pub fn new(query: usize, key_value: usize) -> Self {
        Self { query, key_value, width: None }
    }

    /// The same number of query, key and value heads.
    pub fn equal(heads: usize) -> Self {
        Self::new(heads, heads)
    }

    /// The outputs of queries, and of keys and of values, where each head has `width`.
    fn outputs(self, width: usize) -> Option<(usize, usize)> {
        Some((self.query.checked_mul(width)?, self.key_value.checked_mul(width)?))
    }
}

/// A parameter that holds several projections.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fused {
    /// The projections can be separated.
    Parts(Vec<FusedPart>),
    /// The projections cannot be separated. The text states why, and what would help.
    Whole(&'static str),
}

/// One projection within a fused parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FusedPart {
    /// Kind of the projection. Its name is the name of the part.
    pub kind: LayerKind,
    /// Place of the projection on the parameter's output side.
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

/// The projections in the parameter with this name and shape; `None` if it holds a single one.
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
    let parts = components(name);
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
    let (query, key) = match heads {
        Some(heads) => grouped(outputs, inputs, heads).ok_or(UNFIT_HEADS)?,
        None if is_triple(outputs, inputs) => (inputs, inputs),
        None => return Err(NEEDS_GROUPS),
    };
    Ok(vec![
        part(Query, Lanes::run(0, query)),
        part(Key, Lanes::run(query, key)),
        part(Value, Lanes::run(query + key, key)),
    ])
}

/// Outputs of queries, and of keys and of values. Heads that do not fit may be of another part of the model.
fn grouped(outputs: usize, inputs: usize, heads: Heads) -> Option<(usize, usize)> {
    let Heads { query, key_value, width } = heads;
    let all = key_value.checked_mul(2)?.checked_add(query).filter(|&all| all > 0)?;
    let as_wide_as_inputs = || {
        let heads = inputs.checked_div(query)?;
        inputs.is_multiple_of(query).then_some(heads)
    };
    let known = width.or_else(as_wide_as_inputs);
    if let Some(width) = known.filter(|&width| all.checked_mul(width) == Some(outputs)) {
        return heads.outputs(width);
    }
    if is_triple(outputs, inputs) {
        return Some((inputs, inputs));
    }
    match width {
        None if outputs.is_multiple_of(all) => heads.outputs(outputs / all),
        _ => None,
    }
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

/// The side of a projection that consists of heads, and their number.
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
    /// The output side.
    Output,
    /// The input side.
    Input,
}

impl Side {
    /// Whether the rows of a matrix with this orientation belong to the side.
    pub fn is_rows(self, orientation: Orientation) -> bool {
        (self == Self::Output) == orientation.rows_are_outputs()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
