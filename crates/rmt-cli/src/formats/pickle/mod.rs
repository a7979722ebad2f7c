//! What a pickle would take to interpret, found out before anything interprets it.
//!
//! `pytorch-reader` copies a value whenever a pickle repeats it (PUT, GET, DUP, BUILD), so a few bytes can
//! stand for any amount of memory; its own limits on copies (1 000 000 values, 64 MiB of text) leave out the
//! names of classes, the keys of dicts and the shapes of tensors. [`check`] walks the opcodes as that reader
//! does, with the sizes of values in the place of values, and refuses what would take more than
//!
//! ```text
//! 8 MiB + 128 × (bytes of the pickle so far)
//! ```
//!
//! Three tallies are held against it: what the stack and the memo hold at a time, what copies have come to
//! since the start (they cost time also when they are dropped), and at the end what the tensors found in the
//! tree take, each of which is named by its whole path. Costs are upper bounds for 64-bit machines, with the
//! growth of vectors and tables in them (see [`size`]). A byte of a pickle makes at most one value, so 128
//! leaves room for what repeats nothing; state dicts, optimizers and models as `torch.save` writes them come
//! to 40 to 80 (see the tests).
//!
//! Whatever is no pickle is passed on: the reader refuses it in its own words. The scan itself takes no more
//! than what it counts, so the same bound holds for it; `tests/pickles.rs` measures both.

mod limit;
mod machine;
mod size;
mod stream;
mod value;

use limit::Limit;
use machine::{Halt, Machine};
use std::io::BufRead;
use stream::Stream;

/// What a pickle may take.
const LIMIT: Limit = Limit { floor: 8 << 20, multiple: 128 };
/// The pickles at the start of a file of PyTorch before 1.6, and which of them the reader prints when it is
/// not as it should be: a magic number, a version, the system, the tree, the order of the storages.
/// Elsewhere the first is the only one.
const PICKLES: [bool; 5] = [false, true, true, false, true];

/// Refuses a stream of pickles, if interpreting them would take too much.
pub(super) fn check(stream: impl BufRead) -> Result<(), String> {
    check_within(stream, LIMIT)
}

fn check_within(stream: impl BufRead, limit: Limit) -> Result<(), String> {
    let mut stream = Stream::new(stream);
    let mut machine = Machine::new(limit);
    for printed in PICKLES {
        match machine.run(&mut stream, printed) {
            Ok(()) => {}
            Err(Halt::Malformed) => break,
            Err(Halt::Excess) => {
                let bytes = stream.consumed();
                return Err(format!(
                    "its pickle stands for more than it is long: to interpret {bytes} bytes of it would take more \
                     than {} bytes of memory. If you trust the file, load it with PyTorch and save the state dict \
                     of the model alone",
                    limit.after(bytes)
                ));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
