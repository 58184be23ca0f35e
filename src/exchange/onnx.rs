//! A network with its weights as ONNX (<https://onnx.ai/onnx/repo-docs/IR.html>): what the article's saved inference topology is today.
//!
//! The graph takes `input` [N, channels, height, width], the pixels as the network is fed them, and gives `probabilities`
//! [N, classes]. Dropout does nothing outside training and is left out, as LRN layers are that are switched off.

use super::protobuf::Message;
use super::{ExchangeError, Result};
use crate::run::Arrays;
use crate::spec::{Activation, Layer, LayerSpec, LayerTrace, ModelSpec, PixelOrder, PixelScale};

/// Operators as ONNX 1.8 has them; every runtime of today knows these.
const OPSET: i64 = 13;
const IR_VERSION: i64 = 7;
/// TensorProto.DataType.FLOAT
const FLOAT: i64 = 1;
/// Protocol Buffers' own limit.
const MOST_BYTES: usize = (1 << 31) - 1;

const INPUT: &str = "input";
const OUTPUT: &str = "probabilities";

/// `model` with its settings worked in ([`ModelSpec::as_steered`]) and its parameters under their own names.
///
/// # Errors
/// A parameter that is missing or of another shape, or a network that is no network.
pub fn model(model: &ModelSpec, parameters: &Arrays) -> Result<Vec<u8>> {
    let trace = model.trace().map_err(|error| ExchangeError::Model(error.to_string()))?;
    let mut graph = Graph { nodes: Vec::new(), initializers: Vec::new(), last: INPUT.into() };
    for (layer, traced) in model.layers.iter().zip(&trace.layers) {
        graph.add(layer, traced, parameters)?;
    }
    graph.push("Softmax", "softmax", &[], vec![int("axis", 1)]);
    let nodes = graph.nodes.len();
    if let Some(last) = graph.nodes.pop() {
        graph.nodes.push(Node { output: OUTPUT.into(), ..last });
    }
    debug_assert!(nodes > 0);
    let [channels, height, width] = model.input;
    let message = Message::new()
        .messages(1, graph.nodes.into_iter().map(Node::message))
        .string(2, &model.name)
        .messages(5, graph.initializers)
        .message(11, value(INPUT, &[channels, height, width]))
        .message(12, value(OUTPUT, &[model.classes]));
    let metadata = [("pixels", pixels(model)), ("model", model.title.clone())];
    let bytes = Message::new()
        .int(1, IR_VERSION)
        .string(2, "alexscope")
        .string(3, env!("CARGO_PKG_VERSION"))
        .string(6, &model.about)
        .message(7, message)
        .message(8, Message::new().string(1, "").int(2, OPSET))
        .messages(14, metadata.map(|(key, value)| Message::new().string(1, key).string(2, &value)))
        .into_bytes();
    if bytes.len() > MOST_BYTES { Err(ExchangeError::TooLarge) } else { Ok(bytes) }
}

/// How the input is made from bytes.
fn pixels(model: &ModelSpec) -> String {
    let order = match model.pixels.order {
        PixelOrder::Rgb => "RGB",
        PixelOrder::Bgr => "BGR",
    };
    let scale = match model.pixels.scale {
        PixelScale::Unit => "divided by 255",
        PixelScale::Standardize => "divided by 255, minus the training set's mean, over its deviation, each channel by itself",
    };
    format!("{order}, {scale}")
}

struct Node {
    kind: &'static str,
    name: String,
    inputs: Vec<String>,
    output: String,
    attributes: Vec<Message>,
}

impl Node {
    fn message(self) -> Message {
        let message = self.inputs.iter().fold(Message::new(), |message, input| message.string(1, input));
        message.string(2, &self.output).string(3, &self.name).string(4, self.kind).messages(5, self.attributes)
    }
}

struct Graph {
    nodes: Vec<Node>,
    initializers: Vec<Message>,
    /// What the newest node gives.
    last: String,
}

impl Graph {
    /// A node behind the newest one, with `more` inputs.
    fn push(&mut self, kind: &'static str, name: &str, more: &[String], attributes: Vec<Message>) {
        let inputs = std::iter::once(std::mem::replace(&mut self.last, name.to_string())).chain(more.iter().cloned()).collect();
        self.nodes.push(Node { kind, name: name.into(), inputs, output: name.into(), attributes });
    }

    fn add(&mut self, layer: &Layer, traced: &LayerTrace, parameters: &Arrays) -> Result<()> {
        let name = &layer.name;
        match layer.what {
            LayerSpec::Conv2d { out, kernel, stride, .. } => {
                let channels = traced.input.channels() / traced.groups as usize;
                let weights = self.weights(name, &[out, channels, kernel, kernel], parameters)?;
                let attributes = vec![
                    ints("kernel_shape", &[kernel; 2]),
                    ints("strides", &[stride; 2]),
                    ints("pads", &traced.padding),
                    int("group", traced.groups as i64),
                ];
                self.push("Conv", name, &weights, attributes);
            }
            LayerSpec::Activation { function } => match function {
                Activation::Relu => self.push("Relu", name, &[], Vec::new()),
                Activation::LeakyRelu => self.push("LeakyRelu", name, &[], vec![float("alpha", Activation::LEAK)]),
                Activation::Softplus => self.push("Softplus", name, &[], Vec::new()),
            },
            LayerSpec::MaxPool2d { kernel, stride, .. } => {
                let attributes = vec![
                    ints("kernel_shape", &[kernel; 2]),
                    ints("strides", &[stride; 2]),
                    ints("pads", &beyond_the_border(traced, kernel, stride)),
                ];
                self.push("MaxPool", name, &[], attributes);
            }
            LayerSpec::Lrn { n, k, alpha, beta } => {
                // ONNX divides its alpha by the window.
                let attributes =
                    vec![int("size", n as i64), float("bias", k), float("alpha", alpha * n as f64), float("beta", beta)];
                self.push("LRN", name, &[], attributes);
            }
            LayerSpec::Dropout { .. } => {}
            LayerSpec::Flatten => self.push("Flatten", name, &[], vec![int("axis", 1)]),
            LayerSpec::Dense { out } => {
                let weights = self.weights(name, &[out, traced.input.channels()], parameters)?;
                self.push("Gemm", name, &weights, vec![int("transB", 1)]);
            }
        }
        Ok(())
    }

    /// Takes a layer's weight and bias among the initializers; their names.
    fn weights(&mut self, layer: &str, shape: &[usize], parameters: &Arrays) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for (kind, shape) in [("weight", shape), ("bias", &shape[..1])] {
            let name = format!("{layer}.{kind}");
            let found = parameters.iter().find(|(there, ..)| *there == name);
            let (_, came, values) = found.ok_or_else(|| ExchangeError::Missing { name: name.clone() })?;
            if came != shape {
                return Err(ExchangeError::Shape { name, expected: shape.to_vec(), came: came.clone() });
            }
            let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            let dims = shape.iter().map(|side| *side as i64);
            self.initializers.push(Message::new().ints(1, dims).int(2, FLOAT).string(8, &name).bytes(9, &raw));
            names.push(name);
        }
        Ok(names)
    }
}

/// Rows and columns by which the last window reaches over the border at the bottom and right, where pooling rounds up. Said outright,
/// since runtimes differ in how they round.
fn beyond_the_border(traced: &LayerTrace, kernel: usize, stride: usize) -> [usize; 4] {
    let (from, to) = (traced.input.dims(), traced.output.dims());
    let over = |side: usize| ((to[side] - 1) * stride + kernel).saturating_sub(from[side]);
    [0, 0, over(1), over(2)]
}

/// A tensor of floats for any number of pictures.
fn value(name: &str, shape: &[usize]) -> Message {
    let any = Message::new().string(2, "N");
    let sides = shape.iter().map(|side| Message::new().int(1, *side as i64));
    let shape = Message::new().message(1, any).messages(1, sides);
    let tensor = Message::new().int(1, FLOAT).message(2, shape);
    Message::new().string(1, name).message(2, Message::new().message(1, tensor))
}

// AttributeProto: name 1, f 2, i 3, ints 8; its type (20) is 1 for a float, 2 for an int, 7 for ints.

fn float(name: &str, value: f64) -> Message {
    Message::new().string(1, name).float(2, value as f32).int(20, 1)
}

fn int(name: &str, value: i64) -> Message {
    Message::new().string(1, name).int(3, value).int(20, 2)
}

fn ints(name: &str, values: &[usize]) -> Message {
    Message::new().string(1, name).ints(8, values.iter().map(|value| *value as i64)).int(20, 7)
}
