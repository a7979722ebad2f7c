//! Curves and histograms for TensorBoard.

mod bins;
mod custom_scalars;
mod event_file;
mod heat;
mod hparams;
mod overview;
mod pictures;
mod texts;
mod thinned;
mod wire;

use super::Sink;
use crate::alerts::Alert;
use crate::error::SinkError;
use crate::record::{GradientTick, Health, Record, Scalars, Tick, wall_time};
use crate::settings::{Detail, Settings};
use crate::tags::{self, TagNames};
use bins::{BINS_TO_EDGE, bins};
use event_file::{EventFile, Value};
use overview::Overview;
use pictures::pictures;
use rmt_core::figures::curves;
use rmt_core::layers::LayerId;
use rmt_core::report::Verdict;
use rmt_core::{Aggregate, LayerReport};
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use thinned::Thinned;

/// Width of a bin of p-values.
const P_BIN: f64 = 0.05;
/// Reports of a layer of which pictures are drawn, of each doubling: they are large beside curves, and
/// readers keep ten of a tag.
const PICTURES: u64 = 1;
/// The same of histograms, of which TensorBoard keeps 500, and of curves, of which it keeps 1,000.
const HISTOGRAMS: u64 = 256;
const POINTS: u64 = 512;

/// Writes event files into the run directory: one event a tick, flushed at every tick.
///
/// After an I/O error the file is left as it is, and the next record starts a new one; so it is when the
/// file is removed or replaced. At the end of the run it is brought to the disk (`fsync`).
pub struct TensorBoard {
    directory: PathBuf,
    /// Whether this session has a file, which said where the session starts.
    begun: bool,
    file: Option<EventFile>,
    /// Records in the file that were not flushed yet.
    unflushed: u64,
    names: TagNames,
    /// Width of a histogram bin, by layer: fixed at the first tick, so that steps compare.
    bin_widths: HashMap<String, f64>,
    /// The same of gradients: fixed at the first that is not zero.
    gradient_widths: HashMap<String, f64>,
    /// The step that training was restored at: it has its curves from an earlier session.
    restored: Option<u64>,
    /// The latest of every layer: not every tick has every layer.
    verdicts: HashMap<LayerId, Verdict>,
    /// Which pictures are due; `None` for none at all.
    pictures: Option<Thinned>,
    /// Which histograms and curves are due, where not all are written.
    histograms: Thinned,
    points: Thinned,
    /// Width of a bin of overlaps, by layer.
    overlap_widths: HashMap<String, f64>,
    detail: Detail,
    /// Whether some looks are not full.
    follows: bool,
    overview: Overview,
}

impl TensorBoard {
    /// Files in `directory`. The first one says that a session starts at its first step: what
    /// earlier sessions said of that step and later ones is then replaced.
    pub fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            begun: false,
            file: None,
            unflushed: 0,
            names: TagNames::default(),
            bin_widths: HashMap::new(),
            gradient_widths: HashMap::new(),
            restored: None,
            verdicts: HashMap::new(),
            pictures: Some(Thinned::new(PICTURES)),
            histograms: Thinned::new(HISTOGRAMS),
            points: Thinned::new(POINTS),
            overlap_widths: HashMap::new(),
            detail: Detail::default(),
            follows: false,
            overview: Overview::new(true),
        }
    }

    /// Whether pictures are drawn: of each layer when the number of its reports has doubled, and of
    /// its last one.
    #[must_use]
    pub fn with_pictures(self, on: bool) -> Self {
        let overview = self.overview.with_pictures(on);
        Self { pictures: on.then(|| Thinned::new(PICTURES)), overview, ..self }
    }

    /// Writes what these settings say, and says them on the text page.
    #[must_use]
    pub fn with_settings(self, settings: &Settings) -> Self {
        let detail = settings.tensorboard_detail;
        let overview = Overview::of(settings);
        let follows = settings.full_every > 1;
        Self { detail, follows, overview, ..self }.with_pictures(settings.pictures)
    }

    /// Files in `directory` that start no session: what is there is not replaced.
    pub(super) fn beside_a_run(directory: &Path) -> Self {
        Self { begun: true, ..Self::new(directory) }
    }

    /// Says so in a new file. What earlier sessions said of the restored step itself stays: the
    /// snapshot of it is the same again, and of losses and validations there is no other.
    fn start(&mut self, session: u32, step: u64) -> Result<(), SinkError> {
        self.overview.start(step);
        let flushed = self.flush();
        (self.file, self.begun) = (None, false);
        self.restored = (session > 0 && step > 0).then_some(step);
        let next = self.restored.map_or(step, |step| step.saturating_add(1));
        flushed.and(self.open(next).map(|_| ()))
    }

    fn open(&mut self, step: u64) -> Result<&mut EventFile, SinkError> {
        // Session 0 says so too: TensorBoard's slow loader takes the first start that it sees for no
        // restart, and would keep what a second session replaces.
        let start = (!self.begun).then_some(step);
        let created = EventFile::create(&self.directory, start);
        let error = |cause| SinkError::Io { path: self.directory.clone(), cause };
        let created = created.map_err(error)?;
        self.begun = true;
        Ok(self.file.insert(created))
    }

    fn tick(&mut self, tick: &Tick) -> Result<(), SinkError> {
        let paths: Vec<String> = tick.reports.iter().map(|report| report.layer.path()).collect();
        self.names.learn(paths.iter().map(String::as_str));
        let mut values = Vec::with_capacity(tick.reports.len() * (curves().count() + 1) + 8);
        for report in &tick.reports {
            self.verdicts.insert(report.layer.clone(), report.report.verdict);
        }
        let with = |verdict| self.verdicts.values().filter(|v| **v == verdict).count() as f64;
        let layers =
            [(tags::DEVIATING, with(Verdict::Deviates)), ("layers_random", with(Verdict::Random))];
        let health = tick.health.iter().flat_map(Health::scalars);
        let signals = tick.reports.iter().flat_map(|report| report.report.signal.first());
        let signal = signals.map(|signal| signal.strength).max_by(f64::total_cmp);
        let signal = signal.map(|strength| (tags::LARGEST_SIGNAL, strength));
        let tracked = self.follows.then(|| (tags::TRACKED, tick.tracked() as f64));
        let all = layers.into_iter().chain(signal).chain(tracked).chain(health);
        let all = all.chain(tick.scalars());
        for (name, value) in all {
            values.push((format!("{}/{name}", tags::SUMMARY), Value::Scalar(value as f32)));
        }
        for (kind, aggregate) in Aggregate::by_kind(&tick.reports) {
            for (name, value) in aggregate.scalars() {
                values
                    .push((format!("{}/{name}/{kind}", tags::KINDS), Value::Scalar(value as f32)));
            }
        }
        for (report, name) in tick.reports.iter().zip(&paths) {
            let all = self.detail == Detail::All;
            if all || self.points.due(name, report, LayerReport::without_profile) {
                self.curves(name, report, &mut values);
            }
            // Looks between full analyses have no spectrum.
            if report.profile.is_none() {
                continue;
            }
            if all || self.histograms.due(name, report, LayerReport::clone) {
                self.histograms(name, report, &mut values);
            }
            let due = |pictures: &mut Thinned| pictures.due(name, report, LayerReport::clone);
            let due = self.pictures.as_mut().is_some_and(due);
            if due {
                self.draw(name, report, &mut values);
            }
            if due || all {
                self.p_values(name, report, &mut values);
            }
        }
        let overview = self.overview.tick(tick, &mut self.names);
        if self.restored == Some(tick.step) {
            return self.append(tick.step, tick.wall_time, overview);
        }
        values.extend(overview);
        self.append(tick.step, tick.wall_time, values)
    }

    fn curves(&mut self, name: &str, report: &LayerReport, values: &mut Vec<(String, Value)>) {
        for (curve, figure) in curves().filter(|(c, _)| c.lean || self.detail == Detail::All) {
            if let Some(value) = figure.drawn(&report.report) {
                let tag = self.names.tag(curve.group, curve.name, name);
                values.push((tag, Value::Scalar(value as f32)));
            }
        }
    }

    fn histograms(&mut self, name: &str, report: &LayerReport, values: &mut Vec<(String, Value)>) {
        if let Some(bins) = self.histogram(name, report) {
            let tag = self.names.tag(tags::BULK, tags::SINGULAR_VALUES, name);
            values.push((tag, Value::Histogram(bins)));
        }
        if let Some(bins) = self.overlaps(name, report) {
            let tag = self.names.tag(tags::OVERLAP, tags::OVERLAP_COUNTS, name);
            values.push((tag, Value::Histogram(bins)));
        }
    }

    fn histogram(&mut self, name: &str, report: &LayerReport) -> Option<Vec<[f64; 3]>> {
        let values = &report.profile.as_ref()?.singular_values;
        let edge = report.report.edge_high.or(report.report.largest)?;
        let width = *self.bin_widths.entry(name.to_owned()).or_insert(edge / BINS_TO_EDGE);
        Some(bins(values, width))
    }

    /// Overlaps in bins as wide as a step of the null's upper end.
    fn overlaps(&mut self, name: &str, report: &LayerReport) -> Option<Vec<[f64; 3]>> {
        let mut overlaps = report.profile.as_ref()?.overlaps.clone();
        overlaps.retain(|overlap| overlap.is_finite());
        overlaps.sort_unstable_by(|x, y| y.total_cmp(x));
        let edge = report.report.activation.as_ref()?.band_high?;
        let width = *self.overlap_widths.entry(name.to_owned()).or_insert(edge / BINS_TO_EDGE);
        Some(bins(&overlaps, width))
    }

    /// p-values of the vectors, on one grid: those of random vectors are equally many everywhere.
    fn p_values(&mut self, name: &str, report: &LayerReport, values: &mut Vec<(String, Value)>) {
        let Some(profile) = &report.profile else { return };
        for (statistic, all) in [(tags::LEFT_P, &profile.left_p), (tags::RIGHT_P, &profile.right_p)]
        {
            let mut p: Vec<f64> = all.iter().copied().filter(|p| p.is_finite()).collect();
            p.sort_unstable_by(|x, y| y.total_cmp(x));
            let tag = self.names.tag(tags::VECTORS, statistic, name);
            values.push((tag, Value::Histogram(bins(&p, P_BIN))));
        }
    }

    fn draw(&mut self, name: &str, report: &LayerReport, values: &mut Vec<(String, Value)>) {
        for picture in pictures(report) {
            let drawn = picture.drawing.to_rgb();
            match drawn.to_png() {
                Ok(png) => {
                    let tag = self.names.tag(picture.group, picture.name, name);
                    let (width, height) = (drawn.width, drawn.height);
                    values.push((tag, Value::Image { width, height, png }));
                }
                Err(error) => tracing::debug!(target: "rmt", "`{name}`: {error}"),
            }
        }
    }

    /// What was reported since the last curves, histograms and pictures.
    fn last(&mut self) -> Result<(), SinkError> {
        for (name, report) in self.points.left() {
            let mut values = Vec::new();
            self.curves(&name, &report, &mut values);
            self.append(report.step, wall_time(), values)?;
        }
        for (name, report) in self.histograms.left() {
            let mut values = Vec::new();
            self.histograms(&name, &report, &mut values);
            self.append(report.step, wall_time(), values)?;
        }
        for (name, report) in self.pictures.as_mut().map(Thinned::left).unwrap_or_default() {
            let mut values = Vec::new();
            self.draw(&name, &report, &mut values);
            self.append(report.step, wall_time(), values)?;
        }
        Ok(())
    }

    fn gradients(&mut self, tick: &GradientTick) -> Result<(), SinkError> {
        let paths: Vec<String> = tick.reports.iter().map(|(layer, _)| layer.path()).collect();
        self.names.learn(paths.iter().map(String::as_str));
        let mut values = Vec::with_capacity(tick.reports.len() * 5);
        for ((_, report), name) in tick.reports.iter().zip(&paths) {
            for (statistic, value) in report.scalars() {
                let tag = self.names.tag(tags::GRADIENTS, statistic, name);
                values.push((tag, Value::Scalar(value as f32)));
            }
            if report.spectral_norm > 0.0 {
                let width = report.spectral_norm / BINS_TO_EDGE;
                let width = *self.gradient_widths.entry(name.clone()).or_insert(width);
                let tag = self.names.tag(tags::GRADIENTS, tags::SINGULAR_VALUES, name);
                values.push((tag, Value::Histogram(bins(&report.singular_values, width))));
            }
        }
        self.append(tick.step, tick.wall_time, values)
    }

    fn scalars(&mut self, scalars: &Scalars) -> Result<(), SinkError> {
        self.overview.scalars(scalars);
        let values =
            scalars.values.iter().map(|(name, x)| (name.clone(), Value::Scalar(*x as f32)));
        self.append(scalars.step, scalars.wall_time, values.collect())
    }

    /// A list on the text page.
    fn alerts(&mut self, alerts: &[Alert]) -> Result<(), SinkError> {
        let Some(first) = alerts.first() else { return Ok(()) };
        let tag = format!("{}/{}", tags::SUMMARY, tags::ALERTS);
        let text = Value::Text(texts::alerts(alerts));
        self.append(first.step, wall_time(), vec![(tag, text)])
    }

    fn append(
        &mut self,
        step: u64,
        wall_time: f64,
        values: Vec<(String, Value)>,
    ) -> Result<(), SinkError> {
        // What is written to a file that was removed is seen by nobody; what it still holds is counted
        // when it is flushed.
        if self.unflushed == 0 && self.file.as_ref().is_some_and(|file| !file.still_there()) {
            self.file = None;
        }
        let file = match self.file {
            Some(ref mut file) => file,
            None => self.open(step)?,
        };
        let written = file.write(step, wall_time, values);
        self.unflushed += 1;
        self.checked(written)
    }

    /// Gives the file up after an error, with what it holds.
    fn checked(&mut self, result: io::Result<()>) -> Result<(), SinkError> {
        result.map_err(|cause| {
            let path = match self.file.take() {
                Some(file) => file.path().to_owned(),
                None => self.directory.clone(),
            };
            let error = SinkError::Io { path, cause };
            match std::mem::take(&mut self.unflushed) {
                0 | 1 => error,
                records => SinkError::Several { records, cause: Box::new(error) },
            }
        })
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
            Record::Table(table) => {
                let tag = format!("{}/{}", tags::SUMMARY, table.name);
                let text = Value::Text(table.markdown());
                self.append(table.step, wall_time(), vec![(tag, text)])
            }
            Record::Alerts(alerts) => self.alerts(alerts),
            Record::Warning(_) => Ok(()),
            Record::End(summary) => {
                let drawn = self.last();
                let (step, values) = self.overview.end(summary);
                let drawn = drawn.and(self.append(step, wall_time(), values));
                let flushed = self.flush();
                let synced = self.file.as_ref().map_or(Ok(()), EventFile::sync);
                drawn.and(flushed).and(self.checked(synced))
            }
        }
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        let flushed = self.file.as_mut().map_or(Ok(()), |file| {
            file.flush()?;
            match file.still_there() || self.unflushed == 0 {
                true => Ok(()),
                false => Err(io::Error::new(io::ErrorKind::NotFound, "it was removed or replaced")),
            }
        });
        self.checked(flushed)?;
        self.unflushed = 0;
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
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
        assert!(sink.gradient_widths.is_empty());
        let mut tick = GradientTick::example(1, &names);
        for _ in 0..2 {
            sink.write(&Record::Gradients(&tick)).unwrap();
            assert_eq!(sink.gradient_widths[names[0]], 4.0 / BINS_TO_EDGE);
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
            let settings =
                Settings { tensorboard_detail: detail, pictures: false, ..Settings::default() };
            let mut sink = TensorBoard::new(directory.path()).with_settings(&settings);
            for step in 0..1_000 {
                let reports = (0..matrices).map(|block| report(block, step)).collect();
                sink.write(&Record::Tick(&Tick::new(0, step, reports))).unwrap();
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
        assert!(lean.0 < 1_900_000 && all.0 < 3_600_000 && lean.1 < 650_000, "{lean:?} {all:?}");
    }
}
