//! What is drawn at a tag, as one of TensorBoard's messages.

use rmt_plot::Drawing;
use tensorboard_proto::summary::{Summary_Value, SummaryMetadata};
use tensorboard_proto::tensor::TensorProto;
use tensorboard_proto::tensor_shape::TensorShapeProto_Dim;
use tensorboard_proto::types::DataType;

/// `SummaryMetadata.data_class`, a field that these old messages lack, and its value for tensors.
const DATA_CLASS_FIELD: u32 = 4;
const DATA_CLASS_TENSOR: u64 = 2;
/// The same for pictures.
const DATA_CLASS_BLOB_SEQUENCE: u64 = 3;

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
    /// A drawing of `what`, unless it cannot be made.
    pub(super) fn image(drawing: &Drawing, what: &str) -> Option<Self> {
        let pixels = drawing.to_rgb();
        let (width, height) = (pixels.width, pixels.height);
        match pixels.to_png() {
            Ok(png) => Some(Self::Image { width, height, png }),
            Err(error) => {
                tracing::debug!(target: "rmt", "`{what}`: {error}");
                None
            }
        }
    }

    /// Whether there is something to show.
    pub(super) fn is_finite(&self) -> bool {
        match self {
            Self::Scalar(x) => x.is_finite(),
            Self::Histogram(bins) => {
                !bins.is_empty() && bins.iter().flatten().all(|x| x.is_finite())
            }
            Self::Text(text) => !text.is_empty(),
            Self::Layout(message) | Self::HParams(message) => !message.is_empty(),
            Self::Image { png, .. } => !png.is_empty(),
        }
    }
}

/// `value` at `tag`; with `describe`, what kind of value the tag has.
pub(super) fn message(tag: String, value: Value, describe: bool) -> Summary_Value {
    let mut message = Summary_Value::new();
    message.set_tag(tag);
    match value {
        // Both of TensorBoard's loaders know a plain value as a scalar, without any metadata.
        Value::Scalar(x) => message.set_simple_value(x),
        Value::Histogram(bins) => {
            if describe {
                message.set_metadata(metadata("histograms", DATA_CLASS_TENSOR));
            }
            let mut tensor = TensorProto::new();
            tensor.set_dtype(DataType::DT_DOUBLE);
            for size in [bins.len(), 3] {
                let mut dimension = TensorShapeProto_Dim::new();
                dimension.set_size(size as i64);
                tensor.mut_tensor_shape().dim.push(dimension);
            }
            let bytes = bins.iter().flatten().flat_map(|x| x.to_le_bytes()).collect();
            tensor.set_tensor_content(bytes);
            message.set_tensor(tensor);
        }
        Value::Text(text) => {
            if describe {
                message.set_metadata(metadata("text", DATA_CLASS_TENSOR));
            }
            message.set_tensor(string(text.into_bytes()));
        }
        Value::Layout(layout) => {
            if describe {
                message.set_metadata(metadata("custom_scalars", DATA_CLASS_TENSOR));
            }
            message.set_tensor(string(layout));
        }
        Value::HParams(data) => {
            // All of it is in the metadata, beside an empty vector.
            let mut metadata = metadata("hparams", DATA_CLASS_TENSOR);
            metadata.mut_plugin_data().set_content(data);
            message.set_metadata(metadata);
            let mut tensor = TensorProto::new();
            tensor.set_dtype(DataType::DT_FLOAT);
            tensor.mut_tensor_shape().dim.push(TensorShapeProto_Dim::new());
            message.set_tensor(tensor);
        }
        Value::Image { width, height, png } => {
            if describe {
                message.set_metadata(metadata("images", DATA_CLASS_BLOB_SEQUENCE));
            }
            // A vector of strings: width, height, then the pictures of the step.
            let strings = [width.to_string().into_bytes(), height.to_string().into_bytes(), png];
            let mut tensor = TensorProto::new();
            tensor.set_dtype(DataType::DT_STRING);
            let mut dimension = TensorShapeProto_Dim::new();
            dimension.set_size(strings.len() as i64);
            tensor.mut_tensor_shape().dim.push(dimension);
            strings.into_iter().for_each(|string| tensor.mut_string_val().push(string));
            message.set_tensor(tensor);
        }
    }
    message
}

/// A scalar of type string: an empty shape.
fn string(bytes: Vec<u8>) -> TensorProto {
    let mut tensor = TensorProto::new();
    tensor.set_dtype(DataType::DT_STRING);
    tensor.mut_tensor_shape();
    tensor.mut_string_val().push(bytes);
    tensor
}

fn metadata(plugin: &str, data_class: u64) -> SummaryMetadata {
    let mut metadata = SummaryMetadata::new();
    metadata.mut_plugin_data().set_plugin_name(plugin.into());
    metadata.unknown_fields.add_varint(DATA_CLASS_FIELD, data_class);
    metadata
}
