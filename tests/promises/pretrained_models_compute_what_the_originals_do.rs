//! Pretrained models in burn compute what an independent program in NumPy does, from every tensor of
//! their checkpoints; a checkpoint that does not fit is refused by name. The example that watches
//! them runs in little.
//!
//! Where the packages cannot be had the tests are listed as ignored, with the reason.

use crate::pretrained::{Options, ablate, watch};
use crate::support::{alone_with_device, require_all, test};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Int, Tensor, TensorData};
use burn_rmt::MonitorConfig;
use clap::Parser;
use libtest_mimic::{Completion, Failed, Trial};
use rmt_core::Verdict;
use rmt_core::layers::LayerKind;
use rmt_examples::models::bert::Bert;
use rmt_examples::models::figures::KINDS;
use rmt_examples::models::load::{Names, Stored, load};
use rmt_examples::models::package::package;
use rmt_examples::models::subject::{Choice, Subject, bert, gpt2};
use rmt_examples::models::{Pretrained, batch_losses};
use rmt_test_python::environment;
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Largest error beside the largest value.
const TOLERANCE: f64 = 1e-4;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        trial("reactions", || bert_agrees(Choice::Rxnfp, &REACTIONS)),
        trial("antibodies", || bert_agrees(Choice::Antiberty, &ANTIBODIES)),
        trial("sentences", || bert_agrees(Choice::Minilm, &SENTENCES)),
        trial("microbiomes", || {
            let (_guard, device) = alone_with_device();
            let subject = gpt2(&options("mgm").sample, &device.inner()).map_err(one_line)?;
            agrees(Choice::Mgm, &subject, &MICROBIOMES)
        }),
        trial("the_example_in_little", short),
        test(module_path!(), "a_checkpoint_that_does_not_fit_is_refused", refused),
    ]
}

/// One with every kind of token, and one with a token that the vocabulary lacks.
const REACTIONS: [&str; 2] = [
    "Nc1cccc2cnccc12.O=C(O)c1cc([N+](=O)[O-])c(Sc2c(Cl)cncc2Cl)s1>>\
     O=C(Nc1cccc2cnccc12)c1cc([N+](=O)[O-])c(Sc2c(Cl)cncc2Cl)s1",
    "C[C@H](N)C(=O)O.[Na+].[OH-].[Xx]>>C[C@H]([NH3+])C(=O)[O-]",
];
/// A heavy chain, and a light one with a residue that the vocabulary lacks.
const ANTIBODIES: [&str; 2] = [
    "EVQLVQSGPEVKKPGTSVKVSCKASGFTFMSSAVQWVRQARGQRLEWIGWIVIGSGNTNYAQKFQERVTITRDMSTSTAYMELSSLRSEDTAVYYCAAPYC",
    "DVVMTQTPFSLPVSLGDQASISCRSSXSLVHSNGNTYLHWYLQKPGQSPKLLIYKVSNRFSGVPDRFSGSGSGTDFTLKI",
];
/// Genera, from the most common on.
const MICROBIOMES: [&str; 2] = [
    "g__Bacteroides g__Faecalibacterium g__Prevotella g__Escherichia g__Lactobacillus",
    "g__Pseudomonas g__Acinetobacter g__Bacillus",
];
/// Accents, marks and rare words.
const SENTENCES: [&str; 2] = [
    "The cat's naïve rôle: 3.5 % of spectra (±0.1) — “deviate”, don't they?",
    "Eigenvalue spacings repel one another in Gaussian orthogonal ensembles.",
];

fn trial(name: &str, body: fn() -> Result<(), String>) -> Trial {
    let module = module_path!().rsplit("::").next().unwrap_or_default();
    Trial::ignorable_test(format!("{module}::{name}"), move || match body() {
        Ok(()) => Ok(Completion::Completed),
        Err(why) if require_all() => Err(Failed::from(why)),
        Err(why) => Ok(Completion::ignored_with(why)),
    })
}

/// Tokens and values of each text, as NumPy has them.
fn oracle(model: &str, package: &Path, texts: &[&str]) -> Result<Vec<Value>, String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let requirements = here.join("crates/rmt-cli/tests/cases/requirements.txt");
    let tmpdir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let python = environment("cases-venv", tmpdir, &requirements)?.join("python");
    let mut child = Command::new(python)
        .arg(here.join("examples/models/oracle.py"))
        .args([Path::new(model), package])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(texts.join("\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    Ok(serde_json::from_slice(&output.stdout).unwrap())
}

fn options(model: &str) -> Options {
    let few = ["--batches", "2", "--batch", "2", "--steps", "0", "--groups", "3", "--draws", "1"];
    Options::parse_from(["pretrained", "--model", model].iter().chain(&few))
}

fn one_line(error: anyhow::Error) -> String {
    format!("{error:#}")
}

/// The model, or why its package cannot be had.
fn subject(choice: Choice, options: &Options, device: &Device) -> Result<Subject<Bert>, String> {
    bert(choice, &options.sample, device).map_err(one_line)
}

fn bert_agrees(choice: Choice, texts: &[&str]) -> Result<(), String> {
    let (_guard, device) = alone_with_device();
    let options = options(&format!("{choice:?}").to_lowercase());
    agrees(choice, &subject(choice, &options, &device.inner())?, texts)
}

/// Tokens are the same, and so is what is computed from them.
fn agrees<M: Pretrained>(
    choice: Choice,
    subject: &Subject<M>,
    texts: &[&str],
) -> Result<(), String> {
    let name = format!("{choice:?}").to_lowercase();
    let folder = package(choice.package()).map_err(one_line)?;
    let device = subject.model.devices().remove(0);
    for (text, expected) in texts.iter().zip(oracle(&name, &folder, texts)?) {
        let list = |key: &str| expected[key].as_array().unwrap().iter();
        let tokens = subject.vocabulary.encode(text);
        let known: Vec<i32> = list("tokens").map(|x| x.as_i64().unwrap() as i32).collect();
        assert_eq!(tokens, known, "{text}");
        let shape = [1, tokens.len()];
        let tokens = Tensor::<2, Int>::from_data(TensorData::new(tokens, shape), &device);
        let found = match choice {
            Choice::Minilm => subject.model.embed(tokens),
            _ => subject.model.scores(subject.model.hidden(tokens).flatten::<2>(0, 1)),
        };
        let found = found.into_data().try_into_vec_as::<f64>().unwrap();
        let values: Vec<f64> = list("values").map(|x| x.as_f64().unwrap()).collect();
        assert_eq!(found.len(), values.len(), "{text}");
        let largest = values.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        let errors = found.iter().zip(&values).map(|(a, b)| (a - b).abs() / largest);
        let error = errors.fold(0.0, f64::max);

        assert!(error <= TOLERANCE, "{text}: {error:e}");
    }
    Ok(())
}

/// The model knows its domain, has left its random weights behind, and needs its largest values.
fn short() -> Result<(), String> {
    let (_guard, device) = alone_with_device();
    let device = device.inner();
    let options = options("rxnfp");
    let subject = subject(Choice::Rxnfp, &options, &device)?;
    let mean = |model: &Bert| batch_losses(model, &subject.held_out).iter().sum::<f64>() / 2.0;
    let (published, random) = (mean(&subject.model), mean(&subject.random));
    assert!(published < 0.3 * random, "{published} {random}");

    let base = tempfile::tempdir().unwrap();
    let config = MonitorConfig::new(base.path().join("run")).with_include("blocks.0.*");
    let rows = watch(&subject.model, &subject.held_out, config).unwrap();
    for kind in KINDS {
        let of_kind = rows.iter().filter(|row| row.layer.kind == kind);
        let structure = of_kind.clone().filter(|row| row.report.verdict == Verdict::Structure);
        assert_eq!((of_kind.clone().count(), structure.count()), (1, 1), "{kind}");
        assert!(of_kind.clone().all(|row| row.report.activation.is_some()), "{kind}");
    }
    let ablated = ablate(&subject, LayerKind::Query, &options).unwrap();
    let deltas: Vec<f64> = ablated.groups.rows.iter().map(|row| row.delta_loss).collect();
    assert!(deltas[0] > 1.0 && deltas[1..].iter().all(|x| x.abs() < 0.2 * deltas[0]), "{deltas:?}");
    let expected = deltas[2] - (deltas[0] + deltas[1]) / 2.0;
    assert!((ablated.excess[0] - expected).abs() < 1e-9, "{:?} {expected}", ablated.excess);
    Ok(())
}

/// A checkpoint of safetensors with tensors of these names and sides.
fn checkpoint(file: &Path, tensors: &[(&str, &[usize])]) {
    let (mut heads, mut data) = (Vec::new(), Vec::new());
    for (name, sides) in tensors {
        let from = data.len();
        let values = (0..sides.iter().product()).map(|at: usize| at as f32);
        data.extend(values.flat_map(f32::to_le_bytes));
        let to = data.len();
        heads.push(format!(
            r#""{name}":{{"dtype":"F32","shape":{sides:?},"data_offsets":[{from},{to}]}}"#
        ));
    }
    let head = format!("{{{}}}", heads.join(","));
    let length = (head.len() as u64).to_le_bytes();
    std::fs::write(file, [&length[..], head.as_bytes(), &data].concat()).unwrap();
}

fn refused() {
    let (_guard, device) = alone_with_device();
    let base = tempfile::tempdir().unwrap();
    let file = base.path().join("model.safetensors");
    let stored = |path: &str| {
        let (name, part) = match path {
            "weight" => ("fused.weight", Some((1, 2))),
            _ => ("fused.bias", None),
        };
        Some(Stored { name: name.into(), transposed: true, part })
    };
    let tied = [("copy.bias", "fused.bias")];
    let names = Names { stored: &stored, tied: &tied, buffers: &["places"] };
    let loaded = |tensors: &[(&str, &[usize])]| {
        checkpoint(&file, tensors);
        let source = rmt_cli::formats::open(&file).unwrap();
        let model: Linear = LinearConfig::new(2, 3).init(&device);
        load(model, source.as_ref(), &names).map_err(|error| error.to_string())
    };
    // Of [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]] the second half of the columns, on its side.
    let weight: (&str, &[usize]) = ("fused.weight", &[3, 4]);
    let bias: (&str, &[usize]) = ("fused.bias", &[3]);
    let model = loaded(&[weight, bias, ("copy.bias", &[3]), ("some.places", &[7])]).unwrap();
    let values = model.weight.val().into_data().try_into_vec_as::<f32>().unwrap();
    assert_eq!(values, [2.0, 6.0, 10.0, 3.0, 7.0, 11.0]);

    let why = |tensors: &[(&str, &[usize])]| loaded(tensors).map(|_| ()).unwrap_err();
    assert!(why(&[weight]).ends_with(": fused.bias is missing"));
    let unused = why(&[weight, bias, ("other", &[1])]);
    assert!(unused.ends_with(": other is of no use to the model"), "{unused}");
    let sides = why(&[("fused.weight", &[4, 4]), bias]);
    assert!(sides.ends_with(": fused.weight has sides [2, 4] in the place of [2, 3]"), "{sides}");
    let untied = why(&[weight, bias, ("copy.bias", &[2])]);
    assert!(untied.ends_with(": copy.bias does not repeat fused.bias"), "{untied}");
}
