//! `alexscope twins`: two networks that differ in one setting, from the same initial values and the same batches, advanced in step
//! with each other, and how far their losses lie apart.

use std::fs;
use std::io::{self, Write};
use std::time::{Instant, SystemTime};

use color_eyre::eyre::{Result, WrapErr, bail, eyre};
use crossbeam_channel::Receiver;

use crate::chart::{Detail, difference};
use crate::cli::{TrainArgs, TwinsArgs};
use crate::engine::{Action, Engine, Flow, Gate, Learner, Outcome, Point, Script, Stepped};
use crate::export::{self, Ground};
use crate::knobs::Knob;
use crate::run::{Recorder, RunFolder, RunLock};
use crate::session::{Event, FinishReason, RunHeader, Stamped};
use crate::worker::Prepared;
use crate::{signals, start, whole_file};

const DETAIL: Detail = Detail { columns: 1000, x_ticks: 8, y_ticks: 7, rows: 0 };
/// Every so many steps are told.
const TOLD_EVERY: u64 = 10;

/// Losses of both at each step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Course {
    pub losses: Vec<(u64, [f64; 2])>,
}

impl Course {
    /// The first step whose losses are not equal to the bit.
    pub fn parted(&self) -> Option<u64> {
        self.losses.iter().find(|(_, [a, b])| a.to_bits() != b.to_bits()).map(|(step, _)| *step)
    }

    /// The second loss minus the first.
    pub fn differences(&self) -> Vec<(u64, f64)> {
        self.losses.iter().map(|(step, [a, b])| (*step, b - a)).collect()
    }

    fn csv(&self, names: &[String; 2]) -> String {
        let lines: String = self.losses.iter().map(|(step, [a, b])| format!("{step},{a},{b},{}\n", b - a)).collect();
        format!("step,{},{},difference\n{lines}", names[0], names[1])
    }
}

/// One of the two: an ordinary run with a record of its own.
struct Twin {
    header: RunHeader,
    engine: Engine,
    learner: Box<dyn Learner>,
    recorder: Recorder,
    started: Instant,
    _lock: RunLock,
}

/// Never holds a step up.
struct Open;

impl Gate for Open {
    fn pass(&mut self, _: Point) -> Flow {
        Flow::Continue
    }
}

impl Twin {
    fn begin(arguments: &TrainArgs) -> Result<Twin> {
        let plan = start::plan(arguments, None, true)?;
        let Some((folder, lock)) = plan.folder else { bail!("twins need a folder for their records") };
        let Prepared { learner, pictures } = (plan.prepare)(&mut |_| {}).map_err(|reason| eyre!(reason))?;
        let header = plan.header;
        let engine = Engine::new(header.settings.clone(), Script::default(), pictures, header.model.lrn_layers());
        let recorder = folder.begin(&header)?;
        let mut twin = Twin { header, engine, learner, recorder, started: Instant::now(), _lock: lock };
        twin.record(vec![Event::Started(Box::new(twin.header.clone()))])?;
        Ok(twin)
    }

    fn record(&mut self, events: Vec<Event>) -> Result<()> {
        for event in events {
            self.recorder.append(&Stamped { event, time: self.started.elapsed().as_secs_f64() })?;
        }
        Ok(self.recorder.flush()?)
    }

    /// Goes on until the next step is taken; its number and loss, or why there is none.
    fn advance(&mut self) -> Result<std::result::Result<(u64, f64), FinishReason>> {
        loop {
            let (action, events) = self.engine.next_action();
            self.record(events)?;
            let outcome = match action {
                Action::Step(plan) => match self.learner.step(&plan, false, &mut Open)? {
                    Stepped::Taken(result) => {
                        let loss = result.loss;
                        let events = self.engine.absorb(Outcome::Stepped(result));
                        self.record(events)?;
                        return Ok(Ok((plan.step, loss)));
                    }
                    Stepped::Diverged(divergence) => {
                        let events = self.engine.absorb(Outcome::Diverged(divergence));
                        self.record(events)?;
                        return self.end(FinishReason::Diverged);
                    }
                    Stepped::NoRoom(reason) => bail!("{reason}"),
                    Stepped::Abandoned => Outcome::Abandoned,
                },
                Action::Evaluate { pictures, settings } => match self.learner.evaluate(pictures, &settings, &mut Open)? {
                    Some(tested) => Outcome::Evaluated(tested),
                    None => Outcome::Abandoned,
                },
                // What twins are made for is seen while they run; they keep no checkpoints.
                Action::Save(_) => Outcome::Copied,
                Action::Rewind { .. } | Action::Wait => return self.end(FinishReason::Stopped),
                Action::End(reason) => return self.end(reason),
            };
            let events = self.engine.absorb(outcome);
            self.record(events)?;
        }
    }

    fn end(&mut self, reason: FinishReason) -> Result<std::result::Result<(u64, f64), FinishReason>> {
        let last = self.engine.finished(reason, self.started.elapsed().as_secs_f64());
        self.record(vec![last])?;
        Ok(Err(reason))
    }
}

/// Trains both until the budget is used up; returns the exit status.
pub fn run(arguments: &TwinsArgs) -> Result<u8> {
    let signals = signals::listen(signals::ENDING)?;
    let (knob, texts) = knob_and_values(&arguments.knob)?;
    let names = texts.each_ref().map(|text| format!("{knob} {text}"));
    let folder = match &arguments.train.run_dir {
        Some(folder) => folder.clone(),
        None => RunFolder::create(None, "twins", SystemTime::now())?.path().to_path_buf(),
    };
    fs::create_dir_all(&folder).wrap_err_with(|| format!("cannot make the folder {}", folder.display()))?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(start::threads(arguments.train.compute.threads)).build()?;
    let (course, signal) = pool.install(|| -> Result<_> {
        let begin = |place: usize| {
            let mut train = arguments.train.clone();
            train.run_dir = Some(folder.join(format!("{}-{knob}-{}", place + 1, texts[place])));
            train.knobs.values.push((knob, knob.spec().parse(&texts[place])?));
            Twin::begin(&train)
        };
        in_step([begin(0)?, begin(1)?], &names, &signals)
    })?;
    let title = format!("Loss with {} minus with {}", names[1], names[0]);
    let chart = difference(&title, &course.differences(), course.parted(), DETAIL);
    for ending in ["svg", "png"] {
        export::chart::save(&chart, Ground::LIGHT, &folder.join(format!("difference.{ending}")))?;
    }
    let csv = folder.join("twins.csv");
    whole_file::write(&csv, course.csv(&names).as_bytes()).wrap_err_with(|| format!("cannot write {}", csv.display()))?;
    let _ = writeln!(io::stdout(), "{}\nchart, table and both records in {}", in_words(&course, &names), folder.display());
    Ok(signal.map_or(0, signals::exit_status))
}

/// One step of the first, one of the second, and again, until one ends or a signal comes.
fn in_step(mut twins: [Twin; 2], names: &[String; 2], signals: &Receiver<i32>) -> Result<(Course, Option<i32>)> {
    let mut course = Course::default();
    loop {
        if let Ok(signal) = signals.try_recv() {
            twins.iter_mut().try_for_each(|twin| twin.end(FinishReason::Stopped).map(drop))?;
            return Ok((course, Some(signal)));
        }
        let [first, second] = &mut twins;
        let (Ok((step, a)), Ok((_, b))) = (first.advance()?, second.advance()?) else { return Ok((course, None)) };
        course.losses.push((step, [a, b]));
        if step % TOLD_EVERY == 0 || course.parted() == Some(step) {
            let parted = if course.parted() == Some(step) { "  they part here" } else { "" };
            let _ = writeln!(
                io::stderr(),
                "step {step:>6}  {} {a:.6}  {} {b:.6}  difference {:+.6}{parted}",
                names[0],
                names[1],
                b - a
            );
        }
    }
}

fn in_words(course: &Course, names: &[String; 2]) -> String {
    let Some(parted) = course.parted() else { return format!("{} and {} gave the same losses to the bit", names[0], names[1]) };
    let tail = &course.losses[course.losses.len().saturating_sub(20)..];
    let mean = |place: usize| tail.iter().map(|(_, losses)| losses[place]).sum::<f64>() / tail.len().max(1) as f64;
    format!(
        "they part at step {parted}; over the last {} steps {} has a loss of {:.4}, {} of {:.4}: {:+.4}",
        tail.len(),
        names[0],
        mean(0),
        names[1],
        mean(1),
        mean(1) - mean(0)
    )
}

/// Reads `KNOB=ONE,OTHER`.
fn knob_and_values(text: &str) -> Result<(Knob, [String; 2])> {
    let wrong = || eyre!("expected KNOB=ONE,OTHER, such as lrn=on,off, not `{text}`");
    let (name, values) = text.split_once('=').ok_or_else(wrong)?;
    let (one, other) = values.split_once(',').ok_or_else(wrong)?;
    let knob = Knob::by_name(name)?;
    let spec = knob.spec();
    let (one, other) = (spec.parse(one)?, spec.parse(other)?);
    if one == other {
        bail!("both are {}: twins differ in one setting", spec.format(one));
    }
    if matches!(knob, Knob::BatchSize | Knob::Epochs | Knob::Steps) {
        bail!("{knob} would take the twins out of step; choose another setting");
    }
    Ok((knob, [spec.format(one), spec.format(other)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twins_part_where_their_losses_first_differ() {
        let course = Course { losses: vec![(1, [2.3, 2.3]), (2, [2.0, 2.0]), (3, [1.9, 1.8])] };
        assert_eq!(course.parted(), Some(3));
        assert_eq!(Course { losses: course.losses[..2].to_vec() }.parted(), None);
        assert!(course.csv(&["a".into(), "b".into()]).starts_with("step,a,b,difference\n1,2.3,2.3,0\n"));
    }

    #[test]
    fn one_setting_with_two_values_is_read_and_anything_else_refused() {
        assert_eq!(knob_and_values("lrn=on,off").unwrap(), (Knob::Lrn, ["on".into(), "off".into()]));
        let refused = |text: &str| knob_and_values(text).unwrap_err().to_string();
        assert!(refused("lrn").contains("expected KNOB=ONE,OTHER"));
        assert!(refused("lrn=on,on").contains("both are on"));
        assert!(refused("batch-size=32,64").contains("out of step"));
    }
}
