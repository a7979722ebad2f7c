//! Documents hold: links and pictures resolve, commands name programs that exist, code is code that is compiled, and the
//! README is short.

use crate::support::test;
use libtest_mimic::Trial;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test(module_path!(), "links_and_pictures_resolve", links),
        test(module_path!(), "examples_exist", examples),
        test(module_path!(), "code_is_compiled", code),
        test(module_path!(), "the_readme_is_short", short),
        test(module_path!(), "the_guide_lists_its_pages", listed),
    ]
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Files below `folder` with this extension.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
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

fn documents() -> Vec<PathBuf> {
    let root = root();
    let folders = ["docs", "crates", "benches"].map(|folder| files(&root.join(folder), "md"));
    let above = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"];
    folders.concat().into_iter().chain(above.map(|name| root.join(name))).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What a document has in blocks of code of `language`, or outside all of them.
fn lines(text: &str, language: Option<&str>) -> Vec<String> {
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

/// Targets of `[…](target)`.
fn targets(text: &str) -> Vec<String> {
    let prose = lines(text, None).join("\n");
    let parts = prose.split("](").skip(1);
    parts.filter_map(|part| Some(part.split_once(')')?.0.to_owned())).collect()
}

/// The anchors that headings get: lower case, without punctuation, hyphens for spaces.
fn anchors(text: &str) -> HashSet<String> {
    let headings = lines(text, None);
    let headings = headings.iter().filter(|line| line.starts_with('#'));
    let slug = |heading: &String| {
        let kept = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.collect::<String>().replace(' ', "-")
    };
    headings.map(slug).collect()
}

fn links() {
    let mut broken = Vec::new();
    for document in documents() {
        for target in targets(&read(&document)) {
            if target.starts_with("http") || target.starts_with("crate::") || target.contains("::")
            {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let path = match file {
                "" => document.clone(),
                file => document.parent().unwrap().join(file),
            };
            let there =
                path.exists() && (anchor.is_empty() || anchors(&read(&path)).contains(anchor));
            if !there {
                broken.push(format!("{}: {target}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

fn examples() {
    let root = root();
    let there: HashSet<String> = ["examples", "crates", "benches"]
        .iter()
        .flat_map(|folder| files(&root.join(folder), "rs"))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    for document in documents() {
        let text = read(&document);
        for command in text.split("--example ").skip(1) {
            let name = command.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
            assert!(there.contains(name), "{}: no example {name}", document.display());
        }
    }
}

/// Without the comment at its end and with single spaces.
fn bare(line: &str) -> String {
    let code = line.split(" //").next().unwrap_or(line);
    let code = code.trim().trim_start_matches("//!").trim_start_matches("///").trim();
    if code.starts_with("//") || code.starts_with('#') {
        return String::new();
    }
    code.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Every line of Rust in README and guide is one of an example, or of a documentation test of burn-rmt.
fn code() {
    let root = root();
    let sources = ["examples", "crates/burn-rmt"].map(|folder| files(&root.join(folder), "rs"));
    let compiled: HashSet<String> = sources
        .concat()
        .iter()
        .flat_map(|path| read(path).lines().map(bare).collect::<Vec<_>>())
        .collect();
    let guide = files(&root.join("docs/guide"), "md");
    for document in guide.into_iter().chain([root.join("README.md")]) {
        for line in lines(&read(&document), Some("rust")) {
            let line = bare(&line);
            assert!(compiled.contains(&line), "{}: `{line}` is in no program", document.display());
        }
    }
}

fn short() {
    let readme = read(&root().join("README.md"));
    assert!(readme.lines().count() <= 130, "{} lines", readme.lines().count());
    for line in readme.lines() {
        assert!(line.chars().count() <= 110, "{line}");
    }
}

fn listed() {
    let docs = root().join("docs");
    let summary = read(&docs.join("SUMMARY.md"));
    for page in files(&docs, "md") {
        let name = page.strip_prefix(&docs).unwrap().to_string_lossy().into_owned();
        if !name.starts_with("public-api") && name != "SUMMARY.md" {
            assert!(summary.contains(&format!("({name})")), "{name} is not in SUMMARY.md");
        }
    }
}
