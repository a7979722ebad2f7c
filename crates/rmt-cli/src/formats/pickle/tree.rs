//! The values of a pickle.

/// A value. A node is shared by all that hold its number; there may be cycles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in super::super) enum Value {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Node(u32),
}

/// A value that takes memory of its own.
#[derive(Debug)]
pub(in super::super) enum Node {
    Text(Box<str>),
    /// Where they are in the stream; they are not held.
    Bytes {
        at: u64,
        length: u64,
    },
    /// A function or a class: its module and, behind a dot, its name.
    Global(Box<str>),
    Tuple(Box<[Value]>),
    /// Also a set.
    List(Vec<Value>),
    Dict(Vec<(Value, Value)>),
    Object(Box<Object>),
    /// What lies beside the pickle.
    Persistent(Value),
}

/// What a call would give, with what is put into it afterwards.
#[derive(Debug)]
pub(in super::super) struct Object {
    pub(in super::super) class: Value,
    pub(in super::super) arguments: Value,
    pub(in super::super) state: Value,
    pub(in super::super) items: Vec<Value>,
    pub(in super::super) pairs: Vec<(Value, Value)>,
}

/// A pickle that was read.
#[derive(Debug)]
pub(in super::super) struct Tree {
    pub(super) nodes: Vec<Node>,
    pub(super) root: Value,
}

impl Tree {
    pub(in super::super) fn root(&self) -> Value {
        self.root
    }

    pub(in super::super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(in super::super) fn node(&self, value: Value) -> Option<&Node> {
        match value {
            Value::Node(at) => self.nodes.get(at as usize),
            _ => None,
        }
    }

    pub(in super::super) fn text(&self, value: Value) -> Option<&str> {
        match self.node(value)? {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The name of a function or a class.
    pub(in super::super) fn global(&self, value: Value) -> Option<&str> {
        match self.node(value)? {
            Node::Global(name) => Some(name),
            _ => None,
        }
    }

    /// The items of a tuple or a list.
    pub(in super::super) fn items(&self, value: Value) -> Option<&[Value]> {
        match self.node(value)? {
            Node::Tuple(items) => Some(items),
            Node::List(items) => Some(items),
            _ => None,
        }
    }

    /// The pairs of a dict, or of what is filled as one.
    pub(in super::super) fn pairs(&self, value: Value) -> Option<&[(Value, Value)]> {
        match self.node(value)? {
            Node::Dict(pairs) => Some(pairs),
            Node::Object(object) if !object.pairs.is_empty() => Some(&object.pairs),
            _ => None,
        }
    }

    /// What a dict has under a key; of several, the last, as in Python.
    pub(in super::super) fn get(&self, value: Value, key: &str) -> Option<Value> {
        let mut pairs = self.pairs(value)?.iter().rev();
        pairs.find(|(name, _)| self.text(*name) == Some(key)).map(|(_, value)| *value)
    }
}
