//! Curves and histograms for TensorBoard.

mod bins;
mod custom_scalars;
mod event_file;
mod files;
#[cfg(feature = "pictures")]
mod heat;
mod hparams;
mod message;
mod overview;
#[cfg_attr(not(feature = "pictures"), path = "without_pictures.rs")]
mod pictures;
mod plotted;
mod texts;
mod thinned;
mod wire;

use super::Sink;
use crate::alerts::{Alert, Findings};
use crate::error::SinkError;
use crate::matrices::PerMatrix;
use crate::record::{GradientTick, Health, Record, Scalars, Tick, wall_time};
use crate::settings::{Detail, Settings, TensorBoardConfig};
use crate::summary::Summary;
use crate::tags::{self, TagNames};
use files::EventFiles;
use message::{Value, Values};
use overview::Overview;
use plotted::{Drawn, Plotted, Sheet};
use rmt_core::Aggregate;
use rmt_core::figures::curves;
use rmt_core::report::Verdict;
use std::path::Path;

/// Writes event files into the run directory: one event per tick, flushed at every tick.
///
/// After an I/O error, or if the file was removed or replaced, the next record starts a new file.
/// At the end of the run the file is synchronized to disk (`fsync`).
pub struct TensorBoard {
    files: EventFiles,
    names: TagNames,
    matrices: PerMatrix<Plotted>,
    /// The step that training was restored at: it has its curves from an earlier session.
    restored: Option<u64>,
    drawn: Drawn,
    /// Whether some snapshots are not analysed in full.
    follows: bool,
    overview: Overview,
    findings: Findings,
}

impl TensorBoard {
    /// Writes files in `directory`. The first file marks the start of a session at its first step,
    /// so TensorBoard replaces points of earlier sessions from that step on.
    pub fn new(directory: &Path) -> Self {
        Self {
            files: EventFiles::new(directory, false),
            names: TagNames::default(),
            matrices: PerMatrix::default(),
            restored: None,
            drawn: Drawn { detail: Detail::default(), pictures: cfg!(feature = "pictures") },
            follows: false,
            overview: Overview::new(cfg!(feature = "pictures")),
            findings: Findings::default(),
        }
    }

    /// Sets whether pictures are drawn: of each matrix whenever its number of reports has doubled,
    /// and at its last report.
    #[must_use]
    pub fn with_pictures(self, on: bool) -> Self {
        let overview = self.overview.with_pictures(on);
        Self { drawn: Drawn { pictures: on, ..self.drawn }, overview, ..self }
    }

    /// Applies these settings and shows them on the text page.
    #[must_use]
    pub fn with_settings(self, settings: &Settings) -> Self {
        let TensorBoardConfig { detail, pictures, .. } = settings.tensorboard;
        let overview = Overview::of(settings);
        Self {
            drawn: Drawn { detail, pictures },
            follows: settings.full_every > 1,
            overview,
            ..self
        }
    }

    /// Files in `directory` that start no session: what is there is not replaced.
    pub(super) fn beside_a_run(directory: &Path) -> Self {
        Self { files: EventFiles::new(directory, true), ..Self::new(directory) }
    }

    /// What earlier sessions said of the restored step itself stays: the snapshot of it is the same again, and
    /// of losses and validations there is no other.
    fn start(&mut self, session: u32, step: u64) -> Result<(), SinkError> {
        self.overview.start(step);
        self.restored = (session > 0 && step > 0).then_some(step);
        self.files.start(self.restored.map_or(step, |step| step.saturating_add(1)))
    }

    fn tick(&mut self, tick: &Tick) -> Result<(), SinkError> {
        let paths: Vec<String> = tick.reports.iter().map(|report| report.layer.path()).collect();
        self.names.learn(paths.iter().map(String::as_str));
        let mut values = Vec::with_capacity(tick.reports.len() * (curves().count() + 1) + 8);
        for (matrix, report) in tick.numbered() {
            self.matrices.of(matrix).verdict = Some(report.report.verdict);
        }
        self.summary(tick, &mut values);
        for ((matrix, report), path) in tick.numbered().zip(&paths) {
            let sheet = Sheet { names: &mut self.names, path, values: &mut values };
            self.matrices.of(matrix).report(report, self.drawn, sheet);
        }
        let overview = self.overview.tick(tick, &mut self.names);
        if self.restored == Some(tick.step) {
            values.clear();
        }
        values.extend(overview);
        self.files.append(tick.step, tick.wall_time, values)
    }

    /// Figures of the whole model and of each kind of layer.
    fn summary(&self, tick: &Tick, values: &mut Values) {
        let with = |is: fn(Verdict) -> bool| {
            self.matrices.all.iter().filter(|matrix| matrix.verdict.is_some_and(is)).count() as f64
        };
        let layers = [
            (tags::DEVIATING, with(Verdict::deviates)),
            ("layers_structure", with(|verdict| verdict == Verdict::Structure)),
            ("layers_random", with(|verdict| verdict == Verdict::Random)),
        ];
        let health = tick.health.iter().flat_map(Health::scalars);
        let signals = tick.reports.iter().flat_map(|report| report.report.signal.first());
        let signal = signals.map(|signal| signal.strength).max_by(f64::total_cmp);
        let signal = signal.map(|strength| (tags::LARGEST_SIGNAL, strength));
        let tracked = self.follows.then(|| (tags::TRACKED, tick.tracked() as f64));
        let all = layers.into_iter().chain(signal).chain(tracked).chain(health);
        for (name, value) in all.chain(tick.scalars()) {
            values.push((format!("{}/{name}", tags::SUMMARY), Value::Scalar(value as f32)));
        }
        for (kind, aggregate) in Aggregate::by_kind(&tick.reports) {
            for (name, value) in aggregate.scalars() {
                let tag = format!("{}/{name}/{kind}", tags::KINDS);
                values.push((tag, Value::Scalar(value as f32)));
            }
        }
    }

    fn gradients(&mut self, tick: &GradientTick) -> Result<(), SinkError> {
        let paths: Vec<String> = tick.reports.iter().map(|(layer, _)| layer.path()).collect();
        self.names.learn(paths.iter().map(String::as_str));
        let mut values = Vec::with_capacity(tick.reports.len() * 5);
        for ((matrix, _, report), path) in tick.numbered().zip(&paths) {
            let sheet = Sheet { names: &mut self.names, path, values: &mut values };
            self.matrices.of(matrix).gradient(report, sheet);
        }
        self.files.append(tick.step, tick.wall_time, values)
    }

    fn scalars(&mut self, scalars: &Scalars) -> Result<(), SinkError> {
        self.overview.scalars(scalars);
        let values =
            scalars.values.iter().map(|(name, x)| (name.clone(), Value::Scalar(*x as f32)));
        self.files.append(scalars.step, scalars.wall_time, values.collect())
    }

    /// On the text page.
    fn text(&mut self, step: u64, name: &str, text: String) -> Result<(), SinkError> {
        let tag = format!("{}/{name}", tags::SUMMARY);
        self.files.append(step, wall_time(), vec![(tag, Value::Text(text))])
    }

    fn alerts(&mut self, alerts: &[Alert]) -> Result<(), SinkError> {
        let Some(first) = alerts.first() else { return Ok(()) };
        alerts.iter().for_each(|alert| self.findings.add(alert));
        self.text(first.step, tags::FINDINGS, texts::findings(&self.findings.all()))
    }

    fn end(&mut self, summary: &Summary) -> Result<(), SinkError> {
        let Self { matrices, names, files, drawn, .. } = self;
        let left = matrices.all.iter_mut().flat_map(|matrix| matrix.left(drawn.detail, names));
        let drawn =
            left.into_iter().try_for_each(|(step, values)| files.append(step, wall_time(), values));
        let (step, values) = self.overview.end(summary);
        let drawn = drawn.and(self.files.append(step, wall_time(), values));
        let found = texts::findings(&summary.findings);
        let drawn = drawn.and(self.text(step, tags::FINDINGS, found));
        let flushed = self.files.flush();
        drawn.and(flushed).and(self.files.sync())
    }
}

impl Sink for TensorBoard {
    fn name(&self) -> &str {
        "tensorboard"
    }

    fn write(&mut self, record: &Record<'_>) -> Result<(), SinkError> {
        match record {
            Record::Start { session, step } => self.start(*session, *step),
            Record::Tick(tick) => self.tick(tick),
            Record::Gradients(tick) => self.gradients(tick),
            Record::Scalars(scalars) => self.scalars(scalars),
            Record::Table { name, step, table } => self.text(*step, name, texts::table(table)),
            Record::Alerts(alerts) => self.alerts(alerts),
            Record::Warning(_) => Ok(()),
            Record::End(summary) => self.end(summary),
        }
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.files.flush()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::matrices::MatrixNumbers;
    use rmt_core::LayerReport;
    use rmt_core::layers::LayerId;
    use rmt_core::{Analyser, AnalysisOptions, Context, Matrix, Nulls, Orientation};

    #[test]
    fn a_restored_step_is_written_by_one_session() {
        let file_of = |session| {
            let directory = tempfile::tempdir().unwrap();
            let mut sink = TensorBoard::new(directory.path());
            sink.write(&Record::Start { session, step: 7 }).unwrap();
            for step in [7, 8] {
                let mut tick = Tick::empty(step);
                tick.session = session;
                sink.write(&Record::Tick(&tick)).unwrap();
            }
            sink.flush().unwrap();
            let file = std::fs::read_dir(directory.path()).unwrap().next().unwrap().unwrap();
            std::fs::read(file.path()).unwrap().len()
        };
        // In a directory of its own the first session writes both ticks.
        assert!(file_of(0) > file_of(1) + 50);
    }

    #[test]
    fn gradients_keep_their_grid_and_numbers_are_padded() {
        let directory = tempfile::tempdir().unwrap();
        let mut sink = TensorBoard::new(directory.path());
        let names = ["layers.2.weight", "layers.10.weight"];
        let mut zero = GradientTick::example(0, &names);
        zero.reports.iter_mut().for_each(|(_, report)| *report = Default::default());
        sink.write(&Record::Gradients(&zero)).unwrap();
        let width = |sink: &TensorBoard| sink.matrices.get(zero.matrices[0])?.gradient_width();
        assert_eq!(width(&sink), None);
        let mut tick = GradientTick::example(1, &names);
        for _ in 0..2 {
            sink.write(&Record::Gradients(&tick)).unwrap();
            assert_eq!(width(&sink), Some(4.0 / bins::BINS_TO_EDGE));
            tick.step += 1;
            tick.reports.iter_mut().for_each(|(_, report)| report.spectral_norm = 1.0);
        }
        sink.flush().unwrap();
        let file = std::fs::read_dir(directory.path()).unwrap().next().unwrap().unwrap();
        let bytes = std::fs::read(file.path()).unwrap();
        let holds = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        for statistic in ["norm", "spectral_norm", "stable_rank", "singular_values"] {
            let tag = |layer: &str| format!("rmt_8_gradients/{statistic}/layers.{layer}.weight");
            assert!(holds(&tag("02")) && holds(&tag("10")) && !holds(&tag("2")));
        }
        assert!(!holds("update_ratio"));
    }

    /// Matrices of one kind with 64 singular values each, 1,000 ticks and no pictures.
    #[test]
    fn bytes_of_a_thousand_ticks() {
        let values: Vec<f64> = (0..64 * 96).map(|k| f64::from(k * 7919 % 10_007) - 5e3).collect();
        let matrix = Matrix::new(&values[..], 64, 96, Orientation::OutIn).unwrap();
        let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default()).unwrap();
        let analysis = analyser.analyse(&matrix, Context::default()).unwrap();
        let report = |block: u64, step| {
            let layer = LayerId::from_name(format!("blocks.{block}.query.weight"));
            LayerReport::new(0, step, layer, "f32".into(), analysis.report.clone())
                .with_profile(analysis.profile.clone())
        };
        let bytes_of = |detail, matrices| {
            let directory = tempfile::tempdir().unwrap();
            let tensorboard = TensorBoardConfig::new().with_detail(detail).with_pictures(false);
            let settings = Settings { tensorboard, ..Settings::default() };
            let mut sink = TensorBoard::new(directory.path()).with_settings(&settings);
            let mut numbers = MatrixNumbers::default();
            for step in 0..1_000 {
                let reports = (0..matrices).map(|block| report(block, step)).collect();
                sink.write(&Record::Tick(&Tick::new(0, step, reports, &mut numbers))).unwrap();
            }
            sink.flush().unwrap();
            let file = std::fs::read_dir(directory.path()).unwrap().next().unwrap().unwrap();
            file.metadata().unwrap().len()
        };
        let [lean, all] = [Detail::Lean, Detail::All].map(|detail| {
            let (one, two) = (bytes_of(detail, 1), bytes_of(detail, 2));
            println!("{detail:?}: {} each, {} of the kind and the run", two - one, 2 * one - two);
            (two - one, 2 * one - two)
        });
        // As the README says.
        assert!(lean.0 < 1_900_000 && all.0 < 4_200_000 && lean.1 < 750_000, "{lean:?} {all:?}");
    }
}
