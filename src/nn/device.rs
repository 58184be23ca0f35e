//! Which device computes: what is there, what was asked for, and what to do where it is missing.

use candle_core::Device;

use super::error::Result;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// An NVIDIA GPU if there is one.
    Auto,
    Cpu,
    Cuda,
}

/// The device that will compute. It is taken up later, by the thread that owns all tensors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// `why`: the reason, where a GPU was hoped for and this program could use one.
    Cpu { why: Option<String> },
    /// `NVIDIA H100 80GB HBM3`, and what there is to say of it.
    Cuda { name: String, about: String },
}

/// The device asked for cannot be had; what is missing, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(String);

/// Looks for a device, without taking it up.
pub fn find(wanted: Wanted) -> std::result::Result<Found, Unavailable> {
    let needed = match wanted {
        // A driver that is not asked cannot fail, or take its time.
        Wanted::Cpu => return Ok(Found::Cpu { why: None }),
        Wanted::Auto => false,
        Wanted::Cuda => true,
    };
    match look() {
        Ok(found) => Ok(found),
        Err(Missing::Feature) if needed => {
            Err(Unavailable("this program was built without CUDA; use --device cpu, or auto".into()))
        }
        Err(Missing::Feature) => Ok(Found::Cpu { why: None }),
        Err(Missing::Device(why)) if needed => Err(Unavailable(format!(
            "no GPU can be used: {why}. Check with nvidia-smi that the driver sees one and is new enough for this program's CUDA, or use \
             --device cpu, or auto"
        ))),
        Err(Missing::Device(why)) => Ok(Found::Cpu { why: Some(format!("no GPU can be used ({why}); the CPU computes")) }),
    }
}

/// Why there is none.
enum Missing {
    #[cfg_attr(feature = "cuda", allow(dead_code))]
    Feature,
    #[cfg_attr(not(feature = "cuda"), allow(dead_code))]
    Device(String),
}

#[cfg(feature = "cuda")]
fn look() -> std::result::Result<Found, Missing> {
    use super::error::gibibytes;
    use crate::ops::cuda::{DeviceFigures, look_at_first};

    let DeviceFigures { name, capability, free, total, driver, dnn } =
        look_at_first().map_err(|error| Missing::Device(error.to_string()))?;
    let about = format!(
        "{name}: {} of {} free, compute capability {capability}; driver for CUDA {driver}, cuDNN {dnn}",
        gibibytes(free),
        gibibytes(total)
    );
    Ok(Found::Cuda { name, about })
}

#[cfg(not(feature = "cuda"))]
fn look() -> std::result::Result<Found, Missing> {
    Err(Missing::Feature)
}

impl Found {
    /// Takes the device up, in the thread that will own all tensors.
    pub fn adopt(&self) -> Result<Device> {
        match self {
            Found::Cpu { .. } => Ok(Device::Cpu),
            #[cfg(feature = "cuda")]
            Found::Cuda { .. } => crate::ops::cuda::adopt().map_err(super::error::at("device")),
            #[cfg(not(feature = "cuda"))]
            Found::Cuda { .. } => Ok(Device::Cpu),
        }
    }

    pub fn is_gpu(&self) -> bool {
        matches!(self, Found::Cuda { .. })
    }

    /// What is worth saying at start.
    pub fn notice(&self) -> Option<&str> {
        match self {
            Found::Cpu { why } => why.as_deref(),
            Found::Cuda { about, .. } => Some(about),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_is_there_whenever_it_is_asked_for() {
        assert_eq!(find(Wanted::Cpu).unwrap(), Found::Cpu { why: None });
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn without_cuda_auto_is_the_cpu_and_cuda_says_what_to_do() {
        assert_eq!(find(Wanted::Auto).unwrap(), Found::Cpu { why: None });
        assert!(find(Wanted::Cuda).unwrap_err().to_string().contains("--device cpu"));
    }
}
