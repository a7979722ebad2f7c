//! Real models, each as its files have it (with fewer blocks).

use super::*;
use LayerKind::*;
use Orientation::{Assumed, InOut, OutIn};
use rmt_core::layers::Heads;

#[test]
fn bert_base() {
    let source = Fake::pytorch(&[
        ("bert.embeddings.position_ids", &[1, 512]),
        ("bert.embeddings.word_embeddings.weight", &[30522, 768]),
        ("bert.embeddings.LayerNorm.weight", &[768]),
        ("bert.encoder.layer.11.attention.self.query.weight", &[768, 768]),
        ("bert.encoder.layer.11.attention.self.query.bias", &[768]),
        ("bert.encoder.layer.11.attention.output.dense.weight", &[768, 768]),
        ("bert.encoder.layer.11.intermediate.dense.weight", &[3072, 768]),
        ("bert.encoder.layer.11.output.dense.weight", &[768, 3072]),
        ("bert.pooler.dense.weight", &[768, 768]),
        ("cls.predictions.decoder.weight", &[30522, 768]),
    ]);
    let plan = source.plan();
    let of = "bert.encoder.layer.11";
    assert_eq!(
        lines(&plan),
        expected(&[
            ("bert.embeddings.word_embeddings.weight", Embedding, [30522, 768], InOut),
            (&format!("{of}.attention.self.query.weight"), Query, [768, 768], OutIn),
            (&format!("{of}.attention.output.dense.weight"), AttentionOutput, [768, 768], OutIn),
            (&format!("{of}.intermediate.dense.weight"), Up, [3072, 768], OutIn),
            (&format!("{of}.output.dense.weight"), Down, [768, 3072], OutIn),
            ("bert.pooler.dense.weight", Other, [768, 768], OutIn),
            ("cls.predictions.decoder.weight", Head, [30522, 768], OutIn),
        ])
    );
    assert_eq!((plan.vectors, plan.skipped.len(), plan.unwanted), (3, 0, 0));
    assert!(plan.matrices.iter().all(|m| m.notes.is_empty() && m.cut.is_none()));
    assert_eq!(plan.matrices[1].layer.block, Some(11));
}

/// GPT-2's own file, and that of nanoGPT, which has its names with linear layers.
#[test]
fn gpt2_and_nanogpt() {
    let blocks = |transposed: bool| {
        let of = |shape: [usize; 2]| if transposed { [shape[1], shape[0]] } else { shape };
        [
            ("transformer.wte.weight", [50257, 768]),
            ("transformer.wpe.weight", [1024, 768]),
            ("transformer.h.0.attn.c_attn.weight", of([768, 2304])),
            ("transformer.h.0.attn.c_proj.weight", of([768, 768])),
            ("transformer.h.0.mlp.c_fc.weight", of([768, 3072])),
            ("transformer.h.0.mlp.c_proj.weight", of([3072, 768])),
            ("lm_head.weight", [50257, 768]),
        ]
    };
    for (transposed, sides) in [(false, InOut), (true, OutIn)] {
        let tensors = blocks(transposed);
        let mut tensors: Vec<(&str, &[usize])> =
            tensors.iter().map(|(name, shape)| (*name, shape.as_slice())).collect();
        tensors.push(("transformer.h.0.attn.bias", &[1, 1, 1024, 1024]));
        tensors.push(("transformer.h.0.attn.masked_bias", &[]));
        let plan = Fake::pytorch(&tensors).plan();
        let of = |shape: [usize; 2]| if transposed { [shape[1], shape[0]] } else { shape };
        let third = of([768, 768]);
        let attn = "transformer.h.0.attn.c_attn.weight";
        assert_eq!(
            lines(&plan),
            expected(&[
                ("transformer.wte.weight", Embedding, [50257, 768], InOut),
                ("transformer.wpe.weight", Embedding, [1024, 768], InOut),
                (&format!("{attn}.query"), Query, third, sides),
                (&format!("{attn}.key"), Key, third, sides),
                (&format!("{attn}.value"), Value, third, sides),
                ("transformer.h.0.attn.c_proj.weight", AttentionOutput, third, sides),
                ("transformer.h.0.mlp.c_fc.weight", Up, of([768, 3072]), sides),
                ("transformer.h.0.mlp.c_proj.weight", Down, of([3072, 768]), sides),
                ("lm_head.weight", Head, [50257, 768], OutIn),
            ])
        );
        assert!(plan.matrices.iter().all(|m| m.notes.is_empty()));
        let [mask] = plan.skipped.as_slice() else { panic!("{:?}", plan.skipped) };
        assert!(mask.name.ends_with("attn.bias") && mask.why.contains("mask"), "{mask:?}");
        assert_eq!(plan.vectors, 1);
    }
    // Alone, or beside others that do not agree, a square one tells nothing.
    for others in
        [&[][..], &[("h.0.mlp.c_fc.weight", &[8, 32][..]), ("h.1.mlp.c_fc.weight", &[32, 8])]]
    {
        let mut tensors = others.to_vec();
        tensors.push(("h.0.attn.c_proj.weight", &[8, 8]));
        let last = Fake::pytorch(&tensors).plan().matrices.pop().unwrap();
        assert_eq!(last.orientation, Assumed);
        assert!(last.notes[0].contains("--layout"), "{:?}", last.notes);
    }
}

#[test]
fn pythia_by_head() {
    let qkv = "gpt_neox.layers.0.attention.query_key_value.weight";
    let source = Fake::pytorch(&[
        ("gpt_neox.embed_in.weight", &[50304, 512]),
        ("gpt_neox.layers.0.attention.bias", &[1, 1, 2048, 2048]),
        (qkv, &[1536, 512]),
        ("gpt_neox.layers.0.attention.dense.weight", &[512, 512]),
        ("gpt_neox.layers.0.mlp.dense_h_to_4h.weight", &[2048, 512]),
        ("embed_out.weight", &[50304, 512]),
    ]);
    let whole = source.plan();
    let first = whole.matrices.iter().find(|m| m.layer.name == qkv).unwrap();
    assert_eq!((first.layer.kind, first.shape, first.orientation), (Other, [1536, 512], OutIn));
    assert!(first.notes[0].contains("give --heads"), "{:?}", first.notes);
    let wanted = Wanted { heads: Some(Heads::equal(8)), ..Wanted::default() };
    let plan = source.plan_of(&wanted);
    assert_eq!(
        lines(&plan),
        expected(&[
            ("gpt_neox.embed_in.weight", Embedding, [50304, 512], InOut),
            (&format!("{qkv}.query"), Query, [512, 512], OutIn),
            (&format!("{qkv}.key"), Key, [512, 512], OutIn),
            (&format!("{qkv}.value"), Value, [512, 512], OutIn),
            ("gpt_neox.layers.0.attention.dense.weight", AttentionOutput, [512, 512], OutIn),
            ("gpt_neox.layers.0.mlp.dense_h_to_4h.weight", Up, [2048, 512], OutIn),
            ("embed_out.weight", Head, [50304, 512], OutIn),
        ])
    );
    // Rows 0–63 are the first head's queries, 64–127 its keys, 192–255 the second's queries.
    let rows = |number: usize| -> Vec<usize> {
        let values = values(&source, &plan.matrices[number]);
        values.chunks(512).map(|row| row[0] / 512).collect()
    };
    let of =
        |which: usize| (0..512).map(|r| r / 64 * 192 + which * 64 + r % 64).collect::<Vec<_>>();
    assert_eq!([rows(1), rows(2), rows(3)], [of(0), of(1), of(2)]);
}

#[test]
fn mistral_in_heads() {
    let source = Fake::pytorch(&[
        ("model.layers.0.self_attn.q_proj.weight", &[8, 6]),
        ("model.layers.0.self_attn.k_proj.weight", &[4, 6]),
        ("model.layers.0.self_attn.o_proj.weight", &[6, 8]),
        ("model.layers.0.mlp.gate_proj.weight", &[12, 6]),
        ("model.layers.0.self_attn.q_proj.lora_A.weight", &[2, 6]),
    ]);
    let mut wanted =
        Wanted { heads: Some(Heads::new(4, 2)), split_heads: true, ..Wanted::default() };
    let plan = source.plan_of(&wanted);
    let of = |line: &Line| (line.0.rsplit_once("weight").map(|x| x.1.to_owned()), line.1, line.2);
    let some = |part: &str| Some(part.to_owned());
    assert_eq!(
        lines(&plan).iter().map(of).collect::<Vec<_>>(),
        [
            (some(".head0"), Query, [2, 6]),
            (some(".head1"), Query, [2, 6]),
            (some(".head2"), Query, [2, 6]),
            (some(".head3"), Query, [2, 6]),
            (some(".head0"), Key, [2, 6]),
            (some(".head1"), Key, [2, 6]),
            (some(".head0"), AttentionOutput, [6, 2]),
            (some(".head1"), AttentionOutput, [6, 2]),
            (some(".head2"), AttentionOutput, [6, 2]),
            (some(".head3"), AttentionOutput, [6, 2]),
            (some(""), Gate, [12, 6]),
            (some(""), Query, [2, 6]),
        ]
    );
    assert_eq!(values(&source, &plan.matrices[1]), (12..24).collect::<Vec<_>>());
    let second_output = [2, 3, 10, 11, 18, 19, 26, 27, 34, 35, 42, 43];
    assert_eq!(values(&source, &plan.matrices[7]), second_output);
    // Not known, or not fitting: whole, and said so.
    wanted.heads = None;
    let first = &source.plan_of(&wanted).matrices[0];
    assert!(first.layer.part.is_none() && first.notes[0].contains("give --heads"));
    wanted.heads = Some(Heads::equal(3));
    let first = &source.plan_of(&wanted).matrices[0];
    assert!(first.layer.part.is_none() && first.notes[0].contains("right --heads"));
}

#[test]
fn phi3_is_taken_apart_and_then_in_heads() {
    let source = Fake::pytorch(&[
        ("model.layers.0.self_attn.qkv_proj.weight", &[16, 8]),
        ("model.layers.0.mlp.gate_up_proj.weight", &[40, 8]),
    ]);
    let wanted = Wanted { heads: Some(Heads::new(4, 2)), split_heads: true, ..Wanted::default() };
    let plan = source.plan_of(&wanted);
    let parts: Vec<_> =
        plan.matrices.iter().map(|m| (m.layer.part.as_deref().unwrap(), m.shape)).collect();
    assert_eq!(
        parts,
        [
            ("query.head0", [2, 8]),
            ("query.head1", [2, 8]),
            ("query.head2", [2, 8]),
            ("query.head3", [2, 8]),
            ("key.head0", [2, 8]),
            ("key.head1", [2, 8]),
            ("value.head0", [2, 8]),
            ("value.head1", [2, 8]),
            ("gate", [20, 8]),
            ("up", [20, 8]),
        ]
    );
    let all: Vec<usize> = plan.matrices[..8].iter().flat_map(|m| values(&source, m)).collect();
    assert_eq!(all, (0..16 * 8).collect::<Vec<_>>());
    let kept = source.plan_of(&Wanted { keep_fused: true, ..Wanted::default() });
    assert!(kept.matrices.iter().all(|m| m.layer.part.is_none() && m.notes.is_empty()));
}

#[test]
fn mixtral_and_stacks_of_experts() {
    let source = Fake::pytorch(&[
        ("model.layers.10.block_sparse_moe.gate.weight", &[8, 64]),
        ("model.layers.10.block_sparse_moe.experts.3.w1.weight", &[96, 64]),
        ("model.layers.10.mlp.experts.3.up_proj.weight", &[96, 64]),
    ]);
    let blocks: Vec<_> =
        source.plan().matrices.iter().map(|m| (m.layer.kind, m.layer.block)).collect();
    assert_eq!(blocks, [(Other, Some(10)), (Gate, Some(10)), (Up, Some(10))]);
    let (up, down) =
        ("model.layers.0.mlp.experts.gate_up_proj", "model.layers.0.mlp.experts.down_proj");
    for (first, second, sides) in [
        // d = 64, width 48; both orders are in use.
        ([2, 64, 96], [2, 48, 64], InOut),
        ([2, 96, 64], [2, 64, 48], OutIn),
        ([2, 64, 64], [2, 64, 64], Assumed),
    ] {
        let plan = Fake::pytorch(&[(up, &first), (down, &second)]).plan();
        let [a, b] = [[first[1], first[2]], [second[1], second[2]]];
        assert_eq!(
            lines(&plan),
            expected(&[
                (&format!("{up}.0"), Up, a, sides),
                (&format!("{up}.1"), Up, a, sides),
                (&format!("{down}.0"), Down, b, sides),
                (&format!("{down}.1"), Down, b, sides),
            ])
        );
        let assumed = plan.matrices[2].notes.iter().any(|note| note.contains("stack-out-in"));
        assert_eq!(assumed, sides == Assumed);
    }
    let gguf = Fake::pytorch(&[("blk.0.ffn_up_exps.weight", &[2, 96, 64])]).plan();
    assert_eq!((gguf.matrices.len(), gguf.matrices[0].orientation), (2, OutIn));
}

#[test]
fn pictures_and_convolutions() {
    let source = Fake::pytorch(&[
        ("vit.embeddings.cls_token", &[1, 1, 768]),
        ("vit.embeddings.position_embeddings", &[1, 197, 768]),
        ("vit.embeddings.patch_embeddings.projection.weight", &[768, 3, 16, 16]),
        ("vision_model.embeddings.patch_embedding.weight", &[768, 3, 32, 32]),
        ("layer1.0.downsample.0.weight", &[256, 64, 1, 1]),
        ("mixer.conv1d.weight", &[512, 1, 4]),
        ("text_projection", &[512, 256]),
        ("bn1.running_mean", &[64]),
        ("out.weight", &[1, 64, 3, 3]),
    ]);
    let plan = source.plan();
    assert_eq!(
        lines(&plan),
        expected(&[
            ("vit.embeddings.position_embeddings", Embedding, [197, 768], InOut),
            ("vit.embeddings.patch_embeddings.projection.weight", Conv, [768, 768], OutIn),
            ("vision_model.embeddings.patch_embedding.weight", Conv, [768, 3072], OutIn),
            ("layer1.0.downsample.0.weight", Conv, [256, 64], OutIn),
            ("text_projection", Other, [512, 256], Assumed),
        ])
    );
    assert_eq!(plan.vectors, 3);
    assert!(plan.matrices[1].notes[0].contains("groups"));
    assert!(plan.matrices[4].notes[0].contains("--layout"));
    let skipped = &plan.skipped[0];
    assert!(skipped.name == "mixer.conv1d.weight" && skipped.why.contains("depthwise"));
}

#[test]
fn convolutions_of_one_input_are_said_to_be_none_or_maybe_none() {
    let plan = Fake::pytorch(&[
        ("stem.weight", &[64, 1, 7, 7]),
        ("blocks.0.depthwise_conv.weight", &[96, 1, 3, 3]),
        ("blocks.0.conv_dw.weight", &[96, 1, 3, 3]),
        ("features.1.conv.dw.weight", &[96, 1, 3, 3]),
    ])
    .plan();
    assert_eq!(plan.matrices.len(), 1);
    assert!(plan.matrices[0].notes[0].contains("depthwise"));
    assert!(plan.skipped.len() == 3 && plan.skipped.iter().all(|s| s.why.contains("no matrix")));
}

#[test]
fn a_recurrent_matrix_is_taken_apart_into_its_gates() {
    let parts = |tensors: &[(&str, &[usize])]| -> Vec<(String, [usize; 2])> {
        let plan = Fake::pytorch(tensors).plan();
        let part = |m: &Planned| (m.layer.part.clone().unwrap_or_default(), m.shape);
        plan.matrices.iter().map(part).collect()
    };
    let named = |names: &[&str], shape| -> Vec<(String, [usize; 2])> {
        names.iter().map(|name| ((*name).to_owned(), shape)).collect()
    };
    let (lstm, gru) = (
        ["input_gate", "forget_gate", "cell", "output_gate"],
        ["reset_gate", "update_gate", "candidate"],
    );
    let of_lstm =
        parts(&[("lstm.weight_ih_l0", &[64, 40][..]), ("lstm.weight_hh_l0", &[64, 16][..])]);
    assert_eq!(of_lstm, [named(&lstm, [16, 40]), named(&lstm, [16, 16])].concat());
    let of_gru = parts(&[
        ("gru.weight_ih_l1_reverse", &[48, 40][..]),
        ("gru.weight_hh_l1_reverse", &[48, 16][..]),
    ]);
    assert_eq!(of_gru, [named(&gru, [16, 40]), named(&gru, [16, 16])].concat());
    // A plain recurrent layer has one; with a projection the state is wider than what is fed back.
    let plain = [("rnn.weight_ih_l0", &[16, 40][..]), ("rnn.weight_hh_l0", &[16, 16][..])];
    assert_eq!(parts(&plain).len(), 2);
    let projected = [
        ("lstm.weight_ih_l0", &[64, 40][..]),
        ("lstm.weight_hh_l0", &[64, 8][..]),
        ("lstm.weight_hr_l0", &[8, 16][..]),
    ];
    assert_eq!(parts(&projected).len(), 9);
    let keras = [("lstm/kernel", &[40, 64][..]), ("lstm/recurrent_kernel", &[16, 64][..])];
    assert_eq!(parts(&keras), [named(&lstm, [40, 16]), named(&lstm, [16, 16])].concat());
}

#[test]
fn linear_layers_called_embeddings_are_told_by_bias_and_width() {
    let mut tensors: Vec<(String, Vec<usize>)> = vec![
        ("atom_embedding.embedding.weight".into(), vec![94, 64]),
        ("bond_embedding.weight".into(), vec![64, 31]),
        ("time_embedding.weight".into(), vec![48, 20]),
        ("time_embedding.bias".into(), vec![48]),
    ];
    tensors.extend((0..6).map(|block| (format!("mlp.layers.{block}.weight"), vec![64, 128])));
    let borrowed: Vec<(&str, &[usize])> =
        tensors.iter().map(|(name, shape)| (name.as_str(), shape.as_slice())).collect();
    let plan = Fake::pytorch(&borrowed).plan();
    let of = |name: &str| {
        let matrix = plan.matrices.iter().find(|m| m.layer.name == name).unwrap();
        (matrix.layer.kind, matrix.orientation, matrix.notes.len())
    };
    assert_eq!(of("atom_embedding.embedding.weight"), (Embedding, InOut, 0));
    assert_eq!(of("bond_embedding.weight"), (Other, OutIn, 1));
    assert_eq!(of("time_embedding.weight"), (Other, OutIn, 1));
}

#[test]
fn burn_states_no_sides() {
    let source = Fake::burn(&[
        ("embedding.weight", &[59, 128]),
        ("layers.0.mha.query.weight", &[128, 128]),
        ("layers.0.mha.query.weight.lora.a", &[128, 8]),
        ("conv1.weight", &[16, 3, 5, 5]),
        ("experts.weight", &[4, 32, 64]),
        ("small", &[4, 3, 64]),
        ("h.0.mlp.c_fc.weight", &[128, 512]),
    ]);
    let plan = source.plan();
    let of = |m: &Planned| (m.layer.kind, m.shape, m.orientation, m.notes.len());
    let found: Vec<_> = plan.matrices.iter().map(of).collect();
    let mut wanted = vec![
        (Embedding, [59, 128], InOut, 0),
        (Query, [128, 128], Assumed, 1),
        (Query, [128, 8], Assumed, 1),
        (Conv, [16, 75], OutIn, 1),
    ];
    wanted.extend([(Other, [32, 64], Assumed, 1); 4]);
    wanted.push((Up, [128, 512], InOut, 0));
    assert_eq!(found, wanted);
    assert!(plan.matrices[1].notes[0].contains("sides assumed [in, out]"));
    assert_eq!(plan.skipped.len(), 1);
    assert!(plan.skipped[0].why.contains("--layout"), "{:?}", plan.skipped);
}
