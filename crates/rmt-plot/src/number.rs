//! Numbers as text, and powers of ten.

/// Exponent from which ticks are written with a common power of ten.
pub(crate) const LARGE: i32 = 5;
/// Exponent up to which they are, on the small side.
pub(crate) const SMALL: i32 = -3;

/// 10^exponent, correctly rounded.
pub(crate) fn power(exponent: i32) -> f64 {
    format!("1e{exponent}").parse().unwrap_or(1.0)
}

/// value/10^exponent, also where 10^exponent is too small for a double.
pub(crate) fn in_units(value: f64, exponent: i32) -> f64 {
    match exponent {
        ..-300 => value * power(300) / power(exponent + 300),
        _ => value / power(exponent),
    }
}

/// `exponent` in superscript.
pub(crate) fn superscript(exponent: i32) -> String {
    let digit = |c| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '4' => '⁴',
        '5' => '⁵',
        '6' => '⁶',
        '7' => '⁷',
        '8' => '⁸',
        '9' => '⁹',
        _ => '⁰',
    };
    exponent.to_string().chars().map(digit).collect()
}

/// A number as text, with a true minus sign.
pub(crate) fn written(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let zero = text.chars().all(|c| matches!(c, '0' | '.' | '-'));
    if zero { text.replace('-', "") } else { text.replace('-', "−") }
}

/// A figure for a label: `digits` significant ones, a power of ten where it is needed.
pub(crate) fn figure(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return if value.is_nan() { "none".into() } else { written(value, 0) };
    }
    let scientific = format!("{value:.*e}", digits.saturating_sub(1));
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trimmed = |text: String| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    };
    if value == 0.0 || (SMALL + 1..=LARGE).contains(&exponent) {
        let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
        trimmed(written(value, decimals))
    } else {
        let mantissa = trimmed(mantissa.replace('-', "−"));
        format!("{mantissa}×10{}", superscript(exponent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_their_digits() {
        let found = [0.0, 0.012345, 1234.5, 1e-9, -2.5e12, 1.0, 0.99996].map(|x| figure(x, 3));
        assert_eq!(found, ["0", "0.0123", "1234", "1×10⁻⁹", "−2.5×10¹²", "1", "1"]);
        assert_eq!(figure(f64::NAN, 3), "none");
    }
}
