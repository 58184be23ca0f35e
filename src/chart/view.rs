//! From where a person looks at a chart: which steps, which scale, how smooth.

use std::ops::Range;

use super::axis::roomy_end;

/// Steps that a smoothed line averages over, as the smoothing key goes through them; 0 is off.
pub const SMOOTHINGS: [u32; 7] = [0, 5, 10, 30, 100, 300, 1000];

/// Fewer steps than these are never spread over a chart.
const NARROWEST: u64 = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// The whole run, with some room ahead.
    All,
    /// The newest so many steps, moving along.
    Last(u64),
    /// `from..to`, whatever happens.
    Fixed { from: u64, to: u64 },
}

/// What the horizontal axis counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum XUnit {
    Step,
    Epoch,
}

impl XUnit {
    pub fn other(self) -> XUnit {
        match self {
            XUnit::Step => XUnit::Epoch,
            XUnit::Epoch => XUnit::Step,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ChartView {
    pub window: Window,
    pub x_unit: XUnit,
    pub log: bool,
    /// Steps that the smoothed line averages over; 0 is off.
    pub smoothing: u32,
    /// Show the highest spike, however much it flattens the rest.
    pub outliers: bool,
    /// The step whose exact values are shown.
    pub cursor: Option<u64>,
}

impl Default for ChartView {
    fn default() -> Self {
        ChartView { window: Window::All, x_unit: XUnit::Step, log: false, smoothing: 10, outliers: false, cursor: None }
    }
}

impl ChartView {
    /// All steps of a run that came to step `last`, with no room for more: for paper.
    pub fn up_to(last: u64) -> ChartView {
        ChartView { window: Window::Last(last.max(NARROWEST)), ..ChartView::default() }
    }

    /// The steps in view of a run that has come to step `last`.
    pub fn steps(&self, last: u64) -> Range<u64> {
        match self.window {
            Window::All => 0..roomy_end(last),
            Window::Last(width) if width >= last => 0..width,
            Window::Last(width) => last - width..last,
            Window::Fixed { from, to } => from..to.max(from + NARROWEST),
        }
    }

    /// Shows half (`closer`) or twice as many steps. Around the cursor or the given step; else the newest steps stay in view.
    pub fn zoom(&mut self, closer: bool, around: Option<u64>, last: u64) {
        let seen = self.steps(last);
        let width = seen.end - seen.start;
        let next = if closer { (width / 2).max(NARROWEST) } else { width.saturating_mul(2) };
        if !closer && next >= roomy_end(last) {
            self.window = Window::All;
            return;
        }
        self.window = match (around.or(self.cursor), self.window) {
            (Some(centre), _) => {
                // The step under the pointer stays where it is.
                let left = (centre.clamp(seen.start, seen.end) - seen.start) as f64 / width.max(1) as f64;
                let from = centre.saturating_sub((left * next as f64).round() as u64);
                // Ahead of the newest step there is nothing to see.
                let from = from.min(last.saturating_sub(1));
                Window::Fixed { from, to: from + next }
            }
            (None, Window::Fixed { from, .. }) => {
                let from = (from + width / 2).saturating_sub(next / 2);
                Window::Fixed { from, to: from + next }
            }
            // Half of an axis with room ahead may be empty; what matters is half of what there is.
            (None, Window::All) if closer => Window::Last((last.min(width) / 2).max(NARROWEST)),
            (None, _) => Window::Last(next),
        };
    }

    /// Moves a window sideways by a share of its width.
    pub fn pan(&mut self, share: f64, last: u64) {
        let seen = self.steps(last);
        let width = seen.end - seen.start;
        let shift = (width as f64 * share) as i64;
        let from = seen.start.saturating_add_signed(shift).min(last.saturating_sub(width / 2));
        self.window = Window::Fixed { from, to: from + width };
    }

    /// Puts the cursor on a step, and the step into view.
    pub fn set_cursor(&mut self, step: u64, last: u64) {
        let step = step.clamp(1, last.max(1));
        self.cursor = Some(step);
        let seen = self.steps(last);
        if !(seen.start..=seen.end).contains(&step) {
            let width = seen.end - seen.start;
            let from = if step < seen.start { step.saturating_sub(1) } else { step.saturating_sub(width) };
            self.window = Window::Fixed { from, to: from + width };
        }
    }

    /// The next smoothing of the row.
    pub fn next_smoothing(&mut self) {
        let next = SMOOTHINGS.iter().find(|steps| **steps > self.smoothing);
        self.smoothing = next.copied().unwrap_or(SMOOTHINGS[0]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zooming_in_follows_the_newest_steps_and_zooming_out_returns_to_the_whole_run() {
        let mut view = ChartView::default();
        view.zoom(true, None, 1000);
        assert_eq!(view.steps(1000), 500..1000);
        assert_eq!(view.steps(1010), 510..1010, "it moves along");
        view.zoom(false, None, 1000);
        assert_eq!(view.window, Window::All);
    }

    #[test]
    fn zooming_in_ahead_of_the_newest_step_leaves_it_in_view() {
        let mut view = ChartView::default();
        for _ in 0..6 {
            view.zoom(true, Some(390), 330);
        }
        assert!(view.steps(330).contains(&329), "{:?}", view.steps(330));
    }

    #[test]
    fn zooming_at_a_step_keeps_it_in_its_place() {
        let mut view = ChartView::default();
        view.zoom(true, Some(250), 1000);
        assert_eq!(view.window, Window::Fixed { from: 125, to: 625 });
        view.zoom(false, Some(250), 1000);
        assert_eq!(view.window, Window::All);
    }

    #[test]
    fn a_chart_never_shows_fewer_than_ten_steps() {
        let mut view = ChartView::default();
        for _ in 0..40 {
            view.zoom(true, Some(3), 1000);
        }
        let seen = view.steps(1000);
        assert!(seen.contains(&3) && seen.end - seen.start == NARROWEST, "{seen:?}");
    }

    #[test]
    fn the_cursor_stays_within_the_run_and_takes_the_window_along() {
        let mut view = ChartView::default();
        view.set_cursor(5_000, 1000);
        assert_eq!(view.cursor, Some(1000));
        view.window = Window::Fixed { from: 100, to: 200 };
        view.set_cursor(250, 1000);
        assert_eq!(view.steps(1000), 150..250);
        view.set_cursor(40, 1000);
        assert_eq!(view.steps(1000), 39..139);
    }
}
