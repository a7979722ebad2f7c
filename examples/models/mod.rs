//! Pretrained transformers as burn modules: they compute what the originals do, with the weights of
//! their own checkpoints and the tokens of their own vocabularies.

pub mod antibodies;
pub mod batches;
pub mod bert;
pub mod figures;
pub mod gpt2;
pub mod load;
pub mod microbiomes;
pub mod package;
pub mod reactions;
pub mod subject;
pub mod tuning;
pub mod vocabulary;

use batches::Batch;
use burn::module::{Module, ModuleVisitor, Param};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::{Int, Tensor};

/// How much a difference of similarities counts: that of the training of sentence encoders.
const SIMILARITY_SCALE: f64 = 20.0;

/// Draws what was not drawn yet: burn initializes a parameter when it is first used, and a head may never be.
struct Drawn;

impl ModuleVisitor for Drawn {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let _ = param.val();
    }
}

/// Draws every parameter of `model` that was not drawn yet.
pub fn draw(model: &impl Module) {
    model.visit(&mut Drawn);
}

/// A transformer that predicts tokens, or tells which texts belong together.
pub trait Pretrained: Module + 'static {
    /// What it knows `[n, length, width]` at each place of sequences `[n, length]`.
    fn hidden(&self, tokens: Tensor<2, Int>) -> Tensor<3>;

    /// Scores `[k, vocabulary]` of what is known `[k, width]` at some places.
    fn scores(&self, hidden: Tensor<2>) -> Tensor<2>;

    /// One vector `[n, width]` of length 1 a sequence: the mean over its places.
    fn embed(&self, tokens: Tensor<2, Int>) -> Tensor<2> {
        let mean: Tensor<2> = self.hidden(tokens).mean_dim(1).squeeze_dim(1);
        let length = mean.clone().square().sum_dim(1).sqrt();
        mean / length
    }

    /// Mean cross-entropy of a batch, in nats.
    fn loss(&self, batch: &Batch) -> Tensor<1> {
        let (scores, targets) = match batch {
            Batch::Tokens { tokens, places, targets } => {
                let hidden = self.hidden(tokens.clone()).flatten::<2>(0, 1);
                (self.scores(hidden.select(0, places.clone())), targets.clone())
            }
            Batch::Pairs { first, second } => {
                let [first, second] = [first, second].map(|texts| self.embed(texts.clone()));
                let targets = Tensor::arange(0..first.dims()[0] as i64, &first.device());
                (first.matmul(second.transpose()) * SIMILARITY_SCALE, targets)
            }
        };
        CrossEntropyLossConfig::new().init(&scores.device()).forward(scores, targets)
    }
}

/// Mean cross-entropy of each batch, in nats; NaN where it cannot be read. The batches are on a device
/// without autodiff, and so must the model be.
pub fn batch_losses<M: Pretrained>(model: &M, batches: &[Batch]) -> Vec<f64> {
    let losses = batches.iter().map(|batch| model.loss(batch).try_into_scalar::<f64>());
    losses.map(|loss| loss.unwrap_or(f64::NAN)).collect()
}
