//! Layers × steps of a figure.

use crate::text::clean;

/// What [`heat_map`](crate::heat_map) draws.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct HeatMapData {
    /// What the picture is of.
    pub title: String,
    /// What the colours stand for, with its unit.
    pub quantity: String,
    /// Name of each row, from the top: the layers.
    pub rows: Vec<String>,
    /// Step of each column, from the left.
    pub columns: Vec<u64>,
    /// Row by row, rows × columns of them. NaN where there is none; an infinite value has the
    /// colour of the end of the scale.
    pub values: Vec<f64>,
    /// Ends of the colour scale; those of the values, if `None`. Values outside have the colour of
    /// the end.
    pub limits: Option<(f64, f64)>,
    /// Names of the columns, where they are not steps.
    pub column_names: Option<Vec<String>>,
    /// Whether the colours go from 0 by the square root, so that small values differ.
    pub root: bool,
}

impl HeatMapData {
    /// Rows × columns without values yet, of −log₁₀ p.
    pub fn new(title: impl Into<String>, rows: Vec<String>, columns: Vec<u64>) -> Self {
        let values = vec![f64::NAN; rows.len() * columns.len()];
        let (title, quantity) = (title.into(), "−log₁₀ p".into());
        let (limits, column_names, root) = (None, None, false);
        Self { title, quantity, rows, columns, values, limits, column_names, root }
    }

    /// Rows × columns without values yet, of −log₁₀ p, where the columns are not steps.
    pub fn named(title: impl Into<String>, rows: Vec<String>, columns: Vec<String>) -> Self {
        let numbers = (0..columns.len() as u64).collect();
        Self { column_names: Some(columns), ..Self::new(title, rows, numbers) }
    }

    /// What is written below a column.
    pub(super) fn column(&self, number: usize) -> Option<String> {
        match &self.column_names {
            Some(names) => names.get(number).map(|name| clean(name)),
            None => self.columns.get(number).map(u64::to_string),
        }
    }

    /// Names what the colours stand for.
    #[must_use]
    pub fn with_quantity(mut self, quantity: impl Into<String>) -> Self {
        self.quantity = quantity.into();
        self
    }

    /// Sets all values, row by row; what is too many is ignored, what is missing is missing.
    #[must_use]
    pub fn with_values(mut self, values: impl IntoIterator<Item = f64>) -> Self {
        for (cell, value) in self.values.iter_mut().zip(values) {
            *cell = value;
        }
        self
    }

    /// Fixes the ends of the colour scale, so that several pictures can be compared.
    #[must_use]
    pub fn with_limits(mut self, low: f64, high: f64) -> Self {
        self.limits = Some((low, high));
        self
    }

    /// Lets the colours go from 0 by the square root.
    #[must_use]
    pub fn with_root(mut self) -> Self {
        self.root = true;
        self
    }

    /// Sets one cell; nothing happens outside.
    pub fn set(&mut self, row: usize, column: usize, value: f64) {
        if column < self.columns.len()
            && let Some(cell) = self.values.get_mut(row * self.columns.len() + column)
        {
            *cell = value;
        }
    }
}
