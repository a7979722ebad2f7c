//! The example `char_lm`, for a few steps on a small text: it learns, every linear layer is known by its
//! kind and its block, and its report has what the layer is given.

use crate::char_lm::{Options, train};
use crate::support::{alone_with_device, test};
use clap::Parser;
use libtest_mimic::Trial;
use rmt_core::Aggregate;
use rmt_core::layers::LayerKind::{self, *};
use rmt_examples::transformer::{batch_losses, write_text};
use std::sync::atomic::AtomicBool;

pub(crate) fn tests() -> Vec<Trial> {
    vec![test(module_path!(), "in_a_short_run", short_run)]
}

/// The same letters again and again: easy to tell, and not from how often each occurs.
pub(crate) fn text() -> String {
    (0..2000).map(|n| format!("{} follows {}.\n", (n + 1) % 20, n % 20)).collect()
}

fn short_run() {
    let (_guard, _device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let (file, run) = (base.path().join("text.txt"), base.path().join("run"));
    std::fs::write(&file, text()).unwrap();
    let options = [
        "char_lm",
        "--steps",
        "40",
        "--every",
        "20",
        "--text",
        file.to_str().unwrap(),
        "--run",
        run.to_str().unwrap(),
    ];
    let options = Options::parse_from(options);
    let outcome = train(&options, &AtomicBool::new(false)).unwrap();

    let losses = &outcome.losses;
    assert_eq!(losses.steps, 40);
    assert!(losses.validation < outcome.corpus.unigram_loss, "{losses:?}");
    assert!(outcome.corpus.unigram_loss < losses.first_validation, "{losses:?}");
    let again = batch_losses(&outcome.model, &outcome.corpus.validation);
    assert_eq!(again.iter().sum::<f64>() / again.len() as f64, losses.validation);

    let summary = &outcome.summary;
    assert_eq!((summary.counts.dropped.total(), summary.warnings_total), (0, 0));
    let blocks = (0..4).flat_map(|block| {
        [Query, Key, Value, AttentionOutput, Up, Down].map(|kind| (kind, Some(block)))
    });
    let expected: Vec<(LayerKind, Option<usize>)> = [(Embedding, None), (Embedding, None)]
        .into_iter()
        .chain(blocks)
        .chain([(Head, None)])
        .collect();
    let ids = summary.layers.iter().map(|layer| &layer.last.layer);
    assert_eq!(ids.map(|id| (id.kind, id.block)).collect::<Vec<_>>(), expected);
    for layer in &summary.layers {
        assert_eq!((layer.first.step, layer.last.step), (0, 40));
        for row in [&layer.first, &layer.last] {
            let tokens = row.report.activation.as_ref().map(|activation| activation.tokens);
            // One batch of 16 sequences of 64 characters; an embedding is given none.
            let expected = (row.layer.kind != Embedding).then_some(16 * 64);
            assert_eq!(tokens, expected, "{} at step {}", row.layer.name, row.step);
        }
    }

    let kinds: Vec<_> = summary.kinds.iter().map(|k| (k.kind, k.aggregate.matrices)).collect();
    let in_blocks = [Query, Key, Value, AttentionOutput, Up, Down].map(|kind| (kind, 4));
    assert_eq!(kinds, [&[(Embedding, 2)], &in_blocks[..], &[(Head, 1)]].concat());
    let latest = || summary.layers.iter().map(|layer| &layer.last);
    let downs = || latest().filter(|row| row.layer.kind == Down).map(|row| &row.report);
    let down = &summary.kinds[6];
    assert_eq!(down.aggregate, Aggregate::of(downs()));
    let mean = downs().filter_map(|r| r.significant_above).sum::<usize>() as f64 / (4.0 * 128.0);
    assert!((down.aggregate.significant_above.unwrap() - mean).abs() < 1e-12);
    assert!(mean > 0.0 && down.first_deviation.is_some(), "{down:?}");
    let files = std::fs::read_dir(&outcome.directory).unwrap().map(|entry| entry.unwrap().path());
    let logged = files.filter_map(|path| std::fs::read(path).ok()).any(|bytes| {
        let tag = b"rmt_0_summary_by_kind/significant_above/down";
        bytes.windows(tag.len()).any(|part| part == tag)
    });
    assert!(logged);

    let write = |seed| write_text(&outcome.model, &outcome.vocabulary, "\n", 50, seed).unwrap();
    assert_eq!(write(1).chars().count(), 50);
    assert_eq!(write(1), write(1));
    assert_ne!(write(1), write(2));
}
