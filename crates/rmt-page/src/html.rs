//! Parts of the page. The builder escapes whatever is put into them.

use crate::MARK;
use crate::state::State;
use maud::{DOCTYPE, Markup, PreEscaped, Render, html};
use rmt_core::shown::{NONE, clean};
use rmt_plot::Drawing;

/// A cell: what is shown, and what it is sorted by.
#[derive(Debug, Clone)]
pub(crate) enum Cell {
    /// Sorted as text.
    Text(String),
    /// The same, and to be seen at once.
    Marked(String),
    /// Shown, and the figure in full that it is sorted by.
    Figure(String, Option<f64>),
}

impl Cell {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A count.
    pub(crate) fn whole(count: impl Into<Option<u64>>) -> Self {
        let count = count.into();
        let shown = count.map_or(NONE.into(), |count| count.to_string());
        Self::Figure(shown, count.map(|count| count as f64))
    }
}

impl Render for Cell {
    fn render(&self) -> Markup {
        match self {
            Self::Text(text) => html! { td { (clean(text)) } },
            Self::Marked(text) => html! { td.d { (clean(text)) } },
            Self::Figure(shown, value) => {
                html! { td.n data-v=[value.map(|x| format!("{x:?}"))] { (clean(shown)) } }
            }
        }
    }
}

/// The head of a column, and what the column is.
pub(crate) type Head = (String, String);

pub(crate) fn heads(heads: &[(&str, &str)]) -> Vec<Head> {
    heads.iter().map(|(head, what)| ((*head).to_owned(), (*what).to_owned())).collect()
}

/// A table; the first column is names.
pub(crate) fn table(
    id: &str,
    columns: &[Head],
    rows: impl IntoIterator<Item = Vec<Cell>>,
) -> Markup {
    let rows: Vec<Vec<Cell>> = rows.into_iter().collect();
    // A head stands where its figures do.
    let figures = |column| rows.iter().any(|row| matches!(row.get(column), Some(Cell::Figure(..))));
    html! {
        div.scroll {
            table id=(clean(id)) {
                thead {
                    tr {
                        @for (column, (head, what)) in columns.iter().enumerate() {
                            th.n[figures(column)] scope="col" title=(clean(what)) { (clean(head)) }
                        }
                    }
                }
                tbody {
                    @for row in &rows { tr { @for cell in row { (cell) } } "\n" }
                }
            }
        }
        "\n"
    }
}

/// Pictures beside each other, as many as have room.
pub(crate) fn grid(drawings: impl IntoIterator<Item = Drawing>) -> Markup {
    pictures("grid", drawings.into_iter().map(|drawing| (None, drawing)))
}

/// The same of pictures with small print, fewer beside each other.
pub(crate) fn wide(drawings: impl IntoIterator<Item = Drawing>) -> Markup {
    pictures("grid wide", drawings.into_iter().map(|drawing| (None, drawing)))
}

/// The same of pictures that are each of something else, which stands above.
pub(crate) fn grid_of(drawings: impl IntoIterator<Item = (String, Drawing)>) -> Markup {
    pictures("grid", drawings.into_iter().map(|(name, drawing)| (Some(name), drawing)))
}

fn pictures(class: &str, all: impl Iterator<Item = (Option<String>, Drawing)>) -> Markup {
    html! {
        div class=(class) {
            "\n"
            @for (name, drawing) in all {
                figure {
                    @if let Some(name) = name { figcaption { (clean(&name)) } }
                    (PreEscaped(drawing.to_html()))
                }
            }
        }
        "\n"
    }
}

/// A part of the page under a heading. Nothing where there is nothing in it.
pub(crate) fn section(id: &str, title: &str, about: &str, contents: &Markup) -> Markup {
    html! {
        @if !contents.0.is_empty() {
            section id=(clean(id)) { h2 { (clean(title)) } p { (clean(about)) } "\n" (contents) }
            "\n"
        }
    }
}

/// What must not take much of the page.
pub(crate) fn low(contents: &Markup) -> Markup {
    html! { div.low { (contents) } "\n" }
}

/// What can be folded away.
pub(crate) fn folded(title: &str, open: bool, contents: &Markup) -> Markup {
    html! { details open[open] { summary { (clean(title)) } "\n" (contents) } "\n" }
}

/// The page. It may load nothing, and says so to the browser as well.
pub(crate) fn page(title: &str, state: Option<&State>, contents: &Markup) -> String {
    let title = clean(title);
    let page = html! {
        (DOCTYPE) "\n"
        html lang="en" {
            head {
                meta charset="utf-8"; "\n"
                (PreEscaped(MARK)) "\n"
                meta http-equiv="Content-Security-Policy" content=(SECURITY); "\n"
                meta name="viewport" content="width=device-width, initial-scale=1"; "\n"
                meta name="color-scheme" content="light dark"; "\n"
                @if let Some(state) = state { (state.without_scripts()) }
                title { (title) } "\n"
                style { (PreEscaped(STYLE)) }
            }
            "\n"
            body {
                main {
                    h1 { (title) } "\n"
                    @if let Some(state) = state { (state.line()) }
                    (contents)
                }
                "\n"
                script { (PreEscaped(SCRIPT)) }
            }
        }
        "\n"
    };
    page.into_string()
}

const SECURITY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_shown_is_markup() {
        let hostile = "<script>alert('1')</script>\"&\u{1b}[31m\u{202e}";
        let text = "&lt;script&gt;alert('1')&lt;/script&gt;&quot;&amp;\u{fffd}[31m\u{fffd}";
        assert_eq!(Cell::text(hostile).render().0, format!("<td>{text}</td>"));
        let cells = vec![Cell::text(hostile), Cell::Figure(hostile.into(), Some(0.1))];
        let columns = heads(&[(hostile, hostile)]);
        let all = [
            table(hostile, &columns, [cells]).0,
            section(hostile, hostile, hostile, &html! { "x" }).0,
            folded(hostile, false, &html! {}).0,
            page(hostile, None, &html! {}).replacen("<script>", "", 1),
        ];
        for html in all {
            assert!(html.contains("&lt;script") && !html.contains("<script"), "{html}");
            // Attributes stand in double quotes.
            assert!(!html.contains("\"&\u{1b}"), "{html}");
        }
    }
}
