//! The data of a heat map.

use crate::text::clean;

/// The data that [`heat_map`](crate::heat_map) draws.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct HeatMapData {
    /// Title of the picture.
    pub title: String,
    /// Quantity that the colours show, with its unit.
    pub quantity: String,
    /// Names of the rows, the layers, from the top.
    pub rows: Vec<String>,
    /// Steps of the columns, from the left.
    pub columns: Vec<u64>,
    /// Rows × columns values, row by row. NaN marks a missing value. An infinite value gets the
    /// colour of the end of the scale.
    pub values: Vec<f64>,
    /// Ends of the colour scale. `None` takes the smallest and the largest value. Values outside
    /// get the colour of the end.
    pub limits: Option<(f64, f64)>,
    /// Names of the columns, if they are not steps.
    pub column_names: Option<Vec<String>>,
    /// Whether the colour scale starts at 0 and follows the square root, so that small values
    /// differ visibly.
    pub root: bool,
}

impl HeatMapData {
    /// Empty data of rows × steps for −log₁₀ p.
    pub fn new(title: impl Into<String>, rows: Vec<String>, columns: Vec<u64>) -> Self {
        let values = vec![f64::NAN; rows.len() * columns.len()];
        let (title, quantity) = (title.into(), "−log₁₀ p".into());
        let (limits, column_names, root) = (None, None, false);
        Self { title, quantity, rows, columns, values, limits, column_names, root }
    }

    /// Empty data of rows × named columns for −log₁₀ p.
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

    /// Names the quantity that the colours show.
    #[must_use]
    pub fn with_quantity(mut self, quantity: impl Into<String>) -> Self {
        self.quantity = quantity.into();
        self
    }

    /// Sets all values, row by row. Surplus values are ignored, and absent ones stay missing.
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

    /// Starts the colour scale at 0 and lets it follow the square root.
    #[must_use]
    pub fn with_root(mut self) -> Self {
        self.root = true;
        self
    }

    /// Sets one cell. It does nothing outside the data.
    pub fn set(&mut self, row: usize, column: usize, value: f64) {
        if column < self.columns.len()
            && let Some(cell) = self.values.get_mut(row * self.columns.len() + column)
        {
            *cell = value;
        }
    }
}
