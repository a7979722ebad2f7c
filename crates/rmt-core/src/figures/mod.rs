//! The table of all figures of a matrix: meaning, unit, curve, and where a report has the value.
//!
//! Curves, columns of CSV, tables, pages, means and `docs/figures.md` are made from [`FIGURES`].

mod table;

pub use table::{CHANGE, FIGURES, STATISTICS};

use crate::MatrixReport;
use crate::shown::{NONE, at_least, neg_log_p, number, p_value, percent};

/// The groups of curves. TensorBoard sorts them by name.
pub mod group {
    /// Directions that no scale of rows and columns explains.
    pub const STRUCTURE: &str = "rmt_0_structure";
    /// The largest singular values.
    pub const ABOVE: &str = "rmt_1_above";
    /// The smallest singular values.
    pub const BELOW: &str = "rmt_2_below";
    /// Singular vectors.
    pub const VECTORS: &str = "rmt_3_vectors";
    /// The bulk of the spectrum.
    pub const BULK: &str = "rmt_4_bulk";
    /// Activations, and the overlap of the weights with them.
    pub const OVERLAP: &str = "rmt_5_overlap";
    /// Change since the first snapshot, and since the previous one.
    pub const DRIFT: &str = "rmt_6_drift";
    /// Norms, ranks and the power-law exponent.
    pub const HEAVY_TAIL: &str = "rmt_7_heavy_tail";
}

/// Unit of a figure. It decides how the figure is printed and drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unit {
    /// A number without a unit.
    Number,
    /// A count.
    Count,
    /// A fraction, from 0 to 1.
    Fraction,
    /// A p-value. Its curve is −log₁₀ p.
    P,
    /// An angle in radians.
    Angle,
    /// The unit of the weights.
    Weight,
    /// Multiples of σ√n.
    Noise,
    /// Text or a flag, without a value.
    Word,
}

impl Unit {
    /// Name of the unit in tables; empty if there is none.
    pub fn name(self) -> &'static str {
        match self {
            Self::Number | Self::Word => "",
            Self::Count => "count",
            Self::Fraction => "fraction",
            Self::P => "p",
            Self::Angle => "radians",
            Self::Weight => "unit of the weights",
            Self::Noise => "σ√n",
        }
    }
}

/// The curve of a figure over the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Curve {
    /// One of the [groups](group).
    pub group: &'static str,
    /// Name within the group.
    pub name: &'static str,
    /// Whether TensorBoard gets the curve by default.
    pub lean: bool,
}

/// A figure of one matrix.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Figure {
    /// Path of the figure in a row of `metrics.jsonl`, and its column in CSV. A dot leads into an
    /// object or to an element of a list. Empty if the figure is computed from others.
    pub key: &'static str,
    /// Head of its column in tables; empty if it has none.
    pub head: &'static str,
    /// Meaning of the figure.
    pub title: &'static str,
    /// Unit of the figure.
    pub unit: Unit,
    /// Curve of the figure, if it has one.
    pub curve: Option<Curve>,
    value: fn(&MatrixReport) -> Option<f64>,
    cut_off: fn(&MatrixReport) -> bool,
}

impl Figure {
    const fn new(
        key: &'static str,
        unit: Unit,
        title: &'static str,
        value: fn(&MatrixReport) -> Option<f64>,
    ) -> Self {
        Self { key, head: "", title, unit, curve: None, value, cut_off: |_| false }
    }

    /// One that is computed from others.
    const fn computed(
        unit: Unit,
        title: &'static str,
        value: fn(&MatrixReport) -> Option<f64>,
    ) -> Self {
        Self::new("", unit, title, value)
    }

    const fn word(key: &'static str, title: &'static str) -> Self {
        Self::new(key, Unit::Word, title, |_| None)
    }

    const fn head(self, head: &'static str) -> Self {
        Self { head, ..self }
    }

    /// With a curve that is written at full detail only.
    const fn curve(self, group: &'static str, name: &'static str) -> Self {
        Self { curve: Some(Curve { group, name, lean: false }), ..self }
    }

    /// With a curve that is always written.
    const fn lean(self, group: &'static str, name: &'static str) -> Self {
        Self { curve: Some(Curve { group, name, lean: true }), ..self }
    }

    const fn cut_off(self, cut_off: fn(&MatrixReport) -> bool) -> Self {
        Self { cut_off, ..self }
    }

    /// The figure with this key.
    pub fn named(key: &str) -> Option<&'static Self> {
        FIGURES.iter().copied().flatten().find(|figure| figure.key == key)
    }

    /// Value of the figure; `None` if the report has none.
    pub fn value(&self, report: &MatrixReport) -> Option<f64> {
        (self.value)(report)
    }

    /// The point of its curve: the value or, for a p-value, −log₁₀ p.
    pub fn drawn(&self, report: &MatrixReport) -> Option<f64> {
        let value = self.value(report)?;
        Some(if self.unit == Unit::P { neg_log_p(value) } else { value })
    }

    /// The value in few characters, for tables on a terminal.
    pub fn shown(&self, report: &MatrixReport) -> String {
        // Smaller angles are rounding.
        let whole = |angle: f64| if angle < 1e-6 { 0.0 } else { angle };
        self.shown_by(report, |value| match self.unit {
            Unit::Fraction => percent(Some(value)),
            Unit::Angle => number(Some(whole(value))),
            _ => number(Some(value)),
        })
    }

    /// The value as text: counts and p-values as in every table, other figures as `digits` prints
    /// them.
    pub fn shown_by(&self, report: &MatrixReport, digits: impl Fn(f64) -> String) -> String {
        let Some(value) = self.value(report) else { return NONE.into() };
        match self.unit {
            Unit::Count => at_least(value.to_string(), (self.cut_off)(report)),
            Unit::P => p_value(value),
            _ => digits(value),
        }
    }
}

/// All figures with a curve.
pub fn curves() -> impl Iterator<Item = (Curve, &'static Figure)> + Clone {
    FIGURES.iter().copied().flatten().filter_map(|figure| Some((figure.curve?, figure)))
}

/// Column names of CSV, in order, for the [`STATISTICS`] of a matrix or the [`CHANGE`] between two.
pub fn columns(part: &[&'static [Figure]]) -> Vec<&'static str> {
    let keys = part.iter().copied().flatten().map(|figure| figure.key);
    keys.filter(|key| !key.is_empty()).collect()
}

/// A number in a report, present or not.
trait Measured {
    fn figure(self) -> Option<f64>;
}

impl Measured for f64 {
    fn figure(self) -> Option<f64> {
        Some(self)
    }
}

impl Measured for usize {
    fn figure(self) -> Option<f64> {
        Some(self as f64)
    }
}

impl<T: Measured> Measured for Option<T> {
    fn figure(self) -> Option<f64> {
        self?.figure()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
