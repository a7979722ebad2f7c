//! Pages of runs: their figures are those of the reports, names are shown and not run, and nothing is
//! loaded from elsewhere.

use crate::checkpoint::{matrix, transformer, write};
use crate::{failure, printed, rmt};
use rmt_core::LayerReport;
use rmt_monitor::read_reports;
use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// A run of two checkpoints, in the form of a monitor's.
fn run(directory: &Path, name: &str, learned: f64) {
    let files = [format!("{name}-step0.safetensors"), format!("{name}-step100.safetensors")];
    write(&directory.join(&files[0]), &transformer(0.0));
    write(&directory.join(&files[1]), &transformer(learned));
    printed(directory, &["inspect", &files[0], &files[1], "--tensorboard", name], 0);
}

fn page(directory: &Path, runs: &[&str]) -> String {
    printed(directory, &[&["report"], runs, &["-o", "page.html"]].concat(), 0);
    fs::read_to_string(directory.join("page.html")).unwrap()
}

/// Heads and rows of the table of this id: what is sorted by, or the text where there is no figure.
fn table(page: &str, id: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let begin = format!("<table id=\"{id}\">");
    let table = page.split_once(&begin).unwrap().1.split_once("</table>").unwrap().0;
    let (head, body) = table.split_once("<tbody>").unwrap();
    let text = |cell: &str| cell.split_once('>').unwrap().1.split('<').next().unwrap().to_owned();
    let heads = head.split("<th ").skip(1).map(text).collect();
    let cell = |cell: &str| match cell.split_once("data-v=\"") {
        Some((_, rest)) => rest.split_once('"').unwrap().0.to_owned(),
        None => text(cell).trim().to_owned(),
    };
    let row = |row: &str| row.split("<td").skip(1).map(cell).collect();
    (heads, body.split("<tr>").skip(1).map(row).collect())
}

/// Whether anything is fetched, followed or begun, other than within the page.
fn assert_stands_alone(page: &str) {
    for reference in ["src=", "url(", "@import", "<link", "<iframe", "<object", "<base", "xmlns"] {
        assert!(!page.contains(reference), "{reference}");
    }
    for (_, target) in page.match_indices("href=").map(|(at, _)| page.split_at(at)) {
        assert!(target.starts_with("href=\"#"), "{}", &target[..40]);
    }
    assert_eq!(page.matches("<script").count(), 1);
    assert!(page.contains("default-src 'none'"));
}

fn assert_figures(page: &str, id: &str, rows: &[LayerReport]) {
    let (heads, table) = table(page, id);
    let last: HashMap<String, &LayerReport> =
        rows.iter().map(|row| (row.layer.path(), row)).collect();
    assert_eq!(table.len(), last.len());
    let mut compared = 0;
    for line in &table {
        let clean = |name: &str| name.replace('\u{1b}', "\u{fffd}");
        let (_, row) = last.iter().find(|(path, _)| clean(path) == line[0]).unwrap();
        let report = &row.report;
        let test = |name: &str| {
            report.tests.iter().find(|test| test.name.to_string() == name).map(|test| test.p)
        };
        let structure_below = report.structure.as_ref().and_then(|found| found.below);
        let expected = [
            ("σ", report.scale),
            ("largest", report.largest),
            ("edge", report.edge_high),
            ("above", report.structure.as_ref().map(|found| found.above.count as f64)),
            ("below", structure_below.map(|found| found.count as f64)),
            ("left", report.left.as_ref().map(|side| side.ks_rejected)),
            ("right", report.right.as_ref().map(|side| side.ks_rejected)),
            ("alpha", report.heavy_tail.as_ref().and_then(|tail| tail.alpha)),
            ("stable rank", report.heavy_tail.as_ref().and_then(|tail| tail.stable_rank)),
            ("⟨r⟩", report.spacing_ratio),
            ("p_above", test("p_above")),
            ("p_below", test("p_below")),
            ("p_bulk", test("p_bulk")),
            ("p left", test("left")),
            ("p right", test("right")),
            ("step", Some(row.step as f64)),
        ];
        for (head, value) in expected {
            let column = heads.iter().position(|h| h == head).unwrap();
            match value {
                // In full, not as shown.
                Some(value) => {
                    assert_eq!(line[column].parse::<f64>().unwrap(), value, "{head}");
                    compared += 1;
                }
                None => assert_eq!(line[column], "–", "{head}"),
            }
        }
        let column = heads.iter().position(|h| h == "verdict").unwrap();
        assert_eq!(line[column], report.verdict.to_string().replace('_', " "));
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn the_figures_of_a_run_are_those_of_its_reports() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    run(path, "run", 2.0);
    let page = page(path, &["run"]);
    let rows = read_reports(path.join("run")).unwrap().reports;
    assert_figures(&page, "layers", &rows);
    assert_stands_alone(&page);
    assert!(!page.contains("//") && !page.contains("http:") && !page.contains("https:"));
    // A heat map a test, one a step, and the course of the means and of the layers.
    for title in ["Evidence by test", "by step", "Matrices that deviate", "largest", "p_bulk"] {
        assert!(page.contains(title), "{title}");
    }
    let last: Vec<&LayerReport> = rows.iter().filter(|row| row.step == 100).collect();
    let deviating =
        last.iter().filter(|row| row.report.verdict == rmt_core::Verdict::Structure).count();
    assert!(deviating > 0);
    assert!(page.contains(&format!("<b>{}</b><span>matrices", last.len())));
    assert!(page.contains(&format!("<b>{deviating}</b><span>have structure")));
}

#[test]
fn a_checkpoint_has_its_spectra_and_parts_are_the_same_page() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write(&path.join("model.safetensors"), &transformer(2.0));
    let inspect =
        ["inspect", "model.safetensors", "--format", "jsonl", "--spectrum", "-o", "model.jsonl"];
    printed(path, &inspect, 0);
    let whole = page(path, &["model.jsonl"]);
    let text = fs::read_to_string(path.join("model.jsonl")).unwrap();
    let rows: Vec<LayerReport> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_figures(&whole, "layers", &rows);
    assert_stands_alone(&whole);
    assert!(whole.matches("Marchenko–Pastur").count() >= 12, "a spectrum a matrix");
    assert!(whole.contains("5 copies with random signs"), "the band of the copies");

    fs::create_dir(path.join("parts")).unwrap();
    for shard in ["0/2", "1/2"] {
        let name = format!("parts/model.{}", if shard == "0/2" { "jsonl" } else { "part1" });
        let inspect = [&inspect[..5], &["--shard", shard, "-o", &name]].concat();
        printed(path, &inspect, 0);
    }
    assert_eq!(page(path, &["parts/model.jsonl", "parts/model.part1"]), whole);
    let error = failure(path, &["report", "parts/model.jsonl", "-o", "x.html"], 1);
    assert!(error.contains("part 1/2 missing"), "{error}");
    let twice = ["report", "parts/model.jsonl", "parts/model.jsonl", "-o", "x.html"];
    let error = failure(path, &twice, 1);
    assert!(error.contains("both part 0/2"), "{error}");
    assert!(!path.join("x.html").exists());
}

#[test]
fn hostile_names_are_shown_and_not_run() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let names = [
        "<script>alert(1)</script>.weight",
        "\"><img src=x onerror=alert(2)>.weight",
        "'--></style></svg><b>.weight",
        "</title><a href=\"https://example.org\">.weight",
        "\u{202e}\u{1b}[31m&lt;.weight",
    ];
    let tensors: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(seed, name)| matrix(name, [40, 60], seed as u64, 1.5))
        .collect();
    write(&path.join("a1.safetensors"), &tensors);
    write(&path.join("a2.safetensors"), &tensors);
    let inspect =
        ["inspect", "a1.safetensors", "a2.safetensors", "--format", "jsonl", "--spectrum"];
    for name in ["x.jsonl", "<b>&.jsonl"] {
        printed(path, &[&inspect[..], &["-o", name]].concat(), 0);
    }
    for runs in [&["x.jsonl"][..], &["<b>&.jsonl", "x.jsonl"]] {
        let page = page(path, runs);
        for part in ["<script>alert", "<img", "--></style>", "</title><a", "\u{202e}", "\u{1b}"] {
            assert!(!page.contains(part), "{part}");
        }
        assert!(!page.contains("<b>&") && !page.contains("<b>.weight"));
        assert_eq!(page.matches("<script").count(), 1);
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;.weight"));
    }
}

#[test]
fn runs_are_beside_each_other_at_the_same_step() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    run(path, "low", 1.0);
    run(path, "high", 4.0);
    // One that goes on for longer: the step they share is not its last.
    write(&path.join("long-step0.safetensors"), &transformer(0.0));
    write(&path.join("long-step100.safetensors"), &transformer(2.0));
    write(&path.join("long-step300.safetensors"), &transformer(3.0));
    let files = ["long-step0.safetensors", "long-step100.safetensors", "long-step300.safetensors"];
    printed(path, &[&["inspect"], &files[..], &["--tensorboard", "long"]].concat(), 0);
    let page = page(path, &["low", "high", "long"]);
    assert_stands_alone(&page);
    assert!(page.contains("At step 100, the last step with reports of all runs"));
    let (heads, rows) = table(&page, "beside-table");
    for (number, run) in ["low", "high", "long"].into_iter().enumerate() {
        let reports = read_reports(path.join(run)).unwrap().reports;
        assert_figures(&page, &format!("layers-{number}"), &reports);
        let at = heads.iter().position(|h| *h == format!("{run}: ν₁/edge")).unwrap();
        let mut compared = 0;
        for row in reports.iter().filter(|row| row.step == 100) {
            let path = row.layer.path().replace('\u{1b}', "\u{fffd}");
            let line = rows.iter().find(|line| line[0] == path).unwrap();
            assert_eq!(line[at - 1], row.report.verdict.to_string().replace('_', " "));
            if let (Some(largest), Some(edge)) = (row.report.largest, row.report.edge_high) {
                assert_eq!(line[at].parse::<f64>().unwrap(), largest / edge);
                compared += 1;
            }
        }
        assert!(compared >= 12, "{compared}");
    }
    let (_, runs) = table(&page, "runs-table");
    let steps: Vec<&str> = runs.iter().map(|run| run[2].as_str()).collect();
    assert_eq!(steps, ["100.0", "100.0", "300.0"]);
}

#[test]
fn alerts_are_those_of_the_reports_that_count() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    run(path, "run", 2.0);
    assert!(!page(path, &["run"]).contains("id=\"alerts\""), "without alerts no section");
    let reports = read_reports(path.join("run")).unwrap().reports;
    let first = reports.iter().find(|row| row.report.verdict.deviates()).unwrap();
    let name = first.layer.path();
    let alert = |session: u32, step: u64, alert: &str, level: &str, message: &str| {
        let row = serde_json::json!({
            "session": session, "step": step, "layer": name, "alert": alert, "level": level,
            "message": format!("`{name}`: {message}"),
        });
        format!("{row}\n")
    };
    let rows = [
        alert(0, 100, "rank_collapse", "warning", "fell <img src=x> below"),
        alert(0, 0, "frozen_layer", "info", "frozen"),
        // Of a report that another session took the place of.
        alert(7, 100, "non_finite_weight", "error", "was replaced"),
    ];
    fs::write(path.join("run/alerts.jsonl"), rows.concat() + "{\"session\":").unwrap();
    let shown = page(path, &["run"]);
    let (_, table_rows) = table(&shown, "alerts-table");
    let name = name.replace('\u{1b}', "\u{fffd}");
    assert_eq!(
        table_rows,
        [
            [name.as_str(), "0.0", "frozen layer", "info", "frozen"],
            [&name, "100.0", "rank collapse", "warning", "fell &lt;img src=x&gt; below"],
        ]
    );
    assert!(shown.contains("<b>1</b><span>warning<") && !shown.contains("was replaced"));
    let first = format!("The first deviation was at step {}", first.step);
    assert!(shown.contains(&first), "{first}");
    assert!(!shown.contains("<img"));
    // Beside another, its warnings are counted.
    run(path, "other", 1.0);
    let shown = page(path, &["run", "other"]);
    let (heads, runs) = table(&shown, "runs-table");
    let warnings = heads.iter().position(|head| head == "warnings").unwrap();
    assert_eq!([&runs[0][warnings], &runs[1][warnings]], ["1.0", "0.0"]);
    assert_eq!(table(&shown, "alerts-0").1.len(), 2);
}

#[test]
fn warnings_of_the_monitor_are_on_the_page() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    run(path, "run", 2.0);
    assert!(!page(path, &["run"]).contains("id=\"warnings\""), "without warnings no section");
    let warning = |session: u32, step: u64, message: &str| {
        serde_json::json!({ "session": session, "step": step, "message": message }).to_string()
            + "\n"
    };
    let rows = [warning(1, 0, "the disk <b>is full</b>"), warning(0, 100, "a sink hangs")];
    fs::write(path.join("run/warnings.jsonl"), rows.concat() + "{\"session\":").unwrap();
    let (_, table_rows) = table(&page(path, &["run"]), "warnings-table");
    let expected = [["100.0", "a sink hangs"], ["0.0", "the disk &lt;b&gt;is full&lt;/b&gt;"]];
    assert_eq!(table_rows, expected);
    fs::write(path.join("run/warnings.jsonl"), "{\"session\":0}\n").unwrap();
    let refused = rmt(path, &["report", "run"]);
    let error = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && error.contains("warnings.jsonl, line 1"), "{error}");
}

#[test]
fn links_lead_to_sections_that_are_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    run(path, "run", 2.0);
    write(&path.join("model.safetensors"), &transformer(2.0));
    let inspect = ["inspect", "model.safetensors", "--format", "jsonl", "-o", "model.jsonl"];
    printed(path, &inspect, 0);
    for (input, links) in [("run", 4), ("model.jsonl", 2)] {
        let page = page(path, &[input]);
        let targets: Vec<&str> =
            page.split("href=\"#").skip(1).map(|rest| rest.split_once('"').unwrap().0).collect();
        assert_eq!(targets.len(), links, "{targets:?}");
        for target in targets {
            assert!(page.contains(&format!("<section id=\"{target}\">")), "{target}");
        }
    }
}

#[test]
fn what_is_no_run_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::create_dir(path.join("empty")).unwrap();
    fs::write(path.join("none.jsonl"), "\n").unwrap();
    fs::write(path.join("bad.jsonl"), "{\"schema\":1}\n").unwrap();
    for (name, says) in
        [("empty", "metrics.jsonl"), ("none.jsonl", "no report"), ("bad.jsonl", "line 1")]
    {
        let error = failure(path, &["report", name, "-o", "page.html"], 1);
        assert!(error.contains(says) && error.contains(name), "{error}");
        assert!(!path.join("page.html").exists());
    }
    let error = failure(path, &["report", "missing.jsonl", "-o", "page.html"], 1);
    assert!(error.contains("missing.jsonl"), "{error}");
}

#[test]
fn without_a_name_the_page_stands_beside_the_run_and_says_where() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::create_dir_all(path.join("runs/empty")).unwrap();
    for (name, learned) in [("low", 1.0), ("high", 4.0)] {
        run(path, name, learned);
        fs::rename(path.join(name), path.join("runs").join(name)).unwrap();
    }
    fs::write(path.join("runs/notes.txt"), "").unwrap();
    write(&path.join("model.safetensors"), &transformer(2.0));
    let inspect = ["inspect", "model.safetensors", "--format", "jsonl", "-o", "model.jsonl"];
    printed(path, &inspect, 0);
    for (input, expected) in [
        (&["runs/low"][..], "runs/low/report.html"),
        (&["model.jsonl"], "model.html"),
        (&["runs"], "runs/compared.html"),
        (&["runs/low", "runs/high"], "runs/compared.html"),
        (&["runs/low", "model.jsonl"], "compared.html"),
    ] {
        let said = printed(path, &[&["report"], input].concat(), 0);
        assert_eq!(said, format!("wrote {expected}\n"));
        let page = fs::read_to_string(path.join(expected)).unwrap();
        assert_stands_alone(&page);
        // A page of the past does not reload.
        assert!(!page.contains("data-reload=") && !page.contains("http-equiv=\"refresh\""));
    }
    assert_eq!(page(path, &["runs"]), page(path, &["runs/high", "runs/low"]));
    // A run that has only begun is passed over, with a note.
    fs::create_dir(path.join("runs/begun")).unwrap();
    fs::write(path.join("runs/begun/metrics.jsonl"), "").unwrap();
    let output = rmt(path, &["report", "runs"]);
    assert!(output.status.success());
    let note = String::from_utf8(output.stderr).unwrap();
    assert_eq!(note, "note: runs/begun: there is no report in it\n");
    // What somebody else wrote is not written over, unless it is named.
    fs::write(path.join("model.html"), "mine").unwrap();
    let error = failure(path, &["report", "model.jsonl"], 1);
    assert!(error.contains("model.html") && error.contains("-o"), "{error}");
    assert_eq!(fs::read(path.join("model.html")).unwrap(), b"mine");
    fs::create_dir(path.join("nothing")).unwrap();
    let error = failure(path, &["report", "nothing"], 1);
    assert!(error.contains("no directory of runs") && error.lines().count() == 1, "{error}");
    fs::write(path.join("runs/begun/metrics.jsonl"), "[]\n").unwrap();
    let error = failure(path, &["report", "runs"], 1);
    assert!(error.contains("begun") && error.contains("line 1"), "{error}");
}
