//! What each kind of layer is for, in plain words.

use super::LayerSpec;

impl LayerSpec {
    /// What the layer is for, why its numbers are what they are, and what changes if they change: paragraphs with a blank line
    /// between them.
    pub fn about(&self) -> &'static str {
        match self {
            LayerSpec::Conv2d { .. } => include_str!("../../assets/texts/conv2d.txt"),
            LayerSpec::Activation { .. } => include_str!("../../assets/texts/activation.txt"),
            LayerSpec::MaxPool2d { .. } => include_str!("../../assets/texts/max_pool2d.txt"),
            LayerSpec::Lrn { .. } => include_str!("../../assets/texts/lrn.txt"),
            LayerSpec::Dropout { .. } => include_str!("../../assets/texts/dropout.txt"),
            LayerSpec::Flatten => include_str!("../../assets/texts/flatten.txt"),
            LayerSpec::Dense { .. } => include_str!("../../assets/texts/dense.txt"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use crate::spec::zoo;

    #[test]
    fn every_kind_of_layer_has_a_text_of_its_own_and_no_text_is_left_over() {
        let mut kinds = BTreeSet::new();
        let mut texts = BTreeSet::new();
        for name in zoo::names() {
            for layer in zoo::load(name).unwrap().layers {
                let text = layer.what.about();
                assert!(text.split("\n\n").count() >= 3, "{}: what for, why so, what if", layer.what.kind());
                kinds.insert(format!("{}.txt", layer.what.kind()));
                texts.insert(text);
            }
        }
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/texts");
        let files: BTreeSet<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        assert_eq!(kinds, files);
        assert_eq!(texts.len(), kinds.len());
    }
}
