//! From a plan to a batch: which pictures, in which order, seen how, as the network's input.

use std::fmt;
use std::ops::Deref;

use super::augmentation::View;
use super::resize::Bilinear;
use super::stream::{Purpose, Stream};
use super::{Augmentation, BatchError, CHANNELS, ChannelStatistics, Dataset, Pictures};
use crate::spec::{PixelOrder, PixelScale, Pixels};

/// Which pictures: those that are learned from, or those that are held out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    Train,
    Test,
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Split::Train => "training",
            Split::Test => "test",
        })
    }
}

/// All that a batch depends on, besides the dataset: the same plan gives the same bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchPlan {
    /// Training pictures come in the seeded order of the epoch, augmented; test pictures in the file's order, as they are.
    pub split: Split,
    pub seed: u64,
    /// Counted from 0.
    pub epoch: u32,
    /// Pictures of this epoch that came before this batch.
    pub first: usize,
    pub count: usize,
    pub augmentation: Augmentation,
    /// The network's input: channels (3), height, width.
    pub input: [usize; 3],
    pub pixels: Pixels,
}

impl BatchPlan {
    /// Whether this batch can be made from `dataset`.
    pub fn check(&self, dataset: &Dataset) -> Result<(), BatchError> {
        let [channels, height, width] = self.input;
        if channels != CHANNELS || height == 0 || width == 0 {
            return Err(BatchError::Input(self.input));
        }
        let held = dataset.split(self.split).len();
        if self.first.checked_add(self.count).is_none_or(|end| end > held) {
            let (split, first, count) = (self.split, self.first, self.count);
            return Err(BatchError::BeyondEnd { split, first, count, held });
        }
        Ok(())
    }
}

impl Dataset {
    pub fn split(&self, split: Split) -> &Pictures {
        match split {
            Split::Train => &self.train,
            Split::Test => &self.test,
        }
    }
}

/// What a step computes on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// count × 3 × height × width
    pub images: Vec<f32>,
    /// The class of each picture.
    pub labels: Vec<u8>,
    /// The place of each picture in its split.
    pub indices: Vec<u32>,
}

/// Makes one batch into `batch`, whose room is used again. Many in a row are made faster by one [`BatchMaker`].
pub fn make_batch(dataset: &Dataset, plan: &BatchPlan, batch: &mut Batch) -> Result<(), BatchError> {
    BatchMaker::new(dataset).make(plan, batch)
}

/// Makes batches, and keeps what neighbouring plans share: the epoch's order, the tables of bytes and positions.
#[derive(Debug)]
pub struct BatchMaker<D> {
    dataset: D,
    order: EpochOrder,
    feed: Option<Feed>,
}

impl<D: Deref<Target = Dataset>> BatchMaker<D> {
    pub fn new(dataset: D) -> BatchMaker<D> {
        BatchMaker { dataset, order: EpochOrder::default(), feed: None }
    }

    /// Fills in which pictures the batch has, and their classes; returns how each is seen. Their pixels are for others to make.
    pub fn choose(&mut self, plan: &BatchPlan, batch: &mut Batch) -> Result<Vec<View>, BatchError> {
        plan.check(&self.dataset)?;
        let pictures = self.dataset.split(plan.split);
        batch.indices.clear();
        match plan.split {
            Split::Train => {
                let order = self.order.of(plan.seed, plan.epoch, pictures.len());
                batch.indices.extend_from_slice(&order[plan.first..plan.first + plan.count]);
            }
            Split::Test => batch.indices.extend(plan.first as u32..(plan.first + plan.count) as u32),
        }
        batch.labels.clear();
        batch.labels.extend(batch.indices.iter().map(|&i| pictures.label(i as usize)));

        let augmentation = match plan.split {
            Split::Train => plan.augmentation,
            Split::Test => Augmentation::default(),
        };
        Ok(batch.indices.iter().map(|&index| augmentation.view(plan.seed, plan.epoch, index)).collect())
    }

    pub fn make(&mut self, plan: &BatchPlan, batch: &mut Batch) -> Result<(), BatchError> {
        let views = self.choose(plan, batch)?;
        let pictures = self.dataset.split(plan.split);
        let statistics = self.dataset.train.statistics();
        let fits = |feed: &Feed| feed.input == plan.input && feed.pixels == plan.pixels && feed.side == pictures.side();
        let feed = match self.feed.take().filter(fits) {
            Some(feed) => self.feed.insert(feed),
            None => self.feed.insert(Feed::new(plan.input, plan.pixels, statistics, pictures.side())),
        };
        let values = plan.input.iter().product();
        if batch.images.len() != plan.count * values {
            // Zeros fresh from the system cost nothing; resizing would write them.
            batch.images = vec![0.0; plan.count * values];
        }
        for ((image, &index), view) in batch.images.chunks_exact_mut(values).zip(&batch.indices).zip(views) {
            feed.write(pictures.pixels(index as usize), view, image);
        }
        Ok(())
    }
}

/// One square picture, 3 planes of bytes, as the network's input, treated as test pictures are.
pub fn as_input(dataset: &Dataset, picture: &[u8], input: [usize; 3], pixels: Pixels) -> Vec<f32> {
    let mut image = vec![0.0; input.iter().product()];
    let side = (picture.len() / CHANNELS).isqrt();
    Feed::new(input, pixels, dataset.train.statistics(), side).write(picture, View::default(), &mut image);
    image
}

/// The order in which an epoch goes through the training set.
#[derive(Debug, Default)]
struct EpochOrder {
    seed: u64,
    epoch: u32,
    order: Vec<u32>,
}

impl EpochOrder {
    /// A permutation of `0..count` that is a function of (seed, epoch, count); drawn again only where one of them changed.
    fn of(&mut self, seed: u64, epoch: u32, count: usize) -> &[u32] {
        if (self.seed, self.epoch, self.order.len()) != (seed, epoch, count) {
            *self = EpochOrder { seed, epoch, order: shuffled(seed, epoch, count) };
        }
        &self.order
    }
}

fn shuffled(seed: u64, epoch: u32, count: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..count as u32).collect();
    Stream::new(seed, Purpose::Order, u64::from(epoch), 0).shuffle(&mut order);
    order
}

/// For each channel of the picture, the value of each byte in a network's input.
pub fn byte_values(pixels: Pixels, statistics: ChannelStatistics) -> [[f32; 256]; CHANNELS] {
    let value = |channel: usize, byte: usize| {
        let share = byte as f64 / 255.0;
        match pixels.scale {
            PixelScale::Unit => share as f32,
            PixelScale::Standardize => {
                // A channel that never varies has no deviation to divide by; it becomes 0 everywhere.
                let deviation = statistics.deviation[channel].max(f64::EPSILON);
                ((share - statistics.mean[channel]) / deviation) as f32
            }
        }
    };
    std::array::from_fn(|channel| std::array::from_fn(|byte| value(channel, byte)))
}

/// Turns bytes into one network's input.
#[derive(Debug)]
struct Feed {
    input: [usize; 3],
    pixels: Pixels,
    /// Of a picture before it is scaled.
    side: usize,
    /// For each channel of the picture, the value of each byte.
    values: [[f32; 256]; CHANNELS],
    /// Absent where the network takes pictures at their own size.
    scaler: Option<Bilinear>,
    /// A picture at its own size, as values.
    small: Vec<f32>,
}

impl Feed {
    fn new(input: [usize; 3], pixels: Pixels, statistics: ChannelStatistics, side: usize) -> Feed {
        let values = byte_values(pixels, statistics);
        let [_, height, width] = input;
        let scaler = (height != side || width != side).then(|| Bilinear::new(side, height, width));
        Feed { input, pixels, side, values, scaler, small: vec![0.0; CHANNELS * side * side] }
    }

    /// `picture`: 3×side×side bytes; `image`: 3×height×width.
    fn write(&mut self, picture: &[u8], view: View, image: &mut [f32]) {
        let Some(scaler) = &mut self.scaler else {
            return place(picture, self.side, view, self.pixels.order, &self.values, image);
        };
        place(picture, self.side, view, self.pixels.order, &self.values, &mut self.small);
        let [_, height, width] = self.input;
        for (plane, scaled) in self.small.chunks_exact(self.side * self.side).zip(image.chunks_exact_mut(height * width)) {
            scaler.scale(plane, scaled);
        }
    }
}

/// Writes the picture's values as `view` sees them, in the network's order of channels; 0 where the view shows the border.
fn place(picture: &[u8], width: usize, view: View, order: PixelOrder, values: &[[f32; 256]; CHANNELS], image: &mut [f32]) {
    let (side, plane_bytes) = (width as i32, width * width);
    for (c, plane) in image.chunks_exact_mut(plane_bytes).enumerate() {
        let channel = match order {
            PixelOrder::Rgb => c,
            PixelOrder::Bgr => CHANNELS - 1 - c,
        };
        let (source, values) = (&picture[channel * plane_bytes..(channel + 1) * plane_bytes], &values[channel]);
        for (y, row) in (0..side).zip(plane.chunks_exact_mut(width)) {
            let from = y - view.down;
            if !(0..side).contains(&from) {
                row.fill(0.0);
                continue;
            }
            let source = &source[from as usize * width..][..width];
            for (x, value) in (0..side).zip(row) {
                let from = x - view.right;
                let from = if view.mirrored { side - 1 - from } else { from };
                *value = usize::try_from(from).ok().and_then(|from| source.get(from)).map_or(0.0, |&byte| values[byte as usize]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{PICTURE_BYTES, SIDE};
    use super::*;

    const PLANE: usize = SIDE * SIDE;

    proptest! {
        #[test]
        fn a_view_moves_and_mirrors_every_pixel_and_leaves_zeros(
            mirrored: bool,
            right in -4_i32..=4,
            down in -4_i32..=4,
            bgr: bool,
            seed: u8,
        ) {
            let byte = |c: usize, y: usize, x: usize| ((c * 89 + y * 37 + x * 101 + x * y) % 255) as u8 ^ seed;
            let picture: Vec<u8> = (0..PICTURE_BYTES).map(|i| byte(i / PLANE, i % PLANE / SIDE, i % SIDE)).collect();
            let values = std::array::from_fn(|c| std::array::from_fn(|byte| (c * 1000 + byte + 1) as f32));
            let mut image = vec![f32::NAN; PICTURE_BYTES];
            let order = if bgr { PixelOrder::Bgr } else { PixelOrder::Rgb };
            place(&picture, SIDE, View { mirrored, right, down }, order, &values, &mut image);
            for (i, &value) in image.iter().enumerate() {
                let (c, y, x) = (i / PLANE, (i % PLANE / SIDE) as i32, (i % SIDE) as i32);
                let c = if bgr { 2 - c } else { c };
                let (from_y, from_x) = (y - down, x - right);
                let inside = (0..32).contains(&from_y) && (0..32).contains(&from_x);
                let from_x = if mirrored { 31 - from_x } else { from_x };
                let expected = if inside { (c * 1000 + 1) as f32 + f32::from(byte(c, from_y as usize, from_x as usize)) } else { 0.0 };
                prop_assert_eq!(value, expected);
            }
        }
    }

    #[test]
    fn an_order_is_drawn_again_only_for_another_epoch_seed_or_count() {
        let mut cached = EpochOrder::default();
        for (seed, epoch, count) in [(1, 0, 100), (1, 1, 100), (2, 1, 100), (2, 1, 50), (1, 0, 100), (0, 0, 0), (0, 0, 1)] {
            assert_eq!(cached.of(seed, epoch, count), shuffled(seed, epoch, count));
        }
    }
}
