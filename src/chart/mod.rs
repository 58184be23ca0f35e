//! A chart as data: built from a run and a point of view ([`chart`]), drawn by the cockpit and by the export alike.
//!
//! Nothing here knows of cells or pixels. A drawing surface says how many columns and ticks it has room for ([`Detail`]) and
//! gets a [`ChartModel`] whose numbers it only has to scale.

mod axis;
mod build;
mod comparison;
mod difference;
mod model;
mod range;
mod rates;
#[cfg(test)]
mod tests;
mod view;

pub use axis::{Axis, Scale, Tick};
pub use build::{Companion, Detail, chart, chart_beside, short_change};
pub use comparison::{Across, Entrant, Spread, comparison};
pub use difference::difference;
pub use model::{Band, ChartModel, Cursor, Curve, Guide, Marker, MarkerKind, Metric, Role, Shape};
pub use rates::rates;
pub use view::{ChartView, SMOOTHINGS, Window, XUnit};
