//! Strokes on a drawing area, in pixels of a plain screen; and the colours they are made in.

use std::sync::OnceLock;

use plotters::coord::Shift;
use plotters::drawing::DrawingAreaErrorKind;
use plotters::prelude::{Circle, DrawingArea, DrawingBackend, PathElement, Polygon};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, FontStyle, IntoFont, RGBColor, TextStyle, register_font};
use ratatui::style::Color;

use super::super::error::{Error, Result};
use super::super::palette::{Ground, Rgb, mix, rgb};
use crate::chart::{Axis, MarkerKind, Role};

pub type Drawn<DB> = Measured<(), DB>;

pub type Measured<T, DB> = std::result::Result<T, DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;

/// Not a monospaced one: plotters sets each letter at its left edge, which tears those apart. In a PNG it is the font below; an SVG asks its reader for the first of these that is there.
pub const FONT: &str = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif";
/// How much of a tint's colour covers what lies under it, inside and along its edge.
const TINT: f64 = 0.16;
const TINT_EDGE: f64 = 0.45;
static FONT_FILE: &[u8] = include_bytes!("../../../assets/fonts/DejaVuSans.ttf");

/// Makes plotters know the font; it looks for none on the machine.
pub fn register_fonts() -> Result<()> {
    static DONE: OnceLock<bool> = OnceLock::new();
    let done = *DONE.get_or_init(|| register_font(FONT, FontStyle::Normal, FONT_FILE).is_ok());
    if done { Ok(()) } else { Err(Error::Drawing { reason: "the built-in font cannot be read".into() }) }
}

/// A colour for each thing that is drawn.
pub struct Inks {
    pub ground: Rgb,
    pub text: Rgb,
    pub dim: Rgb,
    pub grid: Rgb,
    raw: Rgb,
    train: Rgb,
    test: Rgb,
    rate: Rgb,
    change: Rgb,
    bad: Rgb,
    beside: [Rgb; Role::BESIDE],
    contenders: [Rgb; CONTENDERS],
}

/// Colours for what is compared; told apart also by those who confuse red and green (Okabe and Ito 2008, on white and on black).
const CONTENDERS: usize = Role::CONTENDERS;
const ON_LIGHT: [Rgb; CONTENDERS] = [[0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167], [150, 120, 0], [90, 90, 90]];
const ON_DARK: [Rgb; CONTENDERS] =
    [[86, 180, 233], [230, 159, 0], [0, 190, 140], [224, 150, 190], [240, 228, 66], [190, 190, 190]];

impl Inks {
    /// The colours of the cockpit's dark or light theme, whichever suits the ground.
    pub fn on(ground: Ground) -> Inks {
        let light = ground.background.iter().map(|part| u32::from(*part)).sum::<u32>() > 3 * 128;
        let indexed = |index| rgb(Color::Indexed(index), ground.foreground);
        let [raw, train, test, rate, change, bad] =
            if light { [152, 25, 166, 94, 127, 160] } else { [24, 117, 214, 180, 175, 209] }.map(indexed);
        let beside = if light { [29, 127, 94, 242] } else { [79, 175, 220, 252] }.map(indexed);
        let shade = |share: f64| mix(ground.background, ground.foreground, share);
        let (dim, grid) = (shade(0.6), shade(0.12));
        let contenders = if light { ON_LIGHT } else { ON_DARK };
        Inks {
            ground: ground.background,
            text: ground.foreground,
            dim,
            grid,
            raw,
            train,
            test,
            rate,
            change,
            bad,
            beside,
            contenders,
        }
    }

    pub fn curve(&self, role: Role) -> Rgb {
        match role {
            Role::TrainRaw => self.raw,
            Role::Left => self.dim,
            Role::Train => self.train,
            Role::Test => self.test,
            Role::LearningRate => self.rate,
            Role::Beside(place) => self.beside[usize::from(place) % Role::BESIDE],
            Role::Contender(place) | Role::Spread(place) => self.contenders[usize::from(place) % CONTENDERS],
        }
    }

    pub fn marker(&self, kind: MarkerKind) -> Rgb {
        match kind {
            MarkerKind::Change => self.change,
            MarkerKind::Diverged => self.bad,
            MarkerKind::Best | MarkerKind::Evaluation => self.test,
            MarkerKind::EpochEnd | MarkerKind::Saved => self.dim,
        }
    }
}

/// Where to draw. Points are `[x, y]`, from the top left corner.
pub struct Sheet<'a, DB: DrawingBackend> {
    pub area: &'a DrawingArea<DB, Shift>,
    /// Pixels of the picture to one of a plain screen.
    pub scale: f64,
    /// Left, top, right, bottom of the plot.
    pub plot: [f64; 4],
    /// How much lower everything under the first row of the head lies than it would with that row alone.
    pub below: f64,
    pub x: &'a Axis,
    pub y: &'a Axis,
}

impl<DB: DrawingBackend> Sheet<'_, DB> {
    /// Makes room for more rows of the head.
    pub fn move_down(&mut self, by: f64) {
        self.below += by;
        self.plot[1] += by;
    }

    /// The place of a step, at the plot's border for one beyond it.
    pub fn x_of(&self, step: f64) -> f64 {
        let [left, _, right, _] = self.plot;
        left + (right - left) * self.x.fraction(step).clamp(0.0, 1.0)
    }

    /// The height of a value, at the plot's border for one beyond it.
    pub fn y_of(&self, value: f64) -> f64 {
        let [_, top, _, bottom] = self.plot;
        bottom - (bottom - top) * self.y.fraction(value).clamp(0.0, 1.0)
    }

    pub fn clear(&self, color: Rgb) -> Drawn<DB> {
        self.area.fill(&ink(color))
    }

    pub fn line(&self, points: &[[f64; 2]], color: Rgb, width: f64) -> Drawn<DB> {
        let width = (width * self.scale).round().max(1.0) as u32;
        self.area.draw(&PathElement::new(self.pixels(points), ink(color).stroke_width(width)))
    }

    /// A line from the top of the plot to its bottom.
    pub fn vertical(&self, x: f64, color: Rgb, width: f64) -> Drawn<DB> {
        self.line(&[[x, self.plot[1]], [x, self.plot[3]]], color, width)
    }

    pub fn dashed(&self, from: [f64; 2], to: [f64; 2], color: Rgb) -> Drawn<DB> {
        const DASH: f64 = 5.0;
        let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
        let length = dx.hypot(dy).max(f64::MIN_POSITIVE);
        let at = |along: f64| {
            let share = (along / length).min(1.0);
            [from[0] + dx * share, from[1] + dy * share]
        };
        let dashes = (length / (2.0 * DASH)).ceil() as usize;
        let starts = (0..dashes).map(|i| i as f64 * 2.0 * DASH);
        starts.into_iter().try_for_each(|start| self.line(&[at(start), at(start + DASH)], color, 1.0))
    }

    /// The outline's inside, through which what lies under it is seen, within a finer outline.
    pub fn tinted(&self, outline: &[[f64; 2]], color: Rgb) -> Drawn<DB> {
        if outline.len() > 2 {
            self.area.draw(&Polygon::new(self.pixels(outline), ink(color).mix(TINT).filled()))?;
        }
        let width = self.scale.round().max(1.0) as u32;
        self.area.draw(&PathElement::new(self.pixels(outline), ink(color).mix(TINT_EDGE).stroke_width(width)))
    }

    /// The outline's inside; the outline itself too, so that what is infinitely thin is seen.
    pub fn filled(&self, outline: &[[f64; 2]], color: Rgb) -> Drawn<DB> {
        if outline.len() > 2 {
            self.area.draw(&Polygon::new(self.pixels(outline), ink(color).filled()))?;
        }
        self.line(outline, color, 1.0)
    }

    pub fn dot(&self, centre: [f64; 2], radius: f64, color: Rgb) -> Drawn<DB> {
        let size = (radius * self.scale).round() as i32;
        self.area.draw(&Circle::new(self.pixel(centre), size, ink(color).filled()))
    }

    /// Writes with the left end at `x` and the middle at `y`; returns how wide it is.
    pub fn text(
        &self,
        at: [f64; 2],
        text: &str,
        size: f64,
        color: Rgb,
    ) -> std::result::Result<f64, DrawingAreaErrorKind<DB::ErrorType>> {
        if text.is_empty() {
            return Ok(0.0);
        }
        let color = ink(color);
        let style = self.style(size).color(&color);
        self.area.draw_text(text, &style, self.pixel(at))?;
        self.width(text, size)
    }

    pub fn width(&self, text: &str, size: f64) -> std::result::Result<f64, DrawingAreaErrorKind<DB::ErrorType>> {
        let (width, _) = self.area.estimate_text_size(text, &self.style(size))?;
        Ok(f64::from(width) / self.scale)
    }

    fn style(&self, size: f64) -> TextStyle<'static> {
        TextStyle::from((FONT, size * self.scale).into_font()).pos(Pos::new(HPos::Left, VPos::Center))
    }

    fn pixel(&self, [x, y]: [f64; 2]) -> (i32, i32) {
        ((x * self.scale).round() as i32, (y * self.scale).round() as i32)
    }

    fn pixels(&self, points: &[[f64; 2]]) -> Vec<(i32, i32)> {
        points.iter().map(|point| self.pixel(*point)).collect()
    }
}

fn ink([red, green, blue]: Rgb) -> RGBColor {
    RGBColor(red, green, blue)
}
