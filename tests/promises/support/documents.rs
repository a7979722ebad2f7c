//! The repository's documents: README, guide, and those beside the crates.

use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Files below `folder` with this extension.
pub(crate) fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found
}

pub(crate) fn documents() -> Vec<PathBuf> {
    let root = root();
    let folders = ["docs", "crates", "benches"].map(|folder| files(&root.join(folder), "md"));
    let above = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"];
    folders.concat().into_iter().chain(above.map(|name| root.join(name))).collect()
}

pub(crate) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Lines in blocks of code of `language` (every language for ""), or outside all blocks.
pub(crate) fn lines(text: &str, language: Option<&str>) -> Vec<String> {
    let mut within: Option<String> = None;
    let mut found = Vec::new();
    for line in text.lines() {
        if let Some(opening) = line.trim_start().strip_prefix("```") {
            within = within.is_none().then(|| opening.to_owned());
        } else if match (&within, language) {
            (Some(within), Some(language)) => within.starts_with(language),
            (within, language) => within.is_none() && language.is_none(),
        } {
            found.push(line.to_owned());
        }
    }
    found
}

/// Commands that begin with `program`: in blocks of code, in indented lines and, in prose, between backticks.
pub(crate) fn commands(text: &str, program: &str) -> Vec<Vec<String>> {
    let joined = text.replace("\\\n", " ");
    let prose = lines(&joined, None);
    let mut found = lines(&joined, Some(""));
    found.extend(prose.iter().filter(|line| line.starts_with("    ")).cloned());
    let prose = prose.join("\n");
    found.extend(prose.split('`').skip(1).step_by(2).map(|code| code.replace('\n', " ")));
    let begins = |words: &Vec<String>| words.len() > 1 && words.first().unwrap() == program;
    found.iter().map(|line| words(line)).filter(begins).collect()
}

/// The words of the first command in a line, as a shell splits them.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in line.trim().trim_start_matches("$ ").chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, ' ') => words.push(String::new()),
            (None, '|' | ';' | '&' | '#' | '>') => break,
            (_, c) => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
