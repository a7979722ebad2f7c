//! What the values of `pytorch-reader` 0.22 take, as upper bounds for 64-bit machines.

/// Its enum of values, which is also an item of a tuple or a list.
const OBJECT: u64 = 72;
/// A value with what the stack and the memo note of it.
pub(super) const SLOT: u64 = 88;
/// A mark.
pub(super) const MARK: u64 = 8;
/// An entry of the memo, or of a dict (key and value), with its byte of control.
const ENTRY: u64 = 97;
/// What the allocator adds to a piece of memory, and the smallest piece.
const PIECE: u64 = 32;
/// What all copies of a tensor share: how it is read. Its sides and the key of its storage come on top.
const PROVIDER: u64 = 256;
/// What is noted of a storage in a file of PyTorch before 1.6.
const NOTED: u64 = 144;
/// Digits of the longest number, as a key of a dict or a part of a path.
const NUMBER: u64 = 20;
/// What is made of each tensor of the tree, apart from its names: entries of tables and lists.
const FOUND: u64 = 1024;
/// Copies of each tensor's name.
const NAMES: u64 = 4;
/// A byte of a text is at most `\u{1b}` in a message, which is copied; a value takes more than its name.
const PRINTED: u64 = 8;

/// The memory of a table with so many entries: a power of two of places, of which 7/8 may be filled.
pub(super) fn table(entries: u64) -> u64 {
    let places = match entries {
        0 => return 0,
        1..=3 => 4,
        4..=7 => 8,
        more => more.saturating_mul(8).div_ceil(7).checked_next_power_of_two().unwrap_or(u64::MAX),
    };
    places.saturating_mul(ENTRY).saturating_add(PIECE)
}

/// Places in a vector that had so many, once it holds so many items.
pub(super) fn grown(capacity: u64, items: u64) -> u64 {
    if items <= capacity { capacity } else { items.max(capacity.saturating_mul(2)).max(4) }
}

/// Upper bounds of what a value and all below it take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// Bytes of memory, apart from the slot that the value is in.
    pub(super) heap: u64,
    /// What of them the tables of dicts are.
    tables: u64,
    /// Tensors, and storages that tensors may be made of.
    tensors: u64,
    /// Bytes of the tensors' paths below this value.
    paths: u64,
    /// Bytes of the longest text.
    pub(super) longest: u64,
}

impl Size {
    fn more(self, heap: u64) -> Self {
        Self { heap: self.heap.saturating_add(heap), ..self }
    }

    /// With so much more in tables.
    pub(super) fn tabled(self, table: u64) -> Self {
        Self { tables: self.tables.saturating_add(table), ..self.more(table) }
    }

    /// Both together.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            heap: self.heap.saturating_add(other.heap),
            tables: self.tables.saturating_add(other.tables),
            tensors: self.tensors.saturating_add(other.tensors),
            paths: self.paths.saturating_add(other.paths),
            longest: self.longest.max(other.longest),
        }
    }

    /// With paths that are longer by a part of so many bytes.
    fn below(self, part: u64) -> Self {
        let parts = self.tensors.saturating_mul(part.saturating_add(1));
        Self { paths: self.paths.saturating_add(parts), ..self }
    }

    /// A text, read into a buffer that grows by doubling.
    pub(super) fn text(length: u64) -> Self {
        let heap = length.saturating_mul(2).saturating_add(PIECE);
        Self { heap, longest: length, ..Self::default() }
    }

    /// A class, which keeps both its names.
    pub(super) fn name(module: Self, name: Self) -> Self {
        let longest = module.longest.saturating_add(name.longest).saturating_add(1);
        Self { longest, ..module.and(name) }
    }

    pub(super) fn tuple(items: impl Iterator<Item = Self>) -> Self {
        let all = items.fold(Self::default(), |all, item| all.and(item.below(NUMBER).more(OBJECT)));
        if all.heap == 0 { all } else { all.more(PIECE) }
    }

    /// Takes in items for which so many places are added.
    pub(super) fn extend(&mut self, places: u64, items: impl Iterator<Item = Self>) {
        let room = places.saturating_mul(OBJECT);
        let piece = if room > 0 { PIECE } else { 0 };
        let all = self.more(room.saturating_add(piece));
        *self = items.fold(all, |all, item| all.and(item.below(NUMBER)));
    }

    /// Takes in a key and what is below it, for which there is a place.
    pub(super) fn entry(&mut self, key: Self, value: Self) {
        // A number becomes a text.
        let key = if key.longest == 0 { Self::text(NUMBER) } else { key };
        *self = self.and(key).and(value.below(key.longest));
    }

    /// A dict of the pairs in this value, and at most how many they are.
    pub(super) fn pairs(self) -> (u64, Self) {
        // Each is an item, and has two.
        let pairs = self.heap / (3 * OBJECT);
        let key = Self::text(NUMBER).heap.saturating_mul(pairs);
        let longest = self.longest.max(NUMBER);
        (pairs, self.below(longest).tabled(table(pairs)).more(key))
    }

    /// A tensor of these arguments, and what its copies share.
    pub(super) fn tensor(self) -> (Self, u64) {
        // Each side of a shape is an item of them, and a number in each of three lists.
        let side = size_of::<u64>() as u64;
        let sides = self.heap / OBJECT;
        let heap = sides.saturating_mul(side).saturating_add(PIECE);
        let shared = sides.saturating_mul(2 * side).saturating_add(self.longest);
        let tensor = Self { heap, tensors: 1, ..Self::default() };
        (tensor, shared.saturating_add(PROVIDER))
    }

    /// The storage that this identifies, and what is noted of it.
    pub(super) fn storage(self) -> (Self, u64) {
        let key = Self::text(self.longest.max(NUMBER));
        (Self { tensors: 1, ..key }, key.heap.saturating_add(NOTED))
    }

    /// An object of this class, of which the name is kept.
    pub(super) fn opaque(self) -> Self {
        Self { tensors: 0, paths: 0, ..self.more(PIECE) }
    }

    /// One dict of what was in several.
    pub(super) fn merged(self, entries: &[u64]) -> Self {
        let (mut all, mut apart) = (0u64, 0u64);
        for &entries in entries {
            all = all.saturating_add(entries);
            apart = apart.saturating_add(table(entries));
        }
        self.tabled(table(all).saturating_sub(apart))
    }

    /// With all memory twice: tables may have to grow.
    pub(super) fn doubled(self) -> Self {
        self.tabled(self.heap)
    }

    /// What is made of the tree of a pickle once it is read, beside it: the tables of another that it is
    /// converted to (its lists are converted where they are), and the list of its tensors.
    pub(super) fn found(self) -> u64 {
        let names = self.paths.saturating_mul(NAMES);
        self.tensors.saturating_mul(FOUND).saturating_add(names).saturating_add(self.tables)
    }

    /// The tree as a text, in a message.
    pub(super) fn printed(self) -> u64 {
        self.heap.saturating_mul(PRINTED)
    }
}
