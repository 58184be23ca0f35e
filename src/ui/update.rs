//! What follows from what happened: the only place that changes the [`App`].

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyEventKind};
use ratatui::layout::Rect;
use signal_hook::consts::{SIGCONT, SIGTSTP};

use super::action::Action;
use super::app::{App, Edit, Effect, ExportRequest, Msg, Overlay, Tone};
use super::dialog::{Choice, Dialog};
use super::keys::{self, Key};
use super::moments::Moments;
use super::palette::{self, Palette};
use super::screens::{self, Screen, layer, train};
use super::theme::{Theme, ThemeName};
use super::{Exit, banner, help, looking, mouse, rates, shell};
use crate::chart::{Detail, chart_beside, short_change};
use crate::knobs::Knob;
use crate::session::{Command, Event, Phase, SaveReason, Stamped};
use crate::spec::grouped;

/// Columns and ticks of a chart that goes to a file.
pub(super) const EXPORTED: Detail = Detail { columns: 1200, x_ticks: 10, y_ticks: 8, rows: 0 };

pub fn update(app: &mut App, msg: Msg) -> Vec<Effect> {
    let busy = matches!(msg, Msg::Busy(_));
    let mut effects = happened(app, msg);
    layer::prepare(app);
    // A trainer that is busy is asked again with the next message.
    if !busy {
        effects.extend(looking::rewatch(app));
    }
    effects
}

fn happened(app: &mut App, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Time(now) => tick(app, now),
        Msg::Input(input) => take_input(app, input),
        Msg::Events(events) => absorb(app, events),
        Msg::News(news) => {
            app.absorb_news(news);
            Vec::new()
        }
        Msg::Seen(seen) => {
            looking::absorb(app, seen);
            Vec::new()
        }
        Msg::Busy(Command::Watch(_)) => {
            app.looking.not_heard();
            Vec::new()
        }
        Msg::Busy(command) => {
            if let Command::Set { knob, value } = command {
                app.sent.forget(|sent, other| sent == knob && other == value);
            }
            app.say(Tone::Warning, "the trainer has not taken the last commands yet; try again");
            Vec::new()
        }
        Msg::WorkerGone => {
            app.worker_gone = true;
            app.sent.forget(|_, _| true);
            let leaving = app.leaving.take();
            // Another run would hide that what was learned by this one is not saved.
            let goes_on = matches!(leaving, Some(Exit::NewRun { .. } | Exit::Edited { .. } | Exit::Fork { .. }));
            if goes_on && app.session().phase == Phase::Failed {
                app.say(Tone::Warning, "this run could not be saved, so it stays in view; N starts the next, q leaves");
                return Vec::new();
            }
            leaving.map(Effect::Leave).into_iter().collect()
        }
        Msg::Signal(SIGTSTP) => vec![Effect::Suspend],
        Msg::Signal(SIGCONT) => vec![Effect::Retake],
        Msg::Signal(number) => vec![Effect::Send(Command::Stop { save: true }), Effect::Leave(Exit::Signal(number))],
        Msg::Exported(Ok(path)) => {
            app.say(Tone::Info, format!("written: {path}"));
            Vec::new()
        }
        Msg::Exported(Err(reason)) => {
            app.say(Tone::Bad, format!("nothing was exported: {reason}"));
            Vec::new()
        }
    }
}

fn tick(app: &mut App, now: Duration) -> Vec<Effect> {
    app.now = now;
    if app.toast.as_ref().is_some_and(|toast| toast.until <= now) {
        app.toast = None;
    }
    Vec::new()
}

fn absorb(app: &mut App, events: Vec<Stamped>) -> Vec<Effect> {
    let mut effects = Vec::new();
    for stamped in &events {
        match &stamped.event {
            Event::Rejected { command, reason } => app.say(Tone::Warning, format!("{command}: {reason}")),
            Event::Notice(notice) => app.say(if notice.warning { Tone::Warning } else { Tone::Info }, notice.text.clone()),
            Event::Saved { step, path, reason: SaveReason::Asked, .. } => {
                app.say(Tone::Info, format!("step {} is saved in {path}", grouped(*step)))
            }
            Event::Finished { .. } => {
                let by_itself = app.leave_at_end.then(|| Exit::Ended(app.look()));
                effects.extend(app.leaving.take().or(by_itself).map(Effect::Leave));
            }
            _ => {}
        }
    }
    let tested = events.iter().any(|stamped| matches!(stamped.event, Event::RateTested(_)));
    app.absorb(events);
    if tested && std::mem::take(&mut app.testing_rates) && app.overlay.is_none() {
        app.overlay = Some(Overlay::Rates);
    }
    effects
}

fn take_input(app: &mut App, input: Input) -> Vec<Effect> {
    match input {
        Input::Key(key) if key.kind != KeyEventKind::Release => press(app, key),
        Input::Mouse(event) => mouse::take(app, event),
        Input::Paste(text) => {
            paste(app, &text);
            Vec::new()
        }
        Input::Resize(width, height) => {
            app.area = Rect::new(0, 0, width, height);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

fn paste(app: &mut App, text: &str) {
    match &mut app.overlay {
        Some(Overlay::Palette(palette)) => palette.insert(text),
        Some(Overlay::Edit(edit)) => edit.field.insert(text.trim()),
        Some(Overlay::OwnPicture(path)) => path.insert(text.trim()),
        _ => {}
    }
}

fn press(app: &mut App, event: KeyEvent) -> Vec<Effect> {
    let key = Key::from(event);
    // These work whatever lies on top.
    if let Some(action @ (Action::SaveAndStop | Action::Suspend | Action::Redraw)) = keys::action(key, &[keys::Context::Anywhere])
    {
        return perform(app, action);
    }
    if app.toast.take().is_some() && app.overlay.is_none() && key.code == KeyCode::Esc {
        return Vec::new();
    }
    if let Some(action) = keys::action(key, &app.contexts()) {
        return perform(app, action);
    }
    match &mut app.overlay {
        Some(Overlay::Palette(palette)) => palette.press(key),
        Some(Overlay::Edit(edit)) => edit.press(key),
        Some(Overlay::OwnPicture(path)) => drop(path.press(key)),
        Some(Overlay::Dialog(dialog)) => {
            if let KeyCode::Char(letter) = key.code
                && !key.control
                && let Some(choice) = dialog.by_key(letter)
            {
                return choose(app, choice);
            }
        }
        _ => {}
    }
    Vec::new()
}

/// Does what a key, a click or the palette asks.
pub fn perform(app: &mut App, action: Action) -> Vec<Effect> {
    if let Some(overlay) = app.overlay.take() {
        return match action {
            Action::SaveAndStop | Action::Suspend | Action::Redraw => {
                app.overlay = Some(overlay);
                anywhere(app, action)
            }
            _ => in_overlay(app, overlay, action),
        };
    }
    anywhere(app, action)
}

fn anywhere(app: &mut App, action: Action) -> Vec<Effect> {
    match action {
        Action::Help => app.overlay = Some(Overlay::Help(0)),
        Action::Quit => return quit(app),
        Action::SaveAndStop => {
            return match app.leaving.take() {
                Some(exit) => vec![Effect::Leave(exit)],
                None => app.stop(true, exit_of(app)),
            };
        }
        Action::Suspend => return vec![Effect::Suspend],
        Action::Redraw => return vec![Effect::Redraw],
        Action::NextScreen => return open(app, app.screen.neighbour(app.screens(), 1)),
        Action::PreviousScreen => return open(app, app.screen.neighbour(app.screens(), -1)),
        Action::Open(screen) => return open(app, screen),
        Action::Palette => app.overlay = Some(Overlay::Palette(Palette::default())),
        Action::Freeze => app.freeze(!app.is_frozen()),
        Action::Theme(name) => set_theme(app, name),
        Action::PauseOrResume => {
            let command = if app.session().paused { Command::Resume } else { Command::Pause };
            return app.steer(command);
        }
        Action::Pause => return app.steer(Command::Pause),
        Action::Resume => return app.steer(Command::Resume),
        Action::Steps(count) => return app.steer(Command::Step(count)),
        Action::Nudge(knob, nudge) => {
            let value = knob.spec().nudge(app.aimed_at(knob), nudge);
            return app.set(knob, value);
        }
        Action::Set(knob, value) => return app.set(knob, value),
        Action::Undo => return undo(app),
        Action::Evaluate => return app.steer(Command::Evaluate),
        Action::TestRate => {
            let effects = app.steer(Command::TestRate);
            app.testing_rates = !effects.is_empty();
            return effects;
        }
        Action::Save => return app.steer(Command::Save),
        Action::Moments => open_moments(app),
        Action::Fetch => return fetch(app),
        Action::NewRun => return new_run(app),
        Action::Fork => return fork(app),
        Action::Export => app.overlay = Some(Overlay::Dialog(Dialog::export(&screens::exportable(app)))),
        Action::ExportChart => return vec![Effect::Export(chart_request(app))],
        Action::ExportScreen => return vec![Effect::Export(screen_request(app))],
        Action::Close if banner::can_be_hidden(app) => app.seen = app.session().fetch.clone(),
        other => return screens::act(app, other),
    }
    Vec::new()
}

/// What an action means to what lies on top, which was taken off and is put back where it stays.
fn in_overlay(app: &mut App, overlay: Overlay, action: Action) -> Vec<Effect> {
    match (overlay, action) {
        (_, Action::Close) => {}
        (Overlay::Help(scrolled), action) => {
            let (last, page) = (help::last_scroll(app.area, &app.theme), help::page(app.area));
            let scrolled = match action {
                Action::Up => scrolled.saturating_sub(1),
                Action::Down => scrolled + 1,
                Action::PageUp => scrolled.saturating_sub(page),
                Action::PageDown => scrolled + page,
                Action::First => 0,
                Action::Last => last,
                _ => scrolled,
            };
            app.overlay = Some(Overlay::Help(scrolled.min(last)));
        }
        (Overlay::Palette(palette), Action::Accept) => return run_line(app, palette),
        (Overlay::Palette(mut palette), action) => {
            match action {
                Action::Complete => palette.complete(app),
                Action::Up => palette.recall(&app.history, true),
                Action::Down => palette.recall(&app.history, false),
                _ => {}
            }
            app.overlay = Some(Overlay::Palette(palette));
        }
        (Overlay::Rates, Action::Accept) => {
            return rates::suggested(app).map_or_else(Vec::new, |rate| app.set(Knob::LearningRate, rate));
        }
        (Overlay::Rates, _) => app.overlay = Some(Overlay::Rates),
        (Overlay::Moments(moments), Action::Accept) => return rewind(app, &moments, false),
        (Overlay::Moments(moments), Action::RewindSlower) => return rewind(app, &moments, true),
        (Overlay::Moments(moments), action) => {
            let moved = moments.moved(app.session(), action);
            app.overlay = Some(Overlay::Moments(moved));
        }
        (Overlay::Dialog(dialog), Action::Accept) => return choose(app, dialog.chosen()),
        (Overlay::Dialog(mut dialog), action) => {
            if matches!(action, Action::Left | Action::Right) {
                dialog.mark(action == Action::Right);
            }
            app.overlay = Some(Overlay::Dialog(dialog));
        }
        (Overlay::OwnPicture(path), Action::Accept) => screens::take_own_picture(app, path.text()),
        (Overlay::OwnPicture(path), _) => app.overlay = Some(Overlay::OwnPicture(path)),
        (Overlay::Edit(edit), Action::Accept) => match edit.knob.spec().parse(edit.field.text()) {
            Ok(value) => return app.set(edit.knob, value),
            Err(error) => app.overlay = Some(Overlay::Edit(Edit { error: Some(error.to_string()), ..edit })),
        },
        (Overlay::Edit(edit), action) => {
            let spec = edit.knob.spec();
            let notched = spec.parse(edit.field.text()).map(|value| spec.notch(value, action == Action::Up));
            let edit = match notched {
                Ok(value) if matches!(action, Action::Up | Action::Down) => Edit::new(edit.knob, value),
                _ => edit,
            };
            app.overlay = Some(Overlay::Edit(edit));
        }
    }
    Vec::new()
}

fn run_line(app: &mut App, mut palette: Palette) -> Vec<Effect> {
    let text = palette.field.text().trim().to_string();
    match palette::parse(app, &text) {
        Ok((action, context)) => {
            if !text.is_empty() && app.history.last() != Some(&text) {
                app.history.push(text);
            }
            let mut effects = go_where(app, action, context);
            effects.extend(anywhere(app, action));
            effects
        }
        Err(error) => {
            palette.error = Some(error);
            app.overlay = Some(Overlay::Palette(palette));
            Vec::new()
        }
    }
}

/// Opens the screen that an action is of, unless the open one knows it too.
fn go_where(app: &mut App, action: Action, context: keys::Context) -> Vec<Effect> {
    let here = app.contexts();
    let known = here.contains(&context) || keys::bindings().any(|row| row.action == action && here.contains(&row.context));
    context.screen().filter(|_| !known).map_or_else(Vec::new, |screen| open(app, screen))
}

/// Carries an answer out.
pub fn choose(app: &mut App, choice: Choice) -> Vec<Effect> {
    app.overlay = None;
    match choice {
        Choice::Quit { save } => app.stop(save, exit_of(app)),
        Choice::NewRun { save } => {
            let wanted = wanted_run(app);
            app.stop(save, wanted)
        }
        Choice::Fork => app.stop(true, Exit::Fork { theme: app.theme.name }),
        Choice::Set { knob, value } => put_back(app, knob, value),
        Choice::Rewind(checkpoint) => app.steer(Command::Rewind { checkpoint, slower: false }),
        Choice::ExportShown => vec![Effect::Export(screens::export(app).unwrap_or_else(|| chart_request(app)))],
        Choice::ExportScreen => anywhere(app, Action::ExportScreen),
        Choice::Stay => Vec::new(),
    }
}

fn open(app: &mut App, screen: Screen) -> Vec<Effect> {
    if !app.screens().contains(&screen) {
        app.say(Tone::Info, "this run is compared with no other; `alexscope compare alexnet alexnet:lrn=off --epochs 2` would");
        return Vec::new();
    }
    let before = std::mem::replace(&mut app.screen, screen);
    let watched = |screen: Screen| screen == Screen::Network;
    // Layers are measured only while somebody looks; nobody measures those of a record.
    let changed = watched(before) != watched(screen) && app.recorded.is_none();
    changed.then_some(Effect::Send(Command::WatchLayers(watched(screen)))).into_iter().collect()
}

fn set_theme(app: &mut App, name: ThemeName) {
    (app.theme, app.by_ground) = (Theme::named(name), false);
}

/// How the program ends when a person quits.
fn exit_of(app: &App) -> Exit {
    match &app.session().failure {
        Some(reason) => Exit::WorkerFailed(reason.clone()),
        None if app.worker_gone && app.session().finished.is_none() => {
            Exit::WorkerFailed("the trainer ended without a word".into())
        }
        None => Exit::Quit,
    }
}

fn quit(app: &mut App) -> Vec<Effect> {
    if app.leaving.is_some() {
        app.say(Tone::Info, "stopping; Ctrl-C quits without waiting");
        return Vec::new();
    }
    if !app.is_alive() {
        // What the trainer has learned may not have come here yet, and the end of a budget is worth as much as any other step.
        return app.stop(true, exit_of(app));
    }
    if let Some(twins) = &app.twins {
        let step = twins.pair.course.newest().map_or(0, |(step, _)| step);
        let text = format!("Both are at step {}; the chart, the table and both records of that far are kept.", grouped(step));
        app.overlay = Some(Overlay::Dialog(Dialog::end_twins(text)));
        return Vec::new();
    }
    let session = app.session();
    let saved =
        session.saved.last().map_or("nothing is saved yet".to_string(), |saved| format!("step {} is saved", grouped(saved.step)));
    let text = format!("The run is at step {}; {saved}.", grouped(session.steps()));
    app.overlay = Some(Overlay::Dialog(Dialog::quit(text)));
    Vec::new()
}

fn new_run(app: &mut App) -> Vec<Effect> {
    if !app.is_steered() {
        return app.steer(Command::Save);
    }
    if let Some(Err(error)) = app.network.draft.as_ref().map(|draft| draft.model.trace()) {
        app.say(Tone::Warning, error.to_string());
        return Vec::new();
    }
    if !app.is_alive() {
        let wanted = wanted_run(app);
        return app.stop(false, wanted);
    }
    let waiting: Vec<String> =
        app.session().pending.iter().map(|pending| format!("{} {}", pending.knob.name(), pending.to)).collect();
    let with = if waiting.is_empty() { "the settings as they are".into() } else { waiting.join(", ") };
    let of = app.network.draft.as_ref().map_or(String::new(), |draft| format!(" of {}", draft.model.name));
    let text =
        format!("This run ends at step {}; another{of} begins from new weights with {with}.", grouped(app.session().steps()));
    app.overlay = Some(Overlay::Dialog(Dialog::new_run(text)));
    Vec::new()
}

/// The run that takes the place of this one: of the network that is being edited, else of this one's.
fn wanted_run(app: &App) -> Exit {
    let (settings, theme) = (app.settings_for_a_new_run(), app.theme.name);
    match &app.network.draft {
        Some(draft) => {
            let (model, settings) = (Box::new(draft.model.clone()), draft.settings(settings));
            Exit::Edited { model, settings, theme }
        }
        None => Exit::NewRun { settings, theme },
    }
}

fn fork(app: &mut App) -> Vec<Effect> {
    if !app.is_steered() {
        return app.steer(Command::Save);
    }
    let session = app.session();
    if session.steps() == 0 && session.saved.is_empty() {
        app.say(Tone::Info, "no step is taken yet, so there is nothing to branch off from; N starts a new run");
        return Vec::new();
    }
    let run = session.header.as_ref().map_or("This run", |header| &header.run);
    let step = grouped(session.steps());
    let text = format!("{run} is saved and stays as it is at step {step}; a run of its own goes on from there.");
    app.overlay = Some(Overlay::Dialog(Dialog::fork(text)));
    Vec::new()
}

fn open_moments(app: &mut App) {
    if app.twins.is_some() {
        app.steer(Command::Save);
        return;
    }
    match app.session().saved.is_empty() {
        true => app.say(Tone::Info, "nothing is saved yet; S saves this moment"),
        false => app.overlay = Some(Overlay::Moments(Moments::default())),
    }
}

fn rewind(app: &mut App, moments: &Moments, slower: bool) -> Vec<Effect> {
    let Some(checkpoint) = moments.chosen(app.session()).map(|saved| saved.path.clone()) else { return Vec::new() };
    app.steer(Command::Rewind { checkpoint, slower })
}

/// Takes the last change back: by setting, or where steps were taken since and the moment before it is saved, as one chooses.
fn undo(app: &mut App) -> Vec<Effect> {
    if !app.is_steered() {
        return app.steer(Command::Save);
    }
    let Some((knob, value)) = app.to_undo() else {
        app.say(Tone::Info, "no change is left to take back");
        return Vec::new();
    };
    let session = app.session();
    let accepted = session.undoable().filter(|change| change.knob == knob && session.steps() >= change.step);
    let before = accepted.and_then(|change| session.saved_before(change));
    let (Some(change), Some(saved)) = (accepted, before) else { return put_back(app, knob, value) };
    let set = format!("set {} to {} from here on", knob.spec().label, change.from);
    let go_back = format!("go back to step {}, before it", grouped(saved.step));
    let text = format!("{} since step {}.", short_change(change), grouped(change.step));
    let rewind = Choice::Rewind(saved.path.clone());
    let dialog = Dialog::undo(text, (&set, Choice::Set { knob, value }), (&go_back, rewind));
    app.overlay = Some(Overlay::Dialog(dialog));
    Vec::new()
}

fn put_back(app: &mut App, knob: Knob, value: f64) -> Vec<Effect> {
    app.say(Tone::Info, format!("back to {} {}", knob.name(), knob.spec().format(value)));
    app.set(knob, value)
}

fn fetch(app: &mut App) -> Vec<Effect> {
    let stands_in = app.session().header.as_ref().map_or(app.data_missing, |header| header.data.stand_in);
    if !stands_in {
        let own = app.session().header.as_ref().map(|header| &header.data.name).filter(|name| *name != "CIFAR-10");
        let text = own.map_or("CIFAR-10 is here already".into(), |own| {
            format!("this run is on {own}; `alexscope data fetch` gets CIFAR-10 for another")
        });
        app.say(Tone::Info, text);
        return Vec::new();
    }
    app.steer(Command::FetchData)
}

fn chart_request(app: &App) -> ExportRequest {
    ExportRequest::Chart(Box::new(chart_beside(app.shown(), app.beside(), train::main_metric(app), &app.view, EXPORTED)))
}

fn screen_request(app: &App) -> ExportRequest {
    let mut buffer = Buffer::empty(app.area);
    shell::view(app, app.area, &mut buffer);
    ExportRequest::Screen { buffer, ground: app.ground() }
}

impl App {
    /// Sends a setting; one that is as wanted already is not sent again.
    pub fn set(&mut self, knob: Knob, value: f64) -> Vec<Effect> {
        if let Some(why) = self.model.no_use_for(knob) {
            self.say(Tone::Warning, why);
            return Vec::new();
        }
        if self.aimed_at(knob) == value && self.is_steered() {
            self.say(Tone::Info, format!("{knob} is {} already", knob.spec().format(value)));
            return Vec::new();
        }
        self.steer(Command::Set { knob, value })
    }

    /// The setting that undoing puts back, and to which value: of a change that waits, of one that was sent, else of the newest
    /// that still stands.
    fn to_undo(&self) -> Option<(Knob, f64)> {
        let session = self.session();
        if let Some((knob, _)) = self.sent.values().last() {
            return Some((*knob, session.settings.get(*knob))).filter(|(knob, value)| self.aimed_at(*knob) != *value);
        }
        let newest = session.undoable();
        let waiting = session.pending.iter().max_by_key(|pending| pending.since);
        match (waiting, newest) {
            (Some(waiting), newest) if newest.is_none_or(|change| waiting.since + 1 >= change.step) => {
                Some((waiting.knob, session.settings.get(waiting.knob)))
            }
            (_, Some(change)) => Some((change.knob, change.knob.spec().parse(&change.from).ok()?)),
            (_, None) => None,
        }
    }
}
