use super::{Panels, Product, Run, Strided, Turn};
use crate::ops::testing::{assert_close, random};
use crate::ops::{Instructions, Real};

fn kinds() -> impl Iterator<Item = Instructions> {
    Instructions::ALL.into_iter().filter(|kind| kind.exist())
}

fn random_f32(seed: u64, count: usize) -> Vec<f32> {
    random(seed, count).into_iter().map(|v| v as f32).collect()
}

#[test]
fn every_length_of_run_and_width_of_panel_gives_the_product_of_the_formula() {
    const STEPS: [u32; 5] = [0, 3, 4, 11, 40];
    let source = random_f32(1, 200);
    for (channels, length) in (1..40).flat_map(|channels| (1..=20).map(move |length| (channels, length))) {
        let matrix = random_f32(2, STEPS.len() * channels);
        for kind in kinds() {
            let (panels, longest) = (Panels::of::<f32>(kind, channels), f32::tiles(kind).longest);
            let runs: Vec<Run> = (0..5).flat_map(|i| Run::cut(i * 23, i * length, length, longest)).collect();
            let mut packed = vec![f32::NAN; STEPS.len() * panels.width()];
            panels.pack(kind, STEPS.len(), Strided { elements: &matrix, step_by: channels, channel_by: 1 }, &mut packed);
            for panel in panels.iter() {
                let packed = &packed[panel.offset(STEPS.len())..];
                let product = Product { source: &source, runs: &runs, steps: &STEPS, panel: packed, width: panel.width };
                let mut handed = vec![f32::NAN; 5 * length * panel.width];
                product.for_each_run(kind, |run, tile| handed[run.place * panel.width..][..tile.len()].copy_from_slice(tile));
                let mut written = vec![1.0; handed.len()];
                product.write_rows(kind, &mut written, panel.width, true);
                let expected: Vec<f32> = (0..handed.len())
                    .map(|place| {
                        let (row, channel) = (place / panel.width, panel.first + place % panel.width);
                        let start = row / length * 23 + row % length;
                        let sum = |(s, &step): (usize, &u32)| source[start + step as usize] * matrix[s * channels + channel];
                        if channel < channels { STEPS.iter().enumerate().map(sum).sum() } else { 0.0 }
                    })
                    .collect();
                written.iter_mut().for_each(|sum| *sum -= 1.0);
                assert_close("handed over", &handed, &expected, 1e-5);
                assert_close("written", &written, &expected, 1e-5);
            }
        }
    }
}

#[test]
fn a_matrix_of_any_size_is_turned_around_and_nothing_beside_it_is_touched() {
    for (rows, columns) in (0..35).flat_map(|rows| (0..35).map(move |columns| (rows, columns))) {
        let (source_by, target_by) = (columns + 3, rows + 2);
        let source = random_f32(3, rows * source_by);
        for kind in kinds() {
            let mut target = vec![f32::INFINITY; columns * target_by];
            Turn { rows, columns, source_by, target_by }.run(kind, &source, &mut target);
            for (i, &value) in target.iter().enumerate() {
                let (column, row) = (i / target_by, i % target_by);
                assert_eq!(value, if row < rows { source[row * source_by + column] } else { f32::INFINITY });
            }
        }
    }
}
