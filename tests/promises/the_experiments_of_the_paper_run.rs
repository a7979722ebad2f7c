//! The examples `reproduction` and `fine_tuning`, in little: every claim has its figures, and the
//! figures that are certain at any scale are right.

use crate::reproduction::{Claim, Options, area_under_curve, reproduce};
use crate::support::{alone_with_device, test};
use crate::{a_transformer_is_watched_with_its_inputs as short, fine_tuning};
use clap::Parser;
use libtest_mimic::Trial;
use std::sync::atomic::AtomicBool;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test(module_path!(), "claim_by_claim", claims),
        test(module_path!(), "pruning_before_and_after_fine_tuning", pruning),
        test(module_path!(), "areas_under_known_curves", areas),
    ]
}

const BLOCKS: [&str; 6] = ["query", "key", "value", "attention_output", "up", "down"];

fn claims() {
    let (_guard, _device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let (file, run) = (base.path().join("text.txt"), base.path().join("run"));
    std::fs::write(&file, short::text()).unwrap();
    let [file, run] = [&file, &run].map(|path| path.to_str().unwrap());
    // The last step is due: it is a power of ten.
    let options = ["reproduction", "--steps", "10", "--seeds", "1", "--text", file, "--run", run];
    let (figures, seeds, ended) = reproduce(&Options::parse_from(options), &AtomicBool::new(false));
    assert_eq!((seeds, ended.map_err(|error| error.to_string())), (1, Ok(())));
    let value = |claim, row: &str, column: &str| match figures.values(claim, row, column) {
        [value] => *value,
        values => panic!("{claim:?} {row} {column}: {values:?}"),
    };
    let mut deviating = 0.0;
    for kind in BLOCKS {
        assert_eq!(value(Claim::Initialization, kind, "matrices"), 4.0);
        deviating += value(Claim::Initialization, kind, "deviate");
        let overlap = value(Claim::Overlap, kind, "bulk");
        assert!((0.1..0.4).contains(&overlap), "{kind} {overlap}");
        let without: Vec<f64> = (0..10)
            .map(|decile| match decile {
                0 => "0 (largest)".to_owned(),
                9 => "9 (smallest)".to_owned(),
                _ => decile.to_string(),
            })
            .map(|decile| value(Claim::Deciles, &decile, kind))
            .collect();
        let excess = value(Claim::SmallestDecile, kind, "excess");
        let expected = 1e3 * (without[9] - (without[7] + without[8]) / 2.0);
        assert!((excess - expected).abs() < 1e-9, "{kind}: {excess} {expected}");
    }
    // Of 24 random matrices at a level of 1 %: more than two with a probability of 0.0018.
    assert!(deviating <= 2.0, "{deviating}");
    // Ten steps leave marks on what writes to the residual stream; without them the loss is another,
    // if not always a higher one.
    assert_eq!(value(Claim::Onset, "down", "matrices above"), 4.0);
    let step = value(Claim::Onset, "down", "above");
    assert!((1.0..=10.0).contains(&step), "{step}");
    let [outliers, bulk] = ["above", "bulk (as above)"]
        .map(|column| value(Claim::OutliersAgainstBulk, "down", column).abs());
    assert!(outliers > 10.0 * bulk, "{outliers} {bulk}");
    let area = value(Claim::Prediction, "down", "by the value");
    assert!(area > 0.8, "{area}");
}

fn pruning() {
    let (_guard, _device) = alone_with_device();
    let options = ["fine_tuning", "--steps", "30", "--fine-tuning-steps", "5", "--width", "32"];
    let outcome = fine_tuning::experiment(&fine_tuning::Options::parse_from(options), 1).unwrap();
    for column in
        [&outcome.pre_trained, &outcome.fine_tuned_then_pruned, &outcome.pruned_then_fine_tuned]
    {
        assert_eq!(column.len(), 10);
        let smaller = column[1..].iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        assert!(column[0] > 2.0 * smaller, "{column:?}");
    }
}

fn areas() {
    let area = |scored: &[(f64, bool)]| area_under_curve(scored);
    assert_eq!(area(&[(1.0, true), (0.0, false), (2.0, true)]), Some(1.0));
    assert_eq!(area(&[(1.0, false), (0.0, true)]), Some(0.0));
    assert_eq!(area(&[(1.0, false), (1.0, true)]), Some(0.5));
    // Of the four pairs three are in order.
    assert_eq!(area(&[(1.0, false), (2.0, true), (3.0, false), (4.0, true)]), Some(0.75));
    assert_eq!(area(&[(1.0, true)]), None);
    assert_eq!(area(&[]), None);
}
