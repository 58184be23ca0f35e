//! The input made on the device beside the host's.

use std::sync::Arc;

use alexscope::dataset::{Augmentation, BatchMaker, BatchPlan, CHANNELS, Opened, Split, byte_values, load, make_batch, taps};
use alexscope::ops::feed::{self, Feed, Shown, Tap};
use alexscope::ops::reorder;
use alexscope::spec::{PixelOrder, PixelScale, Pixels};
use candle_core::Tensor;

use crate::near::{assert_near, in_every_form};

#[test]
fn cuda_pictures_are_moved_mirrored_and_scaled_as_on_the_host() {
    let dataset = Arc::new(load(&Opened::Emoji10).unwrap());
    in_every_form(|at| {
        for (side, order, scale) in [
            (47, PixelOrder::Rgb, PixelScale::Standardize),
            (32, PixelOrder::Bgr, PixelScale::Unit),
            (28, PixelOrder::Bgr, PixelScale::Standardize),
        ] {
            let plan = BatchPlan {
                split: Split::Train,
                seed: 5,
                epoch: 3,
                first: 64,
                count: 9,
                augmentation: Augmentation { mirror: true, crop: 4 },
                input: [CHANNELS, side, side],
                pixels: Pixels { order, scale },
            };
            let (mut made, mut chosen) = (Default::default(), Default::default());
            make_batch(&dataset, &plan, &mut made).unwrap();
            let views = BatchMaker::new(dataset.clone()).choose(&plan, &mut chosen).unwrap();
            assert_eq!((&chosen.labels, &chosen.indices), (&made.labels, &made.indices));

            let pictures = &dataset.train;
            let from = pictures.side();
            let bytes = Tensor::from_slice(pictures.all_pixels(), (pictures.len(), CHANNELS, from, from), &at.device).unwrap();
            let values = byte_values(plan.pixels, pictures.statistics());
            let tap = |tap: &alexscope::dataset::Tap| Tap {
                before: tap.before as u32,
                after: tap.after as u32,
                weight_before: tap.weight_before,
                weight_after: tap.weight_after,
            };
            let axis: Vec<_> = taps(from, side).iter().map(tap).collect();
            let feed = Feed::new(from, bytes, values.as_flattened(), order == PixelOrder::Bgr, &axis, &axis).unwrap();
            let shown: Vec<_> = chosen
                .indices
                .iter()
                .zip(&views)
                .map(|(&picture, view)| Shown { picture, right: view.right, down: view.down, mirrored: view.mirrored.into() })
                .collect();
            let x = at.blank(&[plan.count, CHANNELS, side, side]);
            feed::forward(&at.gpu, &feed, &shown, &x).unwrap();
            let tolerance = if at.form.numbers() == candle_core::DType::BF16 { 5e-3 } else { 1e-6 };
            assert_near("input", &reorder::read(&at.gpu, &x).unwrap(), &made.images, tolerance);
        }
    });
}
