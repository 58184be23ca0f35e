//! The line that takes commands and settings by name: `momentum 0.85`, `set lrn off`, `step 10`, `theme light`.

use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Rect};
use ratatui::text::{Line, Span};

use super::action::Action;
use super::app::App;
use super::field::Field;
use super::keys::{Context, Key, bindings};
use super::theme::ThemeName;
use super::widgets::{line, panel};
use crate::chart::SMOOTHINGS;
use crate::knobs::{Kind, Knob};
use crate::spelling;

#[derive(Clone, Debug, Default)]
pub struct Palette {
    pub field: Field,
    /// Completed with the so-manieth candidate of what was typed.
    completed: Option<(String, usize)>,
    /// Lines back in the history.
    back: usize,
    /// Why the line was not taken.
    pub error: Option<String>,
}

/// A command that is only here: name, argument, help.
const VERBS: [(&str, &str, &str); 6] = [
    ("pause", "", "pause training"),
    ("resume", "", "resume training"),
    ("step", "N", "take N steps, then pause"),
    ("smooth", "N", "average the smooth line over N steps; 0 is off"),
    ("theme", "NAME", "colours: dark, light, ansi or mono"),
    ("export", "chart or screen", "write the chart or the screen to a file"),
];

/// Names that are typed more often than they are spelt out.
const SHORT_NAMES: [(&str, &str); 3] = [("lr", "learning-rate"), ("wd", "weight-decay"), ("bs", "batch-size")];

/// What could stand at the end of the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub text: String,
    /// What it is, with range and present value of a setting.
    pub help: String,
}

/// `set ` and `=` are optional; what counts are the words.
fn words(text: &str) -> Vec<String> {
    let words = text.replace('=', " ");
    let mut words: Vec<String> = words.split_whitespace().map(str::to_string).collect();
    if words.len() > 1 && words[0] == "set" {
        words.remove(0);
    }
    words
}

/// What a line asks for, and where that means something.
pub fn parse(app: &App, text: &str) -> Result<(Action, Context), String> {
    let words = words(text);
    let mut words = words.iter().map(String::as_str);
    let Some(name) = words.next() else { return Ok((Action::Close, Context::Anywhere)) };
    let argument = words.next();
    if let Some(extra) = words.next() {
        return Err(format!("`{extra}` is one word too many: a name and a value are enough"));
    }
    if let Some(action) = verb(name, argument)? {
        let charts = matches!(action, Action::Smoothing | Action::SmoothOver(_));
        return Ok((action, if charts { Context::Train } else { Context::Anywhere }));
    }
    if let Some(row) = bindings().find(|row| !row.command.is_empty() && row.command == name) {
        return match argument {
            None => Ok((row.action, row.context)),
            Some(argument) => Err(format!("`{name}` takes no value, `{argument}` came")),
        };
    }
    let knob = knob(app, name)?;
    let spec = knob.spec();
    match argument {
        None => Err(format!("{knob} is {}; it takes {}, {}", app.session().settings.text(knob), spec.range(), spec.applies)),
        Some(value) => {
            let value = spec.parse(value).map_err(|error| error.to_string())?;
            Ok((Action::Set(knob, value), Context::Anywhere))
        }
    }
}

fn verb(name: &str, argument: Option<&str>) -> Result<Option<Action>, String> {
    let number = |most: u32| {
        let text = argument.unwrap_or("1");
        text.parse::<u32>()
            .ok()
            .filter(|number| *number <= most)
            .ok_or_else(|| format!("{name} takes a whole number up to {most}, not `{text}`"))
    };
    let action = match (name, argument) {
        ("pause", None) => Action::Pause,
        ("resume", None) => Action::Resume,
        ("step", _) => Action::Steps(number(1_000_000)?.max(1)),
        ("smooth", Some(_)) => Action::SmoothOver(number(1_000_000)?),
        ("smooth", None) => Action::Smoothing,
        ("theme", _) => {
            let theme = argument.unwrap_or_default();
            let known = || ThemeName::ALL.map(ThemeName::name).join(", ");
            Action::Theme(ThemeName::by_name(theme).ok_or_else(|| format!("themes are {}; not `{theme}`", known()))?)
        }
        ("export", None) => Action::Export,
        ("export", Some("chart")) => Action::ExportChart,
        ("export", Some("screen")) => Action::ExportScreen,
        ("export", Some(other)) => return Err(format!("export takes chart or screen, not `{other}`")),
        ("pause" | "resume", Some(extra)) => return Err(format!("`{name}` takes no value, `{extra}` came")),
        _ => return Ok(None),
    };
    Ok(Some(action))
}

/// The setting of that name, also shortened as long as it is the only one.
fn knob(app: &App, name: &str) -> Result<Knob, String> {
    let name = SHORT_NAMES.iter().find(|(short, _)| *short == name).map_or(name, |(_, full)| full);
    let unknown = match Knob::by_name(name) {
        Ok(knob) => return Ok(knob),
        Err(error) => error,
    };
    let knobs = app.knobs();
    let mut begun = knobs.iter().filter(|knob| knob.name().starts_with(name));
    match (begun.next(), begun.next()) {
        (Some(only), None) => Ok(*only),
        (Some(first), Some(second)) => {
            let all: Vec<String> = [first, second].into_iter().chain(begun).map(|knob| knob.name()).collect();
            Err(format!("several settings begin with `{name}`: {}", all.join(", ")))
        }
        _ => {
            let commands: Vec<&str> = commands().map(|(name, _)| name).collect();
            match spelling::nearest(name, commands.iter().copied()) {
                Some(command) if command.starts_with(name.get(..2).unwrap_or(name)) => {
                    Err(format!("there is no command `{name}`; did you mean `{command}`?"))
                }
                _ => Err(unknown.to_string()),
            }
        }
    }
}

/// Every command with its help.
fn commands() -> impl Iterator<Item = (&'static str, String)> {
    let verbs = VERBS.iter().map(|(name, argument, help)| {
        let help = if argument.is_empty() { help.to_string() } else { format!("{argument}: {help}") };
        (*name, help)
    });
    verbs.chain(bindings().filter(|row| !row.command.is_empty()).map(|row| (row.command, row.help)))
}

/// What the typed text could become, the likeliest first.
pub fn candidates(app: &App, text: &str) -> Vec<Candidate> {
    let words = words(text);
    let value_wanted = words.len() > 1 || (words.len() == 1 && text.ends_with([' ', '=']));
    if value_wanted {
        let typed = words.get(1).map_or("", String::as_str);
        return values(app, &words[0]).into_iter().filter(|candidate| candidate.text.starts_with(typed)).collect();
    }
    let typed = words.first().map_or("", String::as_str);
    let meant = SHORT_NAMES.iter().find(|(short, _)| *short == typed).map(|(_, full)| *full);
    let settings = app.knobs().into_iter().map(|knob| Candidate { text: knob.name(), help: describe(app, knob) });
    let commands = commands().map(|(name, help)| Candidate { text: name.into(), help });
    let rank = |candidate: &Candidate| match meant {
        Some(full) if candidate.text == full => Some(0),
        _ => likeness(typed, &candidate.text).map(|likeness| likeness + 1),
    };
    let mut found: Vec<(usize, Candidate)> =
        settings.chain(commands).filter_map(|candidate| Some((rank(&candidate)?, candidate))).collect();
    found.sort_by_key(|(likeness, _)| *likeness);
    found.into_iter().map(|(_, candidate)| candidate).collect()
}

/// `0.9 · 0 to 0.9999 · from the next step`
fn describe(app: &App, knob: Knob) -> String {
    let spec = knob.spec();
    format!("{} · {} · {}", app.session().settings.text(knob), spec.range(), spec.applies)
}

/// Values that can be named.
fn values(app: &App, name: &str) -> Vec<Candidate> {
    let plain = |text: &str, help: &str| Candidate { text: text.into(), help: help.into() };
    match name {
        "theme" => ThemeName::ALL.map(|theme| plain(theme.name(), "")).to_vec(),
        "smooth" => SMOOTHINGS.map(|steps| plain(&steps.to_string(), if steps == 0 { "off" } else { "steps" })).to_vec(),
        "export" => vec![plain("chart", "as PNG and SVG"), plain("screen", "as PNG and SVG")],
        _ => {
            let Ok(knob) = knob(app, name) else { return Vec::new() };
            let now = app.session().settings.text(knob);
            let mark = |text: &str| plain(text, if text == now { "as it is" } else { "" });
            match knob.spec().kind {
                Kind::Toggle => vec![mark("on"), mark("off")],
                Kind::Choice(names) => names.iter().map(|name| mark(name)).collect(),
                Kind::Real { .. } | Kind::Rate { .. } | Kind::Integer { .. } => vec![plain(&now, &describe(app, knob))],
            }
        }
    }
}

/// How far a name is from what was typed: none where its letters do not come in that order.
fn likeness(typed: &str, name: &str) -> Option<usize> {
    if name.starts_with(typed) {
        return Some(0);
    }
    if let Some(at) = name.find(typed) {
        return Some(10 + at);
    }
    let mut letters = name.char_indices();
    let mut places = Vec::new();
    for wanted in typed.chars() {
        places.push(letters.find(|(_, letter)| *letter == wanted)?.0);
    }
    Some(100 + places.last()? - places.first()?)
}

impl Palette {
    /// Opened with a text to go on from.
    pub fn begun(text: &str) -> Palette {
        Palette { field: Field::new(text), ..Palette::default() }
    }

    /// Replaces the last word by the next candidate of what was typed.
    pub fn complete(&mut self, app: &App) {
        let (typed, next) = match self.completed.take() {
            Some((typed, last)) => (typed, last + 1),
            None => (self.field.text().to_string(), 0),
        };
        let candidates = candidates(app, &typed);
        let Some(candidate) = candidates.get(next % candidates.len().max(1)) else { return };
        let before = typed.rfind([' ', '=']).map_or("", |blank| &typed[..=blank]);
        self.field = Field::new(&format!("{before}{}", candidate.text));
        // The only one is meant; what follows is its value.
        if candidates.len() == 1 && before.is_empty() {
            self.field.insert(" ");
        } else {
            self.completed = Some((typed, next));
        }
        self.error = None;
    }

    /// Takes a key that edits the line.
    pub fn press(&mut self, key: Key) {
        if self.field.press(key) {
            self.edited();
        }
    }

    /// Takes pasted text.
    pub fn insert(&mut self, text: &str) {
        self.field.insert(text);
        self.edited();
    }

    fn edited(&mut self) {
        self.completed = None;
        self.error = None;
        self.back = 0;
    }

    /// Shows a line of the history: an earlier or a later one.
    pub fn recall(&mut self, history: &[String], earlier: bool) {
        self.back = if earlier { (self.back + 1).min(history.len()) } else { self.back.saturating_sub(1) };
        let text = if self.back == 0 { "" } else { history[history.len() - self.back].as_str() };
        self.field = Field::new(text);
        self.completed = None;
        self.error = None;
    }
}

/// Draws the palette over the lowest rows of `screen`, above its last one.
pub fn render(palette: &Palette, app: &App, screen: Rect, buf: &mut Buffer) {
    let theme = &app.theme;
    let typed = palette.completed.as_ref().map_or(palette.field.text(), |(typed, _)| typed);
    let candidates = candidates(app, typed);
    let marked = palette.completed.as_ref().map(|(_, at)| at % candidates.len().max(1));
    let rows = candidates.len().min(usize::from(screen.height / 3).clamp(3, 10));
    let named = || words(typed).first().and_then(|name| knob(app, name).ok());
    let (notes, notes_style) = match &palette.error {
        Some(error) => (line::wrapped(&format!("✖ {error}"), screen.width.saturating_sub(2)), theme.bad),
        None => (vec![named().map_or("", |knob| knob.spec().help).to_string()], theme.dim),
    };
    let height = rows as u16 + 2 + notes.len() as u16;
    let area = Rect { y: screen.bottom().saturating_sub(height + 1), height, ..screen };
    line::clear(area, buf, theme.overlay);
    let area = area.inner(Margin::new(1, 0));
    let inner = panel::panel(area, buf, theme, "Command", Vec::new(), "NAME VALUE sets, Tab completes");
    let first = marked.map_or(0, |at| at.saturating_sub(rows - 1));
    let name_width = candidates.iter().map(|candidate| line::width(&candidate.text)).max().unwrap_or(0).min(20) + 2;
    for ((i, candidate), row) in candidates.iter().enumerate().skip(first).take(rows).zip(inner.rows()) {
        let style = if marked == Some(i) { theme.selected } else { theme.overlay };
        buf.set_style(row, style);
        let sign = if marked == Some(i) { "› " } else { "  " };
        let name = format!("{sign}{:<wide$}", candidate.text, wide = usize::from(name_width));
        let spans = vec![Span::styled(name, style), Span::styled(candidate.help.as_str(), theme.dim)];
        line::spans(row, buf, Line::from(spans));
    }
    let input = Rect { y: inner.y + rows as u16, height: 1, ..inner };
    buf.set_string(input.x, input.y, ": ", theme.key);
    palette.field.render(Rect { x: input.x + 2, width: input.width.saturating_sub(2), ..input }, buf, theme.overlay);
    for (note, row) in notes.into_iter().zip(inner.rows().skip(rows + 1)) {
        line::spans(row, buf, Line::styled(note, notes_style));
    }
}
