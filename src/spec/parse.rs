//! Reads a network from TOML. What is not known is refused, with the place and the names that are.

use toml::{Table, Value};

use super::trace::{NAME, is_name};
use super::{
    Activation, Groups, Layer, LayerSpec, ModelSpec, Padding, PixelOrder, PixelScale, Pixels, Problem, SpecError, WeightInit,
};
use crate::knobs::{ACTIVATIONS, Knob, number};
use crate::spelling;

const MODEL_KEYS: &[&str] = &["name", "title", "about", "input", "classes", "towers", "pixels", "init", "training", "layers"];
const KINDS: &[&str] = &["conv2d", "activation", "max_pool2d", "lrn", "dropout", "flatten", "dense"];
pub(super) const ORDERS: &[&str] = &["rgb", "bgr"];
pub(super) const SCALES: &[&str] = &["standardize", "unit"];
pub(super) const SCHEMES: &[&str] = &["he", "normal", "truncated-normal"];

impl ModelSpec {
    /// Reads a network and traces it, so that only one that can be comes out. `file` is for messages.
    ///
    /// # Errors
    /// Text that is not TOML, unknown or missing keys, values of the wrong kind, and whatever [`super::trace`] refuses.
    pub fn from_toml(text: &str, file: &str) -> Result<ModelSpec, SpecError> {
        let syntax = |error: toml::de::Error| Problem::Syntax { reason: error.to_string().trim_end().to_string() };
        let table = text.parse::<Table>().map_err(|error| SpecError::new(file, None, syntax(error)))?;
        let model = read_model(table, file)?;
        model.trace().map_err(|error| SpecError { origin: file.into(), ..error })?;
        Ok(model)
    }
}

fn read_model(table: Table, file: &str) -> Result<ModelSpec, SpecError> {
    let here = |problem| SpecError::new(file, None, problem);
    let mut keys = Keys::new(table, MODEL_KEYS).map_err(here)?;
    let layers = keys.tables("layers").map_err(here)?;
    let read = |keys: &mut Keys| -> Result<ModelSpec, Problem> {
        let name = keys.text("name")?;
        if !is_name(&name) {
            return Err(wrong("name", NAME, &name.into()));
        }
        Ok(ModelSpec {
            title: keys.text_or("title", &name)?,
            about: keys.text_or("about", "")?.trim().to_string(),
            name,
            input: keys.input()?,
            classes: keys.count("classes")?,
            towers: keys.count_or("towers", 1)?,
            pixels: read_pixels(keys.table("pixels")?)?,
            init: read_init(keys.table("init")?)?,
            training: read_training(keys.table("training")?)?,
            layers: Vec::new(),
        })
    };
    let mut model = read(&mut keys).map_err(here)?;
    for (place, table) in layers.into_iter().enumerate() {
        let label = match table.get("name") {
            Some(Value::String(name)) if is_name(name) => name.clone(),
            _ => format!("layers[{}]", place + 1),
        };
        let layer = read_layer(table).map_err(|problem| SpecError::new(file, Some(&label), problem))?;
        model.layers.push(layer);
    }
    Ok(model)
}

fn read_layer(mut table: Table) -> Result<Layer, Problem> {
    let kind = match table.remove("kind") {
        Some(Value::String(kind)) if KINDS.contains(&&kind[..]) => kind,
        Some(other) => return Err(wrong("kind", &one_of(KINDS), &other)),
        None => return Err(Problem::MissingKey { key: "kind".into(), expected: one_of(KINDS) }),
    };
    let allowed: &[&str] = match &kind[..] {
        "conv2d" => &["name", "kind", "out", "kernel", "stride", "pad", "groups", "bias"],
        "activation" => &["name", "kind", "function"],
        "max_pool2d" => &["name", "kind", "kernel", "stride", "ceil"],
        "lrn" => &["name", "kind", "n", "k", "alpha", "beta"],
        "dropout" => &["name", "kind", "p"],
        "dense" => &["name", "kind", "out", "bias"],
        _ => &["name", "kind"],
    };
    let mut keys = Keys::new(table, allowed)?;
    let what = match &kind[..] {
        "conv2d" => LayerSpec::Conv2d {
            out: keys.count("out")?,
            kernel: keys.count("kernel")?,
            stride: keys.count_or("stride", 1)?,
            pad: keys.padding()?,
            groups: keys.groups()?,
        },
        "activation" => {
            let function = Activation::ALL[keys.choice_or("function", &ACTIVATIONS, 0)?];
            LayerSpec::Activation { function }
        }
        "max_pool2d" => LayerSpec::MaxPool2d {
            kernel: keys.count("kernel")?,
            stride: keys.count("stride")?,
            ceil: keys.flag_or("ceil", false)?,
        },
        "lrn" => LayerSpec::Lrn {
            n: keys.count_or("n", Knob::LrnN.spec().default as usize)?,
            k: keys.real_or("k", Knob::LrnK.spec().default)?,
            alpha: keys.real_or("alpha", Knob::LrnAlpha.spec().default)?,
            beta: keys.real_or("beta", Knob::LrnBeta.spec().default)?,
        },
        "dropout" => LayerSpec::Dropout { p: keys.real_or("p", Knob::Dropout.spec().default)? },
        "dense" => LayerSpec::Dense { out: keys.count("out")? },
        _ => LayerSpec::Flatten,
    };
    Ok(Layer { name: keys.text("name")?, what, bias: keys.real_or("bias", 0.0)? })
}

fn read_pixels(table: Table) -> Result<Pixels, Problem> {
    let mut keys = Keys::new(table, &["order", "scale"])?;
    let order = [PixelOrder::Rgb, PixelOrder::Bgr][keys.choice_or("order", ORDERS, 0)?];
    let scale = [PixelScale::Standardize, PixelScale::Unit][keys.choice_or("scale", SCALES, 0)?];
    Ok(Pixels { order, scale })
}

fn read_init(table: Table) -> Result<WeightInit, Problem> {
    let mut keys = Keys::new(table, &["scheme", "deviation"])?;
    let scheme = keys.choice_or("scheme", SCHEMES, 0)?;
    if scheme == 0 {
        let expected = "left out: the scheme `he` takes the deviation from each layer's fan-in";
        return match keys.take("deviation") {
            Some(value) => Err(wrong("deviation", expected, &value)),
            None => Ok(WeightInit::He),
        };
    }
    let deviation = keys.take("deviation");
    let expected = "a number above 0, such as 0.01";
    let deviation = deviation.ok_or(Problem::MissingKey { key: "deviation".into(), expected: expected.into() })?;
    match real(&deviation) {
        Some(deviation) if deviation > 0.0 && deviation.is_finite() => Ok(match scheme {
            1 => WeightInit::Normal { deviation },
            _ => WeightInit::TruncatedNormal { deviation },
        }),
        _ => Err(wrong("deviation", expected, &deviation)),
    }
}

/// Settings by name; values are kept as [`crate::knobs::KnobSpec::format`] writes them.
fn read_training(table: Table) -> Result<std::collections::BTreeMap<String, String>, Problem> {
    let refused = |error: crate::knobs::KnobError| Problem::Training { reason: format!("in `training`: {error}") };
    table
        .into_iter()
        .map(|(name, value)| {
            let knob = Knob::by_name(&name).map_err(refused)?;
            let text = match &value {
                Value::String(text) => text.clone(),
                Value::Float(value) => number(*value),
                Value::Integer(value) => value.to_string(),
                Value::Boolean(value) => value.to_string(),
                other => return Err(wrong(&name, &knob.spec().range(), other)),
            };
            let value = knob.spec().parse(&text).map_err(refused)?;
            Ok((knob.name(), knob.spec().format(value)))
        })
        .collect()
}

/// A table whose keys are all known, read one after the other.
struct Keys {
    table: Table,
}

impl Keys {
    fn new(table: Table, allowed: &[&str]) -> Result<Keys, Problem> {
        match table.keys().find(|key| !allowed.contains(&&key[..])) {
            None => Ok(Keys { table }),
            Some(key) => Err(Problem::UnknownKey {
                key: key.escape_debug().collect(),
                hint: spelling::hint(key, allowed.iter().copied(), "."),
                keys: allowed.join(", "),
            }),
        }
    }

    fn take(&mut self, key: &str) -> Option<Value> {
        self.table.remove(key)
    }

    /// The value as `read` understands it; `default` where the key is left out, or an error where there is no default.
    fn read<T>(
        &mut self,
        key: &str,
        expected: &str,
        default: Option<T>,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<T, Problem> {
        match self.take(key) {
            Some(value) => read(&value).ok_or_else(|| wrong(key, expected, &value)),
            None => default.ok_or_else(|| Problem::MissingKey { key: key.into(), expected: expected.into() }),
        }
    }

    fn count(&mut self, key: &str) -> Result<usize, Problem> {
        self.read(key, COUNT, None, count)
    }

    fn count_or(&mut self, key: &str, default: usize) -> Result<usize, Problem> {
        self.read(key, COUNT, Some(default), count)
    }

    fn real_or(&mut self, key: &str, default: f64) -> Result<f64, Problem> {
        self.read(key, "a number", Some(default), real)
    }

    fn flag_or(&mut self, key: &str, default: bool) -> Result<bool, Problem> {
        self.read(key, "true or false", Some(default), Value::as_bool)
    }

    fn text(&mut self, key: &str) -> Result<String, Problem> {
        self.read(key, TEXT, None, text)
    }

    fn text_or(&mut self, key: &str, default: &str) -> Result<String, Problem> {
        self.read(key, TEXT, Some(default.to_string()), text)
    }

    /// The place of the value among `names`.
    fn choice_or(&mut self, key: &str, names: &[&str], default: usize) -> Result<usize, Problem> {
        let place = |value: &Value| names.iter().position(|name| value.as_str() == Some(name));
        self.read(key, &one_of(names), Some(default), place)
    }

    fn padding(&mut self) -> Result<Padding, Problem> {
        let padding = |value: &Value| match value {
            Value::String(text) => (text == "same").then_some(Padding::Same),
            other => other.as_integer().and_then(|pad| usize::try_from(pad).ok()).map(Padding::Each),
        };
        self.read("pad", "a whole number of pixels, 0 or more, or \"same\"", Some(Padding::Each(0)), padding)
    }

    fn groups(&mut self) -> Result<Groups, Problem> {
        let groups = |value: &Value| match value {
            Value::String(text) => (text == "towers").then_some(Groups::Towers),
            other => count(other).map(Groups::Count),
        };
        self.read("groups", "a whole number, 1 or more, or \"towers\"", Some(Groups::Count(1)), groups)
    }

    fn input(&mut self) -> Result<[usize; 3], Problem> {
        let sides = |value: &Value| <[usize; 3]>::try_from(value.as_array()?.iter().map(count).collect::<Option<Vec<_>>>()?).ok();
        self.read("input", "[channels, height, width], such as [3, 227, 227]", None, sides)
    }

    /// A table of its own; empty where it is left out.
    fn table(&mut self, key: &str) -> Result<Table, Problem> {
        self.read(key, "a table", Some(Table::new()), |value| value.as_table().cloned())
    }

    fn tables(&mut self, key: &str) -> Result<Vec<Table>, Problem> {
        let tables = |value: &Value| value.as_array()?.iter().map(|entry| entry.as_table().cloned()).collect();
        self.read(key, "an array of tables ([[layers]])", Some(Vec::new()), tables)
    }
}

const COUNT: &str = "a whole number, 1 or more";
const TEXT: &str = "text without control characters";

fn count(value: &Value) -> Option<usize> {
    usize::try_from(value.as_integer()?).ok().filter(|n| *n > 0)
}

fn real(value: &Value) -> Option<f64> {
    value.as_float().or_else(|| value.as_integer().map(|n| n as f64))
}

/// A file may come from anywhere and its words go to a terminal, so control sequences stay out.
fn text(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    text.chars().all(|c| c == '\n' || !c.is_control()).then(|| text.to_string())
}

fn wrong(key: &str, expected: &str, came: &Value) -> Problem {
    let came = came.to_string();
    let came = if came.chars().count() > 60 { came.chars().take(60).chain(['…']).collect() } else { came };
    Problem::WrongValue { key: key.into(), expected: expected.into(), came }
}

/// `conv2d, lrn or dense`
fn one_of(names: &[&str]) -> String {
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::zoo;
    use super::*;

    /// A small network around the given layers.
    fn model(layers: &str) -> String {
        format!("name = \"mine\"\ninput = [3, 32, 32]\nclasses = 10\n{layers}")
    }

    fn refused(text: &str) -> String {
        ModelSpec::from_toml(text, "mine.toml").unwrap_err().to_string()
    }

    const TAIL: &str = r#"
        [[layers]]
        name = "flatten"
        kind = "flatten"
        [[layers]]
        name = "out"
        kind = "dense"
        out = 10
    "#;

    #[test]
    fn what_is_left_out_has_a_plain_default() {
        let text = model(&format!("[[layers]]\nname = \"c\"\nkind = \"conv2d\"\nout = 4\nkernel = 3\n{TAIL}"));
        let model = ModelSpec::from_toml(&text, "mine.toml").unwrap();
        let what = LayerSpec::Conv2d { out: 4, kernel: 3, stride: 1, pad: Padding::Each(0), groups: Groups::Count(1) };
        assert_eq!(model.layers[0], Layer { name: "c".into(), what, bias: 0.0 });
        assert_eq!((model.towers, model.init, &model.title[..]), (1, WeightInit::He, "mine"));
        assert_eq!(model.pixels, Pixels { order: PixelOrder::Rgb, scale: PixelScale::Standardize });
    }

    #[test]
    fn an_unknown_key_is_refused_with_file_layer_and_the_keys_that_are() {
        let text = model("[[layers]]\nname = \"c\"\nkind = \"conv2d\"\nout = 4\nkernal = 3");
        let expected = "mine.toml, layer c: unknown key `kernal`; did you mean `kernel`? \
                        Here belong name, kind, out, kernel, stride, pad, groups, bias";
        assert_eq!(refused(&text), expected);
        assert!(refused("nmae = \"x\"").starts_with("mine.toml: unknown key `nmae`; did you mean `name`?"));
        let text = model("[[layers]]\nname = \"r\"\nkind = \"activation\"\nbias = 1");
        assert!(refused(&text).starts_with("mine.toml, layer r: unknown key `bias`"));
        assert!(refused(&model("[pixels]\nordre = \"rgb\"")).contains("unknown key `ordre`; did you mean `order`?"));
    }

    #[test]
    fn a_layer_without_a_name_is_named_by_its_place() {
        let text = model("[[layers]]\nkind = \"dense\"\nout = 10");
        assert!(refused(&text).starts_with("mine.toml, layer layers[1]: `name` is missing"));
        let text = model("[[layers]]\nname = \"c\"");
        assert!(refused(&text).starts_with("mine.toml, layer c: `kind` is missing; it must be conv2d, activation,"));
    }

    #[test]
    fn a_value_of_the_wrong_kind_says_what_was_expected_and_what_came() {
        let conv = |keys: &str| refused(&model(&format!("[[layers]]\nname = \"c\"\nkind = \"conv2d\"\n{keys}\n{TAIL}")));
        let expected = "mine.toml, layer c: `out` must be a whole number, 1 or more, not \"4\"";
        assert_eq!(conv("out = \"4\"\nkernel = 3"), expected);
        assert_eq!(
            conv("out = 4\nkernel = 3\nstride = 0"),
            "mine.toml, layer c: `stride` must be a whole number, 1 or more, not 0"
        );
        assert!(conv("out = 4\nkernel = 3\npad = \"valid\"").contains("0 or more, or \"same\", not \"valid\""));
        assert!(conv("out = 4\nkernel = 3\ngroups = -2").contains("`groups` must be a whole number, 1 or more, or \"towers\""));
        assert!(refused("name = \"x\"\ninput = [3, 32]\nclasses = 10").contains("[channels, height, width]"));
    }

    #[test]
    fn training_takes_settings_and_nothing_else() {
        let text = |training: &str| model(&format!("training = {{ {training} }}\n{TAIL}"));
        let good =
            ModelSpec::from_toml(&text("learning_rate = 0.10, mirror = false, schedule = \"cosine\""), "mine.toml").unwrap();
        let entries = [("learning-rate", "0.1"), ("mirror", "off"), ("schedule", "cosine")];
        assert_eq!(good.training, entries.map(|(knob, value)| (knob.into(), value.into())).into());
        assert!(refused(&text("momentun = 0.9")).contains("no setting `momentun`; did you mean `momentum`?"));
        assert!(refused(&text("momentum = 2")).contains("in `training`: momentum takes 0 to 0.9999, not `2`"));
    }

    #[test]
    fn initial_weights_need_a_deviation_where_the_scheme_has_one() {
        assert!(refused(&model(&format!("init = {{ scheme = \"normal\" }}\n{TAIL}"))).contains("`deviation` is missing"));
        let text = model(&format!("init = {{ scheme = \"he\", deviation = 0.1 }}\n{TAIL}"));
        assert!(refused(&text).contains("`deviation` must be left out"));
        let text = model(&format!("init = {{ scheme = \"normal\", deviation = nan }}\n{TAIL}"));
        assert!(refused(&text).contains("a number above 0"));
    }

    #[test]
    fn words_that_would_steer_a_terminal_are_refused() {
        let text = "name = \"x\"\ntitle = \"\\u001b[2J\"\ninput = [3, 32, 32]\nclasses = 10";
        let error = refused(text);
        assert!(error.contains("text without control characters") && !error.contains('\u{1b}'), "{error:?}");
        let error = refused("\"\\u001b[2J\" = 1");
        assert!(error.contains("unknown key") && !error.contains('\u{1b}'), "{error:?}");
        let error = refused(&model("[[layers]]\nname = \"\\u001b[2J\"\nkind = \"flatten\""));
        assert!(!error.contains('\u{1b}'), "{error:?}");
    }

    #[test]
    fn what_is_not_toml_says_where() {
        let error = refused("name = \"x\"\ninput = [3, 32");
        assert!(error.starts_with("mine.toml: is not TOML: TOML parse error at line 2"), "{error}");
    }

    proptest! {
        #[test]
        fn a_file_damaged_anywhere_is_read_or_refused_but_never_panics(
            place in 0usize..10_000, with in "[\\x00-\\x7f]{0,3}", cut in 0usize..4, which in 0usize..8,
        ) {
            let text = zoo::load(zoo::names().nth(which).unwrap()).unwrap().to_toml();
            let place = place % text.len();
            let damaged: String = text.char_indices().filter(|(i, _)| *i < place || *i >= place + cut)
                .map(|(i, c)| if i == place { format!("{with}{c}") } else { c.to_string() }).collect();
            let _ = ModelSpec::from_toml(&damaged, "damaged");
        }
    }
}
