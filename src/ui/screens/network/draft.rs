//! A network that is being edited. The running one stays as it is until a new run is started from the draft.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::knobs::Settings;
use crate::spec::{ModelSpec, bytes, grouped, short};
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

const HEADS: [Head; 6] = [
    Head { title: "layer", right: false, rank: 0, width: 0 },
    Head { title: "what", right: false, rank: 1, width: 0 },
    Head { title: "output", right: false, rank: 2, width: 0 },
    Head { title: "parameters", right: true, rank: 3, width: 0 },
    Head { title: "multiply-adds", right: true, rank: 4, width: 0 },
    Head { title: "memory", right: true, rank: 5, width: 0 },
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
    let traced = draft.model.trace();
    let mut facts = Vec::new();
    if let Ok(trace) = &traced {
        facts.push(vec![Span::styled(format!("{} parameters", short(trace.parameters)), theme.text)]);
        facts.push(vec![Span::styled(format!("{} multiply-adds", short(trace.multiply_adds)), theme.dim)]);
        facts.push(vec![Span::styled(format!("{} a picture", bytes(trace.activation_bytes)), theme.dim)]);
    }
    let inner = panel(area, buf, theme, &format!("Editing {}", draft.model.name), facts, "");
    let below = BELOW.min(inner.height / 2);
    let rows = draft.model.layers.iter().enumerate().map(|(place, layer)| {
        let layer_trace = traced.as_ref().ok().and_then(|trace| trace.layers.get(place));
        let figure = |text: Option<String>| Span::styled(text.unwrap_or_else(|| "–".into()), theme.text);
        vec![
            Span::styled(layer.name.clone(), theme.text),
            Span::styled(layer.what.summary(draft.model.towers), theme.dim),
            figure(layer_trace.map(|traced| traced.output.to_string())),
            figure(layer_trace.map(|traced| grouped(traced.parameters))),
            figure(layer_trace.map(|traced| grouped(traced.multiply_adds))),
            figure(layer_trace.map(|traced| bytes(traced.activation_bytes))),
        ]
    });
    let grid = Grid { heads: HEADS.to_vec(), rows: rows.collect(), totals: Vec::new(), selected: Some(draft.place), mark: None };
    grid.draw(Rect { height: inner.height - below, ..inner }, buf, theme);
    let mut lines = vec![fields(draft, theme)];
    match &traced {
        Ok(trace) => {
            let formula = trace.layers.get(draft.place).map_or("", |layer| &layer.formula);
            lines.push(Line::styled(formula.to_string(), theme.dim));
        }
        Err(error) => {
            let room = usize::from(below.saturating_sub(1));
            let words = line::wrapped_within(&format!("✖ {error}"), inner.width, room);
            lines.extend(words.into_iter().map(|text| Line::styled(text, theme.bad)));
        }
    }
    let rest = Rect { y: inner.bottom() - below, height: below, ..inner };
    for (row, text) in rest.rows().zip(lines) {
        line::spans(row, buf, text);
    }
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
