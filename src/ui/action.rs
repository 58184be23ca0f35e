//! What a key, a click or a palette line can ask of the cockpit.

use super::screens::Screen;
use super::theme::ThemeName;
use crate::knobs::{Knob, Nudge};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    // Getting about.
    Help,
    Quit,
    SaveAndStop,
    Suspend,
    Close,
    NextScreen,
    PreviousScreen,
    Open(Screen),
    Palette,
    Redraw,
    // Moving in lists.
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    First,
    Last,
    Accept,
    Complete,
    // Looking.
    Enlarge,
    /// The pipeline or the table of the network.
    Pipeline,
    /// Edits a copy of the network, or puts it away.
    Draft,
    /// A notch up, or down, in the marked field.
    Notch(bool),
    AddLayer,
    OtherKind,
    RemoveLayer,
    WriteDraft,
    /// What the strips over the run show, if anything.
    Heat,
    ZoomIn,
    ZoomOut,
    ZoomAll,
    LogScale,
    Smoothing,
    SmoothOver(u32),
    Epochs,
    Outliers,
    /// How far bands reach around a mean.
    Spread,
    Cursor,
    /// By so many columns of dots.
    MoveCursor(i32),
    CursorToFirst,
    CursorToLast,
    Freeze,
    // Inside a layer.
    OtherLayer(isize),
    OtherPicture(isize),
    RandomPicture,
    OwnPicture,
    /// Shows the next of the pinned pictures.
    NextPinned,
    /// Which of a layer's values are shown.
    Subject,
    Scale,
    Colours,
    TowersApart,
    WithDropout,
    // What the network makes of pictures.
    OtherView,
    Pin,
    /// Opens the Layer screen with the selected picture.
    LookInside,
    Theme(ThemeName),
    // Steering.
    PauseOrResume,
    Pause,
    Resume,
    Steps(u32),
    Nudge(Knob, Nudge),
    Set(Knob, f64),
    Undo,
    /// Opens the list of saved moments.
    Moments,
    /// Goes back to the marked moment, with a tenth of its learning rate.
    RewindSlower,
    Evaluate,
    /// Tests learning rates on a copy, and shows what came of it.
    TestRate,
    Save,
    Fetch,
    NewRun,
    /// A run of its own that begins here.
    Fork,
    Export,
    ExportChart,
    ExportScreen,
}
