//! Figures as text for tables, with few digits and a dash for missing ones.

use crate::report::Verdict;
use crate::signs::StructureCount;
use crate::{LayerReport, MatrixReport};

/// The text for a missing figure.
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

/// A fraction as a percentage.
pub fn percent(x: Option<f64>) -> String {
    x.map_or(NONE.into(), |x| format!("{:.1} %", 100.0 * x))
}

/// A figure, with `≥` if it is a lower bound.
pub fn at_least(figure: impl Into<String>, lower_bound: bool) -> String {
    let figure = figure.into();
    if lower_bound && figure != NONE { format!("≥ {figure}") } else { figure }
}

/// A count, with `≥` if a limit cut it off.
pub fn count(count: Option<usize>, cut_off: bool) -> String {
    at_least(count.map_or(NONE.into(), |count| count.to_string()), cut_off)
}

/// Number of directions above that no scale explains.
pub fn above(report: &MatrixReport) -> String {
    counted(report.structure.as_ref().map(|found| found.above))
}

/// Number of directions below that no scale explains.
pub fn below(report: &MatrixReport) -> String {
    counted(report.structure.as_ref().and_then(|found| found.below))
}

fn counted(found: Option<StructureCount>) -> String {
    count(found.map(|found| found.count), found.is_some_and(|found| found.cut_off))
}

/// Smallest p-value that is printed. Doubles hardly resolve smaller ones.
pub const LEAST_P: f64 = 1e-300;

/// A p-value in about four characters: three decimals, or its power of ten. Below [`LEAST_P`] it is
/// `< 1e-300`.
pub fn p_value(p: f64) -> String {
    match p {
        p if p >= 0.001 => format!("{p:.3}"),
        p if p >= LEAST_P => format!("{p:.0e}"),
        p if p >= 0.0 => format!("< {LEAST_P:e}"),
        _ => NONE.into(),
    }
}

/// A p-value in a sentence: `p = 0.003`, `p < 1e-300`.
pub fn p_is(p: f64) -> String {
    if p < LEAST_P { format!("p {}", p_value(p)) } else { format!("p = {}", p_value(p)) }
}

/// −log₁₀ p, cut to 0 … 300. It grows with the evidence against the null, and stays finite if p is
/// too small for a double. NaN stays NaN.
pub fn neg_log_p(p: f64) -> f64 {
    // No −0 at p = 1.
    -p.clamp(LEAST_P, 1.0).log10() + 0.0
}

/// [`neg_log_p`] of the smallest p-value of the family, corrected for the number of tests like the
/// verdict.
pub fn strongest_neg_log_p(report: &MatrixReport) -> Option<f64> {
    let least = report.tests.iter().map(|test| test.p).reduce(f64::min)?;
    Some(neg_log_p(least * report.tests.len() as f64)).filter(|x| !x.is_nan())
}

/// The stable rank.
pub fn stable_rank(report: &MatrixReport) -> Option<f64> {
    report.heavy_tail.as_ref()?.stable_rank
}

/// Fraction of rejected singular vectors on the output side.
pub fn left(report: &MatrixReport) -> Option<f64> {
    Some(report.left.as_ref()?.ks_rejected)
}

/// Fraction of rejected singular vectors on the input side.
pub fn right(report: &MatrixReport) -> Option<f64> {
    Some(report.right.as_ref()?.ks_rejected)
}

/// The shape as rows×columns.
pub fn shape([rows, cols]: [usize; 2]) -> String {
    format!("{rows}×{cols}")
}

/// The verdict in words.
pub fn verdict(verdict: Verdict) -> String {
    verdict.to_string().replace('_', " ")
}

/// The kind, under its name in the schema.
pub fn kind(report: &LayerReport) -> String {
    report.layer.kind.to_string()
}

/// Whether a character must not be shown unchanged, because it moves the cursor, breaks the line,
/// changes the writing direction or is invisible.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// A name as one line, with each hidden character replaced.
pub fn clean(name: &str) -> String {
    name.chars().map(|c| if is_hidden(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// A message as one line of at most `longest` characters and an ellipsis. Each hidden character is
/// written out.
pub fn line(text: &str, longest: usize) -> String {
    let mut line = String::with_capacity(text.len().min(longest));
    for (count, c) in text.chars().enumerate() {
        match c {
            _ if count == longest => {
                line.push('…');
                break;
            }
            hidden if is_hidden(hidden) => line.extend(hidden.escape_default()),
            shown => line.push(shown),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_reaches_the_terminal() {
        let name = "a\u{1b}[2J\nb\tc\u{202e}d\u{9b}e\u{7f}";
        assert_eq!(clean(name), "a\u{fffd}[2J\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}e\u{fffd}");
        assert_eq!(clean("layers.0.größe"), "layers.0.größe");
        assert_eq!(line("a\u{1b}[2J\n\u{9b}Größe", 99), "a\\u{1b}[2J\\n\\u{9b}Größe");
        assert_eq!(line(&"x".repeat(10_000), 99).chars().count(), 100);
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
        assert_eq!((count(Some(32), true), count(Some(32), false)), ("≥ 32".into(), "32".into()));
        assert_eq!((count(None, true), shape([2, 3])), (NONE.into(), "2×3".into()));
        assert_eq!(verdict(Verdict::NotEstimable), "not estimable");
    }

    #[test]
    fn p_values_in_few_characters() {
        for (p, text) in [
            (0.5, "0.500"),
            (0.001, "0.001"),
            (1.3e-7, "1e-7"),
            (1e-300, "1e-300"),
            (1e-301, "< 1e-300"),
            (0.0, "< 1e-300"),
            (f64::NAN, NONE),
        ] {
            assert_eq!(p_value(p), text);
        }
        assert_eq!((p_is(0.5), p_is(0.0)), ("p = 0.500".into(), "p < 1e-300".into()));
    }

    #[test]
    fn neg_log_p_is_finite_wherever_there_is_a_p() {
        assert_eq!((neg_log_p(0.0), neg_log_p(1.0), neg_log_p(1.5)), (300.0, 0.0, 0.0));
        assert!((neg_log_p(1e-3) - 3.0).abs() < 1e-12 && neg_log_p(f64::NAN).is_nan());
        assert!(neg_log_p(1.0).is_sign_positive());
    }
}
