// What the kernels of all operations share. Only plain C++ and CUDA's own words, so that the same text can be compiled for a CPU, where
// tests/cuda/emulator runs it thread by thread.
#pragma once

// A block has this many threads in every launch.
constexpr unsigned THREADS = 256;

// BF16 as bits: the upper half of an F32. It needs no header and runs anywhere.
struct bf16 {
    unsigned short bits;
};

__device__ inline float widen(float value) { return value; }

__device__ inline float widen(bf16 value) { return __uint_as_float(static_cast<unsigned>(value.bits) << 16); }

// To the nearest, ties to even; a NaN stays one.
__device__ inline void narrow(float value, bf16 &to) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(to.bits) : "f"(value));
#else
    const unsigned bits = __float_as_uint(value);
    to.bits = value != value ? 0x7fc0 : static_cast<unsigned short>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
#endif
}

__device__ inline void narrow(float value, float &to) { to = value; }

template <typename T>
__device__ inline T to_number(float value) {
    T number;
    narrow(value, number);
    return number;
}

// Neighbours that are read and written together: 16 bytes, the most that a thread can at once.
template <typename T, int N>
struct alignas(sizeof(T) * N) Pack {
    T values[N];
};

template <typename T>
constexpr int WIDE = 16 / sizeof(T);

template <typename T, int N>
__device__ inline Pack<T, N> load(const T *from) {
    return *reinterpret_cast<const Pack<T, N> *>(from);
}

template <typename T, int N>
__device__ inline void store(T *to, const Pack<T, N> &pack) {
    *reinterpret_cast<Pack<T, N> *>(to) = pack;
}

__device__ inline unsigned thread_index() { return blockIdx.x * THREADS + threadIdx.x; }

// Sums one number of each thread of the block, always in the same order; all threads must come here, and the first gets the sum.
template <typename T>
__device__ inline T sum_of_block(T value) {
    __shared__ T sums[THREADS];
    __syncthreads();
    sums[threadIdx.x] = value;
    __syncthreads();
    for (unsigned half = THREADS / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
        __syncthreads();
    }
    return sums[0];
}

// Where element (b, c, p) of a tensor lies: planes of pixels, or the channels of a pixel together.
struct Place {
    unsigned channels, pixels, by_channel, by_pixel;
};

__device__ inline Place place_of(unsigned channels, unsigned pixels, int channels_last) {
    return channels_last ? Place{channels, pixels, 1u, channels} : Place{channels, pixels, pixels, 1u};
}

__device__ inline size_t at(const Place &place, size_t picture, unsigned channel, unsigned pixel) {
    return picture * place.channels * place.pixels + static_cast<size_t>(channel) * place.by_channel + static_cast<size_t>(pixel) * place.by_pixel;
}
