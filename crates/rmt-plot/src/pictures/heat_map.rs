//! Heat maps: one figure of many layers over many steps.

use super::colour_bar::Colours;
use super::counted;
use super::heat_map_data::HeatMapData;
use crate::drawing::{Anchor, DEFAULT_WIDTH, Drawing, Paint, Shape};
use crate::font;
use crate::ink::Ink;
use crate::number::figure;
use crate::scale::range;
use crate::sheet::{Area, Key, LABEL, MARGIN, NOTE, Sample, Sheet};
use crate::text::{Names, clean, fit};
use std::collections::BTreeMap;

/// Rows and columns that are drawn; more are put together.
const MOST_ROWS: usize = 60;
const MOST_COLUMNS: usize = 120;
/// Height of a row in pixels, at most; with many rows they are lower.
const ROW: f64 = 26.0;
const LEAST_ROW: f64 = 14.0;
/// Height of all rows in pixels, at least: the colour bar needs it, with the ticks below.
const LEAST: f64 = 130.0;
/// Pixels that the names of the rows may take.
const NAMES: f64 = 190.0;

/// Draws a heat map. Rows are layers, columns are steps, and the colour is the figure: viridis,
/// lighter for larger values. Cells without a value are grey and struck through.
///
/// More than 60 rows or 120 columns are merged in groups of equally many neighbours. A cell then
/// shows the largest value of its group, and a note states this.
pub fn heat_map(data: &HeatMapData) -> Drawing {
    drawn(data).0
}

/// The picture, and where its cells are.
fn drawn(data: &HeatMapData) -> (Drawing, Area) {
    let cells = Cells::new(data);
    let rows = cells.rows.max(1) as f64;
    // Of the default height at least where that gives no huge rows.
    let row = (280.0 / rows).floor().clamp(LEAST_ROW, ROW).max((LEAST / rows).floor());
    let label_width = font::width("0", NOTE).max(1.0);
    let names = Names::new(&cells.names(data), NOTE, NAMES);
    let widest = names.labels.iter().map(|label| font::width(label, NOTE));
    let widest = widest.fold(label_width, f64::max);
    let mut notes: Vec<String> = names.note.clone().into_iter().collect();
    notes.extend(cells.note());
    let missing = cells.values.iter().any(|value| value.is_nan());
    let legend: Vec<Key> = missing
        .then(|| Key::new(Sample::Block, Paint::fill(Ink::Missing), "no value"))
        .into_iter()
        .collect();
    // Title, legend, notes, ticks and the axis label around the rows.
    let around = 34.0 + 18.0 * legend.len() as f64 + (NOTE + 4.0) * notes.len() as f64 + 58.0;
    let height = (around + row * rows).ceil().max(200.0) as u32;
    let limits = data.limits.and_then(|(low, high)| range([low, high]));
    let zero = data.root.then_some(0.0);
    let values = cells.values.iter().copied().chain(zero);
    let scale = limits.or_else(|| range(values)).unwrap_or((0.0, 1.0));
    let description = format!(
        "{} of {} at {}, as colours from {} to {}.",
        clean(&data.quantity),
        counted(data.rows.len(), "layer"),
        counted(data.columns.len(), if data.column_names.is_some() { "column" } else { "step" }),
        figure(scale.0, 3),
        figure(scale.1, 3),
    );
    let mut sheet = Sheet::of_height(height, &data.title, &description, &legend, &notes);
    let top = (sheet.free().0 + 8.0).round();
    let left = (MARGIN + widest + 6.0).round();
    let scale = Colours::new(scale, data.root, data.limits.is_some(), row * rows);
    let right = (f64::from(DEFAULT_WIDTH) - MARGIN - scale.room()).round();
    let area = Area { left, top, right, bottom: top + row * rows };
    let drawing = &mut sheet.drawing;
    for (i, label) in names.labels.iter().enumerate() {
        let middle = top + (i as f64 + 0.5) * row;
        let at = (left - 6.0, middle + font::CAPITAL * NOTE / 2.0);
        drawing.write(at, label, NOTE, Anchor::End, Ink::Text);
    }
    cells.draw(drawing, area, row, &scale);
    cells.steps(drawing, area, data);
    scale.bar(drawing, area, &data.quantity);
    (sheet.drawing, area)
}

/// The cells that are drawn.
struct Cells {
    rows: usize,
    columns: usize,
    /// Rows and columns of the data in each.
    group: (usize, usize),
    values: Vec<f64>,
}

impl Cells {
    fn new(data: &HeatMapData) -> Self {
        let (all_rows, all_columns) = (data.rows.len(), data.columns.len());
        let group =
            (all_rows.div_ceil(MOST_ROWS).max(1), all_columns.div_ceil(MOST_COLUMNS).max(1));
        let (rows, columns) = (all_rows.div_ceil(group.0), all_columns.div_ceil(group.1));
        let mut values = vec![f64::NAN; rows * columns];
        for row in 0..all_rows {
            for column in 0..all_columns {
                let value = data.values.get(row * all_columns + column).copied();
                let cell = values.get_mut(row / group.0 * columns + column / group.1);
                if let (Some(value), Some(cell)) = (value, cell) {
                    // The larger; a number rather than none.
                    *cell = cell.max(value);
                }
            }
        }
        Self { rows, columns, group, values }
    }

    /// Names of the rows that are drawn: of several, the first.
    fn names(&self, data: &HeatMapData) -> Vec<String> {
        data.rows.iter().step_by(self.group.0).cloned().collect()
    }

    fn note(&self) -> Option<String> {
        let (rows, columns) = self.group;
        let of = match (rows, columns) {
            (1, 1) => return None,
            (1, columns) => format!("{columns} neighbouring steps"),
            (rows, 1) => format!("{rows} layers, named after the first"),
            (rows, columns) => format!("{rows} layers (named after the first) × {columns} steps"),
        };
        Some(format!("each cell: the largest value of up to {of}"))
    }

    /// Left and right of a column, on whole pixels, so that there are no seams.
    fn column(&self, area: Area, column: usize) -> (f64, f64) {
        let width = (area.right - area.left) / self.columns.max(1) as f64;
        let at = |column: usize| (area.left + column as f64 * width).round();
        (at(column), at(column + 1))
    }

    fn draw(&self, drawing: &mut Drawing, area: Area, row: f64, scale: &Colours) {
        let mut shades: BTreeMap<u8, Vec<[f64; 4]>> = BTreeMap::new();
        let (mut missing, mut strokes) = (Vec::new(), Vec::new());
        for (i, line) in self.values.chunks(self.columns.max(1)).enumerate() {
            let top = area.top + i as f64 * row;
            let mut column = 0;
            // Neighbours of one colour are one rectangle.
            for run in line.chunk_by(|a, b| scale.shade(*a) == scale.shade(*b)) {
                let left = self.column(area, column).0;
                let right = self.column(area, column + run.len() - 1).1;
                column += run.len();
                let rect = [left, top, right - left, row];
                match run.first().and_then(|value| scale.shade(*value)) {
                    Some(shade) => shades.entry(shade).or_default().push(rect),
                    None => {
                        missing.push(rect);
                        strokes.push([left + 2.0, top + row - 2.0, right - 2.0, top + 2.0]);
                    }
                }
            }
        }
        for (shade, rects) in shades {
            drawing.add(Shape::Rects(rects), Paint::fill(scale.colour(shade)));
        }
        drawing.add(Shape::Rects(missing), Paint::fill(Ink::Missing));
        drawing.add(Shape::Segments(strokes), Paint::stroke(Ink::Bulk, 1.0));
    }

    /// The steps under as many columns as have room for them.
    fn steps(&self, drawing: &mut Drawing, area: Area, data: &HeatMapData) {
        let most = (area.right - area.left) / self.columns.max(1) as f64 - 8.0;
        let label = |column: usize| {
            let label = data.column(column * self.group.1)?;
            Some(if data.column_names.is_some() { fit(&label, LABEL, most) } else { label })
        };
        let widest = (0..self.columns).filter_map(label);
        let widest = widest.map(|label| font::width(&label, LABEL)).fold(1.0, f64::max);
        // Names are cut to their columns.
        let between = if data.column_names.is_some() { 8.0 } else { 14.0 };
        let room = (area.right - area.left) / (widest + between);
        let least = (self.columns as f64 / room).ceil().max(1.0) as usize;
        // 1, 2 or 5 times a power of ten.
        let every = (0..10).flat_map(|k| [1, 2, 5].map(|m| m * 10_usize.pow(k)));
        let every = every.into_iter().find(|every| *every >= least).unwrap_or(least);
        let mut ticks = Vec::new();
        // Where the last label and the room behind it end.
        let mut end = 0.0;
        for column in (0..self.columns).step_by(every) {
            let (left, right) = self.column(area, column);
            let middle = (left + right) / 2.0;
            ticks.push([middle, area.bottom, middle, area.bottom + 4.0]);
            let Some(label) = label(column) else { continue };
            let half = font::width(&label, LABEL) / 2.0;
            // A label may be wider than its column; the colour bar is on the right.
            let x = middle.min(area.right + 10.0 - half).max(MARGIN + half);
            if x - half < end {
                continue;
            }
            end = x + half + 6.0;
            let at = (x, area.bottom + 8.0 + font::CAPITAL * LABEL);
            drawing.write(at, &label, LABEL, Anchor::Middle, Ink::Muted);
        }
        drawing.add(Shape::Segments(ticks), Paint::stroke(Ink::Muted, 1.0));
        let at = ((area.left + area.right) / 2.0, area.bottom + 12.0 + 2.0 * LABEL);
        if data.column_names.is_none() {
            drawing.write(at, "step", LABEL, Anchor::Middle, Ink::Text);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::colour_map::viridis;
    use crate::test_support::assert_sound;

    fn names(count: usize) -> Vec<String> {
        (0..count)
            .map(|i| format!("model.layers.{i}.self_attention.query_projection.weight"))
            .collect()
    }

    /// Colour inside the cell in this row and column.
    fn cell(data: &HeatMapData, row: usize, column: usize) -> [u8; 3] {
        let (drawing, area) = drawn(data);
        let share = |i: usize, of: usize| (i as f64 + 0.25) / of as f64;
        let x = area.left + share(column, data.columns.len()) * (area.right - area.left);
        let y = area.top + share(row, data.rows.len()) * (area.bottom - area.top);
        drawing.to_rgb().pixel(x as u32, y as u32).unwrap()
    }

    #[test]
    fn colours_are_those_of_the_values() {
        let mut data = HeatMapData::new("t", names(2), vec![0, 10, 20]).with_values([
            0.0,
            5.0,
            10.0,
            f64::INFINITY,
            f64::NEG_INFINITY,
            2.0,
        ]);
        for (row, column, expected) in [
            (0, 0, viridis(0.0)),
            (0, 1, viridis(128.0 / 255.0)),
            (0, 2, viridis(1.0)),
            (1, 0, viridis(1.0)),
            (1, 1, viridis(0.0)),
            (1, 2, viridis(51.0 / 255.0)),
        ] {
            assert_eq!(cell(&data, row, column), expected, "{row} {column}");
        }
        assert!(!heat_map(&data).to_svg().contains("no value"));
        data.set(1, 1, f64::NAN);
        data.set(1, 3, 7.0);
        data.set(9, 0, 7.0);
        assert_eq!(cell(&data, 1, 1), Ink::Missing.light());
        assert!(heat_map(&data).to_svg().contains("no value"));
        assert_eq!(data.values.iter().filter(|value| **value == 7.0).count(), 0);
        assert_eq!(cell(&data.with_limits(0.0, 5.0), 0, 1), viridis(1.0));
    }

    #[test]
    fn small_values_differ_by_colour_where_it_goes_by_the_root() {
        let data = HeatMapData::new("t", names(1), vec![0, 1, 2]).with_values([0.01, 0.25, 1.0]);
        let data = data.with_root();
        for (column, at) in [(0, 26.0 / 255.0), (1, 128.0 / 255.0), (2, 1.0)] {
            assert_eq!(cell(&data, 0, column), viridis(at), "{column}");
        }
        assert_sound(&heat_map(&data));
        assert_sound(&heat_map(&data.with_values([0.0; 3])));
    }

    #[test]
    fn of_few_rows_and_columns_nothing_is_left_out() {
        let columns: Vec<String> =
            (0..4).map(|i| format!("a long name that is cut, of {i}")).collect();
        for rows in [1, 2, 5] {
            let data = HeatMapData::named("t", vec!["row".into(); rows], columns.clone());
            let data = data.with_values(vec![1.0; 4 * rows]).with_limits(0.0, 10.0);
            let (drawing, area) = drawn(&data);
            let svg = drawing.to_svg();
            assert!(svg.contains("−log₁₀ p (ends: and beyond)"), "{rows} rows");
            for i in 0..4 {
                assert!(svg.contains(&format!("of {i}</text>")), "{rows} rows, column {i}");
            }
            assert!(area.bottom - area.top >= LEAST - rows as f64);
            assert_sound(&drawing);
        }
    }

    #[test]
    fn many_rows_and_columns_are_put_together_and_no_value_is_lost() {
        let (rows, columns) = (200, 500);
        let mut data = HeatMapData::new("t", names(rows), (0..columns as u64).collect())
            .with_values(vec![1.0; rows * columns]);
        data.set(137, 444, 99.0);
        let cells = Cells::new(&data);
        assert!(cells.rows <= MOST_ROWS && cells.columns <= MOST_COLUMNS);
        assert_eq!(cells.values.iter().filter(|value| **value == 99.0).count(), 1);
        let at = 137 / cells.group.0 * cells.columns + 444 / cells.group.1;
        assert_eq!(cells.values[at], 99.0);
        let drawing = heat_map(&data);
        assert_sound(&drawing);
        let svg = drawing.to_svg();
        assert!(svg.contains(
            "each cell: the largest value of up to 4 layers (named after the first) × 5 steps"
        ));
        assert!(svg.len() < 200_000, "{}", svg.len());
    }

    #[test]
    fn labels_of_rows_are_distinct() {
        let drawing = heat_map(&HeatMapData::new("t", names(60), vec![0]));
        assert_sound(&drawing);
        let svg = drawing.to_svg();
        assert!((0..60).all(|i| svg.contains(&format!(">{i}<"))));
        assert!(svg.contains("names: model.layers. … .self_attention.query_projection.weight"));
    }

    #[test]
    fn columns_may_have_names() {
        let columns = ["p_above", "p_<b>"].map(str::to_owned).into();
        let data = HeatMapData::named("t", names(2), columns).with_values([0.0, 1.0, 2.0, 3.0]);
        let drawing = heat_map(&data);
        assert_sound(&drawing);
        let svg = drawing.to_svg();
        assert!(svg.contains(">p_above<") && svg.contains(">p_&lt;b&gt;<"), "{svg}");
        assert!(!svg.contains(">step<"));
        assert_eq!(cell(&data, 1, 1), viridis(1.0));
    }

    #[test]
    fn nothing_to_draw_is_a_picture_too() {
        for data in [
            HeatMapData::new("t", Vec::new(), Vec::new()),
            HeatMapData::new("t", names(3), Vec::new()),
            HeatMapData::new("t", Vec::new(), vec![1, 2]),
            HeatMapData::new("t", names(1), vec![7]).with_values([f64::NAN]),
        ] {
            assert_sound(&heat_map(&data));
        }
    }
}
