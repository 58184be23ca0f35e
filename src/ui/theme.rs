//! Colours, in one place. What a colour says is always said by a sign, a word or a place as well.

use ratatui::style::{Color, Modifier, Style};

use super::app::Tone;
use crate::chart::{MarkerKind, Role};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThemeName {
    Dark,
    Light,
    /// The terminal's own sixteen colours.
    Ansi,
    /// No colours, only bold, dim, underlined and reversed.
    Mono,
}

impl ThemeName {
    pub const ALL: [ThemeName; 4] = [ThemeName::Dark, ThemeName::Light, ThemeName::Ansi, ThemeName::Mono];

    pub fn name(self) -> &'static str {
        match self {
            ThemeName::Dark => "dark",
            ThemeName::Light => "light",
            ThemeName::Ansi => "ansi",
            ThemeName::Mono => "mono",
        }
    }

    pub fn by_name(name: &str) -> Option<ThemeName> {
        ThemeName::ALL.into_iter().find(|theme| theme.name() == name)
    }

    /// What suits a terminal that says nothing else: mono where NO_COLOR is set to anything (no-color.org) or the terminal is
    /// dumb, the sixteen colours where it promises no more.
    pub fn suited_to(no_color: Option<&str>, term: Option<&str>, colorterm: Option<&str>) -> ThemeName {
        let no_color = no_color.is_some_and(|value| !value.is_empty());
        match term.unwrap_or_default() {
            _ if no_color => ThemeName::Mono,
            "dumb" | "vt100" | "vt220" => ThemeName::Mono,
            term if term.contains("256") || colorterm.is_some() => ThemeName::Dark,
            term if term.starts_with("xterm") || term.starts_with("tmux") || term.starts_with("screen") => ThemeName::Dark,
            _ => ThemeName::Ansi,
        }
    }
}

/// A style for each thing that is said.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    pub name: ThemeName,
    pub text: Style,
    /// Beside the point, but to be read.
    pub dim: Style,
    /// Rules and frames.
    pub rule: Style,
    pub title: Style,
    /// A key that can be pressed.
    pub key: Style,
    pub selected: Style,
    /// The screen that is open.
    pub tab: Style,
    pub gauge: Style,
    /// Sent, or accepted for later.
    pub pending: Style,
    pub good: Style,
    pub warning: Style,
    pub bad: Style,
    pub training: Style,
    pub paused: Style,
    pub frozen: Style,
    pub busy: Style,
    pub failed: Style,
    pub raw: Style,
    pub train: Style,
    pub test: Style,
    pub rate: Style,
    pub change: Style,
    pub cursor: Style,
    /// Runs beside the one that is shown.
    beside: [Style; Role::BESIDE],
    /// How far the runs of those that are compared lie apart.
    spreads: [Style; Role::CONTENDERS],
    /// What lies on top: help, dialogs, the palette.
    pub overlay: Style,
}

impl Theme {
    pub fn named(name: ThemeName) -> Theme {
        match name {
            ThemeName::Dark => coloured(name, &DARK),
            ThemeName::Light => coloured(name, &LIGHT),
            ThemeName::Ansi => coloured(name, &ANSI),
            ThemeName::Mono => mono(),
        }
    }

    pub fn curve(&self, role: Role) -> Style {
        match role {
            Role::TrainRaw => self.raw,
            Role::Left => self.dim,
            Role::Train => self.train,
            Role::Test => self.test,
            Role::LearningRate => self.rate,
            Role::Beside(place) => self.beside[usize::from(place) % Role::BESIDE],
            Role::Contender(place) => {
                [self.train, self.test, self.good, self.change, self.warning, self.text][usize::from(place) % Role::CONTENDERS]
            }
            Role::Spread(place) => self.spreads[usize::from(place) % Role::CONTENDERS],
        }
    }

    pub fn tone(&self, tone: Tone) -> Style {
        match tone {
            Tone::Info => self.text,
            Tone::Warning => self.warning,
            Tone::Bad => self.bad,
        }
    }

    pub fn marker(&self, kind: MarkerKind) -> Style {
        match kind {
            MarkerKind::Change => self.change,
            MarkerKind::Diverged => self.bad,
            MarkerKind::Best | MarkerKind::Evaluation => self.test,
            MarkerKind::EpochEnd | MarkerKind::Saved => self.dim,
        }
    }
}

struct Palette {
    text: Color,
    dim: Color,
    rule: Color,
    raw: Color,
    train: Color,
    test: Color,
    rate: Color,
    change: Color,
    good: Color,
    warning: Color,
    bad: Color,
    /// Text on a coloured ground.
    ink: Color,
    selection: Color,
    overlay: Color,
    /// The colours of what is compared, nearer to the ground.
    spreads: [Color; Role::CONTENDERS],
}

// Blue against orange, as in Okabe and Ito's palette: told apart with any kind of colour vision.
const DARK: Palette = Palette {
    text: Color::Indexed(252),
    dim: Color::Indexed(245),
    rule: Color::Indexed(239),
    raw: Color::Indexed(24),
    train: Color::Indexed(117),
    test: Color::Indexed(214),
    rate: Color::Indexed(180),
    change: Color::Indexed(175),
    good: Color::Indexed(79),
    warning: Color::Indexed(220),
    bad: Color::Indexed(209),
    ink: Color::Indexed(233),
    selection: Color::Indexed(237),
    overlay: Color::Indexed(235),
    spreads: [
        Color::Indexed(24),
        Color::Indexed(94),
        Color::Indexed(29),
        Color::Indexed(96),
        Color::Indexed(100),
        Color::Indexed(240),
    ],
};

const LIGHT: Palette = Palette {
    text: Color::Indexed(235),
    dim: Color::Indexed(242),
    rule: Color::Indexed(250),
    raw: Color::Indexed(152),
    train: Color::Indexed(25),
    test: Color::Indexed(166),
    rate: Color::Indexed(94),
    change: Color::Indexed(127),
    good: Color::Indexed(29),
    warning: Color::Indexed(130),
    bad: Color::Indexed(160),
    ink: Color::Indexed(231),
    selection: Color::Indexed(254),
    overlay: Color::Indexed(255),
    spreads: [
        Color::Indexed(152),
        Color::Indexed(223),
        Color::Indexed(151),
        Color::Indexed(182),
        Color::Indexed(187),
        Color::Indexed(250),
    ],
};

const ANSI: Palette = Palette {
    text: Color::Reset,
    dim: Color::DarkGray,
    rule: Color::DarkGray,
    raw: Color::Blue,
    train: Color::LightCyan,
    test: Color::Yellow,
    rate: Color::LightYellow,
    change: Color::Magenta,
    good: Color::Green,
    warning: Color::Yellow,
    bad: Color::LightRed,
    ink: Color::Black,
    selection: Color::Blue,
    overlay: Color::Reset,
    spreads: [Color::Blue, Color::DarkGray, Color::Green, Color::Magenta, Color::DarkGray, Color::DarkGray],
};

fn coloured(name: ThemeName, palette: &Palette) -> Theme {
    let fg = |color: Color| Style::new().fg(color);
    let chip = |ground: Color| Style::new().fg(palette.ink).bg(ground).add_modifier(Modifier::BOLD);
    // The sixteen colours have one light text that is safe on the selection's ground.
    let selected = if name == ThemeName::Ansi { fg(Color::White) } else { fg(palette.text) };
    Theme {
        name,
        text: fg(palette.text),
        dim: fg(palette.dim),
        rule: fg(palette.rule),
        title: fg(palette.text).add_modifier(Modifier::BOLD),
        key: fg(palette.train).add_modifier(Modifier::BOLD),
        selected: selected.bg(palette.selection).add_modifier(Modifier::BOLD),
        tab: chip(palette.train),
        gauge: fg(palette.train),
        pending: fg(palette.warning),
        good: fg(palette.good),
        warning: fg(palette.warning),
        bad: fg(palette.bad).add_modifier(Modifier::BOLD),
        training: chip(palette.good),
        paused: chip(palette.warning),
        frozen: chip(palette.train),
        busy: chip(palette.dim),
        failed: chip(palette.bad),
        raw: fg(palette.raw),
        train: fg(palette.train),
        test: fg(palette.test),
        rate: fg(palette.rate),
        change: fg(palette.change),
        cursor: fg(palette.text).add_modifier(Modifier::BOLD),
        beside: [palette.good, palette.change, palette.warning, palette.text].map(fg),
        spreads: palette.spreads.map(fg),
        overlay: fg(palette.text).bg(palette.overlay),
    }
}

fn mono() -> Theme {
    let plain = Style::new();
    let (bold, dim) = (plain.add_modifier(Modifier::BOLD), plain.add_modifier(Modifier::DIM));
    let chip = bold.add_modifier(Modifier::REVERSED);
    Theme {
        name: ThemeName::Mono,
        text: plain,
        dim: plain,
        rule: dim,
        title: bold,
        key: bold,
        selected: plain.add_modifier(Modifier::REVERSED),
        tab: chip,
        gauge: bold,
        pending: plain.add_modifier(Modifier::UNDERLINED),
        good: bold,
        warning: bold,
        bad: bold.add_modifier(Modifier::UNDERLINED),
        training: chip,
        paused: chip,
        frozen: bold.add_modifier(Modifier::UNDERLINED),
        busy: bold,
        failed: chip,
        raw: dim,
        train: bold,
        test: plain,
        rate: plain,
        change: plain,
        cursor: bold,
        beside: [plain; Role::BESIDE],
        spreads: [dim; Role::CONTENDERS],
        overlay: plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_color_set_to_anything_means_no_colour() {
        assert_eq!(ThemeName::suited_to(Some("1"), Some("xterm-256color"), Some("truecolor")), ThemeName::Mono);
        assert_eq!(ThemeName::suited_to(Some(""), Some("xterm-256color"), None), ThemeName::Dark, "empty counts as unset");
        assert_eq!(ThemeName::suited_to(None, Some("linux"), None), ThemeName::Ansi);
        assert_eq!(ThemeName::suited_to(None, Some("dumb"), None), ThemeName::Mono);
    }

    #[test]
    fn mono_has_no_colour_anywhere() {
        let written = format!("{:?}", Theme::named(ThemeName::Mono));
        assert!(!written.contains(".fg") && !written.contains("fg(") && !written.contains("Indexed"), "{written}");
    }

    #[test]
    fn every_theme_is_found_by_its_name() {
        for theme in ThemeName::ALL {
            assert_eq!(ThemeName::by_name(theme.name()), Some(theme));
        }
    }
}
