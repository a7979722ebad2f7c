//! Documents have one spelling, British with -ize, and no paragraph stands twice.

use crate::support::documents::{documents, files, lines, read, root};
use crate::support::test;
use libtest_mimic::Trial;
use std::collections::HashMap;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test(module_path!(), "one_spelling", one_spelling),
        test(module_path!(), "no_paragraph_twice", no_paragraph_twice),
    ]
}

/// American words, and stems of verbs in -ise.
const AMERICAN: [&str; 12] = [
    "color",
    "colors",
    "colored",
    "neighbor",
    "neighbors",
    "neighboring",
    "behavior",
    "center",
    "centered",
    "gray",
    "labeled",
    "favor",
];
const IN_ISE: [&str; 13] = [
    "normalis",
    "quantis",
    "initialis",
    "localis",
    "equalis",
    "memoris",
    "generalis",
    "summaris",
    "randomis",
    "optimis",
    "recognis",
    "organis",
    "serialis",
];

/// Words of prose and of what the programs print: of documents outside code, and of the crates' comments.
fn one_spelling() {
    let crates = files(&root().join("crates"), "rs");
    let comments = |text: String| {
        let lines = text.lines().map(str::trim_start).filter(|line| line.starts_with("//"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let prose = documents().into_iter().map(|path| (lines(&read(&path), None), path));
    let prose = prose.chain(crates.into_iter().map(|path| (comments(read(&path)), path)));
    for (lines, path) in prose {
        for line in lines {
            // Names of others are as they are.
            let plain: String = line.split('`').step_by(2).collect();
            let plain = plain.split('"').step_by(2).collect::<String>().to_lowercase();
            for word in plain.split(|c: char| !c.is_alphanumeric()) {
                let wrong =
                    AMERICAN.contains(&word) || IN_ISE.iter().any(|stem| word.contains(stem));
                assert!(!wrong, "{}: {word}: {line}", path.display());
            }
        }
    }
}

/// Of the guide, the README and those of the crates.
fn no_paragraph_twice() {
    let mut seen = HashMap::new();
    for document in documents() {
        let text = lines(&read(&document), None).join("\n");
        for paragraph in text.split("\n\n") {
            let paragraph = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
            if paragraph.chars().count() < 120 {
                continue;
            }
            if let Some(other) = seen.insert(paragraph.clone(), document.clone()) {
                panic!("{} and {}: {paragraph}", other.display(), document.display());
            }
        }
    }
}
