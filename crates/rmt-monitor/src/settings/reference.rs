//! The reference of all settings in the documentation, made from their declarations.

#![allow(clippy::unwrap_used)]

use super::*;
use rmt_core::Setting;
use std::fmt::Write;

/// Key in JSON: the field's name, unless serde is told another.
fn key(setting: &Setting) -> &str {
    let renamed = setting.serde.split("rename = \"").nth(1);
    renamed.and_then(|rest| rest.split('"').next()).unwrap_or(setting.field)
}

/// What it is where nobody sets it. What depends on the machine or on features is named, not printed.
fn default(setting: &Setting) -> String {
    if setting.code.starts_with("DiskCache") {
        "`rmt` in the user's cache directory".into()
    } else if let Some((_, feature)) = setting.code.split_once("feature = ") {
        format!("`true` with the feature `{}`", feature.trim_end_matches(')').trim_matches('"'))
    } else if setting.kind == "AnalysisOptions" {
        "[below](#analysis)".into()
    } else if setting.kind == "AlertSettings" {
        "[all findings](guide/findings.md)".into()
    } else {
        format!("`{}`", setting.default)
    }
}

/// A type as it is written in code.
fn kind(setting: &Setting) -> String {
    setting.kind.replace(" < ", "<").replace(" >", ">")
}

/// Without the targets of links into the code, in one line.
fn prose(meaning: &str) -> String {
    let mut text = meaning.split_whitespace().collect::<Vec<_>>().join(" ");
    while let Some((before, rest)) = text.split_once("[`") {
        let (label, after) = rest.split_once("`]").unwrap();
        let after = match after.strip_prefix('(') {
            Some(target) => target.split_once(')').unwrap().1,
            None => after,
        };
        text = format!("{before}`{label}`{after}");
    }
    text.replace('|', "\\|")
}

fn table(text: &mut String, title: &str, about: &str, settings: &[Setting]) {
    writeln!(text, "\n## {title}\n\n{about}\n").unwrap();
    text.push_str("| key | setter | type | default | meaning |\n|---|---|---|---|---|\n");
    for setting in settings.iter().filter(|setting| setting.serde != "flatten") {
        let (key, default, meaning) = (key(setting), default(setting), prose(setting.meaning));
        let (setter, kind) = (setting.setter, kind(setting));
        writeln!(text, "| `{key}` | `{setter}` | `{kind}` | {default} | {meaning} |").unwrap();
    }
}

/// `RMT_WRITE=1` writes it.
#[test]
fn the_reference_is_the_declarations() {
    let mut text = String::from(
        "# Every setting of a monitor\n\n\
         Made from the declarations in `crates/rmt-monitor/src/settings.rs` and \
         `crates/rmt-core/src/analyse/options.rs`. The setter is a method of `MonitorConfig` or, further \
         down, of the group's own type. The key is the setting's name in `run.json` and in the JSON that \
         `MonitorConfig::from_settings` takes through serde.\n",
    );
    let groups = [
        ("The monitor", "Methods of `MonitorConfig`.", Settings::reference()),
        (
            "Drift",
            "Methods of `DriftConfig`, which `with_drift` takes. `with_drift(false)` measures none.",
            DriftConfig::reference(),
        ),
        (
            "Activations",
            "Methods of `ActivationConfig`, which `with_activations` takes.",
            ActivationConfig::reference(),
        ),
        (
            "TensorBoard",
            "Methods of `TensorBoardConfig`, which `with_tensorboard` takes. `with_tensorboard(false)` \
             writes nothing for it.",
            TensorBoardConfig::reference(),
        ),
        (
            "Analysis",
            "Methods of `AnalysisOptions`, which `with_analysis` takes. In JSON they are an object \
             under `analysis`.",
            AnalysisOptions::reference(),
        ),
    ];
    for (title, about, settings) in &groups {
        table(&mut text, title, about, settings);
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
    if std::env::var_os("RMT_WRITE").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    assert!(std::fs::read_to_string(path).unwrap() == text, "write it anew with RMT_WRITE=1");
}
