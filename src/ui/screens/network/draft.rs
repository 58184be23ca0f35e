//! A network that is being edited. The running one stays as it is until a new run is started from the draft.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::knobs::Settings;
use crate::spec::{Followed, Layer, LayerTrace, ModelSpec, bytes, follow, grouped, short};
use crate::ui::action::Action;
use crate::ui::app::{App, Effect, ExportRequest, Tone};
use crate::ui::theme::Theme;
use crate::ui::widgets::grid::{Grid, Head};
use crate::ui::widgets::line;
use crate::ui::widgets::panel::panel;

#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    pub model: ModelSpec,
    place: usize,
    field: usize,
}

const HEADS: [Head; 7] = [
    Head { title: "layer", right: false, rank: 0, width: 0 },
    Head { title: "what", right: false, rank: 1, width: 0 },
    Head { title: "output", right: false, rank: 2, width: 0 },
    Head { title: "parameters", right: true, rank: 3, width: 0 },
    Head { title: "multiply-adds", right: true, rank: 4, width: 0 },
    Head { title: "memory", right: true, rank: 5, width: 0 },
    Head { title: "formula", right: false, rank: 6, width: 0 },
];
/// Lines below the table: the fields, and what follows from them or why nothing does.
const BELOW: u16 = 4;

impl Draft {
    pub fn of(model: &ModelSpec, place: usize) -> Draft {
        let name = if model.name.ends_with("-edited") { model.name.clone() } else { format!("{}-edited", model.name) };
        Draft { model: ModelSpec { name, ..model.clone() }, place, field: 0 }
    }

    fn fields(&self) -> Vec<(&'static str, String)> {
        self.model.layers.get(self.place).map_or(Vec::new(), |layer| layer.what.fields())
    }

    /// The settings of a run of this network: as they were, with the layers' own constants.
    pub fn settings(&self, settings: Settings) -> Settings {
        let mut settings = settings;
        for (knob, value) in self.model.layers.iter().flat_map(|layer| layer.what.steerable()) {
            // One that is out of range shows as an error of the network when the run begins.
            let _ = settings.set(knob, value);
        }
        settings
    }

    fn act(&mut self, action: Action) {
        let (layers, fields) = (self.model.layers.len(), self.fields().len());
        match action {
            Action::Up => (self.place, self.field) = (self.place.saturating_sub(1), 0),
            Action::Down => (self.place, self.field) = ((self.place + 1).min(layers - 1), 0),
            Action::First => (self.place, self.field) = (0, 0),
            Action::Last => (self.place, self.field) = (layers - 1, 0),
            Action::Left => self.field = self.field.saturating_sub(1),
            Action::Right => self.field = (self.field + 1).min(fields.saturating_sub(1)),
            Action::Notch(up) => self.model.notch(self.place, self.field, up),
            Action::AddLayer => {
                self.model.insert_behind(self.place);
                (self.place, self.field) = (self.place + 1, 0);
            }
            Action::OtherKind => {
                self.model.next_kind(self.place);
                self.field = 0;
            }
            Action::RemoveLayer => {
                self.model.remove(self.place);
                (self.place, self.field) = (self.place.min(self.model.layers.len() - 1), 0);
            }
            _ => {}
        }
    }
}

/// What a key means to the draft.
pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let Some(draft) = &mut app.network.draft else { return Vec::new() };
    match action {
        Action::Close | Action::Draft => {
            app.network.draft = None;
            app.say(Tone::Info, "the draft is put away; the running network is as it was");
        }
        Action::WriteDraft => match draft.model.trace() {
            Ok(_) => {
                let (name, toml) = (draft.model.name.clone(), draft.model.to_toml());
                return vec![Effect::Export(ExportRequest::Network { name, toml })];
            }
            Err(error) => app.say(Tone::Warning, error.to_string()),
        },
        other => draft.act(other),
    }
    Vec::new()
}

pub fn draw(draft: &Draft, area: Rect, buf: &mut Buffer, theme: &Theme) {
    let followed = follow(&draft.model);
    let inner = panel(area, buf, theme, &format!("Editing {}", draft.model.name), facts(draft, &followed, theme), "");
    let below = BELOW.min(inner.height / 2);
    let refused = followed.refused.as_ref().and_then(|refused| refused.place);
    let row = |(place, layer): (usize, &Layer)| {
        let traced = followed.layers.get(place);
        let figure = |text: Option<String>| Span::styled(text.unwrap_or_else(|| "–".into()), theme.text);
        let name = if refused == Some(place) { theme.bad } else { theme.text };
        vec![
            Span::styled(layer.name.clone(), name),
            Span::styled(layer.what.summary(draft.model.towers), theme.dim),
            figure(traced.map(|traced| traced.output.to_string())),
            figure(traced.map(|traced| grouped(traced.parameters))),
            figure(traced.map(|traced| grouped(traced.multiply_adds))),
            figure(traced.map(|traced| bytes(traced.activation_bytes))),
            Span::styled(traced.map_or(String::new(), |traced| traced.formula.clone()), theme.dim),
        ]
    };
    let rows = draft.model.layers.iter().enumerate().map(row).collect();
    let mark = refused.map(|place| (place, "✖"));
    let grid = Grid { heads: HEADS.to_vec(), rows, totals: Vec::new(), selected: Some(draft.place), mark };
    grid.draw(Rect { height: inner.height - below, ..inner }, buf, theme);
    let mut lines = vec![fields(draft, theme)];
    let formula = followed.layers.get(draft.place).map_or("", |layer| &layer.formula);
    if followed.refused.is_none() || !formula.is_empty() {
        lines.push(Line::styled(formula.to_string(), theme.dim));
    }
    if let Some(refused) = &followed.refused {
        let room = usize::from(below).saturating_sub(lines.len());
        let words = line::wrapped_within(&format!("✖ {}", refused.error), inner.width, room);
        lines.extend(words.into_iter().map(|text| Line::styled(text, theme.bad)));
    }
    let rest = Rect { y: inner.bottom() - below, height: below, ..inner };
    for (row, text) in rest.rows().zip(lines) {
        line::spans(row, buf, text);
    }
}

/// What the network comes to, or its layers up to the one that cannot be.
fn facts(draft: &Draft, followed: &Followed, theme: &Theme) -> Vec<Vec<Span<'static>>> {
    let sum = |figure: fn(&LayerTrace) -> u64| followed.layers.iter().map(figure).fold(0, u64::saturating_add);
    let figures = [
        (format!("{} parameters", short(sum(|layer| layer.parameters))), theme.text),
        (format!("{} multiply-adds", short(sum(|layer| layer.multiply_adds))), theme.dim),
        (format!("{} a picture", bytes(sum(|layer| layer.activation_bytes))), theme.dim),
    ];
    let mut facts: Vec<Vec<Span>> = figures.into_iter().map(|(text, style)| vec![Span::styled(text, style)]).collect();
    if let Some(refused) = &followed.refused {
        let whole = followed.layers.len() == draft.model.layers.len();
        let before =
            if whole { String::new() } else { format!("; {} of {} layers", followed.layers.len(), draft.model.layers.len()) };
        let at = refused.error.layer.as_ref().map_or(String::new(), |name| format!(" at {name}"));
        facts.insert(0, vec![Span::styled(format!("✖ cannot be{at}{before}"), theme.bad)]);
    }
    facts
}

/// `out 96  ‹kernel 11›  stride 4`: what + and − change is marked.
fn fields(draft: &Draft, theme: &Theme) -> Line<'static> {
    let fields = draft.fields();
    if fields.is_empty() {
        return Line::styled("nothing to change here; c makes it another kind, x takes it out", theme.dim);
    }
    let span = |(i, (name, value)): (usize, (&str, String))| match i == draft.field {
        true => Span::styled(format!("‹{name} {value}›  "), theme.key),
        false => Span::styled(format!(" {name} {value}   "), theme.text),
    };
    Line::from(fields.into_iter().enumerate().map(span).collect::<Vec<_>>())
}
