//! Finding a device and getting it ready.

use std::sync::{Arc, OnceLock};

use candle_core::cuda_backend::cudarc::driver::{CudaContext, result, sys};
use candle_core::{CudaDevice, Device};

use super::dnn::Dnn;
use crate::ops::Result;

/// What a device is, for people.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceFigures {
    /// `NVIDIA H100 80GB HBM3`
    pub name: String,
    /// Compute capability, `9.0`.
    pub capability: String,
    /// Bytes.
    pub free: u64,
    pub total: u64,
    /// Of CUDA as the driver knows it, `13.0`.
    pub driver: String,
    /// Of cuDNN, `9.10.2`.
    pub dnn: String,
}

/// The first device's context. It is kept: where nobody holds it the driver takes it down, and needs a while to make another.
fn first() -> Result<Arc<CudaContext>> {
    static FIRST: OnceLock<Arc<CudaContext>> = OnceLock::new();
    if let Some(context) = FIRST.get() {
        context.bind_to_thread()?;
        return Ok(context.clone());
    }
    let context = CudaContext::new(0)?;
    Ok(FIRST.get_or_init(|| context).clone())
}

/// What the first device is, if there is one.
pub fn look_at_first() -> Result<DeviceFigures> {
    let context = first()?;
    let (major, minor) = context.compute_capability()?;
    let (free, total) = context.mem_get_info()?;
    let mut driver = 0;
    // SAFETY: a place for one number.
    unsafe { sys::cuDriverGetVersion(&mut driver).result()? };
    let dnn = Dnn::version();
    Ok(DeviceFigures {
        name: context.name()?,
        capability: format!("{major}.{minor}"),
        free: free as u64,
        total: total as u64,
        driver: format!("{}.{}", driver / 1000, driver % 1000 / 10),
        dnn: format!("{}.{}.{}", dnn / 10_000, dnn / 100 % 100, dnn % 100),
    })
}

/// The first device's place on the bus, `0000:1b:00.0`.
pub fn first_device_place() -> Result<String> {
    let context = first()?;
    let mut place = [0u8; 16];
    // SAFETY: a text of up to 16 bytes with its end.
    unsafe { sys::cuDeviceGetPCIBusId(place.as_mut_ptr().cast(), place.len() as i32, context.cu_device()).result()? };
    let text: Vec<u8> = place.into_iter().take_while(|&byte| byte != 0).collect();
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The first device as candle's, with a stream of its own, so that it does not matter which thread uses it.
pub fn adopt() -> Result<Device> {
    let device = CudaDevice::new_with_stream(0)?;
    // SAFETY: all work goes to this one stream, in order, so that no event has to say when a tensor was last used.
    unsafe { device.disable_event_tracking() };
    let stream = device.cuda_stream();
    let context = stream.context();
    context.bind_to_thread()?;
    if context.has_async_alloc() {
        // Otherwise the pool gives what is free back to the driver at each wait, and asks for it again in the next step.
        let mut keep = u64::MAX;
        // SAFETY: the attribute is a number of 64 bits.
        unsafe {
            let pool = result::device::get_default_mem_pool(context.cu_device())?;
            let threshold = sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
            result::mem_pool::set_attribute(pool, threshold, (&raw mut keep).cast())?;
        }
    }
    Ok(Device::Cuda(device))
}
