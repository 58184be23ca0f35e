//! What a run is, seen from outside: the commands that steer it, the events it consists of, and [`Session`], the fold
//! over those events that every screen, chart and report reads.

mod command;
mod confusion;
mod course;
mod courses;
mod event;
mod history;
mod moment;
mod rate_test;
mod road;
pub mod series;
mod state;
#[cfg(test)]
pub mod testing;

pub use command::Command;
pub use confusion::{Confusion, Mistake, likeliest};
pub use course::{course, cut_back};
pub use courses::{LayerCourses, LayerFigure};
pub use event::{
    Change, DatasetInfo, DeviceGauge, DeviceInfo, Divergence, Evaluation, Event, FetchState, FinishReason, LayerStats,
    LayersSeen, Merged, Notice, Parent, Pass, Phase, Progress, Resumption, RunHeader, SaveReason, Split, Stamped, StepStats,
    WeightsFile, surely_right,
};
pub use history::History;
pub use moment::Moment;
pub use rate_test::{RatePoint, RateTest};
pub use road::{Road, SavedMoment};
pub use series::{Series, Summary};
pub use state::{PendingChange, Session};
