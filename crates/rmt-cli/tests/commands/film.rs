//! The spectrum of a matrix over the steps: a frame per step of the run, and errors that say what there is.

use crate::checkpoint::matrix;
use crate::{failure, printed};
use rmt_core::Orientation;
use rmt_core::layers::LayerId;
use rmt_monitor::{Admission, Bare, LayerSnapshot, MonitorConfig, WeightValues};
use std::fs;
use std::path::Path;

/// A run of one matrix that learns a direction, with a scalar.
fn run(directory: &Path) {
    let config = MonitorConfig::<Bare>::new(directory.join("run")).with_profiles_every(1);
    let engine = config.with_every(10).init().unwrap();
    for step in 0..6 {
        let (_, _, shape, bytes) = matrix("up.weight", [48, 96], 1, step as f64);
        let values = bytes.as_chunks().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
        let weights = Box::new(WeightValues::F32(values));
        let layer = LayerId::from_name("up.weight");
        let shape = [shape[0], shape[1]];
        let layer = LayerSnapshot::new(layer, shape, Orientation::OutIn, weights);
        engine.submit(10 * step, Admission::Wait, vec![layer]);
        engine.scalar(10 * step, "accuracy/test", Box::new(0.1 * step as f64));
    }
    assert!(engine.finish().complete);
}

#[test]
fn a_frame_is_a_step_of_the_run() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    run(path);
    let film = printed(path, &["film", "run", "up.weight", "--curve", "accuracy/test"], 0);
    assert_eq!(film.matches("<g class=\"frame").count(), 6);
    for step in 0..6 {
        assert_eq!(film.matches(&format!(">step {}<", 10 * step)).count(), 1, "{step}");
    }
    assert!(film.contains(">0 above, 0 below<") && film.contains(">1 above, 0 below<"));
    assert!(film.contains(">accuracy<") && film.contains(">accuracy/test<"));
    // As an image of a page it moves, and can neither run nor load anything.
    assert!(film.contains("@keyframes"));
    for foreign in ["<script", "href", "url(", "<image", "<foreignObject"] {
        assert!(!film.contains(foreign), "{foreign}");
    }
    let few = printed(path, &["film", "run", "up.weight", "--frames", "2"], 0);
    assert!(few.matches("<g class=\"frame").count() == 2 && few.contains(">number above<"));
    assert!(few.contains(">step 0<") && few.contains(">step 50<"));
    let still = ["film", "run", "up.weight", "--still", "--steps", "0,30", "-o", "still.svg"];
    assert_eq!(printed(path, &still, 0), "");
    let still = fs::read_to_string(path.join("still.svg")).unwrap();
    assert!(still.contains(">step 0<") && still.contains(">step 30<") && !still.contains("frame"));
}

#[test]
fn what_is_not_there_is_an_error_that_says_what_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    run(path);
    for (arguments, words) in [
        (&["film", "run", "down.weight"][..], "matrices of the run: up.weight"),
        (&["film", "run", "up.weight", "--curve", "loss"], "there are: accuracy/test"),
        (&["film", "run", "up.weight", "--steps", "0,7"], "steps: 0, 10, 20, 30, 40, 50"),
        (&["film", "nowhere", "up.weight"], "nowhere"),
    ] {
        let error = failure(path, arguments, 1);
        assert!(error.contains(words), "{error}");
    }
    fs::remove_file(path.join("run/profiles.jsonl")).unwrap();
    let error = failure(path, &["film", "run", "up.weight"], 1);
    assert!(error.contains("no spectrum of up.weight"), "{error}");
}
