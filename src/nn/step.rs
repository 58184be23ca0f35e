//! The second half of a step: from the loss to the update, and what keeps numbers that are not finite away from the weights.

use super::error::Result;
use super::network::{Network, Watch};
use crate::knobs::{Knob, Settings};
use crate::ops::sgd::UpdateNorms;
use crate::ops::softmax_cross_entropy::LossSum;

/// A step that was taken.
#[derive(Clone, Debug)]
pub struct Taken {
    pub loss: LossSum,
    /// Σ dw² of each parameter.
    pub squares: Vec<f64>,
    /// Of each parameter, where they were asked for.
    pub norms: Vec<UpdateNorms>,
    pub update_ms: f64,
}

/// What became of a step after its forward pass.
#[derive(Clone, Debug)]
pub enum Learned {
    Taken(Taken),
    /// The update was not made: in this layer something is not finite, its `output` or its `gradient`, or else the `loss`.
    Diverged {
        layer: String,
        what: &'static str,
    },
    /// The watch broke off; weights are as before.
    Abandoned,
}

/// As far as a gradient of that square can move a weight, momentum included: it may be finite and still throw a weight out of the finite
/// numbers.
fn reach(settings: &Settings, learning_rate: f64) -> f64 {
    learning_rate / (1.0 - settings.get(Knob::Momentum))
}

impl Network {
    /// Learns from the pictures that went through the forward pass. `norms`: also measure weights and updates. The watch is asked before each
    /// layer, and before the update under the name `update`.
    pub fn learn(
        &mut self,
        labels: &[u8],
        settings: &Settings,
        learning_rate: f64,
        norms: bool,
        watch: &mut dyn Watch,
    ) -> Result<Learned> {
        #[cfg(feature = "cuda")]
        if !self.waits() {
            return self.learn_on_device(labels, settings, learning_rate, norms, watch);
        }
        let loss = self.loss(labels)?;
        if !loss.loss_sum.is_finite() {
            return self.diverged_loss();
        }
        if self.backward(labels, settings, watch)?.is_break() {
            return Ok(Learned::Abandoned);
        }
        let squares = self.gradient_squares()?;
        if let Some(diverged) = self.diverged_gradient(&squares, reach(settings, learning_rate)) {
            return Ok(diverged);
        }
        if watch.pass("update", self.nodes().len()).is_break() {
            return Ok(Learned::Abandoned);
        }
        let start = self.moment()?;
        let norms = self.update(settings, learning_rate, norms)?;
        let update_ms = start.until(&self.moment()?).map_err(super::error::at("update"))?;
        Ok(Learned::Taken(Taken { loss, squares, norms, update_ms }))
    }

    /// The same without waiting for the device before all is launched: there, the update itself looks whether it may be made.
    #[cfg(feature = "cuda")]
    fn learn_on_device(
        &mut self,
        labels: &[u8],
        settings: &Settings,
        learning_rate: f64,
        norms: bool,
        watch: &mut dyn Watch,
    ) -> Result<Learned> {
        if self.backward(labels, settings, watch)?.is_break() {
            return Ok(Learned::Abandoned);
        }
        let reach = reach(settings, learning_rate);
        self.judge(reach)?;
        if watch.pass("update", self.nodes().len()).is_break() {
            return Ok(Learned::Abandoned);
        }
        let start = self.times.start(self.context()).map_err(super::error::at("update"))?;
        self.update_judged(settings, learning_rate, norms)?;
        let end = self.times.start(self.context()).map_err(super::error::at("update"))?;
        let told = self.told()?;
        self.times.settle().map_err(super::error::at("update"))?;
        if !told.stopped {
            let update_ms = match (start, end) {
                (Some(start), Some(end)) => start.until(&end).map_err(super::error::at("update"))?,
                _ => 0.0,
            };
            return Ok(Learned::Taken(Taken { loss: told.loss, squares: told.squares, norms: told.norms, update_ms }));
        }
        if !told.loss.loss_sum.is_finite() {
            return self.diverged_loss();
        }
        let unknown = || Learned::Diverged { layer: "update".into(), what: "gradient" };
        Ok(self.diverged_gradient(&told.squares, reach).unwrap_or_else(unknown))
    }

    fn diverged_loss(&self) -> Result<Learned> {
        Ok(match self.first_bad_output()? {
            Some(layer) => Learned::Diverged { layer: layer.into(), what: "output" },
            None => Learned::Diverged { layer: "loss".into(), what: "loss" },
        })
    }

    /// The gradient flows from the last layer to the first, so the last bad one went first.
    fn diverged_gradient(&self, squares: &[f64], reach: f64) -> Option<Learned> {
        let bad = squares.iter().rposition(|square| !((reach * square.sqrt()) as f32).is_finite())?;
        let name = &self.parameters()[bad].name;
        // `features.0.weight` belongs to layer `features.0`.
        let layer = name.rsplit_once('.').map_or(&name[..], |(layer, _)| layer);
        Some(Learned::Diverged { layer: layer.into(), what: "gradient" })
    }
}
