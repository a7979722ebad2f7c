//! From text to the numbers of tokens, as each model's own tokenizer does it.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result};
use regex::Regex;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// How SMILES are cut (Schwaller et al., 2018).
const SMILES: &str = r"%\([0-9]{3}\)|\[[^\]]+\]|Br?|Cl?|N|O|S|P|F|I|b|c|n|o|s|p|\||\(|\)|\.|=|#|-|\+|\\|/|:|~|@|\?|>>?|\*|\$|%[0-9]{2}|[0-9]";

/// A mark, or what stands between marks and spaces. BERT takes all of ASCII but letters and digits for marks.
const WORDS: &str = r"[\p{P}$+<=>^`|~]|[^\s\p{P}$+<=>^`|~]+";

/// How a text is cut into tokens.
#[derive(Clone, Copy, Debug)]
pub enum Cut {
    /// Atoms, bonds, brackets and digits of SMILES; what is none of these is left out.
    Smiles,
    /// Letters.
    Letters,
    /// What spaces separate.
    Spaces,
    /// Words in lower case without accents, cut into the longest pieces that the vocabulary has
    /// (WordPiece). Chinese is not cut into its signs.
    Words,
}

/// The tokens of a model.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    numbers: HashMap<String, i32>,
    cut: Cut,
    pattern: Regex,
    special: [i32; 4],
}

impl Vocabulary {
    /// Of a file with a token a line.
    ///
    /// # Errors
    /// Where it cannot be read, or lacks a token that BERT needs.
    pub fn open(file: &Path, cut: Cut) -> Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let special = ["[CLS]", "[SEP]", "[MASK]", "[UNK]"];
        Self::new(text.lines(), special, cut).with_context(|| file.display().to_string())
    }

    /// Of a table whose first column has the tokens, after the four that are special.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn of_table(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let rows = text.lines().skip(1).map(|row| row.split(',').next().unwrap_or_default());
        let names = ["<pad>", "<mask>", "<bos>", "<eos>"].into_iter().chain(rows);
        Self::new(names, ["<bos>", "<eos>", "<mask>", "<pad>"], Cut::Spaces)
    }

    fn new<'a>(names: impl Iterator<Item = &'a str>, special: [&str; 4], cut: Cut) -> Result<Self> {
        let names = names.enumerate().map(|(number, name)| (name.to_owned(), number as i32));
        let numbers: HashMap<String, i32> = names.collect();
        let number =
            |name: &str| numbers.get(name).copied().with_context(|| format!("no token {name}"));
        let [begin, end, mask, unknown] = special;
        let special = [number(begin)?, number(end)?, number(mask)?, number(unknown)?];
        let pattern = Regex::new(match cut {
            Cut::Smiles => SMILES,
            Cut::Letters => ".",
            Cut::Spaces => r"\S+",
            Cut::Words => WORDS,
        })?;
        Ok(Self { numbers, cut, pattern, special })
    }

    /// The numbers of a text's tokens, between those of its begin and its end.
    pub fn encode(&self, text: &str) -> Vec<i32> {
        self.enclosed(&self.cut(text))
    }

    /// The same of tokens.
    pub fn enclosed(&self, tokens: &[i32]) -> Vec<i32> {
        let [begin, end, ..] = self.special;
        [&[begin], tokens, &[end]].concat()
    }

    /// The numbers of a text's tokens.
    pub fn cut(&self, text: &str) -> Vec<i32> {
        let number = |token: &str| self.numbers.get(token).copied().unwrap_or(self.unknown());
        let found = |text: &str| -> Vec<String> {
            self.pattern.find_iter(text).map(|found| found.as_str().to_owned()).collect()
        };
        match self.cut {
            Cut::Smiles | Cut::Letters | Cut::Spaces => {
                found(text).iter().map(|token| number(token)).collect()
            }
            Cut::Words => {
                let text: String =
                    text.to_lowercase().nfd().filter(|c| !is_combining_mark(*c)).collect();
                found(&text).iter().flat_map(|word| self.pieces(word)).collect()
            }
        }
    }

    /// From the left, the longest pieces; one unknown token where a word has none.
    fn pieces(&self, word: &str) -> Vec<i32> {
        let (mut pieces, mut rest) = (Vec::new(), word);
        while !rest.is_empty() {
            let continued = if pieces.is_empty() { "" } else { "##" };
            let ends = rest.char_indices().map(|(at, c)| at + c.len_utf8()).rev();
            let piece = ends.into_iter().find_map(|end| {
                let number = self.numbers.get(&format!("{continued}{}", &rest[..end]))?;
                Some((*number, end))
            });
            let Some((number, end)) = piece else { return vec![self.unknown()] };
            pieces.push(number);
            rest = &rest[end..];
        }
        pieces
    }

    /// The token that hides another.
    pub fn mask(&self) -> i32 {
        self.special[2]
    }

    /// The token of what is not known.
    pub fn unknown(&self) -> i32 {
        self.special[3]
    }
}
