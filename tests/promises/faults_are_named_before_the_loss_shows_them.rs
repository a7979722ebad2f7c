//! A fast slice of the gallery of failures: healthy runs raise no warning, and three faults are named in the layer where they
//! are, before the loss shows them or at the first look after.

use crate::support::{alone_with_device, test};
use burn_rmt::AlertLevel;
use libtest_mimic::Trial;
use rmt_examples::gallery::judged::{Band, in_time, named_at};
use rmt_examples::gallery::{Case, Fault, Half, Network, Outcome, run};

pub(crate) fn tests() -> Vec<Trial> {
    vec![test(module_path!(), "three_healthy_runs_and_three_faults", slice)]
}

fn outcome(fault: Option<Fault>, size: f64, seed: u64) -> Outcome {
    let base = tempfile::tempdir().unwrap();
    // The band of healthy losses is that of tuning runs.
    let half = if fault.is_none() { Half::Tuning } else { Half::Test };
    let case = Case { network: Network::Classifier, fault, size, half, seed };
    run(case, &base.path().join("x")).unwrap()
}

fn slice() {
    let (_guard, _) = alone_with_device();
    // Seeds that no threshold was chosen on.
    let healthy: Vec<Outcome> = (2001..=2003).map(|seed| outcome(None, 0.0, seed)).collect();
    for run in &healthy {
        let warnings: Vec<_> = run.alerts.iter().filter(|a| a.level != AlertLevel::Info).collect();
        assert!(warnings.is_empty(), "seed {}: {warnings:?}", run.case.seed);
    }
    let band = Band::of(&healthy);
    for (fault, size) in
        [(Fault::LearningRate, 16.0), (Fault::Detached, 0.0), (Fault::BadBatch, 100.0)]
    {
        let broken = outcome(Some(fault), size, 2101);
        let (named, left) = (named_at(&broken), band.left_at(&broken));
        assert!(
            in_time(&broken, &band),
            "{fault:?}: named {named:?}, the loss {left:?}: {:?}",
            broken.alerts
        );
    }
}
