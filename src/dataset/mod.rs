//! Pictures: CIFAR's binary files, folders of own ones, the built-in Emoji-10, augmentation, seeded order and the fetch.
//!
//! [`Source::find`] says cheaply where pictures will come from, [`Source::open`] what they are (own ones are decoded then, once),
//! [`load`] reads or draws them all into memory as bytes. A
//! [`BatchPlan`] says which pictures a step sees and how; a batch is a function of the dataset and the plan alone, so that the
//! [`Prefetcher`] may make it early, on a thread of its own, or again.

mod augmentation;
mod batch;
pub mod cifar10;
pub mod cifar100;
pub mod emoji10;
mod error;
pub mod fetch;
pub mod folder;
mod own;
mod pictures;
mod prefetch;
mod records;
mod resize;
mod source;
mod stream;

pub use augmentation::{Augmentation, View};
pub use batch::{Batch, BatchMaker, BatchPlan, Split, as_input, byte_values, make_batch};
pub use error::{BatchError, DataError};
pub use own::{PictureError, read_picture};
pub use pictures::{CHANNELS, ChannelStatistics, Dataset, MOST_CLASSES, PICTURE_BYTES, Pictures, SIDE};
pub use prefetch::Prefetcher;
pub use resize::{Tap, taps};
pub use source::{About, DATA_FOLDER, Opened, Source, load};

/// The ten classes, in the order of their labels (Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images").
pub const CLASSES: [&str; 10] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
