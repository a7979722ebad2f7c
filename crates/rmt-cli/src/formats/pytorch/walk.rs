//! All tensors and arrays in the tree of a pickle, each by its path.

use super::objects::{What, what};
use crate::formats::checkpoint::Top;
use crate::formats::pickle::{Node, Tree, Value};
use std::collections::{HashMap, HashSet};

/// Values within values, at most so deep: deeper ones are not looked at.
const DEEPEST: usize = 400;
/// Memory for the names of what is found, whatever the length of the pickle, and for each of its bytes.
const NAMES: u64 = 8 << 20;
const NAMES_PER_BYTE: u64 = 32;
/// A tensor takes at least so many bytes of a pickle, but for a few that are fetched again.
const BYTES_PER_TENSOR: u64 = 8;
const FETCHED: u64 = 1000;
/// Steps of the walk for each byte of the pickle; more are taken where it holds one thing in many places.
const STEPS_PER_BYTE: u64 = 8;
const STEPS: u64 = 1 << 16;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Path, what it is, and whether it is a part of an optimizer's state.
    pub(super) tensors: Vec<(String, What, bool)>,
    /// What the keys at the top hold.
    pub(super) top: HashMap<String, Top>,
    /// Whether something lies too deep.
    pub(super) too_deep: bool,
}

/// Walks a tree whose pickle has so many bytes.
///
/// # Errors
/// When it holds more than its length allows for.
pub(super) fn walk(tree: &Tree, length: u64) -> Result<Found, String> {
    let mut walk = Walk {
        tree,
        found: Found::default(),
        path: String::new(),
        names: NAMES.saturating_add(NAMES_PER_BYTE.saturating_mul(length)),
        steps: STEPS.saturating_add(STEPS_PER_BYTE.saturating_mul(length)),
        tensors: FETCHED.saturating_add(length / BYTES_PER_TENSOR),
        barren: HashSet::new(),
        above: Vec::new(),
    };
    match walk.visit(tree.root(), false) {
        Some(_) => Ok(walk.found),
        None => Err(format!(
            "its pickle of {length} bytes stands for more than it is long: it holds the same values in too many \
             places. If you trust the file, load it with PyTorch and save the state dict of the model alone"
        )),
    }
}

struct Walk<'a> {
    tree: &'a Tree,
    found: Found,
    path: String,
    /// Bytes of names, steps and tensors that are left.
    names: u64,
    steps: u64,
    tensors: u64,
    /// Nodes below which there is no tensor.
    barren: HashSet<u32>,
    /// Nodes that lead to where the walk is.
    above: Vec<u32>,
}

impl Walk<'_> {
    /// Whether there is a tensor at or below a value; `None` where the walk takes too much.
    fn visit(&mut self, value: Value, training: bool) -> Option<bool> {
        self.steps = self.steps.checked_sub(1)?;
        let Value::Node(number) = value else { return Some(false) };
        if self.barren.contains(&number) || self.above.contains(&number) {
            return Some(false);
        }
        if let Some(what) = what(self.tree, value) {
            self.names = self.names.checked_sub(self.path.len() as u64)?;
            self.tensors = self.tensors.checked_sub(1)?;
            self.found.tensors.push((self.path.clone(), what, training));
            return Some(true);
        }
        if self.above.len() >= DEEPEST {
            self.found.too_deep = true;
            return Some(true);
        }
        self.above.push(number);
        let any = self.below(value, training);
        self.above.pop();
        if any == Some(false) {
            self.barren.insert(number);
        }
        any
    }

    fn below(&mut self, value: Value, training: bool) -> Option<bool> {
        let tree = self.tree;
        let has = |key| tree.get(value, key).is_some();
        let training = training || (has("state") && has("param_groups"));
        let mut any = false;
        match tree.node(value) {
            Some(Node::Dict(pairs)) => any |= self.pairs(pairs, training)?,
            Some(Node::List(items)) => any |= self.items(items, training)?,
            Some(Node::Tuple(items)) => any |= self.items(items, training)?,
            Some(Node::Object(object)) => {
                any |= self.visit(object.class, training)?;
                let arguments = tree.items(object.arguments).unwrap_or_default();
                // A dict that is made of its pairs.
                let made = arguments.first().and_then(|first| tree.items(*first));
                let pair = |item: &Value| match tree.items(*item) {
                    Some(&[key, value]) if tree.text(key).is_some() => Some((key, value)),
                    _ => None,
                };
                let made: Option<Vec<(Value, Value)>> =
                    made.and_then(|items| items.iter().map(pair).collect());
                any |= match made {
                    Some(pairs) => self.pairs(&pairs, training)?,
                    None => self.items(arguments, training)?,
                };
                any |= self.state(object.state, training)?;
                any |= self.items(&object.items, training)?;
                any |= self.pairs(&object.pairs, training)?;
            }
            _ => {}
        }
        Some(any)
    }

    /// The attributes of an object; those of a module are in tables.
    fn state(&mut self, state: Value, training: bool) -> Option<bool> {
        let tree = self.tree;
        let Some(pairs) = tree.pairs(state) else {
            // With slots: (attributes, slots).
            return match tree.items(state) {
                Some(&[attributes, slots]) => {
                    Some(self.visit(attributes, training)? | self.visit(slots, training)?)
                }
                _ => self.visit(state, training),
            };
        };
        let mut any = false;
        let mut others = Vec::new();
        for &(key, value) in pairs {
            match tree.text(key) {
                Some("_parameters" | "_buffers" | "_modules") => {
                    any |= self.visit(value, training)?
                }
                _ => others.push((key, value)),
            }
        }
        Some(any | self.pairs(&others, training)?)
    }

    fn items(&mut self, items: &[Value], training: bool) -> Option<bool> {
        let mut any = false;
        for (at, item) in items.iter().enumerate() {
            any |= self.child(&at.to_string(), *item, training)?;
        }
        Some(any)
    }

    fn pairs(&mut self, pairs: &[(Value, Value)], training: bool) -> Option<bool> {
        let keys: Vec<String> = pairs.iter().map(|(key, _)| self.key(*key)).collect();
        let last: HashMap<&str, usize> =
            keys.iter().enumerate().map(|(at, key)| (key.as_str(), at)).collect();
        let mut any = false;
        for (at, (key, (_, value))) in keys.iter().zip(pairs).enumerate() {
            // Of a key that comes twice, the last counts, as in Python.
            if last.get(key.as_str()) == Some(&at) {
                any |= self.child(key, *value, training)?;
            }
        }
        Some(any)
    }

    fn child(&mut self, key: &str, value: Value, training: bool) -> Option<bool> {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(key);
        let any = self.visit(value, training);
        self.path.truncate(length);
        if self.above.len() == 1 && any == Some(true) {
            let leaf = what(self.tree, value).is_some();
            let top = if leaf { Top::Leaf } else { Top::Tree };
            self.found.top.insert(key.to_owned(), top);
        }
        any
    }

    /// A key as a part of a path.
    fn key(&self, key: Value) -> String {
        match key {
            Value::None => "None".into(),
            Value::Bool(key) => key.to_string(),
            Value::Int(key) => key.to_string(),
            Value::Float(key) => key.to_string(),
            Value::Node(number) => match self.tree.node(key) {
                Some(Node::Text(text)) => text.to_string(),
                Some(Node::Global(name)) => name.to_string(),
                Some(Node::Tuple(items)) => {
                    let simple = |item: &Value| match self.tree.node(*item) {
                        Some(Node::Tuple(_) | Node::List(_)) => "…".into(),
                        _ => self.key(*item),
                    };
                    let items: Vec<String> = items.iter().take(8).map(simple).collect();
                    format!("({})", items.join(", "))
                }
                _ => format!("object {number}"),
            },
        }
    }
}
