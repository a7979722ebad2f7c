//! What is drawn on a terminal: progress bars, and tables that fit its width.

use indicatif::{ProgressBar, ProgressStyle};
use rmt_core::sanity::Table;
use std::io::{self, IsTerminal};

/// Names are not shortened below this.
const LEAST_NAME: usize = 16;
/// Between two columns, as the table prints them.
const GAP: usize = 2;

/// A bar on standard error, on a terminal only: what is piped stays clean.
pub(crate) fn bar(length: u64, template: &str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(template);
    ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Columns of the terminal that standard output is; `None` where it is none.
pub(crate) fn width() -> Option<usize> {
    let out = console::Term::stdout();
    if !out.is_term() {
        return None;
    }
    out.size_checked().map(|(_, columns)| usize::from(columns))
}

/// A name from a file as one line of visible characters: what would move the cursor, break the line
/// or turn the direction of writing is replaced.
pub(crate) fn clean(name: &str) -> String {
    let hidden = |c: char| {
        let directions = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}');
        let isolates = matches!(c, '\u{2066}'..='\u{2069}' | '\u{61c}');
        c.is_control() || directions || isolates || matches!(c, '\u{2028}' | '\u{2029}')
    };
    name.chars().map(|c| if hidden(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// `text` in at most `width` characters, its middle left out.
pub(crate) fn shorten(text: &str, width: usize) -> String {
    let count = text.chars().count();
    if count <= width {
        return text.to_owned();
    }
    let kept = width.saturating_sub(1);
    let (head, tail) = (kept / 2, kept - kept / 2);
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(count - tail).collect();
    format!("{start}…{end}")
}

/// A table in at most `width` columns, where that is given. Its first column holds names, and those
/// called `optional` may be left out: then a line says so.
pub(crate) fn section(mut table: Table, width: Option<usize>, optional: &[&str]) -> String {
    let Some(width) = width else { return table.to_string() };
    let left_out = fit(&mut table, width, 0, optional);
    match left_out.as_slice() {
        [] => table.to_string(),
        columns => format!("{table}(no room for {})\n", columns.join(", ")),
    }
}

/// Brings a table to `width`: the cells of column `name` are shortened, then the columns called
/// `optional` are left out one by one. Returns the names of those.
fn fit<'a>(table: &mut Table, width: usize, name: usize, optional: &[&'a str]) -> Vec<&'a str> {
    let mut left_out = Vec::new();
    for column in optional {
        if least_width(table, name) <= width {
            break;
        }
        let Some(place) = table.columns.iter().position(|head| head == column) else { continue };
        for cells in table.rows.iter_mut().chain([&mut table.columns]) {
            if place < cells.len() {
                cells.remove(place);
            }
        }
        left_out.push(*column);
    }
    let others = least_width(table, name).saturating_sub(column_width(table, name).min(LEAST_NAME));
    let room = width.saturating_sub(others).max(LEAST_NAME);
    for cells in &mut table.rows {
        if let Some(cell) = cells.get_mut(name) {
            *cell = shorten(cell, room);
        }
    }
    left_out
}

fn column_width(table: &Table, column: usize) -> usize {
    let lines = table.rows.iter().chain([&table.columns]);
    lines.filter_map(|cells| cells.get(column)).map(|c| c.chars().count()).max().unwrap_or(0)
}

/// Width with the names as short as they may be.
fn least_width(table: &Table, name: usize) -> usize {
    let columns = table.columns.len();
    let widths = (0..columns).map(|column| match column_width(table, column) {
        width if column == name => width.min(LEAST_NAME),
        width => width,
    });
    widths.sum::<usize>() + GAP * columns.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|&cell| cell.to_owned()).collect()
    }

    #[test]
    fn names_lose_their_middle() {
        assert_eq!(shorten("abcdefghij", 10), "abcdefghij");
        assert_eq!(shorten("abcdefghij", 5), "ab…ij");
        assert_eq!(shorten("äöüßäöüß", 4), "ä…üß");
        assert_eq!((shorten("abc", 1), shorten("abc", 0)), ("…".into(), "…".into()));
    }

    #[test]
    fn nothing_in_a_name_reaches_the_terminal() {
        let name = "a\u{1b}[2J\nb\tc\u{202e}d\u{9b}e\u{7f}";
        assert_eq!(clean(name), "a\u{fffd}[2J\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}e\u{fffd}");
        assert_eq!(clean("layers.0.größe"), "layers.0.größe");
    }

    #[test]
    fn tables_fit_by_short_names_first() {
        let long = "transformer.layers.10.attention.query.weight";
        let columns = row(&["name", "kind", "verdict"]);
        let table = Table::new(columns, vec![row(&[long, "query", "deviates"])]);
        let widest = |table: &Table| {
            table.to_string().lines().map(|line| line.chars().count()).max().unwrap_or(0)
        };
        for width in [34, 40, 50, 60, 80] {
            let mut fitted = table.clone();
            let left_out = fit(&mut fitted, width, 0, &["kind"]);
            assert!(widest(&fitted) <= width, "{width}:\n{fitted}");
            assert!(left_out.is_empty());
        }
        let mut narrow = table.clone();
        assert_eq!(fit(&mut narrow, 26, 0, &["absent", "kind"]), ["kind"]);
        assert_eq!(narrow.columns, ["name", "verdict"]);
        assert!(widest(&narrow) <= 26);
        // Narrower than that it cannot be: nothing is cut off.
        let mut hopeless = table;
        fit(&mut hopeless, 3, 0, &[]);
        assert!(hopeless.to_string().contains("deviates"));
    }
}
