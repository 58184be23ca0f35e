//! What a batch holds: which pictures, in which order, seen how.

use std::collections::BTreeSet;

use alexscope::dataset::{Augmentation, Batch, BatchPlan, Dataset, Source, Split, load, make_batch};
use alexscope::spec::{PixelOrder, PixelScale, Pixels};

const PIXELS: Pixels = Pixels { order: PixelOrder::Rgb, scale: PixelScale::Standardize };

fn plan(dataset: &Dataset) -> BatchPlan {
    BatchPlan {
        split: Split::Train,
        seed: 1,
        epoch: 0,
        first: 0,
        count: dataset.train.len(),
        augmentation: Augmentation::default(),
        input: [3, 32, 32],
        pixels: PIXELS,
    }
}

fn made(dataset: &Dataset, plan: &BatchPlan) -> Batch {
    let mut batch = Batch::default();
    make_batch(dataset, plan, &mut batch).unwrap();
    batch
}

#[test]
fn an_epoch_shows_every_picture_once_in_an_order_of_its_own() {
    let dataset = load(&Source::Emoji10).unwrap();
    let plan = plan(&dataset);
    let order = made(&dataset, &plan).indices;
    assert_eq!(order.iter().copied().collect::<BTreeSet<_>>(), (0..dataset.train.len() as u32).collect());
    let next = made(&dataset, &BatchPlan { epoch: 1, ..plan }).indices;
    let other = made(&dataset, &BatchPlan { seed: 2, ..plan }).indices;
    assert!(order != next && order != other && next != other);
}
