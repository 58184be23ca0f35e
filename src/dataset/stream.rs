//! Random numbers without state to lose: a ChaCha stream for each thing that is drawn, keyed by what it is drawn for.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a stream is drawn for; part of its key, so that streams of different purpose are unrelated.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    Order,
    Augmentation,
    Emoji,
    Split,
}

impl Purpose {
    fn tag(self) -> &'static [u8; 8] {
        match self {
            Purpose::Order => b"ds/order",
            Purpose::Augmentation => b"ds/augm.",
            Purpose::Emoji => b"ds/emoji",
            Purpose::Split => b"ds/split",
        }
    }
}

/// The numbers that belong to one key.
pub(super) struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream of (`seed`, `purpose`, `group`, `item`): an epoch's order, a picture's augmentation.
    pub fn new(seed: u64, purpose: Purpose, group: u64, item: u64) -> Stream {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(purpose.tag());
        key[16..24].copy_from_slice(&group.to_le_bytes());
        key[24..].copy_from_slice(&item.to_le_bytes());
        Stream(ChaCha8Rng::from_seed(key))
    }

    /// A whole number in `0..n`. The bias of multiply-and-shift is under n / 2³².
    pub fn below(&mut self, n: u32) -> u32 {
        ((u64::from(self.0.next_u32()) * u64::from(n)) >> 32) as u32
    }

    /// Fisher and Yates's shuffle (Knuth, The Art of Computer Programming, volume 2, algorithm 3.4.2P).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u32 + 1) as usize);
        }
    }

    /// A number in `least..=most`.
    pub fn between(&mut self, least: f32, most: f32) -> f32 {
        least + (most - least) * (self.0.next_u32() as f32 / u32::MAX as f32)
    }

    /// True once in two.
    pub fn coin(&mut self) -> bool {
        self.below(2) == 1
    }
}
