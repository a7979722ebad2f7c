//! The few literals of Python that the header of a NumPy file is made of.

/// Lists within lists, at most so deep.
const DEEPEST: usize = 16;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Literal {
    Text(String),
    Bool(bool),
    Number(u64),
    /// A tuple or a list.
    Several(Vec<Literal>),
    Nothing,
}

/// The pairs of a dict whose keys are texts. A key that comes twice is refused.
pub(super) fn dict(text: &str) -> Result<Vec<(String, Literal)>, String> {
    let mut parser = Parser { rest: text };
    let pairs = parser.dict().ok_or_else(|| parser.problem())?;
    parser.space();
    if !parser.rest.is_empty() {
        return Err(parser.problem());
    }
    let twice = pairs
        .iter()
        .enumerate()
        .find(|(at, (key, _))| pairs.iter().take(*at).any(|(before, _)| before == key));
    match twice {
        Some((_, (key, _))) => Err(format!("the key {key:?} occurs twice")),
        None => Ok(pairs),
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn problem(&self) -> String {
        let near: String = self.rest.chars().take(20).collect();
        format!("it is not a Python dict from {near:?} on")
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\n', '\t', '\r']);
    }

    /// Whether the next thing is this; then it is passed.
    fn takes(&mut self, token: &str) -> bool {
        self.space();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn dict(&mut self) -> Option<Vec<(String, Literal)>> {
        let mut pairs = Vec::new();
        if !self.takes("{") {
            return None;
        }
        while !self.takes("}") {
            let Literal::Text(key) = self.value(0)? else { return None };
            if !self.takes(":") {
                return None;
            }
            pairs.push((key, self.value(0)?));
            if !self.takes(",") {
                return self.takes("}").then_some(pairs);
            }
        }
        Some(pairs)
    }

    fn value(&mut self, depth: usize) -> Option<Literal> {
        if depth > DEEPEST {
            return None;
        }
        let words = [
            ("True", Literal::Bool(true)),
            ("False", Literal::Bool(false)),
            ("None", Literal::Nothing),
        ];
        for (word, value) in words {
            if self.takes(word) {
                return Some(value);
            }
        }
        for (open, close) in [("(", ")"), ("[", "]")] {
            if self.takes(open) {
                return self.several(close, depth);
            }
        }
        for quote in ['\'', '"'] {
            if self.rest.starts_with(quote) {
                return self.text(quote);
            }
        }
        self.number()
    }

    fn several(&mut self, close: &str, depth: usize) -> Option<Literal> {
        let mut values = Vec::new();
        while !self.takes(close) {
            values.push(self.value(depth + 1)?);
            if !self.takes(",") {
                return self.takes(close).then_some(Literal::Several(values));
            }
        }
        Some(Literal::Several(values))
    }

    /// Escapes are not unfolded: no name of a type has one, and a field's name is not used.
    fn text(&mut self, quote: char) -> Option<Literal> {
        let mut escaped = false;
        let mut end = None;
        for (at, character) in self.rest.char_indices().skip(1) {
            if character == quote && !escaped {
                end = Some(at);
                break;
            }
            escaped = character == '\\' && !escaped;
        }
        let (start, end) = (quote.len_utf8(), end?);
        let text = self.rest.get(start..end)?.to_owned();
        self.rest = self.rest.get(end + quote.len_utf8()..)?;
        Some(Literal::Text(text))
    }

    fn number(&mut self) -> Option<Literal> {
        let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        let number = digits.parse().ok()?;
        // Python 2 wrote 3L.
        self.rest = rest.strip_prefix('L').unwrap_or(rest);
        Some(Literal::Number(number))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_numpy_writes_is_read() {
        let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4L), }   \n";
        let shape = Literal::Several(vec![Literal::Number(3), Literal::Number(4)]);
        let expected = [
            ("descr".to_owned(), Literal::Text("<f4".into())),
            ("fortran_order".to_owned(), Literal::Bool(false)),
            ("shape".to_owned(), shape),
        ];
        assert_eq!(dict(text).unwrap(), expected);
        assert_eq!(dict("{}").unwrap(), []);
        let nested = dict(r#"{"descr": [('a\'b', '<f4', (2,)), ("c", [])], 'x': None}"#).unwrap();
        assert_eq!(nested.len(), 2);
        assert_eq!(nested[1].1, Literal::Nothing);
    }

    #[test]
    fn all_else_is_refused() {
        let deep = format!("{{'a': {}1", "(".repeat(100_000));
        for text in [
            "",
            "{",
            "{'a'",
            "{'a':",
            "{'a': 1",
            "{'a': 1} x",
            "{'a': -1}",
            "{'a': 1.5}",
            "{1: 2}",
            "{'a': (1 2)}",
            "{'a': (1,]}",
            "{'a': 'b}",
            "{'a': x}",
            "{'a': 99999999999999999999}",
            "{'a': __import__('os')}",
            "[]",
            "{'a': 'é\\",
            &deep,
        ] {
            assert!(dict(text).is_err(), "{text:?}");
        }
        assert!(dict("{'a': 1, 'a': 1}").unwrap_err().contains("twice"));
    }
}
