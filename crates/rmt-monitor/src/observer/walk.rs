//! Walks through a model and takes handles on its due matrices.

use crate::engine::Engine;
use crate::snapshot::LayerSnapshot;
use std::collections::HashMap;
use std::ops::Range;

/// A model, as its framework's adapter shows it.
pub trait Model {
    /// Shows `walk` each parameter that may hold matrices, in the same order every time.
    fn walk(&self, walk: &mut Walk<'_>);

    /// A later walk through the same model, when forwards have initialized the parameters that
    /// `walk` found uninitialized. `None`, the default, suits a framework that initializes
    /// parameters at once.
    fn later(&self) -> Option<Later> {
        None
    }
}

/// A walk that is made later.
pub type Later = Box<dyn FnOnce(&mut Walk<'_>) + Send>;

/// What a walk looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The weights that are due.
    Due,
    /// All weights, whatever the schedule says.
    All,
    /// The parameters that are due and have a gradient of their own.
    Gradients,
}

/// Takes the due matrices among the parameters that a [`Model`] shows it.
#[derive(Debug)]
pub struct Walk<'a> {
    engine: &'a Engine,
    step: u64,
    wanted: Wanted,
    pub(super) found: Found,
}

/// What a walk found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) layers: Vec<LayerSnapshot>,
    /// Watched parameters that are read as matrices, due or not.
    pub(super) watched: usize,
    /// Names of due parameters that are not drawn yet.
    pub(super) uninitialized: Vec<String>,
    /// One message for each parameter that cannot be read as matrices.
    pub(super) unreadable: Vec<String>,
    /// Where the first matrix lives; asked for until the run has started.
    pub(super) device: Option<String>,
    /// Names of all parameters that may hold matrices, watched or not, until the run has started.
    pub(super) parameters: Option<Vec<String>>,
    /// Names and identities of all watched parameters, due or not; tied ones under each name.
    pub(super) ids: Vec<(String, u64)>,
    /// Each parameter's matrices among `layers`.
    pub(super) places: HashMap<u64, Range<usize>>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(engine: &'a Engine, step: u64, wanted: Wanted) -> Self {
        let parameters = (!engine.started()).then(Vec::new);
        Self { engine, step, wanted, found: Found { parameters, ..Found::default() } }
    }

    /// What `model` shows.
    pub(super) fn of(engine: &'a Engine, step: u64, wanted: Wanted, model: &dyn Model) -> Found {
        let mut walk = Self::new(engine, step, wanted);
        model.walk(&mut walk);
        walk.found
    }

    /// The engine, which knows settings, layouts and kinds by name.
    pub fn engine(&self) -> &'a Engine {
        self.engine
    }

    /// Whether only parameters with their own gradient count. A product of parameters has none.
    pub fn is_of_gradients(&self) -> bool {
        self.wanted == Wanted::Gradients
    }

    /// Meets a parameter that may hold matrices. `id` is its identity, independent of its name and
    /// values. Returns whether the parameter is watched and new. A parameter with the identity of
    /// an earlier one is tied to it.
    pub fn meet(&mut self, name: &str, id: u64) -> bool {
        let found = &mut self.found;
        if let Some(parameters) = &mut found.parameters {
            parameters.push(name.to_owned());
        }
        if !self.engine.watches(name) {
            return false;
        }
        found.ids.push((name.to_owned(), id));
        if let Some(matrices) = found.places.get(&id) {
            let tied = found.layers.get_mut(matrices.clone()).unwrap_or_default();
            tied.iter_mut().for_each(|layer| layer.notes.push(format!("tied: also {name}")));
            return false;
        }
        found.places.insert(id, 0..0);
        true
    }

    /// Counts the met parameter, which is read as matrices. Returns whether it is due.
    pub fn is_due(&mut self) -> bool {
        let number = self.found.watched;
        self.found.watched += 1;
        self.wanted == Wanted::All || self.engine.layer_due(self.step, number)
    }

    /// Keeps the matrices of a due parameter, in storage order.
    pub fn take(&mut self, id: u64, matrices: impl IntoIterator<Item = LayerSnapshot>) {
        let first = self.found.layers.len();
        self.found.layers.extend(matrices);
        self.found.places.insert(id, first..self.found.layers.len());
    }

    /// Meets, counts and takes a parameter that is one matrix. `snapshot` is called only if it is
    /// due.
    pub fn matrix(&mut self, name: &str, id: u64, snapshot: impl FnOnce() -> LayerSnapshot) {
        if self.meet(name, id) && self.is_due() {
            self.take(id, [snapshot()]);
        }
    }

    /// The matrix that was taken last.
    pub fn last_taken(&mut self) -> Option<&mut LayerSnapshot> {
        self.found.layers.last_mut()
    }

    /// Reports a due parameter that the framework has not initialized yet. See [`Model::later`].
    pub fn uninitialized(&mut self, name: String) {
        self.found.uninitialized.push(name);
    }

    /// Reports a parameter that cannot be read as matrices. `message` becomes a warning, once per
    /// run.
    pub fn unreadable(&mut self, message: String) {
        self.found.unreadable.push(message);
    }

    /// Records the device of the model for `run.json`. `device` is called once.
    pub fn on_device(&mut self, device: impl FnOnce() -> String) {
        if self.found.parameters.is_some() {
            self.found.device.get_or_insert_with(device);
        }
    }
}
