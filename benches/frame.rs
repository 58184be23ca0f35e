//! A frame of the cockpit at 200×60 with a million recorded steps: how long it takes to put it together, for every chart and for
//! one enlarged. Aim: under 5 ms.
//!
//! usage: cargo bench --bench frame

use std::time::{Duration, Instant};

use alexscope::session::{Evaluation, Event, Split, Stamped, StepStats};
use alexscope::spec::zoo;
use alexscope::ui::app::{App, Msg};
use alexscope::ui::shell;
use alexscope::ui::theme::{Theme, ThemeName};
use alexscope::ui::update::update;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;

const STEPS: u64 = 1_000_000;
const FRAMES: usize = 200;
const SCREEN: Rect = Rect { x: 0, y: 0, width: 200, height: 60 };

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut app = App::new(zoo::load("alexnet")?, Theme::named(ThemeName::Dark), SCREEN);
    let start = Instant::now();
    for first in (1..=STEPS).step_by(10_000) {
        update(&mut app, Msg::Events((first..first + 10_000).flat_map(events).collect()));
    }
    println!("{STEPS} steps taken in: {:.0} ms", start.elapsed().as_secs_f64() * 1e3);
    for (name, keys) in [("all charts", ""), ("loss alone", "e"), ("logarithmic", "y"), ("zoomed in", "y+"), ("the network", "2")]
    {
        for key in keys.chars() {
            update(&mut app, Msg::Input(Input::Key(KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE))));
        }
        let (median, slowest) = time_frames(&app);
        println!("{name:<12} median {:.2} ms, slowest {:.2} ms", median.as_secs_f64() * 1e3, slowest.as_secs_f64() * 1e3);
    }
    Ok(())
}

/// A step, and now and then an evaluation.
fn events(step: u64) -> Vec<Stamped> {
    let (epoch, time) = (step as f64 / 1_563.0, step as f64 * 0.2);
    let loss = 1.0 + 1.3 * (-(step as f64) / 2e5).exp() + 0.3 * (step as f64 * 12.9898).sin();
    let stats = StepStats {
        step,
        epoch,
        loss,
        accuracy: 1.0 / (1.0 + loss),
        learning_rate: 0.01,
        images_per_second: 150.0,
        merged: None,
    };
    let mut events = vec![Stamped { event: Event::Step(stats), time }];
    if step.is_multiple_of(100) {
        let evaluation =
            Evaluation { step, epoch, split: Split::Test, loss: loss + 0.1, accuracy: 1.0 / (1.1 + loss), examples: 500 };
        events.push(Stamped { event: Event::Evaluated(evaluation), time });
    }
    events
}

fn time_frames(app: &App) -> (Duration, Duration) {
    let mut times: Vec<Duration> = (0..FRAMES)
        .map(|_| {
            let mut buffer = Buffer::empty(SCREEN);
            let start = Instant::now();
            shell::view(app, SCREEN, &mut buffer);
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    (times[FRAMES / 2], times[FRAMES - 1])
}
