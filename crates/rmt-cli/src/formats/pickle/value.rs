//! A value of `pytorch-reader` 0.22 as far as its size, and what the reader does with it, go.

use super::size::{Size, grown, table};
use std::rc::Rc;

/// The attributes that make an object a module, whose state dict is read.
const TABLES: [&str; 3] = ["_parameters", "_buffers", "_modules"];
/// Other texts that decide what the reader does: parts of the names of what it calls.
const CALLED: [&str; 14] = [
    "collections",
    "OrderedDict",
    "builtins",
    "__builtin__",
    "set",
    "frozenset",
    "torch._utils",
    "_rebuild_tensor",
    "_rebuild_tensor_v2",
    "_rebuild_tensor_v3",
    "_rebuild_parameter",
    "_rebuild_parameter_with_state",
    "torch._tensor",
    "_rebuild_from_type_v2",
];
/// Bytes of the longest.
pub(super) const LONGEST_WORD: usize = "_rebuild_parameter_with_state".len();

/// Which of the texts that matter this is.
pub(super) fn word(text: &[u8]) -> Option<&'static str> {
    let mut words = TABLES.iter().chain(&CALLED);
    words.find(|word| word.as_bytes() == text).copied()
}

/// What a value is, as far as that decides what the reader does with it.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Other,
    Text(Option<&'static str>),
    List(List),
    Dict(Dict),
    Class(Call),
    /// Of any kind: what a call gives back that is not followed into its arguments.
    Any,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct List {
    items: u64,
    capacity: u64,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Dict {
    entries: u64,
    /// What it has of a module, if anything.
    module: Option<Rc<Module>>,
}

/// The tables of a module among the entries of a dict.
#[derive(Debug, Clone, Default)]
pub(super) struct Module {
    tables: [Option<Table>; 3],
    /// A key is not known: it may be any.
    unknown: bool,
}

#[derive(Debug, Clone, Copy)]
struct Table {
    size: Size,
    /// Of a dict; of any value, 0.
    entries: u64,
    is_dict: Certainty,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Certainty {
    Yes,
    Maybe,
    No,
}

/// What a call of a class does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// Makes a dict of pairs.
    Pairs,
    /// Makes a list of items.
    Items,
    Tensor,
    /// Gives back an argument, or makes another call of it.
    Argument,
    /// Gives an object of which only the class is kept.
    Opaque,
}

impl Call {
    pub(super) fn of(module: Option<&str>, name: Option<&str>) -> Self {
        match (module, name) {
            (Some("collections"), Some("OrderedDict")) => Self::Pairs,
            (Some("builtins" | "__builtin__"), Some("set" | "frozenset")) => Self::Items,
            (
                Some("torch._utils"),
                Some("_rebuild_tensor" | "_rebuild_tensor_v2" | "_rebuild_tensor_v3"),
            ) => Self::Tensor,
            (
                Some("torch._utils"),
                Some("_rebuild_parameter" | "_rebuild_parameter_with_state"),
            )
            | (Some("torch._tensor"), Some("_rebuild_from_type_v2")) => Self::Argument,
            _ => Self::Opaque,
        }
    }
}

/// A value: what it is and what it takes.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub(super) kind: Kind,
    pub(super) size: Size,
    /// The slot of the memo that it was put into.
    pub(super) memo: Option<u32>,
}

impl Value {
    fn new(kind: Kind, size: Size) -> Self {
        Self { kind, size, memo: None }
    }

    /// One that takes no more than its slot.
    pub(super) fn scalar() -> Self {
        Self::new(Kind::Other, Size::default())
    }

    pub(super) fn list() -> Self {
        Self::new(Kind::List(List::default()), Size::default())
    }

    pub(super) fn dict() -> Self {
        Self::new(Kind::Dict(Dict::default()), Size::default())
    }

    /// Bytes, or the name of a class.
    pub(super) fn bytes(length: u64) -> Self {
        Self::new(Kind::Other, Size::text(length))
    }

    pub(super) fn text(length: u64, word: Option<&'static str>) -> Self {
        Self::new(Kind::Text(word), Size::text(length))
    }

    /// A class of this kind, by the sizes of its names.
    pub(super) fn class(kind: Kind, module: Size, name: Size) -> Self {
        Self::new(kind, Size::name(module, name))
    }

    pub(super) fn tuple(items: Vec<Self>) -> Self {
        Self::new(Kind::Other, Size::tuple(items.into_iter().map(|item| item.size)))
    }

    /// Puts items into a list; false for what cannot be one.
    pub(super) fn extend(&mut self, items: Vec<Self>) -> bool {
        let added = items.len() as u64;
        let room = match &mut self.kind {
            Kind::List(list) => {
                list.items = list.items.saturating_add(added);
                let before = list.capacity;
                list.capacity = grown(before, list.items);
                list.capacity.saturating_sub(before)
            }
            // At most twice what it holds, and room for four.
            Kind::Any => added.saturating_mul(2).saturating_add(4),
            _ => return false,
        };
        self.size.extend(room, items.into_iter().map(|item| item.size));
        true
    }

    /// Puts keys and values into a dict; what its table takes while it grows, or nothing for what cannot
    /// be a dict, or no pairs.
    pub(super) fn insert(&mut self, items: Vec<Self>) -> Option<u64> {
        let added = (items.len() as u64) / 2;
        let (before, after) = match &mut self.kind {
            _ if !items.len().is_multiple_of(2) => return None,
            Kind::Dict(dict) => {
                let before = table(dict.entries);
                dict.entries = dict.entries.saturating_add(added);
                (before, table(dict.entries))
            }
            // A table grows at most by what it would take anew, and as much again.
            Kind::Any => (0, table(added).saturating_mul(2)),
            _ => return None,
        };
        self.size = self.size.tabled(after.saturating_sub(before));
        let mut items = items.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            self.note(&key, &value);
            self.size.entry(key.size, value.size);
        }
        Some(if after > before { before } else { 0 })
    }

    /// Keeps what decides whether a dict is the state of a module.
    fn note(&mut self, key: &Self, value: &Self) {
        let Kind::Dict(Dict { module, .. }) = &mut self.kind else { return };
        let at = match key.kind {
            Kind::Text(Some(word)) => TABLES.iter().position(|&table| table == word),
            Kind::Any => {
                Rc::make_mut(module.get_or_insert_default()).unknown = true;
                None
            }
            _ => None,
        };
        let (entries, is_dict) = match &value.kind {
            Kind::Dict(dict) => (dict.entries, Certainty::Yes),
            Kind::Any => (0, Certainty::Maybe),
            _ => (0, Certainty::No),
        };
        let Some(at) = at else { return };
        let module = Rc::make_mut(module.get_or_insert_default());
        if let Some(slot) = module.tables.get_mut(at) {
            *slot = Some(Table { size: value.size, entries, is_dict });
        }
    }

    /// The storage that an identifier stands for, and what is noted of it beside.
    pub(super) fn storage(identifier: &Self) -> (Self, u64) {
        let (size, noted) = Size::storage(identifier.size);
        (Self::new(Kind::Other, size), noted)
    }

    /// An object of which only the name of its class is kept.
    pub(super) fn opaque(self) -> Self {
        Self::new(Kind::Other, self.size.opaque())
    }

    /// What a call gives, and what it takes besides for as long as a copy of that lives.
    pub(super) fn reduce(self, arguments: &Self) -> (Self, u64) {
        let size = arguments.size;
        let call = match self.kind {
            Kind::Class(call) => call,
            Kind::Any => Call::Argument,
            _ => Call::Opaque,
        };
        match call {
            // Empty, as it is written before its entries are.
            Call::Pairs if size.heap == 0 => (Self::dict(), 0),
            Call::Pairs => {
                let (entries, size) = size.pairs();
                let module = Some(Rc::new(Module::unknown()));
                (Self::new(Kind::Dict(Dict { entries, module }), size), 0)
            }
            Call::Items => (Self::new(Kind::Any, size), 0),
            Call::Tensor => {
                let (tensor, shared) = size.tensor();
                (Self::new(Kind::Other, tensor), shared)
            }
            Call::Argument => {
                let (tensor, shared) = size.tensor();
                let any = size.pairs().1.and(tensor).and(self.size.opaque());
                (Self::new(Kind::Any, any), shared)
            }
            Call::Opaque => (self.opaque(), 0),
        }
    }

    /// An object whose state is set: a dict takes in the entries of another, a module becomes its tables.
    pub(super) fn build(self, state: &Self) -> Self {
        match (&self.kind, &state.kind) {
            (Kind::Dict(one), Kind::Dict(other)) => {
                let entries = one.entries.saturating_add(other.entries);
                let size = self.size.and(state.size).merged(&[one.entries, other.entries]);
                // A key of either counts; that one is in both is not followed.
                let module = match (&one.module, &other.module) {
                    (None, None) => None,
                    _ => Some(Rc::new(Module::unknown())),
                };
                Self::new(Kind::Dict(Dict { entries, module }), size)
            }
            (Kind::Dict(_), Kind::Any) | (Kind::Any, Kind::Dict(_) | Kind::Any) => {
                Self::new(Kind::Any, self.size.and(state.size).doubled())
            }
            (Kind::Dict(_), _) => Self { memo: None, ..self },
            (Kind::Any, _) => Self::new(Kind::Any, self.size.and(Size::text(0))),
            (_, Kind::Dict(Dict { module: None, .. })) => self.opaque(),
            (_, Kind::Dict(Dict { module: Some(module), .. })) if !module.unknown => {
                module.state(self)
            }
            (_, Kind::Dict(_) | Kind::Any) => {
                Self::new(Kind::Any, self.size.opaque().and(state.size).doubled())
            }
            _ => self.opaque(),
        }
    }
}

impl Module {
    fn unknown() -> Self {
        Self { unknown: true, ..Self::default() }
    }

    /// What an object with these attributes becomes: one dict of all their entries.
    fn state(&self, object: Value) -> Value {
        let mut size = Size::default();
        let mut sure = true;
        for table in &self.tables {
            match table {
                Some(table) if table.is_dict != Certainty::No => {
                    size = size.and(table.size);
                    sure &= table.is_dict == Certainty::Yes;
                }
                _ => return object.opaque(),
            }
        }
        if !sure {
            return Value::new(Kind::Any, size.and(object.size.opaque()).doubled());
        }
        let entries = self.tables.map(|table| table.map_or(0, |table| table.entries));
        let size = size.merged(&entries);
        // Its parts may have any name.
        let module = Some(Rc::new(Self::unknown()));
        let entries = entries.into_iter().fold(0, u64::saturating_add);
        Value::new(Kind::Dict(Dict { entries, module }), size)
    }
}
