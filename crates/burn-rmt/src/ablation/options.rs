//! An ablation and its settings.

use super::losses::{Meter, Progress};
use super::outliers::default_analyser;
use super::selected::Selected;
use super::{AblationError, AblationTable, Select};
use burn_core::module::Module;
use rmt_core::Analyser;
use rmt_monitor::Layout;

/// Draws of bulk values by default.
const DRAWS: usize = 5;

/// An ablation with settings. The functions of [this module](super) use the defaults.
///
/// ```
/// use burn::nn::conv::Conv2dConfig;
/// use burn::tensor::Device;
/// use burn_rmt::Layout;
/// use burn_rmt::ablation::{Ablation, Select};
///
/// let model = Conv2dConfig::new([4, 8], [3, 3]).with_groups(2).init(&Device::flex());
/// let _ = (model.weight.val(), model.bias.as_ref().map(|bias| bias.val())); // initialized
/// let mut last = (0, 0);
/// let table = Ablation::new(Select::name("weight"))
///     .with_layout("weight", Layout::Conv { groups: 2 }) // two matrices 4×18
///     .with_progress(|done, total| last = (done, total))
///     .groups(&model, 2, |model| {
///         vec![f64::from(model.weight.val().square().sum().into_scalar::<f32>())]
///     })?;
/// assert_eq!((table.matrices, table.values, last), (2, 8, (3, 3)));
/// # Ok::<(), burn_rmt::ablation::AblationError>(())
/// ```
pub struct Ablation<'a> {
    select: Select,
    layouts: Vec<(String, Layout)>,
    pub(super) draws: usize,
    pub(super) seed: u64,
    pub(super) analyser: Option<Analyser>,
    progress: Progress<'a>,
}

impl std::fmt::Debug for Ablation<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Ablation");
        shown.field("select", &self.select).field("layouts", &self.layouts);
        shown.field("draws", &self.draws).field("seed", &self.seed).finish_non_exhaustive()
    }
}

impl<'a> Ablation<'a> {
    /// An ablation of these matrices.
    pub fn new(select: Select) -> Self {
        let (draws, seed) = (DRAWS, 0);
        Self { select, layouts: Vec::new(), draws, seed, analyser: None, progress: None }
    }

    /// Reads parameters whose names match the pattern in this layout. Of several matches the last
    /// counts.
    #[must_use]
    pub fn with_layout(mut self, pattern: impl Into<String>, layout: Layout) -> Self {
        self.layouts.push((pattern.into(), layout));
        self
    }

    /// Sets the number of independent draws of bulk values that outliers are compared with. The
    /// default is 5.
    #[must_use]
    pub fn with_draws(mut self, draws: usize) -> Self {
        self.draws = draws;
        self
    }

    /// Sets the seed of these draws. The default is 0.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the analyser that decides which values are outliers. The default agrees with reports of
    /// default options.
    #[must_use]
    pub fn with_analyser(mut self, analyser: Analyser) -> Self {
        self.analyser = Some(analyser);
        self
    }

    /// Calls `progress` after each measurement with the number of measurements made and the total.
    #[must_use]
    pub fn with_progress(mut self, progress: impl FnMut(usize, usize) + 'a) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Like [`ablation::deciles`](super::deciles), with these settings.
    ///
    /// # Errors
    /// Those of the function.
    pub fn deciles<M: Module>(
        self,
        model: &M,
        loss: impl FnMut(&M) -> Vec<f64>,
    ) -> Result<AblationTable, AblationError> {
        self.groups(model, 10, loss)
    }

    /// Like [`ablation::groups`](super::groups), with these settings.
    ///
    /// # Errors
    /// Those of the function.
    pub fn groups<M: Module>(
        self,
        model: &M,
        n: usize,
        loss: impl FnMut(&M) -> Vec<f64>,
    ) -> Result<AblationTable, AblationError> {
        if n == 0 {
            let requirement = "the singular values are at least one group";
            return Err(AblationError::Setting { setting: "groups", value: n, requirement });
        }
        let selected = self.measurable(model)?;
        let removals: Vec<_> = (0..n)
            .map(|group| selected.removal(|_, k, m| group_range(group, n, m).contains(&k)))
            .collect();
        let measured = removals.iter().filter(|removal| removal.count() > 0).count();
        let mut meter = self.meter(model, &selected, loss, 1 + measured);
        let baseline = meter.baseline()?;
        let mut rows = Vec::with_capacity(n);
        for (group, removal) in removals.iter().enumerate() {
            let label = label(group, n);
            let losses = meter.without(&label, removal, &baseline)?;
            rows.push(meter.row(&label, removal.count(), &baseline, losses.as_deref()));
        }
        Ok(AblationTable::new(meter.selection, &selected, &baseline, rows))
    }

    /// Like [`ablation::outliers`](super::outliers), with these settings.
    ///
    /// # Errors
    /// Those of the function, and [`AblationError::Setting`] for zero draws.
    pub fn outliers<M: Module>(
        mut self,
        model: &M,
        loss: impl FnMut(&M) -> Vec<f64>,
    ) -> Result<AblationTable, AblationError> {
        if self.draws == 0 {
            let requirement = "outliers are compared with at least one draw";
            return Err(AblationError::Setting { setting: "draws", value: 0, requirement });
        }
        let selected = self.measurable(model)?;
        let (draws, seed) = (self.draws, self.seed);
        let analyser = match self.analyser.take() {
            Some(analyser) => analyser,
            None => default_analyser().map_err(|cause| AblationError::Analysis {
                layer: self.select.to_string(),
                cause,
            })?,
        };
        let comparison = super::outliers::Comparison::new(&selected, &analyser, draws, seed)?;
        let meter = self.meter(model, &selected, loss, comparison.measurements());
        comparison.measure(meter)
    }

    /// Like [`ablation::remove`](super::remove), with these settings.
    ///
    /// # Errors
    /// Those of the function.
    pub fn remove<M: Module>(
        &self,
        model: &M,
        mut removed: impl FnMut(usize, usize) -> bool,
    ) -> Result<M, AblationError> {
        let selected = Selected::read(model, &self.select, &self.layouts)?;
        let removal = selected.removal(|_, k, m| removed(k, m));
        selected.without(model, &removal)
    }

    /// Like [`ablation::prune`](super::prune), with these settings.
    ///
    /// # Errors
    /// Those of the function.
    pub fn prune<M: Module>(&self, model: &M, share: f64) -> Result<M, AblationError> {
        if !(0.0..=1.0).contains(&share) {
            return Err(AblationError::Share(share));
        }
        self.remove(model, |k, m| k + (share * m as f64).round() as usize >= m)
    }

    /// The selected matrices of a model of which copies can be measured.
    fn measurable<M: Module>(&self, model: &M) -> Result<Selected, AblationError> {
        let selected = Selected::read(model, &self.select, &self.layouts)?;
        selected.all_initialized()?;
        Ok(selected)
    }

    fn meter<'m, M, F>(
        self,
        model: &'m M,
        selected: &'m Selected,
        loss: F,
        total: usize,
    ) -> Meter<'m, M, F>
    where
        'a: 'm,
    {
        let selection = self.select.to_string();
        Meter { model, selected, selection, loss, progress: self.progress, done: 0, total }
    }
}

/// Ranks of the group of this number, 0 the largest values, of n.
fn group_range(group: usize, n: usize, m: usize) -> std::ops::Range<usize> {
    group * m / n..(group + 1) * m / n
}

fn label(group: usize, n: usize) -> String {
    match group {
        _ if n == 1 => "all".into(),
        0 => "0 (largest)".into(),
        last if last + 1 == n => format!("{last} (smallest)"),
        between => between.to_string(),
    }
}
