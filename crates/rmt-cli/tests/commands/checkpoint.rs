//! Small checkpoints with something in them: made by the writer of safetensors from seeded numbers.

use rand::RngExt;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use std::path::Path;

/// A tensor: name, type, shape and bytes.
pub(crate) type Tensor = (String, Dtype, Vec<usize>, Vec<u8>);

/// A random matrix in single precision, with `signal` times a rank-one matrix of norm one added.
pub(crate) fn matrix(name: &str, [rows, cols]: [usize; 2], seed: u64, signal: f64) -> Tensor {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    // Uniform entries of variance 1/large side, on a grid of 2⁻¹⁶.
    let large = rows.max(cols) as f64;
    let mut entry = || (rng.random::<f64>() - 0.5) * (12.0 / large).sqrt();
    let along =
        |i: usize, n: usize| if i.is_multiple_of(2) { 1.0 } else { -1.0 } / (n as f64).sqrt();
    let values = (0..rows * cols).map(|k| {
        let value = entry() + signal * along(k / cols, rows) * along(k % cols / 2, cols);
        ((value * 65536.0).round() / 65536.0) as f32
    });
    let bytes = values.flat_map(f32::to_le_bytes).collect();
    (name.to_owned(), Dtype::F32, vec![rows, cols], bytes)
}

/// Writes them as they are.
pub(crate) fn write(path: &Path, tensors: &[Tensor]) {
    let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
        (name.as_str(), TensorView::new(*dtype, shape.clone(), bytes).unwrap())
    });
    safetensors::serialize_to_file(views, None, path).unwrap();
}

/// A transformer of two blocks: what it learned is in the second; with what is skipped, and why.
pub(crate) fn transformer(learned: f64) -> Vec<Tensor> {
    let mut tensors = vec![matrix("embeddings.word_embeddings.weight", [96, 48], 1, 0.0)];
    for block in 0..2_u64 {
        let signal = learned * block as f64;
        let mut add = |name: &str, shape, number: u64, signal| {
            let name = format!("encoder.layer.{block}.{name}.weight");
            tensors.push(matrix(&name, shape, 10 * block + number, signal));
        };
        add("attention.self.query", [48, 48], 2, 0.0);
        add("attention.output.dense", [48, 48], 3, signal);
        add("intermediate.dense", [160, 48], 4, signal);
        add("output.dense", [48, 160], 5, 0.0);
    }
    tensors.push(matrix("h.0.attn.c_attn.weight", [48, 144], 40, 0.0));
    tensors.push(matrix("tiny\u{1b}[31m.weight", [4, 8], 41, 0.0));
    tensors.push(("bias".into(), Dtype::F32, vec![48], vec![0; 4 * 48]));
    tensors.push(("packed.qweight".into(), Dtype::I32, vec![8, 8], vec![0; 4 * 64]));
    tensors
}
