//! `alexscope compare`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{ComputeArgs, KnobArgs, LookArgs, PicturesArgs};

/// Networks that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PresetChoice {
    /// The article's five at full size: AlexNet with and without LRN, the TensorFlow network, LeNet-5, the simple CNN
    Article,
    /// The article's networks for 32×32 pictures: paddle-lrn, paddle, lenet5, simple-cnn
    ArticleSmall,
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "expected a share from 0 to 1, such as 0.7".into())
}

#[derive(Args, Clone, Debug)]
pub struct CompareArgs {
    /// Networks, each with settings of its own where it has any, such as `alexnet alexnet:lrn=off,momentum=0.8`
    #[arg(value_name = "NAME[:KNOB=VALUE,…]")]
    pub contenders: Vec<String>,
    /// Networks that belong together, at a batch size of 128
    #[arg(long, value_enum)]
    pub preset: Option<PresetChoice>,
    /// Runs of each, with seeds one after the other from --seed on; 1 by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub seeds: Option<u32>,
    /// The test accuracy, 0 to 1, to say the time to; by default what all reach
    #[arg(long, value_name = "ACCURACY", value_parser = share)]
    pub target: Option<f64>,
    #[command(flatten)]
    pub pictures: PicturesArgs,
    #[command(flatten)]
    pub compute: ComputeArgs,
    /// The comparison's folder; one that was begun there goes on. runs/<time>-compare by default
    #[arg(long, value_name = "DIR")]
    pub run_dir: Option<PathBuf>,
    /// Without a screen
    #[arg(long)]
    pub headless: bool,
    /// The figures of each run as a line of JSON on standard output
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub look: LookArgs,
    /// Settings that are the same for all; --epochs or --steps is needed
    #[command(flatten)]
    pub knobs: KnobArgs,
}
