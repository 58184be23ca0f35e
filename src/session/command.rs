//! What a person, a script or a signal can ask of a run. Values are absolute, so a command sent twice does no harm.

use crate::knobs::Knob;
use crate::probe::Probe;

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    Pause,
    Resume,
    /// Take this many steps, then pause.
    Step(u32),
    Set {
        knob: Knob,
        value: f64,
    },
    /// Evaluate on test pictures after the step that is under way.
    Evaluate,
    /// Sweep the learning rate on a copy of the network; the run stays as it is.
    TestRate,
    /// Write a checkpoint after the step that is under way.
    Save,
    /// Go back to a saved moment and pause there. The moment that is left is saved first.
    Rewind {
        /// Name of the checkpoint's folder.
        checkpoint: String,
        /// Go on from there with a tenth of the learning rate that was in force.
        slower: bool,
    },
    /// Whether somebody looks at the layers, so that their statistics are worth computing.
    WatchLayers(bool),
    /// What somebody looks at inside the network; `None`: nothing any more.
    Watch(Option<Probe>),
    /// Fetch CIFAR-10 in the background.
    FetchData,
    /// End the run; `save` writes a checkpoint first.
    Stop {
        save: bool,
    },
}
