//! A strip for each layer: how its gradient, its updates or its dead share went over the run.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

use super::model;
use crate::mosaic::{ColourMap, Dot, Extent};
use crate::session::LayerFigure;
use crate::spec::{LayerSpec, ModelSpec, grouped};
use crate::ui::app::App;
use crate::ui::figures::{percent, three};
use crate::ui::widgets::panel::panel;
use crate::ui::widgets::{line, raster};

/// What the strips show; the next one on each key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Heat {
    #[default]
    Off,
    Gradient,
    Update,
    Dead,
}

impl Heat {
    pub fn next(self) -> Heat {
        match self {
            Heat::Off => Heat::Gradient,
            Heat::Gradient => Heat::Update,
            Heat::Update => Heat::Dead,
            Heat::Dead => Heat::Off,
        }
    }

    fn figure(self) -> Option<LayerFigure> {
        match self {
            Heat::Off => None,
            Heat::Gradient => Some(LayerFigure::GradientNorm),
            Heat::Update => Some(LayerFigure::UpdateRatio),
            Heat::Dead => Some(LayerFigure::DeadShare),
        }
    }

    fn title(self) -> &'static str {
        match self {
            Heat::Off => "",
            Heat::Gradient => "Norm of the gradient",
            Heat::Update => "Update over weights",
            Heat::Dead => "Share of dead units",
        }
    }
}

/// Cells of a layer's name, and of its newest value behind the strip.
const NAME: u16 = 8;
const VALUE: u16 = 9;

/// The layers that have the figure.
fn rows(model: &ModelSpec, figure: LayerFigure) -> Vec<usize> {
    let has = |what: &LayerSpec| match figure {
        LayerFigure::GradientNorm | LayerFigure::UpdateRatio => {
            matches!(what, LayerSpec::Conv2d { .. } | LayerSpec::Dense { .. })
        }
        LayerFigure::DeadShare => matches!(what, LayerSpec::Activation { .. }),
    };
    (0..model.layers.len()).filter(|place| has(&model.layers[*place].what)).collect()
}

/// Divides the screen: the strips above, where they are wanted, and the rest below.
pub fn divided(app: &App, area: Rect) -> (Option<Rect>, Rect) {
    let Some(figure) = app.network.heat.figure() else { return (None, area) };
    let height = (rows(model(app), figure).len() as u16 + 1).min(area.height);
    let rest = Rect { y: area.y + height, height: area.height - height, ..area };
    (Some(Rect { height, ..area }), rest)
}

pub fn draw(app: &App, area: Rect, buf: &mut Buffer) {
    let (theme, session, heat) = (&app.theme, app.shown(), app.network.heat);
    let Some(figure) = heat.figure() else { return };
    let model = model(app);
    let places = rows(model, figure);
    let columns = usize::from(area.width.saturating_sub(NAME + VALUE));
    let courses: Vec<Vec<Option<f64>>> = places.iter().map(|place| session.courses.course(*place, figure, columns)).collect();
    let scale = Scale::of(figure, &courses);
    let span = session.courses.steps().map_or("measured while this screen is open".into(), |(first, last)| {
        format!("steps {}–{}", grouped(first), grouped(last))
    });
    let inner = panel(area, buf, theme, heat.title(), vec![vec![Span::styled(scale.words(), theme.dim)]], &span);
    for ((row, place), course) in inner.rows().zip(&places).zip(&courses) {
        buf.set_string(row.x, row.y, line::fitted(&model.layers[*place].name, NAME - 1), theme.text);
        let dots: Vec<Dot> = course.iter().map(|value| scale.dot(*value, app)).collect();
        let strip = Rect { x: row.x + NAME, width: columns as u16, ..row };
        raster::draw(strip, buf, app.depth(), theme.text, columns, &[dots.clone(), dots].concat());
        let newest = course.last().copied().flatten().map_or("–".into(), |value| match figure {
            LayerFigure::DeadShare => percent(value),
            LayerFigure::GradientNorm | LayerFigure::UpdateRatio => three(value),
        });
        buf.set_string(strip.right(), row.y, format!("{newest:>wide$}", wide = usize::from(VALUE)), theme.text);
    }
}

/// How values become colours: shares as they are, norms and ratios by their logarithm.
struct Scale {
    figure: LayerFigure,
    low: f64,
    high: f64,
}

impl Scale {
    fn of(figure: LayerFigure, courses: &[Vec<Option<f64>>]) -> Scale {
        let (low, high) = match figure {
            LayerFigure::DeadShare => (0.0, 1.0),
            // About 1e-3 is healthy; it lies in the middle.
            LayerFigure::UpdateRatio => (1e-5, 1e-1),
            LayerFigure::GradientNorm => {
                let known = courses.iter().flatten().flatten().copied().filter(|value| *value > 0.0 && value.is_finite());
                let (low, high) = known.fold((f64::INFINITY, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
                if low <= high { (low, high.max(low * 1.001)) } else { (1e-3, 1.0) }
            }
        };
        Scale { figure, low, high }
    }

    fn words(&self) -> String {
        match self.figure {
            LayerFigure::DeadShare => "dark 0 %, bright 100 %".into(),
            LayerFigure::GradientNorm | LayerFigure::UpdateRatio => {
                format!("dark {}, bright {}, by its logarithm", three(self.low), three(self.high))
            }
        }
    }

    fn dot(&self, value: Option<f64>, app: &App) -> Dot {
        let share = match (value, self.figure) {
            (None, _) => return Dot::default(),
            (Some(value), LayerFigure::DeadShare) => value,
            (Some(value), _) => (value.max(self.low) / self.low).ln() / (self.high / self.low).ln(),
        };
        Extent { low: 0.0, high: 1.0 }.dot(share as f32, ColourMap::Viridis, app.ground())
    }
}
