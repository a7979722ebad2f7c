//! The stack machine of pickles, protocols 0 to 5.

use super::stream::Stream;
use super::tree::{Node, Object, Tree, Value};
use std::collections::HashMap;
use std::io::BufRead;

type Step<T = ()> = Result<T, String>;

/// The empty tuple, of which there is one.
const EMPTY: u32 = 0;

/// What the pickle has made so far.
pub(super) struct Machine {
    nodes: Vec<Node>,
    stack: Vec<Value>,
    marks: Vec<usize>,
    memo: HashMap<u32, Value>,
}

impl Default for Machine {
    fn default() -> Self {
        let nodes = vec![Node::Tuple(Box::default())];
        Self { nodes, stack: Vec::new(), marks: Vec::new(), memo: HashMap::new() }
    }
}

impl Machine {
    /// Reads to the end of one pickle and gives its root.
    pub(super) fn run<R: BufRead>(&mut self, stream: &mut Stream<R>) -> Step<Value> {
        loop {
            let code = stream.number(1)? as u8;
            if code == b'.' {
                return self.pop();
            }
            self.step(code, stream)?;
        }
    }

    pub(super) fn into_tree(self, root: Value) -> Tree {
        Tree { nodes: self.nodes, root }
    }

    fn make(&mut self, node: Node) -> Step {
        let at = u32::try_from(self.nodes.len()).map_err(|_| "it has too many values")?;
        self.nodes.push(node);
        self.stack.push(Value::Node(at));
        Ok(())
    }

    /// Values above the innermost mark.
    fn free(&self) -> usize {
        let below = self.marks.last().copied().unwrap_or(0);
        self.stack.len().saturating_sub(below)
    }

    fn top(&self) -> Step<Value> {
        let top = self.stack.last().filter(|_| self.free() > 0);
        top.copied().ok_or_else(|| UNDERFLOW.into())
    }

    fn pop(&mut self) -> Step<Value> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    /// The values above the innermost mark, which goes too.
    fn above_mark(&mut self) -> Step<Vec<Value>> {
        let mark = self.marks.pop().ok_or("it closes a mark that it never set")?;
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    fn top_node(&mut self) -> Step<&mut Node> {
        match self.top()? {
            Value::Node(at) => self.nodes.get_mut(at as usize).ok_or_else(|| UNDERFLOW.into()),
            _ => Err("it adds an item to a value that holds none".into()),
        }
    }

    fn extend(&mut self, items: &[Value]) -> Step {
        match self.top_node()? {
            Node::List(list) => list.extend_from_slice(items),
            Node::Object(object) => object.items.extend_from_slice(items),
            _ => return Err("it adds an item to a value that holds none".into()),
        }
        Ok(())
    }

    fn insert(&mut self, items: &[Value]) -> Step {
        let (pairs, []) = items.as_chunks::<2>() else {
            return Err("it puts a key without a value into a dict".into());
        };
        let pairs = pairs.iter().map(|[key, value]| (*key, *value));
        match self.top_node()? {
            Node::Dict(dict) => dict.extend(pairs),
            Node::Object(object) => object.pairs.extend(pairs),
            _ => return Err("it adds a key to a value that holds none".into()),
        }
        Ok(())
    }

    fn put(&mut self, slot: u32) -> Step {
        let top = self.top()?;
        self.memo.insert(slot, top);
        Ok(())
    }

    fn get(&mut self, slot: u32) -> Step {
        let value = self
            .memo
            .get(&slot)
            .ok_or_else(|| format!("it fetches slot {slot}, which is empty"))?;
        self.stack.push(*value);
        Ok(())
    }

    fn object(&mut self, class: Value, arguments: Value, state: Value) -> Step {
        let (items, pairs) = (Vec::new(), Vec::new());
        self.make(Node::Object(Box::new(Object { class, arguments, state, items, pairs })))
    }

    fn build(&mut self) -> Step {
        let state = self.pop()?;
        if let Node::Object(object) = self.top_node()?
            && object.state == Value::None
        {
            object.state = state;
            return Ok(());
        }
        // An object of any class is kept with its state. What the pickle fetches of it later has it too.
        let before = self.pop()?;
        self.object(before, Value::None, state)
    }

    fn text(&mut self, text: String) -> Step {
        self.make(Node::Text(text.into()))
    }

    fn bytes<R: BufRead>(&mut self, digits: usize, stream: &mut Stream<R>) -> Step {
        let (at, length) = stream.pass(digits)?;
        self.make(Node::Bytes { at, length })
    }

    /// A number of any length; one that is longer than 64 bits is no number here.
    fn long<R: BufRead>(&mut self, digits: usize, stream: &mut Stream<R>) -> Step {
        let length = stream.number(digits)?;
        let bytes = stream.bytes(length)?;
        let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        let mut number = [if negative { 0xff } else { 0 }; 8];
        let value = match number.get_mut(..bytes.len()) {
            Some(low) => {
                low.copy_from_slice(&bytes);
                Value::Int(i64::from_le_bytes(number))
            }
            None => Value::None,
        };
        self.stack.push(value);
        Ok(())
    }

    /// What one opcode does.
    fn step<R: BufRead>(&mut self, code: u8, stream: &mut Stream<R>) -> Step {
        match code {
            // PROTO, FRAME
            0x80 => match stream.number(1)? {
                0..=5 => {}
                other => return Err(format!("version {other} of Python's pickles is not known")),
            },
            0x95 => drop(stream.number(8)?),
            // NONE, NEWTRUE, NEWFALSE and numbers
            b'N' => self.stack.push(Value::None),
            0x88 => self.stack.push(Value::Bool(true)),
            0x89 => self.stack.push(Value::Bool(false)),
            b'K' => self.number(stream.number(1)? as i64),
            b'M' => self.number(stream.number(2)? as i64),
            b'J' => self.number(i64::from(stream.number(4)? as u32 as i32)),
            b'G' => self.stack.push(Value::Float(f64::from_bits(stream.number(8)?.swap_bytes()))),
            b'I' | b'L' => {
                let line = stream.line()?;
                self.stack.push(match line.trim_end_matches('L') {
                    "00" if code == b'I' => Value::Bool(false),
                    "01" if code == b'I' => Value::Bool(true),
                    digits => digits.parse().map_or(Value::None, Value::Int),
                });
            }
            b'F' => {
                let number = stream.line()?.parse().map_or(Value::None, Value::Float);
                self.stack.push(number);
            }
            0x8a => self.long(1, stream)?,
            0x8b => self.long(4, stream)?,
            // Texts: STRING in its quotes, UNICODE, and those behind their length
            b'S' => {
                let line = stream.line()?;
                self.text(line.trim_matches(['\'', '"']).to_owned())?;
            }
            b'V' => {
                let line = stream.line()?;
                self.text(line)?;
            }
            0x8c | b'U' => self.text(stream.text(1)?)?,
            b'X' | b'T' => self.text(stream.text(4)?)?,
            0x8d => self.text(stream.text(8)?)?,
            b'C' => self.bytes(1, stream)?,
            b'B' => self.bytes(4, stream)?,
            0x8e | 0x96 => self.bytes(8, stream)?,
            // Empty ones
            b')' => self.stack.push(Value::Node(EMPTY)),
            b']' | 0x8f => self.make(Node::List(Vec::new()))?,
            b'}' => self.make(Node::Dict(Vec::new()))?,
            // MARK, TUPLE, TUPLE1 to TUPLE3
            b'(' => self.marks.push(self.stack.len()),
            b't' => {
                let items = self.above_mark()?;
                self.make(Node::Tuple(items.into()))?;
            }
            0x85..=0x87 => {
                let items = self.several(usize::from(code - 0x84))?;
                self.make(Node::Tuple(items.into()))?;
            }
            // LIST, FROZENSET, DICT
            b'l' | 0x91 => {
                let items = self.above_mark()?;
                self.make(Node::List(items))?;
            }
            b'd' => {
                let items = self.above_mark()?;
                self.make(Node::Dict(Vec::new()))?;
                self.insert(&items)?;
            }
            // APPEND, APPENDS and ADDITEMS, SETITEM, SETITEMS
            b'a' => {
                let item = self.pop()?;
                self.extend(&[item])?;
            }
            b'e' | 0x90 => {
                let items = self.above_mark()?;
                self.extend(&items)?;
            }
            b's' => {
                let items = self.several(2)?;
                self.insert(&items)?;
            }
            b'u' => {
                let items = self.above_mark()?;
                self.insert(&items)?;
            }
            // POP, which takes a mark too; POP_MARK, DUP
            b'0' if self.free() == 0 && self.marks.pop().is_some() => {}
            b'0' => drop(self.pop()?),
            b'1' => drop(self.above_mark()?),
            b'2' => self.stack.push(self.top()?),
            // GET and PUT in three lengths, MEMOIZE
            b'g' => self.get(index(&stream.line()?)?)?,
            b'h' => self.get(stream.number(1)? as u32)?,
            b'j' => self.get(stream.number(4)? as u32)?,
            b'p' => self.put(index(&stream.line()?)?)?,
            b'q' => self.put(stream.number(1)? as u32)?,
            b'r' => self.put(stream.number(4)? as u32)?,
            0x94 => self.put(self.memo.len() as u32)?,
            // GLOBAL, STACK_GLOBAL
            b'c' => self.global(stream)?,
            0x93 => {
                let [module, name] = [self.pop()?, self.pop()?].map(|value| self.spelled(value));
                self.make(Node::Global(format!("{name}.{module}").into()))?;
            }
            // PERSID, BINPERSID
            b'P' => {
                let line = stream.line()?;
                self.text(line)?;
                let identifier = self.pop()?;
                self.make(Node::Persistent(identifier))?;
            }
            b'Q' => {
                let identifier = self.pop()?;
                self.make(Node::Persistent(identifier))?;
            }
            // REDUCE and NEWOBJ, NEWOBJ_EX, INST, OBJ, BUILD
            b'R' | 0x81 => {
                let [arguments, class] = [self.pop()?, self.pop()?];
                self.object(class, arguments, Value::None)?;
            }
            0x92 => {
                let [named, arguments, class] = [self.pop()?, self.pop()?, self.pop()?];
                self.make(Node::Tuple(Box::new([arguments, named])))?;
                let both = self.pop()?;
                self.object(class, both, Value::None)?;
            }
            b'i' => {
                let items = self.above_mark()?;
                self.global(stream)?;
                let class = self.pop()?;
                self.make(Node::Tuple(items.into()))?;
                let arguments = self.pop()?;
                self.object(class, arguments, Value::None)?;
            }
            b'o' => {
                let mut items = self.above_mark()?;
                if items.is_empty() {
                    return Err(UNDERFLOW.into());
                }
                let class = items.remove(0);
                self.make(Node::Tuple(items.into()))?;
                let arguments = self.pop()?;
                self.object(class, arguments, Value::None)?;
            }
            b'b' => self.build()?,
            // READONLY_BUFFER changes nothing that is read here.
            0x98 => {}
            other => {
                return Err(format!(
                    "0x{other:02x} at byte {} is no step of a pickle that is read",
                    stream.consumed()
                ));
            }
        }
        Ok(())
    }

    fn number(&mut self, number: i64) {
        self.stack.push(Value::Int(number));
    }

    /// As many values as are wanted, the lowest first.
    fn several(&mut self, count: usize) -> Step<Vec<Value>> {
        if self.free() < count {
            return Err(UNDERFLOW.into());
        }
        Ok(self.stack.split_off(self.stack.len() - count))
    }

    fn global<R: BufRead>(&mut self, stream: &mut Stream<R>) -> Step {
        let (module, name) = (stream.line()?, stream.line()?);
        self.make(Node::Global(format!("{module}.{name}").into()))
    }

    fn spelled(&self, value: Value) -> &str {
        match value {
            Value::Node(at) => match self.nodes.get(at as usize) {
                Some(Node::Text(text)) => text,
                _ => "?",
            },
            _ => "?",
        }
    }
}

const UNDERFLOW: &str = "it takes a value from an empty stack";

/// A slot of the memo, in decimals.
fn index(line: &str) -> Step<u32> {
    line.parse().map_err(|_| format!("{line:?} is not a slot"))
}
