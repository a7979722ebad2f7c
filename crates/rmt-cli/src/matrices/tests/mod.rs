//! Plans of checkpoints that exist in memory alone.

mod models;
mod options;
mod skipped;

use super::*;
use crate::formats::{Convention, Element, Entry};
use rmt_core::layers::LayerKind;

/// A checkpoint whose entries are 0, 1, 2, …
struct Fake {
    entries: Vec<Entry>,
    convention: Convention,
}

impl Fake {
    fn of(convention: Convention, tensors: &[(&str, &[usize])]) -> Self {
        let entry = |(name, shape): &(&str, &[usize])| {
            let (name, shape) = ((*name).to_owned(), shape.to_vec());
            let bytes = 4 * shape.iter().fold(1, |all: u64, &s| all.saturating_mul(s as u64));
            Entry { name, shape, element: Element::F32, bytes }
        };
        Self { entries: tensors.iter().map(entry).collect(), convention }
    }

    fn pytorch(tensors: &[(&str, &[usize])]) -> Self {
        Self::of(Convention::OutIn, tensors)
    }

    fn burn(tensors: &[(&str, &[usize])]) -> Self {
        Self::of(Convention::Unknown, tensors)
    }

    fn with_elements(mut self, element: Element) -> Self {
        self.entries.iter_mut().for_each(|entry| entry.element = element.clone());
        self
    }

    fn plan(&self) -> Plan {
        self.plan_of(&Wanted::default())
    }

    fn plan_of(&self, wanted: &Wanted) -> Plan {
        plan(self, wanted).unwrap()
    }
}

impl Source for Fake {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn convention(&self) -> Convention {
        self.convention
    }

    fn read(&self, entry: usize) -> Result<WeightValues, FormatError> {
        let len: usize = self.entries[entry].shape.iter().product();
        Ok(match self.entries[entry].element {
            Element::F64 => WeightValues::F64((0..len).map(|i| i as f64).collect()),
            _ => WeightValues::F32((0..len).map(|i| i as f32).collect()),
        })
    }
}

type Line = (String, LayerKind, [usize; 2], Orientation);

/// (path, kind, shape, orientation) of each matrix.
fn lines(plan: &Plan) -> Vec<Line> {
    let line = |m: &Planned| (m.layer.path(), m.layer.kind, m.shape, m.orientation);
    plan.matrices.iter().map(line).collect()
}

fn expected(lines: &[(&str, LayerKind, [usize; 2], Orientation)]) -> Vec<Line> {
    let owned = |&(path, kind, shape, orientation): &(&str, _, _, _)| {
        (path.to_owned(), kind, shape, orientation)
    };
    lines.iter().map(owned).collect()
}

fn values(source: &Fake, matrix: &Planned) -> Vec<usize> {
    read(source, matrix).unwrap().as_values().iter().map(|x| x as usize).collect()
}

#[test]
fn parts_are_read_where_they_are() {
    let source = Fake::pytorch(&[
        ("layers.0.self_attn.in_proj_weight", &[6, 2]),
        ("h.0.attn.c_attn.weight", &[2, 6]),
        ("model.layers.0.mlp.experts.down_proj", &[2, 2, 3]),
        ("model.layers.0.mlp.up_proj.weight", &[2, 3]),
    ]);
    let plan = source.plan();
    let read: Vec<(usize, Vec<usize>)> =
        plan.matrices.iter().map(|m| (m.entry, values(&source, m))).collect();
    assert_eq!(
        read,
        [
            (0, vec![0, 1, 2, 3]),
            (0, vec![4, 5, 6, 7]),
            (0, vec![8, 9, 10, 11]),
            (1, vec![0, 1, 6, 7]),
            (1, vec![2, 3, 8, 9]),
            (1, vec![4, 5, 10, 11]),
            (2, vec![0, 1, 2, 3, 4, 5]),
            (2, vec![6, 7, 8, 9, 10, 11]),
            (3, vec![0, 1, 2, 3, 4, 5]),
        ]
    );
    assert!(plan.matrices.iter().all(|m| m.bytes == source.entries[m.entry].bytes));
    let double = source.with_elements(Element::F64);
    let last = double.plan().matrices.pop().unwrap();
    assert!(matches!(super::read(&double, &last), Ok(WeightValues::F64(_))));
    assert_eq!(last.dtype, "f64");
}

#[test]
fn a_file_with_other_values_than_its_header_says_is_an_error() {
    let honest = Fake::pytorch(&[("a.weight", &[4, 5]), ("h.0.attn.c_attn.weight", &[4, 12])]);
    let plan = honest.plan();
    let short = Fake::pytorch(&[("a.weight", &[4, 4]), ("h.0.attn.c_attn.weight", &[3, 12])]);
    for matrix in &plan.matrices {
        let error = read(&short, matrix).unwrap_err().to_string();
        assert!(error.contains(&matrix.layer.name) && error.contains("header"), "{error}");
    }
}
