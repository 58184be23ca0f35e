//! alexscope: a terminal cockpit in which a person watches AlexNet learn CIFAR-10 and steers it while it learns.

pub mod bench;
pub mod chart;
pub mod cli;
pub mod cockpit;
pub mod dataset;
pub mod engine;
pub mod export;
pub mod fetch;
pub mod headless;
pub mod knobs;
pub mod link;
pub mod nn;
pub mod ops;
pub mod run;
pub mod session;
pub mod signals;
pub mod spec;
pub mod spelling;
pub mod start;
pub mod ui;
pub mod whole_file;
pub mod worker;
