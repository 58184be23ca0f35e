//! THE table of keys. Dispatch, help, footer, palette and the README's list are read from it; a key that is not in it does
//! nothing. Keys that change a setting come from the table of settings.

use std::fmt;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::Action;
use super::screens::Screen;
use crate::knobs::{Nudge, TABLE};

/// Where a key means what its row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Context {
    /// On every screen, where nothing lies on top.
    Anywhere,
    Train,
    /// On the Train screen while a chart's cursor is out.
    Cursor,
    Network,
    Layer,
    Predictions,
    Explain,
    Compare,
    /// On the Compare screen of twins.
    Twins,
    /// On the Network screen while a copy of the network is edited.
    Draft,
    /// While a setting is typed in.
    Edit,
    /// While the path of a picture is typed in.
    OwnPicture,
    Palette,
    Dialog,
    Moments,
    /// What a learning-rate test found.
    Rates,
    Help,
}

impl Context {
    pub const ALL: [Context; 17] = [
        Context::Anywhere,
        Context::Train,
        Context::Cursor,
        Context::Network,
        Context::Layer,
        Context::Predictions,
        Context::Explain,
        Context::Compare,
        Context::Twins,
        Context::Draft,
        Context::Edit,
        Context::OwnPicture,
        Context::Palette,
        Context::Dialog,
        Context::Moments,
        Context::Rates,
        Context::Help,
    ];

    /// The screen that it is on, where it is on one.
    pub fn screen(self) -> Option<Screen> {
        match self {
            Context::Train | Context::Cursor => Some(Screen::Train),
            Context::Network | Context::Draft => Some(Screen::Network),
            Context::Layer => Some(Screen::Layer),
            Context::Predictions => Some(Screen::Predictions),
            Context::Explain => Some(Screen::Explain),
            Context::Compare | Context::Twins => Some(Screen::Compare),
            _ => None,
        }
    }

    /// As a heading.
    pub fn title(self) -> &'static str {
        match self {
            Context::Anywhere => "Anywhere",
            Context::Train => "Train",
            Context::Cursor => "Cursor on a chart",
            Context::Network => "Network",
            Context::Layer => "Layer",
            Context::Predictions => "Predictions",
            Context::Explain => "Explain",
            Context::Compare => "Compare",
            Context::Twins => "Compare, with twins",
            Context::Draft => "Editing a network",
            Context::Edit => "Typing a setting",
            Context::OwnPicture => "Naming a picture",
            Context::Palette => "Palette",
            Context::Dialog => "Question",
            Context::Moments => "Saved moments",
            Context::Rates => "Learning-rate test",
            Context::Help => "Help",
        }
    }
}

/// A key as it is pressed. A capital letter is a character of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub code: KeyCode,
    pub control: bool,
}

impl Key {
    const fn char(letter: char) -> Key {
        Key { code: KeyCode::Char(letter), control: false }
    }

    const fn control(letter: char) -> Key {
        Key { code: KeyCode::Char(letter), control: true }
    }

    const fn code(code: KeyCode) -> Key {
        Key { code, control: false }
    }
}

impl From<KeyEvent> for Key {
    fn from(event: KeyEvent) -> Key {
        // With the shift key held some terminals report Tab, others BackTab.
        let code = match event.code {
            KeyCode::Tab if event.modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
            code => code,
        };
        Key { code, control: event.modifiers.contains(KeyModifiers::CONTROL) }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            KeyCode::Char(' ') => f.write_str("Space"),
            KeyCode::Char(letter) if self.control => write!(f, "Ctrl-{}", letter.to_ascii_uppercase()),
            KeyCode::Char(letter) => write!(f, "{letter}"),
            KeyCode::Up => f.write_str("↑"),
            KeyCode::Down => f.write_str("↓"),
            KeyCode::Left => f.write_str("←"),
            KeyCode::Right => f.write_str("→"),
            KeyCode::PageUp => f.write_str("PgUp"),
            KeyCode::PageDown => f.write_str("PgDn"),
            KeyCode::BackTab => f.write_str("Shift-Tab"),
            code => write!(f, "{code}"),
        }
    }
}

/// One row.
#[derive(Clone, Debug)]
pub struct Binding {
    pub context: Context,
    /// Any of them.
    pub keys: Vec<Key>,
    pub action: Action,
    /// Its name in the palette; empty where it has none.
    pub command: &'static str,
    /// A word for the footer.
    pub word: &'static str,
    pub help: String,
    /// Place in the footer; the lowest comes first, 0 never comes.
    pub footer: u8,
}

impl Binding {
    /// `< >`, `↑ k`
    pub fn label(&self) -> String {
        self.keys.iter().map(Key::to_string).collect::<Vec<_>>().join(" ")
    }
}

struct Row(Context, &'static [Key], Action, &'static str, &'static str, u8, &'static str);

const UP: Key = Key::code(KeyCode::Up);
const DOWN: Key = Key::code(KeyCode::Down);
const LEFT: Key = Key::code(KeyCode::Left);
const RIGHT: Key = Key::code(KeyCode::Right);
const PAGE_UP: Key = Key::code(KeyCode::PageUp);
const PAGE_DOWN: Key = Key::code(KeyCode::PageDown);
const HOME: Key = Key::code(KeyCode::Home);
const END: Key = Key::code(KeyCode::End);
const ENTER: Key = Key::code(KeyCode::Enter);
const ESC: Key = Key::code(KeyCode::Esc);
const TAB: Key = Key::code(KeyCode::Tab);
const BACK_TAB: Key = Key::code(KeyCode::BackTab);

const fn ch(letter: char) -> Key {
    Key::char(letter)
}

/// All rows but those of settings' keys: context, keys, action, palette name, footer word, place in the footer, help.
#[rustfmt::skip]
const ROWS: &[Row] = {
    use Action as A;
    use Context::*;
    &[
        Row(Anywhere, &[ch('?'), Key::code(KeyCode::F(1))], A::Help, "help", "help", 90, "show or hide this list of keys"),
        Row(Anywhere, &[ch('q')], A::Quit, "quit", "quit", 91, "quit; asks first while a run is alive"),
        Row(Anywhere, &[Key::control('c')], A::SaveAndStop, "", "", 0, "save, stop and quit; a second time: quit now"),
        Row(Anywhere, &[Key::control('z')], A::Suspend, "", "", 0, "suspend the program; `fg` brings it back"),
        Row(Anywhere, &[Key::control('l')], A::Redraw, "", "", 0, "draw the whole screen anew"),
        Row(Anywhere, &[ESC], A::Close, "", "", 0, "close what is open, else return to the plain view"),
        Row(Anywhere, &[TAB], A::NextScreen, "", "screen", 80, "next screen"),
        Row(Anywhere, &[BACK_TAB], A::PreviousScreen, "", "", 0, "previous screen"),
        Row(Anywhere, &[ch('1')], A::Open(Screen::Train), "train", "", 0, "the Train screen: curves, settings, progress"),
        Row(Anywhere, &[ch('2')], A::Open(Screen::Network), "network", "", 0, "the Network screen: every layer, its shape and live figures"),
        Row(Anywhere, &[ch('3')], A::Open(Screen::Layer), "layer", "", 0, "the Layer screen: feature maps, kernels and values of the selected layer"),
        Row(Anywhere, &[ch('4')], A::Open(Screen::Predictions), "predictions", "", 0, "the Predictions screen: what the network makes of test pictures, right and wrong"),
        Row(Anywhere, &[ch('5')], A::Open(Screen::Explain), "explain", "", 0, "the Explain screen: what the selected layer does, as a formula, a curve and in words"),
        Row(Anywhere, &[ch('6')], A::Open(Screen::Compare), "compare", "", 0, "the Compare screen: all that are compared, their curves, figures and differences"),
        Row(Anywhere, &[ch(':')], A::Palette, "", "command", 60, "type a command or a setting, such as `momentum 0.85`"),
        Row(Anywhere, &[UP, ch('k')], A::Up, "", "", 0, "up in a list"),
        Row(Anywhere, &[DOWN, ch('j')], A::Down, "", "", 0, "down in a list"),
        Row(Anywhere, &[LEFT, ch('h')], A::Left, "", "", 0, "left; on a setting: one notch down"),
        Row(Anywhere, &[RIGHT, ch('l')], A::Right, "", "", 0, "right; on a setting: one notch up"),
        Row(Anywhere, &[PAGE_UP], A::PageUp, "", "", 0, "a page up"),
        Row(Anywhere, &[PAGE_DOWN], A::PageDown, "", "", 0, "a page down"),
        Row(Anywhere, &[ch('g'), HOME], A::First, "", "", 0, "to the first"),
        Row(Anywhere, &[ch('G'), END], A::Last, "", "", 0, "to the last"),
        Row(Anywhere, &[ch('e')], A::Enlarge, "enlarge", "enlarge", 50, "give one panel the whole screen; again: the next panel"),
        Row(Anywhere, &[ch('f')], A::Freeze, "freeze", "freeze", 55, "freeze the display or let it go on; training goes on either way"),
        Row(Anywhere, &[ch(' ')], A::PauseOrResume, "", "pause", 1, "pause or resume training"),
        Row(Anywhere, &[ch('.')], A::Steps(1), "", "step", 3, "take one step, then pause"),
        Row(Anywhere, &[ch('u')], A::Undo, "undo", "undo", 20, "take the last change of a setting back, by setting or by going back to before it"),
        Row(Anywhere, &[ch('V')], A::Evaluate, "evaluate", "", 0, "evaluate on test pictures now"),
        Row(Anywhere, &[ch('T')], A::TestRate, "rate-test", "", 0, "test learning rates on a copy; the run itself stays as it is"),
        Row(Anywhere, &[ch('S')], A::Save, "save", "save", 25, "save a checkpoint"),
        Row(Anywhere, &[ch('R')], A::Moments, "rewind", "rewind", 26, "go back to a saved moment; the road that is left stays on the chart"),
        Row(Anywhere, &[ch('F')], A::Fork, "fork", "", 0, "save and stop here, and go on in a run of its own that names this one"),
        Row(Anywhere, &[ch('E')], A::Export, "export", "", 0, "export what is shown, or the whole screen, as PNG and SVG"),
        Row(Anywhere, &[ch('D')], A::Fetch, "fetch", "", 0, "fetch CIFAR-10 in the background, where it is missing"),
        Row(Anywhere, &[ch('N')], A::NewRun, "new-run", "", 0, "start a new run with the settings as they are, and those that wait for one"),
        Row(Train, &[ENTER], A::Accept, "", "edit", 40, "type a value for the selected setting"),
        Row(Train, &[ch('+')], A::ZoomIn, "zoom-in", "zoom", 45, "zoom in: half as many steps, around the cursor or at the newest"),
        Row(Train, &[ch('-')], A::ZoomOut, "zoom-out", "", 0, "zoom out: twice as many steps"),
        Row(Train, &[ch('=')], A::ZoomAll, "zoom-all", "", 0, "the whole run"),
        Row(Train, &[ch('y')], A::LogScale, "log", "log", 46, "logarithmic or linear axis"),
        Row(Train, &[ch('s')], A::Smoothing, "", "smooth", 47, "how many steps the smooth line averages over: off, 5, 10, 30, …"),
        Row(Train, &[ch('x')], A::Epochs, "epochs-axis", "", 0, "count steps or epochs on the horizontal axis"),
        Row(Train, &[ch('a')], A::Outliers, "outliers", "", 0, "fit the axis to all values, or cut off the rarest"),
        Row(Train, &[ch('c')], A::Cursor, "cursor", "cursor", 48, "a cursor that reads out exact values"),
        Row(Cursor, &[LEFT, ch('h')], A::MoveCursor(-1), "", "move", 1, "cursor to the left"),
        Row(Cursor, &[RIGHT, ch('l')], A::MoveCursor(1), "", "", 0, "cursor to the right"),
        Row(Cursor, &[PAGE_UP], A::MoveCursor(-20), "", "", 0, "cursor far to the left"),
        Row(Cursor, &[PAGE_DOWN], A::MoveCursor(20), "", "", 0, "cursor far to the right"),
        Row(Cursor, &[ch('g'), HOME], A::CursorToFirst, "", "", 0, "cursor to the first step"),
        Row(Cursor, &[ch('G'), END], A::CursorToLast, "", "", 0, "cursor to the newest step"),
        Row(Cursor, &[ESC], A::Cursor, "", "done", 2, "put the cursor away"),
        Row(Network, &[ENTER], A::Accept, "", "LRN layer", 2, "switch the selected LRN layer off or on"),
        Row(Network, &[ch('t')], A::Pipeline, "pipeline", "pipeline", 2, "the pipeline or the table, where there is no room for both"),
        Row(Network, &[LEFT, ch('h')], A::Left, "", "", 0, "back to the layer before that shapes its output"),
        Row(Network, &[RIGHT, ch('l')], A::Right, "", "", 0, "on to the next layer that shapes its output"),
        Row(Network, &[ch('i')], A::Open(Screen::Layer), "", "look inside", 3, "look inside the selected layer; so does Enter on one that is no LRN layer"),
        Row(Layer, &[ch('(')], A::OtherLayer(-1), "", "", 0, "the layer before"),
        Row(Layer, &[ch(')')], A::OtherLayer(1), "", "layer", 4, "the next layer"),
        Row(Layer, &[ch('v')], A::Subject, "", "view", 5, "output, input, their difference, weights, their gradient and last change"),
        Row(Layer, &[ch('y')], A::Heat, "", "over the run", 10, "histograms over the run, look by look, or as they are now"),
        Row(Layer, &[ch('n')], A::OtherPicture(1), "", "picture", 6, "the next test picture"),
        Row(Layer, &[ch('p')], A::OtherPicture(-1), "", "", 0, "the test picture before"),
        Row(Layer, &[ch('r')], A::RandomPicture, "", "", 0, "any test picture"),
        Row(Layer, &[ch('o')], A::OwnPicture, "", "own", 9, "a PNG or JPEG file: its middle square, scaled"),
        Row(Layer, &[ch('b')], A::Pin, "", "", 0, "pin the shown picture to come back to it, or let it go"),
        Row(Layer, &[ch('w')], A::NextPinned, "", "", 0, "the next pinned picture"),
        Row(Layer, &[ENTER], A::Accept, "", "", 0, "enlarge the selected map, before and after; again: all maps"),
        Row(Layer, &[ch('s')], A::Scale, "", "scale", 7, "colours relative to each map, to the layer, or to all layers seen"),
        Row(Layer, &[ch('m')], A::Colours, "", "", 0, "colours: viridis, cividis, grey"),
        Row(Layer, &[ch('t')], A::TowersApart, "", "", 0, "the towers' maps apart or together"),
        Row(Layer, &[ch('d')], A::WithDropout, "", "dropout", 8, "with dropout as in the newest step, or as in an evaluation"),
        Row(Layer, &[LEFT, ch('h')], A::Left, "", "", 0, "the map before; in an enlarged one, a place to the left"),
        Row(Layer, &[RIGHT, ch('l')], A::Right, "", "", 0, "the next map; in an enlarged one, a place to the right"),
        Row(Layer, &[UP, ch('k')], A::Up, "", "", 0, "a row up"),
        Row(Layer, &[DOWN, ch('j')], A::Down, "", "", 0, "a row down"),
        Row(Layer, &[PAGE_UP], A::PageUp, "", "", 0, "a page of maps back; of one unit's weights, the unit before"),
        Row(Layer, &[PAGE_DOWN], A::PageDown, "", "", 0, "a page of maps on; of one unit's weights, the next unit"),
        Row(Predictions, &[ch('v')], A::OtherView, "", "view", 4, "pictures, what is taken for what, the surest mistakes"),
        Row(Predictions, &[ch('n')], A::OtherPicture(1), "", "next", 5, "the next pictures"),
        Row(Predictions, &[ch('p')], A::OtherPicture(-1), "", "", 0, "the pictures before"),
        Row(Predictions, &[ch('r')], A::RandomPicture, "", "", 0, "any pictures"),
        Row(Predictions, &[ENTER, ch('b')], A::Pin, "", "pin", 6, "pin the selected picture and follow its prediction, or let it go"),
        Row(Predictions, &[ch('w')], A::NextPinned, "", "", 0, "the next pinned picture"),
        Row(Predictions, &[ch('o')], A::OwnPicture, "", "own", 7, "pin a PNG or JPEG file: its middle square, scaled"),
        Row(Predictions, &[ch('i')], A::LookInside, "", "", 0, "look inside a layer with the selected picture"),
        Row(Explain, &[ch('('), UP, ch('k')], A::OtherLayer(-1), "", "", 0, "the layer before"),
        Row(Explain, &[ch(')'), DOWN, ch('j')], A::OtherLayer(1), "", "layer", 4, "the next layer"),
        Row(Explain, &[ch('n')], A::OtherPicture(1), "", "picture", 5, "the next test picture"),
        Row(Explain, &[ch('p')], A::OtherPicture(-1), "", "", 0, "the test picture before"),
        Row(Explain, &[ch('i')], A::Open(Screen::Layer), "", "look inside", 6, "look inside the layer"),
        Row(Compare, &[ch('x')], A::Epochs, "", "step, epoch, time", 2, "over steps, epochs or seconds of training"),
        Row(Compare, &[ch('v')], A::OtherView, "", "accuracy, loss", 3, "test accuracy or test loss"),
        Row(Compare, &[ch('b')], A::Spread, "", "bands", 4, "bands over the range of the seeds, or the deviation to either side"),
        Row(Compare, &[LEFT, ch('h')], A::Left, "", "", 0, "back to the first columns of figures"),
        Row(Compare, &[RIGHT, ch('l')], A::Right, "", "", 0, "on to columns of figures that there is no room for"),
        Row(Compare, &[UP, ch('k')], A::Up, "", "scroll", 5, "differences up"),
        Row(Compare, &[DOWN, ch('j')], A::Down, "", "", 0, "differences down"),
        Row(Twins, &[ch('+')], A::ZoomIn, "", "zoom", 45, "zoom in: half as many steps, at the newest"),
        Row(Twins, &[ch('-')], A::ZoomOut, "", "", 0, "zoom out: twice as many steps"),
        Row(Twins, &[ch('=')], A::ZoomAll, "", "", 0, "all steps"),
        Row(Twins, &[ch('s')], A::Smoothing, "", "smooth", 47, "how many steps the smooth line averages over: off, 5, 10, 30, …"),
        Row(Network, &[ch('y')], A::Heat, "heat", "over the run", 5, "over the run, layer by layer: gradient norm, update over weights, dead units; off"),
        Row(Network, &[ch('x')], A::Open(Screen::Explain), "", "explain", 4, "explain the selected layer"),
        Row(Network, &[ch('d')], A::Draft, "edit-network", "edit", 6, "edit a copy of the network; the running one stays as it is"),
        Row(Draft, &[ch('+')], A::Notch(true), "", "more", 1, "a notch up in the marked field"),
        Row(Draft, &[ch('-')], A::Notch(false), "", "less", 2, "a notch down in the marked field"),
        Row(Draft, &[LEFT, ch('h')], A::Left, "", "", 0, "the field before"),
        Row(Draft, &[RIGHT, ch('l')], A::Right, "", "", 0, "the next field"),
        Row(Draft, &[ch('a')], A::AddLayer, "", "add", 3, "add a layer behind this one"),
        Row(Draft, &[ch('c')], A::OtherKind, "", "kind", 4, "make the layer one of the next kind"),
        Row(Draft, &[ch('x')], A::RemoveLayer, "", "remove", 5, "take the layer out"),
        Row(Draft, &[ch('w')], A::WriteDraft, "", "write", 6, "write the network as TOML into the run's folder"),
        Row(Draft, &[ch('N')], A::NewRun, "", "new run", 7, "start a new run of this network"),
        Row(Draft, &[ESC, ch('d')], A::Close, "", "put away", 8, "put the draft away"),
        Row(OwnPicture, &[ENTER], A::Accept, "", "look", 1, "show this picture to the network"),
        Row(OwnPicture, &[ESC], A::Close, "", "never mind", 2, "stay with the picture there is"),
        Row(Edit, &[ENTER], A::Accept, "", "set", 1, "send the value"),
        Row(Edit, &[UP], A::Up, "", "notch", 2, "one notch up"),
        Row(Edit, &[DOWN], A::Down, "", "", 0, "one notch down"),
        Row(Edit, &[ESC], A::Close, "", "leave as it is", 3, "leave the setting as it is"),
        Row(Palette, &[ENTER], A::Accept, "", "run", 1, "run the line"),
        Row(Palette, &[TAB], A::Complete, "", "complete", 2, "complete; again: the next candidate"),
        Row(Palette, &[UP], A::Up, "", "history", 3, "an earlier line"),
        Row(Palette, &[DOWN], A::Down, "", "", 0, "a later line"),
        Row(Palette, &[ESC], A::Close, "", "close", 4, "close the palette"),
        Row(Dialog, &[ENTER, ch(' ')], A::Accept, "", "choose", 1, "take the marked answer"),
        Row(Dialog, &[LEFT, UP, BACK_TAB], A::Left, "", "", 0, "the answer before"),
        Row(Dialog, &[RIGHT, DOWN, TAB], A::Right, "", "", 0, "the answer after"),
        Row(Dialog, &[ESC], A::Close, "", "never mind", 2, "leave everything as it is"),
        Row(Moments, &[ENTER], A::Accept, "", "go back there", 1, "go back to the marked moment and pause there"),
        Row(Moments, &[ch('t')], A::RewindSlower, "", "at a tenth of the rate", 2, "the same, with a tenth of its learning rate"),
        Row(Moments, &[UP, ch('k')], A::Up, "", "", 0, "a newer one"),
        Row(Moments, &[DOWN, ch('j')], A::Down, "", "", 0, "an older one"),
        Row(Moments, &[PAGE_UP], A::PageUp, "", "", 0, "ten newer"),
        Row(Moments, &[PAGE_DOWN], A::PageDown, "", "", 0, "ten older"),
        Row(Moments, &[ch('g'), HOME], A::First, "", "", 0, "to the newest"),
        Row(Moments, &[ch('G'), END], A::Last, "", "", 0, "to the oldest"),
        Row(Moments, &[ESC, ch('q')], A::Close, "", "stay", 3, "stay where the run is"),
        Row(Rates, &[ENTER], A::Accept, "", "set this rate", 1, "set the learning rate that the test suggests"),
        Row(Rates, &[ESC, ch('q')], A::Close, "", "leave as it is", 2, "leave the learning rate as it is"),
        Row(Help, &[UP, ch('k')], A::Up, "", "scroll", 1, "up"),
        Row(Help, &[DOWN, ch('j')], A::Down, "", "", 0, "down"),
        Row(Help, &[PAGE_UP], A::PageUp, "", "", 0, "a page up"),
        Row(Help, &[PAGE_DOWN, ch(' ')], A::PageDown, "", "", 0, "a page down"),
        Row(Help, &[ch('g'), HOME], A::First, "", "", 0, "to the top"),
        Row(Help, &[ch('G'), END], A::Last, "", "", 0, "to the bottom"),
        Row(Help, &[ESC, ch('?'), ch('q')], A::Close, "", "close", 2, "close the help"),
    ]
};

/// Every row, in the order in which help shows them: by context, the settings' keys among those that steer.
pub fn bindings() -> impl Iterator<Item = Binding> {
    let fixed = ROWS.iter().map(|Row(context, keys, action, command, word, footer, help)| Binding {
        context: *context,
        keys: keys.to_vec(),
        action: *action,
        command,
        word,
        help: help.to_string(),
        footer: *footer,
    });
    fixed.chain(knob_bindings())
}

/// The keys that [`TABLE`] gives to settings.
fn knob_bindings() -> impl Iterator<Item = Binding> {
    TABLE.iter().flat_map(|spec| {
        spec.keys.iter().enumerate().map(move |(i, (letter, nudge))| Binding {
            context: Context::Anywhere,
            keys: vec![Key::char(*letter)],
            action: Action::Nudge(spec.knob, *nudge),
            command: "",
            word: if i == 0 { spec.label } else { "" },
            help: match nudge {
                Nudge::Times(factor) if *factor < 1.0 => format!("{} ÷{}", spec.label, short(1.0 / factor)),
                Nudge::Times(factor) => format!("{} ×{}", spec.label, short(*factor)),
                Nudge::Add(step) => format!("{} {step:+}", spec.label),
                Nudge::Toggle => format!("{} on or off", spec.label),
            },
            footer: if i == 0 { 10 } else { 0 },
        })
    })
}

fn short(factor: f64) -> f64 {
    (factor * 1000.0).round() / 1000.0
}

/// What a key means where `contexts` hold, the first before the others.
pub fn action(key: Key, contexts: &[Context]) -> Option<Action> {
    let of = |context: &Context| bindings().find(|row| row.context == *context && row.keys.contains(&key));
    contexts.iter().find_map(of).map(|row| row.action)
}

/// The table in Markdown, for the README.
pub fn markdown() -> String {
    let mut text = String::new();
    for context in Context::ALL {
        let mut rows = bindings().filter(|row| row.context == context).peekable();
        if rows.peek().is_none() {
            continue;
        }
        text.push_str(&format!("\n**{}**\n\n| key | what it does |\n|---|---|\n", context.title()));
        for row in rows {
            let keys: Vec<String> = row.keys.iter().map(|key| format!("`{key}`")).collect();
            text.push_str(&format!("| {} | {} |\n", keys.join(" "), row.help));
        }
    }
    text.trim_start().to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for context in Context::ALL {
            let mut seen = HashSet::new();
            for row in bindings().filter(|row| row.context == context) {
                for key in &row.keys {
                    assert!(seen.insert(*key), "{key} twice in {context:?}");
                }
            }
        }
    }

    #[test]
    fn every_key_of_a_setting_is_in_the_table() {
        for (letter, nudge) in TABLE.iter().flat_map(|spec| spec.keys) {
            let found = action(Key::char(*letter), &[Context::Anywhere]);
            assert!(matches!(found, Some(Action::Nudge(_, other)) if other == *nudge), "{letter}");
        }
    }

    #[test]
    fn a_key_without_a_row_does_nothing() {
        assert_eq!(action(Key::char('7'), &Context::ALL), None);
    }

    #[test]
    fn capitals_and_the_few_keys_that_the_readme_names_steer_and_others_look() {
        let steers = |action: Action| {
            use Action::*;
            matches!(
                action,
                PauseOrResume
                    | Steps(_)
                    | Nudge(..)
                    | Undo
                    | Evaluate
                    | TestRate
                    | Save
                    | Moments
                    | Fetch
                    | Fork
                    | NewRun
                    | Palette
            )
        };
        for row in bindings().filter(|row| row.context == Context::Anywhere || row.context == Context::Train) {
            for key in &row.keys {
                if let KeyCode::Char(letter) = key.code
                    && !key.control
                {
                    let named = letter.is_ascii_uppercase() && !"EG".contains(letter) || " .<>[]u:".contains(letter);
                    assert_eq!(steers(row.action), named, "{letter}");
                }
            }
        }
    }

    #[test]
    fn the_markdown_table_has_every_row() {
        let text = markdown();
        assert_eq!(text.lines().filter(|line| line.starts_with("| `")).count(), bindings().count());
        assert!(text.contains("| `<` | learning rate ÷2 |"), "{text}");
    }
}
