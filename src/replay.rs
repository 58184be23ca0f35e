//! A record's run, done again without a screen, and its losses compared bit for bit.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use color_eyre::eyre::{Result, bail, eyre};
use serde::Serialize;

use crate::cli::ReplayArgs;
use crate::engine::{Action, Engine, Learner, Onward, Outcome, Script, ScriptLine, Stepped, Tested};
use crate::run::{RunFolder, read_events};
use crate::session::{Change, Event, RunHeader, Stamped, StepStats, course};
use crate::start;

/// How often progress is said on a terminal.
const SAYING: Duration = Duration::from_secs(2);

/// What a replay found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Replay {
    /// Steps that gave the recorded losses.
    pub same: u64,
    /// The first step that did not, if any.
    pub difference: Option<Difference>,
    /// What is not as it was when the record was made.
    pub circumstances: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    pub step: u64,
    pub recorded: f64,
    /// Absent where the replay took no such step.
    pub replayed: Option<f64>,
    /// What it did instead.
    pub instead: Option<String>,
}

impl Replay {
    pub fn text(&self) -> String {
        let Some(difference) = &self.difference else {
            return format!("same losses to the bit, {} steps", self.same);
        };
        let came = match (difference.replayed, &difference.instead) {
            (Some(loss), _) => format!("{loss}"),
            (None, Some(instead)) => instead.clone(),
            (None, None) => "no such step".into(),
        };
        let mut text = format!(
            "step {} differs, after {} that are the same: recorded {}, now {came}",
            difference.step, self.same, difference.recorded
        );
        if self.circumstances.is_empty() {
            text += "\nversion and processor are those of the record: either the pictures are others, or the record or the program is at fault";
        }
        for circumstance in &self.circumstances {
            text += &format!("\nperhaps because {circumstance}");
        }
        text
    }
}

/// Runs the part of the record that counts again: from its header, with its changes at their steps.
pub fn run(arguments: &ReplayArgs) -> Result<Replay> {
    let folder = RunFolder::find(arguments.run.as_deref())?;
    let header = folder.header()?;
    let events = read_events(&folder.events_path())?;
    let circumstances = circumstances(&header, &events, arguments)?;
    let course = course(events);
    let mut steps: Vec<StepStats> = course.iter().filter_map(|stamped| step(&stamped.event)).collect();
    steps.truncate(arguments.steps.unwrap_or(usize::MAX));
    if steps.is_empty() {
        bail!("{} holds no step to run again", folder.path().display());
    }
    let script = script(&course);
    let (moved, weights) = (arguments.moved.data.as_deref(), arguments.weights.as_deref());
    let prepare = start::again(&header, moved, weights, start::recorded_on(&header))?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(start::threads(arguments.threads)).build()?;
    pool.install(move || {
        let mut prepared = prepare(&mut |_| {}).map_err(|reason| eyre!(reason))?;
        let engine = Engine::new(header.settings.clone(), script, prepared.pictures, header.model.lrn_layers());
        let (same, difference) = compare(&steps, engine, &mut *prepared.learner)?;
        Ok(Replay { same, difference, circumstances })
    })
}

fn step(event: &Event) -> Option<StepStats> {
    if let Event::Step(step) = event { Some(*step) } else { None }
}

/// The record's changes as lines that bring each about at the step at which it was in force first.
fn script(course: &[Stamped]) -> Script {
    let changes =
        course.iter().filter_map(|stamped| if let Event::Changed(change) = &stamped.event { Some(change) } else { None });
    Script::of(changes.filter_map(line).collect())
}

fn line(change: &Change) -> Option<ScriptLine> {
    let spec = change.knob.spec();
    Some(ScriptLine { step: change.step, knob: change.knob, value: spec.parse(&change.to).ok()? })
}

/// Takes the recorded steps again until one differs; returns how many were the same.
fn compare(steps: &[StepStats], mut engine: Engine, learner: &mut dyn Learner) -> Result<(u64, Option<Difference>)> {
    let mut told = Instant::now();
    let mut same = 0;
    let mut recorded = steps.iter();
    let Some(mut expected) = recorded.next() else { return Ok((0, None)) };
    loop {
        let instead =
            |what: &str| Difference { step: expected.step, recorded: expected.loss, replayed: None, instead: Some(what.into()) };
        let (action, _) = engine.next_action();
        match action {
            Action::Step(plan) => match learner.step(&plan, false, &mut Onward)? {
                Stepped::Taken(result) => {
                    if (plan.step, result.loss.to_bits()) != (expected.step, expected.loss.to_bits()) {
                        let difference = Difference { replayed: Some(result.loss), instead: None, ..instead("") };
                        return Ok((same, Some(difference)));
                    }
                    same += 1;
                    say(&mut told, same, steps.len());
                    engine.absorb(Outcome::Stepped(result));
                    let Some(next) = recorded.next() else { return Ok((same, None)) };
                    expected = next;
                }
                Stepped::Diverged(divergence) => {
                    let what = format!("the {} of {} is not a finite number", divergence.what, divergence.layer);
                    return Ok((same, Some(instead(&what))));
                }
                Stepped::NoRoom(reason) => bail!(reason),
                Stepped::Abandoned => bail!("step {} was given up, and nobody asked for that", plan.step),
            },
            // Neither changes a weight.
            Action::Evaluate { .. } => drop(engine.absorb(Outcome::Evaluated(Tested::default()))),
            Action::Save(_) => drop(engine.absorb(Outcome::Copied)),
            Action::Wait | Action::End(_) | Action::Rewind { .. } => return Ok((same, Some(instead("the end of the run")))),
        }
    }
}

fn say(told: &mut Instant, done: u64, of: usize) {
    let mut errors = io::stderr();
    if errors.is_terminal() && told.elapsed() >= SAYING {
        *told = Instant::now();
        // Nobody has to read it.
        let _ = writeln!(errors, "{done} of {of} steps are the same");
    }
}

/// What is not as it was. The number of threads is no reason for a difference, but belongs to a full account.
fn circumstances(header: &RunHeader, events: &[Stamped], arguments: &ReplayArgs) -> Result<Vec<String>> {
    let here = start::device_like(header, arguments.threads)?;
    let mut found = Vec::new();
    let mut note = |what: String| {
        if !found.contains(&what) {
            found.push(what);
        }
    };
    let resumed = events.iter().filter_map(|stamped| match &stamped.event {
        Event::Resumed(resumption) => Some((&resumption.device, &resumption.version)),
        _ => None,
    });
    let this = env!("CARGO_PKG_VERSION");
    for (device, version) in std::iter::once((&header.device, &header.version)).chain(resumed) {
        if *device.name != here.name {
            note(format!("it was recorded on {}, and this is {}", device.name, here.name));
        }
        if device.threads != here.threads {
            note(format!("it was recorded with {} threads, and here are {}", device.threads, here.threads));
        }
        if version != this {
            note(format!("version {version} recorded it, and this is {this}"));
        }
    }
    Ok(found)
}
