//! What the network leaves to a device of its own: loss, judgement and update without a word to the host in between.

use candle_core::Tensor;

use super::error::{Result, at};
use super::network::{Network, Parameter};
use crate::knobs::{Knob, Settings};
use crate::ops::sgd::{self, Sgd, Told, Trained, Verdict};
use crate::ops::softmax_cross_entropy;

impl Network {
    pub(super) fn backward_loss_into(&self, verdict: &Verdict, logits: &Tensor, labels: &[u8], dlogits: &Tensor) -> Result<()> {
        softmax_cross_entropy::check_labels("loss", labels, logits.dim(0)?, logits.dim(1)?).map_err(at("loss"))?;
        let labels = Tensor::from_slice(labels, labels.len(), self.device())?;
        softmax_cross_entropy::backward_into(self.context(), logits, &labels, dlogits, verdict).map_err(at("loss"))
    }

    /// Looks at the loss and the gradients of the step under way; see [`sgd::judge`].
    pub(super) fn judge(&self, reach: f64) -> Result<()> {
        let verdict = self.standing_verdict()?;
        sgd::judge(self.context(), &trained(self.parameters()), reach, verdict).map_err(at("update"))
    }

    /// Moves all parameters, unless the judgement forbids it.
    pub(super) fn update_judged(&self, settings: &Settings, learning_rate: f64, norms: bool) -> Result<()> {
        let sgd = Sgd {
            learning_rate,
            momentum: settings.get(Knob::Momentum),
            weight_decay: settings.get(Knob::WeightDecay),
            nesterov: settings.is_on(Knob::Nesterov),
        };
        let verdict = self.standing_verdict()?;
        sgd::update_all(self.context(), &sgd, &trained(self.parameters()), norms, verdict).map_err(at("update"))
    }

    fn standing_verdict(&self) -> Result<&Verdict> {
        let missing = || crate::ops::Error::Device { op: "update", device: "a network that only looks on".into() };
        self.verdict.as_ref().ok_or_else(missing).map_err(at("update"))
    }

    /// Waits until the step is done.
    pub(super) fn told(&self) -> Result<Told> {
        self.standing_verdict()?.read().map_err(at("update"))
    }
}

fn trained(parameters: &[Parameter]) -> Vec<Trained<'_>> {
    let trained = |parameter| {
        let Parameter { value, velocity, gradient, copy, .. }: &Parameter = parameter;
        Trained { w: value, velocity, dw: gradient, copy: copy.as_ref() }
    };
    parameters.iter().map(trained).collect()
}
