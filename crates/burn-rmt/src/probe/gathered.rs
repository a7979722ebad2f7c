//! One layer's inputs of one step, as far as the token budget goes.

use super::Input;
use super::tokens::{Accumulated, Batch, Handles};
use burn_core::tensor::{DType, Tensor};
use rmt_monitor::{ActivationSnapshot, Tokens};

/// Inputs as they come: handles on the host, sums on another device.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// Length of the last axis.
    features: usize,
    tokens: u64,
    /// Sequences (or rows, where there is no axis of sequences) so far: alternate ones make the two
    /// halves that standard errors are told from, however they came in batches.
    items: u64,
    inputs: Inputs,
    /// Whether gradients flow through the inputs: then others are those of an evaluation.
    tracked: bool,
    note: Option<String>,
}

#[derive(Debug, Default)]
enum Inputs {
    #[default]
    None,
    Handles(Handles),
    Accumulated(Box<Accumulated>),
}

impl Gathered {
    /// Adds the tokens of `input`, up to `limit` in all; those of an evaluation where it is asked for.
    pub(crate) fn add<const D: usize>(
        &mut self,
        input: Input<'_, D>,
        evaluation: bool,
        limit: u64,
    ) -> Result<(), String> {
        let Input { tensor: input, keep, training } = input;
        if !evaluation && training.is_none() {
            let tracked = input.is_tracked();
            if self.tracked && !tracked {
                return Ok(());
            }
            if tracked && !self.tracked {
                // What came before was no training.
                *self = Self { tracked, ..Self::default() };
            }
        }
        let shape = input.dims();
        let Some((&features, others)) = shape.split_last() else { return Ok(()) };
        let tokens: usize = others.iter().product();
        if tokens == 0 || features == 0 {
            return Ok(());
        }
        if self.features != 0 && self.features != features {
            return Err(format!("inputs of {} and of {features} features", self.features));
        }
        if let Some(keep) = &keep
            && keep.dims() != [tokens]
        {
            return Err(format!("a mask of {} entries for {tokens} tokens", keep.dims()[0]));
        }
        self.features = features;
        let room = limit.saturating_sub(self.tokens);
        if room == 0 {
            return Ok(());
        }
        let input = input.clone().without_autodiff().reshape([tokens, features]);
        let keep = keep.map(|keep| keep.without_autodiff());
        let taken = usize::try_from(room).map_or(tokens, |room| room.min(tokens));
        let (input, keep) = if taken < tokens {
            let keep = keep.map(|keep| keep.narrow(0, 0, taken));
            (input.narrow(0, 0, taken), keep)
        } else {
            (input, keep)
        };
        let dtype = input.dtype();
        if matches!(dtype, DType::F16 | DType::BF16) {
            self.note = Some(format!("{} activations, widened", dtype.name()));
        }
        let item = match others {
            [_, inner @ ..] => inner.iter().product(),
            [] => 1,
        };
        let batch = Batch { input, keep, item, first: self.items };
        self.tokens += taken as u64;
        self.items += taken.div_ceil(item) as u64;
        if let Inputs::None = self.inputs {
            self.inputs = if on_host(&batch.input) {
                Inputs::Handles(Handles::default())
            } else {
                Inputs::Accumulated(Box::new(Accumulated::new(&batch)))
            };
        }
        match &mut self.inputs {
            Inputs::Handles(handles) => handles.add(batch),
            Inputs::Accumulated(sums) => sums.add(batch),
            Inputs::None => {}
        }
        Ok(())
    }

    /// On its way to the worker; `None` without tokens.
    pub(crate) fn snapshot(self) -> Option<ActivationSnapshot> {
        let (bytes, tokens): (u64, Box<dyn Tokens>) = match self.inputs {
            Inputs::None => return None,
            Inputs::Handles(handles) => (handles.bytes(), Box::new(handles.with_note(self.note))),
            Inputs::Accumulated(sums) => {
                let bytes = sums.bytes();
                (bytes, Box::new((*sums).with_note(self.note)))
            }
        };
        Some(ActivationSnapshot { bytes, tokens })
    }
}

/// Whether the values are in main memory, where a handle is read without a copy from the device. burn
/// has no other word for it than the device's own.
fn on_host<const D: usize>(tensor: &Tensor<D>) -> bool {
    let device = format!("{:?}", tensor.device());
    HOST_DEVICES.iter().any(|host| device.contains(host))
}

/// What burn's devices in main memory call themselves.
const HOST_DEVICES: [&str; 3] = ["Flex", "NdArray", "LibTorch(Cpu"];
