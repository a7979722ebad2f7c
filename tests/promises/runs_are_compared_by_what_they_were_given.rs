//! The example `sweep`, in little: TensorBoard's HParams page has every run, with what it was given and
//! what became of it, with both data loaders.

use crate::support::alone_with_device;
use crate::support::tensorboard::{Environment, Loader, encode, with_both_loaders};
use crate::sweep::{Options, experiment};
use clap::Parser;
use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

pub(crate) fn tests() -> Vec<Trial> {
    with_both_loaders(module_path!(), every_run)
}

fn every_run(environment: &Environment, loader: Loader) -> Result<(), Failed> {
    let base = tempfile::tempdir()?;
    let run = base.path().join("sweep").display().to_string();
    let options = Options::parse_from(["sweep", "--steps", "20", "--run", &run]);
    let table = {
        let (_guard, _device) = alone_with_device();
        experiment(&options, &AtomicBool::new(false))?
    };
    assert_eq!(table.rows.len(), 16);
    let server = environment.serve(base.path(), loader)?;
    // The page is made once the columns are known, which come at the end of each run.
    let groups = json!({
        "allowedStatuses": ["STATUS_SUCCESS"], "colParams": [], "startIndex": 0, "sliceSize": 100,
    });
    let query =
        format!("/data/plugin/hparams/session_groups?request={}", encode(&groups.to_string()));
    let of = |reply: &Value| reply["sessionGroups"].as_array().cloned().unwrap_or_default();
    let validated = |group: &Value| figure(group, "loss/valid").is_some();
    let all = |reply: &Value| of(reply).len() == 16 && of(reply).iter().all(validated);
    let groups = of(&server.wait_for(&query, all)?);
    let rows: BTreeSet<Vec<String>> =
        table.rows.iter().map(|row| [&row[..3], &row[4..5]].concat()).collect();
    assert_eq!(groups.iter().map(row).collect::<BTreeSet<_>>(), rows);
    Ok(())
}

fn figure(group: &Value, tag: &str) -> Option<f64> {
    let values = group["metricValues"].as_array().into_iter().flatten();
    values.filter(|value| value["name"]["tag"] == tag).find_map(|value| value["value"].as_f64())
}

/// As the example's table has it, without the loss of the last step, which is that before its update.
fn row(group: &Value) -> Vec<String> {
    let given = &group["hparams"];
    let decay = given["weight_decay"].as_f64().map(|decay| (decay as f32).to_string());
    let loss = figure(group, "loss/valid").map(|loss| format!("{loss:.3}"));
    vec![
        given["initializer"].as_str().unwrap_or_default().to_owned(),
        given["width"].to_string().trim_end_matches(".0").to_owned(),
        decay.unwrap_or_default(),
        loss.unwrap_or_default(),
    ]
}
