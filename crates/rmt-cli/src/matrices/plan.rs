//! The matrices of a checkpoint, from its headers alone.

use super::reading::{Checkpoint, Left, Reading};
use super::recurrent::gates;
use super::ties::once;
use super::wanted::{PlanError, Rules, Wanted};
use super::{Plan, Planned, Skipped};
use crate::formats::{Entry, Source};
use rmt_core::layers::{Cut, Fused, FusedPart, Heads, LayerId, Side, fused, heads_of, is_adapter};
use rmt_monitor::Matrices;

const NO_HEADS: &str = "not split into heads: their number is unknown; give --heads";
const UNEQUAL_HEADS: &str = "not split into heads: its side is no multiple of their number; give the \
                             right --heads";

/// Cuts a checkpoint into matrices, from its headers alone.
///
/// The input side comes from the user's options, else from the name (embeddings, and GPT-2's
/// matrices by their shapes), else from the format's convention. A format without a convention is
/// assumed to store [in, out], as burn stores linear layers, and a note states this. burn's
/// `LinearLayout::Col`, which is stored [out, in], cannot be recognized and needs
/// [`Wanted::orientation`].
///
/// # Errors
/// [`PlanError`] if an option is invalid.
pub fn plan(source: &dyn Source, wanted: &Wanted) -> Result<Plan, PlanError> {
    let rules = Rules::new(wanted)?;
    let checkpoint = Checkpoint::new(source);
    let mut plan = Plan::default();
    for (number, entry) in source.entries().iter().enumerate() {
        match checkpoint.reading(entry, &rules) {
            Ok(reading) => {
                for matrix in matrices(number, entry, reading, &rules, &checkpoint) {
                    take(matrix, &rules, &mut plan);
                }
            }
            Err(Left::Vector) => {
                plan.vectors += 1;
                plan.one_sided.push(entry.name.clone());
            }
            Err(Left::Why(_) | Left::Unread(_)) if !rules.names.takes(&entry.name) => {
                plan.unwanted += 1;
            }
            Err(Left::Why(why)) => plan.skip(&entry.name, why, false),
            Err(Left::Unread(why)) => plan.skip(&entry.name, why, true),
        }
    }
    plan.matrices = once(source, plan.matrices);
    plan.unused = rules.unused();
    Ok(plan)
}

impl Plan {
    fn skip(&mut self, name: &str, why: String, unread: bool) {
        self.skipped.push(Skipped { name: name.to_owned(), why, unread });
    }
}

/// Puts a matrix where it belongs.
fn take(mut matrix: Planned, rules: &Rules<'_>, plan: &mut Plan) {
    let (path, wanted) = (matrix.layer.path(), rules.wanted);
    if let Some(kind) = rules.kinds.of(&path) {
        matrix.layer.kind = *kind;
    }
    let kind = wanted.only.is_empty() || wanted.only.contains(&matrix.layer.kind);
    let [rows, columns] = matrix.shape;
    let (side, least) = (rows.min(columns), wanted.min_side);
    if !kind || !rules.names.takes_any(&[matrix.layer.name.as_str(), path.as_str()]) {
        plan.unwanted += 1;
    } else if side < least {
        let why = format!("its smaller side, {side}, is below --min-side {least}");
        plan.skip(&path, why, false);
    } else {
        plan.matrices.push(matrix);
    }
}

/// The matrices of a tensor.
fn matrices(
    number: usize,
    entry: &Entry,
    reading: Reading,
    rules: &Rules<'_>,
    checkpoint: &Checkpoint<'_>,
) -> Vec<Planned> {
    let Matrices { parts, shape, orientation, .. } = reading.matrices;
    let whole = Planned {
        layer: reading.layer,
        shape,
        orientation,
        dtype: entry.element.name().to_owned(),
        quantized: entry.element.is_coarse(),
        notes: reading.notes,
        entry: number,
        bytes: entry.bytes,
        cut: None,
        gain: reading.gain,
        aliases: Vec::new(),
    };
    if parts > 1 {
        let part = |part: usize| {
            let layer = whole.layer.clone().with_part(part.to_string());
            Planned { layer, cut: Some(Cut::of(part, shape)), ..whole.clone() }
        };
        return (0..parts).map(part).collect();
    }
    if !reading.plain {
        return vec![whole];
    }
    if let Some((rows, gates)) = gates(&whole.layer.name, checkpoint)
        && !rules.wanted.keep_fused
        && let Some(cuts) = Cut::of(0, shape).split(rows, gates.len())
    {
        let gate = |(cut, name): (Cut, &&str)| {
            let layer = named(&whole.layer, name);
            Planned { layer, shape: cut.shape(), cut: Some(cut), ..whole.clone() }
        };
        return cuts.into_iter().zip(gates).map(gate).collect();
    }
    let projections = projections(whole, rules);
    if !rules.wanted.split_heads {
        return projections;
    }
    projections.into_iter().flat_map(|projection| heads(projection, rules)).collect()
}

/// The projections that a matrix holds.
fn projections(mut whole: Planned, rules: &Rules<'_>) -> Vec<Planned> {
    if rules.wanted.keep_fused {
        return vec![whole];
    }
    let (shape, orientation) = (whole.shape, whole.orientation);
    match fused(&whole.layer.name, shape, orientation, rules.wanted.heads) {
        Some(Fused::Parts(parts)) => {
            let projection = |part: &FusedPart| {
                let mut layer = named(&whole.layer, part.kind.name());
                layer.kind = part.kind;
                let all = Cut::of(0, shape);
                let cut = if Side::Output.is_rows(orientation) {
                    all.with_rows(part.outputs)
                } else {
                    all.with_columns(part.outputs)
                };
                Planned { layer, shape: cut.shape(), cut: Some(cut), ..whole.clone() }
            };
            parts.iter().map(projection).collect()
        }
        Some(Fused::Whole(why)) => {
            whole.notes.push(why.to_owned());
            vec![whole]
        }
        _ => vec![whole],
    }
}

/// The heads of a projection; itself where it has none.
fn heads(mut projection: Planned, rules: &Rules<'_>) -> Vec<Planned> {
    let path = projection.layer.path();
    let kind = rules.kinds.of(&path).copied().unwrap_or(projection.layer.kind);
    // The factors of an adapter have the rank on one side.
    if heads_of(kind, Heads::equal(1)).is_none() || is_adapter(&projection.layer.name) {
        return vec![projection];
    }
    let Some((side, number)) = rules.wanted.heads.and_then(|heads| heads_of(kind, heads)) else {
        projection.notes.push(NO_HEADS.into());
        return vec![projection];
    };
    let whole = projection.cut.unwrap_or_else(|| Cut::of(0, projection.shape));
    let Some(cuts) = whole.split(side.is_rows(projection.orientation), number) else {
        projection.notes.push(UNEQUAL_HEADS.into());
        return vec![projection];
    };
    let head = |(number, cut): (usize, Cut)| {
        let layer = named(&projection.layer, &format!("head{number}"));
        Planned { layer, shape: cut.shape(), cut: Some(cut), ..projection.clone() }
    };
    cuts.into_iter().enumerate().map(head).collect()
}

/// The part of this name within what may be a part itself.
fn named(layer: &LayerId, part: &str) -> LayerId {
    let name = match &layer.part {
        Some(outer) => format!("{outer}.{part}"),
        None => part.to_owned(),
    };
    layer.clone().with_part(name)
}
