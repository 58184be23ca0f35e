//! Why a network is refused: where it stands, what is wrong, what to change.

use super::Shape;

/// A network that cannot be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}{problem}", self.place())]
pub struct SpecError {
    /// The file it was read from, or the model's name; empty where it has neither.
    pub origin: String,
    /// Name of the layer, or its place (`layers[3]`) where it has none.
    pub layer: Option<String>,
    pub problem: Box<Problem>,
}

impl SpecError {
    pub fn new(origin: &str, layer: Option<&str>, problem: Problem) -> SpecError {
        SpecError { origin: origin.into(), layer: layer.map(Into::into), problem: Box::new(problem) }
    }

    fn place(&self) -> String {
        match (&self.origin[..], &self.layer) {
            ("", None) => String::new(),
            ("", Some(layer)) => format!("layer {layer}: "),
            (origin, None) => format!("{origin}: "),
            (origin, Some(layer)) => format!("{origin}, layer {layer}: "),
        }
    }
}

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    #[error("there is no such network{hint} There are {names}, and any TOML file by its path")]
    UnknownModel { hint: String, names: String },
    #[error("cannot be read: {reason}")]
    Unreadable { reason: String },
    #[error("is not TOML: {reason}")]
    Syntax { reason: String },
    #[error("unknown key `{key}`{hint} Here belong {keys}")]
    UnknownKey { key: String, hint: String, keys: String },
    #[error("`{key}` is missing; it must be {expected}")]
    MissingKey { key: String, expected: String },
    #[error("`{key}` must be {expected}, not {came}")]
    WrongValue { key: String, expected: String, came: String },
    #[error("{reason}")]
    Training { reason: String },
    #[error("has no layers; add one with [[layers]], name and kind")]
    NoLayers,
    #[error("another layer is named so already; give each layer a name of its own")]
    DuplicateName,
    #[error("a {kernel}×{kernel} kernel does not fit into its input of {input}{with_padding}; make `kernel` {largest} or less{}", .other_way)]
    KernelTooLarge { kernel: usize, input: Shape, with_padding: String, largest: usize, other_way: &'static str },
    #[error("{channels} {side} channels cannot be split into {groups} equal groups; {remedy}")]
    Indivisible { channels: usize, side: &'static str, groups: usize, remedy: String },
    #[error("takes a row of numbers but gets a picture of {input}; put a layer with kind = \"flatten\" before it")]
    NotFlat { input: Shape },
    #[error("takes a picture (channels × height × width) but gets a row of {input} numbers; move it before the flatten layer")]
    NotAPicture { input: Shape },
    #[error("gets a row of {input} numbers, which is flat already; leave it out")]
    FlatAlready { input: Shape },
    #[error("the last layer gives {output}, but `classes` is {classes}; end with a dense layer whose `out` is {classes}")]
    WrongClasses { output: Shape, classes: usize },
    #[error("`{key}` is {came} here and {first} in layer {before}; one setting holds for all such layers, so give both the same")]
    Differs { key: &'static str, first: String, before: String, came: String },
    #[error("{what} would be more than {limit} numbers; make the layer or its input smaller")]
    TooLarge { what: &'static str, limit: u64 },
}
