//! A drawing as SVG.

use crate::drawing::{Anchor, Drawing, Glyph, Mark, Paint, Shape, Text};
use crate::ink::{Ink, hex};
use std::collections::BTreeMap;
use std::fmt::{Display, Write};

/// Class of every picture, by which a page can set its colours: custom properties `--rmt-ground`,
/// `--rmt-text`, `--rmt-above` and so on.
pub(crate) const CLASS: &str = "rmt-plot";
/// What a document that stands alone needs.
pub(crate) const NAMESPACE: &str = " xmlns=\"http://www.w3.org/2000/svg\"";

impl Drawing {
    /// Renders the picture as a self-contained SVG document. It loads nothing, and can be embedded
    /// in an HTML page any number of times.
    ///
    /// Colours are custom properties of the class `rmt-plot` (`--rmt-ground`, `--rmt-text`,
    /// `--rmt-above`, …). They are light by default, and dark if the reader's system prefers that
    /// (`prefers-color-scheme`). A page can set its own with a selector of higher specificity than
    /// the class alone (`main .rmt-plot`). Programs without support for custom properties show the
    /// light colours.
    pub fn to_svg(&self) -> String {
        self.written(NAMESPACE)
    }

    /// Renders the picture as an element of an HTML page. It is [`to_svg`](Self::to_svg) without
    /// the namespace, which HTML does not need, so the page contains no address.
    pub fn to_html(&self) -> String {
        self.written("")
    }

    fn written(&self, namespace: &str) -> String {
        let mut svg = head(self, namespace, self.marks(), "");
        groups(&mut svg, self.marks());
        svg.push_str("</svg>\n");
        svg
    }
}

/// The beginning of the document: its element, title and description, and the rules of the colours of `marks`,
/// with `rules` beside them.
pub(crate) fn head<'a>(
    drawing: &Drawing,
    namespace: &str,
    marks: impl IntoIterator<Item = &'a Mark>,
    rules: &str,
) -> String {
    let mut svg = String::with_capacity(16 * 1024);
    let (width, height) = (drawing.width(), drawing.height());
    // Writing to a string cannot fail.
    let _ = write!(
        svg,
        "<svg{namespace} class=\"{CLASS}\" role=\"img\" width=\"{width}\" \
         height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\">\n<title>{}</title>\n<desc>{}</desc>\n<style>{}{rules}</style>\n",
        Escaped(drawing.title()),
        Escaped(drawing.description()),
        style(marks)
    );
    svg
}

/// The marks, those of one paint that follow each other in one group.
pub(crate) fn groups(svg: &mut String, marks: &[Mark]) {
    let mut marks = marks.iter().peekable();
    while let Some(mark) = marks.next() {
        svg.push_str("<g");
        attributes(svg, mark);
        svg.push('>');
        shape(svg, &mark.shape);
        while let Some(next) = marks.next_if(|next| group(next) == group(mark)) {
            shape(svg, &next.shape);
        }
        svg.push_str("</g>\n");
    }
}

/// The rules of the colours that are used.
fn style<'a>(marks: impl IntoIterator<Item = &'a Mark>) -> String {
    let mut used = BTreeMap::new();
    for mark in marks {
        let stroke = mark.paint.stroke.map(|stroke| stroke.ink);
        for ink in [mark.paint.fill, stroke].into_iter().flatten() {
            if let Some(name) = ink.name() {
                used.insert(name, ink);
            }
        }
    }
    // Always: the root's colour needs it.
    used.insert("text", Ink::Text);
    let (mut light, mut dark, mut rules) = (String::new(), String::new(), String::new());
    for (name, ink) in used {
        let _ = write!(light, "--rmt-{name}:{};", hex(ink.light()));
        let _ = write!(dark, "--rmt-{name}:{};", hex(ink.dark()));
        let colour = match ink {
            Ink::Text => "currentColor".to_owned(),
            _ => format!("var(--rmt-{name})"),
        };
        let _ = write!(
            rules,
            ".{CLASS} .f-{name}{{fill:{colour}}}.{CLASS} .s-{name}{{stroke:{colour}}}"
        );
    }
    // Programs that know no custom properties must not see a rule with one: they would paint
    // black instead of what the attributes say.
    format!(
        "@supports (color:var(--rmt-text)){{.{CLASS}{{{light}color:var(--rmt-text)}}\
         @media (prefers-color-scheme:dark){{.{CLASS}{{{dark}}}}}{rules}}}"
    )
}

/// What marks must share to stand in one group.
fn group(mark: &Mark) -> (Paint, Option<Glyph>, Option<f64>) {
    match &mark.shape {
        Shape::Markers { glyph, radius, .. } => (mark.paint, Some(*glyph), Some(*radius)),
        _ => (mark.paint, None, None),
    }
}

fn attributes(svg: &mut String, mark: &Mark) {
    let Paint { mut fill, stroke, opacity } = mark.paint;
    let mut stroke = stroke.map(|stroke| (stroke.ink, stroke.width, stroke.dash));
    let dots = matches!(mark.shape, Shape::Markers { glyph: Glyph::Dot, .. });
    if let (Shape::Markers { radius, .. }, true) = (&mark.shape, dots) {
        // A dot is a line without length, with round ends.
        stroke = fill.take().map(|ink| (ink, 2.0 * radius, None));
    }
    let classes: Vec<String> = [("f", fill), ("s", stroke.map(|(ink, ..)| ink))]
        .into_iter()
        .filter_map(|(which, ink)| Some(format!("{which}-{}", ink?.name()?)))
        .collect();
    if !classes.is_empty() {
        let _ = write!(svg, " class=\"{}\"", classes.join(" "));
    }
    // What programs without custom properties see.
    match fill {
        Some(ink) => drop(write!(svg, " fill=\"{}\"", hex(ink.light()))),
        None => svg.push_str(" fill=\"none\""),
    }
    if let Some((ink, width, dash)) = stroke {
        let _ = write!(svg, " stroke=\"{}\" stroke-width=\"{}\"", hex(ink.light()), Number(width));
        svg.push_str(match (dots, dash) {
            (true, _) => " stroke-linecap=\"round\"",
            (false, None) => " stroke-linejoin=\"round\"",
            (false, Some(_)) => "",
        });
        if let Some([dash, gap]) = dash {
            let _ = write!(svg, " stroke-dasharray=\"{} {}\"", Number(dash), Number(gap));
        }
    }
    if opacity < 1.0 {
        let _ = write!(svg, " opacity=\"{}\"", Number(opacity));
    }
}

fn shape(svg: &mut String, shape: &Shape) {
    if let Shape::Text(text) = shape {
        return write_text(svg, text);
    }
    svg.push_str("<path d=\"");
    match shape {
        Shape::Rects(rects) => {
            for [x, y, width, height] in rects.iter().copied() {
                let (x, y, width, height) = (Number(x), Number(y), Number(width), Number(height));
                let _ = write!(svg, "M{x},{y}h{width}v{height}H{x}z");
            }
        }
        Shape::Segments(segments) => {
            for [x1, y1, x2, y2] in segments.iter().copied() {
                let _ = write!(svg, "M{},{}L{},{}", Number(x1), Number(y1), Number(x2), Number(y2));
            }
        }
        Shape::Line(points) => through(svg, points.iter().copied()),
        Shape::Area(points) => {
            through(svg, points.iter().copied());
            svg.push('z');
        }
        Shape::Markers { at, glyph: Glyph::Dot, .. } => {
            for (x, y) in at.iter().copied() {
                // Some browsers leave out a line of length 0.
                let _ = write!(svg, "M{},{}h.01", Number(x), Number(y));
            }
        }
        Shape::Markers { at, glyph, radius } => {
            for (x, y) in at.iter().copied() {
                let corner = |(dx, dy): &(f64, f64)| (x + radius * dx, y + radius * dy);
                through(svg, glyph.corners().iter().map(corner));
                svg.push('z');
            }
        }
        Shape::Text(_) => {}
    }
    svg.push_str("\"/>");
}

fn through(svg: &mut String, points: impl Iterator<Item = (f64, f64)>) {
    for (i, (x, y)) in points.enumerate() {
        // Further pairs after `M` are lines.
        let _ = write!(svg, "{}{},{}", if i == 0 { "M" } else { " " }, Number(x), Number(y));
    }
}

fn write_text(svg: &mut String, text: &Text) {
    let (x, y) = (Number(text.x), Number(text.y));
    let _ = write!(svg, "<text x=\"{x}\" y=\"{y}\" font-size=\"{}\"", Number(text.size));
    svg.push_str(match text.anchor {
        Anchor::Start => "",
        Anchor::Middle => " text-anchor=\"middle\"",
        Anchor::End => " text-anchor=\"end\"",
    });
    if text.upwards {
        let _ = write!(svg, " transform=\"rotate(-90 {x} {y})\"");
    }
    let _ = write!(svg, ">{}</text>", Escaped(&text.text));
}

/// A coordinate with as many digits as a picture needs: two after the point, none that are zero.
struct Number(f64);

impl Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rounded = (self.0 * 100.0).round() / 100.0;
        // Adding zero takes the sign off a negative one.
        write!(f, "{}", if rounded.is_finite() { rounded + 0.0 } else { 0.0 })
    }
}

/// Text inside an element or an attribute.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for c in self.0.chars() {
            match c {
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '&' => f.write_str("&amp;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn in_a_page_it_is_the_same_without_an_address() {
        let drawing = Drawing::new(10, 10, "a < b", "c");
        let (svg, html) = (drawing.to_svg(), drawing.to_html());
        assert_eq!(svg.replace(" xmlns=\"http://www.w3.org/2000/svg\"", ""), html);
        assert!(!html.contains("//") && html.contains("a &lt; b"));
    }

    #[test]
    fn coordinates_have_few_digits() {
        let written = [1.0, -0.001, 0.125, 1234.5678, f64::NAN].map(|x| Number(x).to_string());
        assert_eq!(written, ["1", "0", "0.13", "1234.57", "0"]);
    }

    #[test]
    fn text_is_escaped_and_marks_of_one_paint_share_a_group() {
        let mut drawing = Drawing::new(100, 50, "a<b>&\"'\u{0}", "d");
        drawing.write((1.0, 2.0), "<script>alert(1)</script>", 10.0, Anchor::End, Ink::Text);
        drawing.write((1.0, 20.0), "]]>&amp;", 10.0, Anchor::Start, Ink::Text);
        let svg = drawing.to_svg();
        assert!(!svg.contains("<script"));
        let document = roxmltree::Document::parse(&svg).unwrap();
        let root = document.root_element();
        assert_eq!(root.attribute("role"), Some("img"));
        let texts: Vec<_> = root
            .descendants()
            .filter(|node| node.is_element())
            .filter_map(|node| Some((node.tag_name().name(), node.text()?)))
            .filter(|(name, _)| ["title", "text"].contains(name))
            .collect();
        let expected =
            [("title", "a<b>&\"'"), ("text", "<script>alert(1)</script>"), ("text", "]]>&amp;")];
        assert_eq!(texts, expected);
        assert_eq!(root.children().filter(|node| node.tag_name().name() == "g").count(), 2);
    }

    #[test]
    fn a_page_can_set_the_colours_and_dark_is_there() {
        let svg = Drawing::new(10, 10, "t", "d").to_svg();
        assert!(svg.contains("@media (prefers-color-scheme:dark){.rmt-plot{--rmt-ground:#16181d;"));
        assert!(svg.contains(".rmt-plot .f-ground{fill:var(--rmt-ground)}"));
        assert!(svg.contains(".rmt-plot .f-text{fill:currentColor}"));
        // The fallback of programs that know no custom properties.
        assert!(svg.contains("class=\"f-ground\" fill=\"#fff\""));
        assert!(!svg.contains("url(") && !svg.contains("href"));
    }
}
