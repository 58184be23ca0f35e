//! From `--data` to pictures that are ready to be read: own ones are decoded here, with a progress bar, before a run begins.

use std::io::{self, IsTerminal};
use std::path::Path;

use color_eyre::eyre::Result;
use indicatif::{ProgressBar, ProgressDrawTarget};

use crate::dataset::folder::{Broken, Reading};
use crate::dataset::{About, DATA_FOLDER, Opened, Source};
use crate::session::{DatasetInfo, Notice};
use crate::spec::ModelSpec;

/// Where decoded pictures are kept, in the folder of the datasets.
const CACHE: &str = "cache";
/// Pictures left out that are told by name.
const NAMED: usize = 5;

/// Pictures that a network can be trained on, and what is worth saying about them.
pub struct Ready {
    pub opened: Opened,
    pub info: DatasetInfo,
    /// With as many classes as there are.
    pub model: ModelSpec,
    pub notices: Vec<Notice>,
}

/// Makes the pictures of `source` ready for `model`, and the network for the pictures.
pub fn open(source: Source, model: ModelSpec, broken: Broken) -> Result<Ready> {
    let bar = bar();
    let progress = |done: usize, of: usize| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    };
    let [_, height, width] = model.input;
    let cache = Path::new(DATA_FOLDER).join(CACHE);
    let reading = Reading { largest: height.max(width), broken, cache: &cache, progress: &progress };
    let opened = source.open(reading);
    bar.finish_and_clear();
    let opened = opened?;
    let about = opened.about();
    let mut notices: Vec<Notice> = left_out(&about).into_iter().map(|text| Notice { text, warning: true }).collect();
    let classes = about.classes.len();
    if classes != model.classes {
        let text =
            format!("{} has {classes} classes, so the last layer gives {classes} instead of {}", about.name, model.classes);
        notices.push(Notice { text, warning: false });
    }
    Ok(Ready { opened, info: describe(about), model: model.with_classes(classes), notices })
}

fn describe(about: About) -> DatasetInfo {
    let About { name, stand_in, folder, classes, train, test, .. } = about;
    DatasetInfo { name, stand_in, folder: folder.display().to_string(), classes, train, test }
}

/// The pictures that could not be read, the first few by name.
fn left_out(about: &About) -> Vec<String> {
    let mut lines: Vec<String> = about.left_out.iter().take(NAMED).map(|reason| format!("left out {reason}")).collect();
    if about.left_out.len() > NAMED {
        lines.push(format!("left out {} pictures more that cannot be read", about.left_out.len() - NAMED));
    }
    lines
}

fn bar() -> ProgressBar {
    let target = if io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = indicatif::ProgressStyle::with_template("decoding pictures {bar:40} {pos} of {len}, {eta} left");
    let bar = ProgressBar::with_draw_target(Some(0), target);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
