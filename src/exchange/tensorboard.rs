//! TensorBoard's event files: records with checksums around Protocol Buffers messages
//! (tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto).

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Sender, unbounded};
use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};

use super::crc::masked;
use super::protobuf::Message;
use super::{ExchangeError, Result};
use crate::run::{Arrays, read_checkpoint};
use crate::session::{Event, LayerStats, RunHeader, Split, Stamped};
use crate::spec::PixelOrder;

/// Bars of a histogram.
const BARS: usize = 64;
/// Pixels of a kernel's weight in a picture, and kernels side by side.
const ZOOM: usize = 4;
const KERNELS_ABREAST: usize = 12;

/// Writes events of a run into a file that TensorBoard reads.
pub struct EventWriter {
    path: PathBuf,
    file: BufWriter<File>,
    started_at: f64,
    /// Where checkpoints lie.
    checkpoints: Option<PathBuf>,
    /// The first planes of the kernels are those of blue.
    blue_first: bool,
}

impl EventWriter {
    /// Makes `events.out.tfevents.<time>.alexscope` in `folder`. `checkpoints`: histograms and kernels are taken from there.
    pub fn create(folder: &Path, header: &RunHeader, checkpoints: Option<PathBuf>) -> Result<EventWriter> {
        EventWriter::further(header.started_at, folder, header, checkpoints)
    }

    /// Another file beside those that are there, of a run that goes on `now`, in seconds since 1970.
    pub fn further(now: u64, folder: &Path, header: &RunHeader, checkpoints: Option<PathBuf>) -> Result<EventWriter> {
        fs::create_dir_all(folder).map_err(ExchangeError::writing(folder))?;
        let path = folder.join(format!("events.out.tfevents.{now}.alexscope"));
        let file = File::create(&path).map_err(ExchangeError::writing(&path))?;
        let started_at = header.started_at as f64;
        let blue_first = header.model.pixels.order == PixelOrder::Bgr;
        let mut writer = EventWriter { path, file: BufWriter::new(file), started_at, checkpoints, blue_first };
        writer.record(Message::new().double(1, started_at).string(3, "brain.Event:2"))?;
        Ok(writer)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds what TensorBoard can show of an event.
    pub fn event(&mut self, stamped: &Stamped) -> Result<()> {
        let (step, values) = match &stamped.event {
            Event::Step(s) => {
                let figures =
                    [("loss", s.loss), ("accuracy", s.accuracy)].map(|(name, value)| scalar(&format!("train/{name}"), value));
                let others = [("learning_rate", s.learning_rate), ("images_per_second", s.images_per_second)];
                (s.step, figures.into_iter().chain(others.map(|(name, value)| scalar(name, value))).collect())
            }
            Event::Evaluated(e) => {
                let split = if e.split == Split::Test { "test" } else { "train_evaluated" };
                let figures = [("loss", e.loss), ("accuracy", e.accuracy)];
                (e.step, figures.map(|(name, value)| scalar(&format!("{split}/{name}"), value)).to_vec())
            }
            Event::Changed(change) => {
                let value = change.knob.spec().parse(&change.to).unwrap_or(f64::NAN);
                (change.step, vec![scalar(&format!("settings/{}", change.knob), value)])
            }
            Event::Layers(seen) => (seen.step, seen.layers.iter().flat_map(layer_scalars).collect()),
            Event::Saved { step, path, .. } => (*step, self.saved(path)),
            _ => return Ok(()),
        };
        if values.is_empty() {
            return Ok(());
        }
        let summary = Message::new().messages(1, values);
        self.record(Message::new().double(1, self.started_at + stamped.time).int(2, step as i64).message(5, summary))
    }

    /// Histograms of the weights in a checkpoint and a picture of the first kernels; nothing where it is not there any more.
    fn saved(&self, name: &str) -> Vec<Message> {
        let Some(saved) = self.checkpoints.as_ref().and_then(|folder| read_checkpoint(&folder.join(name)).ok()) else {
            return Vec::new();
        };
        let histograms = saved.parameters.iter().filter_map(|(name, _, values)| histogram(name, values));
        histograms.chain(kernels(&saved.parameters, self.blue_first)).collect()
    }

    fn record(&mut self, event: Message) -> Result<()> {
        let data = event.into_bytes();
        let length = (data.len() as u64).to_le_bytes();
        let parts = [&length[..], &masked(&length).to_le_bytes(), &data, &masked(&data).to_le_bytes()];
        parts.iter().try_for_each(|part| self.file.write_all(part)).map_err(ExchangeError::writing(&self.path))
    }

    pub fn flush(&mut self) -> Result<()> {
        self.file.flush().map_err(ExchangeError::writing(&self.path))
    }
}

// Summary.Value: tag 1, simple_value 2, image 4, histo 5.

fn scalar(tag: &str, value: f64) -> Message {
    Message::new().string(1, tag).float(2, value as f32)
}

fn layer_scalars(layer: &LayerStats) -> Vec<Message> {
    let figures = [
        ("mean", layer.mean),
        ("deviation", layer.deviation),
        ("dead", layer.dead),
        ("weight_norm", layer.weight_norm),
        ("gradient_norm", layer.gradient_norm),
        ("update_ratio", layer.update_ratio),
    ];
    let there = figures.into_iter().filter_map(|(name, value)| Some((name, value?)));
    there.map(|(name, value)| scalar(&format!("layers/{}/{name}", layer.name), value)).collect()
}

/// HistogramProto: min 1, max 2, num 3, sum 4, sum of squares 5, right edges 6, counts 7. None for an array of nothing finite.
fn histogram(name: &str, values: &[f32]) -> Option<Message> {
    let finite = || values.iter().map(|value| f64::from(*value)).filter(|value| value.is_finite());
    let (low, high) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if low > high {
        return None;
    }
    let width = ((high - low) / BARS as f64).max(f64::MIN_POSITIVE);
    let mut counts = vec![0.0; BARS];
    for value in finite() {
        counts[(((value - low) / width) as usize).min(BARS - 1)] += 1.0;
    }
    let edges: Vec<f64> = (1..=BARS).map(|i| if i == BARS { high } else { low + width * i as f64 }).collect();
    let (sum, squares) = finite().fold((0.0, 0.0), |(sum, squares), v| (sum + v, squares + v * v));
    let histogram = Message::new().double(1, low).double(2, high).double(3, finite().count() as f64);
    let histogram = histogram.double(4, sum).double(5, squares).doubles(6, &edges).doubles(7, &counts);
    Some(Message::new().string(1, &format!("weights/{name}")).message(5, histogram))
}

/// The kernels of the first convolution in colour, each stretched from its lowest to its highest weight.
/// Summary.Image: height 1, width 2, colour space 3 (3 is RGB), the PNG 4.
fn kernels(parameters: &Arrays, blue_first: bool) -> Option<Message> {
    let (name, shape, values) = parameters.iter().find(|(_, shape, _)| matches!(shape[..], [_, 3, _, _]))?;
    let [count, _, rows, columns] = shape[..] else { return None };
    let (abreast, pitch) = (KERNELS_ABREAST.min(count), [rows + 1, columns + 1]);
    let (height, width) = (count.div_ceil(abreast) * pitch[0] * ZOOM, abreast * pitch[1] * ZOOM);
    let mut pixels = vec![0_u8; height * width * 3];
    for (place, kernel) in values.chunks_exact(3 * rows * columns).enumerate() {
        let (low, high) = kernel.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)));
        for (i, weight) in kernel.iter().enumerate() {
            let (channel, row, column) = (i / (rows * columns), i / columns % rows, i % columns);
            let level = ((weight - low) / (high - low).max(f32::MIN_POSITIVE) * 255.0) as u8;
            let (top, left) = ((place / abreast * pitch[0] + row) * ZOOM, (place % abreast * pitch[1] + column) * ZOOM);
            for at in (0..ZOOM * ZOOM).map(|i| (top + i / ZOOM) * width + left + i % ZOOM) {
                pixels[at * 3 + if blue_first { 2 - channel } else { channel }] = level;
            }
        }
    }
    let mut png = Vec::new();
    PngEncoder::new(&mut png).write_image(&pixels, width as u32, height as u32, ExtendedColorType::Rgb8).ok()?;
    let image = Message::new().int(1, height as i64).int(2, width as i64).int(3, 3).bytes(4, &png);
    Some(Message::new().string(1, &format!("kernels/{name}")).message(4, image))
}

/// Writes the events of a run while it trains, on a thread of its own, so that training never waits for it.
pub struct Follower {
    /// Absent once it is told to end.
    events: Option<Sender<Stamped>>,
    thread: Option<JoinHandle<()>>,
}

impl Follower {
    pub fn start(mut writer: EventWriter) -> Result<Follower> {
        let (events, to_write) = unbounded::<Stamped>();
        let path = writer.path.clone();
        let work = move || {
            for stamped in to_write.iter() {
                // A disk that is full ends the following, not the training; the record says all the same.
                let written = writer.event(&stamped).and_then(|()| if to_write.is_empty() { writer.flush() } else { Ok(()) });
                if let Err(error) = written {
                    tracing::warn!(%error, "no more is written for TensorBoard");
                    break;
                }
            }
        };
        let thread = thread::Builder::new().name("tensorboard".into()).spawn(work).map_err(ExchangeError::writing(&path))?;
        Ok(Follower { events: Some(events), thread: Some(thread) })
    }

    pub fn event(&self, stamped: &Stamped) {
        if let Some(events) = &self.events {
            // A thread that ended said why.
            let _ = events.send(stamped.clone());
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.events = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
