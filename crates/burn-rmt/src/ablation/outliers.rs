//! Ablation of outliers, compared with as many values of the bulk.

use super::losses::Meter;
use super::means::{deviation, mean};
use super::selected::{Removal, Selected};
use super::{AblationError, AblationRow, AblationTable};
use burn_core::module::Module;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use rmt_core::{Analyser, AnalysisOptions, Context, Nulls, RmtError};

/// Decides as a report of default options does, and leaves out all else: the level of each test is
/// that of the whole family.
pub(super) fn default_analyser() -> Result<Analyser, RmtError> {
    let mut options = AnalysisOptions::default();
    let test_level = options.test_level();
    options.vectors = false;
    options.level = test_level * options.family().len() as f64;
    options.change_spectra = false;
    options.correlation_traps = false;
    Analyser::new(options, Nulls::default())
}

/// Significant values at the two ends of one matrix.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Ends {
    above: usize,
    below: usize,
}

/// Outliers of one end, and draws of as many bulk values.
struct End {
    name: &'static str,
    outliers: Removal,
    bulk: Vec<Removal>,
}

/// What is removed for the comparison of outliers with the bulk.
pub(super) struct Comparison {
    ends: [End; 2],
    /// Matrices, of all, whose outliers could not be counted.
    unknown: usize,
}

impl Comparison {
    pub(super) fn new(
        selected: &Selected,
        analyser: &Analyser,
        draws: usize,
        seed: u64,
    ) -> Result<Self, AblationError> {
        let counts = selected.each(|matrix| {
            let report = analyser.analyse(matrix, Context::default().with_ladder(false))?.report;
            let ends = report.significant_above.zip(report.significant_below);
            Ok(ends.map(|(above, below)| Ends { above, below }))
        })?;
        let unknown = counts.iter().filter(|ends| ends.is_none()).count();
        let counts: Vec<Ends> = counts.into_iter().map(Option::unwrap_or_default).collect();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut bulk = |of: fn(&Ends) -> usize| -> Vec<Removal> {
            (0..draws).map(|_| drawn(selected, &counts, of, &mut rng)).collect()
        };
        let (as_above, as_below) = (bulk(|ends| ends.above), bulk(|ends| ends.below));
        let above = selected.removal(|i, k, _| k < counts[i].above);
        let below = selected.removal(|i, k, m| k + counts[i].below >= m);
        let ends = [
            End { name: "above", outliers: above, bulk: as_above },
            End { name: "below", outliers: below, bulk: as_below },
        ];
        Ok(Self { ends, unknown })
    }

    /// How many there are to make.
    pub(super) fn measurements(&self) -> usize {
        let all = self.ends.iter().flat_map(|end| std::iter::once(&end.outliers).chain(&end.bulk));
        1 + all.filter(|removal| removal.count() > 0).count()
    }

    pub(super) fn measure<M: Module, F: FnMut(&M) -> Vec<f64>>(
        &self,
        mut meter: Meter<'_, M, F>,
    ) -> Result<AblationTable, AblationError> {
        let baseline = meter.baseline()?;
        let mut rows = Vec::new();
        for End { name, outliers, bulk } in &self.ends {
            let losses = meter.without(name, outliers, &baseline)?;
            let mut row = meter.row(name, outliers.count(), &baseline, losses.as_deref());
            if self.unknown > 0 {
                let (unknown, all) = (self.unknown, meter.selected.sizes().len());
                let unknown = format!(
                    "outliers of {unknown} of the {all} selected cannot be estimated, and stay"
                );
                row.note = Some(match row.note {
                    Some(note) => format!("{note}; {unknown}"),
                    None => unknown,
                });
            }
            rows.push(row);
            rows.push(bulk_row(&mut meter, name, outliers.count(), bulk, &baseline)?);
        }
        let Meter { selection, selected, .. } = meter;
        Ok(AblationTable::new(selection, selected, &baseline, rows))
    }
}

/// The mean of the draws, with their standard deviation.
fn bulk_row<M: Module, F: FnMut(&M) -> Vec<f64>>(
    meter: &mut Meter<'_, M, F>,
    end: &str,
    wanted: usize,
    bulk: &[Removal],
    baseline: &[f64],
) -> Result<AblationRow, AblationError> {
    let label = format!("bulk (as {end})");
    let mut draws = Vec::with_capacity(bulk.len());
    for removal in bulk {
        draws.extend(meter.without(&label, removal, baseline)?);
    }
    // Of each draw as many.
    let removed = bulk.first().map_or(0, Removal::count);
    if draws.is_empty() {
        return Ok(meter.row(&label, removed, baseline, None));
    }
    let of_batch = |batch: usize| mean(&draws.iter().map(|draw| draw[batch]).collect::<Vec<_>>());
    let losses: Vec<f64> = (0..baseline.len()).map(of_batch).collect();
    let mut row = meter.row(&label, removed, baseline, Some(&losses));
    row.spread = deviation(&draws.iter().map(|draw| mean(draw)).collect::<Vec<_>>());
    let number = draws.len();
    let fewer = if removed < wanted { ", all there are" } else { "" };
    row.note = Some(format!("mean of {number} draws{fewer}"));
    Ok(row)
}

/// As many values of each matrix's bulk as it has outliers, or all of them, uniformly without
/// replacement.
fn drawn(
    selected: &Selected,
    counts: &[Ends],
    of: fn(&Ends) -> usize,
    rng: &mut Xoshiro256PlusPlus,
) -> Removal {
    let drawn: Vec<Vec<usize>> = selected
        .sizes()
        .into_iter()
        .zip(counts)
        .map(|(m, ends)| {
            let bulk = m.saturating_sub(ends.above + ends.below);
            let ranks = rand::seq::index::sample(rng, bulk, of(ends).min(bulk));
            ranks.into_iter().map(|rank| ends.above + rank).collect()
        })
        .collect();
    selected.removal(|i, k, _| drawn[i].contains(&k))
}
