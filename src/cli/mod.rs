//! The command line: what it understands, built from the knob table where it is about knobs.

mod compare;
mod knob_args;
mod shared;

use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

pub use compare::{CompareArgs, PresetChoice};
pub use knob_args::KnobArgs;
pub use shared::{
    BrokenChoice, ComputeArgs, DeviceChoice, ImageProtocol, LookArgs, MovedArgs, PicturesArgs, ShowArgs, ThemeChoice, ThreadArgs,
};

use crate::knobs::Knob;

/// The folder that runs are in where no other is named.
pub const RUNS: &str = "runs";

#[derive(Debug, Parser)]
#[command(name = "alexscope", version, about, args_conflicts_with_subcommands = true, args_override_self = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<CliCommand>,
    /// Without a command: train, in the cockpit.
    #[command(flatten)]
    pub train: TrainArgs,
}

#[derive(Debug, Subcommand)]
pub enum CliCommand {
    /// Train a network: in the cockpit, or without a screen
    Train(Box<TrainArgs>),
    /// Go on with a run from its newest checkpoint, as if it had never stopped
    Resume(ResumeArgs),
    /// Make a run of its own from a checkpoint of another; `resume` it to go on from there
    Fork(ForkArgs),
    /// Train several networks or settings on the same pictures in the same order, and say how they differ
    Compare(Box<CompareArgs>),
    /// List the runs as a tree: what became of each, how well it did, how large it is
    Runs(RunsArgs),
    /// Look at the records of runs in the cockpit; nothing trains
    View(ViewArgs),
    /// Run a record again without a screen and compare the losses bit for bit
    Replay(ReplayArgs),
    /// Check every checkpoint and every line of the record of a run
    Verify(VerifyArgs),
    /// Find a learning rate that suits: a sweep over rates on a copy of the network
    RateTest(Box<RateTestArgs>),
    /// Train two networks that differ in one setting in step with each other, and draw the difference of their losses
    Twins(Box<TwinsArgs>),
    /// Write runs or a comparison as a page: HTML, Markdown, and the charts as SVG and PNG
    Report(ReportArgs),
    /// Say what a trained network makes of pictures
    Predict(PredictArgs),
    /// Test a trained network on all test pictures
    Evaluate(EvaluateArgs),
    /// Write a run for other programs, or its pictures
    Export(ExportArgs),
    /// List the networks, or show one layer by layer
    Models(ModelsArgs),
    /// Measure the time of a training step, layer by layer
    Bench(BenchArgs),
    /// Fetch CIFAR-10
    Data(DataArgs),
}

/// A network that has not begun to learn, and what it learns from.
#[derive(Args, Clone, Debug)]
pub struct NetworkArgs {
    /// A built-in network (see `alexscope models`) or a TOML file
    #[arg(long, default_value = "alexnet", value_name = "NAME|FILE")]
    pub model: String,
    #[command(flatten)]
    pub pictures: PicturesArgs,
    #[command(flatten)]
    pub compute: ComputeArgs,
    /// Begin with the weights of this safetensors file, such as torchvision's AlexNet for the network `torchvision`
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    #[command(flatten)]
    pub knobs: KnobArgs,
}

#[derive(Args, Clone, Debug)]
pub struct TrainArgs {
    #[command(flatten)]
    pub network: NetworkArgs,
    /// Where the record and checkpoints go; runs/<time>-<model> by default
    #[arg(long, value_name = "DIR")]
    pub run_dir: Option<PathBuf>,
    /// Write for TensorBoard while it trains, into the folder `tensorboard` of the run
    #[arg(long)]
    pub tensorboard: bool,
    /// Changes planned ahead: lines `STEP KNOB VALUE`
    #[arg(long, value_name = "FILE")]
    pub script: Option<PathBuf>,
    #[command(flatten)]
    pub show: ShowArgs,
}

#[derive(Args, Clone, Debug)]
pub struct ResumeArgs {
    /// The run's folder; the one begun last by default
    #[arg(value_name = "RUN")]
    pub run: Option<PathBuf>,
    /// Another budget: so many epochs in all; 0 for no end
    #[arg(long, value_name = "N", value_parser = knob_args::value(Knob::Epochs))]
    pub epochs: Option<f64>,
    /// Another budget: so many steps in all; 0 for no end
    #[arg(long, value_name = "N", value_parser = knob_args::value(Knob::Steps))]
    pub steps: Option<f64>,
    #[command(flatten)]
    pub moved: MovedArgs,
    #[command(flatten)]
    pub compute: ComputeArgs,
    #[command(flatten)]
    pub show: ShowArgs,
}

#[derive(Args, Debug)]
pub struct ForkArgs {
    /// The run's folder; it may be training meanwhile
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// A saved step, or a checkpoint's name; the newest checkpoint by default
    #[arg(long, value_name = "STEP|NAME")]
    pub at: Option<String>,
    /// The new run's folder; runs/<time>-<model> by default
    #[arg(long, value_name = "DIR")]
    pub run_dir: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct RunsArgs {
    /// The folder that holds the runs' folders
    #[arg(value_name = "DIR", default_value = RUNS)]
    pub runs: PathBuf,
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct ViewArgs {
    /// The runs' folders, the first is shown, with the others on its charts; or a comparison's
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<PathBuf>,
    #[command(flatten)]
    pub look: LookArgs,
}

#[derive(Args, Debug)]
pub struct ReplayArgs {
    /// The run's folder; the one begun last by default
    #[arg(value_name = "RUN")]
    pub run: Option<PathBuf>,
    /// Stop after so many steps
    #[arg(long, value_name = "N")]
    pub steps: Option<usize>,
    /// Where the weights are now that the run began with, if they have moved
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    #[command(flatten)]
    pub moved: MovedArgs,
    #[command(flatten)]
    pub threads: ThreadArgs,
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// The run's folder; the one begun last by default
    #[arg(value_name = "RUN")]
    pub run: Option<PathBuf>,
    #[arg(long)]
    pub json: bool,
}

/// Which of a run's checkpoints is meant, and what its network works on.
#[derive(Args, Clone, Debug)]
pub struct WeightsArgs {
    /// The checkpoint with the best test accuracy instead of the newest
    #[arg(long, conflicts_with = "checkpoint")]
    pub best: bool,
    /// The checkpoint of that name, or the newest one of that step
    #[arg(long, value_name = "NAME|STEP")]
    pub checkpoint: Option<String>,
    #[command(flatten)]
    pub moved: MovedArgs,
    #[command(flatten)]
    pub compute: ComputeArgs,
}

/// A trained network: that of a run's checkpoint.
#[derive(Args, Clone, Debug)]
pub struct TrainedArgs {
    /// The run's folder; the one begun last by default
    #[arg(long, value_name = "RUN")]
    pub run: Option<PathBuf>,
    #[command(flatten)]
    pub weights: WeightsArgs,
}

#[derive(Args, Debug)]
pub struct PredictArgs {
    /// PNG or JPEG files of any size; the network sees the middle square, scaled
    #[arg(value_name = "IMAGE", required = true)]
    pub images: Vec<PathBuf>,
    #[command(flatten)]
    pub trained: TrainedArgs,
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct EvaluateArgs {
    #[command(flatten)]
    pub trained: TrainedArgs,
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportChoice {
    /// The kernels of every convolution
    Kernels,
    /// Every layer's feature maps for one picture
    Maps,
    /// What is taken for what
    Confusion,
    /// The curves over the run
    Charts,
}

#[derive(Args, Debug)]
pub struct ExportArgs {
    /// The run's folder; the one begun last by default
    #[arg(value_name = "RUN")]
    pub run: Option<PathBuf>,
    /// Formats of other programs; without one, pictures are written
    #[arg(long, value_enum, value_delimiter = ',', value_name = "FORMAT", conflicts_with_all = ["what", "picture"])]
    pub to: Vec<Format>,
    /// Which pictures are written, each as PNG and SVG
    #[arg(long, value_enum, value_delimiter = ',', default_value = "kernels,maps,confusion,charts")]
    pub what: Vec<ExportChoice>,
    /// The test picture that maps are of, counted from 0
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub picture: usize,
    /// Where the files go; the folder `pictures`, or `export`, in the run's by default
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub weights: WeightsArgs,
}

#[derive(Args, Clone, Debug)]
pub struct RateTestArgs {
    /// The lowest rate
    #[arg(long, default_value_t = 1e-6, value_name = "RATE")]
    pub from: f64,
    /// The highest rate
    #[arg(long, default_value_t = 10.0, value_name = "RATE")]
    pub to: f64,
    /// Steps of the sweep
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(2..=1_000_000))]
    pub sweep: usize,
    /// Where the chart is put, as .svg and .png
    #[arg(long, default_value = "rate-test", value_name = "PATH")]
    pub out: PathBuf,
    #[command(flatten)]
    pub network: NetworkArgs,
}

#[derive(Args, Clone, Debug)]
pub struct TwinsArgs {
    /// The setting in which they differ, such as lrn=on,off
    #[arg(value_name = "KNOB=ONE,OTHER")]
    pub knob: String,
    /// As for `alexscope train`; the records go into two folders of the run's
    #[command(flatten)]
    pub train: TrainArgs,
}

/// What another program reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The network with its weights, as ONNX
    Onnx,
    /// The weights, as PyTorch reads them
    Safetensors,
    /// Curves, histograms of weights and the first kernels, as event files
    Tensorboard,
    /// Steps, evaluations and changes, as tables
    Csv,
}

#[derive(Args, Debug)]
pub struct ReportArgs {
    /// Folders of runs or comparisons
    #[arg(value_name = "RUN|COMPARISON", required = true)]
    pub runs: Vec<PathBuf>,
    /// Where it is put; by default `report` in the first one's folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct ModelsArgs {
    /// A built-in network or a TOML file
    #[arg(value_name = "NAME|FILE")]
    pub model: Option<String>,
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct BenchArgs {
    /// A built-in network or a TOML file
    #[arg(long, default_value = "alexnet", value_name = "NAME|FILE")]
    pub model: String,
    /// Pictures in a step
    #[arg(long, default_value_t = 32, value_name = "N")]
    pub batch_size: u32,
    /// Measured steps, after two to warm up
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub steps: usize,
    #[arg(long, value_enum, default_value_t = DeviceChoice::Cpu)]
    pub device: DeviceChoice,
    /// Begin each step at bytes, as training does, and not at a ready input
    #[arg(long)]
    pub from_bytes: bool,
    #[command(flatten)]
    pub threads: ThreadArgs,
    #[arg(long)]
    pub json: bool,
    /// Any setting by its name, such as lrn=off or towers=1
    #[arg(long = "set", value_name = "KNOB=VALUE", value_parser = knob_args::pair)]
    pub set: Vec<(Knob, f64)>,
}

#[derive(Args, Debug)]
pub struct DataArgs {
    #[command(subcommand)]
    pub command: DataCommand,
}

#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// Get CIFAR-10's binary archive (170 MB), check it and unpack it
    Fetch {
        /// Another address, or the archive as a file
        #[arg(long, value_name = "URL|FILE")]
        from: Option<String>,
        /// Where the folder cifar-10-batches-bin is put
        #[arg(long, default_value = "data", value_name = "DIR")]
        data: PathBuf,
    },
}
