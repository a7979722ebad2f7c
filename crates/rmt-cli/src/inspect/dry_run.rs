//! `--dry-run`: what would be analysed, and what it would take.

use crate::measure::Place;
use crate::terminal::{clean, section};
use anyhow::Result;
use indicatif::HumanBytes;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rmt_core::Table;
use rmt_core::shard::{Shard, cost, peak_bytes};
use rmt_core::shown;
use rmt_core::{Analyser, Context, Matrix, NullModel, Orientation, Values};
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

/// Sides of the matrix that is timed: large enough to keep a core as busy as a large one does, and not
/// square, since those take one of two ways by their smallest value.
const SIDES: [usize; 2] = [768, 1024];
/// Permutations decompose it hundreds of times.
const SIDES_PERMUTED: [usize; 2] = [96, 128];
/// Times it is timed: the least counts, without what comes first.
const TIMES: usize = 5;
/// And for how long at most, but once.
const LONG: Duration = Duration::from_secs(2);
/// What the program holds beside its matrices, at most.
const PROGRAM: f64 = (64 << 20) as f64;

/// Time of this thread on a core where the system tells it, as Linux does: others may use the machine
/// as well. Else that of the clock on the wall.
struct Clock {
    on_core: Option<Duration>,
    wall: Instant,
}

impl Clock {
    fn start() -> Self {
        Self { on_core: on_core(), wall: Instant::now() }
    }

    fn elapsed(&self) -> Duration {
        let on_core = on_core().zip(self.on_core).and_then(|(now, then)| now.checked_sub(then));
        // A kernel may not count it.
        on_core.filter(|time| !time.is_zero()).unwrap_or_else(|| self.wall.elapsed())
    }
}

fn on_core() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_ascii_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// What things take on this machine.
pub(super) struct Forecast {
    seconds_per_cost: f64,
    jobs: usize,
    signs: bool,
}

impl Forecast {
    /// Times a random matrix, which is analysed on this thread alone.
    pub(super) fn new(analyser: &Analyser, jobs: NonZeroUsize) -> Result<Self> {
        let permuted = matches!(analyser.options().null_model, NullModel::Permutation { .. });
        let [rows, cols] = if permuted { SIDES_PERMUTED } else { SIDES };
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let signs = analyser.options().sign_copies > 0;
        // With a mean, or structure would not be told from scale, which takes most of the time of a trained matrix.
        let least = if signs { 0.25 } else { 0.5 };
        let values: Vec<f32> = (0..rows * cols).map(|_| rng.random::<f32>() - least).collect();
        let matrix = Matrix::new(Values::F32(&values), rows, cols, Orientation::InOut)?;
        let begin = Instant::now();
        let mut least = Duration::MAX;
        for _ in 0..TIMES {
            let clock = Clock::start();
            analyser.analyse(&matrix, Context::default())?;
            least = least.min(clock.elapsed());
            if begin.elapsed() > LONG {
                break;
            }
        }
        let seconds_per_cost = least.as_secs_f64() / cost(rows, cols);
        Ok(Self { seconds_per_cost, jobs: jobs.get(), signs })
    }

    /// Of matrices of these shapes; the largest is not split.
    fn seconds(&self, shapes: &[[usize; 2]]) -> f64 {
        let costs = || shapes.iter().map(|[rows, cols]| cost(*rows, *cols));
        let longest = costs().fold(0.0, f64::max);
        self.seconds_per_cost * (costs().sum::<f64>() / self.jobs as f64).max(longest)
    }

    /// Where the largest are analysed at a time.
    fn bytes(&self, shapes: &[[usize; 2]]) -> u64 {
        let mut sizes: Vec<f64> =
            shapes.iter().map(|[r, c]| peak_bytes(*r, *c, self.signs)).collect();
        sizes.sort_by(|a, b| b.total_cmp(a));
        (PROGRAM + sizes.iter().take(self.jobs).sum::<f64>()) as u64
    }
}

/// The matrices, or those of `shard`; and what the parts take, where there are any.
pub(super) fn text(
    places: &[Place<'_>],
    shard: Option<Shard>,
    ranks: Option<&Vec<usize>>,
    forecast: &Forecast,
    width: Option<usize>,
) -> String {
    let of = |rank: Option<usize>| -> Vec<&Place<'_>> {
        let ranks = ranks.into_iter().flatten().map(Some).chain(std::iter::repeat(None));
        let mine = places.iter().zip(ranks);
        mine.filter(|(_, of)| rank.is_none() || of.copied() == rank).map(|(p, _)| p).collect()
    };
    let shapes = |places: &[&Place<'_>]| -> Vec<[usize; 2]> {
        places.iter().map(|place| place.matrix.shape).collect()
    };
    let total: f64 = places.iter().map(|p| cost(p.matrix.shape[0], p.matrix.shape[1])).sum();
    let share = |shapes: &[[usize; 2]]| {
        let costs: f64 = shapes.iter().map(|[rows, cols]| cost(*rows, *cols)).sum();
        shown::percent(Some(costs / total))
    };

    let mine = of(shard.map(|shard| shard.rank));
    let several = mine.iter().any(|place| place.number > 0);
    let row = |place: &&Place<'_>| {
        let checkpoint = several.then(|| clean(&place.checkpoint.name()));
        let shape = place.matrix.shape;
        let own = [clean(&place.matrix.layer.path()), shown::shape(shape), share(&[shape])];
        checkpoint.into_iter().chain(own).collect()
    };
    let columns = several.then_some("checkpoint").into_iter().chain(["name", "shape", "cost"]);
    let columns = columns.map(str::to_owned).collect();
    let mut text = section(Table::new(columns, mine.iter().map(row).collect()), width, &[]);
    text.push('\n');

    let line = |name: String, places: &[&Place<'_>]| {
        let shapes = shapes(places);
        let time = duration(forecast.seconds(&shapes));
        let memory = HumanBytes(forecast.bytes(&shapes)).to_string();
        vec![name, places.len().to_string(), share(&shapes), time, memory]
    };
    let rows = match shard {
        Some(Shard { rank, world }) => (0..world)
            .map(|r| {
                line(format!("{r}/{world}{}", if r == rank { " *" } else { "" }), &of(Some(r)))
            })
            .collect(),
        None => vec![line("all".into(), &mine)],
    };
    let columns = ["part", "matrices", "cost", "time", "memory"].map(str::to_owned).into();
    text.push_str(&section(Table::new(columns, rows), width, &[]));
    text.push_str(&format!(
        "forecast for a machine like this, {} at a time, each on a core of its own; without reading the \
         file and without nulls that are simulated\n",
        forecast.jobs
    ));
    text
}

fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 60.0 => format!("{s:.1} s"),
        s if s < 6000.0 => format!("{:.1} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}
