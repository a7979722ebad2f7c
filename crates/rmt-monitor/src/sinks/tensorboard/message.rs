//! What is drawn at a tag, as TensorBoard's messages `Event`, `Summary.Value` and `TensorProto`.

use super::wire::Wire;

/// `DataType` of a tensor.
const FLOAT: u64 = 1;
const DOUBLE: u64 = 2;
const STRING: u64 = 7;
/// `TensorProto.tensor_content` and `.string_val`.
const CONTENT: u64 = 4;
const STRINGS: u64 = 8;
/// `DataClass` of `SummaryMetadata`.
const TENSOR: u64 = 2;
#[cfg(feature = "pictures")]
const BLOB_SEQUENCE: u64 = 3;
/// `SessionLog.SessionStatus`.
const START: u64 = 1;

/// What is drawn at one tag and step.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// A point of a curve.
    Scalar(f32),
    /// Bins: [left edge, right edge, count].
    Histogram(Vec<[f64; 3]>),
    /// Markdown.
    Text(String),
    /// A layout of custom scalars, as a message.
    Layout(Vec<u8>),
    /// Data of the HParams page, as a message.
    HParams(Vec<u8>),
    /// A picture.
    #[cfg(feature = "pictures")]
    Image {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
        /// As a PNG file.
        png: Vec<u8>,
    },
}

/// Tags and what is drawn at them.
pub(super) type Values = Vec<(String, Value)>;

impl Value {
    /// Whether there is something to show.
    pub(super) fn is_finite(&self) -> bool {
        match self {
            Self::Scalar(x) => x.is_finite(),
            Self::Histogram(bins) => {
                !bins.is_empty() && bins.iter().flatten().all(|x| x.is_finite())
            }
            Self::Text(text) => !text.is_empty(),
            Self::Layout(message) | Self::HParams(message) => !message.is_empty(),
            #[cfg(feature = "pictures")]
            Self::Image { png, .. } => !png.is_empty(),
        }
    }

    /// `Summary.Value` at `tag`; with `describe`, what kind of value the tag has.
    pub(super) fn message(self, tag: &str, describe: bool) -> Wire {
        let value = Wire::default().text(1, tag);
        let (plugin, class, tensor) = match self {
            // Both of TensorBoard's loaders know a plain value as a scalar, without any metadata.
            Self::Scalar(x) => return value.float(2, x),
            Self::HParams(data) => {
                // All of it is in the metadata, beside an empty vector.
                let metadata = metadata("hparams", TENSOR, &data);
                return value.message(8, &tensor(FLOAT, &[0])).message(9, &metadata);
            }
            Self::Histogram(bins) => {
                let content: Vec<u8> =
                    bins.iter().flatten().flat_map(|x| x.to_le_bytes()).collect();
                let tensor = tensor(DOUBLE, &[bins.len(), 3]).bytes(CONTENT, &content);
                ("histograms", TENSOR, tensor)
            }
            Self::Text(text) => ("text", TENSOR, string(text.as_bytes())),
            Self::Layout(layout) => ("custom_scalars", TENSOR, string(&layout)),
            #[cfg(feature = "pictures")]
            Self::Image { width, height, png } => {
                // Width, height, then the pictures of the step.
                let sizes = [width, height].map(|size| size.to_string());
                let [width, height] = sizes.each_ref().map(String::as_bytes);
                let strings = [width, height, &png];
                let tensor = tensor(STRING, &[strings.len()]);
                let tensor = strings.iter().fold(tensor, |tensor, s| tensor.bytes(STRINGS, s));
                ("images", BLOB_SEQUENCE, tensor)
            }
        };
        let value = value.message(8, &tensor);
        if describe { value.message(9, &metadata(plugin, class, &[])) } else { value }
    }
}

/// An `Event` without contents. Numbers that are 0 are left out, as protocol buffers have it.
pub(super) fn event(wall_time: f64, step: u64) -> Wire {
    let event = Wire::default().double(1, wall_time);
    // Signed.
    if step > 0 { event.integer(2, step.min(i64::MAX as u64)) } else { event }
}

/// The `Event` that a session starts.
pub(super) fn session_start(wall_time: f64, step: u64) -> Wire {
    event(wall_time, step).message(7, &Wire::default().integer(1, START))
}

/// A `TensorProto` of this shape, without contents.
fn tensor(kind: u64, shape: &[usize]) -> Wire {
    let dimension = |size: &usize| match *size as u64 {
        0 => Wire::default(),
        size => Wire::default().integer(1, size),
    };
    let shape =
        shape.iter().fold(Wire::default(), |shape, size| shape.message(2, &dimension(size)));
    Wire::default().integer(1, kind).message(2, &shape)
}

/// One string: the shape is empty.
fn string(bytes: &[u8]) -> Wire {
    tensor(STRING, &[]).bytes(STRINGS, bytes)
}

fn metadata(plugin: &str, class: u64, content: &[u8]) -> Wire {
    let data = Wire::default().text(1, plugin);
    let data = if content.is_empty() { data } else { data.bytes(2, content) };
    Wire::default().message(1, &data).integer(4, class)
}
