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
        Pictures::new(SIDE, labels, pixels)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn with_threads(threads: usize, work: impl FnOnce() -> Dataset + Send) -> Dataset {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
    }

    #[test]
    fn a_picture_is_a_function_of_seed_and_index_at_any_number_of_threads() {
        let few = with_threads(1, || draw_sized(3, 40, 20).unwrap());
        let many = with_threads(4, || draw_sized(3, 160, 60).unwrap());
        for (few, many) in [(&few.train, &many.train), (&few.test, &many.test)] {
            assert!((0..few.len()).all(|i| few.pixels(i) == many.pixels(i) && few.label(i) == many.label(i)));
        }
    }

    #[test]
    fn no_picture_comes_twice() {
        let sets = [draw_sized(3, 500, 200).unwrap(), draw_sized(4, 500, 200).unwrap()];
        let pictures = sets.iter().flat_map(|set| [&set.train, &set.test]).flat_map(|set| (0..set.len()).map(|i| set.pixels(i)));
        assert_eq!(pictures.collect::<std::collections::BTreeSet<_>>().len(), 1400);
    }

    #[test]
    fn a_quarter_of_the_test_pictures_show_designs_never_trained_on() {
        for designs in glyph::designs().unwrap() {
            let unseen_of = |split: Split| {
                let chosen = |index| designs.choose(split, &mut Stream::new(SEED, Purpose::Emoji, split as u64, index));
                (0..400).filter(|&index| designs.unseen.iter().any(|glyph| std::ptr::eq(glyph, chosen(index)))).count()
            };
            assert_eq!(unseen_of(Split::Train), 0);
            assert_eq!((60..140).contains(&unseen_of(Split::Test)), !designs.unseen.is_empty());
        }
        assert_eq!(glyph::designs().unwrap().iter().filter(|designs| designs.unseen.is_empty()).count(), 2, "deer and frog");
    }

    /// Share of the test pictures whose class has the mean training picture that is nearest.
    fn nearest_mean_accuracy(dataset: &Dataset) -> f64 {
        let mut means = vec![vec![0.0_f64; PICTURE_BYTES]; CLASSES.len()];
        let each = (dataset.train.len() / CLASSES.len()) as f64;
        for i in 0..dataset.train.len() {
            let mean = &mut means[usize::from(dataset.train.label(i))];
            mean.iter_mut().zip(dataset.train.pixels(i)).for_each(|(mean, &byte)| *mean += f64::from(byte) / each);
        }
        let right = |i: &usize| {
            let far =
                |mean: &[f64]| mean.iter().zip(dataset.test.pixels(*i)).map(|(m, &b)| (m - f64::from(b)).powi(2)).sum::<f64>();
            let nearest = (0..CLASSES.len()).min_by(|&a, &b| far(&means[a]).total_cmp(&far(&means[b])));
            nearest == Some(usize::from(dataset.test.label(*i)))
        };
        (0..dataset.test.len()).filter(right).count() as f64 / dataset.test.len() as f64
    }

    #[test]
    fn classes_can_be_told_apart_but_not_by_their_mean_picture() {
        let accuracy = nearest_mean_accuracy(&draw_sized(SEED, 2_000, 500).unwrap());
        assert!((0.2..0.5).contains(&accuracy), "{accuracy}");
    }
}
