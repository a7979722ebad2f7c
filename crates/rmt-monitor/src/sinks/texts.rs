//! Markdown for TensorBoard's text page.

use crate::alerts::Alert;

/// Lines of a list that are shown; of the others, the number is.
const MOST: usize = 50;

/// As plain text in Markdown, on one line.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '(' | ')' | '#' | '+'
            | '-' | '!' | '|' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// One line for each alert.
pub(super) fn alerts(alerts: &[Alert]) -> String {
    let line = |alert: &Alert| {
        format!(
            "- **{}** ({}) {}\n",
            escaped(alert.alert.name()),
            alert.level.name(),
            escaped(&alert.message)
        )
    };
    let mut text: String = alerts.iter().take(MOST).map(line).collect();
    if alerts.len() > MOST {
        text.push_str(&format!("- and {} more\n", alerts.len() - MOST));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::AlertKind;

    #[test]
    fn names_are_no_markup() {
        assert_eq!(escaped("a_*b*\n<i>"), "a\\_\\*b\\* \\<i\\>");
        let alert = |step: u64| Alert {
            step,
            layer: "a".into(),
            alert: AlertKind::RankCollapse,
            level: AlertKind::RankCollapse.level(),
            message: "`a`: low".into(),
        };
        let one = alerts(&[alert(1)]);
        assert_eq!(one, "- **rank\\_collapse** (warning) \\`a\\`: low\n");
        let many: Vec<Alert> = (0..60).map(alert).collect();
        let many = alerts(&many);
        assert_eq!(many.lines().count(), MOST + 1);
        assert!(many.ends_with("- and 10 more\n"));
    }
}
