//! The state of the device that computes, read through NVML where the driver brings it.

use candle_core::Device;
use nvml_wrapper::Nvml;
use nvml_wrapper::enum_wrappers::device::TemperatureSensor;

use crate::ops::cuda::first_device_place;
use crate::session::DeviceGauge;

/// NVML, if it is there and knows the device.
pub(super) struct Gauge {
    nvml: Option<(Nvml, String)>,
}

impl Gauge {
    /// None but a CUDA device has anything to read.
    pub(super) fn of(device: &Device) -> Gauge {
        let place = if device.is_cuda() { first_device_place().ok() } else { None };
        Gauge { nvml: place.and_then(|place| Some((Nvml::init().ok()?, place))) }
    }

    pub(super) fn read(&self) -> Option<DeviceGauge> {
        let (nvml, place) = self.nvml.as_ref()?;
        // By its place on the bus: NVML counts devices in another order than CUDA, and does not know which of them a program may see.
        let device = nvml.device_by_pci_bus_id(place.as_str()).ok()?;
        let memory = device.memory_info().ok()?;
        Some(DeviceGauge {
            memory_used: memory.used,
            memory: memory.total,
            utilization: device.utilization_rates().ok().map(|rates| f64::from(rates.gpu) / 100.0),
            celsius: device.temperature(TemperatureSensor::Gpu).ok().map(f64::from),
            watts: device.power_usage().ok().map(|milliwatts| f64::from(milliwatts) / 1e3),
        })
    }
}
