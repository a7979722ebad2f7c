//! What a model of ONNX says: its tensors, and which operator uses each.
//!
//! Source: onnx.proto of ONNX 1.19 for the numbers of the fields.

use super::wire::{Range, Reader, Value};
use std::collections::HashMap;

/// Graphs within graphs.
const DEEPEST: usize = 16;
/// Bytes of a name.
const LONGEST: u64 = 1 << 16;
/// Tensors and operators of a model; a hostile file could name as many as it has bytes.
const MOST: usize = 1 << 22;
/// Sides of a tensor.
const MOST_SIDES: usize = 64;
/// Operators between a tensor and the one that uses it.
const MOST_BETWEEN: usize = 8;

/// A tensor, as it lies in the file.
#[derive(Debug, Default)]
pub(super) struct Tensor {
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    pub(super) kind: u64,
    pub(super) data: Data,
}

/// Where its values are.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) enum Data {
    #[default]
    Nowhere,
    /// As they are, little-endian.
    Raw(Range),
    /// A number of variable length for each.
    Numbers(Range),
    /// In another file.
    External { file: String, offset: u64, length: Option<u64> },
    /// In pieces.
    Pieces,
}

/// How an operator uses a tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Use {
    pub(super) operator: String,
    /// Name of the node.
    pub(super) node: String,
    /// Which of its inputs it is.
    pub(super) input: usize,
    /// Whether it is transposed first.
    pub(super) transposed: bool,
}

#[derive(Debug, Default)]
struct Node {
    operator: String,
    name: String,
    inputs: Vec<String>,
    output: String,
    transposed_b: bool,
    permutation: Vec<u64>,
}

/// All of a model.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) tensors: Vec<Tensor>,
    pub(super) uses: HashMap<String, Use>,
    nodes: Vec<Node>,
    /// Whether there is a graph.
    pub(super) found: bool,
}

/// Reads the model that a file holds.
pub(super) fn read(reader: &mut Reader<'_>, whole: Range) -> Result<Model, String> {
    let mut model = Model::default();
    reader.fields(whole, |reader, field, value| match (field, value) {
        (7, Value::Range(graph)) => {
            model.found = true;
            model.graph(reader, graph, 0)
        }
        _ => Ok(()),
    })?;
    model.uses = uses(&model.nodes);
    model.nodes = Vec::new();
    Ok(model)
}

impl Model {
    fn graph(&mut self, reader: &mut Reader<'_>, graph: Range, depth: usize) -> Result<(), String> {
        if depth > DEEPEST {
            return Err(format!("graphs lie in graphs, more than {DEEPEST} deep"));
        }
        reader.fields(graph, |reader, field, value| match (field, value) {
            (1, Value::Range(node)) => self.node(reader, node, depth),
            (5, Value::Range(tensor)) => {
                let tensor = self::tensor(reader, tensor)?;
                self.add(tensor)
            }
            _ => Ok(()),
        })
    }

    fn add(&mut self, tensor: Tensor) -> Result<(), String> {
        self.tensors.push(tensor);
        if self.tensors.len() + self.nodes.len() > MOST {
            return Err(format!("it has more than {MOST} tensors and operators"));
        }
        Ok(())
    }

    fn node(&mut self, reader: &mut Reader<'_>, node: Range, depth: usize) -> Result<(), String> {
        let mut read = Node::default();
        let mut constant = None;
        reader.fields(node, |reader, field, value| {
            let Value::Range(range) = value else { return Ok(()) };
            match field {
                1 => read.inputs.push(reader.text(range, LONGEST)?),
                2 if read.output.is_empty() => read.output = reader.text(range, LONGEST)?,
                3 => read.name = reader.text(range, LONGEST)?,
                4 => read.operator = reader.text(range, LONGEST)?,
                5 => {
                    if let Some(tensor) = self.attribute(reader, range, &mut read, depth)? {
                        constant = Some(tensor);
                    }
                }
                _ => {}
            }
            Ok(())
        })?;
        if read.operator == "Constant"
            && let Some(tensor) = constant
            && tensor.shape.len() > 1
        {
            self.add(Tensor { name: read.output.clone(), ..tensor })?;
        }
        self.nodes.push(read);
        Ok(())
    }

    /// The tensor of an attribute, if it has one.
    fn attribute(
        &mut self,
        reader: &mut Reader<'_>,
        attribute: Range,
        node: &mut Node,
        depth: usize,
    ) -> Result<Option<Tensor>, String> {
        let (mut name, mut number, mut tensor) = (String::new(), 0, None);
        let mut numbers = Vec::new();
        reader.fields(attribute, |reader, field, value| {
            match (field, value) {
                (1, Value::Range(range)) => name = reader.text(range, LONGEST)?,
                (3, Value::Number(found)) => number = found,
                (5, Value::Range(range)) => tensor = Some(self::tensor(reader, range)?),
                (6 | 11, Value::Range(range)) => self.graph(reader, range, depth + 1)?,
                (8, Value::Number(found)) if numbers.len() < MOST_SIDES => numbers.push(found),
                (8, Value::Range(range)) => reader.numbers(range, |found| {
                    if numbers.len() < MOST_SIDES {
                        numbers.push(found);
                    }
                    Ok(())
                })?,
                _ => {}
            }
            Ok(())
        })?;
        match name.as_str() {
            "transB" => node.transposed_b = number == 1,
            "perm" => node.permutation = numbers,
            _ => {}
        }
        Ok(tensor)
    }
}

fn tensor(reader: &mut Reader<'_>, range: Range) -> Result<Tensor, String> {
    let mut tensor = Tensor::default();
    let mut external: Vec<(String, String)> = Vec::new();
    let side = |shape: &mut Vec<usize>, side: u64| {
        if shape.len() >= MOST_SIDES {
            return Err(format!("a tensor has more than {MOST_SIDES} sides"));
        }
        shape.push(usize::try_from(side).map_err(|_| "a side is too long".to_owned())?);
        Ok(())
    };
    reader.fields(range, |reader, field, value| {
        match (field, value) {
            (1, Value::Number(found)) => side(&mut tensor.shape, found)?,
            (1, Value::Range(packed)) => {
                reader.numbers(packed, |found| side(&mut tensor.shape, found))?;
            }
            (2, Value::Number(kind)) => tensor.kind = kind,
            (8, Value::Range(range)) => tensor.name = reader.text(range, LONGEST)?,
            (4 | 9 | 10, Value::Range(range)) => tensor.data = one(&tensor.data, Data::Raw(range)),
            (5, Value::Range(range)) => tensor.data = one(&tensor.data, Data::Numbers(range)),
            (4 | 5 | 10, _) => tensor.data = Data::Pieces,
            (13, Value::Range(range)) => external.push(pair(reader, range)?),
            _ => {}
        }
        Ok(())
    })?;
    let of = |key: &str| external.iter().find(|(name, _)| name == key).map(|(_, value)| value);
    if let Some(file) = of("location") {
        let number = |key: &str| {
            let parsed = of(key).map(|text| text.parse::<u64>());
            parsed
                .transpose()
                .map_err(|_| format!("the {key} of tensor data in another file is not a number"))
        };
        let (offset, length) = (number("offset")?.unwrap_or(0), number("length")?);
        tensor.data = Data::External { file: file.clone(), offset, length };
    }
    Ok(tensor)
}

/// The data of a field, if it is the first one.
fn one(before: &Data, data: Data) -> Data {
    if *before == Data::Nowhere { data } else { Data::Pieces }
}

fn pair(reader: &mut Reader<'_>, range: Range) -> Result<(String, String), String> {
    let (mut key, mut text) = (String::new(), String::new());
    reader.fields(range, |reader, field, value| {
        match (field, value) {
            (1, Value::Range(range)) => key = reader.text(range, LONGEST)?,
            (2, Value::Range(range)) => text = reader.text(range, LONGEST)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok((key, text))
}

/// The first operator that uses each tensor, behind those that hand it on as it is.
fn uses(nodes: &[Node]) -> HashMap<String, Use> {
    let mut handed: HashMap<&str, (&str, bool)> = HashMap::new();
    for node in nodes {
        let turned = match node.operator.as_str() {
            "Identity" | "Cast" | "Unsqueeze" | "Squeeze" => false,
            "Transpose" if matches!(*node.permutation, [] | [1, 0]) => true,
            _ => continue,
        };
        if let Some(input) = node.inputs.first() {
            handed.insert(&node.output, (input, turned));
        }
    }
    let mut uses = HashMap::new();
    for node in nodes.iter().filter(|node| !handed.contains_key(node.output.as_str())) {
        for (input, name) in node.inputs.iter().enumerate() {
            let (mut name, mut transposed) = (name.as_str(), input == 1 && node.transposed_b);
            for _ in 0..MOST_BETWEEN {
                let Some((before, turned)) = handed.get(name) else { break };
                name = before;
                transposed ^= turned;
            }
            let (operator, node) = (node.operator.clone(), node.name.clone());
            uses.entry(name.to_owned()).or_insert(Use { operator, node, input, transposed });
        }
    }
    uses
}
