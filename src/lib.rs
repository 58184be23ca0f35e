//! alexscope: a terminal cockpit in which a person watches AlexNet learn CIFAR-10 and steers it while it learns.
//!
//! ```text
//! key press ─► ui ─► Command ─► worker ─► engine (decides) ─► learner (computes)
//! screen    ◄─ ui ◄─ Session ◄─ Event ◄── worker ◄─ engine ◄─ outcome
//!                                 └─────► the record on disk, before the screen sees it
//! ```
//!
//! One process, few threads: the screen's thread draws, the training thread owns every tensor, an input thread reads the
//! terminal, another prepares the next batch. They share no state; they send messages over channels.
//!
//! # Rooms
//!
//! | room | holds | imports |
//! |---|---|---|
//! | [`knobs`] | the table of everything a person can set | nothing |
//! | [`spec`] | a network as data, what follows from it, the built-in ones | knobs |
//! | [`probe`] | what somebody looks at inside the network, and what was seen | nothing |
//! | [`session`] | commands, events, and the fold over events that everything is drawn from | knobs, spec, probe |
//! | [`link`] | the channels, and what becomes of events a screen has no room for | session |
//! | [`engine`] | the training state machine, schedules, scripts; no tensors, threads or clock | session |
//! | [`ops`] | every operation, forward and backward, proved | spec |
//! | [`dataset`] | CIFAR, folders of own pictures, Emoji-10, augmentation, batches made ahead, the fetch | spec |
//! | [`nn`] | the network built from a spec, and the learner that trains it | ops, dataset, engine |
//! | [`run`] | the run folder: record and checkpoints | session |
//! | [`worker`] | the training thread | engine, run, link |
//! | [`chart`] | a chart as data | session |
//! | [`mosaic`] | feature maps and kernels as coloured dots | probe |
//! | [`ui`] | the cockpit | contest, chart, mosaic, session, link |
//! | [`export`] | charts, mosaics and screens as files | chart, mosaic |
//! | [`contest`] | what runs on the same terms came to, and how they differ; twins' course | session, chart, table |
//! | [`compare`] | several runs on the same terms, one after the other | contest, run, cockpit, headless, start |
//! | [`exchange`] | runs and weights for other programs, and weights from them | run, session, spec |
//! | [`report`] | runs and comparisons as a page | compare, run, chart, export |
//! | [`table`] | a small table as text, Markdown and HTML | nothing |
//! | [`cli`], [`start`], [`pictures`], [`cockpit`], [`headless`], [`replay`], [`trained`], [`rate_test`], [`twins`], [`gallery`], [`bench`], [`fetch`], [`logging`], [`signals`] | what a command line turns into | all |
//!
//! `tests/imports.rs` reads the imports and names any that goes upward.
//!
//! # What always holds
//!
//! 1. A network has one source, a [`spec::ModelSpec`]; tables, checks, checkpoints and [`nn`] read it.
//! 2. A setting has one row, in [`knobs::TABLE`]; flags, keys, help, palette and record read it.
//! 3. The record is the list of [`session::Event`]s. The live screen and a run opened later are the same fold of them.
//! 4. Training never waits for the terminal.
//! 5. The forward and backward of an operation stand side by side, without a tape; weights change only at a step's end, so a
//!    step can be held or given up between any two layers.
//! 6. Every gradient is proved against PyTorch's values and against differences in f64.
//! 7. Randomness has no state: all of it follows from the seed. Losses are equal bit for bit at any thread count.
//! 8. Only finite numbers reach a weight.
//! 9. A file is whole or absent.
//! 10. The terminal always comes back.

pub mod bench;
pub mod chart;
pub mod cli;
pub mod cockpit;
pub mod compare;
pub mod contest;
pub mod dataset;
pub mod engine;
pub mod exchange;
pub mod export;
pub mod fault;
pub mod fetch;
pub mod gallery;
pub mod headless;
pub mod knobs;
pub mod link;
pub mod logging;
pub mod mosaic;
pub mod nn;
pub mod ops;
pub mod pictures;
pub mod probe;
pub mod rate_test;
pub mod replay;
pub mod report;
pub mod run;
pub mod session;
pub mod signals;
pub mod spec;
pub mod spelling;
pub mod start;
pub mod table;
pub mod trained;
pub mod twins;
pub mod ui;
pub mod whole_file;
pub mod worker;
