//! Curves of LRN and of the activations, over the values that the chosen layer really gets.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::knobs::{Knob, Settings};
use crate::probe::{LayerSight, Maps, Spread};
use crate::spec::{Activation, Layer, LayerSpec};
use crate::ui::app::App;
use crate::ui::figures::three;
use crate::ui::widgets::canvas::{Canvas, DOTS_HIGH, DOTS_WIDE};
use crate::ui::widgets::{bars, line};

/// A function as it is drawn.
pub struct Shape {
    function: Activation,
}

impl Shape {
    pub fn formula(&self) -> &'static str {
        match self.function {
            Activation::Relu => "f(x) = max(x, 0)",
            Activation::LeakyRelu => "f(x) = max(x, 0.01·x)",
            Activation::Softplus => "f(x) = ln(1 + eˣ)",
        }
    }

    fn value(&self, x: f64) -> f64 {
        match self.function {
            Activation::Relu => x.max(0.0),
            Activation::LeakyRelu => x.max(Activation::LEAK * x),
            // ln(1 + eˣ) without an overflow.
            Activation::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
        }
    }

    fn slope(&self, x: f64) -> f64 {
        match self.function {
            Activation::Relu => f64::from(x > 0.0),
            Activation::LeakyRelu => {
                if x > 0.0 {
                    1.0
                } else {
                    Activation::LEAK
                }
            }
            Activation::Softplus => 1.0 / (1.0 + (-x).exp()),
        }
    }
}

/// The function in force: the setting's where a person moved it, else the layer's own.
pub fn live(app: &App, layer: &Layer) -> Shape {
    let LayerSpec::Activation { function } = layer.what else { return Shape { function: Activation::Relu } };
    let knob = app.shown().settings.get(Knob::Activation) as usize;
    Shape { function: Activation::ALL.get(knob).copied().unwrap_or(function) }
}

/// What is drawn: a curve, its sign in the legend and its style.
struct Curve<'a> {
    name: String,
    style: Style,
    at: Box<dyn Fn(f64) -> f64 + 'a>,
}

/// Axes with curves from `low` to `high`, `y` from `floor` to `ceiling`, over how the values are spread.
struct Plot<'a> {
    low: f64,
    high: f64,
    floor: f64,
    ceiling: f64,
    /// What is counted along the bottom.
    along: String,
    spread: Option<&'a Spread>,
    curves: Vec<Curve<'a>>,
}

impl Plot<'_> {
    fn draw(&self, app: &App, area: Rect, buf: &mut Buffer) {
        let theme = &app.theme;
        if area.height < 4 || area.width < 20 {
            return;
        }
        let legend: Vec<Vec<Span>> =
            self.curves.iter().map(|curve| vec![Span::styled(curve.name.clone(), curve.style)]).collect();
        line::spans(Rect { height: 1, ..area }, buf, line::fitting(legend, "  ", area.width));
        let plot = Rect { x: area.x + 6, y: area.y + 1, width: area.width - 6, height: area.height - 2 };
        let label = |y: u16, value: f64, buf: &mut Buffer| buf.set_string(area.x, y, format!("{:>5}┤", three(value)), theme.dim);
        label(plot.y, self.ceiling, buf);
        (plot.y + 1..plot.bottom() - 1).for_each(|y| {
            buf.set_string(area.x + 5, y, "│", theme.rule);
        });
        label(plot.bottom() - 1, self.floor, buf);
        if let Some(spread) = self.spread {
            bars::draw(plot, buf, theme.raw, spread);
        }
        let mut canvas = Canvas::new(plot.width, plot.height, self.curves.iter().map(|curve| curve.style).collect());
        let (wide, high) = (usize::from(plot.width) * DOTS_WIDE - 1, usize::from(plot.height) * DOTS_HIGH - 1);
        for (layer, curve) in self.curves.iter().enumerate() {
            let dot = |i: usize| {
                let x = self.low + (self.high - self.low) * i as f64 / wide as f64;
                let share = ((curve.at)(x) - self.floor) / (self.ceiling - self.floor);
                (i as i64, ((1.0 - share) * high as f64).round() as i64)
            };
            (1..=wide).for_each(|i| canvas.line(dot(i - 1), dot(i), layer as u8));
        }
        canvas.render(plot, buf);
        let ends = Rect { x: plot.x, y: plot.bottom(), width: plot.width, height: 1 };
        let left = Line::styled(format!("{}   {}", three(self.low), self.along), theme.dim);
        line::between(ends, buf, left, Line::styled(three(self.high), theme.dim));
    }
}

/// By how much LRN turns a value down, over the energies Σ a² that the layer really meets.
pub fn lrn(app: &App, sight: Option<&LayerSight>, area: Rect, buf: &mut Buffer) {
    let settings = &app.shown().settings;
    let energies = sight.map(|sight| energies(&sight.input, settings.count(Knob::LrnN)));
    let spread = energies.map(|energies| Spread::over(energies.into_iter()));
    let (low, high) = spread.as_ref().map_or((0.0, 1.0), |spread| (f64::from(spread.low), f64::from(spread.high)));
    // Energies that are all alike need some width too.
    let high = if high > low { high } else { low + 1e-3 };
    let plot = Plot {
        low,
        high,
        floor: 0.0,
        ceiling: factor(settings, 0.0).max(1.0),
        along: "Σ a² of the maps around; bars: how often it comes".into(),
        spread: spread.as_ref(),
        curves: vec![Curve {
            name: format!("━ b/a: from {} to {}", three(factor(settings, 0.0)), three(factor(settings, high))),
            style: app.theme.test,
            at: Box::new(|energy| factor(settings, energy)),
        }],
    };
    plot.draw(app, area, buf);
}

/// b/a = 1/(k + α·Σ)^β
fn factor(settings: &Settings, energy: f64) -> f64 {
    let base = settings.get(Knob::LrnK) + settings.get(Knob::LrnAlpha) * energy;
    base.powf(-settings.get(Knob::LrnBeta))
}

/// Σ a² over the `n` maps around each value.
fn energies(input: &Maps, n: usize) -> Vec<f32> {
    let [channels, height, width] = input.dims();
    let plane = height * width;
    let energy = |at: usize| {
        let (channel, place) = (at / plane, at % plane);
        let window = channel.saturating_sub(n / 2)..(channel + n / 2 + 1).min(channels);
        window.map(|channel| input.values[channel * plane + place].powi(2)).sum()
    };
    (0..input.values.len()).map(energy).collect()
}

/// The function and its slope, over what comes in; the other functions thinly beside it.
pub fn activation(app: &App, own: Activation, sight: Option<&LayerSight>, area: Rect, buf: &mut Buffer) {
    let theme = &app.theme;
    let spread = sight.map(|sight| Spread::over(sight.input.values.iter().copied()));
    let reach = spread.as_ref().map_or(3.0, |spread| f64::from(spread.high.abs().max(spread.low.abs()))).max(0.5);
    let knob = app.shown().settings.get(Knob::Activation) as usize;
    let live = Activation::ALL.get(knob).copied().unwrap_or(own);
    let others = Activation::ALL.into_iter().filter(|function| *function != live);
    let mut curves: Vec<Curve> = others
        .map(|function| Curve {
            name: format!("┄ {function}"),
            style: theme.dim,
            at: Box::new(move |x| Shape { function }.value(x)),
        })
        .collect();
    // The slope is drawn on the scale of the values: 1 at the ceiling.
    let ceiling = Shape { function: live }.value(reach).max(1.0);
    curves.push(Curve {
        name: "─ its slope (0 to 1)".into(),
        style: theme.train,
        at: Box::new(move |x| Shape { function: live }.slope(x) * ceiling),
    });
    curves
        .push(Curve { name: format!("━ {live}"), style: theme.test, at: Box::new(move |x| Shape { function: live }.value(x)) });
    let (low, high) = match &spread {
        Some(spread) if spread.high > spread.low => (f64::from(spread.low), f64::from(spread.high)),
        _ => (-reach, reach),
    };
    let along = "what comes in; bars: how often".into();
    Plot { low, high, floor: 0.0, ceiling, along, spread: spread.as_ref(), curves }.draw(app, area, buf);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slope_is_the_differential_of_its_function() {
        for function in Activation::ALL {
            let shape = Shape { function };
            for x in [-8.0, -1.5, -0.3, 0.4, 2.0, 30.0] {
                let difference = (shape.value(x + 1e-6) - shape.value(x - 1e-6)) / 2e-6;
                assert!((difference - shape.slope(x)).abs() < 1e-6, "{function} at {x}: {difference}");
            }
        }
        assert!(Shape { function: Activation::Softplus }.value(1e4).is_finite());
    }

    #[test]
    fn the_energy_is_over_the_maps_around_clipped_at_the_ends() {
        let input = Maps { shape: vec![3, 1, 2], values: vec![1.0, 0.0, 2.0, 0.0, 3.0, 1.0] };
        assert_eq!(energies(&input, 3), [5.0, 0.0, 14.0, 1.0, 13.0, 1.0]);
    }

    #[test]
    fn a_larger_alpha_turns_strong_places_down_more() {
        let mut settings = Settings::new();
        let weak = factor(&settings, 100.0);
        settings.set(Knob::LrnAlpha, 0.1).unwrap();
        assert!(factor(&settings, 100.0) < weak);
    }
}
