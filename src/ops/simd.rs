//! One place where the processor is asked what it can do.
//!
//! Kernels are plain loops that the compiler vectorizes. The package is built for the oldest processor of its kind (SSE2 on x86-64),
//! so a hot loop is handed to [`widest`], which compiles it three times and runs the best that this processor has.
//! Elsewhere (ARM) the plain one is the only one.

/// Runs `kernel` compiled for the widest vectors of this processor. Whatever `kernel` calls must be `#[inline(always)]` to be compiled
/// along with it. No fused multiply-add is made of separate operations, so that the choice does not change a bit of the result.
#[inline]
pub(super) fn widest<R>(kernel: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,bmi2")]
        fn avx512<R>(kernel: impl FnOnce() -> R) -> R {
            kernel()
        }
        #[target_feature(enable = "avx2,fma,bmi2")]
        fn avx2<R>(kernel: impl FnOnce() -> R) -> R {
            kernel()
        }
        use std::is_x86_feature_detected as has;
        if has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl") && has!("bmi2") && has!("fma") {
            // SAFETY: the processor has these instructions.
            return unsafe { avx512(kernel) };
        }
        if has!("avx2") && has!("fma") && has!("bmi2") {
            // SAFETY: the processor has these instructions.
            return unsafe { avx2(kernel) };
        }
    }
    kernel()
}
