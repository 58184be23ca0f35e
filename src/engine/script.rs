//! Changes planned ahead: a text file with lines `STEP KNOB VALUE`.

use std::collections::VecDeque;

use crate::knobs::{Applies, Knob};

/// One line: from this step on, the knob has this value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScriptLine {
    /// The first step taken with the value, from 1.
    pub step: u64,
    pub knob: Knob,
    pub value: f64,
}

/// Changes in the order of their steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Script {
    lines: VecDeque<ScriptLine>,
}

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{file}, line {line}: {reason}")]
pub struct ScriptError {
    pub file: String,
    pub line: usize,
    pub reason: String,
}

impl Script {
    /// Reads lines `STEP KNOB VALUE`; empty lines and what follows a `#` are passed over. `file` is its name for errors.
    pub fn parse(text: &str, file: &str) -> Result<Script, ScriptError> {
        let mut lines = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let wrong = |reason: String| ScriptError { file: file.into(), line: index + 1, reason };
            let words: Vec<&str> = line.split('#').next().unwrap_or("").split_whitespace().collect();
            let [step, knob, value] = match words[..] {
                [] => continue,
                [step, knob, value] => [step, knob, value],
                _ => return Err(wrong(format!("expected `STEP KNOB VALUE`, as in `100 lrn off`, not `{}`", line.trim()))),
            };
            let step = step.parse().map_err(|_| wrong(format!("expected the number of a step, not `{step}`")))?;
            let knob = Knob::by_name(knob).map_err(|error| wrong(error.to_string()))?;
            if knob.spec().applies == Applies::NewRun {
                return Err(wrong(format!("{knob} can change {}; give it as an option instead", Applies::NewRun)));
            }
            let value = knob.spec().parse(value).map_err(|error| wrong(error.to_string()))?;
            lines.push(ScriptLine { step, knob, value });
        }
        Ok(Script::of(lines))
    }

    /// Lines of one step stay in the order in which they are given.
    pub fn of(mut lines: Vec<ScriptLine>) -> Script {
        lines.sort_by_key(|line| line.step);
        Script { lines: lines.into() }
    }

    /// Takes out what is due when `step` is about to be taken.
    pub fn due(&mut self, step: u64) -> Vec<(Knob, f64)> {
        let mut due = Vec::new();
        while let Some(line) = self.lines.front()
            && line.step <= step
        {
            due.push((line.knob, line.value));
            self.lines.pop_front();
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_due_in_order_once_their_step_is_reached() {
        let mut script = Script::parse("200 lrn on\n# a word\n\n100 lrn off # why\n100 learning-rate 0.001\n", "s").unwrap();
        assert_eq!(script.due(99), []);
        assert_eq!(script.due(100), [(Knob::Lrn, 0.0), (Knob::LearningRate, 0.001)]);
        assert_eq!(script.due(500), [(Knob::Lrn, 1.0)]);
    }

    #[test]
    fn a_bad_line_is_named_with_what_was_expected() {
        let refused = |text: &str| Script::parse(text, "plan.txt").unwrap_err().to_string();
        assert_eq!(refused("\n100 lrn"), "plan.txt, line 2: expected `STEP KNOB VALUE`, as in `100 lrn off`, not `100 lrn`");
        assert_eq!(refused("x lrn off"), "plan.txt, line 1: expected the number of a step, not `x`");
        assert!(refused("1 lrn maybe").contains("on or off"));
        assert!(refused("1 seed 4").contains("only in a new run"));
    }
}
