//! Several models, and several monitors, on one thread: a tap is of the layer that was given its input.

use crate::support::activations::{
    D, HIDDEN, Mlp, Named, activation, difference, on_its_own_thread, said, spectrum, tokens,
    watched,
};
use crate::support::alone_with_device;
use crate::support::spectra::entries;
use burn::nn::LinearConfig;
use burn_rmt::{Monitor, tap};
use libtest_mimic::Trial;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        on_its_own_thread(module_path!(), "two_models_do_not_mix", two_models),
        on_its_own_thread(module_path!(), "names_of_two_models_are_not_guessed", two_names),
        on_its_own_thread(module_path!(), "two_monitors_of_one_model", two_monitors),
    ]
}

fn two_models() {
    let (_guard, device) = alone_with_device();
    let monitors = [5, 9].map(|every| watched(every, |config| config));
    let models = [1, 2].map(|seed| {
        device.seed(seed);
        Mlp::new(&device)
    });
    // Both on one thread, in turn, with other numbers of tokens.
    let inputs = [tokens(&device, 5, 10), tokens(&device, 9, 11)];
    for (model, x) in models.iter().zip(&inputs) {
        drop(model.forward(x.clone()));
    }
    for ((_, monitor, _), model) in monitors.iter().zip(&models) {
        monitor.observe(0, model);
    }
    for (model, x) in models.iter().zip(&inputs) {
        drop(model.forward(x.clone()));
    }
    for (k, (_, monitor, reports)) in monitors.iter().enumerate() {
        monitor.observe(1, &models[k]);
        monitor.finish();
        let reports = said(reports);
        let (found, eigenvalues) = activation(&reports, "first.weight", 0);
        assert_eq!(found.tokens, [40, 72][k]);
        let exact = spectrum(&entries(inputs[k].clone()), D);
        assert!(difference(eigenvalues, &exact) < 1e-9);
    }
}

fn two_names() {
    let (_guard, device) = alone_with_device();
    let model = |seed| {
        device.seed(seed);
        let model = Named { up: LinearConfig::new(D, HIDDEN).init(&device) };
        let _ = model.up.weight.val();
        model
    };
    let models = [1, 2].map(model);
    let x = tokens(&device, 4, 5);
    let run = |tapped: &dyn Fn(&Monitor)| {
        let monitors = [0, 1].map(|_| watched(10, |config| config));
        monitors.iter().zip(&models).for_each(|((_, monitor, _), m)| monitor.observe(0, m));
        monitors.iter().for_each(|(_, monitor, _)| tapped(monitor));
        monitors.map(|(_base, monitor, reports)| (monitor.finish(), said(&reports)))
    };
    tap("up", &x);
    // Which of the two is not said.
    for (summary, reports) in run(&|_| tap("up", &x)) {
        assert!(summary.warnings[0].message.contains("of several models"), "{summary:?}");
        assert!(reports[&("up.weight".to_owned(), 0)].report.activation.is_none());
    }
    for (summary, reports) in run(&|monitor| monitor.tap("up.weight", &x)) {
        assert_eq!(summary.warnings_total, 0);
        assert_eq!(activation(&reports, "up.weight", 0).0.tokens, 32);
    }
}

fn two_monitors() {
    let (_guard, device) = alone_with_device();
    let monitors = [1, 2].map(|every| watched(every, |config| config));
    let model = Named { up: LinearConfig::new(D, HIDDEN).init(&device) };
    for step in 0..4 {
        monitors.iter().for_each(|(_, monitor, _)| monitor.observe(step, &model));
        let x = tokens(&device, 2 + step as usize, step);
        tap("up", &x);
        drop(model.up.forward(x));
    }
    for (k, (_base, monitor, reports)) in monitors.into_iter().enumerate() {
        assert_eq!(monitor.finish().warnings_total, 0);
        let reports = said(&reports);
        for step in (0..4).step_by(k + 1) {
            assert_eq!(activation(&reports, "up.weight", step).0.tokens, 8 * (2 + step));
        }
    }
}
