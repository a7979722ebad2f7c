//! Ranks that are read off the spectra of a model, and what the loss is when its matrices are cut to them.

use crate::weights::matrices;
use anyhow::Result;
use burn::module::Module;
use burn::tensor::Tensor;
use burn_rmt::ablation::{Select, remove};
use rmt_core::answers::truncation_rank;
use rmt_core::spectrum::Orientation;
use rmt_core::{Analyser, AnalysisOptions, Context, Matrix, MatrixReport, Nulls};

/// How a rank is read off a spectrum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Structure => "directions of structure",
            Self::Significant => "values above the bulk, by deflation",
            Self::Threshold => "values above the threshold of Gavish & Donoho",
            Self::Effective => "effective rank",
            Self::Energy => "directions of 90 % of the squared norm",
        }
    }

    fn rank(self, report: &MatrixReport, values: &[f64]) -> usize {
        let rank = match self {
            Self::Structure => report.structure.as_ref().map(|found| found.above.count),
            Self::Significant => report.significant_above,
            Self::Threshold => report.threshold_rank,
            Self::Effective => truncation_rank(report),
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

/// What a model keeps of what it has gained, with all matrices cut to the ranks of a rule at once.
#[derive(Clone, Debug)]
pub struct Cut {
    /// The rank over the smaller side: the sum of one over the sum of the other.
    pub share: f64,
    /// Share of the gain that is kept at that rank, at half of it, and at an equal share for all with as many directions
    /// in total.
    pub kept: [f64; 3],
}

/// The cuts of one model by all rules.
#[derive(Clone, Debug)]
pub struct Ranks {
    /// The loss before it was gained, and after.
    pub losses: [f64; 2],
    /// In the order of [`Rule::ALL`].
    pub cuts: Vec<Cut>,
}

impl Ranks {
    /// Those of the matrices of `model` that are wanted. `loss` is given the model cut to the ranks; `losses` are those before
    /// it was trained, and now.
    ///
    /// # Errors
    /// Where a matrix cannot be read or analysed, or a loss fails.
    pub fn of<M: Module>(
        model: &M,
        wanted: impl Fn(&str) -> bool,
        seed: u64,
        losses: [f64; 2],
        loss: impl Fn(M) -> Result<f64>,
    ) -> Result<Self> {
        let analyser = Analyser::new(AnalysisOptions::default(), Nulls::new(seed))?;
        let read = |(path, weight)| {
            let (report, values) = analysed(&analyser, weight)?;
            let ranks = Rule::ALL.map(|rule| rule.rank(&report, &values));
            Ok(Ranked { path, side: report.small_side, ranks })
        };
        let all = matrices(model).into_iter().filter(|(path, _)| wanted(path)).map(read);
        let all: Vec<Ranked> = all.collect::<Result<_>>()?;
        let sides: usize = all.iter().map(|matrix| matrix.side).sum();
        let [before, after] = losses;
        let cut = |number: usize| {
            let ranks: usize = all.iter().map(|matrix| matrix.ranks[number]).sum();
            let share = ranks as f64 / sides as f64;
            let kept = |rank: &dyn Fn(usize, usize) -> usize| {
                let mut cut = model.clone();
                for Ranked { path, side, ranks } in &all {
                    let kept = rank(ranks[number], *side);
                    cut = remove(&cut, Select::name(path.clone()), |k, _| k >= kept)?;
                }
                anyhow::Ok((before - loss(cut)?) / (before - after))
            };
            let equal = |_, side| (share * side as f64).round() as usize;
            Ok(Cut {
                share,
                kept: [kept(&|rank, _| rank)?, kept(&|rank, _| rank.div_ceil(2))?, kept(&equal)?],
            })
        };
        let cuts = (0..Rule::ALL.len()).map(cut).collect::<Result<_>>()?;
        Ok(Self { losses, cuts })
    }
}

/// A matrix with its ranks by every rule.
struct Ranked {
    path: String,
    side: usize,
    ranks: [usize; Rule::ALL.len()],
}

/// The report of a matrix, and its singular values.
///
/// # Errors
/// Where it cannot be read or analysed.
pub fn analysed(analyser: &Analyser, weight: Tensor<2>) -> Result<(MatrixReport, Vec<f64>)> {
    let [rows, cols] = weight.dims();
    let values = weight.into_data().convert::<f32>().try_into_vec::<f32>();
    let values = values.map_err(|_| anyhow::anyhow!("a weight cannot be read"))?;
    let matrix = Matrix::new(&values[..], rows, cols, Orientation::InOut)?;
    let analysis = analyser.analyse(&matrix, Context::default().with_ladder(true))?;
    Ok((analysis.report, analysis.profile.singular_values))
}
