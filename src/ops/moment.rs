//! When a device was where in its work.

use std::time::Instant;

use super::{Context, Result};

/// A moment in the work of a device. On the CPU that is now; a device of its own passes it when all that was launched before is done.
#[derive(Debug)]
pub enum Moment {
    Now(Instant),
    #[cfg(feature = "cuda")]
    Cuda(candle_core::cuda_backend::cudarc::driver::CudaEvent),
}

impl Moment {
    /// Milliseconds from this moment to a later one. Waits for both.
    pub fn until(&self, later: &Moment) -> Result<f64> {
        match (self, later) {
            (Moment::Now(start), Moment::Now(end)) => Ok(end.duration_since(*start).as_secs_f64() * 1e3),
            #[cfg(feature = "cuda")]
            (Moment::Cuda(start), Moment::Cuda(end)) => Ok(f64::from(start.elapsed_ms(end)?)),
            #[cfg(feature = "cuda")]
            _ => Err(super::Error::Device { op: "moment", device: "two devices at once".into() }),
        }
    }
}

impl Context {
    pub fn moment(&self) -> Result<Moment> {
        #[cfg(feature = "cuda")]
        if let Ok(gpu) = self.gpu() {
            use candle_core::cuda_backend::cudarc::driver::sys::CUevent_flags::CU_EVENT_DEFAULT;
            return Ok(Moment::Cuda(gpu.stream().record_event(Some(CU_EVENT_DEFAULT))?));
        }
        Ok(Moment::Now(Instant::now()))
    }
}
