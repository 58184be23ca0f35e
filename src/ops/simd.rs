//! One place where the processor is asked what it can do.
//!
//! The package is built for the oldest processor of its kind (SSE2 on x86-64). What is worth more is compiled a second and a third time,
//! and [`Instructions`] says which of them runs. Elsewhere (ARM) the plain one is the only one.
//!
//! Most kernels are plain loops that the compiler vectorizes: [`Instructions::run`] compiles a closure for each kind. No fused
//! multiply-add is made of separate operations there, so that those results do not depend on the choice at all. Only the innermost loop
//! of [`super::product`] is written for each kind by hand, with fused multiply-adds where there are any.

/// Kinds of vector instructions, from the least to the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instructions {
    Plain,
    /// AVX2 and FMA.
    Avx2,
    /// AVX-512 F, BW, DQ and VL.
    Avx512,
}

impl Instructions {
    pub const ALL: [Instructions; 3] = [Instructions::Plain, Instructions::Avx2, Instructions::Avx512];

    /// The best that this processor has.
    pub fn best() -> Self {
        Self::ALL.into_iter().rfind(|kind| kind.exist()).unwrap_or(Instructions::Plain)
    }

    /// Whether this processor has them.
    pub fn exist(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        {
            use std::is_x86_feature_detected as has;
            let avx2 = || has!("avx2") && has!("fma") && has!("bmi2");
            let avx512 = || has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl");
            match self {
                Instructions::Plain => true,
                Instructions::Avx2 => avx2(),
                Instructions::Avx512 => avx2() && avx512(),
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            self == Instructions::Plain
        }
    }

    /// Runs `kernel` compiled for these instructions, which must [exist](Self::exist) here. The closure itself and whatever it calls must be
    /// `#[inline(always)]`: what stays a function of its own is not compiled along with it.
    #[inline]
    pub(super) fn run<R>(self, kernel: impl FnOnce() -> R) -> R {
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
            match self {
                // SAFETY: a `Context` holds only instructions that exist.
                Instructions::Avx512 => return unsafe { avx512(kernel) },
                // SAFETY: as above.
                Instructions::Avx2 => return unsafe { avx2(kernel) },
                Instructions::Plain => {}
            }
        }
        kernel()
    }
}

impl std::fmt::Display for Instructions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Instructions::Plain => "no vector extensions",
            Instructions::Avx2 => "AVX2",
            Instructions::Avx512 => "AVX-512",
        })
    }
}
