//! Settings that were sent and not answered yet: drawn as pending, never as accepted.

use crate::knobs::Knob;
use crate::session::Event;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sent {
    /// Oldest first.
    values: Vec<(Knob, f64)>,
}

impl Sent {
    pub fn add(&mut self, knob: Knob, value: f64) {
        self.values.push((knob, value));
    }

    /// The value sent last.
    pub fn latest(&self, knob: Knob) -> Option<f64> {
        self.values.iter().rev().find(|(sent, _)| *sent == knob).map(|(_, value)| *value)
    }

    /// The values in the order in which they will be answered.
    pub fn values(&self) -> &[(Knob, f64)] {
        &self.values
    }

    /// Takes note of an answer: with a value, all that were sent for its setting before it are settled too.
    pub fn answered(&mut self, event: &Event) {
        let is_answer = |(knob, value): &(Knob, f64)| {
            let text = knob.spec().format(*value);
            match event {
                Event::Changed(change) => change.knob == *knob && change.to == text,
                Event::Pending { knob: pending, to, .. } => pending == knob && *to == text,
                Event::Rejected { command, .. } => *command == format!("{knob} {text}"),
                _ => false,
            }
        };
        if let Some(at) = self.values.iter().position(is_answer) {
            let knob = self.values[at].0;
            let mut index = 0;
            self.values.retain(|(sent, _)| {
                index += 1;
                *sent != knob || index - 1 > at
            });
        }
    }

    /// Forgets what the trainer cannot answer any more, or would not, since it already has the value.
    pub fn forget(&mut self, gone: impl Fn(Knob, f64) -> bool) {
        self.values.retain(|(knob, value)| !gone(*knob, *value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Change;

    fn changed(to: &str) -> Event {
        Event::Changed(Change { step: 1, knob: Knob::LearningRate, from: "0.01".into(), to: to.into() })
    }

    #[test]
    fn a_value_is_pending_until_its_own_answer_comes() {
        let mut sent = Sent::default();
        sent.add(Knob::LearningRate, 0.005);
        sent.add(Knob::LearningRate, 0.0025);
        sent.answered(&changed("0.005"));
        assert_eq!(sent.latest(Knob::LearningRate), Some(0.0025));
        sent.answered(&changed("0.0025"));
        assert_eq!(sent, Sent::default());
    }

    #[test]
    fn an_answer_settles_what_was_sent_before_it_and_nothing_of_another_setting() {
        let mut sent = Sent::default();
        sent.add(Knob::LearningRate, 0.005);
        sent.add(Knob::Momentum, 0.5);
        sent.add(Knob::LearningRate, 0.0025);
        sent.answered(&changed("0.0025"));
        assert_eq!(sent.values(), [(Knob::Momentum, 0.5)]);
        let refusal = Event::Rejected { command: "momentum 0.5".into(), reason: "no".into() };
        sent.answered(&refusal);
        assert_eq!(sent, Sent::default());
    }
}
