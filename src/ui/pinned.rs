//! The pinned pictures: those that one comes back to, layer by layer, and whose predictions are followed from look to look.

use super::app::{App, Tone};
use super::course::Course;
use crate::probe::Picture;

/// Each costs a pass through the network where predictions are followed.
const MOST: usize = 8;
/// Predictions of a picture that are kept.
const KEPT: usize = 1_024;

/// In the order in which they were pinned; none twice.
#[derive(Debug, Default)]
pub struct Pinned(Vec<Followed>);

/// A pinned picture, and how its prediction went.
#[derive(Clone, Debug, PartialEq)]
pub struct Followed {
    pub picture: Picture,
    /// The probability of each class.
    pub course: Course<Vec<f32>>,
}

impl Pinned {
    pub fn pictures(&self) -> impl Iterator<Item = &Picture> {
        self.0.iter().map(|followed| &followed.picture)
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    pub fn get(&self, place: usize) -> Option<&Followed> {
        self.0.get(place)
    }

    /// Where in their order a picture is.
    pub fn place(&self, picture: &Picture) -> Option<usize> {
        self.pictures().position(|pinned| pinned == picture)
    }

    /// The one pinned after this picture, around the end; the first where this one is not pinned.
    pub fn after(&self, picture: &Picture) -> Option<&Picture> {
        let next = self.place(picture).map_or(0, |place| place + 1);
        self.0.get(next).or(self.0.first()).map(|followed| &followed.picture)
    }

    /// `◈ 2 of 3 pinned` for a pinned picture.
    pub fn mark(&self, picture: &Picture) -> Option<String> {
        Some(format!("◈ {} of {} pinned", self.place(picture)? + 1, self.0.len()))
    }

    /// Takes the prediction for a picture at a step in, if it is pinned.
    pub fn follow(&mut self, picture: &Picture, step: u64, probabilities: &[f32]) {
        if let Some(followed) = self.0.iter_mut().find(|followed| followed.picture == *picture) {
            followed.course.take(step, probabilities.to_vec(), KEPT);
        }
    }
}

impl Followed {
    /// The classes that are likeliest now, so many at most.
    pub fn leading(&self, most: usize) -> Vec<usize> {
        let Some(newest) = self.course.newest() else { return Vec::new() };
        let mut order: Vec<usize> = (0..newest.len()).collect();
        order.sort_by(|a, b| newest[*b].total_cmp(&newest[*a]));
        order.truncate(most);
        order
    }
}

impl App {
    /// Pins a picture; whether it is pinned then.
    pub fn pin(&mut self, picture: &Picture) -> bool {
        if self.pinned.place(picture).is_some() {
            return true;
        }
        if self.pinned.count() == MOST {
            self.say(Tone::Warning, format!("{MOST} pictures are pinned, and no more can be; let one of them go first"));
            return false;
        }
        self.pinned.0.push(Followed { picture: picture.clone(), course: Course::default() });
        true
    }

    /// Pins a picture or lets it go, and says so.
    pub fn turn_pin(&mut self, picture: &Picture) {
        if self.pinned.place(picture).is_some() {
            self.pinned.0.retain(|followed| followed.picture != *picture);
            self.say(Tone::Info, format!("{picture} is pinned no longer"));
        } else if self.pin(picture) {
            self.say(Tone::Info, format!("{picture} is pinned; w goes through them, on Predictions they are followed"));
        }
    }
}
