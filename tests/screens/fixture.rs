//! A cockpit without a terminal: a run made of events, keys pressed one after the other, and the screen as text.

use std::time::Duration;

use alexscope::knobs::{Applies, Knob};
use alexscope::session::{
    Change, Command, DatasetInfo, DeviceInfo, Evaluation, Event, Phase, RunHeader, Split, Stamped, StepStats,
};
use alexscope::spec::zoo;
use alexscope::ui::app::{App, Effect, Msg};
use alexscope::ui::shell;
use alexscope::ui::theme::{Theme, ThemeName};
use alexscope::ui::update::update;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Rect;

/// Training pictures: at 32 a step, an epoch of 400 steps.
const TRAIN: usize = 12_800;

pub struct Cockpit {
    pub app: App,
    /// Commands that were sent, oldest first.
    pub sent: Vec<Command>,
    /// Everything else that was to be done.
    pub effects: Vec<Effect>,
}

impl Cockpit {
    /// Before the first event, with AlexNet.
    pub fn new(width: u16, height: u16) -> Cockpit {
        Cockpit::on("alexnet", width, height)
    }

    pub fn on(model: &str, width: u16, height: u16) -> Cockpit {
        let model = zoo::load(model).unwrap();
        let app = App::new(model, Theme::named(ThemeName::Dark), Rect::new(0, 0, width, height));
        Cockpit { app, sent: Vec::new(), effects: Vec::new() }
    }

    /// With a run of 1,000 steps behind it that goes on.
    pub fn training(width: u16, height: u16) -> Cockpit {
        let mut cockpit = Cockpit::new(width, height);
        cockpit.happens(a_run(&cockpit.app, 1_000));
        cockpit
    }

    pub fn happens(&mut self, events: impl IntoIterator<Item = Event>) {
        let time = self.app.session().time;
        let stamped = events.into_iter().enumerate().map(|(i, event)| Stamped { event, time: time + i as f64 * 0.01 }).collect();
        self.take(Msg::Events(stamped));
    }

    pub fn take(&mut self, msg: Msg) {
        for effect in update(&mut self.app, msg) {
            match effect {
                Effect::Send(command) => self.sent.push(command),
                other => self.effects.push(other),
            }
        }
    }

    /// Keys by name with blanks between them: `Space L < Esc C-c Up`.
    pub fn press(&mut self, keys: &str) {
        for name in keys.split_whitespace() {
            let mut modifiers = KeyModifiers::NONE;
            let code = match name {
                "Space" => KeyCode::Char(' '),
                "Esc" => KeyCode::Esc,
                "Enter" => KeyCode::Enter,
                "Tab" => KeyCode::Tab,
                "BackTab" => KeyCode::BackTab,
                "Backspace" => KeyCode::Backspace,
                "Up" => KeyCode::Up,
                "Down" => KeyCode::Down,
                "Left" => KeyCode::Left,
                "Right" => KeyCode::Right,
                "PgUp" => KeyCode::PageUp,
                "PgDn" => KeyCode::PageDown,
                "End" => KeyCode::End,
                name => {
                    let letter = name.strip_prefix("C-").inspect(|_| modifiers = KeyModifiers::CONTROL).unwrap_or(name);
                    let mut letters = letter.chars();
                    let (letter, None) = (letters.next().unwrap(), letters.next()) else { panic!("`{name}` is no key") };
                    KeyCode::Char(letter)
                }
            };
            self.take(Msg::Input(Input::Key(KeyEvent::new(code, modifiers))));
        }
    }

    /// Letter by letter, blanks too.
    pub fn type_text(&mut self, text: &str) {
        for letter in text.chars() {
            self.take(Msg::Input(Input::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE))));
        }
    }

    pub fn mouse(&mut self, kind: MouseEventKind, column: u16, row: u16) {
        self.take(Msg::Input(Input::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })));
    }

    pub fn click(&mut self, column: u16, row: u16) {
        self.mouse(MouseEventKind::Down(MouseButton::Left), column, row);
    }

    pub fn passes(&mut self, seconds: u64) {
        self.take(Msg::Time(self.app.now + Duration::from_secs(seconds)));
    }

    pub fn terminal(&self) -> Terminal<TestBackend> {
        let area = self.app.area;
        let mut terminal = Terminal::new(TestBackend::new(area.width, area.height)).unwrap();
        terminal.draw(|frame| shell::view(&self.app, frame.area(), frame.buffer_mut())).unwrap();
        terminal
    }

    /// The screen, line by line, without the blanks at their ends.
    pub fn screen(&self) -> String {
        let terminal = self.terminal();
        let buffer = terminal.backend().buffer();
        let line = |row: u16| (0..buffer.area.width).map(|column| buffer[(column, row)].symbol()).collect::<String>();
        (0..buffer.area.height).map(|row| line(row).trim_end().to_string() + "\n").collect()
    }

    /// The line of the screen that holds these words.
    pub fn line_with(&self, words: &str) -> String {
        let screen = self.screen();
        match screen.lines().find(|line| line.contains(words)) {
            Some(line) => line.to_string(),
            None => panic!("`{words}` is not on the screen:\n{screen}"),
        }
    }
}

/// With a learning rate of its own, whatever the network's file says.
pub fn header(app: &App) -> RunHeader {
    let mut settings = app.model.settings().unwrap();
    settings.set(Knob::LearningRate, 0.01).unwrap();
    RunHeader {
        version: "0.1.0".into(),
        run: "test".into(),
        folder: String::new(),
        model: app.model.clone(),
        settings,
        data: DatasetInfo {
            name: "CIFAR-10".into(),
            stand_in: false,
            folder: String::new(),
            classes: Vec::new(),
            train: TRAIN,
            test: 2_000,
        },
        device: DeviceInfo { name: "CPU (AVX-512)".into(), threads: 2 },
        started_at: 0,
        parent: None,
        weights: None,
    }
}

/// The events of a run that learns, with noise that is the same each time.
pub fn a_run(app: &App, steps: u64) -> Vec<Event> {
    let mut events = vec![Event::Started(Box::new(header(app))), phase(Phase::Training)];
    let mut rate = 0.01;
    for step in 1..=steps {
        if step == 301 {
            events.push(change(step, Knob::Lrn, "on", "off"));
        }
        if step == 601 {
            rate = 0.005;
            events.push(change(step, Knob::LearningRate, "0.01", "0.005"));
        }
        let learnt = 1.0 - (-(step as f64) / 450.0).exp();
        events.push(Event::Step(StepStats {
            step,
            epoch: step as f64 * 32.0 / TRAIN as f64,
            loss: 2.45 - 1.5 * learnt + 0.35 * noise(step),
            accuracy: 0.1 + 0.52 * learnt + 0.12 * noise(step + 7_000_000),
            learning_rate: rate,
            images_per_second: 118.0 + 6.0 * noise(step + 9_000_000),
            merged: None,
        }));
        if step % 100 == 0 {
            events.push(evaluation(step, 2.4 - 1.35 * learnt + 0.05 * noise(step), 0.11 + 0.5 * learnt));
        }
    }
    events
}

/// From -1 to 1, the same for the same number (SplitMix64).
fn noise(n: u64) -> f64 {
    let mut z = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}

pub fn phase(phase: Phase) -> Event {
    Event::Phase { phase, detail: String::new() }
}

pub fn change(step: u64, knob: Knob, from: &str, to: &str) -> Event {
    Event::Changed(Change { step, knob, from: from.into(), to: to.into() })
}

pub fn pending(knob: Knob, to: &str, applies: Applies) -> Event {
    Event::Pending { knob, to: to.into(), applies }
}

pub fn evaluation(step: u64, loss: f64, accuracy: f64) -> Event {
    let epoch = step as f64 * 32.0 / TRAIN as f64;
    Event::Evaluated(Evaluation { step, epoch, split: Split::Test, loss, accuracy, examples: 500 })
}
