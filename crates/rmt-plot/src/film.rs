//! A picture that moves.

use crate::drawing::{Drawing, Mark};
use crate::svg::{CLASS, NAMESPACE, groups, head};
use std::fmt::Write;

/// How long a frame is shown, in seconds.
const FRAME: f64 = 0.4;
/// How long the first and the last are shown, in frames.
const HELD: usize = 4;

/// A picture that moves: its frames are shown over what stays, one after the other, again and again.
#[derive(Debug, Clone, PartialEq)]
pub struct Film {
    fixed: Drawing,
    frames: Vec<Vec<Mark>>,
}

impl Film {
    pub(crate) fn new(fixed: Drawing, frames: Vec<Vec<Mark>>) -> Self {
        Self { fixed, frames }
    }

    /// Number of its frames.
    pub fn frames(&self) -> usize {
        self.frames.len()
    }

    #[cfg(test)]
    pub(crate) fn frame(&self, number: usize) -> Drawing {
        let mut drawing = self.fixed.clone();
        for mark in &self.frames[number] {
            drawing.add(mark.shape.clone(), mark.paint);
        }
        drawing
    }

    /// The film as an SVG document that stands alone. It moves by style rules and needs no scripts, so that it also moves
    /// as an image of a page. It has the colours of [`Drawing::to_svg`]. Only the last frame is shown where the reader's
    /// system asks for less motion (`prefers-reduced-motion`), and by programs that know no style rules.
    pub fn to_svg(&self) -> String {
        let last = self.frames.len().saturating_sub(1);
        // Frames before the last, and the two that are held.
        let slots = match last {
            0 => HELD,
            last => last + 2 * HELD - 1,
        };
        let length = FRAME * slots as f64;
        let shown = |frames: usize| 100.0 * frames as f64 / slots as f64;
        let (moves, held) = (shown(1), shown(HELD));
        let rules = format!(
            "@media (prefers-reduced-motion:no-preference){{\
             .{CLASS} .frame{{visibility:hidden;animation:rmt-frame {length:.1}s step-end infinite}}\
             .{CLASS} .held{{animation-name:rmt-held}}}}\
             @keyframes rmt-frame{{0%{{visibility:visible}}{moves:.3}%,100%{{visibility:hidden}}}}\
             @keyframes rmt-held{{0%{{visibility:visible}}{held:.3}%,100%{{visibility:hidden}}}}"
        );
        let marks = self.fixed.marks().iter().chain(self.frames.iter().flatten());
        let mut svg = head(&self.fixed, NAMESPACE, marks, &rules);
        groups(&mut svg, self.fixed.marks());
        for (number, frame) in self.frames.iter().enumerate() {
            let held = if number == 0 || number == last { " held" } else { "" };
            let hidden = if number == last { "" } else { " visibility=\"hidden\"" };
            let begins = if number == 0 { 0 } else { number + HELD - 1 };
            let delay = FRAME * begins as f64;
            // Writing to a string cannot fail.
            let _ = writeln!(
                svg,
                "<g class=\"frame{held}\"{hidden} style=\"animation-delay:{delay:.1}s\">"
            );
            groups(&mut svg, frame);
            svg.push_str("</g>\n");
        }
        svg.push_str("</svg>\n");
        svg
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::drawing::Anchor;
    use crate::ink::Ink;

    fn film(frames: usize) -> Film {
        let fixed = Drawing::new(100, 50, "t", "d");
        let frame = |number: usize| {
            let mut drawing = fixed.clone();
            let from = drawing.marks().len();
            let text = format!("frame {number}");
            drawing.write((1.0, 20.0), &text, 10.0, Anchor::Start, Ink::Above);
            drawing.take_from(from)
        };
        Film::new(fixed.clone(), (0..frames).map(frame).collect())
    }

    #[test]
    fn each_frame_begins_where_the_one_before_ends() {
        let svg = film(5).to_svg();
        let document = roxmltree::Document::parse(&svg).unwrap();
        let frames: Vec<_> = document
            .descendants()
            .filter(|node| node.attribute("class").is_some_and(|c| c.starts_with("frame")))
            .map(|node| (node.attribute("class").unwrap(), node.attribute("style").unwrap()))
            .collect();
        let delays = ["0.0s", "1.6s", "2.0s", "2.4s", "2.8s"];
        for ((number, (class, style)), delay) in frames.iter().enumerate().zip(delays) {
            assert_eq!(*style, format!("animation-delay:{delay}"), "{number}");
            assert_eq!(class.ends_with("held"), number == 0 || number == 4, "{number}");
        }
        // 4 + 3 + 4 slots.
        assert_eq!(frames.len(), 5);
        assert!(
            svg.contains("rmt-frame 4.4s") && svg.contains("9.091%") && svg.contains("36.364%")
        );
        // The colour of a mark that only a frame has.
        assert!(svg.contains("--rmt-above:#d55e00"));
        assert!(!svg.contains("<script") && !svg.contains("href"));
    }

    #[test]
    fn without_rules_the_last_frame_is_the_one_that_is_seen() {
        for count in [1, 2, 6] {
            let svg = film(count).to_svg();
            let document = roxmltree::Document::parse(&svg).unwrap();
            let seen = document.descendants().filter(|node| {
                node.tag_name().name() == "text"
                    && node.ancestors().all(|above| above.attribute("visibility").is_none())
            });
            let seen: Vec<_> = seen.filter_map(|node| node.text()).collect();
            assert_eq!(seen, [format!("frame {}", count - 1)]);
        }
        assert!(film(0).to_svg().ends_with("</svg>\n"));
    }
}
