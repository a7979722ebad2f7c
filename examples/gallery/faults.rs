//! The faults, and which finding should name each, in which layers.

use burn_rmt::AlertKind;
use serde::{Deserialize, Serialize};

/// A network of the gallery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// Three linear layers, by SGD with momentum.
    Classifier,
    /// Two blocks in the manner of GPT-2, by AdamW.
    Transformer,
}

impl Network {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Classifier, Self::Transformer];

    /// As it is printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Classifier => "classifier",
            Self::Transformer => "transformer",
        }
    }

    /// The weight that faults of one layer are of.
    pub fn layer(self) -> &'static str {
        self.layers()[0]
    }

    /// The same as a list of one.
    fn layers(self) -> &'static [&'static str; 1] {
        match self {
            Self::Classifier => &["second.weight"],
            Self::Transformer => &["blocks.1.up.weight"],
        }
    }
}

/// What is wrong with a run, and by how much.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The learning rate is so many times that of healthy runs.
    LearningRate,
    /// There is no warm-up, and the learning rate is so many times that of healthy runs.
    NoWarmUp,
    /// The inputs (the loss, of a transformer) of the batch at half time are so many times as large, and nothing is
    /// clipped.
    BadBatch,
    /// A layer takes no gradients.
    Frozen,
    /// The optimizer is not told of a layer.
    LeftOut,
    /// What a layer gives is detached: it and those before it are not trained.
    Detached,
    /// A layer starts at zero.
    StartsAtZero,
    /// A layer starts so many times as large.
    StartsLarge,
    /// A layer starts with equal units.
    EqualUnits,
    /// Weights decay so many times as fast as in healthy runs.
    WeightDecay,
    /// This share of the labels is shuffled.
    ShuffledLabels,
    /// All inputs are the same.
    ConstantInputs,
    /// Gradients pass through half precision at a loss scale of two to this power.
    HalfPrecision,
    /// So few points or characters are trained on that they are known by heart.
    Repeated,
    /// This share of the embedding's rows is never seen.
    UnusedRows,
    /// The loss is multiplied by this, and gradients are not divided by it.
    LossScale,
    /// Weights are clipped at this after every step, as a WGAN's critic's are.
    ClippedWeights,
}

impl Fault {
    /// All, in the order of the table.
    pub const ALL: [Self; 17] = [
        Self::LearningRate,
        Self::NoWarmUp,
        Self::BadBatch,
        Self::Frozen,
        Self::LeftOut,
        Self::Detached,
        Self::StartsAtZero,
        Self::StartsLarge,
        Self::EqualUnits,
        Self::WeightDecay,
        Self::ShuffledLabels,
        Self::ConstantInputs,
        Self::HalfPrecision,
        Self::Repeated,
        Self::UnusedRows,
        Self::LossScale,
        Self::ClippedWeights,
    ];

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::LearningRate => "learning rate too high",
            Self::NoWarmUp => "no warm-up",
            Self::BadBatch => "a bad batch, no clipping",
            Self::Frozen => "a layer is frozen",
            Self::LeftOut => "a layer is left out of the optimizer",
            Self::Detached => "a layer is detached",
            Self::StartsAtZero => "a layer starts at zero",
            Self::StartsLarge => "a layer starts too large",
            Self::EqualUnits => "a layer starts with equal units",
            Self::WeightDecay => "weight decay too high",
            Self::ShuffledLabels => "labels are shuffled",
            Self::ConstantInputs => "inputs are constant",
            Self::HalfPrecision => "half precision overflows",
            Self::Repeated => "few data, repeated",
            Self::UnusedRows => "embedding rows are never seen",
            Self::LossScale => "loss scale is not undone",
            Self::ClippedWeights => "weights are clipped",
        }
    }

    /// Its sizes in a network; one of 0 where it has none, and none where the network cannot have it.
    pub fn sizes(self, network: Network) -> &'static [f64] {
        use Network::{Classifier, Transformer};
        match (self, network) {
            (Self::LearningRate, _) => &[4.0, 16.0, 64.0],
            (Self::NoWarmUp, Transformer) => &[1.0, 2.0, 4.0],
            (Self::BadBatch, Classifier) => &[10.0, 30.0, 100.0],
            (Self::BadBatch, Transformer) => &[10.0, 100.0, 1000.0],
            (Self::StartsLarge, _) => &[4.0, 16.0, 64.0],
            (Self::WeightDecay, Classifier) => &[100.0, 300.0, 1000.0],
            (Self::WeightDecay, Transformer) => &[30.0, 100.0, 300.0],
            (Self::ShuffledLabels, Classifier) => &[0.3, 0.6, 1.0],
            (Self::HalfPrecision, _) => &[16.0, 20.0, 24.0],
            (Self::Repeated, Classifier) => &[32.0, 64.0, 128.0],
            (Self::Repeated, Transformer) => &[400.0, 1000.0, 3000.0],
            (Self::UnusedRows, Transformer) => &[0.1, 0.3, 1.0],
            (Self::LossScale, _) => &[1e-4, 1e-2, 1e2],
            (Self::ClippedWeights, Classifier) => &[0.01, 0.02, 0.05],
            (Self::Detached, Classifier) => &[0.0],
            (
                Self::Frozen
                | Self::LeftOut
                | Self::StartsAtZero
                | Self::EqualUnits
                | Self::ConstantInputs,
                _,
            ) => &[0.0],
            (
                Self::NoWarmUp
                | Self::ShuffledLabels
                | Self::UnusedRows
                | Self::ClippedWeights
                | Self::Detached,
                _,
            ) => &[],
        }
    }

    /// The findings that name it, and in which layer; any where none is given. There are none for a fault that the weights
    /// of these runs do not show.
    pub fn named_by(self, network: Network) -> (&'static [AlertKind], &'static [&'static str]) {
        use AlertKind::{
            BarelyMoves, EqualUnits, FastChange, FrozenLayer, LargeStart, LayerDoesNotLearn,
            NonFiniteWeight, OneDirection, RankCollapse, ScaleDecay, SuddenJump, UnusedRows,
            ZeroWeights,
        };
        let layer: &[&str] = network.layers();
        let embedding: &[&str] = &["token_embedding.weight"];
        match (self, network) {
            (Self::LearningRate, _) => (&[FastChange, RankCollapse, NonFiniteWeight], &[]),
            (Self::NoWarmUp, _) => (&[FastChange], &[]),
            (Self::BadBatch, _) => (&[SuddenJump, FastChange], &[]),
            (Self::Frozen, _) => (&[FrozenLayer], layer),
            (Self::LeftOut, _) => (&[LayerDoesNotLearn], layer),
            (Self::Detached, _) => (&[LayerDoesNotLearn], &["first.weight", "second.weight"]),
            (Self::StartsAtZero, _) => (&[ZeroWeights], layer),
            (Self::StartsLarge, _) => (&[LargeStart], layer),
            (Self::EqualUnits, _) => (&[EqualUnits], layer),
            (Self::WeightDecay | Self::ClippedWeights, _) => (&[ScaleDecay, RankCollapse], &[]),
            (Self::ConstantInputs, Network::Classifier) => (&[OneDirection], &["first.weight"]),
            (Self::ConstantInputs, Network::Transformer) => {
                (&[OneDirection, UnusedRows], embedding)
            }
            (Self::UnusedRows | Self::Repeated, Network::Transformer) => (&[UnusedRows], embedding),
            (Self::HalfPrecision, _) => (&[NonFiniteWeight], &[]),
            (Self::LossScale, _) => (&[BarelyMoves, LayerDoesNotLearn, FastChange], &[]),
            (Self::ShuffledLabels, _)
            | (Self::Repeated | Self::UnusedRows, Network::Classifier) => (&[], &[]),
        }
    }

    /// The step after which the run is not healthy any more.
    pub fn onset(self) -> u64 {
        if self == Self::BadBatch { super::training::STEPS / 2 } else { 0 }
    }
}

/// Seeds that thresholds were chosen on, and those that tables are measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Half {
    /// Thresholds are chosen on it.
    Tuning,
    /// The tables are measured on it.
    Test,
}

impl Half {
    /// Where its seeds begin.
    pub fn first_seed(self) -> u64 {
        match self {
            Self::Tuning => 1,
            Self::Test => 1001,
        }
    }
}
