//! Makes foreign text in files and messages harmless for the terminal that shows it.

use rmt_core::shown;
use serde::Serialize;

/// Characters of a message that are kept.
const LONGEST: usize = 2_000;

/// A message as one line of bounded length, in which nothing is hidden.
pub(crate) fn line(text: &str) -> String {
    shown::line(text, LONGEST)
}

/// Names in a sentence: the first few, and how many more.
pub(crate) fn several(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match names.len().checked_sub(SHOWN) {
        None | Some(0) => shown.join(", "),
        Some(more) => format!("{} and {more} more", shown.join(", ")),
    }
}

/// A name without hidden characters, each of them replaced.
pub(crate) fn name(text: &str) -> String {
    text.chars().map(|c| if shown::is_hidden(c) { '_' } else { c }).collect()
}

/// A value as one line of JSON with every control character escaped. That includes U+007F to
/// U+009F, which JSON allows and some terminals obey.
///
/// ```
/// let line = rmt_monitor::to_json_line(&"a\u{9b}2J").unwrap();
/// assert_eq!(line, b"\"a\\u009b2J\"\n");
/// ```
///
/// # Errors
/// If the value has no form in JSON.
pub fn to_json_line<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Vec<u8>> {
    let mut text = escaped(serde_json::to_vec(value)?);
    text.push(b'\n');
    Ok(text)
}

/// JSON text with the control characters escaped that JSON lets through. They stand in strings only.
pub(crate) fn escaped(json: Vec<u8>) -> Vec<u8> {
    // The first byte of U+0080 to U+00BF.
    const TWO_BYTES: u8 = 0xc2;
    let hidden = |at: usize| match json.get(at..) {
        Some([0x7f, ..]) => Some((0x7f, 1)),
        Some([TWO_BYTES, low @ 0x80..=0x9f, ..]) => Some((*low, 2)),
        _ => None,
    };
    if !(0..json.len()).any(|at| hidden(at).is_some()) {
        return json;
    }
    let mut text = Vec::with_capacity(json.len() + 16);
    let mut at = 0;
    while let Some(&byte) = json.get(at) {
        match hidden(at) {
            Some((code, length)) => {
                text.extend_from_slice(format!("\\u{code:04x}").as_bytes());
                at += length;
            }
            None => {
                text.push(byte);
                at += 1;
            }
        }
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn nothing_acts_on_the_terminal() {
        assert_eq!(line("a\u{1b}[2J\n\u{9b}Größe"), "a\\u{1b}[2J\\n\\u{9b}Größe");
        assert_eq!(line(&"x".repeat(10_000)).chars().count(), LONGEST + 1);
        assert_eq!(name("a\u{1b}\u{7f}/é"), "a__/é");
        let names: Vec<String> = ["a", "b", "c", "d", "e"].map(Into::into).into();
        assert_eq!(several(&names[..1]), "`a`");
        assert_eq!(several(&names[..3]), "`a`, `b`, `c`");
        assert_eq!(several(&names), "`a`, `b`, `c` and 2 more");
    }

    #[test]
    fn json_means_the_same_and_has_no_control_characters() {
        let every: String = (0..0x300).filter_map(char::from_u32).collect();
        for text in [every.as_str(), "", "plain", "\u{c2}\u{a0}"] {
            let written = String::from_utf8(to_json_line(text).unwrap()).unwrap();
            assert!(!written.trim_end().contains(char::is_control));
            assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
        }
    }
}
