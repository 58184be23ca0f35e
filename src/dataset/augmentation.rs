//! The random changes under which a training picture is seen.

use super::SIDE;
use super::stream::{Purpose, Stream};

/// Which changes are made; the knobs `mirror` and `crop`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Augmentation {
    /// Half of the pictures are mirrored left to right.
    pub mirror: bool,
    /// Pixels of border put around a picture before a window of its own size is cut out of it at random, as He et al. 2015
    /// (arXiv 1512.03385, section 4.2) do with 4; 0: none. The border is 0 in the network's input.
    pub crop: u8,
}

/// How one picture is seen in one epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct View {
    pub mirrored: bool,
    /// Pixels by which the picture moves right and down; what moves out is lost.
    pub right: i32,
    pub down: i32,
}

impl Augmentation {
    /// The view of picture `index` in `epoch`. Switching one change on or off leaves the draw of the other as it is.
    pub(super) fn view(self, seed: u64, epoch: u32, index: u32) -> View {
        if self == Augmentation::default() {
            return View::default();
        }
        let mut stream = Stream::new(seed, Purpose::Augmentation, u64::from(epoch), u64::from(index));
        let mirrored = stream.coin() && self.mirror;
        let border = u32::from(self.crop).min(SIDE as u32 - 1);
        let mut shift = || stream.below(2 * border + 1) as i32 - border as i32;
        View { mirrored, right: shift(), down: shift() }
    }
}
