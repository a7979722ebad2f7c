//! Answers that weights give, each beside the loss: which rank holds what a layer has learned, or what a fine-tuning
//! has changed, and which layers have learned nothing.

use super::parameters::{changed, matrices};
use super::training::{Data, Subject, train};
use super::{Case, Experiment, Made, with};
use anyhow::Result;
use burn::optim::ModuleOptimizer;
use burn::tensor::Tensor;
use burn_rmt::Monitor;
use burn_rmt::ablation::{Select, remove};
use rmt_core::spectrum::Orientation;
use rmt_core::{Analyser, AnalysisOptions, Context, Matrix, MatrixReport, Nulls};
use serde::{Deserialize, Serialize};

/// The learning rate of fine-tuning, as a share of that of training.
const FINE_TUNING_RATE: f64 = 0.25;

/// How a rank is read off a spectrum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Directions that no scale of rows and columns explains.
    Structure,
    /// Values significantly above the bulk, by deflation.
    Significant,
    /// Values above the threshold of Gavish and Donoho.
    Threshold,
    /// exp of the entropy of λ/Σλ, rounded up.
    Effective,
    /// Directions that hold 90 % of Σλ.
    Energy,
}

impl Rule {
    /// All.
    pub const ALL: [Self; 5] =
        [Self::Structure, Self::Significant, Self::Threshold, Self::Effective, Self::Energy];

    fn rank(self, report: &MatrixReport, values: &[f64]) -> usize {
        let rank = match self {
            Self::Structure => report.structure.as_ref().map(|found| found.above.count),
            Self::Significant => report.significant_above,
            Self::Threshold => report.threshold_rank,
            Self::Effective => {
                let tail = report.heavy_tail.as_ref().and_then(|tail| tail.effective_rank);
                tail.map(|rank| rank.ceil() as usize)
            }
            Self::Energy => {
                let all: f64 = values.iter().map(|x| x * x).sum();
                let mut left = 0.9 * all;
                let within = |x: &&f64| {
                    left -= *x * *x;
                    left > 0.0
                };
                Some(values.iter().take_while(within).count() + 1)
            }
        };
        rank.unwrap_or(0)
    }
}

/// A rule on one model: all matrices cut to its ranks at once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Cut {
    /// The rule.
    pub rule: Rule,
    /// The rank over the smaller side, mean over the matrices.
    pub share: f64,
    /// Loss at that rank, at half of it, and at an equal share for all with as many directions in total.
    pub losses: [f64; 3],
}

/// One layer put back to where it started.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reset {
    /// Its path.
    pub layer: String,
    /// Its verdict.
    pub verdict: String,
    /// The loss with its first weights.
    pub loss: f64,
}

/// What became of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answered {
    /// The run.
    #[serde(flatten)]
    pub case: Case,
    /// Loss as it started, and as it ended.
    pub losses: [f64; 2],
    /// The same of a fine-tuning on other data.
    pub tuned: [f64; 2],
    /// Of the weights.
    pub weights: Vec<Cut>,
    /// Of their change by the fine-tuning.
    pub change: Vec<Cut>,
    /// Of each layer alone.
    pub resets: Vec<Reset>,
}

/// Trains, and asks.
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
        let analyser = Analyser::new(AnalysisOptions::default(), Nulls::new(case.seed))?;
        let start = model.valid();
        let train = |model, data: &dyn Data<S::Batch>, recipe| {
            Ok::<_, anyhow::Error>(
                train(model, data, &recipe, optim(), case.seed, &Monitor::disabled())?.0,
            )
        };
        let model = train(model, data, case.recipe())?;
        let trained = Held { start: &start, model: model.valid(), validation: data.validation() };
        let own = read(&analyser, &trained.model)?;
        let first = matrices(&start);
        let resets = own.iter().zip(&first).map(|((path, (report, _)), (_, weight))| {
            let back = changed(trained.model.clone(), |at| at == path, |_| weight.clone());
            let verdict = report.verdict.to_string();
            Ok(Reset { layer: path.clone(), verdict, loss: trained.loss(&back)? })
        });
        let resets = resets.collect::<Result<_>>()?;

        let other = other()?;
        let mut recipe = case.recipe();
        recipe.rate *= FINE_TUNING_RATE;
        let tuned = train(model, &*other, recipe)?.valid();
        let tuned = Held { start: &trained.model, model: tuned, validation: other.validation() };
        let moved = paired(&tuned.model, tuned.start, |a, b| a - b);
        let changes = read(&analyser, &moved)?;
        Ok(Answered {
            case,
            losses: trained.both()?,
            tuned: tuned.both()?,
            weights: cuts(&own, &trained.model, |cut| trained.loss(&cut))?,
            change: cuts(&changes, &moved, |cut| {
                tuned.loss(&paired(tuned.start, &cut, |a, b| a + b))
            })?,
            resets,
        })
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
        let losses: Vec<f64> = losses.collect::<Result<_, _>>()?;
        Ok(losses.iter().sum::<f64>() / losses.len() as f64)
    }

    fn both(&self) -> Result<[f64; 2]> {
        Ok([self.loss(self.start)?, self.loss(&self.model)?])
    }
}

/// Every rule, on all matrices of `model` at once.
fn cuts<S: Subject>(
    reads: &[Read],
    model: &S,
    loss: impl Fn(S) -> Result<f64>,
) -> Result<Vec<Cut>> {
    let sides: usize = reads.iter().map(|(_, (report, _))| report.small_side).sum();
    let cut = |rule: Rule| {
        let ranks: Vec<usize> =
            reads.iter().map(|(_, (report, values))| rule.rank(report, values)).collect();
        let share = ranks.iter().sum::<usize>() as f64 / sides as f64;
        let at = |rank: &dyn Fn(usize, usize) -> usize| {
            let mut cut = model.clone();
            for ((path, (report, _)), own) in reads.iter().zip(&ranks) {
                let kept = rank(*own, report.small_side);
                cut = remove(&cut, Select::name(path.clone()), |k, _| k >= kept)?;
            }
            loss(cut)
        };
        let losses = [
            at(&|rank, _| rank)?,
            at(&|rank, _| rank.div_ceil(2))?,
            at(&|_, side| (share * side as f64).round() as usize)?,
        ];
        Ok(Cut { rule, share, losses })
    };
    Rule::ALL.into_iter().map(cut).collect()
}

fn read<S: Subject>(analyser: &Analyser, model: &S) -> Result<Vec<Read>> {
    let one = |(path, weight)| Ok((path, analysed(analyser, weight)?));
    matrices(model).into_iter().map(one).collect()
}

/// A matrix by its path, with what its spectrum shows.
type Read = (String, (MatrixReport, Vec<f64>));

fn analysed(analyser: &Analyser, weight: Tensor<2>) -> Result<(MatrixReport, Vec<f64>)> {
    let [rows, cols] = weight.dims();
    let values = weight.into_data().convert::<f32>().try_into_vec::<f32>();
    let values = values.map_err(|_| anyhow::anyhow!("a weight cannot be read"))?;
    let matrix = Matrix::new(&values[..], rows, cols, Orientation::InOut)?;
    let analysis = analyser.analyse(&matrix, Context::default().with_ladder(true))?;
    Ok((analysis.report, analysis.profile.singular_values))
}

/// The matrices of two models of one kind, taken together.
fn paired<S: Subject>(a: &S, b: &S, with: impl Fn(Tensor<2>, Tensor<2>) -> Tensor<2>) -> S {
    matrices(b).into_iter().fold(a.clone(), |model, (path, other)| {
        changed(model, |at| at == path, |weight| with(weight, other.clone()))
    })
}
