//! Every order in which training threads, the worker and `finish` can come to the ledger: whatever it
//! is, each matrix and each scalar is counted once.
//!
//! The ledger is one mutex, so the steps below, each of which holds it once, are all that can be
//! interleaved. Each is the function that `Engine::submit`, `Engine::scalar`, the worker and
//! `Owner::finish` call; what is here is their order.

use super::{DropReason, Ledger, Outcome};
use crate::engine::weights::admit;
use crate::snapshot::{Admission, LayerSnapshot, WeightValues};
use rmt_core::Orientation;
use rmt_core::layers::LayerId;
use std::collections::VecDeque;

/// Room for one matrix and not for two.
const BUDGET: u64 = 10;
const BYTES: u64 = 6;

fn matrix() -> LayerSnapshot {
    let mut layer = LayerSnapshot::new(
        LayerId::from_name("a"),
        [1, 1],
        Orientation::OutIn,
        Box::new(WeightValues::F32(vec![1.0])),
    );
    layer.bytes = BYTES;
    layer.frozen = None;
    layer
}

#[derive(Clone, Copy)]
enum Job {
    Matrix,
    Scalar,
    Finish,
}

/// Where a thread is.
#[derive(Clone, Copy, PartialEq)]
enum At {
    Begin,
    /// Let in, not sent.
    LetIn,
    /// The worker has it.
    Holds,
    /// `finish` has closed the ledger; has told the worker; has waited.
    Closed,
    Told,
    Waited,
    End,
}

/// Two threads with a matrix each, one with a scalar, the worker and one that finishes.
const SUBMITS: [usize; 2] = [0, 1];
const SCALAR: usize = 2;
const WORKER: usize = 3;
const FINISH: usize = 4;

struct World {
    ledger: Ledger,
    queue: VecDeque<Job>,
    at: [At; 5],
    holds: Option<Job>,
}

/// What can happen next: a thread's step, or in its place a panic or the timeout.
type Action = (usize, bool);

impl World {
    fn new() -> Self {
        let ledger = Ledger::default();
        ledger.lock().budget = Some(BUDGET);
        Self { ledger, queue: VecDeque::new(), at: [At::Begin; 5], holds: None }
    }

    fn possible(&self) -> Vec<Action> {
        let mut actions = Vec::new();
        for (thread, at) in self.at.iter().enumerate() {
            match (thread, at) {
                (_, At::End) => {}
                (WORKER, At::Begin) if self.queue.is_empty() => {}
                // A panic outside the guarded parts.
                (WORKER, At::Begin | At::Holds) => {
                    actions.extend([(WORKER, false), (WORKER, true)])
                }
                (FINISH, At::Told) => {
                    if self.at[WORKER] == At::End {
                        actions.push((FINISH, false));
                    }
                    actions.push((FINISH, true));
                }
                _ => actions.push((thread, false)),
            }
        }
        actions
    }

    fn act(&mut self, (thread, exceptional): Action) {
        self.at[thread] = match (thread, self.at[thread]) {
            (thread, At::Begin) if SUBMITS.contains(&thread) => self.submit(),
            (thread, At::LetIn) if SUBMITS.contains(&thread) => self.send(Job::Matrix),
            (SCALAR, At::Begin) => match self.ledger.lock().admit_scalar(1) {
                Ok(()) => At::LetIn,
                Err(_) => At::End,
            },
            (SCALAR, _) => self.send(Job::Scalar),
            (WORKER, _) if exceptional => {
                self.ledger.abandon(DropReason::WorkerPanicked);
                At::End
            }
            (WORKER, At::Begin) => self.receive(),
            (WORKER, _) => {
                self.complete();
                if self.ledger.abandoned() { At::End } else { At::Begin }
            }
            (FINISH, At::Begin) => {
                self.ledger.close();
                At::Closed
            }
            (FINISH, At::Closed) => {
                let _ = self.send(Job::Finish);
                At::Told
            }
            (FINISH, At::Told) => {
                if exceptional {
                    self.ledger.abandon(DropReason::FinishTimeout);
                }
                At::Waited
            }
            _ => {
                self.ledger.abandon(DropReason::Finished);
                At::End
            }
        };
    }

    fn submit(&self) -> At {
        let mut layers = vec![matrix()];
        admit(&mut self.ledger.lock(), &mut layers, Admission::Normal);
        if layers.is_empty() { At::End } else { At::LetIn }
    }

    fn send(&mut self, job: Job) -> At {
        self.queue.push_back(job);
        At::End
    }

    fn receive(&mut self) -> At {
        match self.queue.pop_front() {
            Some(Job::Matrix) => {
                self.holds = Some(Job::Matrix);
                At::Holds
            }
            Some(Job::Scalar) => {
                self.holds = Some(Job::Scalar);
                At::Holds
            }
            Some(Job::Finish) | None => At::End,
        }
    }

    fn complete(&mut self) {
        match self.holds.take() {
            Some(Job::Scalar) => {
                self.ledger.complete_scalars(Outcome::Analysed, 1);
                self.ledger.release_scalar(1);
            }
            _ => self.ledger.complete(BYTES, Outcome::Analysed),
        }
    }

    /// What holds at every moment, and at the end.
    fn check(&self, ended: bool) {
        let state = self.ledger.lock();
        assert!(state.bytes_in_flight <= BUDGET);
        for counts in [&state.counts, &state.scalars] {
            let settled = counts.analysed + counts.dropped.total();
            assert!(settled <= counts.submitted, "{counts:?}");
            assert!(!ended || settled == counts.submitted, "{counts:?}");
        }
        if ended {
            assert_eq!((state.counts.submitted, state.scalars.submitted), (2, 1));
        }
    }
}

#[test]
fn whatever_the_order_each_is_counted_once() {
    // The choice made at each moment, of how many; the last that has another is tried next.
    let mut choices: Vec<(usize, usize)> = Vec::new();
    let (mut runs, mut outcomes) = (0_u64, std::collections::BTreeSet::new());
    loop {
        let mut world = World::new();
        let mut depth = 0;
        loop {
            let possible = world.possible();
            if possible.is_empty() || world.at[FINISH] == At::End && ended(&world) {
                break;
            }
            if depth == choices.len() {
                choices.push((0, possible.len()));
            }
            world.act(possible[choices[depth].0]);
            world.check(false);
            depth += 1;
        }
        world.check(true);
        runs += 1;
        outcomes.insert(format!("{:?}", world.ledger.lock().counts));
        while choices.last().is_some_and(|(choice, of)| choice + 1 == *of) {
            choices.pop();
        }
        match choices.last_mut() {
            Some((choice, _)) => *choice += 1,
            None => break,
        }
    }
    println!("{runs} orders, {} outcomes", outcomes.len());
    // Each reason that these threads can meet, alone and mixed.
    assert!(runs > 10_000, "{runs}");
    assert!(outcomes.len() > 10, "{outcomes:?}");
}

/// Nobody has anything more to do that counts.
fn ended(world: &World) -> bool {
    SUBMITS.iter().chain([&SCALAR]).all(|&thread| world.at[thread] == At::End)
}
