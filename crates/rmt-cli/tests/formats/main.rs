//! Checkpoints of every format: what is read is what was written, and a hostile file is an error.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod adapter;
mod burnpack;
mod float8;
mod gguf;
mod hdf5;
#[path = "../hostile/mod.rs"]
mod hostile;
mod mutations;
mod numpy;
mod onnx;
mod pytorch;
mod safetensors;
mod shards;
mod support;
