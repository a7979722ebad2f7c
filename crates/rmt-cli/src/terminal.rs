//! What is drawn on a terminal: progress bars, and tables that fit its width.

use crate::short::short;
use indicatif::{ProgressBar, ProgressStyle};
use rmt_core::Table;
use rmt_core::layers::Shortened;
pub(crate) use rmt_core::shown::clean;
use std::io::{self, IsTerminal};

/// Names are not shortened below this.
const LEAST_NAME: usize = 16;
/// Between two columns, as the table prints them.
const GAP: usize = 2;

/// Columns below which there is no room for a bar beside its message.
const BAR_FROM: usize = 60;

/// A bar on standard error, on a terminal only: what is piped stays clean.
pub(crate) fn bar(length: u64) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    styled(length, usize::from(console::Term::stderr().size().1))
}

/// A bar with its message, of which is shown what a line of so many columns has room for, and the time
/// left.
fn styled(length: u64, columns: usize) -> ProgressBar {
    let template = if columns < BAR_FROM {
        "{wide_msg} {eta} left"
    } else {
        "{bar:24} {wide_msg}  {eta} left"
    };
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

/// A table in at most `width` columns, where that is given. Its first column holds names, and those
/// called `optional` may be left out: then a line says so.
pub(crate) fn section(mut table: Table, width: Option<usize>, optional: &[&str]) -> String {
    let Some(width) = width else { return table.to_string() };
    let Fitted { left_out, prefix, suffix } = fit(&mut table, width, 0, optional);
    let mut text = table.to_string();
    if !left_out.is_empty() {
        text.push_str(&format!("(no room for {})\n", left_out.join(", ")));
    }
    match (prefix.as_str(), suffix.as_str()) {
        ("", "") => {}
        (start, "") => text.push_str(&format!("(names without their common start {start})\n")),
        ("", end) => text.push_str(&format!("(names without their common end {end})\n")),
        (start, end) => {
            text.push_str(&format!("(names without their common start {start} and end {end})\n"));
        }
    }
    text
}

/// What a table that fits has lost.
#[derive(Debug, Default, PartialEq, Eq)]
struct Fitted<'a> {
    /// Names of columns.
    left_out: Vec<&'a str>,
    /// What was taken off all names.
    prefix: String,
    suffix: String,
}

/// Brings a table to `width`: the cells of column `name` are shortened, then the columns called
/// `optional` are left out one by one.
fn fit<'a>(table: &mut Table, width: usize, name: usize, optional: &[&'a str]) -> Fitted<'a> {
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
    let others = least_width(table, name).saturating_sub(table.width(name).min(LEAST_NAME));
    let room = width.saturating_sub(others).max(LEAST_NAME);
    let names: Vec<&str> =
        table.rows.iter().filter_map(|cells| cells.get(name)).map(String::as_str).collect();
    let Shortened { names, prefix, suffix, .. } = short(&names, room);
    let cells = table.rows.iter_mut().filter_map(|cells| cells.get_mut(name));
    cells.zip(names).for_each(|(cell, name)| *cell = name);
    Fitted { left_out, prefix, suffix }
}

/// Width with the names as short as they may be.
fn least_width(table: &Table, name: usize) -> usize {
    let columns = table.columns.len();
    let widths = (0..columns).map(|column| match table.width(column) {
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
            assert!(left_out.left_out.is_empty());
        }
        let mut narrow = table.clone();
        assert_eq!(fit(&mut narrow, 26, 0, &["absent", "kind"]).left_out, ["kind"]);
        assert_eq!(narrow.columns, ["name", "verdict"]);
        assert!(widest(&narrow) <= 26);
        // Narrower than that it cannot be: nothing is cut off.
        let mut hopeless = table;
        fit(&mut hopeless, 3, 0, &[]);
        assert!(hopeless.to_string().contains("deviates"));
    }

    #[test]
    fn attention_on_eighty_columns_is_told_apart() {
        let columns = row(&["name", "kind", "shape", "verdict", "above", "below", "left", "right"]);
        let names = ["attn.c_attn.weight.query", "attn.c_attn.weight.key", "attn.c_proj.weight"];
        let rows = (0..12).flat_map(|block| {
            names.map(|name| {
                let name = format!("transformer.h.{block}.{name}");
                row(&[
                    &name, "query", "768×768", "deviates", "12 (12)", "3 (3)", "41.0 %", "40.1 %",
                ])
            })
        });
        let text = section(Table::new(columns, rows.collect()), Some(80), &[]);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        for name in ["11.a.c.weight.query ", "11.a.c_attn.weight.key ", "11.attn.c_proj.weight "] {
            assert!(text.contains(name), "{text}");
        }
        assert!(text.contains("(names without their common start transformer.h.)"), "{text}");
        let mut firsts: Vec<&str> = text.lines().filter_map(|l| l.split("  ").next()).collect();
        let all = firsts.len();
        firsts.sort_unstable();
        firsts.dedup();
        assert_eq!(firsts.len(), all, "{text}");
    }

    /// A terminal of so many columns that keeps what is written.
    #[derive(Debug, Clone)]
    struct Narrow(u16, std::sync::Arc<std::sync::Mutex<Vec<String>>>);

    impl indicatif::TermLike for Narrow {
        fn width(&self) -> u16 {
            self.0
        }
        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, line: &str) -> io::Result<()> {
            self.write_str(line)
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            self.1.lock().map_err(|_| io::ErrorKind::Other)?.push(text.to_owned());
            Ok(())
        }
        fn clear_line(&self) -> io::Result<()> {
            Ok(())
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    #[allow(clippy::unwrap_used)]
    fn a_bar_keeps_to_its_line() {
        for width in [24_u16, 40, 60, 80, 200] {
            let written = std::sync::Arc::default();
            let terminal = Narrow(width, std::sync::Arc::clone(&written));
            let bar = styled(100, usize::from(width));
            bar.set_draw_target(indicatif::ProgressDrawTarget::term_like(Box::new(terminal)));
            bar.set_message("1000/4000 matrices, 123.45 GiB of 1234.56 GiB");
            bar.set_position(50);
            bar.tick();
            let lines = written.lock().unwrap().clone();
            let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
            assert!(lines.iter().any(|line| line.contains("1000/4000")), "{width}: {lines:?}");
            for line in lines {
                let columns = console::measure_text_width(line);
                assert!(columns <= usize::from(width), "{width}: {columns} {line:?}");
            }
        }
    }
}
