//! The page around its contents.

use crate::MARK;
use crate::state::State;
use rmt_core::shown::clean;
use rmt_plot::Drawing;
use std::fmt::Write;

/// A text that may hold anything, as HTML that shows it.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

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
    fn write(&self, html: &mut String) {
        // Writing to a string cannot fail.
        let _ = match self {
            Self::Text(text) => write!(html, "<td>{}", escaped(text)),
            Self::Marked(text) => write!(html, "<td class=d>{}", escaped(text)),
            Self::Figure(shown, Some(value)) => {
                write!(html, "<td class=n data-v=\"{value:?}\">{}", escaped(shown))
            }
            Self::Figure(shown, None) => write!(html, "<td class=n>{}", escaped(shown)),
        };
    }
}

/// A table; the first column is names. `columns` are (head, what it is).
pub(crate) fn table(id: &str, columns: &[(String, String)], rows: &[Vec<Cell>]) -> String {
    let mut html = format!("<div class=scroll><table id=\"{}\"><thead><tr>", escaped(id));
    for (column, (head, what)) in columns.iter().enumerate() {
        // A head stands where its figures do.
        let figures = rows.iter().any(|row| matches!(row.get(column), Some(Cell::Figure(..))));
        let class = if figures { " class=n" } else { "" };
        let (what, head) = (escaped(what), escaped(head));
        let _ = write!(html, "<th scope=col{class} title=\"{what}\">{head}");
    }
    html.push_str("</thead><tbody>\n");
    for row in rows {
        html.push_str("<tr>");
        row.iter().for_each(|cell| cell.write(&mut html));
        html.push('\n');
    }
    html.push_str("</tbody></table></div>\n");
    html
}

/// Pictures beside each other, as many as have room.
pub(crate) fn grid(drawings: impl IntoIterator<Item = Drawing>) -> String {
    pictures("grid", drawings)
}

/// The same of pictures with small print, fewer beside each other.
pub(crate) fn wide(drawings: impl IntoIterator<Item = Drawing>) -> String {
    pictures("\"grid wide\"", drawings)
}

/// The same of pictures that are each of something else, which stands above.
pub(crate) fn grid_of(drawings: impl IntoIterator<Item = (String, Drawing)>) -> String {
    let mut html = String::from("<div class=grid>\n");
    for (name, drawing) in drawings {
        let (name, drawing) = (escaped(&name), drawing.to_html());
        let _ = write!(html, "<figure><figcaption>{name}</figcaption>{drawing}</figure>");
    }
    html.push_str("</div>\n");
    html
}

fn pictures(class: &str, drawings: impl IntoIterator<Item = Drawing>) -> String {
    let mut html = format!("<div class={class}>\n");
    for drawing in drawings {
        let _ = write!(html, "<figure>{}</figure>", drawing.to_html());
    }
    html.push_str("</div>\n");
    html
}

/// A part of the page under a heading. Nothing where there is nothing in it.
pub(crate) fn section(id: &str, title: &str, about: &str, contents: &str) -> String {
    if contents.is_empty() {
        return String::new();
    }
    format!(
        "<section id=\"{}\"><h2>{}</h2><p>{}</p>\n{contents}</section>\n",
        escaped(id),
        escaped(title),
        escaped(about)
    )
}

/// What must not take much of the page.
pub(crate) fn low(contents: &str) -> String {
    format!("<div class=low>{contents}</div>\n")
}

/// What can be folded away.
pub(crate) fn folded(title: &str, open: bool, contents: &str) -> String {
    let open = if open { " open" } else { "" };
    format!("<details{open}><summary>{}</summary>\n{contents}</details>\n", escaped(title))
}

/// Links to sections of these contents, of (id, word) those that are there.
pub(crate) fn navigation(contents: &str, sections: &[(&str, &str)]) -> String {
    let there = |(id, _): &&(&str, &str)| contents.contains(&format!("<section id=\"{id}\">"));
    let link = |(id, word): &(&str, &str)| format!("<a href=\"#{id}\">{}</a>", escaped(word));
    let links: String = sections.iter().filter(there).map(link).collect();
    format!("<nav>{links}</nav>\n")
}

/// The page. It may load nothing, and says so to the browser as well.
pub(crate) fn page(title: &str, state: Option<&State>, contents: &str) -> String {
    let (reload, line) = state.map_or_else(Default::default, |s| (s.without_scripts(), s.line()));
    format!(
        "<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8>\n\
         {MARK}\n\
         <meta http-equiv=Content-Security-Policy content=\"default-src 'none'; \
         style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n\
         <meta name=viewport content=\"width=device-width, initial-scale=1\">\n\
         <meta name=color-scheme content=\"light dark\">\n\
         {reload}<title>{title}</title>\n<style>{STYLE}</style></head>\n\
         <body><main><h1>{title}</h1>\n{line}{contents}</main>\n\
         <script>{SCRIPT}</script></body></html>\n",
        title = escaped(title)
    )
}

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_shown_is_markup() {
        let hostile = "<script>alert('1')</script>\"&\u{1b}[31m\u{202e}";
        let text = "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;\u{fffd}[31m\u{fffd}";
        assert_eq!(escaped(hostile), text);
        let cells = vec![Cell::Text(hostile.into()), Cell::Figure(hostile.into(), Some(0.1))];
        let columns = [(hostile.to_owned(), hostile.to_owned())];
        let all = [
            table(hostile, &columns, &[cells]),
            section(hostile, hostile, hostile, "x"),
            folded(hostile, false, ""),
        ];
        for html in all {
            assert!(html.contains("&lt;script") && !html.contains("<script"), "{html}");
            assert!(!html.contains("\"&\u{1b}"), "{html}");
        }
    }
}
