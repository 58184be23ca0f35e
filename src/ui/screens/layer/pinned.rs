//! The pinned pictures: those that one comes back to, layer by layer.

use crate::probe::Picture;
use crate::ui::app::{App, Tone};

/// In the order in which they were pinned; none twice.
#[derive(Debug, Default)]
pub struct Pinned(Vec<Picture>);

impl Pinned {
    /// Pins a picture, or lets it go where it is pinned; whether it is pinned then.
    fn turn(&mut self, picture: &Picture) -> bool {
        let before = self.0.len();
        self.0.retain(|pinned| pinned != picture);
        let pins = self.0.len() == before;
        if pins {
            self.0.push(picture.clone());
        }
        pins
    }

    /// The one pinned after this picture, around the end; the first where this one is not pinned.
    fn after(&self, picture: &Picture) -> Option<&Picture> {
        let next = self.0.iter().position(|pinned| pinned == picture).map_or(0, |place| place + 1);
        self.0.get(next).or(self.0.first())
    }

    /// `◈ 2 of 3 pinned` for a pinned picture.
    pub fn mark(&self, picture: &Picture) -> Option<String> {
        let place = self.0.iter().position(|pinned| pinned == picture)?;
        Some(format!("◈ {} of {} pinned", place + 1, self.0.len()))
    }
}

/// Pins the shown picture or lets it go.
pub fn turn(app: &mut App) {
    let picture = app.layer.picture.clone();
    let words = if app.layer.pinned.turn(&picture) {
        format!("{picture} is pinned; w goes through the pinned pictures")
    } else {
        format!("{picture} is pinned no longer")
    };
    app.say(Tone::Info, words);
}

/// Shows the next pinned picture.
pub fn show_next(app: &mut App) {
    match app.layer.pinned.after(&app.layer.picture).cloned() {
        Some(picture) => app.layer.picture = picture,
        None => app.say(Tone::Info, "no picture is pinned; b pins the one that is shown"),
    }
}
