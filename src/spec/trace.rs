//! What follows from a network's description, by integer arithmetic alone: shapes with their formulas, parameters,
//! multiply-adds, memory, receptive fields. Or an error that names the layer and what to change.

use serde::Serialize;

use super::follow::{Flow, Followed, follow};
use super::geometry::Axis;
use super::{Layer, LayerSpec, ModelSpec, Padding, Problem, Shape, SpecError};
use crate::knobs::{KnobError, number};

/// Numbers that one layer may hold or give for one picture: 16 GiB of f32.
pub const MOST: u64 = 1 << 32;
/// Layers that a network may have.
pub(super) const MOST_LAYERS: usize = 1000;
/// Bytes of a number: f32.
const BYTES: u64 = 4;

/// A network, layer by layer, and its totals for one picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trace {
    pub layers: Vec<LayerTrace>,
    pub parameters: u64,
    /// Of a forward pass.
    pub multiply_adds: u64,
    /// Of all outputs together, in f32.
    pub activation_bytes: u64,
}

/// One layer's place in the flow.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerTrace {
    pub name: String,
    pub kind: &'static str,
    pub input: Shape,
    pub output: Shape,
    /// `⌊(227 − 11 + 2·0)/4⌋ + 1 = 55`; empty where the shape does not change.
    pub formula: String,
    /// The output over the model's towers: `55×55×48×2`.
    pub towers: Option<String>,
    /// Independent parts that the channels are split into.
    pub groups: u64,
    /// Zeros above, left, below and right of the input.
    pub padding: [usize; 4],
    pub parameters: u64,
    pub weights: u64,
    pub biases: u64,
    /// Of a forward pass over one picture; convolution and dense layers only.
    pub multiply_adds: u64,
    /// Of the output for one picture, in f32.
    pub activation_bytes: u64,
    /// Side of the square of input pixels that one output number depends on, borders and padding included.
    pub receptive_field: u64,
    /// Input pixels between two neighbours of the last picture: the product of the strides so far.
    pub jump: u64,
}

/// Follows a picture through the network.
pub fn trace(model: &ModelSpec) -> Result<Trace, SpecError> {
    let Followed { layers, refused } = follow(model);
    match refused {
        Some(refused) => Err(refused.error),
        None => Ok(Trace::of(layers)),
    }
}

impl Trace {
    fn of(layers: Vec<LayerTrace>) -> Trace {
        let sum = |figure: fn(&LayerTrace) -> u64| layers.iter().map(figure).fold(0_u64, u64::saturating_add);
        let (parameters, multiply_adds) = (sum(|layer| layer.parameters), sum(|layer| layer.multiply_adds));
        let activation_bytes = sum(|layer| layer.activation_bytes);
        Trace { parameters, multiply_adds, activation_bytes, layers }
    }
}

pub(super) fn check_model(model: &ModelSpec) -> Result<(), Problem> {
    if model.layers.is_empty() {
        return Err(Problem::NoLayers);
    }
    if model.layers.len() > MOST_LAYERS {
        return Err(wrong("layers", &format!("at most {MOST_LAYERS}"), model.layers.len().to_string()));
    }
    for (key, side) in ["channels of `input`", "height of `input`", "width of `input`"].into_iter().zip(model.input) {
        positive(key, side)?;
    }
    positive("classes", model.classes)?;
    positive("towers", model.towers)?;
    size("the input", Shape::Picture { channels: model.input[0], height: model.input[1], width: model.input[2] })?;
    Ok(())
}

/// What can be said of a layer without knowing what reaches it.
pub(super) fn check_layer(model: &ModelSpec, place: usize) -> Result<(), Problem> {
    let layer = &model.layers[place];
    let earlier = &model.layers[..place];
    if !is_name(&layer.name) {
        return Err(wrong("name", NAME, format!("{:?}", layer.name)));
    }
    if earlier.iter().any(|other| other.name == layer.name) {
        return Err(Problem::DuplicateName);
    }
    if !layer.bias.is_finite() {
        return Err(wrong("bias", "a finite number", number(layer.bias)));
    }
    for (knob, value) in layer.what.steerable() {
        let key = layer_key(&layer.what, knob.name());
        if let Err(KnobError::Value { expected, came, .. }) = knob.spec().check(value) {
            return Err(wrong(key, &expected, came));
        }
        let first = earlier.iter().find_map(|other| {
            let (_, first) = other.what.steerable().into_iter().find(|(other, _)| *other == knob)?;
            Some((other.name.clone(), first))
        });
        if let Some((before, first)) = first
            && first != value
        {
            let text = |value| knob.spec().format(value);
            return Err(Problem::Differs { key, first: text(first), before, came: text(value) });
        }
    }
    Ok(())
}

/// What a layer's file calls the constant that a setting holds.
fn layer_key(what: &LayerSpec, knob: String) -> &'static str {
    match (what, &knob[..]) {
        (LayerSpec::Lrn { .. }, "lrn-n") => "n",
        (LayerSpec::Lrn { .. }, "lrn-k") => "k",
        (LayerSpec::Lrn { .. }, "lrn-alpha") => "alpha",
        (LayerSpec::Lrn { .. }, _) => "beta",
        (LayerSpec::Dropout { .. }, _) => "p",
        _ => "function",
    }
}

pub(super) const NAME: &str = "letters, digits, `_`, `-` and single dots between them, at most 64";

/// Names become parts of files, columns and messages.
pub(super) fn is_name(name: &str) -> bool {
    let word = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    name.len() <= 64 && name.split('.').all(word)
}

pub(super) fn trace_layer(model: &ModelSpec, layer: &Layer, flow: Flow) -> Result<LayerTrace, Problem> {
    let input = flow.shape;
    let mut traced = LayerTrace {
        name: layer.name.clone(),
        kind: layer.what.kind(),
        input,
        output: input,
        formula: String::new(),
        towers: None,
        groups: 1,
        padding: [0; 4],
        parameters: 0,
        weights: 0,
        biases: 0,
        multiply_adds: 0,
        activation_bytes: 0,
        receptive_field: flow.receptive_field,
        jump: flow.jump,
    };
    match layer.what {
        LayerSpec::Conv2d { out, kernel, stride, pad, groups } => {
            let axes = axes(input, kernel, stride, Window::Convolution(pad))?;
            convolution(&mut traced, out, groups.resolve(model.towers), axes)?;
        }
        LayerSpec::MaxPool2d { kernel, stride, ceil } => {
            let axes = axes(input, kernel, stride, Window::Pooling { ceil })?;
            slide(&mut traced, input.channels(), axes);
        }
        LayerSpec::Lrn { .. } => {
            picture(input)?;
        }
        LayerSpec::Flatten => flatten(&mut traced)?,
        LayerSpec::Dense { out } => dense(&mut traced, out, flow.flattened)?,
        LayerSpec::Activation { .. } | LayerSpec::Dropout { .. } => {}
    }
    traced.parameters = traced.weights + traced.biases;
    traced.activation_bytes = size("its output", traced.output)? * BYTES;
    traced.towers = traced.output.over_towers(model.towers);
    Ok(traced)
}

#[derive(Clone, Copy)]
enum Window {
    Convolution(Padding),
    Pooling { ceil: bool },
}

/// The windows along height and width.
fn axes(input: Shape, kernel: usize, stride: usize, window: Window) -> Result<[Axis; 2], Problem> {
    let [height, width] = picture(input)?;
    positive("kernel", kernel)?;
    positive("stride", stride)?;
    let along = |side| match window {
        Window::Convolution(pad) => Axis::convolution(side, kernel, stride, pad),
        Window::Pooling { ceil } => Axis::pooling(side, kernel, stride, ceil),
    };
    if let (Some(rows), Some(columns)) = (along(height), along(width)) {
        return Ok([rows, columns]);
    }
    let pad = match window {
        Window::Convolution(Padding::Each(pad)) => pad,
        _ => 0,
    };
    let largest = pad.checked_mul(2).and_then(|zeros| zeros.checked_add(height.min(width)));
    let largest = largest.ok_or(Problem::TooLarge { what: "the padded input", limit: MOST })?;
    Err(match window {
        Window::Convolution(Padding::Same) => Problem::TooLarge { what: "the padded input", limit: MOST },
        Window::Convolution(_) => {
            let with_padding = format!(" with padding {pad}");
            Problem::KernelTooLarge { kernel, input, with_padding, largest, other_way: ", or raise `pad`" }
        }
        Window::Pooling { .. } => {
            let other_way = ", or set `ceil = true` to clip it at the border";
            Problem::KernelTooLarge { kernel, input, with_padding: String::new(), largest, other_way }
        }
    })
}

/// Output, padding, formula and receptive field of windows over a picture. Receptive field and jump follow
/// r' = r + (kernel − 1)·j, j' = j·stride.
fn slide(traced: &mut LayerTrace, channels: usize, [rows, columns]: [Axis; 2]) {
    traced.output = Shape::Picture { channels, height: rows.output, width: columns.output };
    traced.padding = [rows.before, columns.before, rows.after, columns.after];
    traced.formula = if rows == columns { rows.formula() } else { format!("{}; {}", rows.formula(), columns.formula()) };
    let (kernel, stride) = (rows.kernel as u64, rows.stride as u64);
    traced.receptive_field = traced.receptive_field.saturating_add((kernel - 1).saturating_mul(traced.jump));
    traced.jump = traced.jump.saturating_mul(stride);
}

fn convolution(traced: &mut LayerTrace, out: usize, groups: usize, axes: [Axis; 2]) -> Result<(), Problem> {
    positive("out", out)?;
    positive("groups", groups)?;
    let channels = traced.input.channels();
    if !channels.is_multiple_of(groups) {
        let remedy = "choose `groups` (or the model's `towers`) that divides them".into();
        return Err(Problem::Indivisible { channels, side: "input", groups, remedy });
    }
    if !out.is_multiple_of(groups) {
        let remedy = format!("make `out` a multiple of {groups}");
        return Err(Problem::Indivisible { channels: out, side: "output", groups, remedy });
    }
    slide(traced, out, axes);
    traced.groups = groups as u64;
    let [rows, columns] = axes;
    let window = product(&[channels / groups, rows.kernel, rows.kernel]);
    let weights = window.and_then(|window| window.checked_mul(out as u64));
    traced.weights = within(MOST, "its weights", weights)?;
    traced.biases = out as u64;
    let places = product(&[rows.output, columns.output]);
    let multiply_adds = places.and_then(|places| places.checked_mul(traced.weights));
    traced.multiply_adds = within(u64::MAX, "its multiply-adds", multiply_adds)?;
    Ok(())
}

fn flatten(traced: &mut LayerTrace) -> Result<(), Problem> {
    picture(traced.input).map_err(|_| Problem::FlatAlready { input: traced.input })?;
    let n = size("its output", traced.input)? as usize;
    traced.output = Shape::Flat(n);
    traced.formula = format!("{} = {n}", factors(traced.input));
    Ok(())
}

fn dense(traced: &mut LayerTrace, out: usize, flattened: Option<Shape>) -> Result<(), Problem> {
    positive("out", out)?;
    let Shape::Flat(inputs) = traced.input else {
        return Err(Problem::NotFlat { input: traced.input });
    };
    traced.output = Shape::Flat(out);
    traced.weights = within(MOST, "its weights", product(&[inputs, out]))?;
    traced.biases = out as u64;
    traced.multiply_adds = traced.weights;
    traced.formula = format!("{inputs} in");
    if let Some(flattened) = flattened {
        traced.formula = format!("{} = {inputs} in", factors(flattened));
        // It sees every place of the picture at once.
        let [height, width] = picture(flattened)?;
        let reach = (height.max(width) as u64 - 1).saturating_mul(traced.jump);
        traced.receptive_field = traced.receptive_field.saturating_add(reach);
    }
    Ok(())
}

/// `256·6·6`
fn factors(shape: Shape) -> String {
    shape.dims().iter().map(usize::to_string).collect::<Vec<_>>().join("·")
}

/// Height and width.
fn picture(input: Shape) -> Result<[usize; 2], Problem> {
    match input {
        Shape::Picture { height, width, .. } => Ok([height, width]),
        Shape::Flat(_) => Err(Problem::NotAPicture { input }),
    }
}

fn positive(key: &str, value: usize) -> Result<(), Problem> {
    if value == 0 { Err(wrong(key, "1 or more", "0".into())) } else { Ok(()) }
}

fn wrong(key: &str, expected: &str, came: String) -> Problem {
    Problem::WrongValue { key: key.into(), expected: expected.into(), came }
}

fn size(what: &'static str, shape: Shape) -> Result<u64, Problem> {
    within(MOST, what, shape.elements().map(|n| n as u64))
}

fn product(factors: &[usize]) -> Option<u64> {
    factors.iter().try_fold(1_u64, |product, factor| product.checked_mul(*factor as u64))
}

fn within(limit: u64, what: &'static str, value: Option<u64>) -> Result<u64, Problem> {
    value.filter(|value| *value <= limit).ok_or(Problem::TooLarge { what, limit })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Activation, Groups, zoo};
    use super::*;

    fn layer(name: &str, what: LayerSpec) -> Layer {
        Layer { name: name.into(), what, bias: 0.0 }
    }

    fn conv(out: usize, kernel: usize, stride: usize, pad: usize, groups: usize) -> LayerSpec {
        LayerSpec::Conv2d { out, kernel, stride, pad: Padding::Each(pad), groups: Groups::Count(groups) }
    }

    /// The layers on a 3×8×8 picture, with a name each, and nothing else.
    fn with(layers: &[LayerSpec]) -> ModelSpec {
        let layers = layers.iter().enumerate().map(|(i, what)| layer(&format!("l{}", i + 1), what.clone())).collect();
        let model = zoo::load("lenet5").unwrap();
        ModelSpec { name: "mine".into(), input: [3, 8, 8], layers, ..model }
    }

    fn refused(layers: &[LayerSpec]) -> String {
        trace(&with(layers)).unwrap_err().to_string()
    }

    #[test]
    fn a_kernel_that_does_not_fit_is_refused_with_the_largest_that_does() {
        assert_eq!(
            refused(&[conv(4, 11, 1, 1, 1)]),
            "mine, layer l1: a 11×11 kernel does not fit into its input of 3×8×8 with padding 1; make `kernel` 10 or less, or raise `pad`"
        );
        assert_eq!(
            refused(&[conv(4, 3, 1, 0, 1), LayerSpec::MaxPool2d { kernel: 7, stride: 2, ceil: false }]),
            "mine, layer l2: a 7×7 kernel does not fit into its input of 4×6×6; make `kernel` 6 or less, or set `ceil = true` to clip it \
             at the border"
        );
    }

    #[test]
    fn channels_that_do_not_divide_are_refused_on_either_side() {
        assert!(refused(&[conv(4, 3, 1, 0, 2)]).contains("3 input channels cannot be split into 2 equal groups"));
        let message = "4 output channels cannot be split into 3 equal groups; make `out` a multiple of 3";
        assert!(refused(&[conv(4, 3, 1, 0, 3)]).contains(message));
    }

    #[test]
    fn pictures_and_rows_are_not_mixed_up() {
        let dense = LayerSpec::Dense { out: 10 };
        assert!(refused(std::slice::from_ref(&dense)).contains("put a layer with kind = \"flatten\" before it"));
        assert!(refused(&[LayerSpec::Flatten, conv(4, 3, 1, 0, 1)]).contains("move it before the flatten layer"));
        assert!(
            refused(&[LayerSpec::Flatten, LayerSpec::Lrn { n: 5, k: 2.0, alpha: 1e-4, beta: 0.75 }]).contains("takes a picture")
        );
        assert!(refused(&[LayerSpec::Flatten, LayerSpec::Flatten]).contains("flat already"));
        let message = "mine, layer l2: the last layer gives 12, but `classes` is 10; end with a dense layer whose `out` is 10";
        assert_eq!(refused(&[LayerSpec::Flatten, LayerSpec::Dense { out: 12 }]), message);
        assert!(refused(&[conv(10, 8, 1, 0, 1)]).contains("the last layer gives 10×1×1"));
    }

    #[test]
    fn zeros_and_values_out_of_range_are_refused_by_their_key() {
        for (what, key) in [
            (conv(0, 3, 1, 0, 1), "`out` must be 1 or more, not 0"),
            (conv(4, 0, 1, 0, 1), "`kernel` must be 1 or more, not 0"),
            (conv(4, 3, 0, 0, 1), "`stride` must be 1 or more, not 0"),
            (conv(4, 3, 1, 0, 0), "`groups` must be 1 or more, not 0"),
            (LayerSpec::Lrn { n: 4, k: 2.0, alpha: 1e-4, beta: 0.75 }, "`n` must be a whole number, 1 to 63, odd, not 4"),
            (LayerSpec::Lrn { n: 5, k: f64::NAN, alpha: 1e-4, beta: 0.75 }, "`k` must be 0.001 to 100, not NaN"),
            (LayerSpec::Dropout { p: 1.0 }, "`p` must be 0 to 0.95, not 1"),
        ] {
            let message = refused(&[what]);
            assert!(message.contains(key), "{message}");
        }
        assert_eq!(refused(&[]), "mine: has no layers; add one with [[layers]], name and kind");
    }

    #[test]
    fn a_name_is_given_out_once_and_bears_no_surprises() {
        let mut model = zoo::load("lenet5").unwrap();
        model.layers[3].name = "conv1".into();
        assert!(trace(&model).unwrap_err().to_string().contains("layer conv1: another layer is named so already"));
        for name in ["", "a b", "../x", "a..b", ".a", "é", &"x".repeat(65)] {
            assert!(!is_name(name), "{name:?}");
        }
        assert!(is_name("features.0") && is_name("fc6"));
    }

    #[test]
    fn layers_that_one_setting_steers_must_agree() {
        let message = refused(&[LayerSpec::Dropout { p: 0.5 }, LayerSpec::Dropout { p: 0.2 }]);
        assert!(message.starts_with("mine, layer l2: `p` is 0.2 here and 0.5 in layer l1; one setting holds"), "{message}");
    }

    #[test]
    fn a_picture_wider_than_high_has_two_formulas() {
        let mut model = with(&[conv(4, 3, 1, 0, 1), LayerSpec::Flatten, LayerSpec::Dense { out: 10 }]);
        model.input = [3, 8, 12];
        let traced = trace(&model).unwrap();
        assert_eq!(traced.layers[0].formula, "⌊(8 − 3 + 2·0)/1⌋ + 1 = 6; ⌊(12 − 3 + 2·0)/1⌋ + 1 = 10");
        assert_eq!(traced.layers[0].output.dims(), [4, 6, 10]);
        assert_eq!(traced.layers[2].receptive_field, 3 + 9);
    }

    fn any_size() -> impl Strategy<Value = usize> {
        prop_oneof![0usize..20, Just(usize::MAX), Just(usize::MAX / 2 + 1), (1usize << 30)..(1 << 40)]
    }

    fn any_layer() -> impl Strategy<Value = LayerSpec> {
        prop_oneof![
            (any_size(), any_size(), any_size(), any_size(), any_size(), any::<bool>()).prop_map(
                |(out, kernel, stride, pad, groups, same)| {
                    let pad = if same { Padding::Same } else { Padding::Each(pad) };
                    LayerSpec::Conv2d { out, kernel, stride, pad, groups: Groups::Count(groups) }
                }
            ),
            (any_size(), any_size(), any::<bool>()).prop_map(|(kernel, stride, ceil)| LayerSpec::MaxPool2d {
                kernel,
                stride,
                ceil
            }),
            any_size().prop_map(|out| LayerSpec::Dense { out }),
            any_size().prop_map(|n| LayerSpec::Lrn { n, k: 2.0, alpha: 1e-4, beta: 0.75 }),
            Just(LayerSpec::Flatten),
            Just(LayerSpec::Activation { function: Activation::Relu }),
        ]
    }

    proptest! {
        #[test]
        fn no_numbers_make_it_panic(
            layers in prop::collection::vec(any_layer(), 1..6), input in [any_size(), any_size(), any_size()], towers in any_size(),
        ) {
            let model = ModelSpec { input, towers, ..with(&layers) };
            if let Ok(traced) = trace(&model) {
                prop_assert!(traced.layers.iter().all(|layer| layer.activation_bytes <= 4 * MOST));
            }
        }
    }
}
