//! Writes a network as TOML: the inverse of [`ModelSpec::from_toml`], a layer a line.

use toml::Value;

use super::parse::{ORDERS, SCALES, SCHEMES};
use super::{Groups, Layer, LayerSpec, ModelSpec, Padding, WeightInit};
use crate::knobs::ACTIVATIONS;

impl ModelSpec {
    pub fn to_toml(&self) -> String {
        let [channels, height, width] = self.input;
        let mut text = format!(
            "name = {}\ntitle = {}\nabout = {}\ninput = [{channels}, {height}, {width}]\nclasses = {}\ntowers = {}\n",
            quoted(&self.name),
            quoted(&self.title),
            quoted(&self.about),
            self.classes,
            self.towers,
        );
        let (order, scale) = (ORDERS[self.pixels.order as usize], SCALES[self.pixels.scale as usize]);
        text += &format!("pixels = {{ order = \"{order}\", scale = \"{scale}\" }}\ninit = {}\n", init(self.init));
        let training: Vec<String> =
            self.training.iter().map(|(knob, value)| format!("{} = {}", key(knob), quoted(value))).collect();
        text += &format!("training = {{ {} }}\nlayers = [\n", training.join(", "));
        for one in &self.layers {
            text += &format!("    {{ {} }},\n", layer(one).join(", "));
        }
        text + "]\n"
    }
}

fn quoted(text: &str) -> String {
    Value::String(text.into()).to_string()
}

/// `lrn.1` would be a table within a table.
fn key(name: &str) -> String {
    if name.contains('.') { quoted(name) } else { name.into() }
}

fn init(init: WeightInit) -> String {
    let (scheme, deviation) = match init {
        WeightInit::He => return format!("{{ scheme = \"{}\" }}", SCHEMES[0]),
        WeightInit::Normal { deviation } => (SCHEMES[1], deviation),
        WeightInit::TruncatedNormal { deviation } => (SCHEMES[2], deviation),
    };
    format!("{{ scheme = \"{scheme}\", deviation = {deviation:?} }}")
}

/// `key = value` of one layer; defaults are left out where the reader knows them.
fn layer(layer: &Layer) -> Vec<String> {
    let mut entries = vec![format!("name = {}", quoted(&layer.name)), format!("kind = \"{}\"", layer.what.kind())];
    let mut entry = |key: &str, value: String| entries.push(format!("{key} = {value}"));
    match layer.what {
        LayerSpec::Conv2d { out, kernel, stride, pad, groups } => {
            entry("out", out.to_string());
            entry("kernel", kernel.to_string());
            entry("stride", stride.to_string());
            match pad {
                Padding::Same => entry("pad", "\"same\"".into()),
                Padding::Each(pad) => entry("pad", pad.to_string()),
            }
            match groups {
                Groups::Towers => entry("groups", "\"towers\"".into()),
                Groups::Count(n) => entry("groups", n.to_string()),
            }
        }
        LayerSpec::Activation { function } => entry("function", quoted(ACTIVATIONS[function.index()])),
        LayerSpec::MaxPool2d { kernel, stride, ceil } => {
            entry("kernel", kernel.to_string());
            entry("stride", stride.to_string());
            entry("ceil", ceil.to_string());
        }
        LayerSpec::Lrn { n, k, alpha, beta } => {
            entry("n", n.to_string());
            entry("k", format!("{k:?}"));
            entry("alpha", format!("{alpha:?}"));
            entry("beta", format!("{beta:?}"));
        }
        LayerSpec::Dropout { p } => entry("p", format!("{p:?}")),
        LayerSpec::Flatten => {}
        LayerSpec::Dense { out } => entry("out", out.to_string()),
    }
    if layer.bias != 0.0 {
        entry("bias", format!("{:?}", layer.bias));
    }
    entries
}

#[cfg(test)]
mod tests {
    use crate::spec::{ModelSpec, zoo};

    #[test]
    fn what_is_written_reads_as_the_same_network() {
        for name in zoo::names() {
            let model = zoo::load(name).unwrap();
            assert_eq!(ModelSpec::from_toml(&model.to_toml(), "written"), Ok(model));
        }
    }

    #[test]
    fn quotes_and_lines_in_words_survive() {
        let mut model = zoo::load("lenet5").unwrap();
        model.title = "a \"quoted\" \\ title".into();
        model.training.insert("lrn.2".into(), "off".into());
        model.about = "two\nlines, 'single' \"\"\" triple".into();
        assert_eq!(ModelSpec::from_toml(&model.to_toml(), "written"), Ok(model));
    }

    #[test]
    fn a_record_in_json_reads_as_the_same_network() {
        for name in zoo::names() {
            let model = zoo::load(name).unwrap();
            let json = serde_json::to_string(&model).unwrap();
            assert_eq!(serde_json::from_str::<ModelSpec>(&json).unwrap(), model, "{name}");
        }
    }
}
