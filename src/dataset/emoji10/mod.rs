//! Emoji-10: the ten classes of CIFAR-10 drawn from emoji, for a machine without CIFAR-10. A stand-in, never to be called CIFAR-10.
//!
//! Picture `index` shows class `index mod 10`: one of the class's designs at a random place and size, turned, mirrored, tinted, on
//! a background that half of the time suits the class and else is anything. A quarter of the test pictures of a class show a design that no training picture shows, where the class
//! has enough designs. Artwork: Twemoji, CC-BY 4.0 (`data/README.md`).

mod background;
mod glyph;
mod sprite;

use std::path::PathBuf;

use rayon::prelude::*;

use self::background::Background;
use self::glyph::Glyph;
use self::sprite::Sprite;
use super::stream::{Purpose, Stream};
use super::{CHANNELS, CLASSES, DataError, Dataset, PICTURE_BYTES, Pictures, SIDE, Split};

/// The seed of the built-in dataset: everybody has the same pictures.
const SEED: u64 = 10;
/// Pictures to learn from.
pub const TRAIN: usize = 10_000;
/// Pictures held out.
pub const TEST: usize = 2_000;
/// Share of the test pictures, in percent, that show a design never trained on, where there is one.
const UNSEEN_PERCENT: u32 = 25;

/// A colour with channels from 0 to 1.
type Colour = [f32; CHANNELS];

/// The whole dataset.
pub fn draw() -> Result<Dataset, DataError> {
    draw_sized(SEED, TRAIN, TEST)
}

/// A dataset of other sizes or of another seed; a picture does not depend on how many there are.
fn draw_sized(seed: u64, train: usize, test: usize) -> Result<Dataset, DataError> {
    let designs = glyph::designs()?;
    let set = |split, count: usize| {
        let labels = (0..count).map(|index| class_of(index) as u8).collect();
        let mut pixels = vec![0; count * PICTURE_BYTES];
        pixels
            .par_chunks_exact_mut(PICTURE_BYTES)
            .enumerate()
            .for_each(|(index, picture)| draw_picture(&designs, seed, split, index, picture));
        Pictures::new(labels, pixels)
    };
    Ok(Dataset {
        name: "Emoji-10".into(),
        stand_in: true,
        folder: PathBuf::new(),
        classes: CLASSES.map(String::from).to_vec(),
        train: set(Split::Train, train),
        test: set(Split::Test, test),
    })
}

fn class_of(index: usize) -> usize {
    index % CLASSES.len()
}

/// The designs of one class.
struct Designs {
    /// Shown in training and test pictures; never empty.
    seen: Vec<Glyph>,
    /// Shown in test pictures only.
    unseen: Vec<Glyph>,
}

impl Designs {
    fn choose(&self, split: Split, stream: &mut Stream) -> &Glyph {
        let unseen = stream.below(100) < UNSEEN_PERCENT && split == Split::Test && !self.unseen.is_empty();
        let among = if unseen { &self.unseen } else { &self.seen };
        &among[stream.below(among.len() as u32) as usize]
    }
}

/// Draws picture `index` of a split into three planes of 32×32 bytes.
fn draw_picture(designs: &[Designs], seed: u64, split: Split, index: usize, picture: &mut [u8]) {
    let mut stream = Stream::new(seed, Purpose::Emoji, split as u64, index as u64);
    let class = class_of(index);
    let glyph = designs[class].choose(split, &mut stream);
    let background = Background::draw(class, &mut stream);
    let sprite = Sprite::draw(glyph, &mut stream);
    let light = stream.between(0.7, 1.15);
    let grain = stream.between(0.0, 0.05);
    let plane = SIDE * SIDE;
    for at in 0..plane {
        let (x, y) = ((at % SIDE) as f32 + 0.5, (at / SIDE) as f32 + 0.5);
        let colour = sprite.over(background.at(x, y), x, y);
        for (channel, value) in colour.into_iter().enumerate() {
            let value = value * light + stream.between(-grain, grain);
            picture[channel * plane + at] = (value * 255.0 + 0.5) as u8;
        }
    }
}

/// `a` where `share` is 0, `b` where it is 1.
fn blend(a: Colour, b: Colour, share: f32) -> Colour {
    std::array::from_fn(|c| a[c] + (b[c] - a[c]) * share)
}

fn random_colour(stream: &mut Stream) -> Colour {
    std::array::from_fn(|_| stream.between(0.05, 0.95))
}
