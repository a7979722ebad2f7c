//! Figures as tables print them: few digits, a dash for what is missing.

use crate::report::Verdict;
use crate::{LayerReport, MatrixReport};

/// What stands for a missing figure.
pub const NONE: &str = "–";

/// A number in about four characters.
pub fn number(x: Option<f64>) -> String {
    let Some(x) = x else { return NONE.into() };
    match x.abs() {
        0.0 => "0".into(),
        size if (0.01..100.0).contains(&size) => format!("{x:.2}"),
        size if (100.0..100_000.0).contains(&size) => format!("{x:.0}"),
        _ => format!("{x:.1e}"),
    }
}

/// A fraction in per cent.
pub fn percent(x: Option<f64>) -> String {
    x.map_or(NONE.into(), |x| format!("{:.1} %", 100.0 * x))
}

/// A count of values beyond the edge and, in brackets, of the significant ones.
pub fn outliers(all: Option<usize>, significant: Option<usize>) -> String {
    match (all, significant) {
        (Some(all), Some(significant)) => format!("{all} ({significant})"),
        _ => NONE.into(),
    }
}

/// Values above the bulk: all, and in brackets the significant ones.
pub fn above(report: &MatrixReport) -> String {
    outliers(report.outliers_above, report.significant_above)
}

/// Values below the bulk: all, and in brackets the significant ones.
pub fn below(report: &MatrixReport) -> String {
    outliers(report.outliers_below, report.significant_below)
}

/// The power-law exponent.
pub fn alpha(report: &MatrixReport) -> Option<f64> {
    report.heavy_tail.as_ref()?.alpha
}

/// The stable rank.
pub fn stable_rank(report: &MatrixReport) -> Option<f64> {
    report.heavy_tail.as_ref()?.stable_rank
}

/// Fraction of the vectors that are rejected on the output side.
pub fn left(report: &MatrixReport) -> Option<f64> {
    Some(report.left.as_ref()?.ks_rejected)
}

/// Fraction of the vectors that are rejected on the input side.
pub fn right(report: &MatrixReport) -> Option<f64> {
    Some(report.right.as_ref()?.ks_rejected)
}

/// Rows × columns.
pub fn shape([rows, cols]: [usize; 2]) -> String {
    format!("{rows}×{cols}")
}

/// The verdict in words.
pub fn verdict(verdict: Verdict) -> String {
    verdict.to_string().replace('_', " ")
}

/// The kind under its name in the schema.
pub fn kind(report: &LayerReport) -> String {
    report.layer.kind.to_string()
}

/// A name as one line of visible characters: what would move a cursor, break the line or turn the
/// direction of writing is replaced.
pub fn clean(name: &str) -> String {
    let hidden = |c: char| {
        let directions = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}');
        let isolates = matches!(c, '\u{2066}'..='\u{2069}' | '\u{61c}');
        c.is_control() || directions || isolates || matches!(c, '\u{2028}' | '\u{2029}')
    };
    name.chars().map(|c| if hidden(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_reaches_the_terminal() {
        let name = "a\u{1b}[2J\nb\tc\u{202e}d\u{9b}e\u{7f}";
        assert_eq!(clean(name), "a\u{fffd}[2J\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}e\u{fffd}");
        assert_eq!(clean("layers.0.größe"), "layers.0.größe");
    }

    #[test]
    fn figures_in_few_characters() {
        for (x, text) in [
            (0.0, "0"),
            (0.5, "0.50"),
            (-12.345, "-12.35"),
            (99.99, "99.99"),
            (768.4, "768"),
            (0.001, "1.0e-3"),
            (1e9, "1.0e9"),
        ] {
            assert_eq!(number(Some(x)), text);
        }
        assert_eq!((number(None), percent(Some(0.1234))), (NONE.into(), "12.3 %".into()));
        assert_eq!(outliers(Some(25), Some(32)), "25 (32)");
        assert_eq!((outliers(Some(1), None), shape([2, 3])), (NONE.into(), "2×3".into()));
        assert_eq!(verdict(Verdict::NotEstimable), "not estimable");
    }
}
