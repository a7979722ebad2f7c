//! `--answers`: what has learned nothing, which rank it needs, and what a change touched.

use crate::checkpoint::{Tensor, matrix, write};
use crate::{failure, printed};
use rmt_core::layers::LayerId;
use rmt_monitor::{Admission, Bare, LayerSnapshot, MonitorConfig, Overflow, WeightValues};
use std::path::Path;

const SIDES: [usize; 2] = [96, 64];

/// The tensor with `change` made of its values.
fn changed(tensor: &Tensor, change: impl Fn(usize, f32) -> f32) -> Tensor {
    let (name, dtype, shape, bytes) = tensor.clone();
    let values = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let values = values.enumerate().map(|(k, value)| change(k, value));
    (name, dtype, shape, values.flat_map(f32::to_le_bytes).collect())
}

/// The lines below the one that begins like this.
fn below<'a>(text: &'a str, first: &str) -> Vec<&'a str> {
    let lines = text.lines().skip_while(|line| !line.starts_with(first)).skip(1);
    lines.take_while(|line| line.starts_with("    ")).map(str::trim).collect()
}

#[test]
fn a_checkpoint_says_what_has_learned_nothing_and_which_rank_is_needed() {
    let directory = tempfile::tempdir().unwrap();
    let embedding = matrix("token_embedding.weight", SIDES, 1, 2.0);
    let unused = changed(&embedding, |k, value| if k / SIDES[1] < 3 { 0.0 } else { value });
    let tensors = [
        unused,
        matrix("blocks.0.up.weight", SIDES, 2, 0.0),
        matrix("blocks.1.up.weight", SIDES, 3, 3.0),
        matrix("tiny.weight", [8, 4], 4, 0.0),
    ];
    write(&directory.path().join("model.safetensors"), &tensors);
    let ask = |more: &[&str]| {
        printed(
            directory.path(),
            &[&["inspect", "model.safetensors", "--answers"], more].concat(),
            0,
        )
    };
    let text = ask(&[]);
    assert!(text.starts_with("Matrices that have learned nothing that shows: 1 of 4\n"), "{text}");
    assert_eq!(below(&text, "Matrices that have learned nothing"), ["blocks.0.up.weight"]);
    assert_eq!(below(&text, "Matrices without a verdict: 1 of 4"), ["tiny.weight"]);
    let ranks = below(&text, "Rank to truncate to");
    assert_eq!(ranks.len(), 3, "{text}");
    for kind in ["up", "embedding"] {
        let line = ranks.iter().find(|line| line.starts_with(kind)).unwrap();
        assert!(line.ends_with(" of 64"), "{text}");
    }
    let unused = "Unused rows of token_embedding.weight: 3 of 96 are zero, 0 equal an earlier one";
    assert!(text.contains(unused), "{text}");
    let as_lines = ["inspect", "model.safetensors", "--answers", "--format", "csv"];
    assert!(failure(directory.path(), &as_lines, 1).contains("--answers"));
    let ranked = ["inspect", "model.safetensors", "--answers", "--top", "2"];
    let refused = crate::rmt(directory.path(), &ranked);
    assert!(!refused.status.success() && refused.stdout.is_empty());
}

#[test]
fn a_fine_tuning_says_what_it_touched_and_which_rank_holds_it() {
    let directory = tempfile::tempdir().unwrap();
    let names = ["untouched", "shrunk", "noisy", "tuned"].map(|name| format!("{name}.weight"));
    let before: Vec<Tensor> =
        (1..).zip(&names).map(|(seed, name)| matrix(name, SIDES, seed, 0.0)).collect();
    let noise = matrix("", SIDES, 9, 0.0);
    let added = matrix("", SIDES, 9, 2.0);
    let value = |tensor: &Tensor, k: usize| {
        let b = &tensor.3[4 * k..];
        f32::from_le_bytes([b[0], b[1], b[2], b[3]])
    };
    let after = [
        before[0].clone(),
        changed(&before[1], |_, x| 0.98 * x),
        changed(&before[2], |k, x| x + 0.01 * value(&noise, k)),
        changed(&before[3], |k, x| x + 0.01 * value(&added, k)),
    ];
    write(&directory.path().join("a.safetensors"), &before);
    write(&directory.path().join("b.safetensors"), &after);
    let text =
        printed(directory.path(), &["compare", "a.safetensors", "b.safetensors", "--answers"], 0);
    for (question, name) in
        ["left alone", "only shrank", "moved without a direction"].iter().zip(&names)
    {
        let line = text.lines().find(|line| line.contains(question)).unwrap();
        assert!(line.ends_with(": 1 of 4"), "{text}");
        assert_eq!(below(&text, line), [name.as_str()]);
    }
    let ranks = below(&text, "Rank of an adapter");
    assert_eq!(ranks.len(), 1, "{text}");
    assert!(ranks[0].ends_with(" 0, 0, 1 of 64"), "{text}");
}

/// Writes a run of twelve snapshots of the same values.
fn still_run(run: &Path, drift: bool) {
    let config = MonitorConfig::<Bare>::new(run).with_every(1).with_overflow(Overflow::Block);
    let config = config.with_tensorboard(false).with_page(false).with_drift(drift);
    let engine = config.init().unwrap();
    let name = "token_embedding.weight";
    let (.., bytes) = matrix(name, SIDES, 3, 3.0);
    let values = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let values: Vec<f32> = values.collect();
    for step in 0..12 {
        let weights = Box::new(WeightValues::F32(values.clone()));
        let orientation = rmt_core::Orientation::OutIn;
        let layer = LayerSnapshot::new(LayerId::from_name(name), SIDES, orientation, weights);
        engine.submit(step, Admission::Wait, vec![layer]);
    }
    assert!(engine.finish().complete);
}

#[test]
fn a_run_says_whether_it_still_gains_directions() {
    let directory = tempfile::tempdir().unwrap();
    let run = directory.path().join("run");
    still_run(&run, true);
    let text = printed(directory.path(), &["report", "run", "--answers"], 0);
    assert!(text.contains("since a learned direction was gained: 11\nTraining hardly"), "{text}");
    assert!(text.contains("First plateau, 10 looks without a gain: step 10\n"), "{text}");
    assert!(text.contains("learned nothing that shows: 0 of 1"), "{text}");
    assert!(text.contains("token_embedding.weight that never moved: 96 of 96"), "{text}");
    assert!(!run.join("report.html").exists());
    let line = failure(directory.path(), &["report", "run/metrics.jsonl", "--answers"], 1);
    assert!(line.contains("rmt inspect --answers"), "{line}");
    // Without a drift nobody knows which rows moved.
    still_run(&directory.path().join("other"), false);
    let text = printed(directory.path(), &["report", "other", "--answers"], 0);
    assert!(!text.contains("never moved"), "{text}");
}
