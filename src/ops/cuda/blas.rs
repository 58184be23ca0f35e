//! Matrix products through cuBLAS.

use std::ffi::{c_int, c_void};

use candle_core::DType;
use candle_core::cuda_backend::cudarc::cublas::{result, sys};

use super::Gpu;
use crate::ops::Result;
use crate::ops::form::Precision;

/// result[m × n] = left · right, by columns as cuBLAS counts: a matrix in rows is its transpose in columns.
#[derive(Clone, Copy, Debug)]
pub struct Product {
    pub m: usize,
    pub n: usize,
    /// Of the sum.
    pub k: usize,
    pub left: Factor,
    pub right: Factor,
    /// Numbers of the factors.
    pub numbers: DType,
    /// Numbers of the result.
    pub result: DType,
    pub precision: Precision,
}

/// A matrix on the device.
#[derive(Clone, Copy, Debug)]
pub struct Factor {
    pub address: u64,
    /// From one column to the next.
    pub column_by: usize,
    pub transposed: bool,
}

fn numbers_of(dtype: DType) -> sys::cudaDataType {
    match dtype {
        DType::BF16 => sys::cudaDataType::CUDA_R_16BF,
        _ => sys::cudaDataType::CUDA_R_32F,
    }
}

impl Product {
    /// Overwrites the result at `target`, whose columns follow each other.
    ///
    /// # Safety
    ///
    /// The matrices are on the device and as large as is said here.
    pub unsafe fn write(&self, gpu: &Gpu, target: u64) -> Result<()> {
        let (one, zero) = (1f32, 0f32);
        let turned = |factor: Factor| match factor.transposed {
            true => sys::cublasOperation_t::CUBLAS_OP_T,
            false => sys::cublasOperation_t::CUBLAS_OP_N,
        };
        let arithmetic = match self.precision {
            // BF16 factors are exact in F32.
            Precision::F32 | Precision::Bf16 => sys::cublasComputeType_t::CUBLAS_COMPUTE_32F,
            Precision::Tf32 => sys::cublasComputeType_t::CUBLAS_COMPUTE_32F_FAST_TF32,
        };
        let numbers = numbers_of(self.numbers);
        // SAFETY: the caller vouches for the matrices; the two scalars outlive the call.
        unsafe {
            result::gemm_ex(
                *gpu.blas().handle(),
                turned(self.left),
                turned(self.right),
                self.m as c_int,
                self.n as c_int,
                self.k as c_int,
                (&raw const one).cast(),
                self.left.address as *const c_void,
                numbers,
                self.left.column_by as c_int,
                self.right.address as *const c_void,
                numbers,
                self.right.column_by as c_int,
                (&raw const zero).cast(),
                target as *mut c_void,
                numbers_of(self.result),
                self.m as c_int,
                arithmetic,
                sys::cublasGemmAlgo_t::CUBLAS_GEMM_DEFAULT,
            )?;
        }
        Ok(())
    }
}
