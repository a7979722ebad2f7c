//! Answers that weights give, each beside the loss: which rank holds what a network has learned, or what a fine-tuning
//! has changed, and which layers have learned nothing.

use super::training::{Data, Subject, train};
use super::{Case, Experiment, Made, with};
use crate::ranks::{Ranks, analysed};
use crate::transformer::mean;
use crate::weights::{changed, matrices, paired};
use anyhow::Result;
use burn_rmt::Monitor;
use rmt_core::answers::learned_nothing;
use rmt_core::{Analyser, AnalysisOptions, Nulls};

/// The learning rate of fine-tuning, as a share of that of training.
const FINE_TUNING_RATE: f64 = 0.25;

/// One layer put back to where it started.
#[derive(Clone, Debug)]
pub struct Reset {
    /// Whether it has learned nothing that shows.
    pub nothing: bool,
    /// Share of what training had gained that is lost with its first weights.
    pub lost: f64,
}

/// The answers of one network, beside its loss.
#[derive(Clone, Debug)]
pub struct Answered {
    /// Of its weights, and of their change by a fine-tuning on other data.
    pub ranks: [Ranks; 2],
    /// Of each layer alone.
    pub resets: Vec<Reset>,
}

/// Trains and fine-tunes the network of a case, and measures its answers.
///
/// # Errors
/// Where a tensor cannot be read.
pub fn answered(case: Case) -> Result<Answered> {
    with(case, Asked)
}

struct Asked;

impl Experiment for Asked {
    type Outcome = Answered;

    fn of<S: Subject + 'static>(self, case: Case, made: Made<'_, S>) -> Result<Answered> {
        let Made { model, data, other, optim } = made;
        let start = model.valid();
        let train = |model, data: &dyn Data<S::Batch>, recipe| {
            let monitor = Monitor::disabled();
            Ok::<_, anyhow::Error>(train(model, data, &recipe, optim(), case.seed, &monitor)?.0)
        };
        let model = train(model, data, case.recipe())?;
        let trained = Held { start: &start, model: model.valid(), validation: data.validation() };
        let gained = trained.both()?;
        let all = |_: &str| true;
        let weights = Ranks::of(&trained.model, all, case.seed, gained, |cut| trained.loss(&cut))?;
        let resets = trained.resets(case.seed, gained)?;

        let other = other()?;
        let mut recipe = case.recipe();
        recipe.rate *= FINE_TUNING_RATE;
        let tuned = train(model, &*other, recipe)?.valid();
        let tuned = Held { start: &trained.model, model: tuned, validation: other.validation() };
        let moved = paired(&tuned.model, tuned.start, |a, b| a - b);
        let change = Ranks::of(&moved, all, case.seed, tuned.both()?, |cut| {
            tuned.loss(&paired(tuned.start, &cut, |a, b| a + b))
        })?;
        Ok(Answered { ranks: [weights, change], resets })
    }
}

/// A model after training, beside the one before, and what both are measured on.
struct Held<'a, S: Subject> {
    start: &'a S,
    model: S,
    validation: Vec<S::Batch>,
}

impl<S: Subject> Held<'_, S> {
    fn loss(&self, model: &S) -> Result<f64> {
        let losses = self.validation.iter().map(|batch| model.loss(batch).try_into_scalar::<f64>());
        Ok(mean(&losses.collect::<Result<Vec<f64>, _>>()?))
    }

    fn both(&self) -> Result<[f64; 2]> {
        Ok([self.loss(self.start)?, self.loss(&self.model)?])
    }

    /// Each layer in turn with its first weights.
    fn resets(&self, seed: u64, [before, after]: [f64; 2]) -> Result<Vec<Reset>> {
        let analyser = Analyser::new(AnalysisOptions::default(), Nulls::new(seed))?;
        let mut resets = Vec::new();
        for ((path, weight), (_, first)) in
            matrices(&self.model).into_iter().zip(matrices(self.start))
        {
            let (report, _) = analysed(&analyser, weight)?;
            let Some(nothing) = learned_nothing(&report) else { continue };
            let back = changed(self.model.clone(), |at| at == path, |_| first.clone());
            let lost = (self.loss(&back)? - after) / (before - after);
            resets.push(Reset { nothing, lost });
        }
        Ok(resets)
    }
}
