//! What a batch holds: which pictures, in which order, seen how; and that the thread which prepares it changes nothing.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use alexscope::dataset::{
    Augmentation, Batch, BatchError, BatchPlan, Dataset, Opened, PICTURE_BYTES, Prefetcher, Split, load, make_batch,
};
use alexscope::spec::{PixelOrder, PixelScale, Pixels};
use proptest::prelude::*;

static DATASET: LazyLock<Arc<Dataset>> = LazyLock::new(|| Arc::new(load(&Opened::Emoji10).unwrap()));

const BOTH: Augmentation = Augmentation { mirror: true, crop: 4 };
const NONE: Augmentation = Augmentation { mirror: false, crop: 0 };
const STANDARDIZED: Pixels = Pixels { order: PixelOrder::Rgb, scale: PixelScale::Standardize };
const UNIT: Pixels = Pixels { order: PixelOrder::Rgb, scale: PixelScale::Unit };
const PLAN: BatchPlan = BatchPlan {
    split: Split::Train,
    seed: 1,
    epoch: 0,
    first: 0,
    count: 20,
    augmentation: NONE,
    input: [3, 32, 32],
    pixels: STANDARDIZED,
};

fn made(plan: &BatchPlan) -> Batch {
    let mut batch = Batch::default();
    make_batch(&DATASET, plan, &mut batch).unwrap();
    batch
}

#[test]
fn an_epoch_shows_every_picture_once_in_an_order_of_its_own() {
    let whole = BatchPlan { count: DATASET.train.len(), ..PLAN };
    let order = made(&whole).indices;
    assert_eq!(order.iter().copied().collect::<BTreeSet<_>>(), (0..DATASET.train.len() as u32).collect());
    let next = made(&BatchPlan { epoch: 1, ..whole }).indices;
    let other = made(&BatchPlan { seed: 2, ..whole }).indices;
    assert!(order != next && order != other && next != other);
    // Unlike any order that is easy to make: about one picture is in its own place.
    assert!(order.iter().enumerate().filter(|&(place, &index)| place == index as usize).count() < 10);
}

#[test]
fn batches_of_an_epoch_are_pieces_of_its_order() {
    let whole = made(&BatchPlan { count: 100, ..PLAN });
    let pieces: Vec<Batch> = [(0, 33), (33, 40), (73, 27)].map(|(first, count)| made(&BatchPlan { first, count, ..PLAN })).into();
    assert_eq!(pieces.iter().flat_map(|piece| piece.indices.clone()).collect::<Vec<_>>(), whole.indices);
    assert_eq!(pieces.iter().flat_map(|piece| piece.images.clone()).collect::<Vec<_>>(), whole.images);
    assert!(whole.indices.iter().zip(&whole.labels).all(|(&i, &label)| label == DATASET.train.label(i as usize)));
}

#[test]
fn test_pictures_come_in_the_files_order_and_are_never_changed() {
    let plan = BatchPlan { split: Split::Test, first: 50, augmentation: BOTH, ..PLAN };
    let batch = made(&plan);
    assert_eq!(batch.indices, (50..70).collect::<Vec<u32>>());
    assert_eq!(batch, made(&BatchPlan { augmentation: NONE, seed: 9, epoch: 9, ..plan }));
}

#[test]
fn unit_pixels_are_bytes_over_255_and_bgr_is_rgb_backwards() {
    let plan = BatchPlan { split: Split::Test, count: 3, pixels: UNIT, ..PLAN };
    let rgb = made(&plan).images;
    let bgr = made(&BatchPlan { pixels: Pixels { order: PixelOrder::Bgr, ..UNIT }, ..plan }).images;
    for i in 0..3 {
        let picture = DATASET.test.pixels(i);
        for (at, &byte) in picture.iter().enumerate() {
            assert_eq!(rgb[i * PICTURE_BYTES + at], f32::from(byte) / 255.0);
            assert_eq!(bgr[i * PICTURE_BYTES + (2 - at / 1024) * 1024 + at % 1024], f32::from(byte) / 255.0);
        }
    }
}

#[test]
fn the_standardized_training_set_has_mean_0_and_deviation_1_in_each_channel() {
    let images = made(&BatchPlan { count: DATASET.train.len(), ..PLAN }).images;
    for channel in 0..3 {
        let values = || images.chunks(1024).skip(channel).step_by(3).flatten().map(|&value| f64::from(value));
        let count = (DATASET.train.len() * 1024) as f64;
        let mean = values().sum::<f64>() / count;
        let variance = values().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
        assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-5, "channel {channel}: {mean}, {variance}");
    }
}

#[test]
fn augmentation_changes_most_training_pictures_and_differs_by_epoch() {
    let plain = made(&BatchPlan { count: 200, ..PLAN });
    let augmented = made(&BatchPlan { count: 200, augmentation: BOTH, ..PLAN });
    assert_eq!(plain.indices, augmented.indices);
    let pairs = plain.images.chunks(PICTURE_BYTES).zip(augmented.images.chunks(PICTURE_BYTES));
    // One in 162 stays as it is: not mirrored, not moved.
    assert!(pairs.filter(|(a, b)| a == b).count() < 10);
    // The same picture in another epoch.
    let whole = BatchPlan { count: DATASET.train.len(), augmentation: BOTH, ..PLAN };
    let at = |batch: &Batch, index: u32| {
        let place = batch.indices.iter().position(|&i| i == index).unwrap();
        batch.images[place * PICTURE_BYTES..][..PICTURE_BYTES].to_vec()
    };
    let [first, second] = [0, 1].map(|epoch| made(&BatchPlan { epoch, ..whole }));
    assert!((0..20).filter(|&index| at(&first, index) == at(&second, index)).count() < 4);
}

#[test]
fn a_larger_input_is_filled_edge_to_edge_with_the_same_picture() {
    let small = made(&PLAN);
    let large = made(&BatchPlan { input: [3, 227, 227], ..PLAN });
    assert_eq!(large.images.len(), 20 * 3 * 227 * 227);
    for (small, large) in small.images.chunks(1024).zip(large.images.chunks(227 * 227)) {
        assert_eq!((small[0], small[1023]), (large[0], large[227 * 227 - 1]));
        let (low, high) = small.iter().fold((f32::MAX, f32::MIN), |(low, high), &v| (low.min(v), high.max(v)));
        assert!(large.iter().all(|value| (low - 1e-5..=high + 1e-5).contains(value)));
        let mean = |values: &[f32]| values.iter().map(|&v| f64::from(v)).sum::<f64>() / values.len() as f64;
        assert!((mean(small) - mean(large)).abs() < 0.05);
    }
}

#[test]
fn what_cannot_be_made_is_refused_with_the_numbers() {
    let error = |plan: BatchPlan| make_batch(&DATASET, &plan, &mut Batch::default()).unwrap_err().to_string();
    let channels = error(BatchPlan { input: [1, 28, 28], ..PLAN });
    assert!(channels.contains("1 channels × 28 × 28") && channels.contains("set the model's input to [3,"), "{channels}");
    assert!(error(BatchPlan { input: [3, 0, 32], ..PLAN }).contains("at least one pixel"));
    let beyond = error(BatchPlan { first: 9_990, ..PLAN });
    assert!(beyond.contains("pictures 9990 to 10010 of the training set") && beyond.contains("holds 10000"), "{beyond}");
    assert!(matches!(
        make_batch(&DATASET, &BatchPlan { first: usize::MAX, ..PLAN }, &mut Batch::default()),
        Err(BatchError::BeyondEnd { .. })
    ));
}

fn any_plan() -> impl Strategy<Value = BatchPlan> {
    let input = prop_oneof![Just([3, 32, 32]), Just([3, 40, 50]), Just([3, 28, 28])];
    let pixels = prop_oneof![Just(STANDARDIZED), Just(UNIT), Just(Pixels { order: PixelOrder::Bgr, ..STANDARDIZED })];
    let shape = (0_usize..200, 1_usize..40, input, pixels);
    ((any::<bool>(), 0_u64..3, 0_u32..3), (any::<bool>(), 0_u8..=4), shape).prop_map(
        |((test, seed, epoch), (mirror, crop), (first, count, input, pixels))| BatchPlan {
            split: if test { Split::Test } else { Split::Train },
            seed,
            epoch,
            first,
            count,
            augmentation: Augmentation { mirror, crop },
            input,
            pixels,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Whether the announced next plan is the one that is then asked for, another one, or none.
    #[test]
    fn a_prefetched_batch_is_the_one_of_its_plan_even_when_plans_change(
        plans in prop::collection::vec((any_plan(), any_plan(), 0_u8..3, any::<bool>()), 1..12)
    ) {
        let mut prefetcher = Prefetcher::new(DATASET.clone()).unwrap();
        for (i, (plan, other, announce, give_back)) in plans.iter().enumerate() {
            let next = match announce {
                0 => None,
                1 => Some(other),
                _ => plans.get(i + 1).map(|(next, ..)| next),
            };
            let batch = prefetcher.take(plan, next).unwrap();
            prop_assert_eq!(&batch, &made(plan));
            if *give_back {
                prefetcher.recycle(batch);
            }
        }
    }
}

#[test]
fn a_plan_that_cannot_be_made_does_not_spoil_the_prefetcher() {
    let mut prefetcher = Prefetcher::new(DATASET.clone()).unwrap();
    let impossible = BatchPlan { first: 10_000, ..PLAN };
    assert_eq!(prefetcher.take(&PLAN, Some(&impossible)).unwrap(), made(&PLAN));
    assert!(matches!(prefetcher.take(&impossible, Some(&PLAN)), Err(BatchError::BeyondEnd { .. })));
    assert_eq!(prefetcher.take(&PLAN, None).unwrap(), made(&PLAN));
}

#[test]
fn dropping_a_prefetcher_ends_its_thread() {
    let dataset = Arc::new(load(&Opened::Emoji10).unwrap());
    let mut prefetcher = Prefetcher::new(dataset.clone()).unwrap();
    prefetcher.take(&PLAN, Some(&BatchPlan { count: 200, input: [3, 227, 227], ..PLAN })).unwrap();
    drop(prefetcher);
    // The thread held the dataset.
    assert_eq!(Arc::strong_count(&dataset), 1);
}
