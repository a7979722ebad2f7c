//! A checkpoint whose tensors have other names than its own, or of which a part is wanted.

use super::names::{distinct, quoted};
use super::{Convention, Entry, FormatError, Source, Usage};
use rmt_monitor::WeightValues;
use std::path::PathBuf;

/// Changes to names, applied in this order.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Keeps only tensors below this key of the file, and names them from there on.
    pub key: Option<String>,
    /// Prefixes to remove from names.
    pub strip: Vec<String>,
    /// Pairs (old, new). The first `old` in a name is replaced by `new`.
    pub rename: Vec<(String, String)>,
}

struct Renamed {
    path: PathBuf,
    source: Box<dyn Source>,
    entries: Vec<Entry>,
    /// Numbers of the tensors in the source.
    numbers: Vec<usize>,
}

impl Names {
    /// The checkpoint with changed names.
    ///
    /// # Errors
    /// If nothing lies below the key, or two tensors get the same name.
    pub fn of(
        &self,
        path: PathBuf,
        source: Box<dyn Source>,
    ) -> Result<Box<dyn Source>, FormatError> {
        if self.key.is_none() && self.strip.is_empty() && self.rename.is_empty() {
            return Ok(source);
        }
        let mut entries = Vec::new();
        let mut numbers = Vec::new();
        for (number, entry) in source.entries().iter().enumerate() {
            let mut name = match &self.key {
                None => entry.name.clone(),
                Some(key) => {
                    let below = source.path(number).strip_prefix(key.as_str());
                    let Some(rest) = below.and_then(|rest| rest.strip_prefix('.')) else {
                        continue;
                    };
                    rest.to_owned()
                }
            };
            for prefix in &self.strip {
                if let Some(rest) =
                    name.strip_prefix(prefix.as_str()).filter(|rest| !rest.is_empty())
                {
                    name = rest.to_owned();
                }
            }
            for (old, new) in &self.rename {
                name = name.replacen(old.as_str(), new, 1);
            }
            entries.push(Entry { name, ..entry.clone() });
            numbers.push(number);
        }
        if let (Some(key), []) = (&self.key, entries.as_slice()) {
            let first = (!source.entries().is_empty()).then(|| source.path(0));
            let example = first.map(|path| format!("; a path in it is {}", quoted(path)));
            let problem = format!(
                "nothing lies below the key {}{}",
                quoted(key),
                example.unwrap_or_default()
            );
            return Err(FormatError::new(&path, problem));
        }
        distinct(&entries).map_err(|problem| FormatError::new(&path, problem))?;
        Ok(Box::new(Renamed { path, source, entries, numbers }))
    }
}

impl Source for Renamed {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn convention(&self) -> Convention {
        self.source.convention()
    }

    fn notes(&self) -> Vec<String> {
        self.source.notes()
    }

    fn usage(&self, entry: usize) -> Option<Usage> {
        self.source.usage(*self.numbers.get(entry)?)
    }

    fn fingerprint(&self, entry: usize) -> Option<Vec<u64>> {
        self.source.fingerprint(*self.numbers.get(entry)?)
    }

    fn read(&self, entry: usize) -> Result<WeightValues, FormatError> {
        match self.numbers.get(entry) {
            Some(&number) => self.source.read(number),
            None => {
                Err(FormatError::new(&self.path, format!("it has no tensor of number {entry}")))
            }
        }
    }
}
