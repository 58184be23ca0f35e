//! A device with what the operations need of it: stream, compiled kernels, library handles, scratch memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::CudaDevice;
use candle_core::cuda_backend::cudarc::cublas::CudaBlas;
use candle_core::cuda_backend::cudarc::driver::{CudaFunction, CudaModule, CudaSlice, CudaStream, DevicePtr, result};

use super::dnn::Dnn;
use super::launch::Module;
use crate::ops::Result;

/// One device, from one thread at a time.
pub struct Gpu {
    device: CudaDevice,
    stream: Arc<CudaStream>,
    blas: Arc<CudaBlas>,
    dnn: Mutex<Dnn>,
    kernels: Mutex<Kernels>,
    idle: Mutex<Vec<CudaSlice<u8>>>,
}

#[derive(Default)]
struct Kernels {
    modules: HashMap<&'static str, Arc<CudaModule>>,
    functions: HashMap<String, CudaFunction>,
}

impl Gpu {
    pub fn new(device: &CudaDevice) -> Result<Gpu> {
        let stream = device.cuda_stream();
        Ok(Gpu {
            device: device.clone(),
            blas: device.cublas_handle(),
            dnn: Mutex::new(Dnn::new(&stream)?),
            stream,
            kernels: Mutex::default(),
            idle: Mutex::default(),
        })
    }

    pub fn device(&self) -> &CudaDevice {
        &self.device
    }

    pub fn stream(&self) -> &Arc<CudaStream> {
        &self.stream
    }

    pub fn blas(&self) -> &CudaBlas {
        &self.blas
    }

    pub fn dnn(&self) -> &Mutex<Dnn> {
        &self.dnn
    }

    /// Free and total bytes of the device's memory.
    pub fn memory(&self) -> Result<(usize, usize)> {
        Ok(self.stream.context().mem_get_info()?)
    }

    /// Gives scratch that nobody uses, and what the device's pool keeps of freed memory, back to the driver.
    pub fn trim(&self) -> Result<()> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        // Memory is free once the stream has come to where it was given back.
        self.stream.synchronize()?;
        let context = self.stream.context();
        if context.has_async_alloc() {
            // SAFETY: the device's own pool, which lives as long as its context.
            unsafe { result::mem_pool::trim_to(result::device::get_default_mem_pool(context.cu_device())?, 0)? };
        }
        Ok(())
    }

    /// The kernel of that name; the driver compiles its module when the first of its kernels is asked for.
    pub(super) fn function(&self, module: &Module, name: &str) -> Result<CudaFunction> {
        let mut kernels = self.kernels.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(function) = kernels.functions.get(name) {
            return Ok(function.clone());
        }
        let loaded = match kernels.modules.get(module.name) {
            Some(loaded) => loaded.clone(),
            None => {
                let loaded = self.stream.context().load_module(module.ptx.into())?;
                kernels.modules.insert(module.name, loaded.clone());
                loaded
            }
        };
        let function = loaded.load_function(name)?;
        kernels.functions.insert(name.into(), function.clone());
        Ok(function)
    }

    /// Room for so many bytes that hold whatever was left in them. It goes back when the value is dropped, and may be lent again at once:
    /// the stream runs what was launched before first.
    pub fn scratch(&self, bytes: usize) -> Result<Scratch<'_>> {
        let fitting = {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            let best = (0..idle.len()).filter(|&i| idle[i].len() >= bytes).min_by_key(|&i| idle[i].len());
            match best {
                Some(best) => Some(idle.swap_remove(best)),
                None => {
                    // The largest gives way to the larger one that is needed.
                    let largest = (0..idle.len()).max_by_key(|&i| idle[i].len());
                    drop(largest.map(|largest| idle.swap_remove(largest)));
                    None
                }
            }
        };
        let room = match fitting {
            Some(room) => room,
            // SAFETY: whoever borrows it writes before reading, as with any scratch.
            None => unsafe { self.stream.alloc::<u8>(bytes.next_multiple_of(256).max(256))? },
        };
        let address = room.device_ptr(&self.stream).0;
        Ok(Scratch { home: self, room: Some(room), address })
    }
}

/// Device memory on loan from a [`Gpu`].
pub struct Scratch<'a> {
    home: &'a Gpu,
    room: Option<CudaSlice<u8>>,
    pub address: u64,
}

impl Drop for Scratch<'_> {
    fn drop(&mut self) {
        self.home.idle.lock().unwrap_or_else(PoisonError::into_inner).extend(self.room.take());
    }
}

impl std::fmt::Debug for Gpu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Gpu").field(&self.device).finish()
    }
}
