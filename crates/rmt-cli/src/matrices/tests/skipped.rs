//! What is no weight, or cannot be read as one.

use super::*;

fn why(source: Fake) -> Vec<String> {
    let plan = source.plan();
    assert!(plan.matrices.is_empty(), "{:?}", lines(&plan));
    plan.skipped.into_iter().map(|skipped| skipped.why).collect()
}

#[test]
fn quantized_weights_are_named_with_their_type() {
    let packed: &[(&str, &[usize])] = &[
        ("model.layers.0.self_attn.q_proj.qweight", &[512, 4096]),
        // bitsandbytes packs into one column.
        ("model.layers.0.mlp.down_proj.weight", &[8388608, 1]),
        ("model.layers.0.mlp.up_proj.weight", &[4096, 4096]),
    ];
    for why in why(Fake::pytorch(packed).with_elements(Element::Other("U8".into()))) {
        assert!(why.contains("U8") && why.contains("floating point"), "{why}");
    }
    let plan = Fake::pytorch(packed).with_elements(Element::Other("I32".into())).plan();
    assert_eq!((plan.skipped.len(), plan.vectors), (3, 0));
    let scales = why(Fake::pytorch(&[
        ("model.layers.0.self_attn.q_proj.scales", &[32, 4096]),
        ("model.layers.0.self_attn.q_proj.weight_scale_inv", &[32, 32]),
        ("model.layers.0.mlp.down_proj.weight.absmax", &[512, 64]),
    ]));
    assert_eq!(scales.len(), 3);
    assert!(scales.iter().all(|why| why.contains("quantized")), "{scales:?}");
}

#[test]
fn buffers_and_states_are_no_weights() {
    let reasons = why(Fake::pytorch(&[
        ("transformer.h.0.attn.bias", &[1, 1, 64, 64]),
        ("layers.0.blocks.1.attn_mask", &[64, 49, 49]),
        ("model.layers.0.mlp.experts.gate_up_proj_bias", &[32, 5760]),
        ("optimizer.state.0.exp_avg", &[64, 64]),
    ]));
    assert_eq!(reasons.len(), 4);
    assert!(reasons.iter().all(|why| why.contains("not a weight")), "{reasons:?}");
}

#[test]
fn sides_that_make_no_matrix() {
    let reasons = why(Fake::pytorch(&[
        ("a.weight", &[0, 5]),
        ("b.weight", &[5, 0]),
        ("c.weight", &[usize::MAX, usize::MAX]),
        ("d.weight", &[usize::MAX / 2, 2]),
        ("rel_attn.q", &[64, 4, 16]),
        ("e.weight", &[2, 2, 2, 2, 2, 2]),
        ("experts.weight", &[1 << 20, 2, 2]),
    ]));
    let says =
        ["empty", "empty", "larger", "larger", "unknown layout", "unknown layout", "more than"];
    assert_eq!(reasons.len(), says.len(), "{reasons:?}");
    for (why, says) in reasons.iter().zip(says) {
        assert!(why.contains(says), "{why}");
    }
    let vectors: &[(&str, &[usize])] =
        &[("a", &[]), ("b", &[5]), ("c", &[1, 5]), ("d", &[5, 1, 1]), ("e.weight", &[0])];
    let plan = Fake::pytorch(vectors).plan();
    assert_eq!((plan.vectors, plan.skipped.len(), plan.matrices.len()), (5, 0, 0));
}
