//! Documents hold: links and pictures resolve, commands parse and name programs that exist, code is code that is
//! compiled, and the README is short.

use crate::support::documents::{commands, documents, files, lines, read, root};
use crate::support::test;
use clap::Parser;
use clap::error::ErrorKind;
use libtest_mimic::Trial;
use rmt_cli::arguments::Arguments;
use std::collections::HashSet;
use std::path::PathBuf;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test(module_path!(), "links_and_pictures_resolve", links),
        test(module_path!(), "commands_of_rmt_parse", commands_of_rmt),
        test(module_path!(), "commands_of_cargo_name_what_exists", commands_of_cargo),
        test(module_path!(), "commands_of_python_name_what_exists", commands_of_python),
        test(module_path!(), "curves_exist", curves),
        test(module_path!(), "code_is_compiled", code),
        test(module_path!(), "figures_of_answers_are_recorded", figures),
        test(module_path!(), "the_readme_is_short", short),
        test(module_path!(), "the_guide_lists_its_pages", listed),
    ]
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

/// Every command with `rmt` has options and values that the program accepts; in prose it may be cut short.
fn commands_of_rmt() {
    let mut parsed = 0;
    // The changelog has options as they were once.
    let documents = documents().into_iter().filter(|path| !path.ends_with("CHANGELOG.md"));
    for document in documents {
        let text = read(&document);
        for words in commands(&text, "rmt") {
            // Variables of a scheduler: the number of a part, and how many parts or cores there are.
            let word = |word: &String| match word.split_once('/') {
                Some((part, _)) if part.starts_with('$') => "0/16".to_owned(),
                _ if word.starts_with('$') => "4".to_owned(),
                _ => word.clone(),
            };
            let words: Vec<String> = words.iter().map(word).filter(|word| word != "…").collect();
            match Arguments::try_parse_from(&words) {
                Ok(_) => parsed += 1,
                Err(error) => assert!(
                    matches!(
                        error.kind(),
                        ErrorKind::MissingRequiredArgument
                            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
                            | ErrorKind::DisplayHelp
                    ),
                    "{}: {words:?}: {error}",
                    document.display()
                ),
            }
        }
    }
    assert!(parsed >= 40, "{parsed}");
}

/// Every example, program and package exists, and an example has the options that it is given.
fn commands_of_cargo() {
    let root = root();
    let folders = ["examples", "crates", "benches", "generators"];
    let sources: Vec<PathBuf> =
        folders.iter().flat_map(|folder| files(&root.join(folder), "rs")).collect();
    let source = |name: &str| {
        let found = sources.iter().find(|path| path.file_stem().is_some_and(|stem| stem == name));
        found.map(|path| read(path))
    };
    let manifests: String = files(&root, "toml").iter().map(|path| read(path)).collect();
    let mut examples = 0;
    for document in documents() {
        for words in commands(&read(&document), "cargo") {
            let place = format!("{}: {words:?}", document.display());
            let (own, given) = match words.iter().position(|word| word == "--") {
                Some(at) => words.split_at(at),
                None => (&words[..], &[][..]),
            };
            for pair in own.windows(2) {
                let [option, name] = pair else { continue };
                match option.as_str() {
                    "-p" | "--package" => {
                        assert!(manifests.contains(&format!("name = \"{name}\"")), "{place}");
                    }
                    "--example" | "--bin" => {
                        let text = source(name).unwrap_or_else(|| panic!("{place}"));
                        examples += 1;
                        let options = given.iter().filter_map(|word| word.strip_prefix("--"));
                        for option in options.filter(|option| !option.is_empty()) {
                            let field = format!("{}:", option.replace('-', "_"));
                            assert!(text.contains(&field), "{place}: no --{option}");
                        }
                    }
                    _ => {}
                }
            }
        }
    }
    assert!(examples >= 15, "{examples}");
}

/// Every program of Python exists, and names the options that it is given.
fn commands_of_python() {
    for document in documents() {
        for words in commands(&read(&document), "python3") {
            let Some(program) = words.get(1).filter(|word| word.ends_with(".py")) else { continue };
            let place = format!("{}: {words:?}", document.display());
            let path = root().join(program);
            assert!(path.is_file(), "{place}");
            for option in words.iter().filter(|word| word.starts_with("--")) {
                assert!(read(&path).contains(&format!("\"{option}\"")), "{place}: {option}");
            }
        }
    }
}

/// Every curve in the guide that is written out has a name that the code writes.
fn curves() {
    let folders = ["crates/rmt-monitor/src", "crates/rmt-core/src"];
    let sources = folders.map(|folder| files(&root().join(folder), "rs")).concat();
    let code: String = sources.iter().map(|path| read(path)).collect();
    let mut found = 0;
    for document in files(&root().join("docs"), "md") {
        let text = read(&document);
        for tag in text.split("`rmt_").skip(1).filter_map(|rest| rest.split('`').next()) {
            let Some((_, name)) = tag.split_once('/') else { continue };
            if name.chars().all(|c| c.is_alphanumeric() || c == '_') {
                // Both sides have the same names.
                let name = name.trim_start_matches("left").trim_start_matches("right");
                assert!(code.contains(&format!("{name}\"")), "{}: rmt_{tag}", document.display());
                found += 1;
            }
        }
    }
    assert!(found >= 50, "{found}");
}

/// Without the comment at its end and with single spaces.
fn bare(line: &str) -> String {
    let code = line.trim().trim_start_matches("//!").trim_start_matches("///").trim();
    if code.starts_with("//") || code.starts_with('#') {
        return String::new();
    }
    let code = code.split(" //").next().unwrap_or(code).trim();
    code.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Every line of Rust in README and guide is one of an example, or of a documentation test.
fn code() {
    let root = root();
    let sources = ["examples", "crates/burn-rmt"].map(|folder| files(&root.join(folder), "rs"));
    let compiled: HashSet<String> = sources
        .concat()
        .iter()
        .flat_map(|path| read(path).lines().map(bare).collect::<Vec<_>>())
        .collect();
    let guide = files(&root.join("docs"), "md");
    for document in guide.into_iter().chain([root.join("README.md")]) {
        for line in lines(&read(&document), Some("rust")) {
            let line = bare(&line);
            assert!(compiled.contains(&line), "{}: `{line}` is in no program", document.display());
        }
    }
}

/// Every decimal figure on the page of answers is one of the recorded output.
fn figures() {
    let [page, recorded] = ["docs/answers.md", "docs/answers.txt"].map(|name| {
        let text = read(&root().join(name));
        let figures = text.split(|c: char| !c.is_ascii_digit() && c != '.').filter_map(|word| {
            let (whole, part) = word.trim_end_matches('.').split_once('.')?;
            let is_figure = !whole.is_empty() && !part.is_empty() && !part.contains('.');
            is_figure.then(|| format!("{whole}.{part}"))
        });
        figures.collect::<HashSet<_>>()
    });
    assert!(page.len() > 50, "{page:?}");
    let missing: Vec<_> = page.difference(&recorded).collect();
    assert!(missing.is_empty(), "{missing:?}");
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
