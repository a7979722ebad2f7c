//! What the objects in a pickle are: tensors of PyTorch, arrays of NumPy, and what has a shape and cannot be
//! read.

use crate::formats::Element;
use crate::formats::pickle::{Node, Object, Tree, Value};
use std::sync::Arc;

/// A tensor or an array.
#[derive(Debug, Clone)]
pub(super) enum What {
    View(View),
    Array(Array),
    /// Its sides, none where they are not known, and why it is not read.
    Unread(Vec<usize>, String),
}

/// A view of a storage beside the pickle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct View {
    pub(super) key: Arc<str>,
    pub(super) element: Element,
    /// In entries of the storage.
    pub(super) offset: u64,
    pub(super) shape: Vec<usize>,
    pub(super) strides: Vec<u64>,
}

/// An array in the pickle.
#[derive(Debug, Clone)]
pub(super) struct Array {
    pub(super) element: Element,
    pub(super) shape: Vec<usize>,
    pub(super) big_endian: bool,
    pub(super) fortran: bool,
    pub(super) bytes: Bytes,
}

/// Where an array's bytes are.
#[derive(Debug, Clone)]
pub(super) enum Bytes {
    /// From this byte of the pickle on, and how many.
    At(u64, u64),
    Held(Arc<[u8]>),
}

/// Objects within objects, at most so deep; and sides of a tensor.
const DEEPEST: usize = 16;
const MOST_SIDES: usize = 64;

/// A storage that the pickle names.
#[derive(Debug, Clone)]
pub(super) struct Storage<'a> {
    /// Name of its class, such as `FloatStorage`.
    pub(super) class: &'a str,
    pub(super) key: &'a str,
    /// Where a part of it begins.
    offset: u64,
}

/// The storage that a value stands for.
pub(super) fn storage(tree: &Tree, value: Value) -> Option<Storage<'_>> {
    let Some(Node::Persistent(identifier)) = tree.node(value) else { return None };
    let items = tree.items(*identifier)?;
    let class = tree.global(*items.get(1)?)?.rsplit('.').next()?;
    let key = tree.text(*items.get(2)?)?;
    // A part of another storage, as files before 1.6 have them: (key, offset, length).
    let part = items.get(5).and_then(|part| tree.items(*part));
    let offset = part.and_then(|part| number(*part.get(1)?)).unwrap_or(0);
    Some(Storage { class, key, offset })
}

/// What a value is, if it is a tensor or an array.
pub(super) fn what(tree: &Tree, value: Value) -> Option<What> {
    of(tree, value, 0)
}

fn of(tree: &Tree, value: Value, depth: usize) -> Option<What> {
    let Some(Node::Object(object)) = tree.node(value) else { return None };
    let class = tree.global(object.class)?;
    call(tree, class, object.arguments, Some(object), depth)
}

fn call(
    tree: &Tree,
    class: &str,
    arguments: Value,
    object: Option<&Object>,
    depth: usize,
) -> Option<What> {
    if depth > DEEPEST {
        return None;
    }
    let items = tree.items(arguments).unwrap_or_default();
    let item = |at: usize| items.get(at).copied().unwrap_or(Value::None);
    let (module, function) = class.rsplit_once('.')?;
    let unread = |why: &str| Some(What::Unread(shape_among(tree, items, 0), why.to_owned()));
    match (module, function) {
        ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => {
            Some(view(tree, [item(0), item(1), item(2), item(3)], None))
        }
        ("torch._utils", "_rebuild_tensor_v3") => {
            Some(view(tree, [item(0), item(1), item(2), item(3)], tree.global(item(6))))
        }
        (
            "torch._utils",
            "_rebuild_parameter"
            | "_rebuild_parameter_with_state"
            | "_rebuild_device_tensor_from_numpy"
            | "_rebuild_device_tensor_from_cpu_tensor"
            | "_rebuild_xla_tensor",
        ) => of(tree, item(0), depth + 1)
            .or_else(|| unread("a tensor whose values are stored in a way that is not read")),
        ("torch._tensor", "_rebuild_from_type_v2") => tree
            .global(item(0))
            .and_then(|class| call(tree, class, item(2), None, depth + 1))
            .or_else(|| unread("a tensor of a class of its own, which is not read")),
        ("torch._utils", "_rebuild_meta_tensor_no_storage") => {
            unread("a meta tensor, which has no values")
        }
        ("torch._utils", name) if name.starts_with("_rebuild_sparse") => {
            unread("a sparse tensor, which is not read; store it dense")
        }
        ("torch._utils", "_rebuild_qtensor") => {
            unread("quantized, which is not read; analyse the model before it was quantized")
        }
        (
            "numpy.core.multiarray"
            | "numpy._core.multiarray"
            | "numpy.core.numeric"
            | "numpy._core.numeric",
            "_reconstruct" | "_frombuffer",
        ) => Some(
            array(tree, function, items, object)
                .unwrap_or_else(|| What::Unread(Vec::new(), "an array that is not read".into())),
        ),
        (module, name)
            if name.starts_with("_rebuild") && module.starts_with("torch")
                || name == "_reconstruct_array" =>
        {
            unread(&format!("made by {class}, which is not read"))
        }
        _ => None,
    }
}

fn number(value: Value) -> Option<u64> {
    match value {
        Value::Int(number) => u64::try_from(number).ok(),
        _ => None,
    }
}

/// A tuple of sides, as it is or as a `torch.Size`.
fn sides(tree: &Tree, value: Value) -> Option<Vec<u64>> {
    let value = match tree.node(value) {
        Some(Node::Object(object)) if tree.global(object.class) == Some("torch.Size") => {
            *tree.items(object.arguments)?.first()?
        }
        _ => value,
    };
    let items = tree.items(value).filter(|items| items.len() <= MOST_SIDES)?;
    items.iter().map(|item| number(*item)).collect()
}

/// The first of these values that can be sides, which none of them says to be.
fn shape_among(tree: &Tree, items: &[Value], depth: usize) -> Vec<usize> {
    let found = items.iter().take(MOST_SIDES).find_map(|item| {
        let sides = sides(tree, *item).filter(|sides| !sides.is_empty());
        match sides {
            Some(sides) => sides.into_iter().map(|side| usize::try_from(side).ok()).collect(),
            None if depth == 0 => {
                let below = shape_among(tree, tree.items(*item)?, 1);
                (!below.is_empty()).then_some(below)
            }
            None => None,
        }
    });
    found.unwrap_or_default()
}

/// The view of these arguments: storage, offset, sides and strides.
fn view(tree: &Tree, [stored, offset, shape, strides]: [Value; 4], dtype: Option<&str>) -> What {
    let Some(sides) = sides(tree, shape) else {
        return What::Unread(Vec::new(), "a tensor whose sides cannot be read".into());
    };
    let shape: Option<Vec<usize>> =
        sides.into_iter().map(|side| usize::try_from(side).ok()).collect();
    let Some(shape) = shape else {
        return What::Unread(Vec::new(), "a tensor whose sides cannot be read".into());
    };
    let Some(Storage { class, key, offset: start }) = storage(tree, stored) else {
        let why = "a tensor whose values are a file within the pickle; save it with torch.save";
        return What::Unread(shape, why.into());
    };
    let found = number(offset)
        .and_then(|offset| offset.checked_add(start))
        .zip(self::sides(tree, strides).filter(|strides| strides.len() == shape.len()));
    let Some((offset, strides)) = found else {
        return What::Unread(shape, "a tensor whose place in its storage cannot be read".into());
    };
    let element = element(dtype.and_then(|dtype| dtype.rsplit('.').next()).unwrap_or(class));
    What::View(View { key: key.into(), element, offset, shape, strides })
}

/// The type of a storage's class, or of that name.
pub(super) fn element(name: &str) -> Element {
    match name.trim_end_matches("Storage") {
        "Float8_e4m3fn" | "float8_e4m3fn" => Element::F8E4M3,
        "Float8_e5m2" | "float8_e5m2" => Element::F8E5M2,
        "Half" | "float16" => Element::F16,
        "BFloat16" | "bfloat16" => Element::BF16,
        "Float" | "float32" => Element::F32,
        "Double" | "float64" => Element::F64,
        other => Element::Other(
            match other {
                "Long" | "int64" => "I64",
                "Int" | "int32" => "I32",
                "Short" | "int16" => "I16",
                "Char" | "int8" => "I8",
                "Byte" | "uint8" | "Untyped" => "U8",
                "Bool" | "bool" => "BOOL",
                "ComplexFloat" | "complex64" => "C64",
                "ComplexDouble" | "complex128" => "C128",
                other => other,
            }
            .into(),
        ),
    }
}

/// Bytes of an entry of a storage of this class, which a file before 1.6 counts in entries.
pub(super) fn size(class: &str) -> Option<u64> {
    Some(match class.trim_end_matches("Storage") {
        "Byte" | "Char" | "Bool" | "Untyped" | "QInt8" | "QUInt8" | "QUInt4x2" | "QUInt2x4" => 1,
        "Half" | "BFloat16" | "Short" => 2,
        "Float" | "Int" | "QInt32" => 4,
        "Double" | "Long" | "ComplexFloat" => 8,
        "ComplexDouble" => 16,
        name if name.starts_with("Float8") => 1,
        _ => return None,
    })
}

/// An array of NumPy.
fn array(tree: &Tree, function: &str, items: &[Value], object: Option<&Object>) -> Option<What> {
    let (shape, dtype, fortran, bytes) = if function == "_frombuffer" {
        let &[bytes, dtype, shape, order] = items else { return None };
        (shape, dtype, tree.text(order) == Some("F"), bytes)
    } else {
        let &[_, shape, dtype, fortran, bytes] = tree.items(object?.state)? else { return None };
        (shape, dtype, fortran == Value::Bool(true), bytes)
    };
    let shape: Option<Vec<usize>> =
        sides(tree, shape)?.into_iter().map(|side| usize::try_from(side).ok()).collect();
    let shape = shape?;
    let Some(Node::Object(dtype)) = tree.node(dtype) else { return None };
    let name = tree.text(*tree.items(dtype.arguments)?.first()?)?;
    let order = tree.items(dtype.state).and_then(|state| tree.text(*state.get(1)?));
    let element = match name.trim_start_matches(['<', '>', '=', '|']) {
        "f2" => Element::F16,
        "f4" => Element::F32,
        "f8" => Element::F64,
        other => Element::Other(other.into()),
    };
    let bytes = match tree.node(bytes)? {
        Node::Bytes { at, length } => Bytes::At(*at, *length),
        // A pickle of Python 2's kind: a text of Latin letters.
        Node::Object(encoded) => {
            let text = tree.text(*tree.items(encoded.arguments)?.first()?)?;
            let byte = |letter: char| u8::try_from(u32::from(letter)).ok();
            Bytes::Held(text.chars().map(byte).collect::<Option<Vec<u8>>>()?.into())
        }
        _ => return Some(What::Unread(shape, "an array of objects, which is not read".into())),
    };
    let big_endian = order == Some(">");
    Some(What::Array(Array { element, shape, big_endian, fortran, bytes }))
}
