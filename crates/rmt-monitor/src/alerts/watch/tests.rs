use super::*;
use crate::alerts::Trigger;
use crate::matrices::MatrixNumbers;
use crate::samples::report_of;
use rmt_core::layers::LayerId;
use rmt_core::notes::Note;
use rmt_core::statistics::drift::Reference;
use rmt_core::{Analyser, AnalysisOptions, Context, Matrix, Nulls, Orientation, Verdict};

/// Alerts of looks at matrices that are numbered by their paths.
struct Watched {
    alerts: Alerts,
    numbers: MatrixNumbers,
}

impl Watched {
    fn new(settings: AlertSettings) -> Self {
        Self { alerts: Alerts::new(settings), numbers: MatrixNumbers::default() }
    }

    fn tick(&mut self, reports: &[LayerReport]) -> Vec<(u64, String, AlertKind)> {
        let matrices: Vec<_> = reports.iter().map(|r| self.numbers.of(&r.layer.path())).collect();
        let alerts = self.alerts.of_tick(&matrices, reports);
        alerts.into_iter().map(|alert| (alert.step, alert.layer, alert.alert)).collect()
    }
}

/// A report with these figures.
fn report(step: u64, rank: f64, scale: f64) -> LayerReport {
    let mut report = report_of("a", step);
    report.report.verdict = Verdict::Structure;
    report.report.heavy_tail.as_mut().unwrap().stable_rank = Some(rank);
    report.report.scale = Some(scale);
    report
}

fn given(reports: impl Iterator<Item = LayerReport>) -> Vec<(u64, AlertKind)> {
    let mut watched = Watched::new(AlertSettings::default());
    let found: Vec<_> = reports
        .flat_map(|report| watched.tick(&[report]))
        .map(|(step, _, kind)| (step, kind))
        .collect();
    assert_eq!(watched.alerts.total(), found.len() as u64);
    found
}

/// Noise of at most 1, the same every time.
fn noise(step: u64) -> f64 {
    (step.wrapping_mul(2_654_435_761) % 1000) as f64 / 500.0 - 1.0
}

#[test]
fn a_figure_that_wavers_about_its_threshold_gives_one_alert() {
    // Ranks of 2 ± 0.4 cross the threshold again and again, but never come back to 2.5.
    let series = |step: u64| if step == 0 { 9.0 } else { 2.0 + 0.4 * noise(step) };
    let crossings = (1..1000).filter(|&s| (series(s) < 2.0) != (series(s + 1) < 2.0)).count();
    assert!(crossings > 100);
    let found = given((0..1000).map(|step| report(step, series(step), 1.0)));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].1, AlertKind::RankCollapse);
}

#[test]
fn it_is_given_again_after_the_figure_was_back() {
    let ranks = [9.0, 1.9, 2.2, 1.9, 2.6, 1.9];
    let found = given(ranks.iter().zip(0..).map(|(&x, step)| report(step, x, 1.0)));
    assert_eq!(found, [(1, AlertKind::RankCollapse), (5, AlertKind::RankCollapse)]);
    // A matrix that always had few directions has not lost any.
    assert_eq!(given([3.0, 1.9].iter().zip(0..).map(|(&x, step)| report(step, x, 1.0))), []);
}

#[test]
fn a_scale_decays_where_it_falls_fast_and_far() {
    let falling =
        |rate: f64| (0..=40).map(move |k| report(10 * k, 9.0, (-rate * 10.0 * k as f64).exp()));
    // ln 1.5 / 0.0025 is 162.
    assert_eq!(given(falling(2.5e-3)), [(170, AlertKind::ScaleDecay)]);
    assert_eq!(given(falling(1.5e-3)), []);
}

const ROWS: usize = 24;
const COLS: usize = 40;

/// Uniform between −1 and 1 (Steele, Lea & Flood, 2014: SplitMix64).
fn entries(seed: u64) -> Vec<f64> {
    let uniform = |k: u64| {
        let z = (k + (seed << 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    };
    (1..=(ROWS * COLS) as u64).map(uniform).collect()
}

/// Reports of a matrix at these steps.
fn analysed(name: &str, looks: &[(u64, Vec<f64>)]) -> Vec<LayerReport> {
    let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default()).unwrap();
    let (mut first, mut previous): (Option<Reference>, Option<Reference>) = (None, None);
    let mut reports = Vec::new();
    for (step, values) in looks {
        let matrix = Matrix::new(values.as_slice(), ROWS, COLS, Orientation::InOut).unwrap();
        let context = Context::default().with_reference(first.as_ref());
        let context = context.with_previous(previous.as_ref()).with_keep(true).with_ladder(true);
        let analysis = analyser.analyse(&matrix, context).unwrap();
        first = first.or_else(|| analysis.reference.clone());
        previous = analysis.reference;
        let layer = LayerId::from_name(name);
        reports.push(LayerReport::new(0, *step, layer, "f64".into(), analysis.report));
    }
    reports
}

/// Moved by so much in random directions.
fn moved(values: &[f64], by: f64, seed: u64) -> Vec<f64> {
    values.iter().zip(entries(seed)).map(|(x, y)| x + by * y).collect()
}

#[test]
fn a_layer_that_stays_while_others_move_is_named() {
    let (a, b) = (entries(1), entries(2));
    let decayed: Vec<f64> = b.iter().map(|x| 0.999 * x).collect();
    let steps = [0, 5, 10, 20];
    let moving = |seed: &dyn Fn(usize) -> u64| {
        let looks: Vec<_> = steps
            .iter()
            .enumerate()
            .map(|(k, &s)| (s, moved(&a, 1e-2 * k as f64, seed(k))))
            .collect();
        analysed("a.weight", &looks)
    };
    let moving = moving(&|k| 10 + k as u64);
    let resting = analysed(
        "b.weight",
        &[(0, b.clone()), (5, b.clone()), (10, decayed.clone()), (20, decayed)],
    );
    let mut watched = Watched::new(AlertSettings::default());
    let mut found = Vec::new();
    for (a, b) in moving.iter().zip(&resting) {
        found.extend(watched.tick(&[a.clone(), b.clone()]));
    }
    assert_eq!(found, [(10, "b.weight".to_owned(), AlertKind::LayerDoesNotLearn)]);
    // One that was frozen on the way rests as it should.
    let mut watched = Watched::new(AlertSettings::default());
    let mut found = Vec::new();
    for (a, b) in moving.iter().zip(&resting) {
        let mut b = b.clone();
        b.report.notes.push(Note::Frozen);
        found.extend(watched.tick(&[a.clone(), b]));
    }
    assert_eq!(found, [(0, "b.weight".to_owned(), AlertKind::FrozenLayer)]);
    // Where none moves, none is singled out.
    let mut watched = Watched::new(AlertSettings::default());
    let alone: Vec<_> =
        resting.iter().flat_map(|b| watched.tick(std::slice::from_ref(b))).collect();
    assert_eq!(alone, []);
}

#[test]
fn a_change_of_a_large_part_of_the_norm_is_fast_and_a_sudden_one_a_jump() {
    let a = entries(3);
    let walk = |by: &[f64]| {
        let mut now = a.clone();
        let mut looks = vec![(0, now.clone())];
        for (k, by) in by.iter().enumerate() {
            now = moved(&now, *by, 20 + k as u64);
            looks.push((10 * (k as u64 + 1), now.clone()));
        }
        analysed("a.weight", &looks)
    };
    let kinds = |reports: Vec<LayerReport>| {
        let mut watched = Watched::new(AlertSettings::default());
        let found: Vec<_> =
            reports.iter().flat_map(|r| watched.tick(std::slice::from_ref(r))).collect();
        found.into_iter().map(|(step, _, kind)| (step, kind)).collect::<Vec<_>>()
    };
    assert_eq!(kinds(walk(&[0.1, 0.1, 0.1, 0.1])), []);
    assert_eq!(kinds(walk(&[0.1, 0.1, 0.1, 0.3])), [(40, AlertKind::SuddenJump)]);
    assert_eq!(kinds(walk(&[0.6, 0.1, 0.1])), [(10, AlertKind::FastChange)]);
    // The scale of the updates is far below that of the weights.
    assert_eq!(kinds(walk(&[1e-3; 6])), [(50, AlertKind::BarelyMoves)]);
}

#[test]
fn how_a_layer_starts_is_seen_at_the_first_look() {
    let kinds = |name: &str, values: Vec<f64>| {
        let mut watched = Watched::new(AlertSettings::default());
        let found = watched.tick(&analysed(name, &[(0, values)]));
        found.into_iter().map(|(_, _, kind)| kind).collect::<Vec<_>>()
    };
    let times = |by: f64| entries(4).iter().map(|x| by * x).collect::<Vec<_>>();
    // Uniform entries of standard deviation 1/√3; the side of the inputs is 24.
    assert_eq!(kinds("a.up.weight", times(0.3)), []);
    assert_eq!(kinds("a.up.weight", times(3.0)), [AlertKind::LargeStart]);
    assert_eq!(kinds("token_embedding.weight", times(3.0)), []);
    assert_eq!(kinds("a.up.weight", times(0.0)), [AlertKind::ZeroWeights]);
    assert_eq!(kinds("a.up.weight.lora.b", times(0.0)), []);
    let row = entries(5)[..COLS].to_vec();
    let equal: Vec<f64> = (0..ROWS * COLS).map(|k| 0.2 * row[k / COLS]).collect();
    assert_eq!(kinds("a.up.weight", equal), [AlertKind::EqualUnits]);
}

#[test]
fn a_weight_that_is_not_finite_is_said_until_all_are() {
    let values = [[1.0; 6], [f64::NAN; 6], [f64::NAN; 6], [1.0; 6], [f64::INFINITY; 6]];
    let analyser = Analyser::new(AnalysisOptions::default(), Nulls::default()).unwrap();
    let report = |(step, values): (u64, &[f64; 6])| {
        let matrix = Matrix::new(&values[..], 2, 3, Orientation::OutIn).unwrap();
        let report = analyser.analyse(&matrix, Context::default()).unwrap().report;
        LayerReport::new(0, step, LayerId::from_name("a"), "f64".into(), report)
    };
    let found = given((0..).zip(&values).map(report));
    let found: Vec<_> =
        found.into_iter().filter(|(_, kind)| *kind == AlertKind::NonFiniteWeight).collect();
    assert_eq!(found, [(1, AlertKind::NonFiniteWeight), (4, AlertKind::NonFiniteWeight)]);
}

#[test]
fn none_is_given_where_none_is_wanted() {
    let mut watched = Watched::new(AlertSettings::none());
    for (step, figure) in (0..).zip([1.0, 1e-3, 1e3]) {
        let mut report = report(step, figure, figure);
        report.report.notes = vec![Note::Frozen, Note::Zero, Note::NotFinite { count: 1, of: 2 }];
        assert!(watched.tick(&[report]).is_empty());
    }
    let rank_collapse = Some(Trigger { at: 5.0, rearm: 5.0 });
    let settings = AlertSettings { rank_collapse, ..AlertSettings::none() };
    let mut watched = Watched::new(settings);
    let ranks = [20.0, 4.0];
    let found: Vec<_> =
        ranks.iter().zip(0..).flat_map(|(x, s)| watched.tick(&[report(s, *x, 1.0)])).collect();
    assert_eq!(found, [(1, "a".to_owned(), AlertKind::RankCollapse)]);
}
