//! Cuts of fused parameters, and the formula of their indices.

use super::*;
use crate::layers::cut::Cut;
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
    let grouped = Some(Heads::new(40, 10));
    let wide = runs(qkv, [5120, 1280, 1280]);
    assert_eq!(parts(phi, [7680, 5120], OUT_IN, grouped), wide);
    // Unequal widths that nothing tells are not guessed.
    assert!(parts(phi, [7680, 5120], OUT_IN, None).is_empty());
    // StarCoder: one head of keys and values.
    let (name, one) = ("transformer.h.0.attn.c_attn.weight", Some(Heads::new(48, 1)));
    let multi_query = parts(name, [6400, 6144], OUT_IN, one);
    assert_eq!(multi_query, runs(qkv, [6144, 128, 128]));
    // Heads of a language model do not cut the thirds of its picture encoder.
    let wrong = Some(Heads::new(32, 8));
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
        let heads = Heads::new(groups * queries, groups);
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

/// Heads of a configuration, with their width or without.
#[test]
fn grouped_queries_go_by_heads_and_their_width() {
    let name = "model.layers.0.self_attn.qkv_proj.weight";
    let qkv = [Query, Key, Value];
    let wide = |query, key_value, width| {
        Some(Heads { width: Some(width), ..Heads::new(query, key_value) })
    };
    for (shape, heads, widths) in [
        ([6144, 2560], wide(32, 8, 128), [4096, 1024, 1024]),
        ([6144, 2560], Some(Heads::new(32, 8)), [4096, 1024, 1024]),
        // Three times as wide as its input by chance.
        ([6144, 2048], wide(32, 8, 128), [4096, 1024, 1024]),
        ([1536, 640], wide(4, 1, 256), [1024, 256, 256]),
        ([128, 48], wide(4, 2, 16), [64, 32, 32]),
        // The heads are of another part of the model.
        ([2304, 768], wide(32, 8, 128), [768, 768, 768]),
    ] {
        assert_eq!(parts(name, shape, OUT_IN, heads), runs(qkv, widths), "{shape:?} {heads:?}");
    }
    // An unequal cut that nothing tells is left whole, and so is one of other heads.
    for heads in [None, wide(24, 8, 128)] {
        assert!(matches!(fused(name, [6144, 2560], OUT_IN, heads), Some(Fused::Whole(_))));
    }
}
