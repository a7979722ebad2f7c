//! Gates of recurrent layers, which are stored in one matrix.

use super::reading::Checkpoint;

/// Gates in the order of PyTorch: of an LSTM, and of a GRU.
const LSTM: &[&str] = &["input_gate", "forget_gate", "cell", "output_gate"];
const GRU: &[&str] = &["reset_gate", "update_gate", "candidate"];
/// Of Keras: update before reset.
const KERAS_GRU: &[&str] = &["update_gate", "reset_gate", "candidate"];

/// The gates of a recurrent layer's matrix, and whether they are its rows.
pub(super) fn gates(
    name: &str,
    checkpoint: &Checkpoint<'_>,
) -> Option<(bool, &'static [&'static str])> {
    let (module, last) = name.rsplit_once(['.', '/']).unwrap_or(("", name));
    let side = |of: &str| checkpoint.shape_of(&name.replace(last, of));
    if last.starts_with("weight_ih") || last.starts_with("weight_hh") {
        let [rows, columns] = side(&last.replacen("weight_ih", "weight_hh", 1))?;
        // What a projection gives is narrower than the state.
        let hidden = match side(&last.replacen("_ih", "_hr", 1).replacen("_hh", "_hr", 1)) {
            Some([_, hidden]) => hidden,
            None => columns,
        };
        return Some((true, by_number(rows, hidden, GRU)?));
    }
    let layer = module.rsplit(['.', '/']).next().unwrap_or_default().to_ascii_lowercase();
    let named = layer.contains("lstm") || layer.contains("gru") || last == "recurrent_kernel";
    if named && matches!(last, "kernel" | "recurrent_kernel") {
        let [hidden, columns] = side("recurrent_kernel")?;
        return Some((false, by_number(columns, hidden, KERAS_GRU)?));
    }
    None
}

fn by_number(
    outputs: usize,
    hidden: usize,
    gru: &'static [&'static str],
) -> Option<&'static [&'static str]> {
    [LSTM, gru].into_iter().find(|gates| hidden.checked_mul(gates.len()) == Some(outputs))
}
