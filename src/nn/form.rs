//! Which form the settings want on a device, and pictures brought into it.

use candle_core::{DType, Device, Tensor};

use super::error::{Result, at};
use super::network::Network;
use crate::knobs::{Knob, Settings};
use crate::ops::{Form, Precision, reorder};

/// The form of a network on `device`. The CPU has but one.
pub fn form_of(device: &Device, settings: &Settings) -> Form {
    if device.is_cpu() {
        return Form::CPU;
    }
    let precision = match settings.count(Knob::Precision) {
        1 => Precision::F32,
        3 => Precision::Bf16,
        _ => Precision::Tf32,
    };
    let channels_last = match settings.count(Knob::Layout) {
        1 => false,
        2 => true,
        // Tensor cores multiply with the channels last; strict F32 is not for them.
        _ => precision != Precision::F32,
    };
    Form { precision, channels_last, deterministic: settings.is_on(Knob::Deterministic) }
}

/// Pictures [b, c, h, w] of the host as `network` takes them.
pub(super) fn into_form(images: Tensor, network: &Network) -> Result<Tensor> {
    let (form, device) = (network.form(), network.device());
    if device.is_cpu() {
        return Ok(images);
    }
    let images = images.to_device(device)?;
    if !form.channels_last && form.numbers() == DType::F32 {
        return Ok(images);
    }
    let formed = form.zeros(images.dims(), form.numbers(), device).map_err(at("input"))?;
    reorder::copy(network.context(), &images, &formed).map_err(at("input"))?;
    Ok(formed)
}
