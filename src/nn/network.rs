//! The step written out, layer by layer: forward, loss, backward, update.

use std::ops::ControlFlow;

use candle_core::{DType, Device, Tensor, Var};
use candle_nn::VarMap;
use candle_nn::ops::softmax;

use super::error::{Result, at};
use super::init;
use super::node::{Before, Node, Room, Work};
use super::times::Times;
use crate::knobs::{Knob, Settings};
use crate::ops::dropout::DropoutKey;
use crate::ops::lrn::Lrn;
use crate::ops::sgd::{Sgd, UpdateNorms};
use crate::ops::softmax_cross_entropy::LossSum;
use crate::ops::{
    Context, Form, Moment, activation, conv2d, dense, dropout, lrn, max_pool2d, reorder, sgd, softmax_cross_entropy, statistics,
};
use crate::spec::{Activation, LayerSpec, ModelSpec};

/// A trained tensor with what the optimizer keeps of it. Copies share their memory.
#[derive(Clone)]
pub struct Parameter {
    /// `conv1.weight`
    pub name: String,
    pub value: Var,
    pub velocity: Tensor,
    pub gradient: Tensor,
    /// The value in BF16, where products are made in it.
    pub copy: Option<Tensor>,
}

impl Parameter {
    /// The value as products take it.
    fn factor(&self) -> &Tensor {
        self.copy.as_ref().unwrap_or(&self.value)
    }
}

/// Whether dropout is at work, and with which random numbers.
#[derive(Clone, Copy, Debug)]
pub enum Mode {
    Training { seed: u64, step: u64 },
    Testing,
}

/// Looks on between layers.
pub trait Watch {
    /// Asked before each layer; may break off.
    fn pass(&mut self, layer: &str, done: usize) -> ControlFlow<()>;

    /// Shown the gradient of the loss by the output of the layer at `place`.
    fn output_gradient(&mut self, _place: usize, _gradient: &Tensor) {}
}

impl<F: FnMut(&str, usize) -> ControlFlow<()>> Watch for F {
    fn pass(&mut self, layer: &str, done: usize) -> ControlFlow<()> {
        self(layer, done)
    }
}

/// A network ready to run batches of up to a fixed number of pictures.
pub struct Network {
    ctx: Context,
    device: Device,
    form: Form,
    nodes: Vec<Node>,
    /// Activations right after a layer with weights are applied in its pass.
    fuses: bool,
    parameters: Vec<Parameter>,
    variables: VarMap,
    capacity: usize,
    /// Two flat tensors as large as the largest layer's output (or input): the gradient goes from one to the other.
    gradients: [Tensor; 2],
    /// What each layer gave in the last forward pass, views of the buffers; the network's input first.
    values: Vec<Tensor>,
    pub times: Times,
    /// Constants of LRN and dropout as the model's file gives them; a knob that still has this value leaves each layer its own.
    given: Settings,
    /// What the device makes of a step.
    #[cfg(feature = "cuda")]
    pub(super) verdict: Option<sgd::Verdict>,
}

/// In the place of a tensor that comes later. A device gives no memory of no bytes.
fn nothing(form: Form, device: &Device) -> candle_core::Result<Tensor> {
    Tensor::zeros(1, form.numbers(), device)
}

impl Network {
    /// Builds the network of `model` on the CPU, with initial weights drawn from `seed`.
    pub fn build(model: &ModelSpec, seed: u64, capacity: usize) -> Result<Network> {
        Self::build_on(&Device::Cpu, Form::CPU, model, seed, capacity)
    }

    /// The same on `device`.
    pub fn build_on(device: &Device, form: Form, model: &ModelSpec, seed: u64, capacity: usize) -> Result<Network> {
        let mut ctx = Context::on(device).map_err(at("network"))?;
        ctx.set_form(form);
        let none = || nothing(form, device);
        let mut network = Network {
            ctx,
            device: device.clone(),
            form,
            nodes: Vec::new(),
            fuses: true,
            parameters: Vec::new(),
            variables: VarMap::new(),
            capacity: 0,
            gradients: [none()?, none()?],
            values: Vec::new(),
            times: Times::default(),
            given: model.layer_settings()?,
            #[cfg(feature = "cuda")]
            verdict: None,
        };
        // One picture's room is enough to know the layers' shapes; there is more of it once the weights have theirs.
        network.resize(model, if device.is_cpu() { capacity } else { 1 })?;
        network.draw_parameters(model, seed)?;
        #[cfg(feature = "cuda")]
        if !network.waits() {
            network.verdict = Some(sgd::Verdict::new(network.parameters.len(), device).map_err(at("update"))?);
        }
        network.resize(model, capacity)?;
        Ok(network)
    }

    /// A network with the same weights, gradients and velocities, in the same memory, that keeps what each layer gives by itself:
    /// no activation is applied in another layer's pass. It has no room for a batch yet.
    pub fn twin(&self) -> Result<Network> {
        let none = || nothing(self.form, &self.device);
        Ok(Network {
            ctx: self.ctx.alike(),
            device: self.device.clone(),
            form: self.form,
            nodes: Vec::new(),
            fuses: false,
            parameters: self.parameters.clone(),
            variables: self.variables.clone(),
            capacity: 0,
            gradients: [none()?, none()?],
            values: Vec::new(),
            times: Times::default(),
            given: self.given.clone(),
            #[cfg(feature = "cuda")]
            verdict: None,
        })
    }

    /// Makes room for batches of up to `capacity` pictures; weights stay.
    pub fn resize(&mut self, model: &ModelSpec, capacity: usize) -> Result<()> {
        if capacity == self.capacity {
            return Ok(());
        }
        // The old buffers go before the new ones come.
        self.clear();
        let made = match self.make_room(model, capacity) {
            // What was freed may lie in pieces that are too small, until the device has it back.
            Err(error) if error.is_out_of_memory() => {
                self.clear();
                self.ctx.trim();
                self.make_room(model, capacity)
            }
            made => made,
        };
        made.inspect_err(|_| self.clear()).map_err(|error| self.no_room(error, model, capacity))
    }

    fn make_room(&mut self, model: &ModelSpec, capacity: usize) -> Result<()> {
        let trace = model.trace()?;
        let mut before = Before::default();
        let room = Room { capacity, form: self.form, device: &self.device };
        let mut weighted = false;
        for (layer, trace) in model.layers.iter().zip(&trace.layers) {
            self.nodes.push(Node::build(layer, trace, before, weighted && self.fuses, room)?);
            weighted = matches!(layer.what, LayerSpec::Conv2d { .. } | LayerSpec::Dense { .. });
            before.parameters += if weighted { 2 } else { 0 };
            before.lrn += u8::from(matches!(layer.what, LayerSpec::Lrn { .. }));
            before.dropout += u64::from(matches!(layer.what, LayerSpec::Dropout { .. }));
        }
        let largest = self.nodes.iter().map(|node| node.output.iter().product::<usize>()).max().unwrap_or(0);
        for gradient in &mut self.gradients {
            *gradient = Tensor::zeros(largest * capacity, self.form.numbers(), &self.device)?;
        }
        self.capacity = capacity;
        Ok(())
    }

    /// Gives up the room for batches; weights stay.
    pub fn clear(&mut self) {
        self.nodes.clear();
        self.values.clear();
        self.capacity = 0;
        if !self.device.is_cpu()
            && let Ok(none) = nothing(self.form, &self.device)
        {
            self.gradients = [none.clone(), none];
        }
    }

    fn draw_parameters(&mut self, model: &ModelSpec, seed: u64) -> Result<()> {
        for (layer, node) in model.layers.iter().zip(&self.nodes) {
            let Some((shape, fan_in)) = node.weight_shape() else { continue };
            let (count, place) = (shape.iter().product(), self.parameters.len() as u64);
            let weights = Tensor::from_vec(init::weights(model.init, seed, place, count, fan_in), shape.clone(), &self.device)?;
            let biases = Tensor::full(layer.bias as f32, shape[0], &Device::Cpu)?.to_device(&self.device)?;
            for (kind, tensor) in [("weight", weights), ("bias", biases)] {
                let name = format!("{}.{kind}", layer.name);
                let (velocity, gradient) = (tensor.zeros_like()?, tensor.zeros_like()?);
                let value = Var::from_tensor(&tensor)?;
                if let Ok(mut variables) = self.variables.data().lock() {
                    variables.insert(name.clone(), value.clone());
                }
                self.parameters.push(Parameter { name, value, velocity, gradient, copy: None });
            }
        }
        self.renew_copies()
    }

    /// Makes the BF16 copies of weights and biases anew, or drops them where products need none. Biases are added as they are.
    pub fn renew_copies(&mut self) -> Result<()> {
        for parameter in &mut self.parameters {
            let wanted = self.form.numbers() == DType::BF16 && parameter.value.rank() > 1;
            if !wanted {
                parameter.copy = None;
                continue;
            }
            let copy = match &parameter.copy {
                Some(copy) => copy,
                None => parameter.copy.insert(Tensor::zeros(parameter.value.dims(), DType::BF16, &self.device)?),
            };
            reorder::copy(&self.ctx, &parameter.value, copy).map_err(at(&parameter.name))?;
        }
        Ok(())
    }

    /// Computes in another form from the next [`Network::resize`] on, which makes all room anew.
    pub fn take_form(&mut self, form: Form) -> Result<()> {
        if form == self.form {
            return Ok(());
        }
        self.clear();
        let before = std::mem::replace(&mut self.form, form);
        self.ctx.set_form(form);
        self.renew_copies().inspect_err(|_| {
            // Without room for the copies all is as it was, so that the next step can ask again.
            self.form = before;
            self.ctx.set_form(before);
            let _ = self.renew_copies();
        })
    }

    pub fn device(&self) -> &Device {
        &self.device
    }

    pub fn form(&self) -> Form {
        self.form
    }

    pub(super) fn context(&self) -> &Context {
        &self.ctx
    }

    /// Whether the work of a call is done when it returns.
    #[cfg(feature = "cuda")]
    pub(super) fn waits(&self) -> bool {
        self.ctx.waits()
    }

    pub(super) fn moment(&self) -> Result<Moment> {
        self.ctx.moment().map_err(at("network"))
    }

    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    pub fn parameters_mut(&mut self) -> &mut [Parameter] {
        &mut self.parameters
    }

    /// The parameters under their names, as candle's own layers find them through `VarBuilder`.
    pub fn variables(&self) -> &VarMap {
        &self.variables
    }

    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// What layer `place` was given in the last forward pass.
    pub fn input(&self, place: usize) -> Option<&Tensor> {
        self.values.get(place)
    }

    /// What layer `place` gave in the last forward pass.
    pub fn output(&self, place: usize) -> Option<&Tensor> {
        self.values.get(place + 1)
    }

    /// Runs `images` [b, c, h, w] through all layers; `watch` may break off between two.
    pub fn forward(
        &mut self,
        images: &Tensor,
        settings: &Settings,
        mode: Mode,
        watch: &mut dyn Watch,
    ) -> Result<ControlFlow<()>> {
        let batch = images.dim(0)?;
        self.values.clear();
        self.values.push(images.clone());
        self.times.begin(self.nodes.len());
        for place in 0..self.nodes.len() {
            if watch.pass(&self.nodes[place].name, place).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            let start = self.times.start(&self.ctx).map_err(at("times"))?;
            let value = self.forward_layer(place, batch, settings, mode)?;
            self.values.push(value);
            self.times.end(&self.ctx, start, place, false).map_err(at("times"))?;
        }
        Ok(ControlFlow::Continue(()))
    }

    fn forward_layer(&self, place: usize, batch: usize, settings: &Settings, mode: Mode) -> Result<Tensor> {
        let (ctx, node, x) = (&self.ctx, &self.nodes[place], &self.values[place]);
        let failed = || at(&node.name);
        let y = match &node.buffer {
            Some(buffer) => buffer.narrow(0, 0, batch)?,
            None => x.clone(),
        };
        match &node.work {
            Work::Conv2d { geometry, weight } => {
                let (w, b) = (self.parameters[*weight].factor(), &self.parameters[*weight + 1].value);
                conv2d::forward(ctx, geometry, self.fused_after(place, settings), x, w, b, &y).map_err(failed())?;
            }
            Work::Dense { geometry, weight } => {
                let (w, b) = (self.parameters[*weight].factor(), &self.parameters[*weight + 1].value);
                dense::forward(ctx, geometry, self.fused_after(place, settings), x, w, b, &y).map_err(failed())?;
            }
            Work::Activation { fused: true, .. } => {}
            Work::Activation { own, .. } => {
                reorder::copy(ctx, x, &y).map_err(failed())?;
                activation::forward(ctx, self.function(*own, settings), &y).map_err(failed())?;
            }
            Work::MaxPool2d { geometry, argmax } => {
                max_pool2d::forward(ctx, geometry, x, &y, &argmax.narrow(0, 0, batch)?).map_err(failed())?;
            }
            Work::Lrn { own, index, denominator } => {
                if !settings.lrn_is_on(*index) {
                    return Ok(x.clone());
                }
                let lrn = self.constants(own, settings);
                lrn::forward(ctx, &lrn, x, &y, &denominator.narrow(0, 0, batch)?).map_err(failed())?;
            }
            Work::Dropout { own, index, mask } => {
                let (p, Mode::Training { seed, step }) = (self.dropout(*own, settings), mode) else { return Ok(x.clone()) };
                let key = DropoutKey { seed, layer: *index, step };
                dropout::forward(ctx, p, key, x, &y, &mask.narrow(0, 0, batch)?).map_err(failed())?;
            }
            Work::Flatten if node.buffer.is_none() => return Ok(x.reshape((batch, node.output[0]))?),
            Work::Flatten => {
                let planes = y.reshape(x.dims())?;
                reorder::copy(ctx, x, &planes).map_err(failed())?;
            }
        }
        Ok(y)
    }

    /// The gradient by the logits, and the loss where it is waited for.
    fn backward_loss(&self, logits: &Tensor, labels: &[u8], dlogits: &Tensor) -> Result<()> {
        #[cfg(feature = "cuda")]
        if let Some(verdict) = &self.verdict {
            return self.backward_loss_into(verdict, logits, labels, dlogits);
        }
        softmax_cross_entropy::backward(&self.ctx, logits, labels, dlogits).map(drop).map_err(at("loss"))
    }

    /// Loss and right answers of the last forward pass.
    pub fn loss(&self, labels: &[u8]) -> Result<LossSum> {
        let Some(logits) = self.values.last() else { return Ok(LossSum::default()) };
        softmax_cross_entropy::forward(&self.ctx, logits, labels, None).map_err(at("loss"))
    }

    /// What the last forward pass says of each picture: a probability for each class.
    pub fn probabilities(&self) -> Result<Vec<Vec<f32>>> {
        let Some(logits) = self.values.last() else { return Ok(Vec::new()) };
        let on_host = reorder::read(&self.ctx, logits).map_err(at("probabilities"))?;
        Ok(softmax(&Tensor::from_vec(on_host, logits.dims(), &Device::Cpu)?, 1)?.to_vec2()?)
    }

    /// The gradients of the mean loss by all parameters, after a forward pass in training; weights stay as they are.
    pub fn backward(&mut self, labels: &[u8], settings: &Settings, watch: &mut dyn Watch) -> Result<ControlFlow<()>> {
        let (batch, layers) = (labels.len(), self.nodes.len());
        let mut current = 0;
        let logits = &self.values[layers];
        self.backward_loss(logits, labels, &self.gradient(current, logits.dims())?)?;
        // Below the first layer with weights nothing is learned: the picture's gradient is never made.
        let first = self.nodes.iter().position(|node| node.weight_shape().is_some()).unwrap_or(layers);
        for place in (first..layers).rev() {
            if watch.pass(&self.nodes[place].name, layers - 1 - place).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            watch.output_gradient(place, &self.gradient(current, self.values[place + 1].dims())?);
            let start = self.times.start(&self.ctx).map_err(at("times"))?;
            if self.backward_layer(place, batch, settings, current, place > first)? {
                current = 1 - current;
            }
            self.times.end(&self.ctx, start, place, true).map_err(at("times"))?;
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Turns the gradient by the layer's output (in `gradients[current]`) into that by its input. True: it is in the other
    /// tensor now; false: it was changed in place.
    fn backward_layer(&self, place: usize, batch: usize, settings: &Settings, current: usize, onwards: bool) -> Result<bool> {
        let (ctx, node, x, y) = (&self.ctx, &self.nodes[place], &self.values[place], &self.values[place + 1]);
        let failed = || at(&node.name);
        let dy = self.gradient(current, y.dims())?;
        let dx = self.gradient(1 - current, x.dims());
        match &node.work {
            Work::Conv2d { geometry, weight } => {
                let (w, b) = (&self.parameters[*weight], &self.parameters[*weight + 1]);
                let dx = if onwards { Some(dx?) } else { None };
                let act = self.fused_after(place, settings);
                conv2d::backward(ctx, geometry, act, x, w.factor(), y, &dy, dx.as_ref(), &w.gradient, &b.gradient)
                    .map_err(failed())?;
            }
            Work::Dense { geometry, weight } => {
                let (w, b) = (&self.parameters[*weight], &self.parameters[*weight + 1]);
                let dx = if onwards { Some(dx?) } else { None };
                let act = self.fused_after(place, settings);
                dense::backward(ctx, geometry, act, x, w.factor(), y, &dy, dx.as_ref(), &w.gradient, &b.gradient)
                    .map_err(failed())?;
            }
            Work::Activation { fused: true, .. } => return Ok(false),
            Work::Flatten if node.buffer.is_none() => return Ok(false),
            Work::Flatten => {
                let planes = dy.reshape(x.dims())?;
                reorder::copy(ctx, &planes, &dx?).map_err(failed())?;
            }
            Work::Activation { own, .. } => {
                activation::backward(ctx, self.function(*own, settings), y, &dy).map_err(failed())?;
                return Ok(false);
            }
            Work::MaxPool2d { geometry, argmax } => {
                max_pool2d::backward(ctx, geometry, &argmax.narrow(0, 0, batch)?, &dy, &dx?).map_err(failed())?;
            }
            Work::Lrn { own, index, denominator } => {
                if !settings.lrn_is_on(*index) {
                    return Ok(false);
                }
                let lrn = self.constants(own, settings);
                lrn::backward(ctx, &lrn, x, y, &denominator.narrow(0, 0, batch)?, &dy, &dx?).map_err(failed())?;
            }
            Work::Dropout { own, mask, .. } => {
                let p = self.dropout(*own, settings);
                dropout::backward(ctx, p, &mask.narrow(0, 0, batch)?, &dy, &dx?).map_err(failed())?;
            }
        }
        Ok(true)
    }

    /// A view of one of the two gradient tensors.
    fn gradient(&self, which: usize, shape: &[usize]) -> Result<Tensor> {
        self.form.view(&self.gradients[which], shape).map_err(at("gradient"))
    }

    /// The activation that the layer after `place` wants applied in the same pass.
    fn fused_after(&self, place: usize, settings: &Settings) -> Option<Activation> {
        match self.nodes.get(place + 1)?.work {
            Work::Activation { own, fused: true } => Some(self.function(own, settings)),
            _ => None,
        }
    }

    fn function(&self, own: Activation, settings: &Settings) -> Activation {
        let knob = self.steered(Knob::Activation, settings);
        knob.and_then(|value| Activation::ALL.get(value as usize).copied()).unwrap_or(own)
    }

    fn dropout(&self, own: f64, settings: &Settings) -> f64 {
        self.steered(Knob::Dropout, settings).unwrap_or(own)
    }

    /// What an LRN layer works with.
    pub(super) fn constants(&self, own: &Lrn, settings: &Settings) -> Lrn {
        Lrn {
            n: self.steered(Knob::LrnN, settings).map_or(own.n, |n| n as usize),
            k: self.steered(Knob::LrnK, settings).unwrap_or(own.k),
            alpha: self.steered(Knob::LrnAlpha, settings).unwrap_or(own.alpha),
            beta: self.steered(Knob::LrnBeta, settings).unwrap_or(own.beta),
        }
    }

    /// A knob's value where a person moved it away from what the model's file gives.
    fn steered(&self, knob: Knob, settings: &Settings) -> Option<f64> {
        let value = settings.get(knob);
        (value != self.given.get(knob)).then_some(value)
    }

    /// Sum of squares of each parameter's gradient; one that is not finite shows as a sum that is not.
    pub fn gradient_squares(&self) -> Result<Vec<f64>> {
        let squares = |parameter: &Parameter| statistics::square_sum(&self.ctx, &parameter.gradient).map_err(at(&parameter.name));
        self.parameters.iter().map(squares).collect()
    }

    /// The first layer whose output in the last forward pass is not finite.
    pub fn first_bad_output(&self) -> Result<Option<&str>> {
        for (node, value) in self.nodes.iter().zip(self.values.iter().skip(1)) {
            if !statistics::all_finite(&self.ctx, value).map_err(at(&node.name))? {
                return Ok(Some(&node.name));
            }
        }
        Ok(None)
    }

    /// Mean and deviation of a layer's output, and for activations the share of dead units.
    pub fn output_statistics(&self, place: usize) -> Result<Option<(f64, f64, Option<f64>)>> {
        let (Some(node), Some(value)) = (self.nodes.get(place), self.output(place)) else { return Ok(None) };
        let (sum, squares) = statistics::sum_and_squares(&self.ctx, value).map_err(at(&node.name))?;
        let count = value.elem_count() as f64;
        let mean = sum / count;
        Ok(Some((mean, (squares / count - mean * mean).max(0.0).sqrt(), self.dead_share(place)?)))
    }

    /// Share of the units of an activation that are silent for the whole batch.
    pub fn dead_share(&self, place: usize) -> Result<Option<f64>> {
        let (Some(node), Some(value)) = (self.nodes.get(place), self.output(place)) else { return Ok(None) };
        match node.work {
            Work::Activation { .. } => Ok(Some(statistics::dead_share(&self.ctx, value).map_err(at(&node.name))?)),
            _ => Ok(None),
        }
    }

    /// Moves all parameters along their gradients; `norms`: also sum the squares of weights and updates.
    pub fn update(&mut self, settings: &Settings, learning_rate: f64, norms: bool) -> Result<Vec<UpdateNorms>> {
        let sgd = Sgd {
            learning_rate,
            momentum: settings.get(Knob::Momentum),
            weight_decay: settings.get(Knob::WeightDecay),
            nesterov: settings.is_on(Knob::Nesterov),
        };
        let update = |parameter: &Parameter| {
            sgd::update(&self.ctx, &sgd, &parameter.value, &parameter.velocity, &parameter.gradient, norms)
                .map_err(at(&parameter.name))
        };
        self.parameters.iter().map(update).collect::<Result<Vec<_>>>()
    }
}
