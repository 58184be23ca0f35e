//! Convolution through cuDNN: forward, and backward by input and by weights.

use std::collections::HashMap;
use std::ffi::{c_int, c_void};
use std::sync::{Arc, PoisonError};

use candle_core::DType;
use candle_core::cuda_backend::cudarc::cudnn::{CudnnError, result, sys};
use candle_core::cuda_backend::cudarc::driver::CudaStream;

use super::answer::{Found, MUCH_SCRATCH, found};
use super::{Failure, Gpu, Order};
use crate::ops::form::{Form, Precision};
use crate::ops::{Error, Result};

static ONE: f32 = 1.0;
static ZERO: f32 = 0.0;
/// Algorithms that cuDNN is asked to name for a shape, at most.
const NAMED: usize = 32;

/// A handle on the device's stream, and the algorithms found for each shape.
pub struct Dnn {
    handle: sys::cudnnHandle_t,
    /// Those that have failed are gone from it.
    found: HashMap<(Pass, Convolution), Vec<Found>>,
    /// Keeps the device's context while the handle lives.
    _stream: Arc<CudaStream>,
}

// SAFETY: a handle may be used from any thread, by one at a time; a `Gpu` guards it with a lock.
unsafe impl Send for Dnn {}

/// A convolution as cuDNN is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Convolution {
    /// [batch, channels, height, width]
    pub x: [usize; 4],
    /// [out, in / groups, kernel, kernel]
    pub w: [usize; 4],
    /// [batch, channels, height, width]
    pub y: [usize; 4],
    /// Rows above and below, columns left and right.
    pub pad: [usize; 2],
    pub stride: usize,
    pub groups: usize,
    /// Of x, y and w: with `ChannelsLast` the weights lie as [out, kernel, kernel, in / groups].
    pub order: Order,
    pub form: Form,
}

/// Which of the three tensors is made of the other two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pass {
    Forward,
    InputGradient,
    WeightGradient,
}

/// Addresses of x or dx, w or dw, y or dy; all hold the form's numbers.
#[derive(Clone, Copy, Debug)]
pub struct Operands {
    pub x: u64,
    pub w: u64,
    pub y: u64,
}

/// A descriptor that is destroyed with its owner.
macro_rules! descriptor {
    ($name:ident, $raw:ty, $create:path, $destroy:path) => {
        struct $name($raw);

        impl $name {
            fn create() -> Result<Self> {
                Ok(Self($create()?))
            }
        }

        impl Drop for $name {
            fn drop(&mut self) {
                // SAFETY: made by `create`, destroyed once. Nothing can be done about an error.
                let _ = unsafe { $destroy(self.0) };
            }
        }
    };
}
descriptor!(TensorDescriptor, sys::cudnnTensorDescriptor_t, result::create_tensor_descriptor, result::destroy_tensor_descriptor);
descriptor!(FilterDescriptor, sys::cudnnFilterDescriptor_t, result::create_filter_descriptor, result::destroy_filter_descriptor);
descriptor!(
    ConvolutionDescriptor,
    sys::cudnnConvolutionDescriptor_t,
    result::create_convolution_descriptor,
    result::destroy_convolution_descriptor
);

/// A convolution's descriptors.
struct Descriptors {
    x: TensorDescriptor,
    w: FilterDescriptor,
    y: TensorDescriptor,
    convolution: ConvolutionDescriptor,
}

fn integers(sizes: [usize; 4]) -> [c_int; 4] {
    sizes.map(|size| size as c_int)
}

impl Convolution {
    fn descriptors(&self) -> Result<Descriptors> {
        let format = match self.order {
            Order::Planes => sys::cudnnTensorFormat_t::CUDNN_TENSOR_NCHW,
            Order::ChannelsLast => sys::cudnnTensorFormat_t::CUDNN_TENSOR_NHWC,
        };
        let numbers = match self.form.numbers() {
            DType::BF16 => sys::cudnnDataType_t::CUDNN_DATA_BFLOAT16,
            _ => sys::cudnnDataType_t::CUDNN_DATA_FLOAT,
        };
        let made = Descriptors {
            x: TensorDescriptor::create()?,
            w: FilterDescriptor::create()?,
            y: TensorDescriptor::create()?,
            convolution: ConvolutionDescriptor::create()?,
        };
        let ([rows, columns], stride) = (self.pad.map(|pad| pad as c_int), self.stride as c_int);
        // In every framework a convolution is a cross-correlation. Sums are kept in F32 whatever the factors are.
        let (mode, sums) = (sys::cudnnConvolutionMode_t::CUDNN_CROSS_CORRELATION, sys::cudnnDataType_t::CUDNN_DATA_FLOAT);
        // SAFETY: the descriptors were just made.
        unsafe {
            result::set_tensor4d_descriptor(made.x.0, format, numbers, integers(self.x))?;
            result::set_filter4d_descriptor(made.w.0, numbers, format, integers(self.w))?;
            result::set_tensor4d_descriptor(made.y.0, format, numbers, integers(self.y))?;
            result::set_convolution2d_descriptor(made.convolution.0, rows, columns, stride, stride, 1, 1, mode, sums)?;
            result::set_convolution_group_count(made.convolution.0, self.groups as i32)?;
            result::set_convolution_math_type(made.convolution.0, self.widest_math())?;
        }
        Ok(made)
    }

    /// The arithmetic that this form allows.
    fn widest_math(&self) -> sys::cudnnMathType_t {
        match self.form.precision {
            // Without it F32 factors may be rounded to TF32.
            Precision::F32 => sys::cudnnMathType_t::CUDNN_FMA_MATH,
            Precision::Tf32 => sys::cudnnMathType_t::CUDNN_DEFAULT_MATH,
            Precision::Bf16 => sys::cudnnMathType_t::CUDNN_TENSOR_OP_MATH,
        }
    }

    /// That nothing is left to try, with cuDNN's last words, and what to set instead.
    fn impossible(&self, pass: Pass, last: Error) -> Error {
        if last.is_out_of_memory() {
            return last;
        }
        let Convolution { x, w, y, order, form: Form { precision, deterministic, .. }, .. } = self;
        let (layout, other) = match order {
            Order::Planes => ("planes", "layout=channels-last"),
            Order::ChannelsLast => ("channels-last", "layout=planes"),
        };
        let instead = [(*precision != Precision::F32, "precision=f32"), (true, other), (*deterministic, "deterministic=off")];
        let instead: Vec<_> = instead.into_iter().filter_map(|(helps, setting)| helps.then_some(setting)).collect();
        let problem = format!(
            "cuDNN has no algorithm for the {pass:?} pass from {x:?} by {w:?} to {y:?} in {} and {layout} ({last}); set {}",
            format!("{precision:?}").to_lowercase(),
            instead.join(" or ")
        );
        Error::Settings { op: "conv2d", problem }
    }
}

impl Dnn {
    pub fn new(stream: &Arc<CudaStream>) -> Result<Dnn> {
        stream.context().bind_to_thread()?;
        let handle = result::create_handle()?;
        // SAFETY: a handle just made, and a stream that the new value keeps alive. cuDNN's bindings have a stream type of their own.
        unsafe { result::set_stream(handle, stream.cu_stream().cast())? };
        Ok(Dnn { handle, found: HashMap::new(), _stream: stream.clone() })
    }

    /// As in 91002 for 9.10.2.
    pub fn version() -> usize {
        result::get_version()
    }

    /// The algorithms for a shape, the one to take first: found once, then remembered.
    fn find(&mut self, gpu: &Gpu, pass: Pass, convolution: &Convolution, operands: Operands) -> Result<Vec<Found>> {
        if let Some(found) = self.found.get(&(pass, *convolution)) {
            return Ok(found.clone());
        }
        let made = convolution.descriptors()?;
        let mut found = Vec::new();
        if !convolution.form.deterministic {
            match self.timed(gpu, pass, &made, operands) {
                Ok(answers) => {
                    convolution.tell(pass, &answers);
                    found = convolution.choose(answers);
                }
                Err(error) => {
                    tracing::warn!(?pass, ?convolution, %error, "a convolution's algorithms could not be timed; cuDNN is asked to name one")
                }
            }
        }
        if found.is_empty() {
            let answers = self.named(pass, &made).map_err(|error| convolution.impossible(pass, error))?;
            convolution.tell(pass, &answers);
            found = convolution.choose(answers);
        }
        let Some(first) = found.first() else {
            let none = CudnnError(sys::cudnnStatus_t::CUDNN_STATUS_NOT_SUPPORTED);
            return Err(convolution.impossible(pass, none.into()));
        };
        tracing::info!(?pass, ?convolution, algorithm = ?first, "a convolution's algorithm");
        self.found.insert((pass, *convolution), found.clone());
        Ok(found)
    }

    /// What cuDNN's rules recommend, the best first.
    fn named(&self, pass: Pass, made: &Descriptors) -> Result<Vec<Found>> {
        let Descriptors { x, w, y, convolution } = made;
        let mut count: c_int = 0;
        let most = NAMED as c_int;
        // SAFETY: all descriptors live, the answers have room for as many as are asked for, and zeros are a valid answer.
        unsafe {
            Ok(match pass {
                Pass::Forward => {
                    let mut answers: [sys::cudnnConvolutionFwdAlgoPerf_t; NAMED] = std::mem::zeroed();
                    let room = answers.as_mut_ptr();
                    result::get_convolution_forward_algorithm(self.handle, x.0, w.0, convolution.0, y.0, most, &mut count, room)?;
                    answers.iter().take(count as usize).map(|answer| found!(answer)).collect()
                }
                Pass::InputGradient => {
                    let mut answers: [sys::cudnnConvolutionBwdDataAlgoPerf_t; NAMED] = std::mem::zeroed();
                    let room = answers.as_mut_ptr();
                    result::get_convolution_backward_data_algorithm(
                        self.handle,
                        w.0,
                        y.0,
                        convolution.0,
                        x.0,
                        most,
                        &mut count,
                        room,
                    )?;
                    answers.iter().take(count as usize).map(|answer| found!(answer)).collect()
                }
                Pass::WeightGradient => {
                    let mut answers: [sys::cudnnConvolutionBwdFilterAlgoPerf_t; NAMED] = std::mem::zeroed();
                    let room = answers.as_mut_ptr();
                    result::get_convolution_backward_filter_algorithm(
                        self.handle,
                        x.0,
                        y.0,
                        convolution.0,
                        w.0,
                        most,
                        &mut count,
                        room,
                    )?;
                    answers.iter().take(count as usize).map(|answer| found!(answer)).collect()
                }
            })
        }
    }

    /// All algorithms, run and timed, the fastest first; the result is overwritten.
    fn timed(&self, gpu: &Gpu, pass: Pass, made: &Descriptors, operands: Operands) -> Result<Vec<Found>> {
        let Descriptors { x, w, y, convolution } = made;
        let mut count: c_int = 0;
        let most = NAMED as c_int;
        let bytes = MUCH_SCRATCH.min(gpu.memory()?.0 / 4);
        let scratch = gpu.scratch(bytes)?;
        let room = scratch.address as *mut c_void;
        let [px, pw, py] = [operands.x, operands.w, operands.y].map(|address| address as *mut c_void);
        // SAFETY: as in `named`; the operands are as large as the descriptors say, and the scratch has `bytes`.
        unsafe {
            Ok(match pass {
                Pass::Forward => {
                    let mut answers: [sys::cudnnConvolutionFwdAlgoPerf_t; NAMED] = std::mem::zeroed();
                    let (c, to) = (convolution.0, answers.as_mut_ptr());
                    sys::cudnnFindConvolutionForwardAlgorithmEx(
                        self.handle,
                        x.0,
                        px,
                        w.0,
                        pw,
                        c,
                        y.0,
                        py,
                        most,
                        &mut count,
                        to,
                        room,
                        bytes,
                    )
                    .result()?;
                    answers.iter().take(count as usize).map(|answer| found!(answer)).collect()
                }
                Pass::InputGradient => {
                    let mut answers: [sys::cudnnConvolutionBwdDataAlgoPerf_t; NAMED] = std::mem::zeroed();
                    let (c, to) = (convolution.0, answers.as_mut_ptr());
                    sys::cudnnFindConvolutionBackwardDataAlgorithmEx(
                        self.handle,
                        w.0,
                        pw,
                        y.0,
                        py,
                        c,
                        x.0,
                        px,
                        most,
                        &mut count,
                        to,
                        room,
                        bytes,
                    )
                    .result()?;
                    answers.iter().take(count as usize).map(|answer| found!(answer)).collect()
                }
                Pass::WeightGradient => {
                    let mut answers: [sys::cudnnConvolutionBwdFilterAlgoPerf_t; NAMED] = std::mem::zeroed();
                    let (c, to) = (convolution.0, answers.as_mut_ptr());
                    sys::cudnnFindConvolutionBackwardFilterAlgorithmEx(
                        self.handle,
                        x.0,
                        px,
                        y.0,
                        py,
                        c,
                        w.0,
                        pw,
                        most,
                        &mut count,
                        to,
                        room,
                        bytes,
                    )
                    .result()?;
                    answers.iter().take(count as usize).map(|answer| found!(answer)).collect()
                }
            })
        }
    }

    /// Runs the best algorithm; one that fails although cuDNN named it gives way to the next, from then on.
    fn run(&mut self, gpu: &Gpu, pass: Pass, convolution: &Convolution, operands: Operands) -> Result<()> {
        let mut found = self.find(gpu, pass, convolution, operands)?;
        loop {
            match self.run_with(found[0], gpu, pass, convolution, operands) {
                Err(Error::Cuda(error @ Failure::Dnn(_))) if found.len() > 1 && !error.is_out_of_memory() => {
                    let failed = found.remove(0);
                    tracing::warn!(?pass, ?convolution, ?failed, %error, "a convolution's algorithm failed; the next one is tried");
                    self.found.insert((pass, *convolution), found.clone());
                }
                Err(Error::Cuda(error @ Failure::Dnn(_))) if !error.is_out_of_memory() => {
                    return Err(convolution.impossible(pass, Error::Cuda(error)));
                }
                ran => return ran,
            }
        }
    }

    fn run_with(&self, found: Found, gpu: &Gpu, pass: Pass, convolution: &Convolution, operands: Operands) -> Result<()> {
        let Found { algorithm, scratch: bytes, math, .. } = found;
        let Descriptors { x, w, y, convolution: c } = convolution.descriptors()?;
        let scratch = gpu.scratch(bytes)?;
        let (one, zero): (*const c_void, *const c_void) = ((&raw const ONE).cast(), (&raw const ZERO).cast());
        let room = scratch.address as *mut c_void;
        let [px, pw, py] = [operands.x, operands.w, operands.y].map(|address| address as *mut c_void);
        let handle = self.handle;
        // SAFETY: the descriptors live, the operands are as large as they say, the scratch is as large as the algorithm wants it, and each
        // algorithm's number came out of the enum that it goes back to.
        unsafe {
            if convolution.form.precision != Precision::F32 {
                result::set_convolution_math_type(c.0, math)?;
            }
            match pass {
                Pass::Forward => {
                    let algorithm = std::mem::transmute::<u32, sys::cudnnConvolutionFwdAlgo_t>(algorithm);
                    result::convolution_forward(handle, one, x.0, px, w.0, pw, c.0, algorithm, room, bytes, zero, y.0, py)?;
                }
                Pass::InputGradient => {
                    let algorithm = std::mem::transmute::<u32, sys::cudnnConvolutionBwdDataAlgo_t>(algorithm);
                    result::convolution_backward_data(handle, one, w.0, pw, y.0, py, c.0, algorithm, room, bytes, zero, x.0, px)?;
                }
                Pass::WeightGradient => {
                    let algorithm = std::mem::transmute::<u32, sys::cudnnConvolutionBwdFilterAlgo_t>(algorithm);
                    result::convolution_backward_filter(
                        handle, one, x.0, px, y.0, py, c.0, algorithm, room, bytes, zero, w.0, pw,
                    )?;
                }
            }
        }
        Ok(())
    }
}

impl Drop for Dnn {
    fn drop(&mut self) {
        // SAFETY: made by `new`, destroyed once. Nothing can be done about an error.
        let _ = unsafe { result::destroy_handle(self.handle) };
    }
}

/// Runs one pass.
///
/// # Safety
///
/// The operands are on the device and as large as `convolution` says.
pub unsafe fn convolve(gpu: &Gpu, pass: Pass, convolution: &Convolution, operands: Operands) -> Result<()> {
    let mut dnn = gpu.dnn().lock().unwrap_or_else(PoisonError::into_inner);
    dnn.run(gpu, pass, convolution, operands)
}
