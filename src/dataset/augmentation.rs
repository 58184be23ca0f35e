//! The random changes under which a training picture is seen.

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
pub struct View {
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
        let border = u32::from(self.crop);
        let mut shift = || stream.below(2 * border + 1) as i32 - border as i32;
        View { mirrored, right: shift(), down: shift() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn views_cover_all_that_was_asked_for_and_no_more(seed: u64, epoch: u32, mirror: bool, crop in 0_u8..=4) {
            let augmentation = Augmentation { mirror, crop };
            let views: Vec<View> = (0..3_000).map(|index| augmentation.view(seed, epoch, index)).collect();
            let shifts: BTreeSet<_> = views.iter().map(|view| (view.right, view.down)).collect();
            let range = -i32::from(crop)..=i32::from(crop);
            let all: BTreeSet<_> = range.clone().flat_map(|right| range.clone().map(move |down| (right, down))).collect();
            prop_assert_eq!(shifts, all);
            let mirrored = views.iter().filter(|view| view.mirrored).count();
            let about_half = if mirror { 1_300..1_700 } else { 0..1 };
            prop_assert!(about_half.contains(&mirrored), "{} of 3,000 are mirrored", mirrored);
        }

        #[test]
        fn switching_the_mirror_leaves_the_crop_as_it_is(seed: u64, epoch: u32, index: u32, crop in 1_u8..=4) {
            let [plain, mirrored] = [false, true].map(|mirror| Augmentation { mirror, crop }.view(seed, epoch, index));
            prop_assert_eq!((plain.right, plain.down), (mirrored.right, mirrored.down));
        }
    }
}
