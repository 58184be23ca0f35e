//! Arguments that several commands have in common.

use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};

use crate::dataset::folder::Broken;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DeviceChoice {
    /// The best there is
    #[default]
    Auto,
    Cpu,
    Cuda,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum BrokenChoice {
    /// Name one and train nothing
    #[default]
    Refuse,
    /// Name them and leave them out
    Skip,
}

impl From<BrokenChoice> for Broken {
    fn from(choice: BrokenChoice) -> Broken {
        match choice {
            BrokenChoice::Refuse => Broken::Refuse,
            BrokenChoice::Skip => Broken::Skip,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ThemeChoice {
    /// What suits the terminal; mono where NO_COLOR is set
    #[default]
    Auto,
    Dark,
    Light,
    /// The terminal's own sixteen colours
    Ansi,
    Mono,
}

/// The pictures that something new is trained on.
#[derive(Args, Clone, Debug, Default)]
pub struct PicturesArgs {
    /// Folder of CIFAR-10's or CIFAR-100's binary files, or of own pictures in a folder for each class (in train/ and test/, or a
    /// fifth is held out); without it data/cifar-10-batches-bin if that is there, else the built-in Emoji-10
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// What to do about own pictures that cannot be read
    #[arg(long, value_enum, default_value_t)]
    pub broken: BrokenChoice,
}

/// The pictures of a run that is there.
#[derive(Args, Clone, Debug, Default)]
pub struct MovedArgs {
    /// Where the run's pictures are now, if they have moved
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

#[derive(Args, Clone, Copy, Debug, Default)]
pub struct ThreadArgs {
    /// Computing threads; all processors by default
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=1024))]
    pub threads: Option<usize>,
}

/// What computes.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct ComputeArgs {
    #[arg(long, value_enum, default_value_t)]
    pub device: DeviceChoice,
    #[command(flatten)]
    pub threads: ThreadArgs,
}

/// How the layers' maps and the pictures are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ImageProtocol {
    /// What the terminal says that it can; within tmux half blocks
    #[default]
    Auto,
    Halfblocks,
    Kitty,
    Iterm2,
    Sixel,
}

/// How the cockpit looks.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct LookArgs {
    /// The cockpit's colours
    #[arg(long, value_enum, default_value_t)]
    pub theme: ThemeChoice,
    /// How maps, kernels and pictures are drawn
    #[arg(long, value_enum, default_value_t)]
    pub image_protocol: ImageProtocol,
}

/// How a run is shown.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct ShowArgs {
    /// Train without a screen; so by itself where standard output is no terminal
    #[arg(long)]
    pub headless: bool,
    /// Without a screen: every event as a line of JSON on standard output
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub look: LookArgs,
    /// The cockpit only looks on: no key changes the training
    #[arg(long)]
    pub readonly: bool,
}
