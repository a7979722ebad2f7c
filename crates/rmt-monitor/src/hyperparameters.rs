//! Hyperparameters of a run.

use serde::{Deserialize, Serialize};

/// The value of a training hyperparameter. TensorBoard compares runs by it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Hyperparameter {
    /// A flag.
    Flag(bool),
    /// A finite number.
    Number(f64),
    /// Any other value, as text.
    Text(String),
}

impl From<bool> for Hyperparameter {
    fn from(on: bool) -> Self {
        Self::Flag(on)
    }
}

impl From<f64> for Hyperparameter {
    /// A value that is not finite is text: neither JSON nor TensorBoard has it as a number.
    fn from(x: f64) -> Self {
        match x.is_finite() {
            true => Self::Number(x),
            false => Self::Text(x.to_string()),
        }
    }
}

macro_rules! from_numbers {
    ($($from:ty),+) => {$(
        impl From<$from> for Hyperparameter {
            fn from(x: $from) -> Self {
                Self::from(x as f64)
            }
        }
    )+};
}
from_numbers!(i32, u32, i64, u64, usize);

impl From<f32> for Hyperparameter {
    /// The shortest decimal number that is this one: 0.1, and not 0.10000000149.
    fn from(x: f32) -> Self {
        Self::from(x.to_string().parse().unwrap_or(f64::from(x)))
    }
}

impl From<&str> for Hyperparameter {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Hyperparameter {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_they_are() {
        let values: [Hyperparameter; 5] =
            [0.1_f32.into(), 3_usize.into(), true.into(), "adam".into(), f64::NAN.into()];
        let json = serde_json::to_string(&values).unwrap();
        assert_eq!(json, r#"[0.1,3.0,true,"adam","NaN"]"#);
        assert_eq!(serde_json::from_str::<[Hyperparameter; 5]>(&json).unwrap(), values);
    }
}
