//! Settings without meaning and an unusable run directory are clear errors at `init`, not later.

use crate::support::test;
use burn_rmt::{AnalysisOptions, DriftConfig};
use burn_rmt::{InitError, MonitorConfig};
use libtest_mimic::Trial;
use std::fs;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test(module_path!(), "settings", settings),
        test(module_path!(), "run_directory", run_directory),
        test(module_path!(), "a_second_program_run_is_a_new_session", sessions),
    ]
}

fn message(config: MonitorConfig) -> String {
    config.init().unwrap_err().to_string()
}

fn settings() {
    let base = tempfile::tempdir().unwrap();
    let config = || MonitorConfig::new(base.path().join("x"));
    for (config, words) in [
        (config().with_every(0), ["`every`", "at least 1"]),
        (config().with_budget_bytes(0), ["`budget_bytes`", "at least 1"]),
        (
            config().with_analysis(AnalysisOptions::new().with_level(1.5)),
            ["level = 1.5", "between 0 and 1"],
        ),
        (
            config().with_analysis(AnalysisOptions::new().with_min_side(0)),
            ["min_side = 0", "at least 2"],
        ),
        (
            config().with_drift(DriftConfig::new().with_spectral_edge_window(1)),
            ["spectral_edge_window = 1", "at least 2"],
        ),
        (config().with_include("a[b"), ["include", "a[b"]),
        (config().with_exclude("{"), ["exclude", "{"]),
    ] {
        let message = message(config);
        assert!(words.iter().all(|word| message.contains(word)), "{message}");
        assert!(!message.contains('\n'));
    }
    // Nothing was made on disk for a run that could not start.
    assert!(!base.path().join("x").exists());
}

fn run_directory() {
    let base = tempfile::tempdir().unwrap();
    let file = base.path().join("file");
    fs::write(&file, "in the way").unwrap();
    for path in [file.clone(), file.join("below")] {
        let error = MonitorConfig::new(&path).init().unwrap_err();
        assert!(matches!(error, InitError::RunDirectory { .. }), "{error}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
    let foreign = base.path().join("foreign");
    fs::create_dir(&foreign).unwrap();
    fs::write(foreign.join("run.json"), "[1, 2]").unwrap();
    let resumed = MonitorConfig::new(&foreign).with_resume(true);
    assert!(message(resumed).contains("was not written by this tool"));
    assert_eq!(fs::read_to_string(foreign.join("run.json")).unwrap(), "[1, 2]");
}

fn sessions() {
    let base = tempfile::tempdir().unwrap();
    for session in 0..3 {
        let config = MonitorConfig::new(base.path().join("x")).with_resume(true);
        assert_eq!(config.init().unwrap().finish().session, session);
    }
    // Without being told to go on, a new run.
    let summary = MonitorConfig::new(base.path().join("x")).init().unwrap().finish();
    assert_eq!((summary.session, summary.run_directory), (0, base.path().join("x-2")));
    assert!(message(MonitorConfig::new("")).contains("`run_directory`: it is empty"));
}
