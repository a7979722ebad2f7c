//! Pictures hold: each is small and is shown by a document, the plots are those of their tables, and the film on top of the
//! README ends as the table there does.

use crate::support::{require_all, test};
use libtest_mimic::{Completion, Failed, Trial};
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn tests() -> Vec<Trial> {
    let name = "pictures_hold::plots_are_drawn_again_from_their_tables";
    let plots = Trial::ignorable_test(name, || match python() {
        Ok(python) => drawn_again(&python).map(|()| Completion::Completed),
        Err(reason) if require_all() => Err(reason.into()),
        Err(reason) => Ok(Completion::ignored_with(reason)),
    });
    vec![
        plots,
        test(module_path!(), "every_picture_is_shown_and_small", shown),
        test(module_path!(), "the_film_ends_as_the_table_of_the_readme", film),
    ]
}

/// Bytes of a picture, at most.
const LARGEST: u64 = 300_000;

/// Files in `folder` with one of these extensions.
fn files(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let of_kind = |path: &PathBuf| {
        let extension = path.extension().unwrap_or_default();
        extensions.iter().any(|wanted| extension == *wanted)
    };
    paths.filter(of_kind).collect()
}

fn shown() {
    let folders = [docs(), docs().join("guide"), docs().join("..")];
    let documents = folders.iter().flat_map(|folder| files(folder, &["md"]));
    let documents: String = documents.map(|path| fs::read_to_string(path).unwrap()).collect();
    let pictures = files(&docs(), &["png", "svg"]);
    assert!(pictures.len() > 5, "{pictures:?}");
    for picture in pictures {
        let bytes = fs::metadata(&picture).unwrap().len();
        assert!(bytes <= LARGEST, "{}: {bytes} bytes", picture.display());
        let name = picture.file_name().unwrap().to_string_lossy();
        let targets = ["](", "](../", "](docs/"].map(|place| format!("{place}{name})"));
        let shown = targets.iter().any(|target| documents.contains(target));
        assert!(shown, "{name} is in no document");
    }
}

/// Both are of the run of the first example.
fn film() {
    let readme = fs::read_to_string(docs().join("../README.md")).unwrap();
    let film = fs::read_to_string(docs().join("grokking.svg")).unwrap();
    let mut rows = readme.lines().skip_while(|line| !line.starts_with("hidden.weight"));
    let last: Vec<&str> = rows.nth(1).unwrap().split_whitespace().collect();
    let [step, _, _, above, below, ..] = last[..] else { panic!("{last:?}") };
    // The last frame, which is the one that is seen where nothing moves.
    let (_, frame) = film.rsplit_once("<g class=\"frame").unwrap();
    assert!(frame.contains(&format!(">step {step}<")), "{step}");
    assert!(frame.contains(&format!(">{above} above, {below} below<")), "{above} {below}");
}

/// A Python with matplotlib, made if need be; or why it cannot be had.
fn python() -> Result<String, String> {
    let requirements = docs().join("requirements.txt");
    let tmpdir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let programs = rmt_test_python::environment("plots-venv", tmpdir, &requirements);
    let programs = programs.map_err(|why| format!("matplotlib cannot be installed: {why}"))?;
    Ok(programs.join("python").to_string_lossy().into_owned())
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

/// The numbers of what is drawn. Names of elements are not among them: they hang on the last digit of what they name.
fn numbers(svg: &str) -> Vec<f64> {
    let pieces: Vec<&str> = svg.split('"').collect();
    let drawn =
        |name: &str| [" d=", " x=", " y=", "\nd=", "\nx="].iter().any(|end| name.ends_with(end));
    let values = pieces.chunks(2).filter(|pair| drawn(pair[0])).filter_map(|pair| pair.get(1));
    let of_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-');
    values.flat_map(|value| value.split(|c| !of_number(c)).filter_map(|x| x.parse().ok())).collect()
}

fn drawn_again(python: &str) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let (program, out) = (docs().join("plots.py"), folder.path());
    rmt_test_python::run(python, &[&program.to_string_lossy(), "-o", &out.to_string_lossy()])?;
    for name in ["calibration.svg", "detection.svg"] {
        let [now, then] =
            [fs::read_to_string(out.join(name))?, fs::read_to_string(docs().join(name))?];
        let [now, then] = [numbers(&now), numbers(&then)];
        assert!(now.len() > 1000 && now.len() == then.len(), "{name} is of another table");
        for (now, then) in now.iter().zip(&then) {
            // Their last digits differ between processors.
            assert!((now - then).abs() < 0.01, "{name}: {now}, recorded {then}");
        }
    }
    // A table without its rows is no plot.
    let bare = out.join("bare.md");
    fs::write(&bare, "| law | shape |\n|---|---|\n")?;
    let arguments =
        ["--tables", &bare.to_string_lossy(), "-o", &out.to_string_lossy()].map(str::to_owned);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let failed =
        rmt_test_python::run(python, &[&[&*program.to_string_lossy()], &arguments[..]].concat());
    assert!(failed.is_err_and(|why| why.contains("no table with the columns")));
    Ok(())
}
