//! The stack machine of `pytorch-reader` 0.22, with sizes for values.

use super::limit::Limit;
use super::size::{MARK, SLOT, Size, table};
use super::stream::Stream;
use super::value::{Call, Kind, Value, word};
use std::collections::HashMap;
use std::io::BufRead;

/// Why a walk ends before the pickle does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Halt {
    /// The reader refuses it here, or earlier.
    Malformed,
    /// It would take too much.
    Excess,
}

type Step<T = ()> = Result<T, Halt>;

/// What the reader holds, and has copied. Used for one pickle after the other: what the ones before it
/// came to is still held.
pub(super) struct Machine {
    limit: Limit,
    stack: Vec<Value>,
    marks: Vec<usize>,
    memo: HashMap<u32, Value>,
    /// Most values and marks at a time: their memory is kept, and has up to twice the room.
    deepest: usize,
    most_marks: usize,
    /// Bytes of all values on the stack and in the memo, and of what stays when they go.
    held: u64,
    /// Bytes of all copies so far.
    copied: u64,
    /// Bytes that the last step held for its own time.
    passing: u64,
}

impl Machine {
    pub(super) fn new(limit: Limit) -> Self {
        Self {
            limit,
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            deepest: 0,
            most_marks: 0,
            held: 0,
            copied: 0,
            passing: 0,
        }
    }

    /// Walks one pickle, which the reader prints if it is not what it should be.
    pub(super) fn run<R: BufRead>(&mut self, stream: &mut Stream<R>, printed: bool) -> Step {
        loop {
            let code = stream.number(1).ok_or(Halt::Malformed)?;
            let code = u8::try_from(code).map_err(|_| Halt::Malformed)?;
            if code == b'.' {
                break;
            }
            self.passing = 0;
            self.step(code, stream)?;
            self.within(stream.consumed())?;
        }
        let root = self.pop()?;
        self.end(&root);
        if printed {
            self.passing = self.passing.saturating_add(root.size.printed());
        }
        self.within(stream.consumed())
    }

    /// Of a pickle that is read the tree remains, and the tensors that are found in it.
    fn end(&mut self, root: &Value) {
        for gone in self.stack.drain(..).chain(self.memo.drain().map(|(_, value)| value)) {
            self.held = self.held.saturating_sub(gone.size.heap);
        }
        self.marks.clear();
        self.deepest = 0;
        self.most_marks = 0;
        self.held = self.held.saturating_add(root.size.heap);
        self.passing = root.size.found();
    }

    fn within(&self, consumed: u64) -> Step {
        let slots = (2 * SLOT).saturating_mul(self.deepest as u64);
        let marks = (2 * MARK).saturating_mul(self.most_marks as u64);
        let memo = table(self.memo.len() as u64);
        let tables = slots.saturating_add(marks).saturating_add(memo);
        let held = self.held.saturating_add(tables).saturating_add(self.passing);
        if held.max(self.copied) > self.limit.after(consumed) { Err(Halt::Excess) } else { Ok(()) }
    }

    fn push(&mut self, value: Value) {
        self.held = self.held.saturating_add(value.size.heap);
        self.stack.push(value);
        self.deepest = self.deepest.max(self.stack.len());
    }

    /// Whether nothing lies above the innermost mark.
    fn mark_on_top(&self) -> bool {
        self.marks.last() == Some(&self.stack.len())
    }

    fn top_mut(&mut self) -> Step<&mut Value> {
        if self.mark_on_top() {
            return Err(Halt::Malformed);
        }
        self.stack.last_mut().ok_or(Halt::Malformed)
    }

    fn pop(&mut self) -> Step<Value> {
        if self.mark_on_top() {
            return Err(Halt::Malformed);
        }
        let value = self.stack.pop().ok_or(Halt::Malformed)?;
        self.held = self.held.saturating_sub(value.size.heap);
        Ok(value)
    }

    /// As many values as are wanted, the lowest first.
    fn several(&mut self, count: usize) -> Step<Vec<Value>> {
        let mut values = Vec::with_capacity(count);
        for _ in 0..count {
            values.push(self.pop()?);
        }
        values.reverse();
        Ok(values)
    }

    /// The values above the innermost mark, which goes too.
    fn above_mark(&mut self) -> Step<Vec<Value>> {
        let mark = self.marks.pop().ok_or(Halt::Malformed)?;
        // The stack never sinks below a mark.
        let values = self.stack.split_off(mark.min(self.stack.len()));
        for value in &values {
            self.held = self.held.saturating_sub(value.size.heap);
        }
        self.passing = SLOT.saturating_mul(values.len() as u64);
        Ok(values)
    }

    fn copied(&mut self, value: &Value) {
        self.copied = self.copied.saturating_add(SLOT).saturating_add(value.size.heap);
    }

    fn put(&mut self, index: u32) -> Step {
        let top = self.top_mut()?;
        top.memo = Some(index);
        let value = top.clone();
        self.copied(&value);
        self.remember(index, value);
        Ok(())
    }

    fn remember(&mut self, index: u32, value: Value) {
        self.held = self.held.saturating_add(value.size.heap);
        let before = table(self.memo.len() as u64);
        if let Some(before) = self.memo.insert(index, value) {
            self.held = self.held.saturating_sub(before.size.heap);
        }
        // While it grows, a table is there twice.
        if table(self.memo.len() as u64) > before {
            self.passing = before;
        }
    }

    fn get(&mut self, index: u32) -> Step {
        let value = self.memo.get(&index).ok_or(Halt::Malformed)?.clone();
        self.copied(&value);
        self.push(value);
        Ok(())
    }

    /// Puts items into the topmost value.
    fn extend(&mut self, items: Vec<Value>) -> Step {
        let top = self.top_mut()?;
        let before = top.size.heap;
        let fits = top.extend(items);
        let after = top.size.heap;
        self.held = self.held.saturating_add(after).saturating_sub(before);
        if fits { Ok(()) } else { Err(Halt::Malformed) }
    }

    /// Puts keys and values into the topmost value.
    fn insert(&mut self, items: Vec<Value>) -> Step {
        let top = self.top_mut()?;
        let before = top.size.heap;
        let growing = top.insert(items).ok_or(Halt::Malformed)?;
        let after = top.size.heap;
        self.held = self.held.saturating_add(after).saturating_sub(before);
        self.passing = self.passing.saturating_add(growing);
        Ok(())
    }

    /// Pushes what is made once, with what of it all copies share.
    fn push_shared(&mut self, (value, shared): (Value, u64)) {
        self.held = self.held.saturating_add(shared);
        self.push(value);
    }

    fn build(&mut self) -> Step {
        let state = self.pop()?;
        let object = self.pop()?;
        let memo = object.memo;
        let built = object.build(&state);
        // The reader keeps the copy in the memo in step.
        if let Some(index) = memo {
            let kept = Value { memo, ..built.clone() };
            self.copied(&kept);
            self.remember(index, kept);
        }
        self.push(built);
        Ok(())
    }

    /// What one opcode does.
    fn step<R: BufRead>(&mut self, code: u8, stream: &mut Stream<R>) -> Step {
        let cut = Halt::Malformed;
        match code {
            // PROTO, FRAME
            0x80 => match stream.number(1) {
                Some(0..=5) => {}
                _ => return Err(cut),
            },
            0x95 => drop(stream.number(8).ok_or(cut)?),
            // NONE, NEWTRUE, NEWFALSE and numbers of fixed size
            b'N' | 0x88 | 0x89 => self.push(Value::scalar()),
            b'K' => self.fixed(1, stream)?,
            b'M' => self.fixed(2, stream)?,
            b'J' => self.fixed(4, stream)?,
            b'G' => self.fixed(8, stream)?,
            // INT, LONG, FLOAT as texts; LONG1, LONG4
            b'I' | b'L' | b'F' => {
                let line = stream.line().ok_or(cut)?;
                self.passing = Size::text(line.len() as u64).heap;
                self.push(Value::bytes(0));
            }
            0x8a => self.long(1, stream)?,
            0x8b => self.long(4, stream)?,
            // Texts: UNICODE, whose escapes may spell anything, and those behind their length
            b'V' => {
                let line = stream.line().ok_or(cut)?;
                let word = word(&line);
                // A byte beyond ASCII becomes two.
                let mut text = Value::text(2 * line.len() as u64, word);
                if line.contains(&b'\\') {
                    text.kind = Kind::Any;
                }
                self.push(text);
            }
            0x8c | b'U' => self.text(1, stream)?,
            b'X' | b'T' => self.text(4, stream)?,
            0x8d => self.text(8, stream)?,
            b'C' => self.bytes(1, stream)?,
            b'B' => self.bytes(4, stream)?,
            0x8e | 0x96 => self.bytes(8, stream)?,
            // Empty ones
            b')' => self.push(Value::scalar()),
            b']' | 0x8f => self.push(Value::list()),
            b'}' => self.push(Value::dict()),
            // MARK, TUPLE, TUPLE1 to TUPLE3
            b'(' => {
                self.marks.push(self.stack.len());
                self.most_marks = self.most_marks.max(self.marks.len());
            }
            b't' => {
                let items = self.above_mark()?;
                self.push(Value::tuple(items));
            }
            0x85..=0x87 => {
                let items = self.several(usize::from(code - 0x84))?;
                self.push(Value::tuple(items));
            }
            // LIST, FROZENSET, DICT
            b'l' | 0x91 => {
                let items = self.above_mark()?;
                let mut list = Value::list();
                list.extend(items);
                self.push(list);
            }
            b'd' => {
                let items = self.above_mark()?;
                let mut dict = Value::dict();
                dict.insert(items).ok_or(cut)?;
                self.push(dict);
            }
            // APPEND, APPENDS and ADDITEMS, SETITEM, SETITEMS
            b'a' => {
                let items = self.several(1)?;
                self.extend(items)?;
            }
            b'e' | 0x90 => {
                let items = self.above_mark()?;
                self.extend(items)?;
            }
            b's' => {
                let items = self.several(2)?;
                self.insert(items)?;
            }
            b'u' => {
                let items = self.above_mark()?;
                self.insert(items)?;
            }
            // POP, which takes a mark too; POP_MARK, DUP
            b'0' if self.mark_on_top() => drop(self.marks.pop()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.above_mark()?),
            b'2' => {
                let value = self.top_mut()?.clone();
                self.copied(&value);
                self.push(value);
            }
            // GET and PUT in three lengths, MEMOIZE
            b'g' => self.get(stream.index().ok_or(cut)?)?,
            b'h' => self.get(slot(stream.number(1))?)?,
            b'j' => self.get(slot(stream.number(4))?)?,
            b'p' => self.put(stream.index().ok_or(cut)?)?,
            b'q' => self.put(slot(stream.number(1))?)?,
            b'r' => self.put(slot(stream.number(4))?)?,
            0x94 => self.put(slot(Some(self.memo.len() as u64))?)?,
            // GLOBAL, STACK_GLOBAL
            b'c' => {
                let module = stream.trimmed_line().ok_or(cut)?;
                let name = stream.trimmed_line().ok_or(cut)?;
                let call = Call::of(word(&module), word(&name));
                let text = |text: &[u8]| Size::text(text.len() as u64);
                self.push(Value::class(Kind::Class(call), text(&module), text(&name)));
            }
            0x93 => {
                let name = self.pop()?;
                let module = self.pop()?;
                let kind = match (&module.kind, &name.kind) {
                    (Kind::Text(module), Kind::Text(name)) => Kind::Class(Call::of(*module, *name)),
                    _ => Kind::Any,
                };
                self.push(Value::class(kind, module.size, name.size));
            }
            // BINPERSID; PERSID is refused outside of tar archives
            b'Q' => {
                let identifier = self.pop()?;
                self.push_shared(Value::storage(&identifier));
            }
            // REDUCE, NEWOBJ, NEWOBJ_EX, BUILD
            b'R' => {
                let arguments = self.pop()?;
                let callable = self.pop()?;
                self.push_shared(callable.reduce(&arguments));
            }
            0x81 | 0x92 => {
                self.several(if code == 0x81 { 1 } else { 2 })?;
                let class = self.pop()?;
                self.push(class.opaque());
            }
            b'b' => self.build()?,
            // PERSID, EXT1 to EXT4, NEXT_BUFFER, READONLY_BUFFER, and what is no opcode
            _ => return Err(cut),
        }
        Ok(())
    }

    fn fixed<R: BufRead>(&mut self, bytes: usize, stream: &mut Stream<R>) -> Step {
        stream.number(bytes).ok_or(Halt::Malformed)?;
        self.push(Value::scalar());
        Ok(())
    }

    /// A number of any length, which is kept only when it is short.
    fn long<R: BufRead>(&mut self, digits: usize, stream: &mut Stream<R>) -> Step {
        let (length, _) = stream.text(digits).ok_or(Halt::Malformed)?;
        self.passing = Size::text(length).heap;
        // Else the name of its class is kept.
        self.push(Value::bytes(0));
        Ok(())
    }

    fn bytes<R: BufRead>(&mut self, digits: usize, stream: &mut Stream<R>) -> Step {
        let (length, _) = stream.text(digits).ok_or(Halt::Malformed)?;
        self.push(Value::bytes(length));
        Ok(())
    }

    fn text<R: BufRead>(&mut self, digits: usize, stream: &mut Stream<R>) -> Step {
        let (length, word) = stream.text(digits).ok_or(Halt::Malformed)?;
        self.push(Value::text(length, word));
        Ok(())
    }
}

/// A slot of the memo.
fn slot(number: Option<u64>) -> Step<u32> {
    number.and_then(|number| u32::try_from(number).ok()).ok_or(Halt::Malformed)
}
