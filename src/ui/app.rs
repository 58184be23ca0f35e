//! Everything that the screen is drawn from.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::crossterm::event::Event as Input;
use ratatui::layout::Rect;

use super::Exit;
use super::contest::Contest;
use super::dialog::Dialog;
use super::field::Field;
use super::graphics::ImageChoice;
use super::keys::{Context, Key};
use super::looking::Looking;
use super::moments::Moments;
use super::palette::Palette;
use super::pinned::Pinned;
use super::screens::Screen;
use super::screens::compare::CompareScreen;
use super::screens::explain::ExplainScreen;
use super::screens::layer::LayerScreen;
use super::screens::network::NetworkScreen;
use super::screens::predictions::PredictionsScreen;
use super::screens::train::TrainScreen;
use super::screens::twins;
use super::sent::Sent;
use super::theme::Theme;
use super::twins::Twins;
use crate::chart::{ChartModel, ChartView, Companion};
use crate::knobs::{Knob, Settings};
use crate::link::PairNews;
use crate::mosaic::{Bitmap, Ground};
use crate::probe::Seen;
use crate::session::{Command, Confusion, FetchState, Phase, Session, Stamped};
use crate::spec::ModelSpec;

/// What happened. Time comes with the messages; nothing else here knows a clock.
#[derive(Debug)]
pub enum Msg {
    /// Since the cockpit was opened.
    Time(Duration),
    Input(Input),
    Events(Vec<Stamped>),
    /// What happened to twins beyond the first one's events.
    News(PairNews),
    /// What was seen inside the network.
    Seen(Box<Seen>),
    /// The trainer takes no command at the moment.
    Busy(Command),
    /// The trainer sends no more events.
    WorkerGone,
    Signal(i32),
    /// What became of an export: where it is, or why not.
    Exported(Result<String, String>),
}

/// What is to be done outside.
#[derive(Debug)]
pub enum Effect {
    Send(Command),
    Export(ExportRequest),
    Suspend,
    /// The program was stopped from outside and goes on.
    Retake,
    Redraw,
    Leave(Exit),
}

/// What the export writes to a file.
#[derive(Clone, Debug)]
pub enum ExportRequest {
    Chart(Box<ChartModel>),
    /// Feature maps or kernels, under this name.
    Mosaic {
        name: String,
        bitmap: Box<Bitmap>,
    },
    /// A network's description, under this name.
    Network {
        name: String,
        toml: String,
    },
    Matrix {
        confusion: Box<Confusion>,
        classes: Vec<String>,
    },
    /// The screen as it is, or a part of it.
    Screen {
        buffer: Buffer,
        ground: Ground,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Info,
    Warning,
    Bad,
}

/// A line that shows for a while.
#[derive(Clone, Debug, PartialEq)]
pub struct Toast {
    pub text: String,
    pub tone: Tone,
    pub until: Duration,
}

/// What lies on top of the screen and takes the keys.
#[derive(Debug)]
pub enum Overlay {
    /// Lines scrolled down.
    Help(u16),
    Palette(Palette),
    Dialog(Dialog),
    Moments(Moments),
    /// What the newest learning-rate test found.
    Rates,
    Edit(Edit),
    /// The path of a picture that is typed in.
    OwnPicture(Field),
}

/// A setting that is typed in.
#[derive(Debug)]
pub struct Edit {
    pub knob: Knob,
    pub field: Field,
    /// Why the text was not taken.
    pub error: Option<String>,
}

impl Edit {
    pub fn new(knob: Knob, value: f64) -> Edit {
        Edit { knob, field: Field::selected(&knob.spec().format(value)), error: None }
    }

    pub fn press(&mut self, key: Key) {
        if self.field.press(key) {
            self.error = None;
        }
    }
}

/// How the record that is looked at ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// With the run.
    Whole,
    /// Not yet: some program goes on with the run.
    SoFar,
    /// In the middle: no program goes on with it.
    BrokenOff,
    /// Before it began: a fork that nobody has taken up.
    Waiting,
}

pub struct App {
    pub model: ModelSpec,
    pub theme: Theme,
    /// Nobody chose the colours yet.
    pub by_ground: bool,
    pub readonly: bool,
    /// Leave by itself when the run has ended: others wait.
    pub leave_at_end: bool,
    /// Nobody trains here: this is the record of a run.
    pub recorded: Option<Recorded>,
    /// CIFAR-10 is not there; Emoji-10 stands in for it.
    pub data_missing: bool,
    pub area: Rect,
    pub now: Duration,
    pub screen: Screen,
    pub view: ChartView,
    /// Other runs on this one's charts.
    pub companions: Vec<Companion>,
    /// The comparison that the run is part of.
    pub contest: Option<Arc<Contest>>,
    /// The run is the first of twins.
    pub twins: Option<Arc<Twins>>,
    pub train: TrainScreen,
    pub network: NetworkScreen,
    pub layer: LayerScreen,
    pub predictions: PredictionsScreen,
    pub explain: ExplainScreen,
    pub compare: CompareScreen,
    /// What is enlarged of the twins.
    pub twins_enlarged: Option<twins::Panel>,
    pub looking: Looking,
    /// On every screen that shows pictures.
    pub pinned: Pinned,
    /// The picture of one's own that was named last.
    pub own_picture: Option<PathBuf>,
    /// The terminal shows any colour, not only 256.
    pub true_colour: bool,
    /// How pictures are to be shown.
    pub images: ImageChoice,
    pub overlay: Option<Overlay>,
    pub history: Vec<String>,
    pub toast: Option<Toast>,
    pub sent: Sent,
    /// A person waits for a learning-rate test.
    pub testing_rates: bool,
    /// Where to go once the trainer has stopped.
    pub leaving: Option<Exit>,
    /// What became of a fetch, once a person has seen it.
    pub seen: Option<FetchState>,
    pub worker_gone: bool,
    session: Arc<Session>,
    frozen: Option<Frozen>,
}

/// What was shown when the display was frozen.
struct Frozen {
    session: Arc<Session>,
    contest: Option<Arc<Contest>>,
    twins: Option<Arc<Twins>>,
}

impl App {
    pub fn new(model: ModelSpec, theme: Theme, area: Rect) -> App {
        App {
            model,
            theme,
            by_ground: false,
            readonly: false,
            leave_at_end: false,
            recorded: None,
            data_missing: false,
            area,
            now: Duration::ZERO,
            screen: Screen::Train,
            view: ChartView::default(),
            companions: Vec::new(),
            contest: None,
            twins: None,
            train: TrainScreen::default(),
            network: NetworkScreen::default(),
            layer: LayerScreen::default(),
            predictions: PredictionsScreen::default(),
            explain: ExplainScreen::default(),
            compare: CompareScreen::default(),
            twins_enlarged: None,
            looking: Looking::default(),
            pinned: Pinned::default(),
            own_picture: None,
            true_colour: false,
            images: ImageChoice::default(),
            overlay: None,
            history: Vec::new(),
            toast: None,
            sent: Sent::default(),
            testing_rates: false,
            leaving: None,
            seen: None,
            worker_gone: false,
            session: Arc::default(),
            frozen: None,
        }
    }

    /// The run as it is.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The run as it is shown: as it was when the display was frozen, or as it is.
    pub fn shown(&self) -> &Session {
        self.frozen.as_ref().map_or(&self.session, |frozen| &frozen.session)
    }

    /// The comparison as it is shown.
    pub fn shown_contest(&self) -> Option<&Contest> {
        self.frozen.as_ref().map_or(&self.contest, |frozen| &frozen.contest).as_deref()
    }

    pub(super) fn frozen_twins(&self) -> Option<&Option<Arc<Twins>>> {
        self.frozen.as_ref().map(|frozen| &frozen.twins)
    }

    pub fn is_frozen(&self) -> bool {
        self.frozen.is_some()
    }

    /// Freezing keeps the run as it is now; the live one is copied on its next event. What was seen meanwhile was not kept, so it
    /// is asked for anew.
    pub fn freeze(&mut self, freeze: bool) {
        let now = || Frozen { session: Arc::clone(&self.session), contest: self.contest.clone(), twins: self.twins.clone() };
        let was = std::mem::replace(&mut self.frozen, freeze.then(now)).is_some();
        if was && !freeze {
            self.looking.not_heard();
        }
    }

    pub fn absorb(&mut self, events: Vec<Stamped>) {
        for stamped in events {
            self.sent.answered(&stamped.event);
            self.absorb_into_contest(&stamped);
            Arc::make_mut(&mut self.session).apply(stamped);
        }
    }

    /// Whether a run is under way that quitting would end.
    pub fn is_alive(&self) -> bool {
        let session = self.session();
        !(self.recorded.is_some() || self.worker_gone)
            && session.steps() > 0
            && !matches!(session.phase, Phase::Finished | Phase::Failed)
    }

    /// The value that a nudge starts from: the last one sent, else the one that waits, else the one in force.
    pub fn aimed_at(&self, knob: Knob) -> f64 {
        let waiting = || {
            let pending = self.session.pending.iter().find(|pending| pending.knob == knob)?;
            knob.spec().parse(&pending.to).ok()
        };
        self.sent.latest(knob).or_else(waiting).unwrap_or_else(|| self.session.settings.get(knob))
    }

    /// The settings of a run that takes along what waits.
    pub fn settings_for_a_new_run(&self) -> Settings {
        let mut settings = self.session.settings.clone();
        for pending in &self.session.pending {
            if let Ok(value) = pending.knob.spec().parse(&pending.to) {
                // The trainer accepted it, so it is within the range.
                let _ = settings.set(pending.knob, value);
            }
        }
        settings
    }

    /// The settings on the panel: all of the table, and behind the switch for all LRN layers one for each.
    pub fn knobs(&self) -> Vec<Knob> {
        let layers = self.model.lrn_layers();
        let single = |knob: Knob| (1..=layers).filter(move |_| knob == Knob::Lrn && layers > 1).map(Knob::LrnLayer);
        let all = crate::knobs::TABLE.iter().flat_map(|row| std::iter::once(row.knob).chain(single(row.knob)));
        all.filter(|knob| self.has_use_for(*knob)).collect()
    }

    /// Whether the network has a layer that the setting is about.
    pub fn has_use_for(&self, knob: Knob) -> bool {
        self.model.no_use_for(knob).is_none()
    }

    /// The screens that have something to show, in the order of their tabs.
    pub fn screens(&self) -> &'static [Screen] {
        if self.contest.is_some() || self.twins.is_some() { &Screen::ALL } else { Screen::OF_A_RUN }
    }

    /// From the most particular to the most general.
    pub fn contexts(&self) -> Vec<Context> {
        match &self.overlay {
            Some(Overlay::Help(_)) => vec![Context::Help],
            Some(Overlay::Palette(_)) => vec![Context::Palette],
            Some(Overlay::Dialog(_)) => vec![Context::Dialog],
            Some(Overlay::Moments(_)) => vec![Context::Moments],
            Some(Overlay::Rates) => vec![Context::Rates],
            Some(Overlay::Edit(_)) => vec![Context::Edit],
            Some(Overlay::OwnPicture(_)) => vec![Context::OwnPicture],
            None => match self.screen {
                Screen::Train if self.view.cursor.is_some() => vec![Context::Cursor, Context::Train, Context::Anywhere],
                Screen::Train => vec![Context::Train, Context::Anywhere],
                Screen::Network if self.network.draft.is_some() => vec![Context::Draft, Context::Anywhere],
                Screen::Network => vec![Context::Network, Context::Anywhere],
                Screen::Layer => vec![Context::Layer, Context::Anywhere],
                Screen::Predictions => vec![Context::Predictions, Context::Anywhere],
                Screen::Explain => vec![Context::Explain, Context::Anywhere],
                Screen::Compare if self.twins.is_some() => vec![Context::Twins, Context::Anywhere],
                Screen::Compare => vec![Context::Compare, Context::Anywhere],
            },
        }
    }

    pub fn say(&mut self, tone: Tone, text: impl Into<String>) {
        let seconds = if tone == Tone::Info { 4 } else { 8 };
        self.toast = Some(Toast { text: text.into(), tone, until: self.now + Duration::from_secs(seconds) });
    }

    /// When the screen changes by itself, if nothing happens before.
    pub fn deadline(&self) -> Option<Duration> {
        self.toast.as_ref().map(|toast| toast.until)
    }

    /// Sends a command that changes the training, unless this cockpit only looks on.
    pub fn steer(&mut self, command: Command) -> Vec<Effect> {
        if let Some(why) = self.refusal(&command) {
            self.say(Tone::Warning, why);
            return Vec::new();
        }
        if self.worker_gone || self.session.phase == Phase::Failed {
            self.say(Tone::Warning, "the trainer has ended; N starts a new run");
            return Vec::new();
        }
        if let Command::Set { knob, value } = command {
            self.sent.add(knob, value);
        }
        vec![Effect::Send(command)]
    }

    /// Asks the trainer to stop and leaves once it has; at once where there is no trainer any more.
    pub fn stop(&mut self, save: bool, exit: Exit) -> Vec<Effect> {
        let ended = self.recorded.is_some() || self.worker_gone || matches!(self.session.phase, Phase::Failed);
        if ended {
            return vec![Effect::Leave(exit)];
        }
        self.leaving = Some(exit);
        vec![Effect::Send(Command::Stop { save })]
    }
}
