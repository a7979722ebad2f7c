//! Writes a file of burn's own format with a tensor of each type.

use burn_pack::{Bytes, DType, Tensor, Writer};
use burn_std::tensor::quantization::QuantScheme;
use burn_std::BoolStore;

fn tensor(name: &str, dtype: DType, shape: &[usize], bytes: Vec<u8>) -> Tensor {
    Tensor::new(name.into(), dtype, shape.to_vec(), Some(7), Bytes::from_bytes_vec(bytes))
}

fn main() {
    // (row - 1) + column / 8, which every type holds exactly.
    let values: Vec<f64> = (0..12).map(|i| f64::from(i / 4 - 1) + f64::from(i % 4) / 8.0).collect();
    let single = |x: &f64| (*x as f32).to_le_bytes();
    let brain = |x: &f64| ((*x as f32).to_bits() >> 16).to_le_bytes()[..2].to_vec();
    let half = |x: &f64| {
        let bits = (*x as f32).to_bits();
        let exponent = (bits >> 23 & 255) as i32 - 127 + 15;
        let magnitude = if *x == 0.0 { 0 } else { (exponent as u32) << 10 | bits >> 13 & 1023 };
        (bits >> 16 & 0x8000 | magnitude).to_le_bytes()[..2].to_vec()
    };
    let quantized = DType::QFloat(QuantScheme::default());
    let tensors = vec![
        tensor("layer.10.weight", DType::F32, &[3, 4], values.iter().flat_map(single).collect()),
        tensor("layer.2.weight", DType::F64, &[3, 4], values.iter().flat_map(|x| x.to_le_bytes()).collect()),
        tensor("half", DType::F16, &[3, 4], values.iter().flat_map(half).collect()),
        tensor("brain", DType::BF16, &[3, 4], values.iter().flat_map(brain).collect()),
        tensor("steps", DType::I64, &[1], vec![9, 0, 0, 0, 0, 0, 0, 0]),
        tensor("mask", DType::Bool(BoolStore::U8), &[2], vec![0, 1]),
        tensor("quantised", quantized, &[2, 2], vec![1, 2, 3, 4, 0, 0, 128, 63]),
    ];
    Writer::new(tensors)
        .with_metadata("producer", "burn-pack")
        .with_scalar("epoch", 3i64.into())
        .overwrite(true)
        .write_to_file(concat!(env!("CARGO_MANIFEST_DIR"), "/../burn.bpk"))
        .expect("the file is written");
}
