//! Where the page goes when nobody says.

use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// The page of one run in its directory. `index.html` there is the monitor's.
const OF_A_RUN: &str = "report.html";
/// The page of several.
const OF_SEVERAL: &str = "compared.html";

/// Beside the run: `RUN_DIR/report.html`, `FILE.html` for a file, and `compared.html` in the directory
/// that several have in common.
///
/// # Errors
/// When another file has that name, or it cannot be read.
pub(super) fn beside(runs: &[PathBuf]) -> Result<PathBuf> {
    let place = match runs {
        [run] if run.is_dir() => run.join(OF_A_RUN),
        [run] => run.with_extension("html"),
        runs => common(runs)?.join(OF_SEVERAL),
    };
    if !may_replace(&place).with_context(|| place.display().to_string())? {
        bail!("{}: this file is not a page of rmt; name another one with -o", place.display());
    }
    Ok(place)
}

/// Whether there is nothing at the path, or a page of this program.
fn may_replace(path: &Path) -> std::io::Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    let mut head = Vec::new();
    file.take(rmt_page::MARK_WITHIN as u64).read_to_end(&mut head)?;
    Ok(String::from_utf8_lossy(&head).contains(rmt_page::MARK))
}

/// The lowest directory that all of them are in.
fn common(runs: &[PathBuf]) -> Result<PathBuf> {
    let mut common: Option<PathBuf> = None;
    for run in runs {
        let own = run.canonicalize().with_context(|| run.display().to_string())?;
        let own = own.parent().unwrap_or(&own).to_owned();
        let within = |directory: &Path| own.starts_with(directory);
        common = match common {
            Some(earlier) => earlier.ancestors().find(|d| within(d)).map(Path::to_owned),
            None => Some(own),
        };
    }
    let common = common.context("the runs have no directory in common; name a page with -o")?;
    // Said as the user sees it.
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    let relative = here.ok().and_then(|here| common.strip_prefix(here).ok().map(Path::to_owned));
    Ok(relative.unwrap_or(common))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_page_of_several_is_where_all_of_them_are() {
        let base = tempfile::tempdir().unwrap();
        let base = base.path().canonicalize().unwrap();
        let of = |names: &[&str]| {
            let paths: Vec<PathBuf> = names.iter().map(|name| base.join(name)).collect();
            paths.iter().for_each(|path| fs::create_dir_all(path).unwrap());
            beside(&paths).unwrap()
        };
        assert_eq!(of(&["runs/a"]), base.join("runs/a/report.html"));
        assert_eq!(of(&["runs/a", "runs/b"]), base.join("runs/compared.html"));
        assert_eq!(of(&["runs/a", "runs/b", "other/c"]), base.join("compared.html"));
        assert_eq!(of(&["x/y/a", "x/b"]), base.join("x/compared.html"));
        fs::write(base.join("model.jsonl"), "").unwrap();
        assert_eq!(beside(&[base.join("model.jsonl")]).unwrap(), base.join("model.html"));
    }

    #[test]
    fn only_a_page_is_written_over() {
        let base = tempfile::tempdir().unwrap();
        let run = [base.path().to_owned()];
        let page = base.path().join(OF_A_RUN);
        fs::write(&page, "<p>mine").unwrap();
        let error = beside(&run).unwrap_err().to_string();
        assert!(error.contains(OF_A_RUN) && error.contains("-o"), "{error}");
        fs::write(&page, rmt_page::page(&[rmt_page::Run::new("x")], None)).unwrap();
        assert_eq!(beside(&run).unwrap(), page);
    }
}
